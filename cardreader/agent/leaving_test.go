// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/signature/algo"
	"zaver/signature/pin"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/windowplay"
)

// Whatever reason a door has for the end of a request (the end of its input, a message that has no place), to the portal and the person
// the page went away, at whichever step: it is no fault of the agent's, and nobody is shown one.
func TestPageGoesAwayForAReason(t *testing.T) {
	for name, reason := range map[string]error{"end of input": io.EOF, "cut in a message": io.ErrUnexpectedEOF, "another": errors.New("another"), "none": nil} {
		for _, at := range []string{agent.StepDevice, agent.StepConsent, agent.StepPIN} {
			t.Run(name+" at "+at, func(t *testing.T) {
				k := newCarrier(t, pki.Good)
				if at == agent.StepDevice {
					k.in = make(chan struct{})
				}
				script := windowplay.Script{}
				if at == agent.StepConsent {
					script.AtRows = windowplay.Wait
				}
				r, w := windowed(t, card{k}, script, &person{}, func(c *agent.Config) { c.Dialogs = hangs(t) })
				r.request.Method = agent.MethodUEC
				ctx, leave := context.WithCancelCause(t.Context())
				defer leave(nil)
				op, err := r.agent.Begin(r.portal.URL, r.request)
				if err != nil {
					t.Fatal(err)
				}
				defer op.Close()
				last := op.Run(ctx, func(s agent.Step) {
					if s.Step == at {
						leave(reason)
					}
				})
				if last.Code != agent.CodeCancelled {
					t.Errorf("got %+v", last)
				}
				if d := cmp.Diff([]string{agent.CodeCancelled}, r.portal.cancelled); d != "" {
					t.Errorf("portal told: %s", d)
				}
				if _, said := seen(t, w, false); strings.Contains(strings.Join(said, " "), "bad:") {
					t.Errorf("the window still says %q", said)
				}
			})
		}
	}
}

// hangs is a person who answers no PIN dialog.
func hangs(t *testing.T) agent.Dialogs {
	t.Helper()
	script, err := scripted.New(t.TempDir(), fakeProgram, scripted.Script{Confirm: []string{scripted.Hang}, PIN: []string{scripted.Hang}})
	if err != nil {
		t.Fatal(err)
	}
	return dialogsOf(t, script)
}

// slow is a carrier whose signature comes after its context ended, as of a card that can't be called off.
type slow struct{ card }

func (s slow) Sign(ctx context.Context, c agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	<-ctx.Done()
	return s.card.Sign(context.WithoutCancel(ctx), c, p, a, digest)
}

// Who declines in the window while the carrier signs has declined: what the carrier makes after that goes nowhere.
func TestWindowCancelsSigning(t *testing.T) {
	k := newCarrier(t, pki.Good)
	k.credentials[0].Entry = agent.PINOnReader
	r, _ := windowed(t, slow{card{k}}, windowplay.Script{AtProgress: windowplay.Cancel}, &person{})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodeDeclined || k.signs != 1 || len(r.portal.got) != 0 {
		t.Errorf("got %+v; %d signatures made, %d sent", got, k.signs, len(r.portal.got))
	}
	if d := cmp.Diff([]string{agent.CodeDeclined}, r.portal.cancelled); d != "" {
		t.Errorf("portal told: %s", d)
	}
}

// At a terminal the end of the request is the person's own: at whichever step it comes, they declined, and nothing is sent.
func TestPersonEndsRequest(t *testing.T) {
	for _, at := range []string{agent.StepStatement, agent.StepConsent, agent.StepPIN, agent.StepSigning} {
		t.Run(at, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			p := &person{answers: []string{sayYes}}
			var s agent.Source = k
			switch at {
			case agent.StepPIN:
				p = nil
			case agent.StepSigning:
				k.credentials[0].Entry = agent.PINOnReader
				s = slow{card{k}}
			}
			r := newRig(t, k, scripted.Script{Confirm: []string{scripted.OK}, PIN: []string{scripted.Hang}}, func(c *agent.Config) {
				c.Sources = map[agent.Method]agent.Source{agent.MethodToken: s}
				if p != nil {
					c.Dialogs = p
				}
			})
			ctx, leave := context.WithCancelCause(t.Context())
			defer leave(nil)
			if at == agent.StepStatement {
				r.portal.intercept = func(*http.Request) int {
					leave(&agent.Error{ErrorCode: agent.CodeDeclined})
					return http.StatusServiceUnavailable
				}
			}
			op, err := r.agent.Begin(r.portal.URL, r.request)
			if err != nil {
				t.Fatal(err)
			}
			defer op.Close()
			last := op.Run(ctx, func(step agent.Step) {
				if step.Step == at && at != agent.StepStatement {
					leave(&agent.Error{ErrorCode: agent.CodeDeclined})
				}
			})
			if last.Code != agent.CodeDeclined || len(r.portal.got) != 0 {
				t.Errorf("got %+v, %d signatures sent", last, len(r.portal.got))
			}
		})
	}
}

// A page that goes away while the carrier signs has said nothing against it: the signature exists, and the portal gets it.
func TestPageGoesAwayWhileSigning(t *testing.T) {
	k := newCarrier(t, pki.Good)
	k.credentials[0].Entry = agent.PINOnReader
	r, _ := windowed(t, slow{card{k}}, windowplay.Script{}, &person{})
	ctx, leave := context.WithCancelCause(t.Context())
	defer leave(nil)
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepSigning {
			leave(io.EOF)
		}
	})
	if last.State != "confirmed" || len(r.portal.got) != 1 {
		t.Errorf("got %+v, %d signatures sent", last, len(r.portal.got))
	}
}
