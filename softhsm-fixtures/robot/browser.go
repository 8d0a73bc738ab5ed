// SPDX-License-Identifier: Apache-2.0

// Package robot alone owns how a made-up person walks through the portal's
// pages: headless Chromium or Firefox, driven by clicks and keys, never by calls
// behind the page's back. Every step has a deadline, and an error that says where
// the page was and what it showed.
//
// A Browser may be used from several goroutines, a Robot by one at a time.
package robot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/softhsm-fixtures/inbox"
)

// What says that a browser is not installed.
var (
	ErrNoBrowser = errors.New("no Chromium found (Debian: apt-get install chromium)")
	ErrNoFirefox = errors.New("no Firefox found (Debian: apt-get install firefox-esr)")
)

// Limits of the browser's own work.
const (
	launchLimit = 3 * time.Minute
	closeLimit  = 30 * time.Second
)

// Browser is one headless browser.
type Browser struct {
	engine engine
}

// Launch starts Chromium with a profile of its own, without an extension.
func Launch(ctx context.Context) (*Browser, error) { return LaunchWith(ctx, Setup{}) }

// LaunchWith starts the browser of the setup with a profile of its own, and its doors.
func LaunchWith(ctx context.Context, s Setup) (*Browser, error) {
	if s.Firefox {
		f, err := launchFirefox(ctx, s)
		if err != nil {
			return nil, err
		}
		return &Browser{engine: f}, nil
	}
	c, err := launchChromium(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Browser{engine: c}, nil
}

// Close ends the browser and removes its profile.
func (b *Browser) Close() error { return b.engine.close() }

// Options say who sits before which screen.
type Options struct {
	// Origin is the portal's.
	Origin string
	// Inbox is where codes arrive.
	Inbox *inbox.Inbox
	// Shots is the folder for screenshots; empty takes none.
	Shots string
	// Few leaves out the pictures of steps that go as they should: only Picture
	// and failures take some.
	Few bool
	// Name begins the file names of screenshots.
	Name string
	// Phone asks for a narrow touch screen instead of a desktop's; Firefox has none.
	Phone bool
	// Tab opens one more tab of the same person: a browser with an extension forgets its cookies for every other window.
	Tab bool
	// Language is what the browser prefers: "ru" when empty.
	Language string
	// Loopback is the browser's leave for the portal to reach loopback; empty leaves it as it is.
	Loopback Permission
	// Step is the deadline of one step; zero means 40 s: a machine that does much else is slow.
	Step time.Duration
	// Seen is told of every step at its end; may be nil.
	Seen func(step string, took time.Duration)
}

// Robot is one person in a browser window of their own: other cookies, other
// storage than every other Robot, unless the browser has the extension or is Firefox.
type Robot struct {
	o      Options
	ctx    context.Context // a step's is derived from it and so knows the window
	cancel context.CancelFunc
	window window
	shots  int
}

// Open opens a window. Close it.
func (b *Browser) Open(o Options) (*Robot, error) {
	if o.Step == 0 {
		o.Step = 40 * time.Second
	}
	if o.Language == "" {
		o.Language = "ru"
	}
	ctx, w, cancel, err := b.engine.open(o)
	if err != nil {
		return nil, fmt.Errorf("open browser window: %w", err)
	}
	r := &Robot{o: o, ctx: context.WithValue(ctx, windowKey{}, w), cancel: cancel, window: w}
	if o.Loopback != "" {
		if err := r.Permit(o.Loopback); err != nil {
			r.cancel()
			return nil, fmt.Errorf("open browser window: %w", err)
		}
	}
	return r, nil
}

// Close closes the window.
func (r *Robot) Close() { r.cancel() }

// Complaints are the script errors and browser warnings so far: a page that
// works has none, except where a program that it asks for is not there.
func (r *Robot) Complaints() []string { return r.window.complaints() }
