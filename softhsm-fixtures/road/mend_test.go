// SPDX-License-Identifier: Apache-2.0

package road

import (
	"strings"
	"testing"

	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/uec"
)

// counted is a carrier whose tries a test can set and see.
type counted struct {
	name, method string
	// plug puts it in place with so many tries left of its PIN.
	plug func(w *World, p people.Person, tries int) (left func() int)
	pin  func(p people.Person) string
	// secret unblocks it, by the name that the dialogs give it.
	secret, named string
	fresh         string // a new PIN that it takes
	english       bool
}

func carriers() []counted {
	return []counted{
		{"UEC", "uec", func(w *World, p people.Person, tries int) func() int {
			c := w.GiveCard(p, pki.Good)
			c.SetTries(uec.PIN2, tries)
			return func() int { return c.Tries(uec.PIN2) }
		}, cardPIN, "12121212", "(КРП)", "135790", false},
		{"PIV", "token", func(w *World, p people.Person, tries int) func() int {
			c := w.GivePIV(p, pki.Good, pki.P256)
			c.SetTries(piv.PIN, tries)
			return func() int { return c.Tries(piv.PIN) }
		}, tokenPIN, "12121212", "PUK", "24680246", true},
		{"token", "token", func(w *World, p people.Person, tries int) func() int {
			w.GiveToken(p, pki.Good)
			m := w.Driver(faultmodule.Tries(3))
			w.must(m.SetTries(tries))
			return m.Tries
		}, tokenPIN, "87654321", "администратора", "24680246", false},
	}
}

func (d counted) edit() []func(*Options) {
	if d.english {
		return []func(*Options){English}
	}
	return nil
}

// hasTries checks the carrier's own count.
func (w *World) hasTries(left func() int, want int) {
	w.t.Helper()
	if n := left(); n != want {
		w.t.Errorf("%d tries are left instead of %d", n, want)
	}
}

// A blocked PIN is unblocked on the way, by КРП, PUK or the administrator's PIN, and the road goes on with the new PIN.
func TestNativeUnblock(t *testing.T) {
	for _, d := range carriers() {
		t.Run(d.name, func(t *testing.T) {
			w := Start(t)
			c := w.Native(d.edit()...)
			left := d.plug(w, c.p, 0)
			w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.OK, pinentry.Cancel},
				PIN: []string{"00000000", d.fresh, d.secret, d.fresh, d.fresh, pinentry.Cancel}}))
			_, err := c.Confirm(d.method)
			w.must(err)
			c.succeeded()
			shown := w.shown(7) // consent, offer, wrong secret, new PIN, secret, new PIN, the PIN
			if offer := shown[1]; offer.Command != "CONFIRM" || !d.english && !strings.Contains(offer.Text, d.named) {
				t.Errorf("the offer says %q", offer.Text)
			}
			if again := shown[4]; again.Error == "" {
				t.Errorf("after a wrong secret the dialog says %+v", again)
			}
			if fresh := shown[5]; fresh.Repeat == "" {
				t.Errorf("the new PIN is asked once: %+v", fresh)
			}
			w.hasTries(left, 3)
		})
	}
}

// One try is left: it needs an extra yes. A no leaves it where it was, and the page says that it was the person.
func TestNativeLastTry(t *testing.T) {
	for _, d := range carriers() {
		t.Run(d.name, func(t *testing.T) {
			w := Start(t)
			c := w.Native(d.edit()...)
			left := d.plug(w, c.p, 1)
			w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.Cancel}, PIN: []string{pinentry.Cancel}}))
			c.fails(d.method, "agent.declined")
			w.shown(2)
			w.hasTries(left, 1)

			w.must(w.Pinentry.Forget())
			w.Answers(d.pin(c.p))
			c.succeeds(d.method)
			if last := w.shown(3)[1]; last.Command != "CONFIRM" || !strings.Contains(strings.ToLower(last.Text), map[bool]string{false: "последняя попытка", true: "one try is left"}[d.english]) {
				t.Errorf("before the last try the dialog says %q", last.Text)
			}
			w.hasTries(left, 3)
		})
	}
}

// Wrong, then right: the dialog says so, and how many tries are left.
func TestNativeWrongThenRight(t *testing.T) {
	for _, d := range carriers() {
		t.Run(d.name, func(t *testing.T) {
			w := Start(t)
			c := w.Native(d.edit()...)
			left := d.plug(w, c.p, 3)
			w.Answers("999999", d.pin(c.p))
			_, err := c.Confirm(d.method)
			w.must(err)
			c.succeeded()
			if s := w.shown(3)[2]; s.Error == "" || d.name != "token" && !strings.Contains(s.Error, "2") {
				t.Errorf("after a wrong PIN the dialog says %q", s.Error)
			}
			w.hasTries(left, 3)
		})
	}
}
