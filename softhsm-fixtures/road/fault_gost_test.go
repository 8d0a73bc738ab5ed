// SPDX-License-Identifier: Apache-2.0

package road

import (
	"strings"
	"testing"

	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
)

// GOSTToken makes a token with a key of the kind, whose driver has the options.
func (c *Citizen) GOSTToken(kind mint.Kind, options ...gosttoken.Option) *stage.Token {
	c.w.t.Helper()
	token, err := c.w.GOSTToken(c.w.t.Context(), c.p, pki.Good, kind, options...)
	c.w.must(err)
	return token
}

// Drivers differ in habits: the halves of a signature the other way round, the public key in an OCTET STRING.
func TestGOSTDriverHabits(t *testing.T) {
	for _, f := range []struct {
		name    string
		kind    mint.Kind
		options []gosttoken.Option
	}{
		{"halves reversed", mint.GOST256A, []gosttoken.Option{gosttoken.OrderRS}},
		{"value wrapped", mint.GOST512A, []gosttoken.Option{gosttoken.Wrapped}},
		{"both, on an Edwards curve", mint.GOST256TCA, []gosttoken.Option{gosttoken.OrderRS, gosttoken.Wrapped}},
	} {
		t.Run(f.name, func(t *testing.T) {
			w := Start(t)
			c := w.Citizen()
			w.Answers(c.p.PINs.Token)
			w.must(w.PlugIn(c.GOSTToken(f.kind, f.options...)))
			_, err := c.Confirm("token")
			w.must(err)
			c.succeeded()
		})
	}
}

// Wrong twice: the dialogs say so and ask about the last try, and the third PIN is right.
func TestFaultWrongGOSTPIN(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.must(w.PlugIn(c.GOSTToken(mint.GOST256A)))
	w.Answers("00000000", pinentry.Cancel)
	c.fails("token", "pin.wrong")
	if s := w.shown(3)[2]; !strings.HasPrefix(s.Error, "Неверный ПИН-код.") {
		t.Errorf("after a wrong PIN the dialog says %q", s.Error)
	}
	w.must(w.Pinentry.Forget())
	w.Answers("00000000", c.p.PINs.Token)
	c.succeeds("token")
	last := 0
	for _, s := range w.shown(4) {
		if s.Command == "CONFIRM" && strings.Contains(s.Text, "последняя попытка") {
			last++
		}
	}
	if last != 1 {
		t.Errorf("the last try was asked about %d times", last)
	}
}

// Wrong until it locks, and not unlocked by the administrator's PIN; then the right PIN is not even asked for.
func TestFaultLockedGOSTToken(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English)
	token := c.GOSTToken(mint.GOST512A)
	w.must(w.PlugIn(token))
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.OK, pinentry.Cancel}, PIN: []string{"00000000"}}))
	c.fails("token", "pin.blocked")
	w.must(w.Pinentry.Forget())
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.Cancel}, PIN: []string{pinentry.Cancel}}))
	c.restart()
	c.fails("token", "pin.blocked")
	w.shown(2)              // consent, and the offer
	w.must(w.PlugIn(token)) // unlocked: its copy counts anew
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// The token leaves between the consent and the PIN.
func TestFaultGOSTTokenPulled(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	token := c.GOSTToken(mint.GOST256A)
	w.must(w.PlugIn(token))
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{pinentry.Hold(c.p.PINs.Token)}}))
	_, err := c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=pin]")
	w.must(w.Pull())
	w.must(w.Pinentry.Release())
	c.failed("token.removed")
	w.must(w.PlugIn(token))
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// A key of the standard of 2001 is refused with that reason; beside a good one it is named and not offered.
func TestFaultKeyOf2001(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Token)
	old := c.GOSTToken(mint.GOST2001A)
	w.must(w.PlugIn(old))
	c.fails("token", "token.cert_legacy")
	w.shown(0)
	w.must(w.PlugIn(old, c.GOSTToken(mint.GOST256A)))
	c.succeeds("token")
	if s := w.shown(2)[0]; !strings.Contains(oneLine(s.Text), "ключ по старому стандарту 2001 года") {
		t.Errorf("the agent does not say why the old key is not offered: %s", s.Text)
	}
}
