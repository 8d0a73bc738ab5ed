// SPDX-License-Identifier: Apache-2.0

package road

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/text"
	"zaver/signature/challenge"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
)

func langOf(s string) text.Lang { return text.Lang(s) }

// applicant is a person with a standard account and no browser.
func (w *World) applicant(lang string) (v *walker, account string) {
	w.t.Helper()
	v = w.Walker(w.Person())
	w.must(v.become())
	v.lang = lang
	return v, w.newest()
}

// Who knocks at the agent's door and is not the portal's page.
func TestFaultDoor(t *testing.T) {
	w := Start(t)
	host := strings.TrimPrefix(w.AgentURL(), "http://")
	for _, f := range []struct {
		name, method, path, host, origin string
		status                           int
		code                             string
	}{
		{"foreign origin", "POST", "/v1/confirm", host, "https://portal.example", 403, "agent.origin"},
		{"foreign origin asks first", "OPTIONS", "/v1/confirm", host, "https://portal.example", 403, "agent.origin"},
		{"foreign origin looks whether it is there", "GET", "/v1/hello", host, "https://portal.example", 403, "agent.origin"},
		{"origin with another port", "GET", "/v1/hello", host, "http://127.0.0.1:1", 403, "agent.origin"},
		{"opaque origin", "POST", "/v1/confirm", host, "null", 403, "agent.origin"},
		{"no origin", "POST", "/v1/confirm", host, "", 403, "agent.origin"},
		{"wrong host", "POST", "/v1/confirm", "agent.example", w.Origin(), 421, "agent.host"},
		{"name that leads here", "GET", "/v1/hello", "localhost:" + host[strings.LastIndex(host, ":")+1:], w.Origin(), 421, "agent.host"},
	} {
		t.Run(f.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), f.method, w.AgentURL()+f.path, strings.NewReader("{}"))
			w.must(err)
			r.Host = f.host
			r.Header.Set("Content-Type", "application/json")
			if f.origin != "" {
				r.Header.Set("Origin", f.origin)
			}
			answer, err := http.DefaultClient.Do(r)
			w.must(err)
			defer answer.Body.Close()
			var body struct{ Code string }
			w.must(json.NewDecoder(answer.Body).Decode(&body))
			if answer.StatusCode != f.status || body.Code != f.code {
				t.Errorf("%d %s instead of %d %s", answer.StatusCode, body.Code, f.status, f.code)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("a page may read it: %s", name)
				}
			}
			catalogue, err := words()
			w.must(err)
			for _, lang := range text.Languages() {
				if happened, advice := catalogue.Code(lang, f.code, nil); happened == "" || advice == "" || !catalogue.Has(lang, f.code) {
					t.Errorf("no words for %s in %s", f.code, lang)
				}
			}
		})
	}
	w.shown(0)
	// The door still opens for the portal's page.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.AgentURL()+"/v1/hello", nil)
	w.must(err)
	r.Header.Set("Origin", w.Origin())
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Origin") != w.Origin() {
		t.Errorf("the portal's page gets %d", answer.StatusCode)
	}
}

// forger is a portal whose key the agent has pinned, and which lies.
type forger struct {
	t      *testing.T
	origin string
	note   func(request string) []byte
}

func (f *forger) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if request, ok := strings.CutPrefix(r.URL.Path, "/agent/v1/statement/"); ok {
		rw.Header().Set("Zaver-Submit", strings.Repeat("s", 43))
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if _, err := rw.Write(f.note(request)); err != nil {
			f.t.Error(err)
		}
		return
	}
	_, _ = io.WriteString(rw, "{}") // the agent says farewell
}

// Statements that the real agent must not show to anybody.
func TestFaultStatements(t *testing.T) {
	w := Start(t)
	p := w.Person()
	w.GiveToken(p, pki.Good)
	w.Answers(p.PINs.Token)
	liar := &forger{t: t}
	server := httptest.NewServer(liar)
	defer server.Close()
	liar.origin = server.URL
	private, public, err := challenge.GenerateKey("liar")
	w.must(err)
	stranger, _, err := challenge.GenerateKey("liar")
	w.must(err)
	w.reconfigure(func(s *stage.AgentSettings) {
		s.Portals = []map[string]string{{"name": "liar", "origin": server.URL, "key": public}}
	})
	for _, f := range []struct {
		name, code string
		key        string
		edit       func(*challenge.Statement)
		garble     func([]byte) []byte
	}{
		{"signed by another key", "statement.forged", stranger, nil, nil},
		{"a word changed", "statement.forged", private, nil, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("4815"), []byte("1623")) }},
		{"not signed", "statement.malformed", private, nil, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("\n— "))+1] }},
		{"expired", "statement.expired", private, func(s *challenge.Statement) {
			s.Issued, s.Expires = s.Issued.Add(-time.Hour), s.Expires.Add(-time.Hour)
		}, nil},
		{"from the future", "statement.early", private, func(s *challenge.Statement) { s.Issued, s.Expires = s.Issued.Add(time.Hour), s.Expires.Add(time.Hour) }, nil},
		{"of another portal", "statement.origin", private, func(s *challenge.Statement) { s.Origin = "https://portal.example" }, nil},
		{"of another request", "statement.request", private, func(s *challenge.Statement) { s.Request = strings.Repeat("x", 32) }, nil},
	} {
		t.Run(f.name, func(t *testing.T) {
			liar.note = func(request string) []byte {
				note := w.forge(f.key, liar.origin, request, p, f.edit)
				if f.garble != nil {
					note = f.garble(note)
				}
				return note
			}
			if step := w.ask(server.URL); step.Step != "failed" || step.Code != f.code {
				t.Errorf("the agent says %+v instead of %s", step, f.code)
			}
		})
	}
	w.shown(0)
}

// forge writes a statement about a person.
func (w *World) forge(key, origin, request string, p people.Person, edit func(*challenge.Statement)) []byte {
	w.t.Helper()
	signer, err := challenge.NewSigner(key)
	w.must(err)
	now := time.Now().UTC().Truncate(time.Second)
	s := challenge.Statement{Purpose: challenge.ConfirmIdentity, Origin: origin, Request: request, Issued: now, Expires: now.Add(challenge.Life),
		Account: "+7 900 ***-**-01", Holder: p.FullName(), SNILS: ident.SNILS(p.SNILS), ControlCode: "4815"}
	_, _ = rand.Read(s.Nonce[:])
	if edit != nil {
		edit(&s)
	}
	note, err := challenge.Sign(s, signer)
	w.must(err)
	return note
}

// step is a line of the agent's answer.
type step struct {
	Step, State, Code string
	Codes             []string
}

// ask hands the agent a request, as a page of that origin would, and gives its last word.
func (w *World) ask(origin string) step {
	w.t.Helper()
	order, err := json.Marshal(map[string]string{"origin": origin, "request": strings.Repeat("r", 32), "ticket": strings.Repeat("t", 43), "method": "token", "lang": "ru"})
	w.must(err)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.AgentURL()+"/v1/confirm", bytes.NewReader(order))
	w.must(err)
	r.Header.Set("Origin", origin)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	var last step
	for lines := json.NewDecoder(answer.Body); ; {
		if err := lines.Decode(&last); err != nil {
			return last
		}
	}
}

func TestFaultTicketTwice(t *testing.T) {
	w := Start(t)
	v, account := w.applicant("ru")
	before := w.accountRow(account)
	h := v.begin()
	h.fetch()
	for lang := range map[string]bool{"ru": true, "en": true} {
		v.lang = lang
		got, err := h.call(http.MethodGet, "statement", "Ticket "+h.ticket, "", nil)
		w.must(err)
		if got.status != http.StatusConflict || got.Code != "confirm.ticket_used" || got.header.Get("Zaver-Submit") != "" {
			t.Errorf("the second use gives %d %s", got.status, got.raw)
		}
		w.shows(got.Message, w.phrase(langOf(lang), "confirm.ticket_used"))
	}
	if after := w.accountRow(account); after != before {
		t.Error("the account changed")
	}
	// The first use goes on undisturbed.
	got, err := h.respond(w.sign(w.identity(pki.Order{Person: v.p}), h.statement))
	w.must(err)
	if got.State != "confirmed" {
		t.Errorf("the first use ends with %d %s", got.status, got.raw)
	}
}

func TestFaultOtherBytes(t *testing.T) {
	w := Start(t)
	v, account := w.applicant("ru")
	id := w.identity(pki.Order{Person: v.p})
	h := v.begin()
	h.fetch()
	h.refused(w.sign(id, append(bytes.Clone(h.statement), '\n')), account, "statement.content")
	// Bytes that the portal issued, but for another confirmation: a replay.
	old := h.statement
	h = v.begin()
	h.fetch()
	h.refused(w.sign(id, old), account, "statement.content")
	v.confirmed(id)
}

func TestFaultTwoSigners(t *testing.T) {
	w := Start(t)
	v, account := w.applicant("en")
	id := w.identity(pki.Order{Person: v.p})
	h := v.begin()
	h.fetch()
	h.refused(w.signTwice(h.statement, id, w.identity(pki.Order{Person: people.Entrepreneur()})), account, "cms.signers")
	v.confirmed(id)
}

// What an agent with a wrong clock, or none of ours, might let pass.
func TestFaultExpiredCertificateAtPortal(t *testing.T) {
	w := Start(t)
	v, account := w.applicant("ru")
	h := v.begin()
	h.fetch()
	h.refused(w.sign(w.identity(pki.Order{Person: v.p, Variant: pki.Expired}), h.statement), account, "sig.cert_expired")
	v.confirmed(w.identity(pki.Order{Person: v.p}))
}

// The same signature two hundred times at once: one is judged.
func TestFaultManyAtOnce(t *testing.T) {
	w := Start(t)
	v, account := w.applicant("ru")
	h := v.begin()
	h.fetch()
	der := w.sign(w.identity(pki.Order{Person: v.p}), h.statement)
	asked := w.PKI.Authority(pki.CA).Requests(pki.OCSP)
	const many = 200
	replies, errs := make([]reply, many), make([]error, many)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range many {
		all.Go(func() {
			<-start
			replies[i], errs[i] = h.respond(der)
		})
	}
	close(start)
	all.Wait()
	count := map[string]int{}
	for i, got := range replies {
		w.must(errs[i])
		count[fmt.Sprint(got.status, " ", got.Code, got.State)]++
	}
	// Who asks while it is judged gets a conflict; who asks later, the result again.
	if count["200 confirmed"] == 0 || count["200 confirmed"]+count["409 confirm.conflict"] != many {
		t.Errorf("answers: %v", count)
	}
	if n := w.PKI.Authority(pki.CA).Requests(pki.OCSP) - asked; n != 1 {
		t.Errorf("the certificate was looked up %d times", n)
	}
	traces, err := w.Query(t.Context(), fmt.Sprintf(`SELECT (SELECT count(*) FROM evidence WHERE request = '%[1]s'),
		(SELECT count(*) FROM audit_records WHERE object LIKE '%%%[1]s'), (SELECT state FROM confirmations WHERE request = '%[1]s'),
		(SELECT count(*) FROM events WHERE account_id = '%[2]s' AND kind = 'event.confirmed')`, h.request, account))
	w.must(err)
	if traces != "1|1|confirmed|1" {
		t.Errorf("evidence, audit records, state, events: %s", traces)
	}
}
