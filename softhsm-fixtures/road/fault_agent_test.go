// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"zaver/signature/challenge"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
)

// reconfigure changes the agent's configuration for the rest of the test.
func (w *World) reconfigure(change func(*stage.AgentSettings)) {
	w.t.Helper()
	before := w.AgentSettings()
	after := before
	change(&after)
	w.must(w.SetAgent(w.t.Context(), after))
	w.t.Cleanup(func() {
		if err := w.SetAgent(context.Background(), before); err != nil {
			w.t.Error(err)
		}
	})
}

func TestFaultNoAgent(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	w.must(w.Agent.Kill())
	c.fails("token", "agent.not_running")

	// Started, it is found by the button on this very page.
	w.must(w.Agent.Start(t.Context()))
	c.retry()
	c.succeeded()
}

func TestFaultPersonSaysNo(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English)
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}}))
	c.fails("token", "agent.declined")
	// At the PIN, too.
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{pinentry.Cancel}}))
	c.restart()
	c.fails("token", "agent.declined")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

func TestFaultSecondRequest(t *testing.T) {
	w := Start(t)
	first, second := w.Citizen(), w.Citizen()
	tokens := make([]*stage.Token, 2)
	for i, c := range []*Citizen{first, second} {
		var err error
		tokens[i], err = w.Token(t.Context(), c.p, pki.Good, 0)
		w.must(err)
	}
	w.must(w.PlugIn(tokens...))
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK), pinentry.OK}, PIN: []string{first.p.PINs.Token, second.p.PINs.Token}}))
	_, err := first.Confirm("token")
	w.must(err)
	first.Await("#confirm-steps li.is-now[data-step=consent]")
	second.fails("token", "agent.busy")

	// The first goes on undisturbed; then the second goes on, by the button on its page.
	w.must(w.Pinentry.Release())
	first.succeeded()
	w.free()
	second.retry()
	second.succeeded()
}

// The agent holds another key for this address: to it, the portal is an impostor.
func TestFaultForgedStatement(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	before := w.AgentSettings()
	_, other, err := challenge.GenerateKey("zaver")
	w.must(err)
	w.reconfigure(func(s *stage.AgentSettings) {
		s.Portals = []map[string]string{{"name": "zaver", "origin": w.Origin(), "key": other}}
	})
	c.fails("token", "statement.forged")
	w.shown(0) // nobody was asked anything

	w.must(w.SetAgent(t.Context(), before))
	c.succeeds("token")
}

// shown checks how many dialogs were shown.
func (w *World) shown(n int) []pinentry.Shown {
	w.t.Helper()
	all, err := w.Pinentry.Shown()
	w.must(err)
	if len(all) != n {
		w.t.Errorf("%d dialogs instead of %d: %+v", len(all), n, all)
	}
	return all
}

func TestFaultStatementExpires(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK), pinentry.OK}, PIN: []string{c.p.PINs.Token}}))
	request, err := c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	// Five minutes pass while the dialog is open.
	w.expire(request)
	w.must(w.Pinentry.Release())
	// The agent says so first or the portal; either way the page goes on to the portal's own.
	w.must(c.Do("follow the portal", func(ctx context.Context) error { return c.Until(ctx, "document.querySelector('#confirm-result')") }))
	c.failed("confirm.expired")

	// Nobody answers at all: the page says so by itself.
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hang}}))
	c.restart()
	request, err = c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	w.expire(request)
	c.failed("confirm.expired")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// expire lets a statement's five minutes be over.
func (w *World) expire(request string) {
	w.t.Helper()
	_, err := w.Query(w.t.Context(), fmt.Sprintf("UPDATE confirmations SET expires_at = now() - interval '1 second' WHERE request = '%s'", request))
	w.must(err)
}

// The page goes away while the agent's window is open: the agent stops by itself.
func TestFaultPageReloaded(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hang}}))
	request, err := c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	w.must(c.Do("reload", func(ctx context.Context) error {
		if err := c.Go(ctx, "/confirm/"+request); err != nil {
			return err
		}
		return c.Until(ctx, "document.querySelector('#confirm-result')")
	}))
	c.failed("agent.cancelled")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// The person takes it back on the page, by the button there.
func TestFaultWithdrawnOnPage(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English, func(o *Options) { o.Phone = true })
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hang}}))
	_, err := c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	w.must(c.Do("withdraw", func(ctx context.Context) error { return c.Click(ctx, "#confirm-cancel") }))
	c.failed("confirm.withdrawn")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// A page that is not the portal's gets nothing from the agent, and the agent does nothing for it.
func TestFaultForeignPage(t *testing.T) {
	w := Start(t)
	foreign := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte("<!DOCTYPE html><title>foreign</title>")) // the browser complains
	}))
	defer foreign.Close()
	r := w.Visitor(Few, func(o *Options) { o.Origin = foreign.URL })
	answer := ""
	w.must(r.Do("ask the agent from a foreign page", func(ctx context.Context) error {
		if err := r.Go(ctx, "/"); err != nil {
			return err
		}
		if err := r.Until(ctx, fmt.Sprintf(`(window.zaverAsked ||= Promise.allSettled([
			fetch(%[1]q + '/v1/hello'),
			fetch(%[1]q + '/v1/confirm', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}),
			fetch(%[1]q + '/v1/confirm', {method: 'POST', body: '{}'})
		]).then(all => { document.title = all.map(a => a.status).join() })) && document.title.includes('ed,')`, w.AgentURL())); err != nil {
			return err
		}
		var err error
		answer, err = r.Title()
		return err
	}))
	if answer != "rejected,rejected,rejected" {
		t.Errorf("a foreign page reads the agent's answers: %s", answer)
	}
	if c := strings.Join(r.Complaints(), "\n"); strings.Count(c, "CORS") < 3 {
		t.Errorf("the browser complains of something else: %s", c)
	}
	w.shown(0)
}

// Who types another name of this computer is led to the address that the agent knows.
func TestFaultOtherName(t *testing.T) {
	w := Start(t)
	c := w.Citizen(func(o *Options) { o.Origin = strings.Replace(w.Origin(), "127.0.0.1", "localhost", 1) })
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	_, err := c.Confirm("token")
	w.must(err)
	c.succeeded()
}

// Behind an address that the agent does not know, the page says that, and not that there is no agent.
func TestFaultOtherAddress(t *testing.T) {
	w := Start(t)
	to, err := url.Parse(w.Origin())
	w.must(err)
	tunnel := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	defer tunnel.Close()
	c := w.Citizen(func(o *Options) { o.Origin = tunnel.URL })
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	c.fails("token", "agent.origin")
	w.shown(0)

	c.Robot = w.Visitor(Few) // at the real address
	w.must(c.SignIn(c.p))
	_, err = c.Confirm("token")
	w.must(err)
	c.succeeded()
}
