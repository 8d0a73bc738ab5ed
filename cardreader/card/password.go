// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/pin"
)

// Tries reads how many tries the password has left, without spending one, by a
// VERIFY without data. ref is the password's name in the profile ("PIN2"). What
// the card does not tell is unknown, never guessed.
func (c *Card) Tries(ctx context.Context, ref string) (pin.Tries, error) {
	pw, err := c.profile.password(ref)
	if err != nil {
		return pin.Unknown(), err
	}
	tries := pin.Unknown()
	err = c.section(ctx, false, func(s *session) error {
		tries, err = s.tries(ctx, pw)
		return err
	})
	return tries, err
}

func (s *session) tries(ctx context.Context, pw *Password) (pin.Tries, error) {
	if pw.Counter == CounterNone {
		return pin.Unknown(), nil
	}
	op := "read the tries of " + pw.Name
	r, err := s.channel.Exchange(ctx, apdu.Command{INS: 0x20, P2: pw.Ref})
	if err != nil {
		return pin.Unknown(), wrap(op, err)
	}
	switch n, ok := r.SW.Tries(); {
	case ok && n == 0, r.SW == apdu.SWMethodBlocked:
		return pin.Blocked(), nil
	case ok:
		return pin.Left(n), nil
	case r.SW.OK(), r.SW == apdu.SWWrongLength, r.SW == apdu.SWConditions:
		// Verified already, or a card that does not tell: the number stays unknown.
		return pin.Unknown(), nil
	case r.SW == apdu.SWReferenceUnusable:
		return pin.Unknown(), &pin.Error{Reason: pin.ReasonNotInitialised, Tries: pin.Unknown(), Ref: pw.Name}
	case r.SW == apdu.SWReferenceNotFound:
		return pin.Unknown(), &Error{Reason: Unsupported, Op: op, SW: r.SW}
	}
	return pin.Unknown(), s.card.statusError(op, r.SW)
}

// VerifyPIN shows the password to the card and learns only whether it is right.
// Nothing stays verified afterwards. A nil PIN is typed on the reader's keypad.
func (c *Card) VerifyPIN(ctx context.Context, ref string, p *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	return c.section(ctx, true, func(s *session) error { return s.verify(ctx, pw, p) })
}

// ChangePIN replaces a password, in the way that the profile names: one CHANGE
// REFERENCE DATA with the old value and the new one, or VERIFY of the old value
// and then the new one alone. Both values nil mean that they are typed on the
// reader's keypad. It fails with reason [Unsupported] where the profile names no way.
//
// A ctx that ends before the command that changes is sent stops it, and nothing
// was changed. One that ends later does not: the answer is waited for, up to
// [pin.AnswerWait]. Without an answer that tells, the error is *[pin.Unsettled].
func (c *Card) ChangePIN(ctx context.Context, ref string, old, fresh *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	op := "change " + pw.Name
	if pw.Change == "" {
		return &Error{Reason: Unsupported, Op: op}
	}
	typed := old != nil || fresh != nil
	if typed {
		if err := pw.check(fresh); err != nil {
			return err
		}
	}
	if err := c.permits(op, cvc.ChangePIN); err != nil {
		return err
	}
	return c.section(ctx, true, func(s *session) error {
		switch {
		case !typed:
			return s.changeOnPad(ctx, op, pw)
		case pw.Change == ChangeOldNew:
			if err := s.mayShow(ctx, pw, old); err != nil {
				return err
			}
			return s.change(ctx, op, pw, apdu.Command{INS: 0x24, P1: 0x00, P2: pw.Ref}, part{pw, old}, part{pw, fresh})
		}
		if err := s.verify(ctx, pw, old); err != nil {
			return err
		}
		return s.replace(ctx, pw, fresh)
	})
}

// replace sets a new value after the old one, or the unblocking password, was verified.
func (s *session) replace(ctx context.Context, pw *Password, fresh *pin.PIN) error {
	return s.change(ctx, "change "+pw.Name, pw, apdu.Command{INS: 0x24, P1: 0x01, P2: pw.Ref}, part{pw, fresh})
}

// UnblockPIN gives a blocked password its tries back under the password that
// the profile names for it (КРП, PUK), and sets a new value. Without one, fresh
// nil, it only unblocks, which fails with reason [Unsupported] on cards that
// always set one ([Password.UnblockSetsNew]). Failures of the unblocking
// password name it in pin.Error.Ref. Of ctx and of *[pin.Unsettled] the same
// holds as for [Card.ChangePIN].
func (c *Card) UnblockPIN(ctx context.Context, ref string, unblock, fresh *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	op := "unblock " + pw.Name
	if pw.UnblockedBy == "" || fresh == nil && pw.UnblockSetsNew() || fresh != nil && pw.Unblock == UnblockNothing && pw.Change == "" {
		return &Error{Reason: Unsupported, Op: op}
	}
	puk, err := c.profile.password(pw.UnblockedBy)
	if err != nil {
		return err
	}
	if fresh != nil {
		if err := pw.check(fresh); err != nil {
			return err
		}
	}
	if err := c.permits(op, cvc.ChangePIN); err != nil {
		return err
	}
	return c.section(ctx, true, func(s *session) error {
		if pw.Unblock == UnblockCodeNew {
			if err := s.mayShow(ctx, puk, unblock); err != nil {
				return err
			}
			return s.change(ctx, op, puk, apdu.Command{INS: 0x2C, P1: 0x00, P2: pw.Ref}, part{puk, unblock}, part{pw, fresh})
		}
		if err := s.verify(ctx, puk, unblock); err != nil {
			return err
		}
		if pw.Unblock == UnblockNew {
			return s.change(ctx, op, pw, apdu.Command{INS: 0x2C, P1: 0x02, P2: pw.Ref}, part{pw, fresh})
		}
		return s.reset(ctx, op, pw, fresh)
	})
}

// verify shows a password unless its form is wrong or the card says that it is
// blocked: neither is worth a try. Without a PIN the reader's keypad takes it.
func (s *session) verify(ctx context.Context, pw *Password, p *pin.PIN) error {
	if p == nil {
		return s.verifyOnPad(ctx, pw)
	}
	if err := s.mayShow(ctx, pw, p); err != nil {
		return err
	}
	return s.present(ctx, "verify "+pw.Name, pw, apdu.Command{INS: 0x20, P2: pw.Ref}, part{pw, p})
}

// mayShow refuses a password whose form is wrong, and one that is blocked.
func (s *session) mayShow(ctx context.Context, pw *Password, p *pin.PIN) error {
	if err := pw.check(p); err != nil {
		return err
	}
	return s.notBlocked(ctx, pw)
}

func (s *session) notBlocked(ctx context.Context, pw *Password) error {
	tries, err := s.tries(ctx, pw)
	if err != nil {
		return err
	}
	if tries.Blocked() {
		return &pin.Error{Reason: pin.ReasonBlocked, Tries: tries, Ref: pw.Name}
	}
	return nil
}

// part is one password of a command that carries one or two.
type part struct {
	rules *Password
	value *pin.PIN
}

// present sends cmd with the passwords' blocks as its data and wipes them.
// Failures are those of pw.
func (s *session) present(ctx context.Context, op string, pw *Password, cmd apdu.Command, parts ...part) error {
	return withBlocks(cmd, parts, func(cmd apdu.Command) error {
		r, err := s.channel.Exchange(ctx, cmd)
		if err != nil {
			return wrap(op, err)
		}
		return s.passwordError(op, pw, r.SW)
	})
}

// withBlocks has send send cmd with the passwords' blocks as its data, and wipes them.
func withBlocks(cmd apdu.Command, parts []part, send func(apdu.Command) error) error {
	blocks, free := pin.Scratch(2 * pinBlockSize)
	defer free()
	cmd.Data = blocks[:0]
	for _, p := range parts {
		block := blocks[len(cmd.Data):][:pinBlockSize]
		err := p.value.Use(func(value []byte) error {
			fillBlock(block, p.rules.Format, value)
			return nil
		})
		if err != nil {
			return err
		}
		cmd.Data = blocks[:len(cmd.Data)+pinBlockSize]
	}
	return send(cmd)
}

// passwordError maps the answer to a command that carried a password.
func (s *session) passwordError(op string, pw *Password, sw apdu.SW) error {
	fail := func(reason pin.Reason, tries pin.Tries) error {
		return &pin.Error{Reason: reason, Tries: tries, Ref: pw.Name, Cause: fmt.Errorf("%s: status %s", op, sw)}
	}
	switch n, counted := sw.Tries(); {
	case sw.OK():
		return nil
	case sw == apdu.SWMethodBlocked, counted && n == 0:
		return fail(pin.ReasonBlocked, pin.Blocked())
	case counted:
		return fail(pin.ReasonWrong, pin.Left(n))
	case sw.Meaning() == apdu.PINWrong:
		return fail(pin.ReasonWrong, pin.Unknown())
	case sw == apdu.SWReferenceUnusable:
		return fail(pin.ReasonNotInitialised, pin.Unknown())
	case sw == apdu.SWWrongLength, sw == apdu.SWWrongData:
		return fail(pin.ReasonFormat, pin.Unknown())
	case sw == apdu.SWReferenceNotFound:
		return &Error{Reason: Unsupported, Op: op, SW: sw}
	}
	return s.card.statusError(op, sw)
}
