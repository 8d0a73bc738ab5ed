// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/portal/text"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

// The browser's leave for the portal to reach loopback, on the real road: without the extension, with a portal that counts as a
// server out on the network. Denied is named within a second and nothing is sent; where the browser would ask, the page says
// what to choose first; granted, it goes to the end. Firefox asks in earnest, and gets its answer.
func TestLoopbackLeave(t *testing.T) {
	first := Start(t) // its programs serve this world, too
	other, err := stage.Start(t.Context(), stage.Config{Host: "localhost", Programs: filepath.Join(first.Dir, "bin")})
	first.must(err)
	t.Cleanup(func() { first.must(other.Close()) })
	browser, err := robot.LaunchWith(t.Context(), robot.Setup{Public: []string{other.PortalAddress()}})
	first.must(err)
	t.Cleanup(func() { first.must(browser.Close()) })
	enter := func(t *testing.T, leave robot.Permission, edit ...func(*Options)) *Citizen {
		w := &World{World: other, t: t}
		w.must(w.ForgetLimits(t.Context()))
		t.Cleanup(w.explain)
		c := w.citizen(browser, append(edit, func(o *Options) { o.Loopback = leave })...)
		w.GiveToken(c.p, pki.Good)
		w.Answers(c.p.PINs.Token)
		return c
	}
	asked := func(w *World) int { return strings.Count(w.since(w.Agent.Log(), 0), "level=INFO msg=step") }
	for _, english := range []bool{false, true} {
		lang, edit := text.Russian, []func(*Options){}
		if english {
			lang, edit = text.English, []func(*Options){English}
		}
		t.Run("denied "+string(lang), func(t *testing.T) {
			c := enter(t, robot.Denied, edit...)
			before := asked(c.w)
			_, err := c.Begin("token")
			c.w.must(err)
			c.failed("agent.blocked")
			ms, err := robot.Ask[float64](c.Robot, "performance.getEntriesByName('zaver-doors')[0].duration")
			c.w.must(err)
			t.Logf("denied is named after %.0f ms", ms)
			if ms >= 1000 {
				t.Errorf("denied is named after %.0f ms", ms)
			}
			if asked(c.w) != before {
				t.Error("the agent was asked")
			}
			// As the page says: given leave, and looked for again.
			c.w.must(c.Permit(robot.Granted))
			c.retry()
			c.succeeded()
		})
		t.Run("the browser would ask "+string(lang), func(t *testing.T) {
			c := enter(t, robot.Asked, edit...)
			_, err := c.Begin("token")
			c.w.must(err)
			c.Await("#confirm-ask")
			said, err := c.Text()
			c.w.must(err)
			c.w.shows(said, c.w.phrase(lang, "run.ask"))
			c.w.must(c.Picture("ask"))
			// A headless browser has nobody to ask, which counts as a no.
			c.w.must(c.Sign())
			c.failed("agent.unpermitted")
			c.w.must(c.Permit(robot.Granted))
			c.retry()
			c.succeeded()
		})
		t.Run("granted "+string(lang), func(t *testing.T) {
			c := enter(t, robot.Granted, edit...)
			_, err := c.Confirm("token")
			c.w.must(err)
			c.succeeded()
		})
	}
	fox, err := robot.LaunchWith(t.Context(), robot.Setup{Firefox: true, Public: []string{other.PortalAddress()}})
	first.must(err)
	t.Cleanup(func() { first.must(fox.Close()) })
	browser = fox
	for _, answer := range []robot.Permission{robot.Denied, robot.Granted} {
		t.Run("Firefox asks, "+string(answer), func(t *testing.T) {
			c := enter(t, robot.Asked)
			_, err := c.Begin("token")
			c.w.must(err)
			c.Await("#confirm-ask")
			said, err := c.Text()
			c.w.must(err)
			c.w.shows(said, c.w.phrase(text.Russian, "run.ask"))
			c.w.must(c.Sign())
			c.w.must(c.Answer(answer))
			if answer == robot.Denied {
				c.failed("agent.blocked")
				// As the page says: leave is given beside the address, and the agent looked for again.
				c.w.must(c.Permit(robot.Granted))
				c.retry()
			}
			c.succeeded()
		})
	}
}

// hostile is what a page of somebody else tries at the agent's doors, each with a click of the person behind it.
var hostile = []struct{ name, js string }{
	{"greeting", `fetch(door + '/v1/hello')`},
	{"greeting of the other address", `fetch(door.replace('127.0.0.1', '[::1]') + '/v1/hello')`},
	{"greeting by name", `fetch(door.replace('127.0.0.1', 'localhost') + '/v1/hello')`},
	{"doctor", `fetch(door + '/v1/doctor?lang=ru')`},
	{"confirm", `fetch(door + '/v1/confirm', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: ask})`},
	{"confirm as text", `fetch(door + '/v1/confirm', {method: 'POST', headers: {'Content-Type': 'text/plain'}, body: ask})`},
	{"confirm without reading", `fetch(door + '/v1/confirm', {method: 'POST', mode: 'no-cors', body: ask}).then(() => { throw 0 })`},
	{"confirm as a form", `new Promise((_, no) => { const f = document.createElement('form'); f.method = 'post'; f.enctype = 'text/plain'; f.target = 'frame'; f.action = door + '/v1/confirm'
		const i = document.createElement('input'); i.name = ask; f.append(i); document.body.append(f); frame.onload = no; f.submit(); setTimeout(no, 1000) })`},
	{"beacon", `new Promise((_, no) => { navigator.sendBeacon(door + '/v1/confirm', ask); setTimeout(no, 500) })`},
	{"image", `new Promise((yes, no) => { const i = new Image(); i.onload = yes; i.onerror = no; i.src = door + '/v1/hello' })`},
	{"script", `new Promise((yes, no) => { const s = document.createElement('script'); s.onload = yes; s.onerror = no; s.src = door + '/v1/hello'; document.body.append(s) })`},
	{"socket", `new Promise((yes, no) => { const s = new WebSocket(door.replace('http', 'ws') + '/v1/confirm'); s.onopen = yes; s.onerror = no })`},
	{"event stream", `new Promise((yes, no) => { const s = new EventSource(door + '/v1/hello'); s.onopen = yes; s.onerror = () => { s.close(); no() } })`},
	{"extension", `new Promise((yes, no) => { addEventListener('message', e => { if (e.data && e.data.zaver === 'extension') yes() })
		postMessage({zaver: 'page', id: '1', order: Object.assign({do: 'confirm'}, JSON.parse(ask))}, '*'); setTimeout(no, 1000) })`},
	{"extension's own port", `new Promise((yes, no) => { try { chrome.runtime.connect('` + extension.ChromiumID + `') ; yes() } catch (e) { no() } })`},
	{"page of the portal in a frame", `new Promise((yes, no) => { frame.onload = () => { try { frame.contentWindow.document.body.innerText ? yes() : no() } catch { no() } }; frame.src = portal + '/confirm'; setTimeout(no, 1500) })`},
}

// A real page of somebody else, with the ticket of a real confirmation in its hands and the person's clicks: neither door does
// anything, in either browser; the confirmation stays the person's own.
func TestHostilePage(t *testing.T) {
	for _, door := range []string{"loopback", "native", "firefox"} {
		t.Run(door, func(t *testing.T) {
			w := Start(t)
			c := map[string]func(...func(*Options)) *Citizen{"loopback": w.Citizen, "native": w.Native, "firefox": w.Fox}[door]()
			w.GiveToken(c.p, pki.Good)
			w.Answers(c.p.PINs.Token)
			request, err := c.Begin("token")
			w.must(err)
			c.awaits()
			at := `document.getElementById('confirm').dataset.`
			ticket, err := robot.Ask[string](c.Robot, at+"ticket")
			w.must(err)
			var tries strings.Builder
			for _, h := range hostile {
				fmt.Fprintf(&tries, "() => %s,\n", h.js)
			}
			foreign := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "text/html")
				_, _ = fmt.Fprintf(rw, `<!DOCTYPE html><title>foreign</title><link rel=icon href=data:,><main>press</main><iframe name=frame id=frame></iframe><script>
					const door = %q, portal = %q, ask = JSON.stringify({origin: portal, request: %q, ticket: %q, method: 'token', lang: 'ru'})
					var got = []
					const tries = [%s]
					document.querySelector('main').onclick = async () => {
						try { const r = await tries[got.length](); got.push(r && r.type === 'opaque' ? 'no' : 'YES') } catch { got.push('no') }
						document.title = got.length
					}</script>`, w.AgentURL(), w.Origin(), request, ticket, tries.String())
			}))
			defer foreign.Close()
			steps := strings.Count(w.since(w.Agent.Log(), 0)+w.since(w.NativeLog(), 0), "msg=step")
			o := func(o *Options) { o.Origin, o.Tab = foreign.URL, true }
			r := w.open(map[string]*robot.Browser{"loopback": shared.browser, "native": shared.extended, "firefox": shared.fox}[door], Few, o)
			for i, h := range hostile {
				w.must(r.Do(h.name, func(ctx context.Context) error {
					if i == 0 {
						if err := r.Go(ctx, "/"); err != nil {
							return err
						}
					}
					if err := r.Press(ctx, "main"); err != nil {
						return err
					}
					return r.Until(ctx, fmt.Sprintf("document.title === '%d'", i+1))
				}))
			}
			got, err := robot.Ask[[]string](r, "got")
			w.must(err)
			for i, h := range hostile {
				if got[i] != "no" {
					t.Errorf("%s succeeds for a foreign page", h.name)
				}
			}
			if after := strings.Count(w.since(w.Agent.Log(), 0)+w.since(w.NativeLog(), 0), "msg=step"); after != steps {
				t.Errorf("the agent took %d steps", after-steps)
			}
			w.shown(0)
			c.unchanged()

			w.must(c.Sign()) // the ticket is still good
			c.succeeded()
		})
	}
}
