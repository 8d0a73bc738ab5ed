// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/card"
)

const (
	leastFree   = 1 << 20  // bytes
	leastLocked = 64 << 10 // bytes: a few PINs, a page each, and the window's
	maxProfile  = 64       // files
)

// system looks at what the agent needs of the machine.
func (u *checkup) system(context.Context) {
	if dir := u.cfg.Env("XDG_RUNTIME_DIR"); dir != "" {
		if err := writable(dir); err != nil {
			u.add(Fault, CodeRuntimeDir, err.Error())
		}
	}
	if free, err := u.cfg.Free(u.cfg.Home); err == nil && free < leastFree {
		u.add(Fault, CodeDisk, u.cfg.Home, number("n", int(free>>10)))
	}
	l := u.cfg.Limits()
	if l.CoreDumps {
		u.add(Warning, CodeCoreDumps, "")
	}
	if l.LockedMemory < leastLocked {
		u.add(Warning, CodeLockedMemory, "", number("n", int(min(l.LockedMemory>>10, math.MaxInt32))))
	}
	u.well(AreaSystem, "")
}

// writable makes a file in a folder and takes it away again.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, "zaver-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// profiles reads each of the person's own card profiles and names the line that is wrong.
func (u *checkup) profiles(context.Context) {
	dir := u.cfg.Settings.Profiles
	if dir == "" {
		u.well(AreaProfile, "")
		return
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		u.add(Fault, CodeProfileFolder, dir)
		return
	}
	_, problems, err := card.AllProfiles(os.DirFS(dir)) // as the agent reads them
	if err != nil {
		u.add(Fault, CodeProfileFolder, dir+": "+err.Error())
		return
	}
	for _, p := range problems[:min(len(problems), maxProfile)] {
		u.add(Fault, CodeProfileMalformed, filepath.Join(dir, p.File)+": "+p.Error(), number("line", p.Line))
	}
	u.well(AreaProfile, dir)
}

// programs looks at the windows: where they can be shown, and whether their programs answer.
func (u *checkup) programs(ctx context.Context) {
	screen := u.display()
	if !screen && u.cfg.Pinentry.TTY == "" && len(u.cfg.Pinentry.Argv) == 0 {
		if !u.spoken(AreaProgram) {
			u.add(Fault, CodeNoScreen, "")
		}
		return
	}
	u.pinentry(ctx)
	if screen && u.cfg.Window != nil {
		if _, err := window.Find(*u.cfg.Window); err != nil {
			u.add(Warning, CodeWindowMissing, err.Error())
		}
	}
	u.well(AreaProgram, "")
}

func (u *checkup) pinentry(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, programLimit)
	defer cancel()
	p, err := pinentry.Find(u.cfg.Pinentry)
	if err != nil {
		u.add(Fault, CodePinentryMissing, err.Error())
		return
	}
	if err := p.Greet(ctx); err != nil {
		u.add(Fault, CodePinentryBroken, p.Path()+": "+err.Error())
	}
}

// display reports whether the session names a display, and says so when that can't be opened.
func (u *checkup) display() bool {
	open := func(network, address string) bool {
		var d net.Dialer
		ctx, cancel := context.WithTimeout(context.Background(), doorLimit)
		defer cancel()
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	}
	x, wayland := u.cfg.Env("DISPLAY"), u.cfg.Env("WAYLAND_DISPLAY")
	if wayland != "" {
		path := wayland
		if !filepath.IsAbs(path) {
			path = filepath.Join(u.cfg.Env("XDG_RUNTIME_DIR"), wayland)
		}
		if open("unix", path) {
			return true
		}
	}
	if host, number, ok := strings.Cut(x, ":"); ok {
		number, _, _ = strings.Cut(number, ".")
		path := filepath.Join(u.cfg.Root, "/tmp/.X11-unix/X"+number)
		// A display of another host is reached by TCP; X servers listen on abstract sockets, too.
		if host != "" || open("unix", path) || open("unix", "@/tmp/.X11-unix/X"+number) {
			return true
		}
	}
	if x != "" || wayland != "" {
		u.add(Fault, CodeDisplay, strings.TrimSpace(x+" "+wayland))
	}
	return false
}
