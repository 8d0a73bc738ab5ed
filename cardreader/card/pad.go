// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/pin"
)

// PadTimeout is how long a keypad waits for the last key. Readers of the field
// give up by themselves after some 30 s.
const PadTimeout = 30 * time.Second

// Pad says what the reader's keypad can do with the named password: nothing
// without a keypad, under secure messaging (the reader has no session keys), or
// for a password that is not of digits alone. Where Verify is true, [Card.Sign],
// [Card.VerifyPIN] and [Card.ReadHolder] take a nil PIN, where Modify is true
// [Card.ChangePIN] does.
func (c *Card) Pad(ctx context.Context, ref string) PadState {
	pw, err := c.profile.password(ref)
	if err != nil {
		return PadState{}
	}
	pad, ok := c.t.(PINPad)
	if !ok || !c.padFits(pw) {
		return PadState{}
	}
	state := pad.Pad(ctx)
	state.Modify = state.Modify && pw.Change != ""
	return state
}

// WithLanguage has readers' keypads speak a language, "ru" or "en"; without it, or with another, they speak English.
func WithLanguage(language string) Option { return func(c *Card) { c.language = language } }

func (c *Card) padFits(pw *Password) bool {
	_, plain := c.suite.(plainSuite)
	return plain && pw.Characters == Digits
}

// pad returns the keypad for a password, or says that the PIN must be typed.
func (s *session) pad(ctx context.Context, pw *Password, needs func(PadState) bool) (PINPad, error) {
	pad, ok := s.card.t.(PINPad)
	if !ok || !s.card.padFits(pw) || !needs(pad.Pad(ctx)) {
		return nil, &pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown(), Ref: pw.Name}
	}
	return pad, nil
}

func (s *session) verifyOnPad(ctx context.Context, pw *Password) error {
	pad, err := s.pad(ctx, pw, func(state PadState) bool { return state.Verify })
	if err != nil {
		return err
	}
	if err := s.notBlocked(ctx, pw); err != nil {
		return err
	}
	entry, err := s.padEntry(pw, apdu.Command{INS: 0x20, P2: pw.Ref}, 1)
	if err != nil {
		return err
	}
	answer, err := pad.VerifyOnPad(ctx, entry)
	return s.padAnswer("verify "+pw.Name, pw, answer, err)
}

// changeOnPad has the keypad ask for old value and new one. Where the card
// takes the new value alone, the old one is verified first, on the keypad, too.
func (s *session) changeOnPad(ctx context.Context, op string, pw *Password) error {
	pad, err := s.pad(ctx, pw, func(state PadState) bool { return state.Modify })
	if err != nil {
		return err
	}
	cmd, blocks := apdu.Command{INS: 0x24, P1: 0x00, P2: pw.Ref}, 2
	if pw.Change == ChangeNew {
		if err := s.verifyOnPad(ctx, pw); err != nil {
			return err
		}
		cmd.P1, blocks = 0x01, 1
	} else if err := s.notBlocked(ctx, pw); err != nil {
		return err
	}
	entry, err := s.padEntry(pw, cmd, blocks)
	if err != nil {
		return err
	}
	entry.Old, entry.Confirm = blocks == 2, true
	entry.NewAt = (blocks - 1) * pinBlockSize
	return s.modifyOnPad(ctx, op, pw, pad, entry)
}

// padEntry writes the command with so many empty blocks.
func (s *session) padEntry(pw *Password, cmd apdu.Command, blocks int) (PadEntry, error) {
	cmd.Data = make([]byte, blocks*pinBlockSize)
	for i := range blocks {
		fillBlock(cmd.Data[i*pinBlockSize:][:pinBlockSize], pw.Format, nil)
	}
	command, err := cmd.Bytes()
	if err != nil {
		return PadEntry{}, err
	}
	format := PadISO9564
	if pw.Format == ASCIIPadded {
		format = PadASCII
	}
	return PadEntry{Command: command, Format: format, Block: pinBlockSize, Min: pw.Min, Max: pw.Max, Language: s.card.language, Timeout: PadTimeout}, nil
}

// padAnswer maps what came of an entry on the keypad.
func (s *session) padAnswer(op string, pw *Password, answer []byte, err error) error {
	if err != nil {
		return padError(op, pw, err)
	}
	r, err := apdu.ParseResponse(answer)
	if err != nil {
		return &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return s.passwordError(op, pw, r.SW)
}

// padError names the password in the keypad's own refusals.
func padError(op string, pw *Password, err error) error {
	if refused := (*pin.Error)(nil); errors.As(err, &refused) {
		return &pin.Error{Reason: refused.Reason, Tries: refused.Tries, Ref: pw.Name, Cause: err}
	}
	return wrap(op, err)
}
