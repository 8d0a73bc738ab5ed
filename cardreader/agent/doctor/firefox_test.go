// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/nativemsg/extension"
)

// newFirefox is the only browser: its profiles are where version 147 and later make new ones, its manifests where they were.
func newFirefox(x *computer, there, on bool) {
	x.must(os.Remove(x.root + "/usr/bin/chromium"))
	x.browser(extension.Firefox)
	x.extension(extension.Firefox, there, on)
	x.must(os.MkdirAll(filepath.Join(x.home, ".config/mozilla"), 0o700))
	x.must(os.Rename(filepath.Join(x.home, ".mozilla/firefox"), filepath.Join(x.home, ".config/mozilla/firefox")))
}

func TestNewFirefoxFaults(t *testing.T) {
	inject(t, []injected{
		{name: "no extension", code: doctor.CodeExtensionMissing, damage: func(_ *testing.T, x *computer) { newFirefox(x, false, false) }},
		{name: "extension off", code: doctor.CodeExtensionOff, damage: func(_ *testing.T, x *computer) { newFirefox(x, true, false) }},
		{name: "manifest beside the profiles", code: doctor.CodeManifestMissing, damage: func(_ *testing.T, x *computer) {
			newFirefox(x, true, true)
			x.must(os.Rename(x.manifest(extension.Firefox), filepath.Join(x.home, ".config/mozilla/ru.zaver.agent.json")))
		}},
		{name: "a flatpak of one's own", code: doctor.CodeBrowserSandbox, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.file(filepath.Join(x.home, ".local/share/flatpak/app/org.mozilla.firefox/current"), "", 0o644)
			x.door(agentDoor)
		}},
	})
}

func TestNewFirefox(t *testing.T) {
	x := newComputer(t)
	newFirefox(x, true, true)
	if r := x.examine(); r.Exit != 0 {
		t.Errorf("got %+v", r.Lines[0])
	}
}

// An administrator may spare people the question whether a page may reach the agent.
func TestFirefoxWithoutPrompting(t *testing.T) {
	for name, c := range map[string]struct {
		rules map[string]any
		want  bool
	}{
		"switched off":    {map[string]any{"Enabled": false}, true},
		"without asking":  {map[string]any{"Enabled": true, "EnablePrompting": false}, true},
		"asking":          {map[string]any{"Enabled": true, "EnablePrompting": true}, false},
		"not switched on": {map[string]any{"EnablePrompting": false}, false},
	} {
		t.Run(name, func(t *testing.T) {
			x := newComputer(t)
			newFirefox(x, true, true)
			x.json(x.root+"/etc/firefox/policies/policies.json", map[string]any{"policies": map[string]any{"LocalNetworkAccess": c.rules}})
			if got := strings.Contains(codes(x.examine()), doctor.CodeDoorPolicyGrant); got != c.want {
				t.Errorf("granted: %v", got)
			}
		})
	}
}
