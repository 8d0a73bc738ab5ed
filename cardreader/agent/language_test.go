// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/pki"
)

// listening remembers in which language a keypad would speak.
type listening struct {
	*carrier
	heard words.Language
}

func (l *listening) Sign(ctx context.Context, c agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	l.heard = words.Of(ctx)
	return l.carrier.Sign(ctx, c, p, a, digest)
}

// caring does the same where a PIN is changed.
type caring struct {
	*keeping
	heard words.Language
}

func (c *caring) ChangePIN(ctx context.Context, s agent.PINState, old, fresh *pin.PIN) error {
	c.heard = words.Of(ctx)
	return c.keeping.ChangePIN(ctx, s, old, fresh)
}

// A keypad speaks the language of the page, or of the command that was given.
func TestKeypadHearsTheLanguage(t *testing.T) {
	for _, l := range []words.Language{words.Russian, words.English} {
		t.Run("signature, "+string(l), func(t *testing.T) {
			source := &listening{carrier: newCarrier(t, pki.Good)}
			source.credentials[0].Entry = agent.PINOnReader
			r := newRig(t, source.carrier, yes(), func(c *agent.Config) { c.Sources[agent.MethodToken] = source })
			r.request.Language = l
			if steps := r.run(t, t.Context()); steps[len(steps)-1].State != "confirmed" || source.heard != l {
				t.Errorf("heard %q; %+v", source.heard, steps)
			}
		})
		t.Run("change of a PIN, "+string(l), func(t *testing.T) {
			k := &caring{keeping: &keeping{carrier: &carrier{pin: "12345678", tries: 3}, state: agent.PINState{Entry: agent.PINOnReader}}}
			p := &person{answers: []string{sayYes}}
			pins, err := k.PINs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := (agent.Guide{Dialogs: p, Language: l}).Run(t.Context(), k, pins[1], agent.TaskChange); err != nil || k.heard != l {
				t.Errorf("heard %q, %v", k.heard, err)
			}
		})
	}
	if got := words.Of(t.Context()); got != words.Russian {
		t.Errorf("nobody said: %q", got)
	}
	if got := words.Of(words.To(t.Context(), "de")); got != words.Russian {
		t.Errorf("a language that is not spoken: %q", got)
	}
}
