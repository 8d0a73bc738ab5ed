// SPDX-License-Identifier: Apache-2.0

package extension

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var portals = []string{"https://portal.example", "http://127.0.0.1:8080", "https://gos.example:8443", "https://portal.example"}

// The id follows from the key, as Chromium derives it: the first 16 bytes of SHA-256 in letters a to p.
func TestChromiumID(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum, id := sha256.Sum256(der), ""
	for _, b := range sum[:16] {
		id += string(rune('a'+b>>4)) + string(rune('a'+b&15))
	}
	if id != ChromiumID {
		t.Errorf("the key gives %s", id)
	}
}

type manifestFields struct {
	Version     int      `json:"manifest_version"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Hosts       []string `json:"host_permissions"`
	Optional    []string `json:"optional_permissions"`
	Connectable any      `json:"externally_connectable"`
	Resources   any      `json:"web_accessible_resources"`
	CSP         any      `json:"content_security_policy"`
	Key         string   `json:"key"`
	Background  map[string]any
	Scripts     []struct {
		Matches   []string
		JS        []string
		RunAt     string `json:"run_at"`
		AllFrames bool   `json:"all_frames"`
		Blank     bool   `json:"match_about_blank"`
		World     string
	} `json:"content_scripts"`
	Settings struct {
		Gecko struct{ ID string }
	} `json:"browser_specific_settings"`
	Icons map[string]string
}

func read(t *testing.T, b Browser) (manifestFields, map[string][]byte) {
	t.Helper()
	files, err := Files(b, portals)
	if err != nil {
		t.Fatal(err)
	}
	var m manifestFields
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	return m, files
}

// The extension may do one thing, on the portals' pages, in their top frames.
func TestManifestAsksForLittle(t *testing.T) {
	for _, b := range Browsers() {
		t.Run(string(b), func(t *testing.T) {
			m, files := read(t, b)
			if m.Version != 3 || !slices.Equal(m.Permissions, []string{"nativeMessaging"}) || m.Hosts != nil || m.Optional != nil ||
				m.Connectable != nil || m.Resources != nil || m.CSP != nil {
				t.Errorf("it asks for more: %+v", m)
			}
			want := []string{"http://127.0.0.1:8080/*", "https://gos.example:8443/*", "https://portal.example/*"}
			if b.Gecko() {
				want = []string{"http://127.0.0.1/*", "https://gos.example/*", "https://portal.example/*"}
			}
			if len(m.Scripts) != 1 || cmp.Diff(want, m.Scripts[0].Matches) != "" || m.Scripts[0].AllFrames || m.Scripts[0].Blank || m.Scripts[0].World != "" || m.Scripts[0].RunAt != "document_start" {
				t.Errorf("it runs elsewhere: %+v", m.Scripts)
			}
			for _, script := range append(m.Scripts[0].JS, "background.js", "portals.js", "_locales/ru/messages.json", "_locales/en/messages.json") {
				if files[script] == nil {
					t.Errorf("%s is missing", script)
				}
			}
			if got, want := string(files["portals.js"]), `["http://127.0.0.1:8080","https://gos.example:8443","https://portal.example"]`; !strings.Contains(got, want) {
				t.Errorf("the background knows %s", got)
			} else if pages := string(files["sites.js"]); !strings.Contains(pages, want) || m.Scripts[0].JS[0] != "sites.js" {
				t.Errorf("the pages' script knows %s, after %v", pages, m.Scripts[0].JS)
			}
			if b.Gecko() != (m.Settings.Gecko.ID == GeckoID) || b.Gecko() != (m.Key == "") || b.Gecko() != (m.Background["service_worker"] == nil) {
				t.Errorf("it is made for another browser: %+v", m)
			}
		})
	}
}

// Nothing is loaded from elsewhere and no text becomes code: what reviewers of stores look for.
func TestSourcesLoadNothing(t *testing.T) {
	_, files := read(t, Chromium)
	forbidden := regexp.MustCompile(`https?://|eval\(|new Function|innerHTML|document\.write|import\(|fetch\(|XMLHttpRequest|WebSocket|importScripts|executeScript|storage\b`)
	for name, content := range files {
		if !strings.HasSuffix(name, ".js") || name == "portals.js" || name == "sites.js" {
			continue
		}
		if found := forbidden.Find(content); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		if !bytes.HasPrefix(content, []byte("// SPDX-License-Identifier: Apache-2.0\n")) {
			t.Errorf("%s names no licence", name)
		}
		if len(content) > 6<<10 {
			t.Errorf("%s has %d bytes: too long to be read before it is trusted", name, len(content))
		}
	}
	if !bytes.Contains(files["background.js"], []byte("const host = '"+HostName+"'")) {
		t.Error("the background asks for another program")
	}
}

func TestIconsAndTexts(t *testing.T) {
	m, files := read(t, Firefox)
	for size, name := range m.Icons {
		icon, err := png.Decode(bytes.NewReader(files[name]))
		if err != nil || icon.Bounds().Dx() != icon.Bounds().Dy() || size != map[int]string{16: "16", 48: "48", 128: "128"}[icon.Bounds().Dx()] {
			t.Errorf("%s: %v", name, err)
		}
	}
	keys := func(lang string) (out []string) {
		var m map[string]struct{ Message string }
		if err := json.Unmarshal(files["_locales/"+lang+"/messages.json"], &m); err != nil {
			t.Fatal(err)
		}
		for k, v := range m {
			if v.Message == "" {
				t.Errorf("%s is empty in %s", k, lang)
			}
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff(keys("ru"), keys("en")); diff != "" {
		t.Error(diff)
	}
}

func TestFilesRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		b       Browser
		origins []string
	}{
		"no portal":         {Chromium, nil},
		"unknown browser":   {"lynx", portals},
		"plain http":        {Chromium, []string{"http://portal.example"}},
		"every page":        {Chromium, []string{"<all_urls>"}},
		"wildcard":          {Chromium, []string{"https://*.example"}},
		"wildcard host":     {Firefox, []string{"https://*"}},
		"path":              {Chromium, []string{"https://portal.example/x"}},
		"quote":             {Chromium, []string{`https://portal.example"`}},
		"look-alike letter": {Chromium, []string{"https://pоrtal.example"}}, // a Cyrillic о
		"file":              {Chromium, []string{"file:///"}},
		"one good, one bad": {Chromium, []string{"https://portal.example", "ftp://portal.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Files(c.b, c.origins); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// The same portals give the same bytes, in whatever order they are named.
func TestWriteIsDeterministic(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	turned := slices.Clone(portals)
	slices.Reverse(turned)
	for dir, origins := range map[string][]string{one: portals, other: turned} {
		for range 2 { // over what is there, too
			if err := Write(dir, Chromium, origins); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := Files(Chromium, portals)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		for _, dir := range []string{one, other} {
			if got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestHostManifest(t *testing.T) {
	for _, b := range Browsers() {
		t.Run(string(b), func(t *testing.T) {
			content, err := HostManifest(b, "/usr/lib/zaver/zaver-native-host")
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				Name, Path, Type string
				Origins          []string `json:"allowed_origins"`
				Extensions       []string `json:"allowed_extensions"`
			}
			if err := json.Unmarshal(content, &m); err != nil {
				t.Fatal(err)
			}
			origins, extensions := []string{"chrome-extension://" + ChromiumID + "/"}, []string(nil)
			if b.Gecko() {
				origins, extensions = nil, []string{GeckoID}
			}
			if m.Name != HostName || m.Type != "stdio" || m.Path != "/usr/lib/zaver/zaver-native-host" || !slices.Equal(m.Origins, origins) || !slices.Equal(m.Extensions, extensions) {
				t.Errorf("got %+v", m)
			}
			if !strings.HasPrefix(UserManifest(b, "/home/a"), "/home/a/.") || !strings.HasSuffix(UserManifest(b, "/home/a"), "/"+HostName+".json") || len(SystemManifests(b)) == 0 || b.Name() == "" {
				t.Error("no place for it")
			}
			moved := UserManifestIn(b, "/home/a", "/elsewhere")
			if strings.HasPrefix(moved, "/elsewhere/") == b.Gecko() || !b.Gecko() && "/home/a/.config"+strings.TrimPrefix(moved, "/elsewhere") != UserManifest(b, "/home/a") {
				t.Errorf("with another place for settings: %s", moved)
			}
			if got := UserManifestIn(b, "/home/a", "relative"); got != UserManifest(b, "/home/a") {
				t.Errorf("with a place that is no whole path: %s", got)
			}
		})
	}
	if _, err := HostManifest(Chromium, "zaver"); err == nil {
		t.Error("a relative path is accepted")
	}
	if _, err := HostManifest("lynx", "/x"); err == nil {
		t.Error("an unknown browser is accepted")
	}
}

// The launcher hands on every word as it is.
func TestLauncher(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, `it's a "program" $HOME`)
	if err := os.WriteFile(odd, []byte("#!/bin/sh\nfor a in \"$@\"; do echo \"[$a]\"; done\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	launcher := filepath.Join(dir, "launcher")
	if err := os.WriteFile(launcher, Launcher(odd, "/etc/it's $(id).json"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(launcher, "chrome-extension://a/", "--x y").Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "[native-host]\n[--config]\n[/etc/it's $(id).json]\n[--]\n[chrome-extension://a/]\n[--x y]\n"; string(out) != want {
		t.Errorf("got %s", out)
	}
	if strings.Contains(string(Launcher("/usr/bin/zaver-agent", "")), "--config") {
		t.Error("no configuration was named")
	}
}
