// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/signature/challenge"
	"zaver/signature/pin"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
)

// nobody is a person who isn't there: a dialog would be a fault of the test.
type nobody struct{}

func (nobody) Confirm(context.Context, pinentry.Dialog) (pinentry.Answer, error) {
	return pinentry.No, errors.New("nobody is there")
}
func (nobody) PIN(context.Context, pinentry.Dialog) (*pin.PIN, error) {
	return nil, errors.New("nobody is there")
}

// Statements that must not be signed never reach carrier or person.
func TestBadStatements(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, p *portal)
		want  string
	}{
		{"one letter changed", func(_ *testing.T, p *portal) {
			p.tampered = func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("4815"), []byte("4816")) }
		}, "statement.forged"},
		{"another portal's key", func(t *testing.T, p *portal) { p.signer = newPortal(t).signer }, "statement.forged"},
		{"no signature", func(_ *testing.T, p *portal) {
			p.tampered = func(b []byte) []byte { return b[:bytes.Index(b, []byte("\n\n"))] }
		}, "statement.malformed"},
		{"a document", func(_ *testing.T, p *portal) {
			p.tampered = func([]byte) []byte { return []byte("Договор займа\n") }
		}, "statement.malformed"},
		{"a digest", func(_ *testing.T, p *portal) {
			p.tampered = func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
		}, "statement.malformed"},
		{"something behind", func(_ *testing.T, p *portal) { p.tampered = func(b []byte) []byte { return append(b, "\n"...) } }, "statement.malformed"},
		{"for another portal", func(_ *testing.T, p *portal) { p.statement.Origin = "https://other.example" }, "statement.origin"},
		{"for another request", func(_ *testing.T, p *portal) { p.statement.Request = "Rq-another0123456789" }, "statement.request"},
		{"expired", func(_ *testing.T, p *portal) {
			p.statement.Issued = p.statement.Issued.Add(-challenge.Life)
			p.statement.Expires = p.statement.Issued.Add(challenge.Life - time.Second)
		}, "statement.expired"},
		{"from the future", func(_ *testing.T, p *portal) {
			p.statement.Issued = p.statement.Issued.Add(time.Hour)
			p.statement.Expires = p.statement.Issued.Add(time.Minute)
		}, "statement.early"},
		{"for another purpose", func(_ *testing.T, p *portal) {
			p.statement.Purpose, p.statement.SNILS, p.statement.OGRN = challenge.ConfirmOrganisation, "", "1027700132195"
		}, "statement.purpose"},
		{"too long", func(_ *testing.T, p *portal) { p.tampered = func([]byte) []byte { return make([]byte, 1<<20) } }, agent.CodePortalAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
			c.spoil(t, r.portal)
			steps := r.run(t, t.Context())
			if got := steps[len(steps)-1]; got.Code != c.want || names(steps) != "statement failed" {
				t.Errorf("got %+v, want %s", steps, c.want)
			}
			if r.carrier.lists+r.carrier.signs+len(r.shown(t)) != 0 {
				t.Errorf("carrier asked %d times, person %d times", r.carrier.lists+r.carrier.signs, len(r.shown(t)))
			}
		})
	}
}

func TestBeginRefuses(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	for _, c := range []struct {
		name   string
		sender string
		spoil  func(*agent.Request)
		want   string
	}{
		{"foreign page", "https://evil.example", func(*agent.Request) {}, agent.CodeOrigin},
		{"foreign page that names itself", "https://evil.example", func(q *agent.Request) { q.Origin = "https://evil.example" }, agent.CodeOrigin},
		{"no page", "", func(*agent.Request) {}, agent.CodeOrigin},
		{"page names another portal", r.portal.URL, func(q *agent.Request) { q.Origin = "https://evil.example" }, agent.CodePortalUnknown},
		{"path in request", r.portal.URL, func(q *agent.Request) { q.Request = "../../../cancel/aaaa" }, agent.CodeRequest},
		{"empty request", r.portal.URL, func(q *agent.Request) { q.Request = "" }, agent.CodeRequest},
		{"ticket with a line", r.portal.URL, func(q *agent.Request) { q.Ticket = ticket + "\r\nX: y" }, agent.CodeRequest},
		{"unknown method", r.portal.URL, func(q *agent.Request) { q.Method = "passport" }, agent.CodeRequest},
		{"unknown language", r.portal.URL, func(q *agent.Request) { q.Language = "de" }, agent.CodeRequest},
	} {
		q := r.request
		c.spoil(&q)
		op, err := r.agent.Begin(c.sender, q)
		if op != nil || agent.CodeOf(err) != c.want {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if r.agent.Busy() || r.portal.fetched != 0 {
		t.Error("a refused request left traces")
	}
}

func TestBusy(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	first, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.agent.Begin(r.portal.URL, r.request); agent.CodeOf(err) != agent.CodeBusy {
		t.Errorf("second: %v", err)
	}
	first.Close()
	first.Close()
	second, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.agent.Begin(r.portal.URL, r.request); agent.CodeOf(err) != agent.CodeBusy {
		t.Errorf("closing twice freed another's place: %v", err)
	}
	second.Close()
}

// One request at a time over all processes of a person: another process that has the turn makes this one busy, and a
// request that ended gives the turn back exactly once.
func TestTurn(t *testing.T) {
	taken, given, elsewhere, broken := 0, 0, false, false
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"), func(c *agent.Config) {
		c.Turn = func() (func(), error) {
			if elsewhere {
				return nil, errors.New("held by another process")
			}
			if broken {
				return nil, &agent.Error{ErrorCode: agent.CodeInternal}
			}
			taken++
			return func() { given++ }, nil
		}
	})
	elsewhere = true
	if _, err := r.agent.Begin(r.portal.URL, r.request); agent.CodeOf(err) != agent.CodeBusy {
		t.Errorf("another process has the turn: %v", err)
	}
	if r.agent.Busy() {
		t.Error("a request that got no turn left the agent busy")
	}
	elsewhere, broken = false, true
	if _, err := r.agent.Begin(r.portal.URL, r.request); agent.CodeOf(err) != agent.CodeInternal {
		t.Errorf("no turn can be taken: %v", err)
	}
	broken = false
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.agent.Begin(r.portal.URL, r.request); agent.CodeOf(err) != agent.CodeBusy || taken != 1 {
		t.Errorf("second request: %v, %d turns taken", err, taken)
	}
	op.Close()
	op.Close()
	if taken != 1 || given != 1 {
		t.Errorf("%d turns taken, %d given back", taken, given)
	}
}

func TestTicketUsedTwice(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	r.run(t, t.Context())
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != "confirm.ticket_used" {
		t.Errorf("got %+v", got)
	}
	if r.carrier.signs != 1 {
		t.Errorf("%d signatures", r.carrier.signs)
	}
}

// What people and their dialogs do.
func TestPeople(t *testing.T) {
	for _, c := range []struct {
		name   string
		script scripted.Script
		tries  int
		code   string // of the failure; empty: confirmed
		left   int    // tries in the failure; -1: not told
		pins   int    // PIN dialogs
		signs  int
	}{
		{"says no", scripted.Script{Confirm: []string{scripted.Cancel}}, 3, agent.CodeDeclined, -1, 0, 0},
		{"says no to the PIN", scripted.Script{Confirm: []string{scripted.OK}, PIN: []string{scripted.Cancel}}, 3, agent.CodeDeclined, -1, 1, 0},
		{"does not answer", scripted.Script{Confirm: []string{scripted.Timeout}}, 3, agent.CodeTimeout, -1, 0, 0},
		{"dialog crashes", scripted.Script{Confirm: []string{scripted.Crash}}, 3, agent.CodePinentry, -1, 0, 0},
		{"PIN dialog crashes", scripted.Script{Confirm: []string{scripted.OK}, PIN: []string{scripted.Crash}}, 3, agent.CodePinentry, -1, 1, 0},
		{"dialog talks nonsense", scripted.Script{Confirm: []string{scripted.Garbage}}, 3, agent.CodePinentry, -1, 0, 0},
		{"wrong twice, then right after the extra yes", yes("0000", "1111", "12345678"), 3, "", -1, 3, 3},
		{"wrong three times", yes("0000"), 3, "pin.blocked", 0, 3, 3},
		{"stops after a wrong PIN", scripted.Script{Confirm: []string{scripted.OK}, PIN: []string{"0000", scripted.Cancel}}, 3, "pin.wrong", 2, 2, 1},
		{"stops after a wrong PIN, tries not told", scripted.Script{Confirm: []string{scripted.OK}, PIN: []string{"0000", scripted.Cancel}}, -1, "pin.wrong", -1, 2, 1},
		{"does not risk the last try", scripted.Script{Confirm: []string{scripted.OK, scripted.Cancel}, PIN: []string{"0000"}}, 2, "pin.wrong", 1, 1, 1},
		{"does not risk the only try", scripted.Script{Confirm: []string{scripted.OK, scripted.Cancel}, PIN: []string{"0000"}}, 1, agent.CodeDeclined, -1, 0, 0},
		{"types nothing first", yes("", "12345678"), 3, "", -1, 2, 1},
		{"wrong, tries not told", yes("0000", "12345678"), -1, "", -1, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			k.tries = c.tries
			r := newRig(t, k, c.script)
			steps := r.run(t, t.Context())
			last := steps[len(steps)-1]
			if last.Code != c.code || c.code == "" && last.State != "confirmed" {
				t.Errorf("got %+v, want code %q", last, c.code)
			}
			switch {
			case c.left < 0 && last.Tries != nil:
				t.Errorf("tries %d", *last.Tries)
			case c.left >= 0 && (last.Tries == nil || *last.Tries != c.left):
				t.Errorf("tries %v, want %d", last.Tries, c.left)
			}
			pins := 0
			for _, s := range r.shown(t) {
				if s.Command == "GETPIN" {
					pins++
				}
			}
			if pins != c.pins || k.signs != c.signs {
				t.Errorf("%d PIN dialogs, %d tries on the carrier; want %d, %d", pins, k.signs, c.pins, c.signs)
			}
			if c.code != "" {
				if d := cmp.Diff([]string{c.code}, r.portal.cancelled); d != "" {
					t.Errorf("portal told: %s", d)
				}
			}
		})
	}
}

// at has the agent judge statements at one moment, so that none of a short life expires while a slow machine gets to it.
func at(moment time.Time) func(*agent.Config) {
	return func(c *agent.Config) { c.Now = func() time.Time { return moment } }
}

// A dialog program that hangs past the person's own time limit is killed; the code names it, and the agent is free again.
func TestDialogHangs(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	r := newRig(t, newCarrier(t, pki.Good), scripted.Script{Confirm: []string{scripted.Hang}}, at(now))
	r.portal.statement.Issued, r.portal.statement.Expires = now.Add(-time.Minute), now.Add(3*time.Second)
	begun := time.Now()
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1].Code; got != agent.CodePinentry && got != agent.CodeTimeout {
		t.Errorf("got %s", got)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if r.agent.Busy() {
		t.Error("still busy")
	}
}

// What the person is told between tries.
func TestWordsBetweenTries(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("0000", "", "1111", "12345678"))
	r.run(t, t.Context())
	var got []string
	for _, s := range r.shown(t) {
		got = append(got, s.Command+": "+s.Error)
	}
	want := []string{"CONFIRM: ", "GETPIN: ", "GETPIN: Неверный ПИН-код. Осталось попыток: 2.",
		"GETPIN: ПИН-код не той длины или с недопустимыми знаками. Попытка не потрачена.",
		"CONFIRM: ", "GETPIN: Неверный ПИН-код. Осталось попыток: 1."}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if last := r.shown(t)[4]; !strings.Contains(last.Text, "последняя попытка") || last.OK != "Ввести ПИН-код" {
		t.Errorf("extra yes: %+v", last)
	}
}

// Carriers that fail: the code comes through, no PIN is asked again.
func TestCarrierFails(t *testing.T) {
	for _, c := range []struct {
		name       string
		list, sign error
		want       string
	}{
		{"no service", &agent.Error{ErrorCode: "card.no_service"}, nil, "card.no_service"},
		{"driver crashes", &agent.Error{ErrorCode: "token.crashed"}, nil, "token.crashed"},
		{"unknown fault", errors.New("out of luck"), nil, agent.CodeInternal},
		{"removed while signing", nil, &agent.Error{ErrorCode: "token.removed"}, "token.removed"},
		{"must change", nil, &pin.Error{Reason: pin.ReasonMustChange}, "pin.must_change"},
		{"cancelled on the keypad", nil, &pin.Error{Reason: pin.ReasonCancelled}, agent.CodeDeclined},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			k.listError, k.signError = c.list, c.sign
			r := newRig(t, k, yes("12345678"))
			steps := r.run(t, t.Context())
			if got := steps[len(steps)-1]; got.Code != c.want {
				t.Errorf("got %+v", got)
			}
			if len(r.portal.got) != 0 || k.signs > 1 {
				t.Errorf("%d sent, %d tries", len(r.portal.got), k.signs)
			}
		})
	}
	t.Run("signs with another key", func(t *testing.T) {
		k := newCarrier(t, pki.Good)
		k.wrongKey = true
		r := newRig(t, k, yes("12345678"))
		steps := r.run(t, t.Context())
		if got := steps[len(steps)-1]; got.Code != agent.CodeSignature || len(r.portal.got) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// A keypad that answers "wrong" without having asked anybody must not block the carrier by itself: each further try
// needs a yes, and the last one its own.
func TestLyingKeypadSpendsOneTry(t *testing.T) {
	for _, reason := range []pin.Reason{pin.ReasonWrong, pin.ReasonFormat} {
		k := newCarrier(t, pki.Good)
		k.credentials[0].Entry = agent.PINOnReader
		k.tries, k.signError = -1, &pin.Error{Reason: reason}
		r := newRig(t, k, scripted.Script{Confirm: []string{scripted.OK, scripted.OK, scripted.Cancel}})
		steps := r.run(t, t.Context())
		want := map[pin.Reason]string{pin.ReasonWrong: "pin.wrong", pin.ReasonFormat: agent.CodeDeclined}[reason]
		if got := steps[len(steps)-1]; got.Code != want || k.signs != 2 {
			t.Errorf("%s: got %+v after %d tries, want 2", reason, got, k.signs)
		}
		if d := r.shown(t); len(d) != 3 || d[1].OK != "Ещё раз" || !strings.Contains(d[1].Text, "«Токен Веры» ещё раз?") {
			t.Errorf("%s: shown %+v", reason, d)
		}
	}
}

func TestPortalDown(t *testing.T) {
	port, release, err := ports.Hold() // nobody listens there, and nobody will
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	origin := fmt.Sprintf("http://127.0.0.1:%d", port)
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"), func(c *agent.Config) {
		c.FetchPatience, c.Portals[0].Origin = 200*time.Millisecond, origin
	})
	r.request.Origin = origin
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodePortalUnreachable {
		t.Errorf("got %+v", got)
	}
}

// An outage while sending costs nothing: the same signature is sent until the portal is back.
func TestPortalOutageWhileSending(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	failures := 0
	r.portal.intercept = func(q *http.Request) int {
		if strings.Contains(q.URL.Path, "/response/") && failures < 3 {
			failures++
			return []int{http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusTooManyRequests}[failures-1]
		}
		return 0
	}
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.State != "confirmed" || failures != 3 {
		t.Errorf("got %+v after %d failures", got, failures)
	}
	if r.carrier.signs != 1 {
		t.Errorf("%d signatures made", r.carrier.signs)
	}
}

// The portal dies with the signature in its hands: the conflicts until it notices are waited out, others are final.
func TestPortalDiesWhileJudging(t *testing.T) {
	for _, c := range []struct {
		name      string
		dies      bool
		again     string // the portal's Retry-After with a conflict
		conflicts int
		patience  time.Duration // with conflicts
		want      agent.Step
		attempts  int
	}{
		{"dies, comes back, had let go", true, "1", 1, patience, agent.Step{Step: "done", State: "confirmed", Codes: []string{}}, 3},
		{"dies, never lets go", true, "1", 1 << 20, 300 * time.Millisecond, agent.Step{Step: "failed", Code: "confirm.conflict"}, 0},
		{"dies, another was judged", true, "", 1 << 20, patience, agent.Step{Step: "failed", Code: "confirm.conflict"}, 2},
		{"another is judged", false, "1", 1 << 20, patience, agent.Step{Step: "failed", Code: "confirm.conflict"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, newCarrier(t, pki.Good), yes("12345678"), func(cfg *agent.Config) { cfg.ConflictPatience = c.patience })
			inner, attempts := r.portal.Config.Handler, 0
			r.portal.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if !strings.Contains(q.URL.Path, "/response/") {
					inner.ServeHTTP(w, q)
					return
				}
				attempts++
				switch died := 0; {
				case c.dies && attempts == 1:
					panic(http.ErrAbortHandler) // the connection breaks off
				default:
					if c.dies {
						died = 1
					}
					if attempts-died <= c.conflicts {
						if c.again != "" {
							w.Header().Set("Retry-After", c.again)
						}
						w.WriteHeader(http.StatusConflict)
						_, _ = w.Write([]byte(`{"code":"confirm.conflict"}`))
						return
					}
					inner.ServeHTTP(w, q)
				}
			})
			steps := r.run(t, t.Context())
			if d := cmp.Diff(c.want, steps[len(steps)-1]); d != "" {
				t.Error(d)
			}
			if c.attempts > 0 && attempts != c.attempts {
				t.Errorf("%d attempts, want %d", attempts, c.attempts)
			}
		})
	}
}

// An outage that lasts until the statement expires.
func TestPortalGoneForGood(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"), at(now))
	r.portal.statement.Issued, r.portal.statement.Expires = now.Add(-time.Minute), now.Add(20*time.Second)
	inner, failures := r.portal.Config.Handler, 0
	r.portal.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !strings.Contains(q.URL.Path, "/response/") {
			inner.ServeHTTP(w, q)
			return
		}
		if failures++; failures > 3 {
			w.Header().Set("Retry-After", "30") // when the statement will have expired
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodePortalUnreachable || names(steps) != "statement consent pin signing sending failed" {
		t.Errorf("got %+v", steps)
	}
	if failures != 4 {
		t.Errorf("%d attempts, want 4", failures)
	}
	if r.portal.cancelled != nil {
		t.Error("a signature that was made was called off")
	}
}

func TestPortalAnswers(t *testing.T) {
	for _, c := range []struct{ verdict, want string }{
		{`{"state":"confirmed"}`, ""},
		{`{"state":"checking"}`, agent.CodePortalAnswer},
		{`<html>`, agent.CodePortalAnswer},
		{`{"state":"refused","codes":["<script>"]}`, agent.CodePortalAnswer},
		{``, agent.CodePortalAnswer},
	} {
		r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
		r.portal.verdict = c.verdict
		steps := r.run(t, t.Context())
		if got := steps[len(steps)-1]; got.Code != c.want {
			t.Errorf("%q: got %+v", c.verdict, got)
		}
	}
}

// A redirect is not followed: a ticket goes to the pinned portal only.
func TestNoRedirect(t *testing.T) {
	followed := make(chan struct{}, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed <- struct{}{} }))
	defer elsewhere.Close()
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	r.portal.Config.Handler = http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodePortalAnswer || len(followed) != 0 {
		t.Errorf("got %+v, followed %d", got, len(followed))
	}
}
