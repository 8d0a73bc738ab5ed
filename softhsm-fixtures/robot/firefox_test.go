// SPDX-License-Identifier: Apache-2.0

package robot_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/softhsm-fixtures/robot"
)

// await asks a page for the value of a promise.
func (s *site) await(r *robot.Robot, path, js string) string {
	s.t.Helper()
	got := ""
	must(s.t, r.Do("ask "+path, func(ctx context.Context) error {
		if err := r.Go(ctx, path); err != nil {
			return err
		}
		var err error
		got, err = robot.Await[string](ctx, js)
		return err
	}))
	return got
}

// The same extension in Firefox, in one browser: it finds the program by its own manifest, demands a click, and the request arrives.
func TestFirefox(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	b, err := robot.LaunchWith(t.Context(), robot.Setup{Firefox: true, Portals: []string{s.origin()}, Host: s.program()})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	t.Run("finds the program", func(t *testing.T) { firefoxFinds(t, s, b) })
	t.Run("refuses", func(t *testing.T) { firefoxRefuses(t, s, b) })
	t.Run("nobody answers", func(t *testing.T) { firefoxNobodyAnswers(t, s, b) })
}

func firefoxFinds(t *testing.T, s *site, b *robot.Browser) {
	s.think = 4 * time.Second // far longer than Firefox lets an idle background live
	defer func() { s.think = 0 }()
	nowhere := s.agent
	d := s.listen()
	defer func() { s.agent = nowhere }()
	r := s.window(b)
	if !s.at(r) {
		t.Fatal(s.code(r))
	}
	if door := s.value(r, "document.getElementById('confirm-door').textContent"); !strings.Contains(door, "расширение") {
		t.Errorf("the page says of the door: %q", door)
	}
	// Without a click there is no request, whatever the page says.
	must(t, r.Do("ask without a click", func(ctx context.Context) error {
		got, err := robot.Await[string](ctx, patient(fmt.Sprintf(say, order(s, nil)), ""))
		if got != `{"code":"agent.gesture"}` || s.fetched.Load() != 0 {
			t.Errorf("without a click: %s", got)
		}
		return err
	}))
	must(t, r.Sign())
	if code := s.code(r); code != "confirm.unknown" || s.fetched.Swap(0) != 1 {
		t.Errorf("the page says %s, or the portal was not asked once", code)
	}
	if n := d.came.Load(); n != 0 {
		t.Errorf("%d requests to loopback", n)
	}
	if c := r.Complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}

// firefoxRefuses tries what pages try at the extension in Firefox, whose patterns know no ports: a neighbour of the portal does not even meet it.
func firefoxRefuses(t *testing.T, s *site, b *robot.Browser) {
	stranger := newSite(t, "127.0.0.1")
	html := func(body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!DOCTYPE html><title>page</title><link rel=icon href=data:,><main>x</main>"+body)
		}
	}
	pages := http.NewServeMux()
	pages.HandleFunc("/plain", html(""))
	pages.HandleFunc("/sandboxed", html("", "Content-Security-Policy", "sandbox allow-scripts"))
	pages.HandleFunc("/framing", html(`<iframe src="/plain"></iframe>`))
	s.other, stranger.other = pages, pages
	stranger.other = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/around" { // the portal's page in a stranger's frame
			html(`<iframe src="`+s.origin()+`/plain"></iframe>`)(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	in, foreign := s.window(b), stranger.window(b)
	hello, framed := `{"do":"hello"}`, `(async () => { const f = document.querySelector('iframe'); return f.contentWindow.eval(%q) })()`
	for _, c := range []struct {
		name, path, js, want string
		at                   *robot.Robot
	}{
		{"portal's page may greet", "/plain", fmt.Sprintf(say, hello), `"agent":"zaver"`, in},
		{"no gesture", "/plain", fmt.Sprintf(say, order(s, nil)), `{"code":"agent.gesture"}`, in},
		{"a click that a script makes", "/plain", `(() => { document.querySelector('main').click(); return ` + fmt.Sprintf(say, order(s, nil)) + `})()`, `{"code":"agent.gesture"}`, in},
		{"neighbour", "/plain", fmt.Sprintf(say, hello), "silence", foreign},
		{"neighbour looks for the extension's mark", "/plain", `Promise.resolve(document.documentElement.dataset.zaverExtension ?? 'no mark')`, "no mark", foreign},
		{"sandboxed page", "/sandboxed", fmt.Sprintf(say, hello), "silence", in},
		{"frame", "/framing", fmt.Sprintf(framed, fmt.Sprintf(say, hello)), "silence", in},
		{"a stranger's page around the portal's", "/around", `new Promise(resolve => {
			addEventListener('message', e => { if (e.data && e.data.zaver === 'extension') resolve(JSON.stringify(e.data)) })
			setTimeout(() => resolve('silence'), 1000)
			document.querySelector('iframe').contentWindow.postMessage({zaver: 'page', id: '1', order: {do: 'hello'}}, '*')
		})`, "silence", foreign},
		{"unknown order", "/plain", fmt.Sprintf(say, `{"do":"sign","hash":"AAAA"}`), "silence", in},
		{"language that is too long", "/plain", fmt.Sprintf(say, `{"do":"doctor","lang":"`+strings.Repeat("r", 4000)+`"}`), `{"code":"agent.request"}`, in},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.await(c.at, c.path, patient(c.js, c.want)); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if n := s.fetched.Load() + stranger.fetched.Load(); n != 0 {
		t.Errorf("the agent went to a portal %d times", n)
	}
}

// firefoxNobodyAnswers: each way in which no door leads to an agent has its name in Firefox, too, whose errors have words of their own.
func firefoxNobodyAnswers(t *testing.T, s *site, b *robot.Browser) {
	r := s.window(b)
	script := func(line string) string {
		path := filepath.Join(t.TempDir(), "host")
		must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+line+"\n"), 0o700))
		return path
	}
	leads := func(path string) []byte {
		m, err := extension.HostManifest(extension.Firefox, path)
		must(t, err)
		return m
	}
	for _, c := range []struct {
		name, want string
		manifest   []byte
	}{
		{"no manifest", "agent.not_installed", nil},
		{"manifest of no program", "agent.ended", leads("/nonexistent/zaver")},
		{"manifest that is cut", "agent.not_installed", []byte(`{"name":`)},
		{"manifest for another extension", "agent.not_installed", fmt.Appendf(nil, `{"name":"ru.zaver.agent","description":"x","path":%q,"type":"stdio","allowed_extensions":["other@example.org"]}`, s.program())},
		{"program that may not run", "agent.ended", leads("/etc/hostname")},
		{"program that ends at once", "agent.ended", leads(script("exit 3"))},
		{"program that says something else", "agent.ended", leads(script("echo hello, this is no frame; exec sleep 5"))},
		{"program without configuration", "agent.config", leads(script("exec " + programs.agent + " native-host --config /nonexistent -- \"$@\""))},
		{"agent of another portal", "agent.origin", leads(s.launcher("https://other.example"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, b.Manifest(c.manifest))
			if s.at(r) {
				t.Fatal("the page offers to sign")
			}
			got := strings.Split(s.value(r, "[...document.querySelectorAll('#confirm-problem li')].map(e => e.dataset.code).join()"), ",")
			if code := s.code(r); code != c.want || !slices.Equal(got, []string{c.want, "agent.not_running"}) {
				t.Errorf("the page says %s and of the doors %v instead of %s", code, got, c.want)
			}
		})
	}
	t.Run("extension that may not see the site", func(t *testing.T) {
		must(t, r.Trust(false))
		if s.at(r) {
			t.Fatal("the page offers to sign")
		}
		if code := s.code(r); code != "agent.not_running" || s.value(r, "document.querySelector('#confirm-problem li').dataset.code") != "agent.no_extension" {
			t.Errorf("the page says %s", code)
		}
		must(t, r.Picture("firefox-untrusted"))
		must(t, r.Trust(true))
		program := s.program()
		must(t, b.Manifest(leads(program)))
		if !s.at(r) {
			said, err := os.ReadFile(filepath.Join(filepath.Dir(program), "agent.log"))
			t.Errorf("%s; the program said %q, %v", s.code(r), said, err)
		}
	})
}

// Firefox asks for leave to reach loopback as Chromium does, and its question is answered here.
func TestFirefoxLoopbackPermission(t *testing.T) {
	s := newSite(t, "localhost") // as in TestLoopbackPermission
	d := s.listen()
	b, err := robot.LaunchWith(t.Context(), robot.Setup{Firefox: true, Public: []string{s.address()}})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	asked := func(t *testing.T) *robot.Robot {
		t.Helper()
		r := s.window(b, func(o *robot.Options) { o.Loopback = robot.Asked })
		if !s.at(r) {
			t.Fatal(s.code(r))
		}
		if s.value(r, "document.getElementById('confirm-ask').hidden") != "false" {
			t.Error("the page does not say what to choose")
		}
		return r
	}
	t.Run("denied", func(t *testing.T) {
		r := s.window(b, func(o *robot.Options) { o.Loopback = robot.Denied })
		if s.at(r) || s.code(r) != "agent.blocked" || d.came.Load() != 0 {
			t.Errorf("the page says %s after %d requests", s.code(r), d.came.Load())
		}
		ms, err := robot.Ask[float64](r, "performance.getEntriesByName('zaver-doors')[0].duration")
		if must(t, err); ms > 1000 {
			t.Errorf("it took %.0f ms", ms)
		}
	})
	t.Run("asked and blocked", func(t *testing.T) {
		r := asked(t)
		must(t, r.Picture("firefox-ask"))
		must(t, r.Sign())
		must(t, r.Answer(robot.Denied))
		if code := s.code(r); code != "agent.blocked" {
			t.Errorf("the page says %s", code)
		}
		must(t, r.Picture("firefox-blocked"))
		if slices.Contains(d.heard(), "POST /v1/confirm") {
			t.Error("a request came without leave")
		}
	})
	t.Run("asked and allowed", func(t *testing.T) {
		r := asked(t)
		must(t, r.Sign())
		must(t, r.Answer(robot.Granted))
		if code := s.code(r); code != "token.none" {
			t.Errorf("the page says %s", code)
		}
	})
	t.Run("granted", func(t *testing.T) {
		r := s.window(b, func(o *robot.Options) { o.Loopback = robot.Granted })
		if !s.at(r) || s.value(r, "document.getElementById('confirm-ask').hidden") != "true" {
			t.Error("the page speaks of a question that the browser won't ask")
		}
		must(t, r.Sign())
		if code := s.code(r); code != "token.none" {
			t.Errorf("the page says %s", code)
		}
	})
}
