// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/card"
	"zaver/cardreader/cardtest"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

func TestTries(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	for n, want := range map[int]pin.Tries{3: pin.Left(3), 1: pin.Left(1), 0: pin.Blocked()} {
		v.SetTries(uec.PIN2, n)
		for range 3 { // asking costs nothing
			if got, err := c.Tries(t.Context(), "PIN2"); err != nil || got != want {
				t.Errorf("%d tries are read as %s, %v", n, got, err)
			}
		}
	}
	for _, sw := range [][]byte{{0x90, 0x00}, {0x67, 0x00}, {0x69, 0x85}} {
		v.Inject(uec.Fault{INS: 0x20, Action: uec.Answer, Answer: sw})
		if got, err := c.Tries(t.Context(), "PIN2"); err != nil || got != pin.Unknown() {
			t.Errorf("%X is read as %s, %v", sw, got, err)
		}
	}
	v.Inject(uec.Fault{INS: 0x20, Action: uec.Answer, Answer: []byte{0x69, 0x84}})
	_, err := c.Tries(t.Context(), "PIN2")
	wantPIN(t, err, pin.ReasonNotInitialised, pin.Unknown(), "PIN2")
}

func TestWrongPIN(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	sign := func(digits string) error {
		_, err := c.Sign(t.Context(), newPIN(digits), gost256(t), digestOf("x"))
		return err
	}
	wantPIN(t, sign("000000"), pin.ReasonWrong, pin.Left(2), "PIN2")
	wantPIN(t, sign("000000"), pin.ReasonWrong, pin.Left(1), "PIN2")
	if err := sign("123456"); err != nil {
		t.Fatal(err)
	}
	if v.Tries(uec.PIN2) != uec.PINTries {
		t.Errorf("%d tries after the right PIN", v.Tries(uec.PIN2))
	}
	wantPIN(t, sign("000000"), pin.ReasonWrong, pin.Left(2), "PIN2")
	wantPIN(t, sign("000000"), pin.ReasonWrong, pin.Left(1), "PIN2")
	wantPIN(t, sign("000000"), pin.ReasonBlocked, pin.Blocked(), "PIN2")

	// Counters survive the reader.
	v.PowerOff()
	v.PowerOn()
	before := countPINs(v)
	wantPIN(t, sign("123456"), pin.ReasonBlocked, pin.Blocked(), "PIN2")
	if countPINs(v) != before+1 {
		t.Error("a PIN was shown to a card that had said it is blocked")
	}
	if _, err := c.ReadHolder(t.Context(), newPIN("1234")); err != nil {
		t.Errorf("PIN1 while PIN2 is blocked: %v", err)
	}
}

// countPINs counts VERIFY commands, with and without data.
func countPINs(v *uec.Card) int { return strings.Count(string(v.Commands()), "\x20") }

func TestPINFormat(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	before := len(v.Commands())
	for _, digits := range []string{"", "12345", "123456789", "12345a", "12 456", "１２３４"} {
		_, err := c.Sign(t.Context(), newPIN(digits), gost256(t), digestOf("x"))
		wantPIN(t, err, pin.ReasonFormat, pin.Unknown(), "PIN2")
	}
	wantPIN(t, c.VerifyPIN(t.Context(), "PIN1", nil), pin.ReasonFormat, pin.Unknown(), "PIN1")
	wiped := newPIN("123456")
	wiped.Wipe()
	if err := c.VerifyPIN(t.Context(), "PIN2", wiped); err == nil {
		t.Error("a wiped PIN was taken")
	}
	// One select at most belongs to the sections; no VERIFY was sent.
	if countPINs(v) != 0 {
		t.Errorf("ill-formed PINs reached the card: %X", v.Commands()[before:])
	}
	if v.Tries(uec.PIN2) != 3 {
		t.Errorf("%d tries left", v.Tries(uec.PIN2))
	}
}

func TestPINAnswers(t *testing.T) {
	for sw, want := range map[string]pin.Error{
		"\x63\x00": {Reason: pin.ReasonWrong, Tries: pin.Unknown()},
		"\x63\xC2": {Reason: pin.ReasonWrong, Tries: pin.Left(2)},
		"\x63\xC0": {Reason: pin.ReasonBlocked, Tries: pin.Blocked()},
		"\x69\x83": {Reason: pin.ReasonBlocked, Tries: pin.Blocked()},
		"\x69\x84": {Reason: pin.ReasonNotInitialised, Tries: pin.Unknown()},
		"\x67\x00": {Reason: pin.ReasonFormat, Tries: pin.Unknown()},
		"\x6A\x80": {Reason: pin.ReasonFormat, Tries: pin.Unknown()},
	} {
		v, _ := newVirtual(t, nil)
		c, _ := openCard(t, v)
		v.Inject(uec.Fault{INS: 0x20, Data: true, Action: uec.Answer, Answer: []byte(sw)})
		wantPIN(t, c.VerifyPIN(t.Context(), "PIN1", newPIN("1234")), want.Reason, want.Tries, "PIN1")
	}
	for _, sw := range []string{"\x6A\x88", "\x69\x82", "\x6F\x00", "\x6C\x08", "\x00\x00"} {
		v, _ := newVirtual(t, nil)
		c, _ := openCard(t, v)
		v.Inject(uec.Fault{INS: 0x20, Data: true, Action: uec.Answer, Answer: []byte(sw)})
		err := c.VerifyPIN(t.Context(), "PIN1", newPIN("1234"))
		if e := (*card.Error)(nil); !errors.As(err, &e) {
			t.Errorf("%X: %v", sw, err)
		}
		if n := countPINs(v); n > 1 { // the one without data
			t.Errorf("%X: the PIN was sent again", sw)
		}
	}
}

// TestRemovedCardCostsNoTry pulls the card at every command of a signature.
func TestRemovedCardCostsNoTry(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	const commands = 4 // SELECT, VERIFY without data, VERIFY, PSO
	for n := 1; n <= commands; n++ {
		v.Inject(uec.Fault{Nth: n, Action: uec.PullBefore})
		_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
		wantCard(t, err, card.Removed)
		if p := (*pin.Error)(nil); errors.As(err, &p) {
			t.Errorf("pulled at command %d counts as a PIN failure: %v", n, err)
		}
		v.PowerOn()
		if got := v.Tries(uec.PIN2); got != uec.PINTries {
			t.Errorf("pulled at command %d: %d tries left", n, got)
		}
	}
	v.Inject(uec.Fault{INS: 0x2A, Action: uec.PullAfter})
	_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
	wantCard(t, err, card.Removed)
	v.PowerOn()
	if _, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x")); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestChangePIN(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	wantPIN(t, c.ChangePIN(t.Context(), "PIN2", newPIN("123456"), newPIN("12")), pin.ReasonFormat, pin.Unknown(), "PIN2")
	wantPIN(t, c.ChangePIN(t.Context(), "PIN2", newPIN("000000"), newPIN("654321")), pin.ReasonWrong, pin.Left(2), "PIN2")
	if err := c.ChangePIN(t.Context(), "PIN2", newPIN("123456"), newPIN("65432178")); err != nil {
		t.Fatal(err)
	}
	wantPIN(t, c.VerifyPIN(t.Context(), "PIN2", newPIN("123456")), pin.ReasonWrong, pin.Left(2), "PIN2")
	if err := c.VerifyPIN(t.Context(), "PIN2", newPIN("65432178")); err != nil {
		t.Error(err)
	}
}

func TestUnblockPIN(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	v.SetTries(uec.PIN1, 0)
	v.SetTries(uec.PIN2, 0)
	wantPIN(t, c.UnblockPIN(t.Context(), "PIN1", newPIN("00000000"), nil), pin.ReasonWrong, pin.Left(9), "KRP")
	if err := c.UnblockPIN(t.Context(), "PIN1", newPIN("87654321"), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.VerifyPIN(t.Context(), "PIN1", newPIN("1234")); err != nil {
		t.Errorf("the old PIN1 after its counter was reset: %v", err)
	}
	wantPIN(t, c.UnblockPIN(t.Context(), "PIN2", newPIN("87654321"), newPIN("x")), pin.ReasonFormat, pin.Unknown(), "PIN2")
	if err := c.UnblockPIN(t.Context(), "PIN2", newPIN("87654321"), newPIN("111111")); err != nil {
		t.Fatal(err)
	}
	if err := c.VerifyPIN(t.Context(), "PIN2", newPIN("111111")); err != nil {
		t.Errorf("the new PIN2: %v", err)
	}
	v.SetTries(uec.KRP, 0)
	wantPIN(t, c.UnblockPIN(t.Context(), "PIN1", newPIN("87654321"), nil), pin.ReasonBlocked, pin.Blocked(), "KRP")
}

// TestRecordHoldsNoPIN records a whole confirmation: no block of a PIN is on the
// wire, and what was recorded opens nothing when it is played back.
func TestRecordHoldsNoPIN(t *testing.T) {
	v, _ := newVirtual(t, nil)
	wire := &tap{carrier: &carrier{card: v}}
	rec := cardtest.NewRecorder(wire, v.ATR())
	work := func(link card.Transmitter, atr []byte) error {
		c, err := card.Open(t.Context(), link, atr, profiles(t), card.WithTerminal(terminal()))
		if err != nil {
			return err
		}
		if _, err = c.ReadHolder(t.Context(), newPIN("1234")); err != nil {
			return err
		}
		if err := c.ChangePIN(t.Context(), "PIN2", newPIN("123456"), newPIN("918273")); err != nil {
			return err
		}
		if err := c.UnblockPIN(t.Context(), "PIN1", newPIN("87654321"), newPIN("7777")); err != nil {
			return err
		}
		_, err = c.Sign(t.Context(), newPIN("918273"), gost256(t), digestOf("x"))
		return err
	}
	if err := work(rec, v.ATR()); err != nil {
		t.Fatal(err)
	}
	// Whole blocks, for a few octets of one turn up in eight thousand that are sealed.
	for name, block := range map[string][]byte{
		"PIN1": {0x24, 0x12, 0x34, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, "PIN2": {0x26, 0x12, 0x34, 0x56, 0xFF, 0xFF, 0xFF, 0xFF},
		"new PIN2": {0x26, 0x91, 0x82, 0x73, 0xFF, 0xFF, 0xFF, 0xFF}, "KRP": {0x28, 0x87, 0x65, 0x43, 0x21, 0xFF, 0xFF, 0xFF},
		"new PIN1": {0x24, 0x77, 0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, "digits": []byte("918273"),
	} {
		if bytes.Contains(wire.seen, block) {
			t.Errorf("the block of %s was on the wire", name)
		}
	}
	if bytes.Contains(wire.seen, []byte{0x11, 0x22, 0x33, 0x44, 0x59, 0x5F}) {
		t.Error("the SNILS was on the wire")
	}
	script, err := cardtest.Load(strings.NewReader(rec.Script()))
	if err != nil {
		t.Fatal(err)
	}
	if err := work(script.Player(), script.ATR); err == nil {
		t.Error("a recorded card passed for the card")
	}
}

// tap keeps every byte of the wire.
type tap struct {
	*carrier
	seen []byte
}

func (w *tap) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	w.seen = append(w.seen, command...)
	answer, err := w.carrier.Transmit(ctx, command)
	w.seen = append(w.seen, answer...)
	return answer, err
}
