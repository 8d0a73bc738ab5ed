// SPDX-License-Identifier: Apache-2.0

// Package robot alone owns how a made-up person walks through the portal's
// pages: headless Chromium, driven by clicks and keys, never by calls behind
// the page's back. Every step has a deadline, and an error that says where the
// page was and what it showed.
//
// A Browser may be used from several goroutines, a Robot by one at a time.
package robot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"zaver/softhsm-fixtures/inbox"
)

// ErrNoBrowser says that no Chromium is installed.
var ErrNoBrowser = errors.New("no Chromium found (Debian: apt-get install chromium)")

// Limits of the browser's own work.
const (
	launchLimit = 60 * time.Second
	closeLimit  = 10 * time.Second
)

// Browser is one headless Chromium.
type Browser struct {
	dir     string
	version string
	agent   string // what it calls itself to servers
	shared  bool   // windows share one context, because the extension is in no other
	ctx     context.Context
	end     context.CancelFunc
	stop    context.CancelFunc
}

// Launch starts a browser with a profile of its own, without an extension.
func Launch(ctx context.Context) (*Browser, error) { return LaunchWith(ctx, Setup{}) }

// LaunchWith starts a browser with a profile of its own and the doors of the setup.
func LaunchWith(ctx context.Context, s Setup) (*Browser, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, ErrNoBrowser
	}
	dir, err := os.MkdirTemp("", "zaver-browser-")
	if err != nil {
		return nil, fmt.Errorf("launch browser: %w", err)
	}
	b := &Browser{dir: dir, shared: len(s.Portals) > 0}
	doors, err := s.prepare(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch browser: %w", err), os.RemoveAll(dir))
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir),
		chromedp.Flag("headless", "new"), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-features", "Translate,MediaRouter,OptimizationHints"), chromedp.Flag("password-store", "basic"),
		chromedp.Flag("mute-audio", true), chromedp.Flag("lang", "ru"),
		// Caches and settings go with the profile, whoever runs this.
		chromedp.Env("HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "DBUS_SESSION_BUS_ADDRESS=disabled:", "LANGUAGE=ru"),
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(ctx), append(options, doors...)...)
	quiet := func(string, ...any) {}
	b.ctx, b.end = chromedp.NewContext(allocator, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	b.stop = stop
	// The browser lives as long as the context of the first call, so that has no deadline of its own.
	late := time.AfterFunc(launchLimit, b.end)
	defer late.Stop()
	defer context.AfterFunc(ctx, b.end)()
	version, err := chromedp.CallBrowser(b.ctx, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch browser: %w", err), b.Close())
	}
	b.version, b.agent = version.Product, version.UserAgent
	return b, nil
}

// Close ends the browser and removes its profile.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(b.ctx, closeLimit)
	_ = chromedp.Cancel(ctx) // what does not close is ended next
	cancel()
	b.end()
	b.stop() // waits for the process
	// The last child processes may still write into the profile.
	late := time.NewTimer(closeLimit)
	defer late.Stop()
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		err := os.RemoveAll(b.dir)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-late.C:
			return fmt.Errorf("remove browser profile: %w", err)
		}
	}
}

// Version names the browser.
func (b *Browser) Version() string { return b.version }

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
	// Phone asks for a narrow touch screen instead of a desktop's.
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
// storage than every other Robot, unless the browser has the extension.
type Robot struct {
	o      Options
	ctx    context.Context
	cancel context.CancelFunc
	shared bool // with all windows of its browser
	shots  int

	mu         sync.Mutex
	complaints []string
}

// Open opens a window. Close it.
func (b *Browser) Open(o Options) (*Robot, error) {
	if o.Step == 0 {
		o.Step = 40 * time.Second
	}
	if o.Language == "" {
		o.Language = "ru"
	}
	r := &Robot{o: o, shared: b.shared}
	var own []chromedp.ContextOption
	if !b.shared {
		own = append(own, chromedp.WithNewBrowserContext())
	}
	r.ctx, r.cancel = chromedp.NewContext(b.ctx, own...)
	err := r.prepare(b.agent)
	if err == nil && b.shared && !o.Tab {
		err = r.forget()
	}
	if err == nil && o.Loopback != "" {
		err = r.Permit(o.Loopback)
	}
	if err != nil {
		r.cancel()
		return nil, fmt.Errorf("open browser window: %w", err)
	}
	return r, nil
}

func (r *Robot) prepare(agent string) error {
	screen := chromedp.EmulateViewport(1280, 900)
	if r.o.Phone {
		screen = chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	return errors.Join(chromedp.Listen(r.ctx, r.hear), chromedp.Do(r.ctx, screen),
		call(r.ctx, log.Enable, cdp.Empty{}), call(r.ctx, runtime.Enable, cdp.Empty{}),
		call(r.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: r.o.Language}))
}

func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}

// Close closes the window.
func (r *Robot) Close() { r.cancel() }

// hear notes what the page's scripts and the browser complain about.
func (r *Robot) hear(event any) {
	say := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		say = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			say += " " + x.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			say = strings.TrimSpace(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
	if say != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.complaints = append(r.complaints, say)
	}
}

// Complaints are the script errors and browser warnings so far: a page that
// works has none, except where a program that it asks for is not there.
func (r *Robot) Complaints() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.complaints...)
}
