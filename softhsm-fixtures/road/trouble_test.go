// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/windowplay"
)

// What goes wrong with a card on the way through native messaging and the window; afterwards the road is open.
func TestNativeCardTrouble(t *testing.T) {
	Start(t).Windowed()
	generalAuthenticate := byte(0x87)
	for _, x := range []struct {
		name, method, code string
		english            bool
		before             func(w *World, p people.Person) // makes the trouble
		after              func(w *World, p people.Person) // mends it
	}{
		{"UEC pulled while it signs", "uec", "card.removed", false, func(w *World, p people.Person) {
			w.GiveCard(p, pki.Good).Inject(uec.Fault{INS: 0x2A, Action: uec.PullBefore})
		}, func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }},
		{"UEC pulled when it has signed", "uec", "card.removed", true, func(w *World, p people.Person) {
			w.GiveCard(p, pki.Good).Inject(uec.Fault{INS: 0x2A, Action: uec.PullAfter})
		}, func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }},
		{"UEC with an answer changed on its way", "uec", "card.insecure", false, func(w *World, p people.Person) {
			w.GiveCard(p, pki.Good).Inject(uec.Fault{INS: 0x2A, Action: uec.WrongMAC})
		}, func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }},
		{"UEC of another person", "uec", "confirm.other_person", true, func(w *World, p people.Person) {
			w.GiveCard(p, pki.WrongSubject)
		}, func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }},
		{"UEC past its validity", "uec", "card.expired", false, func(w *World, p people.Person) {
			now := time.Now()
			w.GiveCard(p, pki.Good).SetValidity(now.AddDate(-5, 0, 0), now.AddDate(0, 0, -2))
		}, func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }},
		{"PIV pulled while it signs", "token", "card.removed", true, func(w *World, p people.Person) {
			w.GivePIV(p, pki.Good, pki.P256).Inject(chip.Fault{INS: generalAuthenticate, Action: chip.PullBefore})
		}, func(w *World, p people.Person) { w.GivePIV(p, pki.Good, pki.P256) }},
		{"PIV of another person", "token", "confirm.other_person", false, func(w *World, p people.Person) {
			w.GivePIV(p, pki.WrongSubject, pki.P256)
		}, func(w *World, p people.Person) { w.GivePIV(p, pki.Good, pki.P256) }},
		{"PIV with an expired certificate", "token", "token.cert_expired", true, func(w *World, p people.Person) {
			w.GivePIV(p, pki.Expired, pki.P256)
		}, func(w *World, p people.Person) { w.GivePIV(p, pki.Good, pki.P256) }},
		{"PIV in place of the UEC", "uec", "card.unsupported", false, func(w *World, p people.Person) {
			w.GivePIV(p, pki.Good, pki.P256)
		}, func(w *World, p people.Person) { w.RemoveCards(); w.GiveCard(p, pki.Good) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := Start(t)
			var edit []func(*Options)
			if x.english {
				edit = append(edit, English)
			}
			c := w.Native(edit...)
			pin := c.p.PINs.Token
			if x.method == "uec" {
				pin = c.p.PINs.Card2
			}
			w.Answers(pin)
			x.before(w, c.p)
			one := 0
			w.Plays(windowplay.Script{Row: &one}) // whatever it warns of
			c.fails(x.method, x.code)
			x.after(w, c.p)
			w.must(w.Window().Forget())
			c.succeeds(x.method)
		})
	}
}

// Without the terminal's key the UEC can't be used: the page says whom to ask, and the agent asks for no PIN.
func TestNativeTerminalMissing(t *testing.T) {
	w := Start(t)
	before := w.AgentSettings()
	w.reconfigure(func(s *stage.AgentSettings) { s.NoTerminal = true })
	c := w.Native()
	card := w.GiveCard(c.p, pki.Good)
	w.Answers(c.p.PINs.Card2)
	c.fails("uec", "card.terminal")
	w.shown(0)
	if n := card.Tries(uec.PIN2); n != uec.PINTries {
		t.Errorf("%d tries are left", n)
	}
	w.must(w.SetAgent(t.Context(), before))
	c.succeeds("uec")
}

// At the reader's keypad: wrong first, then right; or the red key.
func TestNativeKeypad(t *testing.T) {
	w := Start(t)
	c := w.Native(English)
	card, err := w.PIVCard(c.p, pki.Good, pki.P256)
	w.must(err)
	reader := w.Keypad(card, fakepcscd.Press{Cancel: true}, fakepcscd.Press{Digits: "999999"}, fakepcscd.Press{Digits: c.p.PINs.Token})
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{pinentry.Cancel}}))
	c.fails("token", "agent.declined")
	if n := card.Tries(piv.PIN); n != piv.DefaultTries {
		t.Errorf("%d tries are left after the red key", n)
	}
	w.must(w.Pinentry.Forget())
	c.succeeds("token")
	for _, s := range w.shown(2) { // consent, and a yes before the keypad is used once more
		if s.Command != "CONFIRM" {
			t.Errorf("a dialog at the computer asks for the PIN: %+v", s)
		}
	}
	if n := len(reader.Pad().Received()); n != 3 {
		t.Errorf("the keypad was used %d times", n)
	}
}

// The same account in a second tab: what the first one does there is told as busy, and goes on.
func TestNativeSecondTab(t *testing.T) {
	w := Start(t)
	w.Windowed()
	c := w.Native()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	w.Plays(windowplay.Script{AtRows: windowplay.Wait})
	c.consented("token")
	w.eventually("the window is open", func() bool { return w.windows() == 1 })

	// The newer request takes the first one's place at the portal; a page that hears so leaves, and its window goes: this one is deaf.
	w.must(c.Do("deafen", func(ctx context.Context) error {
		return c.Until(ctx, `(window.fetch = () => new Promise(() => {})) !== null`)
	}))
	first := *c
	second := w.open(shared.extended, Few, func(o *Options) { o.Tab = true })
	c.Robot = second
	c.fails("token", "agent.busy")
	if w.windows() != 1 {
		t.Errorf("%d windows are open", w.windows())
	}
	// The first tab goes away, and its window with it; then the second one's button works.
	first.Robot.Close()
	w.eventually("the window is closed", func() bool { return w.windows() == 0 })
	w.free()
	w.Plays(windowplay.Script{})
	c.retry()
	c.succeeded()
}

// The help page shows what the doctor finds, through each door and in each language, and a bundle without personal data.
func TestHelpShowsDoctor(t *testing.T) {
	for _, x := range []struct {
		door    string
		english bool
	}{{"native", false}, {"native", true}, {"loopback", false}, {"loopback", true}} {
		name := x.door + " ru"
		edit := []func(*Options){Few}
		if x.english {
			name, edit = x.door+" en", append(edit, English)
		}
		t.Run(name, func(t *testing.T) {
			w := Start(t)
			var c *Citizen
			if x.door == "native" {
				c = w.Native(edit...)
				w.must(w.Agent.Stop()) // who comes this way needs no other
			} else {
				c = w.Citizen(edit...)
			}
			w.GiveToken(c.p, pki.Good)
			w.GiveCard(c.p, pki.Good)
			w.must(c.Do("examine", func(ctx context.Context) error {
				if err := c.Go(ctx, "/help/agent"); err != nil {
					return err
				}
				if err := c.Until(ctx, "document.getElementById('agent-check').dataset.door === '"+x.door+"'"); err != nil {
					return err
				}
				if err := c.Press(ctx, "#agent-examine"); err != nil {
					return err
				}
				return c.Until(ctx, "document.querySelectorAll('#agent-report li').length > 3 && document.getElementById('agent-bundle').value.includes('zaver.doctor/v1')")
			}))
			w.must(c.Picture("doctor"))
			report, err := robot.Ask[string](c.Robot, "document.getElementById('agent-report').innerText")
			w.must(err)
			if cyrillic.MatchString(report) == x.english {
				t.Errorf("the report is in the other language: %s", report)
			}
			faults, err := robot.Ask[string](c.Robot, "[...document.querySelectorAll('#agent-report li')].filter(e => e.querySelector('.govuk-tag--red')).map(e => e.dataset.code).join(' ')")
			w.must(err)
			if faults != "" {
				t.Errorf("faults that there are not: %s", faults)
			}
			bundle, err := robot.Ask[string](c.Robot, "document.getElementById('agent-bundle').value")
			w.must(err)
			for _, secret := range []string{c.p.Surname, c.p.SNILS, c.p.Phone, c.p.PINs.Token, c.p.PINs.Card2} {
				if strings.Contains(bundle, secret) {
					t.Errorf("the bundle tells %q", secret)
				}
			}
			w.shown(0)
		})
	}
}
