// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"zaver/cardreader/agent/nativemsg/extension"
)

// presence is what the profiles of a browser say of the extension.
type presence int

const (
	extensionUnknown presence = iota // no profile could be read
	extensionAbsent
	extensionOff
	extensionOn
)

// extension returns the best that any profile of the browser says: one profile with the extension is enough.
func (u *checkup) extension(kind extension.Browser) presence {
	best := extensionUnknown
	if kind.Gecko() {
		for _, path := range u.profileFiles(kind, "extensions.json") {
			best = max(best, geckoExtension(path))
		}
		return best
	}
	for _, name := range []string{"Secure Preferences", "Preferences"} {
		for _, path := range u.profileFiles(kind, name) {
			best = max(best, chromiumExtension(path))
		}
	}
	return best
}

// profileFiles are the files of a name in the profiles of a browser.
func (u *checkup) profileFiles(kind extension.Browser, name string) []string {
	if u.cfg.Home == "" {
		return nil
	}
	var files []string
	for _, folder := range places[kind].profiles {
		found, err := filepath.Glob(filepath.Join(globQuote(extension.HomeFolder(folder, u.cfg.Home, u.cfg.Env("XDG_CONFIG_HOME"))), "*", name))
		if err != nil {
			return nil
		}
		files = append(files, found...)
	}
	return files[:min(len(files), maxProfiles)]
}

// globQuote takes the meaning of a pattern from what a home folder may hold.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

func chromiumExtension(path string) presence {
	b, err := readFile(path, maxPreferences)
	if err != nil {
		return extensionUnknown
	}
	var p struct {
		Extensions struct {
			Settings map[string]struct {
				State          *int            `json:"state"`
				DisableReasons json.RawMessage `json:"disable_reasons"`
			} `json:"settings"`
		} `json:"extensions"`
	}
	if json.Unmarshal(b, &p) != nil {
		return extensionUnknown
	}
	e, there := p.Extensions.Settings[extension.ChromiumID]
	reasons := strings.TrimSpace(string(e.DisableReasons))
	switch {
	case !there:
		return extensionAbsent
	case e.State != nil && *e.State != 1, reasons != "" && reasons != "0" && reasons != "[]" && reasons != "null":
		return extensionOff
	}
	return extensionOn
}

func geckoExtension(path string) presence {
	b, err := readFile(path, maxPreferences)
	if err != nil {
		return extensionUnknown
	}
	var p struct {
		Addons []struct {
			ID     string `json:"id"`
			Active bool   `json:"active"`
		} `json:"addons"`
	}
	if json.Unmarshal(b, &p) != nil {
		return extensionUnknown
	}
	for _, a := range p.Addons {
		switch {
		case a.ID == extension.GeckoID && a.Active:
			return extensionOn
		case a.ID == extension.GeckoID:
			return extensionOff
		}
	}
	return extensionAbsent
}

// blockedByPerson reports whether a profile holds the person's "no" to the page's access to this computer.
func (u *checkup) blockedByPerson(kind extension.Browser, origins []string) bool {
	if kind.Gecko() {
		return false // Firefox keeps permissions in a database
	}
	const block = 2
	for _, path := range u.profileFiles(kind, "Preferences") {
		b, err := readFile(path, maxPreferences)
		if err != nil {
			continue
		}
		var p struct {
			Profile struct {
				ContentSettings struct {
					Exceptions map[string]map[string]struct {
						Setting json.RawMessage `json:"setting"`
					} `json:"exceptions"`
				} `json:"content_settings"`
			} `json:"profile"`
		}
		if json.Unmarshal(b, &p) != nil {
			continue
		}
		for _, permission := range []string{"loopback_network", "local_network_access"} {
			for pattern, e := range p.Profile.ContentSettings.Exceptions[permission] {
				first, _, _ := strings.Cut(pattern, ",")
				var n int
				if json.Unmarshal(e.Setting, &n) == nil && n == block && matchesAny(first, origins) {
					return true
				}
			}
		}
	}
	return false
}
