// SPDX-License-Identifier: Apache-2.0

package extension

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// HostName is the name by which the extension asks the browser for the program.
const HostName = "ru.zaver.agent"

// Browser is a family of browsers that looks for manifests in places of its own.
type Browser string

// The browsers whose places are known.
const (
	Chromium Browser = "chromium"
	Chrome   Browser = "chrome"
	Yandex   Browser = "yandex"
	Firefox  Browser = "firefox"
)

// Browsers returns all of them.
func Browsers() []Browser { return []Browser{Chromium, Chrome, Yandex, Firefox} }

// Known reports whether b is one of them.
func (b Browser) Known() bool { return slices.Contains(Browsers(), b) }

// Gecko reports whether b takes extensions and manifests as Firefox does; the others do as Chromium.
func (b Browser) Gecko() bool { return b == Firefox }

// Name is what the browser calls itself.
func (b Browser) Name() string {
	return map[Browser]string{Chromium: "Chromium", Chrome: "Google Chrome", Yandex: "Yandex Browser", Firefox: "Firefox"}[b]
}

// HostManifest is the manifest that tells a browser where the program is, and which extension may start it. The path
// must be absolute; manifests take no arguments, so it names a Launcher.
func HostManifest(b Browser, path string) ([]byte, error) {
	if !b.Known() {
		return nil, fmt.Errorf("unknown browser %q", b)
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("path %q of the program is relative", path)
	}
	m := map[string]any{"name": HostName, "description": "Zaver agent", "path": path, "type": "stdio"}
	if b.Gecko() {
		m["allowed_extensions"] = []string{GeckoID}
	} else {
		m["allowed_origins"] = []string{"chrome-extension://" + ChromiumID + "/"}
	}
	return encode(m)
}

// manifestFile is the file name that browsers look for.
const manifestFile = HostName + ".json"

// userFolders are the folders below a home folder, on Linux.
var userFolders = map[Browser]string{
	Chromium: ".config/chromium/NativeMessagingHosts",
	Chrome:   ".config/google-chrome/NativeMessagingHosts",
	Yandex:   ".config/yandex-browser/NativeMessagingHosts",
	Firefox:  ".mozilla/native-messaging-hosts",
}

// UserManifest is where the browser looks for the manifest of one person with this home folder, on Linux, while nothing names another
// place for settings.
func UserManifest(b Browser, home string) string { return UserManifestIn(b, home, "") }

// UserManifestIn is UserManifest where config is the person's XDG_CONFIG_HOME: Chromium and its relatives go by it, Firefox does not.
func UserManifestIn(b Browser, home, config string) string {
	return filepath.Join(HomeFolder(userFolders[b], home, config), manifestFile)
}

// HomeFolder is a folder below a home folder, or below config in the place of ".config", where that is a whole path (XDG Base Directory
// Specification).
func HomeFolder(folder, home, config string) string {
	if below, moves := strings.CutPrefix(folder, ".config/"); moves && filepath.IsAbs(config) {
		return filepath.Join(config, below)
	}
	return filepath.Join(home, folder)
}

// systemFolders are the folders for all persons, on Linux; the first is where a package puts the manifest.
var systemFolders = map[Browser][]string{
	Chromium: {"/etc/chromium/native-messaging-hosts"},
	Chrome:   {"/etc/opt/chrome/native-messaging-hosts"},
	Yandex:   {"/etc/opt/yandex-browser/native-messaging-hosts"},
	Firefox:  {"/usr/lib/mozilla/native-messaging-hosts", "/usr/lib64/mozilla/native-messaging-hosts", "/usr/share/mozilla/native-messaging-hosts"},
}

// SystemManifests are where the browser looks for the manifest of all persons, on Linux; a package writes the first.
func SystemManifests(b Browser) []string {
	var out []string
	for _, dir := range systemFolders[b] {
		out = append(out, filepath.Join(dir, manifestFile))
	}
	return out
}
