// SPDX-License-Identifier: Apache-2.0

// Package extension alone owns the browser extension that leads to the
// native-messaging door: its sources, its identity in each browser, the folder
// that a browser loads, and the manifest by which a browser finds the program.
//
// The extension has no permission but native messaging, runs on the pages of
// the given portals only and loads no code from anywhere. The same portals give
// the same bytes. Nothing here keeps state.
package extension

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zaver/cardreader/agent"
)

// Version is the extension's own version.
const Version = "1.0.0"

// publicKey is the public half of the key that fixes the extension's id in Chromium and its relatives (base64 of
// SubjectPublicKeyInfo). Its private half was never kept: a folder that is loaded unpacked and a store build need none.
const publicKey = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlJ0A5myYz2Zi68pNPZtZnI6ezG7SIyvgEQuILtANkbc96dE2AYCt95hJlm2XXfq6WIH6t+v5jRXCfoA/" +
	"ohpgRHulWRE8lqQHH5dvM8M+wj5YsnL496l01ZPRBKo57wGZJnZ4TEh3gQa1e0QyddB7cHdZei5DKwBRiilU8zlVbb3yDDt4pe0RhqIxdYMkp0NbA8+E/UipU+TW72SenQRLoFhTc3vDh90XbCsK0Ne25NH/" +
	"ilZJkVFpZI22o+RV1+Gzyhp12+QZ+E+BEjt2Wiwb4k5Xsko81sKQ25JE/dkdNuLX5Ken4/Cp3tdSt3DJaEbzfl2WaDRFvBkGYt0hMdIZ5wIDAQAB"

// Who the extension is. Chromium derives the id from the key; a test checks that.
const (
	ChromiumID = "lkhhhejdfbkjbnmohlahghgnkekdngdc"
	GeckoID    = "agent@zaver.ru"
)

// IDs returns the ids by which browsers name the extension to the program.
func IDs() []string { return []string{ChromiumID, GeckoID} }

//go:embed all:files
var sources embed.FS

// Files returns the extension's files for a browser and the portals with these origins, by slash-separated path.
// An origin that no agent would accept is an error.
func Files(b Browser, origins []string) (map[string][]byte, error) {
	if !b.Known() {
		return nil, fmt.Errorf("unknown browser %q", b)
	}
	if len(origins) == 0 {
		return nil, errors.New("an extension without portals has no use")
	}
	origins = slices.Clone(origins)
	slices.Sort(origins)
	origins = slices.Compact(origins)
	for _, o := range origins {
		if err := agent.CheckOrigin(o); err != nil {
			return nil, fmt.Errorf("portal: %w", err)
		}
	}
	out := map[string][]byte{}
	err := fs.WalkDir(sources, "files", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[strings.TrimPrefix(name, "files/")], err = sources.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read sources: %w", err)
	}
	if out["manifest.json"], err = manifest(b, origins); err != nil {
		return nil, err
	}
	list, err := json.Marshal(origins)
	if err != nil {
		return nil, fmt.Errorf("write portals: %w", err)
	}
	const head = "// SPDX-License-Identifier: Apache-2.0\n//\n// The only web origins that this extension serves.\n\n"
	out["portals.js"] = fmt.Appendf(nil, head+"export const origins = %s\n", list)  // the background's, a module
	out["sites.js"] = fmt.Appendf(nil, head+"globalThis.zaverOrigins = %s\n", list) // the pages', which runs before content.js
	return out, nil
}

// manifest is the extension's manifest, version 3. Its one template serves both families of browsers.
func manifest(b Browser, origins []string) ([]byte, error) {
	matches := make([]string, 0, len(origins))
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil {
			return nil, fmt.Errorf("portal: %w", err)
		}
		host := u.Host
		if b.Gecko() {
			// Firefox takes no port in a pattern; sites.js and portals.js have the exact origins, and both scripts check them.
			host = strings.TrimSuffix(host, ":"+u.Port())
		}
		matches = append(matches, u.Scheme+"://"+host+"/*")
	}
	slices.Sort(matches)
	m := map[string]any{
		"manifest_version": 3,
		"name":             "__MSG_name__",
		"description":      "__MSG_description__",
		"version":          Version,
		"default_locale":   "ru",
		"icons":            map[string]string{"16": "icon16.png", "48": "icon48.png", "128": "icon128.png"},
		"permissions":      []string{"nativeMessaging"},
		"content_scripts": []any{map[string]any{
			"matches": slices.Compact(matches), "js": []string{"sites.js", "content.js"}, "run_at": "document_start", "all_frames": false,
		}},
	}
	if b.Gecko() {
		m["background"] = map[string]any{"scripts": []string{"background.js"}, "type": "module"}
		m["browser_specific_settings"] = map[string]any{"gecko": map[string]any{"id": GeckoID, "strict_min_version": "128.0",
			"data_collection_permissions": map[string]any{"required": []string{"none"}}}}
	} else {
		m["background"] = map[string]any{"service_worker": "background.js", "type": "module"}
		m["key"] = publicKey
		m["minimum_chrome_version"] = "116"
	}
	return encode(m)
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return out.Bytes(), nil
}

// Write writes the folder that a browser loads; files that are there already are replaced. It makes the folder.
func Write(dir string, b Browser, origins []string) error {
	files, err := Files(b, origins)
	if err != nil {
		return fmt.Errorf("write extension: %w", err)
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write extension: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("write extension: %w", err)
		}
	}
	return nil
}
