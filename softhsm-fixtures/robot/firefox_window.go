// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/agent/nativemsg/extension"
)

// firefoxWindow is a window of Firefox.
type firefoxWindow struct {
	f      *firefox
	handle string
	origin string
}

func (w *firefoxWindow) do(ctx context.Context, command string, parameters map[string]any) (json.RawMessage, error) {
	return w.f.inWindow(ctx, w.handle, command, parameters)
}

func (w *firefoxWindow) system(ctx context.Context, script string, args ...any) (json.RawMessage, error) {
	return w.f.system(ctx, w.handle, script, args...)
}

// prepare makes the browser one of a stranger who prefers the language, with nothing to complain about yet.
func (w *firefoxWindow) prepare(ctx context.Context, o Options) error {
	if _, err := w.do(ctx, "WebDriver:SetWindowRect", map[string]any{"width": 1280, "height": 986}); err != nil {
		return err
	}
	_, err := w.system(ctx, `const [language, same] = arguments
		Services.prefs.setStringPref('intl.accept_languages', language)
		if (!same) Services.cookies.removeAll()
		Services.console.reset()`, o.Language, o.Tab)
	return err
}

// eval asks again where the page went away meanwhile: Marionette says nothing then, instead of a value.
func (w *firefoxWindow) eval(ctx context.Context, js string, _ bool) (json.RawMessage, error) {
	script := map[string]any{"script": "return Promise.resolve(" + js + ").then(value => ({value}))", "args": []any{}}
	for {
		got, err := inner[*struct{ Value json.RawMessage }](w.do(ctx, "WebDriver:ExecuteScript", script))
		switch {
		case err != nil:
			return nil, err
		case got == nil:
			continue
		case got.Value == nil:
			return json.RawMessage("null"), nil
		}
		return got.Value, nil
	}
}

func (w *firefoxWindow) picture(ctx context.Context) ([]byte, error) {
	s, err := inner[string](w.do(ctx, "WebDriver:TakeScreenshot", map[string]any{"full": true, "hash": false}))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(s)
}

// complaints are what pages are to blame for: the browser's own have no window.
func (w *firefoxWindow) complaints() []string {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	raw, err := w.system(ctx, `return Services.console.getMessageArray().filter(m => m instanceof Ci.nsIScriptError && m.innerWindowID !== 0)
		.map(m => m.category + ': ' + m.errorMessage + ' ' + m.sourceName + ':' + m.lineNumber)`)
	var out []string
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return []string{err.Error()}
	}
	return out
}

func (w *firefoxWindow) visit(ctx context.Context, url string) error {
	_, err := w.do(ctx, "WebDriver:Navigate", map[string]any{"url": url})
	return err
}

func (w *firefoxWindow) press(ctx context.Context, selector string) error {
	found, err := inner[map[string]string](w.do(ctx, "WebDriver:FindElement", map[string]any{"using": "css selector", "value": selector}))
	if err != nil {
		return err
	}
	for _, id := range found {
		if _, err := w.do(ctx, "WebDriver:ElementClick", map[string]any{"id": id}); err != nil {
			return err
		}
	}
	return nil
}

// keyLetters are how the protocol writes keys without a letter.
var keyLetters = map[Key]string{Space: " ", Tab: "\ue004", Enter: "\ue007", Delete: "\ue017", Home: "\ue011", ArrowDown: "\ue015"}

func (w *firefoxWindow) key(ctx context.Context, k Key) error { return w.write(ctx, keyLetters[k]) }

func (w *firefoxWindow) write(ctx context.Context, text string) error {
	var strokes []any
	for _, c := range text {
		strokes = append(strokes, map[string]any{"type": "keyDown", "value": string(c)}, map[string]any{"type": "keyUp", "value": string(c)})
	}
	_, err := w.do(ctx, "WebDriver:PerformActions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": strokes}}})
	return err
}

func (w *firefoxWindow) permit(ctx context.Context, origin string, p Permission) error {
	_, err := w.system(ctx, `const [origin, state] = arguments
		const who = Services.scriptSecurityManager.createContentPrincipalFromOrigin(origin)
		if (state === 'prompt') Services.perms.removeFromPrincipal(who, 'loopback-network')
		else Services.perms.addFromPrincipal(who, 'loopback-network', state === 'granted' ? Services.perms.ALLOW_ACTION : Services.perms.DENY_ACTION)`, origin, string(p))
	return err
}

// Answer waits until Firefox asks whether the page may reach loopback, and presses "Allow" or "Block" there.
func (r *Robot) Answer(p Permission) error {
	w, ok := r.window.(*firefoxWindow)
	if !ok {
		return fmt.Errorf("answer: %w", errNotFirefox)
	}
	return r.Do("answer the browser's question", func(ctx context.Context) error {
		return w.poll(ctx, `const asked = document.querySelector('#notification-popup popupnotification#loopback-network-notification')
			if (!asked || document.getElementById('notification-popup').state !== 'open') return false
			;(arguments[0] === 'granted' ? asked.button : asked.secondaryButton).click()
			return true`, string(p))
	})
}

// Trust gives Firefox's extension the person's leave to see a site, or takes it: everybody can, in the list of extensions.
func (r *Robot) Trust(yes bool) error {
	w, ok := r.window.(*firefoxWindow)
	if !ok {
		return fmt.Errorf("trust: %w", errNotFirefox)
	}
	return r.Do("set what the extension may see", func(ctx context.Context) error {
		_, err := w.system(ctx, `const [id, yes] = arguments
			const { ExtensionPermissions } = ChromeUtils.importESModule('resource://gre/modules/ExtensionPermissions.sys.mjs')
			const policy = WebExtensionPolicy.getByID(id)
			const sites = { permissions: [], origins: policy.extension.originControls ? policy.extension.getManifestOrigins() : [] }
			if (sites.origins.length === 0) throw new Error('the extension has no sites')
			return ExtensionPermissions[yes ? 'add' : 'remove'](id, sites, policy.extension).then(() => true)`, extension.GeckoID, yes)
		return err
	})
}

// errNotFirefox says that only Firefox can do this.
var errNotFirefox = errors.New("this browser is not Firefox")

// poll runs a script with the browser's own rights until it gives true.
func (w *firefoxWindow) poll(ctx context.Context, script string, args ...any) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		raw, err := w.system(ctx, script, args...)
		if err != nil || string(raw) == "true" {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
