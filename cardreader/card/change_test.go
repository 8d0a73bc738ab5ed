// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/pin"
)

// answering is a card that does something of its own at the first command with one INS, or two of them.
type answering struct {
	script
	at    byte
	acts  func(ctx context.Context) ([]byte, error)
	times int
}

func (a *answering) Transmit(ctx context.Context, b []byte) ([]byte, error) {
	answer, err := a.script.Transmit(ctx, b)
	if err == nil && b[1] == a.at && (b[1] != 0x20 || len(b) > 4) {
		a.times++
		return a.acts(ctx)
	}
	return answer, err
}

func says(sw ...byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return sw, nil }
}

func fails(err error) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return nil, err }
}

// hangs is what package pcsc makes of a card that never answers.
func hangs(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, &Error{Reason: Protocol, Op: "transmit", Cause: ctx.Err()}
}

// What became of a PIN is told only where the card's answer tells it.
func TestChangeIsSettledByAnswersAlone(t *testing.T) {
	of := func(s string) *pin.PIN { return pin.New([]byte(s)) }
	change := func(ctx context.Context, c *Card) error { return c.ChangePIN(ctx, "PIN", of("1234"), of("56789")) }
	unblock := func(ctx context.Context, c *Card) error { return c.UnblockPIN(ctx, "PIN", of("87654321"), of("56789")) }
	removed := &Error{Reason: Removed, Op: "transmit"}
	for _, tt := range []struct {
		name   string
		change Change
		by     Unblock
		do     func(context.Context, *Card) error
		at     byte
		acts   func(context.Context) ([]byte, error)
		leaves bool   // the caller, while the card works on that command
		code   string // "" for success
	}{
		{"old to new, done", ChangeOldNew, "", change, 0x24, says(0x90, 0), false, ""},
		{"old to new, caller leaves", ChangeOldNew, "", change, 0x24, says(0x90, 0), true, ""},
		{"old to new, wrong, caller leaves", ChangeOldNew, "", change, 0x24, says(0x63, 0xC2), true, "pin.wrong"},
		{"old to new, blocked", ChangeOldNew, "", change, 0x24, says(0x69, 0x83), false, "pin.blocked"},
		{"old to new, form", ChangeOldNew, "", change, 0x24, says(0x6A, 0x80), false, "pin.format"},
		{"old to new, refused", ChangeOldNew, "", change, 0x24, says(0x69, 0x82), false, "card.protocol"},
		{"old to new, memory as it was", ChangeOldNew, "", change, 0x24, says(0x64, 0x00), false, "card.protocol"},
		{"old to new, warning", ChangeOldNew, "", change, 0x24, says(0x63, 0x10), false, pin.CodeUnsettled},
		{"old to new, memory failed", ChangeOldNew, "", change, 0x24, says(0x65, 0x81), false, pin.CodeUnsettled},
		{"old to new, no diagnosis", ChangeOldNew, "", change, 0x24, says(0x6F, 0x00), false, pin.CodeUnsettled},
		{"old to new, nonsense", ChangeOldNew, "", change, 0x24, says(0x90), false, pin.CodeUnsettled},
		{"old to new, pulled", ChangeOldNew, "", change, 0x24, fails(removed), false, pin.CodeUnsettled},
		{"old to new, caller leaves a mute card", ChangeOldNew, "", change, 0x24, hangs, true, pin.CodeUnsettled},
		{"new, pulled at the old one", ChangeNew, "", change, 0x20, fails(removed), false, "card.removed"},
		{"new, caller leaves at the old one", ChangeNew, "", change, 0x20, says(0x90, 0), true, "card.protocol"},
		{"new, caller leaves a mute card at the old one", ChangeNew, "", change, 0x20, hangs, true, "card.protocol"},
		{"new, pulled", ChangeNew, "", change, 0x24, fails(removed), false, pin.CodeUnsettled},
		{"new, caller leaves", ChangeNew, "", change, 0x24, says(0x90, 0), true, ""},
		{"unblock by code and new, pulled", "", UnblockCodeNew, unblock, 0x2C, fails(removed), false, pin.CodeUnsettled},
		{"unblock by code and new, caller leaves", "", UnblockCodeNew, unblock, 0x2C, says(0x90, 0), true, ""},
		{"unblock by new, pulled at the code", "", UnblockNew, unblock, 0x20, fails(removed), false, "card.removed"},
		{"unblock by new, pulled", "", UnblockNew, unblock, 0x2C, fails(removed), false, pin.CodeUnsettled},
		{"unblock by nothing, pulled", ChangeNew, UnblockNothing, unblock, 0x2C, fails(removed), false, pin.CodeUnsettled},
		{"unblock by nothing, refused", ChangeNew, UnblockNothing, unblock, 0x2C, says(0x69, 0x82), false, "card.protocol"},
		{"unblock by nothing, memory failed", ChangeNew, UnblockNothing, unblock, 0x2C, says(0x65, 0x81), false, pin.CodeUnsettled},
		{"unblock by nothing, caller leaves before the new one", ChangeNew, UnblockNothing, unblock, 0x2C, says(0x90, 0), true, ""},
		{"unblock by nothing, pulled at the new one", ChangeNew, UnblockNothing, unblock, 0x24, fails(removed), false, pin.CodeUnsettled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				a := &answering{at: tt.at, acts: func(ctx context.Context) ([]byte, error) {
					if tt.leaves {
						leave()
						synctest.Wait()
					}
					return tt.acts(ctx)
				}}
				p := &Profile{AID: []byte{0xF0, 1, 2, 3, 4}, Passwords: []Password{
					{Name: "PIN", Ref: 1, Format: ISO9564, Characters: Digits, Min: 4, Max: 8, Change: tt.change, Unblock: tt.by},
					{Name: "PUK", Ref: 2, Format: ISO9564, Characters: Digits, Min: 8, Max: 8},
				}}
				if tt.by != "" {
					p.Passwords[0].UnblockedBy = "PUK"
				}
				begun := time.Now()
				err := tt.do(ctx, &Card{t: a, profile: p, suite: plainSuite{}, turn: make(chan struct{}, 1)})
				if code := codeOf(err); code != tt.code || a.times != 1 {
					t.Errorf("%v (%s) after %d such commands, want %q", err, code, a.times, tt.code)
				}
				if took := time.Since(begun); took > pin.AnswerWait {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func codeOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return ""
}

// Who has left before the command goes out keeps the PIN that there is.
func TestChangeOfWhoHasLeft(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	p := &Profile{AID: []byte{0xF0, 1, 2, 3, 4}, Passwords: []Password{{Name: "PIN", Ref: 1, Format: ISO9564, Characters: Digits, Min: 4, Max: 8, Change: ChangeOldNew}}}
	s := &script{} // it hears no context: only the section itself can stop
	err := (&Card{t: s, profile: p, suite: plainSuite{}, turn: make(chan struct{}, 1)}).ChangePIN(ctx, "PIN", pin.New([]byte("1234")), pin.New([]byte("5678")))
	if err == nil {
		t.Errorf("got %v", err)
	}
	for _, c := range s.seen {
		if c.INS == 0x24 {
			t.Error("the PIN was changed")
		}
	}
}

// typing is a keypad that answers a change with the same each time.
type typing struct {
	script
	answer []byte
	err    error
}

func (typing) Pad(context.Context) PadState                          { return PadState{Modify: true} }
func (typing) VerifyOnPad(context.Context, PadEntry) ([]byte, error) { return []byte{0x90, 0}, nil }
func (k *typing) ModifyOnPad(context.Context, PadEntry) ([]byte, error) {
	return bytes.Clone(k.answer), k.err
}

// A keypad's own no is an answer; a keypad that fails once the person typed is none.
func TestChangeOnPadIsSettledByAnswersAlone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer []byte
		err    error
		code   string
	}{
		{"done", []byte{0x90, 0}, nil, ""},
		{"wrong", []byte{0x63, 0xC1}, nil, "pin.wrong"},
		{"cancel key", nil, &pin.Error{Reason: pin.ReasonCancelled}, "pin.cancelled"},
		{"not repeated alike", nil, &pin.Error{Reason: pin.ReasonFormat, Cause: ErrPadMismatch}, "pin.format"},
		{"denied", nil, &Error{Reason: PadDenied}, "card.pad_denied"},
		{"failed", nil, &Error{Reason: PadFailed}, pin.CodeUnsettled},
		{"pulled", nil, &Error{Reason: Removed}, pin.CodeUnsettled},
		{"called off", nil, &Error{Reason: Protocol, Cause: context.Canceled}, pin.CodeUnsettled},
		{"memory failed", []byte{0x65, 0x81}, nil, pin.CodeUnsettled},
		{"nonsense", []byte{0x90}, nil, pin.CodeUnsettled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &Profile{AID: []byte{0xF0, 1, 2, 3, 4}, Passwords: []Password{{Name: "PIN", Ref: 1, Format: ISO9564, Characters: Digits, Min: 4, Max: 8, Change: ChangeOldNew}}}
			c := &Card{t: &typing{answer: tt.answer, err: tt.err}, profile: p, suite: plainSuite{}, turn: make(chan struct{}, 1)}
			if err := c.ChangePIN(t.Context(), "PIN", nil, nil); codeOf(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

// Only an answer that says so leaves a password as it was (ISO/IEC 7816-4, table 5).
func TestTells(t *testing.T) {
	for sw, want := range map[apdu.SW]bool{0x9000: true, 0x63C2: true, 0x6300: true, 0x6983: true, 0x6A80: true, 0x6400: true, 0x6700: true, 0x6E00: true,
		0x6200: false, 0x6310: false, 0x6500: false, 0x6581: false, 0x6600: false, 0x6F00: false, 0x9100: false, 0x6100: false} {
		if tells(sw) != want {
			t.Errorf("%s: %v", sw, tells(sw))
		}
	}
}
