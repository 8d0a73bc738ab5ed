// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zaver/cardreader/agent/nativemsg/extension"
)

// Setup is how a browser stands to the agent's two doors. The zero value has no
// extension, and takes no server for a public one.
type Setup struct {
	// Firefox is wanted instead of Chromium. It has one person at a time, too.
	Firefox bool
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

// The permissions. Asked is the state before the person decided. Headless Chromium
// has nobody to ask, so a request then fails; Firefox asks, and waits for Answer.
const (
	Granted Permission = "granted"
	Denied  Permission = "denied"
	Asked   Permission = "prompt"
)

// writeManifest writes the native manifest for a family of browsers, where there is one.
func (s Setup) writeManifest(b extension.Browser, path string) error {
	manifest := s.Manifest
	if s.Host != "" && manifest == nil {
		var err error
		if manifest, err = extension.HostManifest(b, s.Host); err != nil {
			return err
		}
	}
	if manifest == nil {
		return nil
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, manifest, 0o600)); err != nil {
		return fmt.Errorf("write native manifest: %w", err)
	}
	return nil
}

// Permit sets the browser's leave for the window's portal to reach loopback.
func (r *Robot) Permit(p Permission) error {
	ctx, cancel := context.WithTimeout(r.ctx, settle)
	defer cancel()
	return r.window.permit(ctx, r.o.Origin, p)
}
