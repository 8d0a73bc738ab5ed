// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/signature/algo"
	"zaver/signature/pin"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
)

// twins are two carriers of one name and one certificate. After the first wrong PIN the source offers the other one, as package token does when the
// first has only its last try left.
type twins struct {
	*carrier
	shownTo []any // the carriers that were given a PIN, in order
}

func (w *twins) List(ctx context.Context) ([]agent.Credential, error) {
	all, err := w.carrier.List(ctx)
	if err != nil {
		return nil, err
	}
	first, second := all[0], all[0]
	first.PIN, second.PIN = "first", "second"
	second.Tries = pin.Unknown()
	if len(w.shownTo) > 0 {
		return []agent.Credential{second}, nil
	}
	return []agent.Credential{first}, nil
}

func (w *twins) Sign(ctx context.Context, x agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	w.shownTo = append(w.shownTo, x.PIN)
	return w.carrier.Sign(ctx, x, p, a, digest)
}

// The person chose one carrier: no later try goes to its twin, whatever the source offers then, and the last try is still told of.
func TestNextTryStaysWithTheCarrier(t *testing.T) {
	w := &twins{carrier: newCarrier(t, pki.Good)}
	w.tries = 2
	p := &person{answers: []string{sayYes, "0", sayYes, right}}
	r := newRig(t, w.carrier, yes(), func(c *agent.Config) {
		c.Dialogs, c.Sources = p, map[agent.Method]agent.Source{agent.MethodToken: w}
	})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.State != "confirmed" {
		t.Errorf("got %+v", got)
	}
	if d := cmp.Diff([]any{"first", "first"}, w.shownTo); d != "" {
		t.Errorf("PINs went to: %s", d)
	}
	has(t, "question before the last try", p.said(2), "последняя попытка")
}

// counting is a keeper that counts how often its PINs are listed.
type counting struct {
	*keeping
	asked atomic.Int32
}

func (c *counting) PINs(ctx context.Context) ([]agent.PINState, error) {
	c.asked.Add(1)
	return c.keeping.PINs(ctx)
}

// However many certificates stand behind a blocked PIN, the carriers are asked for their PINs once to sort them: a listing may take seconds, and
// the statement lives five minutes.
func TestPINsAreListedOnceForAllCertificates(t *testing.T) {
	k := &counting{keeping: &keeping{carrier: newCarrier(t, pki.Good, pki.Good, pki.Good, pki.Good, pki.Good), by: agent.ByKRP, secretTries: 3}}
	k.tries = 0
	r := newRig(t, k.carrier, scripted.Script{Confirm: []string{scripted.Cancel}}, func(c *agent.Config) {
		c.Sources = map[agent.Method]agent.Source{agent.MethodToken: k}
	})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodeDeclined {
		t.Errorf("got %+v", got)
	}
	if n := k.asked.Load(); n != 1 {
		t.Errorf("PINs were listed %d times", n)
	}
}

// A try that was spent is told of, also when the person ended the request while the carrier compared.
func TestSpentTryIsToldOfThoughThePersonDeclined(t *testing.T) {
	for name, c := range map[string]struct {
		left int
		code string
	}{"wrong": {3, "pin.wrong"}, "blocked": {1, "pin.blocked"}} {
		t.Run(name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			k.tries = c.left
			p := &person{answers: []string{sayYes, "0"}}
			if c.left == 1 {
				p.answers = []string{sayYes, sayYes, "0"}
			}
			r := newRig(t, k, yes(), func(cfg *agent.Config) {
				cfg.Dialogs, cfg.Sources = p, map[agent.Method]agent.Source{agent.MethodToken: slow{card{k}}}
			})
			ctx, leave := context.WithCancelCause(t.Context())
			defer leave(nil)
			op, err := r.agent.Begin(r.portal.URL, r.request)
			if err != nil {
				t.Fatal(err)
			}
			defer op.Close()
			last := op.Run(ctx, func(s agent.Step) {
				if s.Step == agent.StepSigning {
					leave(&agent.Error{ErrorCode: agent.CodeDeclined, Cause: errors.New("the person ended it")})
				}
			})
			if last.Code != c.code || last.Tries == nil || *last.Tries != c.left-1 {
				t.Errorf("got %+v, want %s", last, c.code)
			}
		})
	}
}

// forgetful is a carrier that tells its tries when it is listed first, neither after a wrong PIN nor later: it can't be listed again.
type forgetful struct{ *carrier }

func (f forgetful) Sign(ctx context.Context, x agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	sig, err := f.carrier.Sign(ctx, x, p, a, digest)
	if refused, isPIN := errors.AsType[*pin.Error](err); isPIN {
		f.listError = &agent.Error{ErrorCode: "card.busy"}
		return nil, &pin.Error{Reason: refused.Reason, Tries: pin.Unknown()}
	}
	return sig, err
}

// After a wrong PIN the number of tries from before is not told as what is left.
func TestOldTriesAreNotTold(t *testing.T) {
	f := forgetful{newCarrier(t, pki.Good)}
	p := &person{answers: []string{sayYes, "0", right}}
	r := newRig(t, f.carrier, yes(), func(c *agent.Config) {
		c.Dialogs, c.Sources = p, map[agent.Method]agent.Source{agent.MethodToken: f}
	})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.State != "confirmed" {
		t.Errorf("got %+v", got)
	}
	has(t, "first PIN dialog", p.said(1), "Осталось попыток: 3")
	has(t, "second PIN dialog", p.said(2), "Неверный ПИН-код -Осталось")
}
