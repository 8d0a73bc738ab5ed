// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"strings"
	"testing"
	"time"

	"zaver/portal/text"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/uec"
)

func TestFaultNoReader(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.must(w.Pcscd.Unplug(t.Context()))
	t.Cleanup(func() {
		if err := w.Pcscd.Plug(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c.fails("uec", "card.no_reader")
	w.must(w.Pcscd.Kill())
	c.restart()
	c.fails("uec", "card.no_service")

	w.must(w.Pcscd.Plug(t.Context()))
	w.GiveCard(c.p, pki.Good)
	w.Answers(c.p.PINs.Card2)
	c.succeeds("uec")
}

func TestFaultNoCard(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Card2)
	_, err := c.Confirm("uec")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=device]")
	said, err := c.Text()
	w.must(err)
	w.shows(said, w.phrase(text.Russian, "run.step.device_card"))
	w.must(c.Picture("no-card"))
	c.unchanged()
	w.GiveCard(c.p, pki.Good) // it goes on by itself
	c.succeeded()
}

func TestFaultCardPulled(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Card2)
	card := w.GiveCard(c.p, pki.Good)
	card.Inject(uec.Fault{INS: 0x2A, Action: uec.PullBefore})
	c.fails("uec", "card.removed")
	if n := card.Tries(uec.PIN2); n != uec.PINTries {
		t.Errorf("%d tries are left", n)
	}
	w.must(w.Insert(t.Context(), card))
	c.succeeds("uec")
}

func TestFaultWrongCardPIN(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English)
	card := w.GiveCard(c.p, pki.Good)
	w.Answers("999999", pinentry.Cancel)
	if result := c.fails("uec", "pin.wrong"); result.Tries != "Tries left: 2." {
		t.Errorf("the page says of the tries: %q", result.Tries)
	}
	shown := w.shown(3)
	if s := shown[2]; s.Error != "Wrong PIN. Tries left: 2." {
		t.Errorf("after a wrong PIN the dialog says %q", s.Error)
	}
	if n := card.Tries(uec.PIN2); n != 2 {
		t.Errorf("%d tries are left", n)
	}
	w.must(w.Pinentry.Forget())
	w.Answers(c.p.PINs.Card2)
	c.succeeds("uec")
	if s := w.shown(2)[1]; !strings.Contains(s.Text, "Tries left: 2") {
		t.Errorf("the dialog does not say how many tries are left: %q", s.Text)
	}
	if n := card.Tries(uec.PIN2); n != uec.PINTries {
		t.Errorf("%d tries are left after the right PIN", n)
	}
}

// Wrong until it blocks: the last try needs an extra yes, unblocking is offered, the page says what a blocked PIN needs.
func TestFaultBlockedCardPIN(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	card := w.GiveCard(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.OK, pinentry.Cancel}, PIN: []string{"999999"}}))
	c.fails("uec", "pin.blocked")
	shown := w.shown(6) // consent, PIN, PIN, last try, PIN, offer
	if last := shown[3]; last.Command != "CONFIRM" || !strings.Contains(last.Text, "последняя попытка") {
		t.Errorf("before the last try the dialog says %q", last.Text)
	}
	if offer := shown[5]; offer.Command != "CONFIRM" || !strings.Contains(offer.Text, "КРП") {
		t.Errorf("of a blocked PIN the dialog says %q", offer.Text)
	}
	// Blocked, it is not asked for any more.
	w.must(w.Pinentry.Forget())
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.Cancel}, PIN: []string{pinentry.Cancel}}))
	c.restart()
	c.fails("uec", "pin.blocked")
	w.shown(2)

	card.SetTries(uec.PIN2, uec.PINTries) // what КРП does
	w.Answers(c.p.PINs.Card2)
	c.succeeds("uec")
}

func TestFaultCardPastItsValidity(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Card2)
	card := w.GiveCard(c.p, pki.Good)
	now := time.Now()
	card.SetValidity(now.AddDate(-5, 0, 0), now.AddDate(0, 0, -2))
	c.fails("uec", "card.expired")
	w.shown(0)
	w.GiveCard(c.p, pki.Good) // the new card
	c.succeeds("uec")
}
