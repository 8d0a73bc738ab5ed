// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// content is one entry of nfpm's configuration.
type content struct {
	Source   string    `json:"src,omitempty"`
	Place    string    `json:"dst"`
	Type     string    `json:"type,omitempty"`
	FileInfo *fileInfo `json:"file_info,omitempty"`
}

type fileInfo struct {
	Mode  fs.FileMode `json:"mode"`
	Owner string      `json:"owner"`
	Group string      `json:"group"`
	MTime time.Time   `json:"mtime"`
}

// packages has nfpm make a deb and an rpm of the tree. What is installed are files, and removing them removes all; the one maintainer script takes
// away what was seen of updates.
func (b *build) packages(ctx context.Context) ([]string, error) {
	contents, err := b.contents()
	if err != nil {
		return nil, err
	}
	script, err := files.ReadFile("files/postremove.sh")
	if err != nil {
		return nil, err
	}
	scriptFile := filepath.Join(b.work, "postremove.sh")
	if err := os.WriteFile(scriptFile, script, 0o755); err != nil {
		return nil, err
	}
	config, err := json.Marshal(b.nfpmConfig(contents, scriptFile)) // JSON is YAML
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.work, "nfpm.yaml")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return nil, err
	}
	var made []string
	for _, p := range []struct{ packager, name string }{
		{"deb", fmt.Sprintf("zaver-agent_%s-1_amd64.deb", b.Version)},
		{"rpm", fmt.Sprintf("zaver-agent-%s-1.x86_64.rpm", b.Version)},
	} {
		target := filepath.Join(b.Out, p.name)
		argv := append(append([]string{}, b.Nfpm...), "package", "--config", file, "--packager", p.packager, "--target", target)
		env := []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(b.Moment.Unix(), 10)}
		if err := b.run(ctx, b.Source, env, argv...); err != nil {
			return nil, err
		}
		made = append(made, target)
	}
	return made, nil
}

// nfpmConfig is nfpm's description of the package, but for its files.
func (b *build) nfpmConfig(contents []content, postremove string) map[string]any {
	return map[string]any{
		"name": "zaver-agent", "arch": "amd64", "platform": "linux", "version": b.Version, "release": "1", "version_schema": "none",
		"section": "utils", "priority": "optional", "maintainer": "zaver <agent@zaver.example>", "license": "Apache-2.0",
		"homepage": "https://zaver.example",
		"description": "signs confirmations on a state-services portal\n" +
			"The agent shows what a portal asks to be signed, asks the PIN, and has\n" +
			"the token or card in the reader sign exactly that. It answers the pages\n" +
			"of the configured portals only.",
		"mtime": b.Moment.UTC(), "disable_globbing": true, // Firefox's folder has braces in its name
		"contents": contents, "scripts": map[string]string{"postremove": postremove},
		"overrides": map[string]any{
			"deb": map[string]any{
				"depends":    []string{"libc6 (>= 2.34)", "libgtk-3-0 (>= 3.24) | libgtk-3-0t64", "libpcsclite1 (>= 1.9)", "pinentry-gnome3 | pinentry-gtk2 | pinentry-qt | pinentry"},
				"recommends": []string{"pcscd"},
				"suggests":   []string{"opensc-pkcs11", "p11-kit"},
			},
			"rpm": map[string]any{
				"depends":    []string{"gtk3 >= 3.24", "pcsc-lite-libs", "pinentry"},
				"recommends": []string{"pcsc-lite"},
				"suggests":   []string{"opensc", "p11-kit"},
			},
		},
		"rpm": map[string]any{"summary": "Signs confirmations on a state-services portal", "group": "Applications/Internet", "buildhost": "localhost"},
		"deb": map[string]any{"compression": "xz"},
	}
}

// contents lists the tree, sorted, as root's files. Configuration is the administrator's: an upgrade keeps it.
func (b *build) contents() ([]content, error) {
	var out []content
	err := filepath.WalkDir(b.tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == b.tree {
			return err
		}
		place, err := filepath.Rel(b.tree, path)
		if err != nil {
			return err
		}
		place = "/" + place
		info := &fileInfo{Mode: 0o644, Owner: "root", Group: "root", MTime: b.Moment.UTC()}
		switch {
		case d.IsDir():
			if !owned(place) {
				return nil
			}
			info.Mode = 0o755
			out = append(out, content{Place: place, Type: "dir", FileInfo: info})
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			out = append(out, content{Source: to, Place: place, Type: "symlink", FileInfo: info})
			return nil
		}
		stat, err := d.Info()
		if err != nil {
			return err
		}
		info.Mode = stat.Mode().Perm()
		c := content{Source: path, Place: place, FileInfo: info}
		if isConfig(place) {
			c.Type = "config|noreplace"
		}
		out = append(out, c)
		return nil
	})
	return out, err
}
