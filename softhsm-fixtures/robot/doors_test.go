// SPDX-License-Identifier: Apache-2.0

package robot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/robot"
)

const problem = "document.querySelector('#confirm-problem:not([hidden])')"

// at opens the confirmation page and waits until it has decided.
func (s *site) at(r *robot.Robot) bool {
	s.t.Helper()
	ready := false
	must(s.t, r.Do("open", func(ctx context.Context) error {
		if err := r.Go(ctx, "/confirm/"+request); err != nil {
			return err
		}
		var err error
		ready, err = r.AwaitSign(ctx)
		return err
	}))
	return ready
}

func (s *site) value(r *robot.Robot, js string) string {
	s.t.Helper()
	v, err := robot.Ask[string](r, "String("+js+")")
	must(s.t, err)
	return v
}

// code waits for the problem that the page shows.
func (s *site) code(r *robot.Robot) string {
	s.t.Helper()
	must(s.t, r.Do("wait for the problem", func(ctx context.Context) error { return r.Until(ctx, problem) }))
	return s.value(r, problem+".dataset.code")
}

// The extension leads to the real program: no permission, no request to loopback, and the portal is asked with the ticket.
func TestNativeDoor(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	d := s.listen()
	r := s.visit(robot.Setup{Portals: []string{s.origin()}, Host: s.program(), Public: []string{s.address()}})
	if !s.at(r) {
		t.Fatal(s.code(r))
	}
	if door := s.value(r, "document.getElementById('confirm-door').textContent"); !strings.Contains(door, "расширение") {
		t.Errorf("the page says of the door: %q", door)
	}
	if s.fetched.Load() != 0 {
		t.Error("the agent asked the portal before the person's click")
	}
	must(t, r.Sign())
	if code := s.code(r); code != "confirm.unknown" || s.fetched.Load() != 1 {
		t.Errorf("the page says %s, the portal was asked %d times", code, s.fetched.Load())
	}
	if n := d.came.Load(); n != 0 {
		t.Errorf("%d requests to loopback", n)
	}
	if c := r.Complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}

// say posts an order as the page's scripts do, and gives the first answer, or "silence" after a second: see patient.
const say = `(() => new Promise(resolve => {
	const id = String(Math.random())
	addEventListener('message', e => { if (e.data && e.data.zaver === 'extension' && e.data.id === id) resolve(JSON.stringify(e.data.answer)) })
	setTimeout(() => resolve('silence'), 1000)
	postMessage({zaver: 'page', id, order: %s}, '*')
}))()`

// patient makes a script that says or listens wait longer for its answer, unless silence is what is wanted.
func patient(js, want string) string {
	if want == "silence" {
		return js
	}
	return strings.ReplaceAll(js, "resolve('silence'), 1000)", "resolve('silence'), 30000)")
}

func order(s *site, edit map[string]any) string {
	o := map[string]any{"do": "confirm", "origin": s.origin(), "request": request, "ticket": ticket, "method": "token", "lang": "ru"}
	for k, v := range edit {
		o[k] = v
	}
	b, _ := json.Marshal(o)
	return string(b)
}

// What pages try at the extension. None reaches the portal, which the agent asks first of all.
func TestExtensionRefuses(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	stranger := newSite(t, "127.0.0.1")
	html := func(title, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!DOCTYPE html><title>"+title+"</title><link rel=icon href=data:,><main>x</main>"+body)
		}
	}
	pages := http.NewServeMux()
	pages.HandleFunc("/plain", html("plain", ""))
	pages.HandleFunc("/sandboxed", html("sandboxed", "", "Content-Security-Policy", "sandbox allow-scripts"))
	pages.HandleFunc("/framing", html("framing", `<iframe src="/plain"></iframe>`))
	s.other, stranger.other = pages, pages
	setup := robot.Setup{Portals: []string{s.origin()}, Host: s.program()}
	b, err := robot.LaunchWith(t.Context(), setup)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	hello := `{"do":"hello"}`
	for _, c := range []struct {
		name, path, js, want string
		at                   *site
	}{
		{"portal's page may greet", "/plain", fmt.Sprintf(say, hello), `"agent":"zaver"`, s},
		{"no gesture", "/plain", fmt.Sprintf(say, order(s, nil)), `{"code":"agent.gesture"}`, s},
		{"a click that a script makes", "/plain", `(() => { document.querySelector('main').click(); return ` + fmt.Sprintf(say, order(s, nil)) + `})()`, `{"code":"agent.gesture"}`, s},
		{"foreign page", "/plain", fmt.Sprintf(say, hello), "silence", stranger},
		{"foreign page that names the portal", "/plain", fmt.Sprintf(say, order(s, nil)), "silence", stranger},
		{"sandboxed page", "/sandboxed", fmt.Sprintf(say, hello), "silence", s},
		{"frame", "/framing", `document.querySelector('iframe').contentWindow.eval(` + fmt.Sprintf("%q", fmt.Sprintf(say, hello)) + `)`, "silence", s},
		{"frame that speaks to the page above", "/framing", `(() => new Promise(resolve => {
			addEventListener('message', e => { if (e.data && e.data.zaver === 'extension') resolve(JSON.stringify(e.data)) })
			setTimeout(() => resolve('silence'), 1000)
			document.querySelector('iframe').contentWindow.eval("parent.postMessage({zaver: 'page', id: '1', order: {do: 'hello'}}, '*')")
		}))()`, "silence", s},
		{"unknown order", "/plain", fmt.Sprintf(say, `{"do":"sign","hash":"AAAA"}`), "silence", s},
		{"inherited order", "/plain", fmt.Sprintf(say, `{"do":"constructor"}`), "silence", s},
		{"order that is no object", "/plain", fmt.Sprintf(say, `"hello"`), "silence", s},
		{"language that is no text", "/plain", fmt.Sprintf(say, `{"do":"doctor","lang":{"a":1}}`), `{"code":"agent.request"}`, s},
		{"language that is too long", "/plain", fmt.Sprintf(say, `{"do":"doctor","lang":"`+strings.Repeat("r", 4000)+`"}`), `{"code":"agent.request"}`, s},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.at.window(b)
			got := ""
			must(t, r.Do(c.name, func(ctx context.Context) error {
				if err := r.Go(ctx, c.path); err != nil {
					return err
				}
				var err error
				got, err = robot.Await[string](ctx, patient(c.js, c.want))
				return err
			}))
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if n := s.fetched.Load() + stranger.fetched.Load(); n != 0 {
		t.Errorf("the agent went to a portal %d times", n)
	}
}

// With the person's click, the request still must be the portal's own.
func TestClickDoesNotExcuse(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	edits := []map[string]any{{"origin": "https://evil.example"}, {"request": "../../cancel"}, {"ticket": "a b"}, {"method": "document"}, {"lang": "de"}, {"method": ""},
		{"request": 7}}
	wants := []string{"agent.portal_unknown", "agent.request", "agent.request", "agent.request", "agent.request", "agent.request", "agent.request"}
	script := ""
	for i, e := range edits {
		script += fmt.Sprintf("if (location.hash === '#%d') document.querySelector('main').onclick = () => { %s.then(a => { document.title = a }) };", i, patient(fmt.Sprintf(say, order(s, e)), wants[i]))
	}
	s.other = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title></title><link rel=icon href=data:,><main>press</main><script>"+script+"</script>")
	})
	b, err := robot.LaunchWith(t.Context(), robot.Setup{Portals: []string{s.origin()}, Host: s.program()})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	for i, want := range wants {
		t.Run(fmt.Sprint(edits[i]), func(t *testing.T) {
			r := s.window(b)
			must(t, r.Do("press", func(ctx context.Context) error {
				if err := r.Go(ctx, fmt.Sprintf("/press#%d", i)); err != nil {
					return err
				}
				if err := r.Press(ctx, "main"); err != nil {
					return err
				}
				return r.Until(ctx, "document.title")
			}))
			if title, err := r.Title(); err != nil || title != `{"code":"`+want+`"}` {
				t.Errorf("%v, got %s, want %s", err, title, want)
			}
		})
	}
	if s.fetched.Load() != 0 {
		t.Error("the agent went to the portal")
	}
}

// Each way in which no door leads to an agent has its name.
func TestNobodyAnswers(t *testing.T) {
	quick := func(s *site, script string) string {
		path := filepath.Join(s.t.TempDir(), "host")
		must(s.t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
		return path
	}
	for _, c := range []struct {
		name, want string
		setup      func(s *site) robot.Setup
		doors      []string
	}{
		{"no extension, no program", "agent.not_running", func(*site) robot.Setup { return robot.Setup{} }, []string{"agent.no_extension", "agent.not_running"}},
		{"extension, but no program", "agent.not_installed", func(s *site) robot.Setup { return robot.Setup{Portals: []string{s.origin()}} }, []string{"agent.not_installed", "agent.not_running"}},
		{"manifest for another extension", "agent.forbidden", func(s *site) robot.Setup {
			m := fmt.Sprintf(`{"name":"ru.zaver.agent","description":"x","path":%q,"type":"stdio","allowed_origins":["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"]}`, s.program())
			return robot.Setup{Portals: []string{s.origin()}, Manifest: []byte(m)}
		}, []string{"agent.forbidden", "agent.not_running"}},
		{"program that ends at once", "agent.ended", func(s *site) robot.Setup {
			return robot.Setup{Portals: []string{s.origin()}, Host: quick(s, "exit 3")}
		}, []string{"agent.ended", "agent.not_running"}},
		{"program that says something else", "agent.ended", func(s *site) robot.Setup {
			return robot.Setup{Portals: []string{s.origin()}, Host: quick(s, "echo hello; sleep 5")}
		}, []string{"agent.ended", "agent.not_running"}},
		{"program without configuration", "agent.config", func(s *site) robot.Setup {
			return robot.Setup{Portals: []string{s.origin()}, Host: quick(s, "exec "+programs.agent+" native-host --config /nonexistent -- \"$@\"")}
		}, []string{"agent.config", "agent.not_running"}},
		{"agent of another portal", "agent.origin", func(s *site) robot.Setup {
			return robot.Setup{Portals: []string{s.origin()}, Host: s.launcher("https://other.example")}
		}, []string{"agent.origin", "agent.not_running"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "127.0.0.1")
			r := s.visit(c.setup(s))
			if s.at(r) {
				t.Fatal("the page offers to sign")
			}
			if code := s.code(r); code != c.want {
				t.Errorf("the page says %s instead of %s", code, c.want)
			}
			if got := strings.Split(s.value(r, "[...document.querySelectorAll('#confirm-problem li')].map(e => e.dataset.code).join()"), ","); !slices.Equal(got, c.doors) {
				t.Errorf("the doors say %v instead of %v", got, c.doors)
			}
			must(t, r.Picture(c.want))
		})
	}
}

// The browser's permission: denied is named within a second and nothing is sent, granted just works, and where the
// browser would ask, the page says what to choose before it knocks.
func TestLoopbackPermission(t *testing.T) {
	s := newSite(t, "localhost") // a page from a literal loopback address needs no leave
	d := s.listen()
	b, err := robot.LaunchWith(t.Context(), robot.Setup{Public: []string{s.address()}})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	leave := func(p robot.Permission) func(*robot.Options) {
		return func(o *robot.Options) { o.Loopback = p }
	}
	t.Run("denied", func(t *testing.T) {
		r := s.window(b, leave(robot.Denied))
		if s.at(r) {
			t.Fatal("the page offers to sign")
		}
		if code := s.code(r); code != "agent.blocked" {
			t.Errorf("the page says %s", code)
		}
		ms, err := robot.Ask[float64](r, "performance.getEntriesByName('zaver-doors')[0].duration")
		if must(t, err); ms > 1000 {
			t.Errorf("it took %.0f ms", ms)
		}
		t.Logf("denied is named after %.0f ms", ms)
		if d.came.Load() != 0 {
			t.Error("a request came all the same")
		}
		must(t, r.Picture("agent.blocked"))
	})
	t.Run("the browser would ask", func(t *testing.T) {
		r := s.window(b, leave(robot.Asked))
		if !s.at(r) {
			t.Fatal(s.code(r))
		}
		if d.came.Load() != 0 || s.value(r, "document.getElementById('confirm-ask').hidden") != "false" {
			t.Error("the page knocked before it said what to choose")
		}
		if door := s.value(r, "document.getElementById('confirm-door').textContent"); !strings.Contains(door, "обратится") || !strings.Contains(door, "127.0.0.1") {
			t.Errorf("nobody knows yet whether the agent is there, and the page says of the door: %q", door)
		}
		must(t, r.Picture("agent.ask"))
		must(t, r.Sign())
		if code := s.code(r); code != "agent.unpermitted" {
			t.Errorf("the page says %s", code)
		}
		if d.came.Load() != 0 {
			t.Error("a request came without leave")
		}
	})
	t.Run("granted", func(t *testing.T) {
		r := s.window(b, leave(robot.Granted))
		if !s.at(r) {
			t.Fatal(s.code(r))
		}
		if hidden := s.value(r, "document.getElementById('confirm-ask').hidden"); hidden != "true" {
			t.Error("the page speaks of a question that the browser won't ask")
		}
		must(t, r.Sign())
		if code := s.code(r); code != "token.none" {
			t.Errorf("the page says %s", code)
		}
	})
}

// Native messaging is tried first, also where loopback would answer; the help page shows the examination by the door that is there.
func TestHelpPageExamines(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	s.listen()
	r := s.visit(robot.Setup{})
	must(t, r.Do("examine", func(ctx context.Context) error {
		if err := r.Go(ctx, "/help/agent"); err != nil {
			return err
		}
		if err := r.Until(ctx, "document.getElementById('agent-check').dataset.door === 'loopback'"); err != nil {
			return err
		}
		if err := r.Press(ctx, "#agent-examine"); err != nil {
			return err
		}
		return r.Until(ctx, "document.querySelector('#agent-report [data-code=\"doctor.reader_none\"]') && document.getElementById('agent-bundle').value.includes('zaver.doctor/v1')")
	}))
	must(t, r.Picture("help-report"))
}

// From the page's greeting to the program's answer, program start included.
func TestNativeHostStart(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	r := s.visit(robot.Setup{Portals: []string{s.origin()}, Host: s.program()})
	var took []time.Duration
	must(t, r.Do("greet", func(ctx context.Context) error {
		if err := r.Go(ctx, "/plain"); err != nil {
			return err
		}
		for range 20 {
			ms, err := robot.Await[float64](ctx, `(async () => { const t = performance.now(); const a = await `+patient(fmt.Sprintf(say, `{"do":"hello"}`), "zaver")+`; return a.includes('zaver') ? performance.now() - t : -1 })()`)
			if err != nil {
				return err
			}
			if ms < 0 {
				return fmt.Errorf("no greeting")
			}
			took = append(took, time.Duration(ms*float64(time.Millisecond)))
		}
		return nil
	}))
	slices.Sort(took)
	t.Logf("native host from greeting to answer: median %v, p95 %v", took[len(took)/2], took[len(took)*95/100])
}
