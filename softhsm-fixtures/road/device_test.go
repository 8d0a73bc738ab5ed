// SPDX-License-Identifier: Apache-2.0

package road

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/vpcd"
)

// openSC is the PKCS #11 module for cards that nobody here wrote (Debian: opensc-pkcs11).
const openSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

// GivePIV puts a PIV card into the second reader.
func (w *World) GivePIV(p people.Person, v pki.Variant, k pki.KeyKind) *piv.Card {
	w.t.Helper()
	c, err := w.PIVCard(p, v, k)
	w.must(err)
	w.must(w.InsertInto(w.t.Context(), 1, c))
	w.seen(1)
	return c
}

// seen waits until the card service shows a card in reader i: an agent that looks for tokens does not wait for one.
func (w *World) seen(i int) {
	w.t.Helper()
	w.must(w.until(fmt.Sprintf("a card is seen in reader %d", i), func() error {
		out, err := w.Command(w.t.Context(), "opensc-tool", "--list-readers").CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, w.Pcscd.Reader(i)) && strings.Contains(line, "Yes") {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("the readers: %s", out))
	}))
}

// Keypad has the agent talk to a card daemon of its own, with one reader that has a keypad, and the card in it. The person
// there does as said.
func (w *World) Keypad(card vpcd.Card, presses ...fakepcscd.Press) *fakepcscd.Reader {
	w.t.Helper()
	reader := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "Good Pad 00 00", Pad: fakepcscd.NewPad(fakepcscd.PadOptions{})})
	reader.Pad().Person(presses...)
	socket := filepath.Join(w.Dir, "keypad.socket")
	daemon, err := fakepcscd.Start(socket, fakepcscd.Options{}, reader)
	w.must(err)
	w.t.Cleanup(daemon.Kill)
	reader.Insert(card)
	w.reconfigure(func(s *stage.AgentSettings) { s.Cards = socket })
	return reader
}

// everyDevice is what signs on the road, how it is put in place, and what its PIN is.
var everyDevice = []struct {
	name, method string
	plug         func(w *World, p people.Person)
	pin          func(p people.Person) string // "" where no PIN may be typed
	english      bool
}{
	{"token with P-256", "token", token(pki.P256), tokenPIN, false},
	{"token with RSA", "token", token(pki.RSA2048), tokenPIN, true},
	{"token with GOST 256", "token", token(pki.GOST256), tokenPIN, false},
	{"token with GOST 512", "token", token(pki.GOST512), tokenPIN, true},
	{"UEC", "uec", func(w *World, p people.Person) { w.GiveCard(p, pki.Good) }, cardPIN, false},
	{"PIV with P-256", "token", pivCard(pki.P256), tokenPIN, true},
	{"PIV with P-384", "token", pivCard(pki.P384), tokenPIN, false},
	{"PIV with RSA", "token", pivCard(pki.RSA2048), tokenPIN, true},
	{"PIV that OpenSC's module shows, too", "token", func(w *World, p people.Person) {
		w.reconfigure(func(s *stage.AgentSettings) { s.Modules = append(slices.Clone(s.Modules), openSC) })
		w.GivePIV(p, pki.Good, pki.P256)
	}, tokenPIN, false},
	{"PIV in a reader with a keypad", "token", func(w *World, p people.Person) {
		card, err := w.PIVCard(p, pki.Good, pki.P256)
		w.must(err)
		w.Keypad(card, fakepcscd.Press{Digits: p.PINs.Token})
	}, func(people.Person) string { return "" }, false},
	{"UEC in a reader with a keypad", "uec", func(w *World, p people.Person) { // a keypad has no keys of the secure channel
		card, err := w.Card(p, pki.Good)
		w.must(err)
		w.Keypad(card)
	}, cardPIN, true},
}

func token(k pki.KeyKind) func(*World, people.Person) {
	return func(w *World, p people.Person) { w.GiveTokenOf(p, pki.Good, k) }
}

func pivCard(k pki.KeyKind) func(*World, people.Person) {
	return func(w *World, p people.Person) { w.GivePIV(p, pki.Good, k) }
}

func tokenPIN(p people.Person) string { return p.PINs.Token }
func cardPIN(p people.Person) string  { return p.PINs.Card2 }

// Each device through native messaging and the agent's own window, from the page to the result; the proof holds.
func TestNativeDevices(t *testing.T) {
	Start(t).Windowed()
	for _, d := range everyDevice {
		t.Run(d.name, func(t *testing.T) {
			w := Start(t)
			var edit []func(*Options)
			if d.english {
				edit = append(edit, English)
			}
			c := w.Native(edit...)
			d.plug(w, c.p)
			pin, dialogs := d.pin(c.p), 1
			if pin == "" {
				pin, dialogs = pinentry.Cancel, 0
			}
			w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}, PIN: []string{pin, pinentry.Cancel}}))
			request, err := c.Begin(d.method)
			w.must(err)
			control, err := robot.Ask[string](c.Robot, "document.querySelector('#control span').textContent")
			w.must(err)
			w.must(c.Sign())
			c.succeeded()
			w.shown(dialogs)
			c.windowAgrees(control)
			if _, rows, _ := w.windowShown(); len(rows) != 1 || !rows[0].Chosen {
				t.Errorf("one carrier, but these rows: %+v", rows)
			}
			if complaints := c.Complaints(); len(complaints) > 0 {
				t.Errorf("the browser complains: %q", complaints)
			}
			w.must(w.Later(t.Context(), request, d.method))
		})
	}
}
