// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"zaver/cardreader/agent/nativemsg/extension"
)

// Setup is how a browser stands to the agent's two doors. The zero value has no
// extension, and takes no server for a public one.
type Setup struct {
	// Portals are the origins for which the extension is loaded; none leaves it
	// out. A browser with an extension has one person at a time: all windows
	// share cookies, for extensions are not in separate contexts.
	Portals []string
	// Host is the program that the native manifest names; empty writes no manifest.
	Host string
	// Manifest replaces the manifest that would be written, to spoil it.
	Manifest []byte
	// Public are addresses ("127.0.0.1:8080") of servers that count as public:
	// only their pages need the browser's permission to reach loopback.
	Public []string
}

// Permission is the browser's leave for pages to reach loopback.
type Permission string

// The permissions. Asked is the state before the person decided; a headless
// browser has nobody to ask, so a request then fails.
const (
	Granted Permission = "granted"
	Denied  Permission = "denied"
	Asked   Permission = "prompt"
)

// loopbackPermissions are the names of one permission, new and old.
var loopbackPermissions = []string{"loopback-network", "local-network-access"}

// prepare writes what the browser reads at its start, and gives the options that go with it.
func (s Setup) prepare(dir string) ([]chromedp.ExecAllocatorOption, error) {
	var options []chromedp.ExecAllocatorOption
	if len(s.Public) > 0 {
		var list []string
		for _, address := range s.Public {
			list = append(list, address+"=public")
		}
		options = append(options, chromedp.Flag("ip-address-space-overrides", strings.Join(list, ",")))
	}
	manifest := s.Manifest
	if s.Host != "" && manifest == nil {
		var err error
		if manifest, err = extension.HostManifest(extension.Chromium, s.Host); err != nil {
			return nil, err
		}
	}
	if manifest != nil {
		hosts := filepath.Join(dir, "NativeMessagingHosts")
		if err := errors.Join(os.MkdirAll(hosts, 0o700), os.WriteFile(filepath.Join(hosts, extension.HostName+".json"), manifest, 0o600)); err != nil {
			return nil, fmt.Errorf("write native manifest: %w", err)
		}
	}
	if len(s.Portals) == 0 {
		return append(options, chromedp.Flag("disable-extensions", true)), nil
	}
	folder := filepath.Join(dir, "zaver-extension")
	if err := extension.Write(folder, extension.Chromium, s.Portals); err != nil {
		return nil, err
	}
	return append(options, chromedp.Flag("load-extension", folder), chromedp.Flag("disable-extensions-except", folder)), nil
}

// Permit sets the browser's leave for the window's portal to reach loopback.
func (r *Robot) Permit(p Permission) error {
	id := cdp.BrowserContextID("")
	if !r.shared {
		id = chromedp.FromContext(r.ctx).BrowserContextID
	}
	ctx, cancel := context.WithTimeout(r.ctx, settle)
	defer cancel()
	for _, name := range loopbackPermissions {
		if _, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSetting(p), Origin: r.o.Origin, BrowserContextID: id}); err != nil {
			return fmt.Errorf("set permission %s: %w", name, err)
		}
	}
	return nil
}

// forget makes a shared window a stranger to every site.
func (r *Robot) forget() error {
	return call(r.ctx, network.ClearBrowserCookies, cdp.Empty{})
}
