// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"zaver/cardreader/agent/nativemsg/extension"
)

// chromium is one headless Chromium.
type chromium struct {
	dir    string
	agent  string // what it calls itself to servers
	shared bool   // windows share one context, because the extension is in no other
	ctx    context.Context
	end    context.CancelFunc
	stop   context.CancelFunc
}

func launchChromium(ctx context.Context, s Setup) (*chromium, error) {
	path := installed("chromium", "chromium-browser", "google-chrome")
	if path == "" {
		return nil, ErrNoBrowser
	}
	dir, err := os.MkdirTemp("", "zaver-browser-")
	if err != nil {
		return nil, fmt.Errorf("launch browser: %w", err)
	}
	b := &chromium{dir: dir, shared: len(s.Portals) > 0}
	doors, err := s.chromium(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch browser: %w", err), os.RemoveAll(dir))
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.WSURLReadTimeout(launchLimit),
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
		return nil, errors.Join(fmt.Errorf("launch browser: %w", err), b.close())
	}
	b.agent = version.UserAgent
	return b, nil
}

// installed is the first of the programs that is there.
func installed(names ...string) string {
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// chromium writes what Chromium reads at its start, and gives the options that go with it.
func (s Setup) chromium(dir string) ([]chromedp.ExecAllocatorOption, error) {
	var options []chromedp.ExecAllocatorOption
	if len(s.Public) > 0 {
		var list []string
		for _, address := range s.Public {
			list = append(list, address+"=public")
		}
		options = append(options, chromedp.Flag("ip-address-space-overrides", strings.Join(list, ",")))
	}
	if err := s.writeManifest(extension.Chromium, filepath.Join(dir, "NativeMessagingHosts", extension.HostName+".json")); err != nil {
		return nil, err
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

func (b *chromium) close() error {
	ctx, cancel := context.WithTimeout(b.ctx, closeLimit)
	_ = chromedp.Cancel(ctx) // what does not close is ended next
	cancel()
	b.end()
	b.stop() // waits for the process
	return removeProfile(b.dir)
}

func (b *chromium) open(o Options) (context.Context, window, context.CancelFunc, error) {
	var own []chromedp.ContextOption
	if !b.shared {
		own = append(own, chromedp.WithNewBrowserContext())
	}
	ctx, cancel := chromedp.NewContext(b.ctx, own...)
	w := &chromiumWindow{ctx: ctx, shared: b.shared}
	err := w.prepare(o, b.agent)
	if err == nil && b.shared && !o.Tab {
		err = call(ctx, network.ClearBrowserCookies, cdp.Empty{})
	}
	if err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return ctx, w, cancel, nil
}

// chromiumWindow is a window of Chromium.
type chromiumWindow struct {
	ctx    context.Context
	shared bool // with all windows of its browser

	mu    sync.Mutex
	heard []string
}

func (w *chromiumWindow) prepare(o Options, agent string) error {
	screen := chromedp.EmulateViewport(1280, 900)
	if o.Phone {
		screen = chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	return errors.Join(chromedp.Listen(w.ctx, w.hear), chromedp.Do(w.ctx, screen),
		call(w.ctx, log.Enable, cdp.Empty{}), call(w.ctx, runtime.Enable, cdp.Empty{}),
		call(w.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: o.Language}))
}

func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}

// hear notes what the page's scripts and the browser complain about.
func (w *chromiumWindow) hear(event any) {
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
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard = append(w.heard, say)
	}
}

func (w *chromiumWindow) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.heard...)
}

func (w *chromiumWindow) eval(ctx context.Context, js string, wait bool) (json.RawMessage, error) {
	var more []chromedp.EvaluateOption
	if wait {
		more = append(more, chromedp.EvalAwaitPromise)
	}
	return chromedp.Run(ctx, chromedp.Evaluate[json.RawMessage](js, more...))
}

func (w *chromiumWindow) picture(ctx context.Context) ([]byte, error) {
	return chromedp.Run(ctx, chromedp.FullScreenshot(100))
}

func (w *chromiumWindow) visit(ctx context.Context, url string) error {
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

func (w *chromiumWindow) press(ctx context.Context, selector string) error {
	return chromedp.Do(ctx, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

func (w *chromiumWindow) key(ctx context.Context, k Key) error {
	known := map[Key]string{Space: " ", Tab: kb.Tab, Enter: kb.Enter, Delete: kb.Delete, Home: kb.Home, ArrowDown: kb.ArrowDown}
	return chromedp.Do(ctx, chromedp.KeyEvent(known[k]))
}

func (w *chromiumWindow) write(ctx context.Context, text string) error {
	if strings.IndexFunc(text, func(c rune) bool { return c > '~' }) >= 0 {
		// As an input method does: the library has letters like Ё for control keys.
		return call(ctx, input.InsertText, input.InsertTextParams{Text: text})
	}
	return chromedp.Do(ctx, chromedp.KeyEvent(text))
}

// loopbackPermissions are the names of one permission, new and old.
var loopbackPermissions = []string{"loopback-network", "local-network-access"}

func (w *chromiumWindow) permit(ctx context.Context, origin string, p Permission) error {
	id := cdp.BrowserContextID("")
	if !w.shared {
		id = chromedp.FromContext(w.ctx).BrowserContextID
	}
	for _, name := range loopbackPermissions {
		if _, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSetting(p), Origin: origin, BrowserContextID: id}); err != nil {
			return fmt.Errorf("set permission %s: %w", name, err)
		}
	}
	return nil
}
