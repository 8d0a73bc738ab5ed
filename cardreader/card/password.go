// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/signature/pin"
)

// pinBlockSize is the length of an ISO 9564-1 format 2 block.
const pinBlockSize = 8

// Tries reads how many tries the password has left, without spending one, by a
// VERIFY without data. ref is the password's name in the profile ("PIN2").
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
// Nothing stays verified afterwards.
func (c *Card) VerifyPIN(ctx context.Context, ref string, p *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	return c.section(ctx, true, func(s *session) error { return s.verify(ctx, pw, p) })
}

// ChangePIN replaces a password: VERIFY with the old value, then CHANGE
// REFERENCE DATA with the new one alone (P1=01).
func (c *Card) ChangePIN(ctx context.Context, ref string, old, fresh *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	if err := pw.check(fresh); err != nil {
		return err
	}
	return c.section(ctx, true, func(s *session) error {
		if err := s.verify(ctx, pw, old); err != nil {
			return err
		}
		return s.present(ctx, "change "+pw.Name, pw, apdu.Command{INS: 0x24, P1: 0x01, P2: pw.Ref}, fresh)
	})
}

// UnblockPIN gives a blocked password its tries back under the password that
// the profile names for it (КРП), and sets a new value unless fresh is nil.
// Failures of the unblocking password name it in pin.Error.Ref.
func (c *Card) UnblockPIN(ctx context.Context, ref string, unblock, fresh *pin.PIN) error {
	pw, err := c.profile.password(ref)
	if err != nil {
		return err
	}
	if pw.UnblockedBy == "" {
		return &Error{Reason: Unsupported, Op: "unblock " + pw.Name}
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
	return c.section(ctx, true, func(s *session) error {
		if err := s.verify(ctx, puk, unblock); err != nil {
			return err
		}
		if _, err := s.exchange(ctx, "unblock "+pw.Name, apdu.Command{INS: 0x2C, P1: 0x03, P2: pw.Ref}); err != nil {
			return err
		}
		if fresh == nil {
			return nil
		}
		return s.present(ctx, "change "+pw.Name, pw, apdu.Command{INS: 0x24, P1: 0x01, P2: pw.Ref}, fresh)
	})
}

// verify shows a password unless its form is wrong or the card says that it is
// blocked: neither is worth a try.
func (s *session) verify(ctx context.Context, pw *Password, p *pin.PIN) error {
	if err := pw.check(p); err != nil {
		return err
	}
	tries, err := s.tries(ctx, pw)
	if err != nil {
		return err
	}
	if tries.Blocked() {
		return &pin.Error{Reason: pin.ReasonBlocked, Tries: tries, Ref: pw.Name}
	}
	return s.present(ctx, "verify "+pw.Name, pw, apdu.Command{INS: 0x20, P2: pw.Ref}, p)
}

// present sends cmd with the password's block as its data and wipes the block.
func (s *session) present(ctx context.Context, op string, pw *Password, cmd apdu.Command, p *pin.PIN) error {
	return p.Use(func(digits []byte) error {
		var block [pinBlockSize]byte
		defer clear(block[:])
		fillBlock(&block, digits)
		cmd.Data = block[:]
		r, err := s.channel.Exchange(ctx, cmd)
		if err != nil {
			return wrap(op, err)
		}
		return s.passwordError(op, pw, r.SW)
	})
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

// check refuses a password of the wrong form before the card sees it.
func (pw *Password) check(p *pin.PIN) error {
	bad := &pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown(), Ref: pw.Name}
	if p == nil || p.Len() < pw.Min || p.Len() > pw.Max {
		return bad
	}
	return p.Use(func(digits []byte) error {
		for _, c := range digits {
			if c < '0' || c > '9' {
				return bad
			}
		}
		return nil
	})
}

// fillBlock writes an ISO 9564-1 format 2 PIN block: 2 and the length, the
// digits packed, F to the end. The digits were checked.
func fillBlock(block *[pinBlockSize]byte, digits []byte) {
	for i := range block {
		block[i] = 0xFF
	}
	block[0] = 0x20 | byte(len(digits))
	for i, c := range digits {
		at := &block[1+i/2]
		if i%2 == 0 {
			*at = (c-'0')<<4 | 0x0F
		} else {
			*at = *at&0xF0 | (c - '0')
		}
	}
}
