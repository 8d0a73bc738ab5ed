// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zaver/cardreader/agent/nativemsg/extension"
)

// Bounds on what is read of browsers, in bytes and files.
const (
	maxManifest    = 64 << 10
	maxPreferences = 32 << 20
	maxProfiles    = 32
)

// place says where one browser is found.
type place struct {
	programs []string // below the root
	sandbox  map[string][]string
	profiles []string // folders below the home folder (see extension.HomeFolder)
	policies []string // folders with *.json below the root
}

var places = map[extension.Browser]place{
	extension.Chromium: {programs: []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/lib/chromium/chromium"},
		sandbox:  map[string][]string{"snap": {"/snap/bin/chromium", "/snap/chromium"}, "flatpak": {"/var/lib/flatpak/app/org.chromium.Chromium"}},
		profiles: []string{".config/chromium"}, policies: []string{"/etc/chromium/policies/managed"}},
	extension.Chrome: {programs: []string{"/usr/bin/google-chrome", "/usr/bin/google-chrome-stable", "/opt/google/chrome/chrome"},
		sandbox:  map[string][]string{"flatpak": {"/var/lib/flatpak/app/com.google.Chrome"}},
		profiles: []string{".config/google-chrome"}, policies: []string{"/etc/opt/chrome/policies/managed"}},
	extension.Yandex: {programs: []string{"/usr/bin/yandex-browser", "/usr/bin/yandex-browser-stable", "/opt/yandex/browser/yandex_browser"},
		sandbox:  map[string][]string{"flatpak": {"/var/lib/flatpak/app/ru.yandex.Browser"}},
		profiles: []string{".config/yandex-browser"}, policies: []string{"/etc/opt/yandex/browser/policies/managed", "/etc/opt/yandex-browser/policies/managed"}},
	extension.Firefox: {programs: []string{"/usr/bin/firefox", "/usr/bin/firefox-esr", "/usr/lib/firefox/firefox", "/usr/lib/firefox-esr/firefox-esr"},
		sandbox: map[string][]string{"snap": {"/snap/bin/firefox", "/snap/firefox"}, "flatpak": {"/var/lib/flatpak/app/org.mozilla.firefox"}},
		// Firefox 147 and later make new profiles in the second place; manifests stay in ~/.mozilla.
		profiles: []string{".mozilla/firefox", ".config/mozilla/firefox"}, policies: []string{"/etc/firefox/policies", "/usr/lib/firefox/distribution", "/usr/lib/firefox-esr/distribution"}},
}

// browser is one browser that was found.
type browser struct {
	kind    extension.Browser
	sandbox string // "snap", "flatpak" or ""
	native  bool   // the native road is open
	rules   policy
}

func (b browser) word() value { return fixed("browser", b.kind.Name()) }

// browsers looks at each browser's way to the agent: first the native one, then the loopback door.
func (u *checkup) browsers(ctx context.Context) {
	door := u.knock(ctx)
	found := u.findBrowsers()
	u.count(func(e *Equipment) { e.Browsers = len(found) })
	for i := range found {
		found[i].rules = u.policies(found[i].kind)
		u.native(&found[i], door.running || u.cfg.Native)
	}
	if len(found) == 0 {
		u.add(Skipped, CodeBrowserNone, "")
	}
	u.well(AreaBrowser, "")
	u.door(found, door)
}

func (u *checkup) findBrowsers() []browser {
	var out []browser
	for _, kind := range extension.Browsers() {
		p := places[kind]
		plain := u.installed(p.programs)
		boxed := ""
		for _, box := range []string{"snap", "flatpak"} {
			if u.installed(p.sandbox[box]) || u.ownFlatpak(p.sandbox[box]) {
				boxed = box
			}
		}
		if plain {
			out = append(out, browser{kind: kind})
		}
		if boxed != "" {
			out = append(out, browser{kind: kind, sandbox: boxed})
		}
	}
	return out
}

// ownFlatpak reports whether this person has installed for themselves what everybody may have at one of these places.
func (u *checkup) ownFlatpak(paths []string) bool {
	return u.cfg.Home != "" && slices.ContainsFunc(paths, func(path string) bool {
		rest, ok := strings.CutPrefix(path, "/var/lib/")
		_, err := os.Stat(filepath.Join(u.cfg.Home, ".local/share", rest))
		return ok && err == nil
	})
}

// native checks manifest, policy and extension of one browser, the cause first; door says that the page has the other way.
func (u *checkup) native(b *browser, door bool) {
	if b.sandbox != "" {
		u.add(Warning, CodeBrowserSandbox, "", b.word(), fixed("kind", b.sandbox))
		return
	}
	missing := Fault
	if door {
		missing = Warning
	}
	code, detail := u.manifest(b.kind)
	if code == CodeManifestMissing {
		u.add(missing, code, detail, b.word())
		return
	}
	if code != "" {
		u.add(Fault, code, detail, b.word())
		return
	}
	if b.rules.forbidsExtension {
		u.add(missing, CodeBrowserPolicy, b.rules.file, b.word())
		return
	}
	switch u.extension(b.kind) {
	case extensionAbsent:
		u.add(missing, CodeExtensionMissing, "", b.word())
	case extensionOff:
		u.add(missing, CodeExtensionOff, "", b.word())
	default:
		b.native = true
	}
}

// manifest looks at the first manifest that the browser would take; an empty code means that it is right.
func (u *checkup) manifest(kind extension.Browser) (code, detail string) {
	paths := []string{extension.UserManifestIn(kind, u.cfg.Home, u.cfg.Env("XDG_CONFIG_HOME"))}
	for _, p := range extension.SystemManifests(kind) {
		paths = append(paths, filepath.Join(u.cfg.Root, p))
	}
	for _, path := range paths {
		b, err := readFile(path, maxManifest)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return CodeManifestMalformed, path + ": " + err.Error()
		}
		code, detail := u.judgeManifest(kind, b)
		return code, path + detail
	}
	return CodeManifestMissing, paths[len(paths)-1]
}

func (u *checkup) judgeManifest(kind extension.Browser, b []byte) (code, detail string) {
	var m struct {
		Name       string   `json:"name"`
		Path       string   `json:"path"`
		Type       string   `json:"type"`
		Origins    []string `json:"allowed_origins"`
		Extensions []string `json:"allowed_extensions"`
	}
	switch err := json.Unmarshal(b, &m); {
	case err != nil:
		return CodeManifestMalformed, ": " + err.Error()
	case m.Name != extension.HostName || m.Type != "stdio" || !filepath.IsAbs(m.Path):
		return CodeManifestMalformed, ": name, type or path"
	}
	if code, detail := u.leadsHere(m.Path); code != "" {
		return code, ": " + detail
	}
	admitted := slices.Contains(m.Origins, "chrome-extension://"+extension.ChromiumID+"/")
	if kind.Gecko() {
		admitted = slices.Contains(m.Extensions, extension.GeckoID)
	}
	if !admitted {
		return CodeManifestExtension, ": " + strings.Join(append(m.Origins, m.Extensions...), " ")
	}
	return "", ""
}

// leadsHere follows a manifest's path to this program: directly, or through a launcher, which is a small script.
func (u *checkup) leadsHere(path string) (code, detail string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return CodeManifestProgram, path
	}
	if sameFile(path, u.cfg.Program) {
		return "", ""
	}
	script, err := readFile(path, maxManifest)
	if err != nil || !strings.HasPrefix(string(script), "#!") {
		return CodeManifestOther, path
	}
	_, after, ok := strings.Cut(string(script), "\nexec '")
	program, rest, ok2 := strings.Cut(after, "' native-host")
	_ = rest
	if !ok || !ok2 {
		return CodeManifestOther, path
	}
	program = strings.ReplaceAll(program, `'\''`, "'")
	if _, err := os.Stat(program); err != nil {
		return CodeManifestProgram, program
	}
	if !sameFile(program, u.cfg.Program) && filepath.Base(program) != filepath.Base(u.cfg.Program) {
		return CodeManifestOther, program
	}
	return "", ""
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// readFile reads an ordinary file that is not longer than limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("not an ordinary file")
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errors.New("too long")
	}
	return b, err
}
