// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"encoding/json"
	"errors"
	"fmt"

	"zaver/cardreader/agent/nativemsg/extension"
)

// launcher is what the browsers' manifests name; it is installed beside the programs that people don't call.
const launcher = "usr/libexec/zaver/native-host"

// extensions says where the distributions' own browsers find an extension that a package brings. Chrome and
// Yandex Browser take extensions from their stores alone.
var extensions = []struct {
	browser extension.Browser
	place   string
}{
	{extension.Chromium, "usr/share/chromium/extensions/zaver"},
	{extension.Firefox, "usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/" + extension.GeckoID},
}

// browsers puts the manifests of the native-messaging door and the extension for the configured portals into the tree.
func (b *build) browsers(config []byte) error {
	var c struct {
		Portals []struct {
			Origin string `json:"origin"`
		} `json:"portals"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return fmt.Errorf("read %s: %w", b.Agent, err)
	}
	if len(c.Portals) == 0 {
		return errors.New("the agent's configuration names no portal")
	}
	var origins []string
	for _, p := range c.Portals {
		origins = append(origins, p.Origin)
	}
	if err := b.put(launcher, 0o755, extension.Launcher("/usr/bin/zaver-agent", "")); err != nil {
		return err
	}
	for _, browser := range extension.Browsers() {
		m, err := extension.HostManifest(browser, "/"+launcher)
		if err != nil {
			return err
		}
		if err := b.put(extension.SystemManifests(browser)[0][1:], 0o644, m); err != nil {
			return err
		}
	}
	for _, e := range extensions {
		list, err := extension.Files(e.browser, origins)
		if err != nil {
			return err
		}
		for _, name := range sortedKeys(list) {
			if err := b.put(e.place+"/"+name, 0o644, list[name]); err != nil {
				return err
			}
		}
	}
	return nil
}
