// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/softhsm-fixtures/pki"
)

// A computer that sleeps stops the timers and not the clock: a lid that was closed over the consent, or over the PIN, must not make the
// statement last longer. No PIN is asked, and none is shown to the carrier, once its time is over; nor by a clock that was put back before it began.
func TestConsentDoesNotOutliveTheStatement(t *testing.T) {
	for name, c := range map[string]struct {
		at    string // the step at which the clock jumps
		jump  time.Duration
		entry agent.PINEntry
		code  string // "" for confirmed
		pins  int    // PIN dialogs
		signs int
	}{
		"asleep over the consent":               {agent.StepConsent, 6 * time.Minute, agent.PINTyped, "statement.expired", 0, 0},
		"asleep over the consent, keypad":       {agent.StepConsent, 6 * time.Minute, agent.PINOnReader, "statement.expired", 0, 0},
		"asleep over the PIN":                   {agent.StepPIN, 6 * time.Minute, agent.PINTyped, "statement.expired", 1, 0},
		"asleep before the keypad":              {agent.StepSigning, 6 * time.Minute, agent.PINOnReader, "statement.expired", 0, 0},
		"asleep over the consent for a day":     {agent.StepConsent, 24 * time.Hour, agent.PINTyped, "statement.expired", 0, 0},
		"clock put back over the consent":       {agent.StepConsent, -time.Hour, agent.PINTyped, "statement.early", 0, 0},
		"clock put back over the PIN":           {agent.StepPIN, -time.Hour, agent.PINTyped, "statement.early", 1, 0},
		"a short nap over the consent":          {agent.StepConsent, time.Minute, agent.PINTyped, "", 1, 1},
		"a short nap over the PIN":              {agent.StepPIN, time.Minute, agent.PINTyped, "", 1, 1},
		"clock put right by half a minute back": {agent.StepConsent, -30 * time.Second, agent.PINTyped, "", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			k.credentials[0].Entry = c.entry
			p := &person{answers: []string{sayYes, right}}
			if c.entry != agent.PINTyped {
				p.answers = []string{sayYes}
			}
			var jumped atomic.Int64
			r := newRig(t, k, yes(), func(cfg *agent.Config) {
				cfg.Dialogs = p
				cfg.Now = func() time.Time { return time.Now().Add(time.Duration(jumped.Load())) }
			})
			op, err := r.agent.Begin(r.portal.URL, r.request)
			if err != nil {
				t.Fatal(err)
			}
			defer op.Close()
			last := op.Run(context.Background(), func(s agent.Step) {
				if s.Step == c.at {
					jumped.Store(int64(c.jump))
				}
			})
			if last.Code != c.code || c.code == "" && last.State != "confirmed" {
				t.Errorf("ended with %+v, want %q", last, c.code)
			}
			if len(p.given) != c.pins || k.signs != c.signs || len(r.portal.got) != c.signs {
				t.Errorf("%d PINs asked, %d signatures made, %d sent; want %d, %d", len(p.given), k.signs, len(r.portal.got), c.pins, c.signs)
			}
			if p.leftBehind() {
				t.Error("a PIN was not wiped")
			}
			var told []string
			if c.code != "" {
				told = []string{c.code}
			}
			if d := cmp.Diff(told, r.portal.cancelled); d != "" {
				t.Errorf("portal told: %s", d)
			}
		})
	}
}
