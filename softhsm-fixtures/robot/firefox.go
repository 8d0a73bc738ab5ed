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

	"zaver/cardreader/agent/nativemsg/extension"
)

// firefox is one headless Firefox with a home of its own. Its windows share cookies: there is one person at a time.
type firefox struct {
	m    *marionette
	cmd  *exec.Cmd
	home string
	done chan struct{} // closed when the process ended

	base string     // the first window, which stays empty: without any the browser would end
	turn sync.Mutex // of the window that commands go to
	at   string     // that window
}

// preferences of every Firefox here. An idle background page of an extension ends early, as it may at any time.
const preferences = `user_pref("marionette.port", 0);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("extensions.background.idle.timeout", 500);
user_pref("dom.ipc.processPrelaunch.enabled", false);
user_pref("ui.prefersReducedMotion", 1);
`

func launchFirefox(ctx context.Context, s Setup) (*firefox, error) {
	path := installed("firefox-esr", "firefox")
	if path == "" {
		return nil, ErrNoFirefox
	}
	home, err := os.MkdirTemp("", "zaver-firefox-")
	if err != nil {
		return nil, fmt.Errorf("launch Firefox: %w", err)
	}
	f := &firefox{home: home, done: make(chan struct{})}
	profile := filepath.Join(home, "profile")
	words := preferences
	if len(s.Public) > 0 {
		words += fmt.Sprintf("user_pref(\"network.lna.address_space.public.override\", %q);\n", strings.Join(s.Public, ","))
	}
	// A new home keeps profiles below .config; the manifest's place is the old one all the same.
	err = errors.Join(os.MkdirAll(profile, 0o700), os.MkdirAll(filepath.Join(home, ".config", "mozilla", "firefox"), 0o700),
		os.WriteFile(filepath.Join(profile, "user.js"), []byte(words), 0o600), s.writeManifest(extension.Firefox, extension.UserManifest(extension.Firefox, home)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch Firefox: %w", err), os.RemoveAll(home))
	}
	// System access is what the browser's own questions are answered by, and the only way to its list of complaints.
	f.cmd = exec.Command(path, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile)
	f.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "MOZ_DISABLE_CONTENT_SANDBOX=1")
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("launch Firefox: %w", err), os.RemoveAll(home))
	}
	go func() { defer close(f.done); _ = f.cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, launchLimit)
	defer cancel()
	if err := f.begin(ctx, profile, s); err != nil {
		return nil, errors.Join(fmt.Errorf("launch Firefox: %w", err), f.close())
	}
	return f, nil
}

// begin connects, and loads the extension where portals are named.
func (f *firefox) begin(ctx context.Context, profile string, s Setup) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for f.m == nil {
		if b, err := os.ReadFile(filepath.Join(profile, "MarionetteActivePort")); err == nil {
			f.m, _ = dialMarionette(ctx, "127.0.0.1:"+strings.TrimSpace(string(b))) // it may be half written
		}
		select {
		case <-look.C:
		case <-f.done:
			return errGone
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, err := f.m.do(ctx, "WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{}}}); err != nil {
		return err
	}
	var err error
	if f.base, err = inner[string](f.m.do(ctx, "WebDriver:GetWindowHandle", nil)); err != nil {
		return err
	}
	// A script may wait for a person; whoever asked has a deadline.
	if _, err := f.m.do(ctx, "WebDriver:SetTimeouts", map[string]any{"script": confirmLimit.Milliseconds(), "pageLoad": confirmLimit.Milliseconds()}); err != nil {
		return err
	}
	if len(s.Portals) == 0 {
		return nil
	}
	folder := filepath.Join(f.home, "extension")
	if err := extension.Write(folder, extension.Firefox, s.Portals); err != nil {
		return err
	}
	id, err := inner[string](f.m.do(ctx, "Addon:Install", map[string]any{"path": folder, "temporary": true}))
	if err == nil && id != extension.GeckoID {
		err = fmt.Errorf("the browser knows the extension as %q", id)
	}
	return err
}

// Manifest puts another native manifest in Firefox's place for it; nil takes it away. The browser looks at every start of the program.
func (b *Browser) Manifest(manifest []byte) error {
	f, ok := b.engine.(*firefox)
	if !ok {
		return fmt.Errorf("manifest: %w", errNotFirefox)
	}
	path := extension.UserManifest(extension.Firefox, f.home)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("manifest: %w", err)
	}
	return Setup{Manifest: manifest}.writeManifest(extension.Firefox, path)
}

func (f *firefox) close() error {
	if f.m != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
		_, _ = f.m.do(ctx, "Marionette:Quit", map[string]any{"flags": []string{"eForceQuit"}}) // what does not end is killed next
		select {
		case <-f.done:
		case <-ctx.Done():
		}
		cancel()
		_ = f.m.conn.Close()
		<-f.m.gone
	}
	_ = f.cmd.Process.Kill() // it may have ended
	<-f.done
	return removeProfile(f.home)
}

// inWindow gives a command to a window.
func (f *firefox) inWindow(ctx context.Context, handle, command string, parameters map[string]any) (json.RawMessage, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	if err := f.turnTo(ctx, handle); err != nil {
		return nil, err
	}
	return f.m.do(ctx, command, parameters)
}

func (f *firefox) turnTo(ctx context.Context, handle string) error {
	if f.at == handle {
		return nil
	}
	f.at = ""
	if _, err := f.m.do(ctx, "WebDriver:SwitchToWindow", map[string]any{"handle": handle, "focus": true}); err != nil {
		return err
	}
	// A page behind another tab learns a moment later that it is seen; the extension takes clicks only then.
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		seen, err := inner[bool](f.m.do(ctx, "WebDriver:ExecuteScript", map[string]any{"script": "return document.visibilityState === 'visible'", "args": []any{}}))
		if err == nil && seen {
			f.at = handle
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// system runs a script with the browser's own rights; browser is the tab of the window.
func (f *firefox) system(ctx context.Context, handle, script string, args ...any) (json.RawMessage, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	if err := f.turnTo(ctx, handle); err != nil {
		return nil, err
	}
	if _, err := f.m.do(ctx, "Marionette:SetContext", map[string]any{"value": "chrome"}); err != nil {
		return nil, err
	}
	if args == nil {
		args = []any{}
	}
	v, err := inner[json.RawMessage](f.m.do(ctx, "WebDriver:ExecuteScript", map[string]any{"script": script, "args": args}))
	// Back, whatever came of it and however late it is.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	_, late := f.m.do(back, "Marionette:SetContext", map[string]any{"value": "content"})
	return v, errors.Join(err, late)
}

// open opens one more tab.
func (f *firefox) open(o Options) (context.Context, window, context.CancelFunc, error) {
	if o.Phone {
		return nil, nil, nil, errors.New("Firefox has no phone's screen")
	}
	ctx, end := context.WithCancel(context.Background())
	brief, cancel := context.WithTimeout(ctx, launchLimit)
	defer cancel()
	made, err := f.inWindow(brief, f.base, "WebDriver:NewWindow", map[string]any{"type": "tab"})
	var handle struct{ Handle string }
	if err == nil {
		err = json.Unmarshal(made, &handle)
	}
	if err != nil {
		end()
		return nil, nil, nil, err
	}
	w := &firefoxWindow{f: f, handle: handle.Handle, origin: o.Origin}
	shut := sync.OnceFunc(func() {
		late, cancel := context.WithTimeout(context.Background(), closeLimit)
		defer cancel()
		_, _ = f.inWindow(late, w.handle, "WebDriver:CloseWindow", nil) // it goes with the browser at the latest
		f.turn.Lock()
		f.at = ""
		f.turn.Unlock()
		end()
	})
	if err := w.prepare(brief, o); err != nil {
		shut()
		return nil, nil, nil, err
	}
	return ctx, w, shut, nil
}
