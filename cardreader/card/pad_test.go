// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"zaver/cardreader/card"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/piv"
)

// keypad is a carrier whose reader has one: a person types there.
type keypad struct {
	*chipCarrier
	state   card.PadState
	types   []string // one PIN after another; "" is the cancel key
	entries []card.PadEntry
	fails   error
}

func (k *keypad) Pad(context.Context) card.PadState { return k.state }

func (k *keypad) VerifyOnPad(ctx context.Context, e card.PadEntry) ([]byte, error) {
	return k.enter(ctx, e, e.BlockAt)
}

func (k *keypad) ModifyOnPad(ctx context.Context, e card.PadEntry) ([]byte, error) {
	if e.Old {
		return k.enter(ctx, e, e.BlockAt, e.NewAt)
	}
	return k.enter(ctx, e, e.NewAt)
}

func (k *keypad) enter(ctx context.Context, e card.PadEntry, at ...int) ([]byte, error) {
	k.entries = append(k.entries, e)
	if k.fails != nil {
		return nil, k.fails
	}
	command := bytes.Clone(e.Command)
	for _, block := range at {
		typed := k.types[0]
		k.types = k.types[1:]
		if typed == "" {
			return nil, &pin.Error{Reason: pin.ReasonCancelled, Tries: pin.Unknown()}
		}
		if len(typed) < e.Min || len(typed) > e.Max {
			return nil, &pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown()}
		}
		copy(command[5+block:], typed)
	}
	return k.Transmit(ctx, command)
}

// openPad opens a PIV card in a reader with a keypad.
func openPad(t testing.TB, change func(*card.Profile), types ...string) (*card.Card, *keypad) {
	t.Helper()
	v, _ := newPIV(t, "P-256", nil)
	all, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	p := *card.OfKind(all, card.KindSignature)[0]
	p.Passwords = append([]card.Password(nil), p.Passwords...)
	if change != nil {
		change(&p)
	}
	k := &keypad{chipCarrier: &chipCarrier{card: v}, state: card.PadState{Verify: true, Modify: true}, types: types}
	c, err := card.Open(t.Context(), k, v.ATR(), []*card.Profile{&p})
	if err != nil {
		t.Fatal(err)
	}
	return c, k
}

func TestPadState(t *testing.T) {
	both := card.PadState{Verify: true, Modify: true}
	for _, tt := range []struct {
		name   string
		state  card.PadState
		change func(*card.Profile)
		ref    string
		want   card.PadState
	}{
		{"both", both, nil, "PIN", both},
		{"none", card.PadState{}, nil, "PIN", card.PadState{}},
		{"denied", card.PadState{Denied: true}, nil, "PIN", card.PadState{Denied: true}},
		{"no change", both, func(p *card.Profile) { p.Passwords[0].Change = "" }, "PIN", card.PadState{Verify: true}},
		{"letters", both, nil, "PUK", card.PadState{}},
		{"no such password", both, nil, "PIN9", card.PadState{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, k := openPad(t, tt.change)
			k.state = tt.state
			if diff := cmp.Diff(tt.want, c.Pad(t.Context(), tt.ref)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("no keypad", func(t *testing.T) {
		v, _ := newPIV(t, "P-256", nil)
		c, _ := openPIV(t, v)
		if got := c.Pad(t.Context(), "PIN"); got != (card.PadState{}) {
			t.Errorf("%+v", got)
		}
		_, err := c.Sign(t.Context(), nil, algorithm(t, "ecdsa-sha256"), digestOf256("x"))
		wantPIN(t, err, pin.ReasonFormat, pin.Unknown(), "PIN")
		wantPIN(t, c.ChangePIN(t.Context(), "PIN", nil, nil), pin.ReasonFormat, pin.Unknown(), "PIN")
		if bytes.Contains(v.Commands(), []byte{0x24}) || v.Tries(piv.PIN) != 3 {
			t.Error("the card was asked")
		}
	})
}

func TestPadSign(t *testing.T) {
	c, k := openPad(t, nil, pivPIN)
	a := algorithm(t, "ecdsa-sha256")
	signature, err := c.Sign(t.Context(), nil, a, digestOf256("x"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := c.Certificate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := certificate.PublicKey.Verify(a, digestOf256("x"), signature); err != nil {
		t.Error(err)
	}
	want := card.PadEntry{Command: []byte{0, 0x20, 0, 0x80, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
		Format: card.PadASCII, Block: 8, Min: 6, Max: 8}
	if diff := cmp.Diff([]card.PadEntry{want}, k.entries, cmpopts.IgnoreFields(card.PadEntry{}, "Timeout")); diff != "" {
		t.Error(diff)
	}
	if k.entries[0].Timeout <= 0 || k.resets != 1 {
		t.Errorf("timeout %s, %d resets", k.entries[0].Timeout, k.resets)
	}
}

// TestPadFailures: what the keypad says, and what the card does.
func TestPadFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		typed  string
		tries  int
		fails  error
		reason pin.Reason
		left   pin.Tries
	}{
		{"wrong", "999999", 3, nil, pin.ReasonWrong, pin.Left(2)},
		{"last", "999999", 1, nil, pin.ReasonBlocked, pin.Blocked()},
		{"cancelled", "", 3, nil, pin.ReasonCancelled, pin.Unknown()},
		{"too short", "1", 3, nil, pin.ReasonFormat, pin.Unknown()},
		{"in time", "", 3, &pin.Error{Reason: pin.ReasonCancelled, Cause: card.ErrPadTimeout}, pin.ReasonCancelled, pin.Unknown()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, k := openPad(t, nil, tt.typed)
			k.card.SetTries(piv.PIN, tt.tries)
			k.fails = tt.fails
			err := c.VerifyPIN(t.Context(), "PIN", nil)
			wantPIN(t, err, tt.reason, tt.left, "PIN")
			if tt.fails != nil && !errors.Is(err, card.ErrPadTimeout) {
				t.Errorf("%v hides why", err)
			}
			if k.resets != 1 {
				t.Errorf("%d resets", k.resets)
			}
		})
	}
	for _, reason := range []card.Reason{card.PadDenied, card.PadFailed, card.Removed} {
		t.Run(string(reason), func(t *testing.T) {
			c, k := openPad(t, nil)
			k.fails = &card.Error{Reason: reason, Op: "enter"}
			wantCard(t, c.VerifyPIN(t.Context(), "PIN", nil), reason)
		})
	}
	t.Run("blocked is not asked for", func(t *testing.T) {
		c, k := openPad(t, nil, pivPIN)
		k.card.SetTries(piv.PIN, 0)
		wantPIN(t, c.VerifyPIN(t.Context(), "PIN", nil), pin.ReasonBlocked, pin.Blocked(), "PIN")
		wantPIN(t, c.ChangePIN(t.Context(), "PIN", nil, nil), pin.ReasonBlocked, pin.Blocked(), "PIN")
		if len(k.entries) != 0 {
			t.Error("the person was asked")
		}
	})
	t.Run("an answer of one byte", func(t *testing.T) {
		c, k := openPad(t, nil, pivPIN)
		k.card.Inject(chip.Fault{INS: 0x20, Data: true, Action: chip.Answer, Answer: []byte{0x90}})
		wantCard(t, c.VerifyPIN(t.Context(), "PIN", nil), card.Protocol)
	})
}

// The keypad is told the language, whatever it is asked for.
func TestPadLanguage(t *testing.T) {
	for _, l := range []string{"ru", "en"} {
		t.Run(l, func(t *testing.T) {
			c, k := openPad(t, nil, pivPIN, pivPIN, "654321")
			c, err := card.Open(t.Context(), k, nil, []*card.Profile{c.Profile()}, card.WithLanguage(l))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.VerifyPIN(t.Context(), "PIN", nil); err != nil {
				t.Error(err)
			}
			if err := c.ChangePIN(t.Context(), "PIN", nil, nil); err != nil {
				t.Error(err)
			}
			if len(k.entries) != 2 || k.entries[0].Language != l || k.entries[1].Language != l {
				t.Errorf("%+v", k.entries)
			}
		})
	}
}

func TestPadChange(t *testing.T) {
	t.Run("old and new at once", func(t *testing.T) {
		c, k := openPad(t, nil, pivPIN, "654321")
		if err := c.ChangePIN(t.Context(), "PIN", nil, nil); err != nil {
			t.Fatal(err)
		}
		want := card.PadEntry{Command: append([]byte{0, 0x24, 0, 0x80, 16}, bytes.Repeat([]byte{0xFF}, 16)...),
			Format: card.PadASCII, Block: 8, NewAt: 8, Min: 6, Max: 8, Old: true, Confirm: true}
		if diff := cmp.Diff([]card.PadEntry{want}, k.entries, cmpopts.IgnoreFields(card.PadEntry{}, "Timeout")); diff != "" {
			t.Error(diff)
		}
		if err := c.VerifyPIN(t.Context(), "PIN", newPIN("654321")); err != nil {
			t.Error(err)
		}
	})
	t.Run("wrong old one", func(t *testing.T) {
		c, _ := openPad(t, nil, "999999", "654321")
		wantPIN(t, c.ChangePIN(t.Context(), "PIN", nil, nil), pin.ReasonWrong, pin.Left(2), "PIN")
	})
	t.Run("not repeated alike", func(t *testing.T) {
		c, k := openPad(t, nil)
		k.fails = &pin.Error{Reason: pin.ReasonFormat, Cause: card.ErrPadMismatch}
		err := c.ChangePIN(t.Context(), "PIN", nil, nil)
		wantPIN(t, err, pin.ReasonFormat, pin.Unknown(), "PIN")
		if !errors.Is(err, card.ErrPadMismatch) {
			t.Errorf("%v hides why", err)
		}
	})
	t.Run("keypad that can't", func(t *testing.T) {
		c, k := openPad(t, nil, pivPIN, "654321")
		k.state.Modify = false
		wantPIN(t, c.ChangePIN(t.Context(), "PIN", nil, nil), pin.ReasonFormat, pin.Unknown(), "PIN")
	})
	t.Run("only one of two typed", func(t *testing.T) {
		c, k := openPad(t, nil)
		wantPIN(t, c.ChangePIN(t.Context(), "PIN", newPIN(pivPIN), nil), pin.ReasonFormat, pin.Unknown(), "PIN")
		if len(k.entries) != 0 {
			t.Error("the keypad was asked")
		}
	})
}

// TestPadScript holds the entry of the other PIN format, and of a card that
// takes the new value alone, against the bytes.
func TestPadScript(t *testing.T) {
	all, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	p := *card.OfKind(all, card.KindSignature)[0]
	p.Passwords = []card.Password{{Name: "PIN", Ref: 1, Format: card.ISO9564, Characters: card.Digits, Min: 4, Max: 8, Counter: card.CounterVerify, Change: card.ChangeNew}}
	s := &scripted{answers: []string{"9000", "9000", "63C3", "9000", "9000"}}
	c, err := card.Open(t.Context(), s, nil, []*card.Profile{&p})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ChangePIN(t.Context(), "PIN", nil, nil); err != nil {
		t.Fatal(err)
	}
	want := []card.PadEntry{
		{Command: unhex(t, "002000010820FFFFFFFFFFFFFF"), Format: card.PadISO9564, Block: 8, Min: 4, Max: 8},
		{Command: unhex(t, "002401010820FFFFFFFFFFFFFF"), Format: card.PadISO9564, Block: 8, Min: 4, Max: 8, Confirm: true},
	}
	if diff := cmp.Diff(want, s.entries, cmpopts.IgnoreFields(card.PadEntry{}, "Timeout")); diff != "" {
		t.Error(diff)
	}
}

// scripted answers commands and entries one after another.
type scripted struct {
	answers []string
	entries []card.PadEntry
}

func (s *scripted) next() ([]byte, error) {
	if len(s.answers) == 0 {
		return nil, errors.New("the script is over")
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return hex.DecodeString(answer)
}

func (s *scripted) Transmit(context.Context, []byte) ([]byte, error) { return s.next() }

func (s *scripted) Pad(context.Context) card.PadState {
	return card.PadState{Verify: true, Modify: true}
}

func (s *scripted) VerifyOnPad(_ context.Context, e card.PadEntry) ([]byte, error) {
	s.entries = append(s.entries, e)
	return s.next()
}

func (s *scripted) ModifyOnPad(_ context.Context, e card.PadEntry) ([]byte, error) {
	s.entries = append(s.entries, e)
	return s.next()
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
