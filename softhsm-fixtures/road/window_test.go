// SPDX-License-Identifier: Apache-2.0

package road

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/window"
	"zaver/portal/evidence"
	"zaver/portal/text"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/windowplay"
)

// Windowed has the agent show its window, in front of both doors, for the rest of the test.
func (w *World) Windowed() {
	w.t.Helper()
	w.reconfigure(func(s *stage.AgentSettings) { s.Window = true })
}

// Plays says what the made-up person does in the window.
func (w *World) Plays(s windowplay.Script) {
	w.t.Helper()
	w.must(w.Window().Write(s))
}

// windowShown is what the window got so far: the form, the rows, the result, as far as they came.
func (w *World) windowShown() (form window.Form, rows []window.Row, result window.Result) {
	w.t.Helper()
	all, err := w.Window().Shown()
	w.must(err)
	for _, m := range all {
		switch {
		case m.Show != nil:
			form, rows, result = *m.Show, nil, window.Result{}
		case m.Rows != nil:
			rows = m.Rows
		case m.Result != nil:
			result = *m.Result
		}
	}
	return form, rows, result
}

// signer is the certificate in the proof of a confirmation.
func (w *World) signer(request string) []byte {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "evidence.zip")
	w.must(w.Evidence(w.t.Context(), request, file))
	archive, err := zip.OpenReader(file)
	w.must(err)
	defer archive.Close()
	f, err := archive.Open(evidence.NameSigner)
	w.must(err)
	b, err := io.ReadAll(f)
	w.must(err)
	return b
}

// eventually waits for what other processes do, at most half a minute.
func (w *World) eventually(what string, is func() bool) {
	w.t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-late.C:
			w.t.Fatalf("not within half a minute: %s", what)
		}
	}
}

// windows is how many windows are open.
func (w *World) windows() int {
	w.t.Helper()
	pids, err := w.Windows()
	w.must(err)
	return len(pids)
}

// hosts are the agents that browsers started.
func (w *World) hosts() []int {
	w.t.Helper()
	pids, err := w.NativeHosts()
	w.must(err)
	return pids
}

// free waits until no agent has a request: the page may hear of its end before the agent has closed it.
func (w *World) free() {
	w.t.Helper()
	w.eventually("the agents are free", func() bool { return (w.Agent.PID() == 0 || !w.busy()) && len(w.hosts()) == 0 })
}

// busy is what the agent behind the loopback door says of itself.
func (w *World) busy() bool {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.AgentURL()+"/v1/hello", nil)
	w.must(err)
	r.Header.Set("Origin", w.Origin())
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	var hello struct{ Busy *bool }
	w.must(json.NewDecoder(answer.Body).Decode(&hello))
	if hello.Busy == nil {
		w.t.Fatal("the agent does not say whether it is busy")
	}
	return *hello.Busy
}

// consented waits until the page says that the person is asked.
func (c *Citizen) consented(method string) (request string) {
	c.w.t.Helper()
	request, err := c.Confirm(method)
	c.w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	return request
}

// The person has two carriers with the same name on them and takes the second.
func TestWindowAnotherCertificate(t *testing.T) {
	w := Start(t)
	w.Windowed()
	c := w.Native(English)
	token := w.GiveTokenOf(c.p, pki.Good, pki.RSA2048)
	w.GivePIV(c.p, pki.Good, pki.P256)
	w.Answers(c.p.PINs.Token)
	second := 1
	w.Plays(windowplay.Script{Row: &second})
	request, err := c.Confirm("token")
	w.must(err)
	c.succeeded()
	_, rows, _ := w.windowShown()
	if len(rows) != 2 || rows[0].Chosen || !rows[0].Usable || !rows[1].Usable {
		t.Fatalf("the window showed %+v", rows)
	}
	onCard := strings.Contains(strings.Join(rows[1].Lines, " "), "PIV")
	if got := bytes.Equal(w.signer(request), token.DER); got == onCard {
		t.Errorf("signed with the token: %v; the row that was chosen: %+v", got, rows[1])
	}
}

// A certificate that can't be used is grey and says why; the one that can is chosen.
func TestWindowGrey(t *testing.T) {
	w := Start(t)
	w.Windowed()
	c := w.Native()
	expired, err := w.Token(t.Context(), c.p, pki.Expired, pki.RSA2048)
	w.must(err)
	good, err := w.Token(t.Context(), c.p, pki.Good, pki.P256)
	w.must(err)
	w.must(w.PlugIn(expired, good))
	w.Answers(c.p.PINs.Token)
	request, err := c.Confirm("token")
	w.must(err)
	c.succeeded()
	_, rows, _ := w.windowShown()
	if len(rows) != 2 || !rows[0].Chosen || rows[1].Usable || !strings.Contains(rows[1].Note, "истёк") {
		t.Errorf("the window showed %+v", rows)
	}
	if !bytes.Equal(w.signer(request), good.DER) {
		t.Error("signed with the other token")
	}
}

// Who declines, closes, or whose window breaks, is told so on the page; then the road is open.
func TestWindowSaysNo(t *testing.T) {
	world := Start(t)
	world.Windowed()
	for _, x := range []struct {
		name    string
		script  windowplay.Script
		pins    []string // none where no PIN may be asked
		code    string
		english bool
	}{
		{"declines", windowplay.Script{AtRows: windowplay.Cancel}, nil, "agent.declined", false},
		{"closes before anything is found", windowplay.Script{AtShow: windowplay.Cancel}, nil, "agent.declined", true},
		{"cancels while the PIN is asked", windowplay.Script{AtProgress: windowplay.Cancel}, []string{pinentry.Hang}, "agent.declined", false},
		{"window dies", windowplay.Script{AtRows: windowplay.Die}, nil, "agent.window", true},
		{"window answers nonsense", windowplay.Script{AtRows: windowplay.Garbage}, nil, "agent.window", false},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := Start(t)
			var edit []func(*Options)
			if x.english {
				edit = append(edit, English)
			}
			c := w.Native(edit...)
			w.GiveToken(c.p, pki.Good)
			w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}, PIN: append(x.pins, pinentry.Cancel)}))
			w.Plays(x.script)
			c.fails("token", x.code)
			if len(x.pins) == 0 {
				w.shown(0)
			}
			w.eventually("no window is open", func() bool { return w.windows() == 0 })

			w.Plays(windowplay.Script{})
			w.Answers(c.p.PINs.Token)
			c.succeeds("token")
		})
	}
}

// Without a screen the same is asked by dialogs.
func TestWindowWithoutScreen(t *testing.T) {
	w := Start(t)
	w.Windowed()
	c := w.Native()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	w.Plays(windowplay.Script{AtShow: windowplay.NoDisplay})
	_, err := c.Confirm("token")
	w.must(err)
	c.succeeded()
	if s := w.shown(2); s[0].Command != "CONFIRM" || s[1].Command != "GETPIN" {
		t.Errorf("the dialogs were %+v", s)
	}
}

// Through either door: who leaves the page closes the window, and an agent that is killed takes it along.
func TestWindowGoes(t *testing.T) {
	world := Start(t)
	world.Windowed()
	for _, door := range []string{"native", "loopback"} {
		open := func(t *testing.T, edit ...func(*Options)) (*World, *Citizen) {
			w := Start(t)
			var c *Citizen
			if door == "native" {
				c = w.Native(edit...)
			} else {
				c = w.Citizen(edit...)
			}
			w.GiveToken(c.p, pki.Good)
			w.Answers(c.p.PINs.Token)
			w.Plays(windowplay.Script{AtRows: windowplay.Wait})
			c.consented("token")
			w.eventually("the window is open", func() bool { return w.windows() == 1 })
			return w, c
		}
		t.Run("page left, "+door, func(t *testing.T) {
			w, c := open(t)
			w.must(c.Do("leave", func(ctx context.Context) error { return c.Go(ctx, "/account") }))
			w.eventually("the window is closed", func() bool { return w.windows() == 0 })
			w.free()
			w.Plays(windowplay.Script{})
			_, err := c.Confirm("token")
			w.must(err)
			c.succeeded()
		})
		t.Run("tab closed, "+door, func(t *testing.T) {
			w, c := open(t)
			c.Close()
			w.eventually("the window is closed", func() bool { return w.windows() == 0 })
			w.eventually("the browser's agent has ended", func() bool { return len(w.hosts()) == 0 })
			c.unchanged()
		})
		t.Run("agent killed, "+door, func(t *testing.T) {
			w, c := open(t, English)
			if door == "native" {
				// The one that the page greeted may still be on its way out.
				var hosts []int
				w.eventually("one agent of a browser runs", func() bool { hosts = w.hosts(); return len(hosts) == 1 })
				w.must(stage.Kill(hosts[0]))
				c.failed("agent.ended")
			} else {
				w.must(w.Agent.Kill())
				c.failed("agent.protocol")
				w.must(w.Agent.Start(t.Context()))
			}
			w.eventually("the window is closed", func() bool { return w.windows() == 0 })
			w.Plays(windowplay.Script{})
			c.succeeds("token")
		})
	}
}

// The window is in the page's language, whatever the agent's is, and shows what the page shows.
func (c *Citizen) windowAgrees(control string) {
	c.w.t.Helper()
	// The portal's page may be quicker than the window.
	c.w.eventually("the window says that it is done", func() bool { _, _, result := c.w.windowShown(); return result.Tone == window.Good })
	form, rows, _ := c.w.windowShown()
	if form.Code.Value != control || len(control) < 4 {
		c.w.t.Errorf("the window shows code %q, the page %q", form.Code.Value, control)
	}
	if !slices.ContainsFunc(form.Facts, func(f window.Fact) bool { return f.Value == c.w.Origin() && f.Strong }) {
		c.w.t.Errorf("the window does not show the portal's address: %+v", form.Facts)
	}
	if !cyrillic.MatchString(form.Heading+form.Hint) == (c.lang == text.Russian) {
		c.w.t.Errorf("the window is not in language %s: %+v", c.lang, form)
	}
	if len(rows) == 0 || !strings.Contains(rows[0].Title, c.p.Surname) {
		c.w.t.Errorf("the window does not name the holder: %+v", rows)
	}
}
