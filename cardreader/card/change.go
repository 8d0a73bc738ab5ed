// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"

	"zaver/cardreader/apdu"
	"zaver/signature/pin"
)

// change is present for a command that changes a password: once it is sent, its
// answer is waited for though ctx ends, and what no answer tells is
// *[pin.Unsettled]. A ctx that has ended before sends nothing.
func (s *session) change(ctx context.Context, op string, pw *Password, cmd apdu.Command, parts ...part) error {
	return outlasting(ctx, op, func(ctx context.Context) error {
		return withBlocks(cmd, parts, func(cmd apdu.Command) error {
			r, err := s.channel.Exchange(ctx, cmd)
			if err != nil {
				return &pin.Unsettled{Cause: wrap(op, err)}
			}
			return settled(r.SW, s.passwordError(op, pw, r.SW))
		})
	})
}

// reset gives a password its tries back and then, unless fresh is nil, a new
// value. A caller that leaves between the two does not part them.
func (s *session) reset(ctx context.Context, op string, pw *Password, fresh *pin.PIN) error {
	return outlasting(ctx, op, func(ctx context.Context) error {
		r, err := s.channel.Exchange(ctx, apdu.Command{INS: 0x2C, P1: 0x03, P2: pw.Ref})
		switch {
		case err != nil:
			return &pin.Unsettled{Cause: wrap(op, err)}
		case !r.SW.OK():
			return settled(r.SW, s.card.statusError(op, r.SW))
		case fresh == nil:
			return nil
		}
		return s.replace(ctx, pw, fresh)
	})
}

// modifyOnPad is change on a keypad. What the reader says of the person's entry
// is an answer, and so is that it did not begin one.
func (s *session) modifyOnPad(ctx context.Context, op string, pw *Password, pad PINPad, entry PadEntry) error {
	return outlasting(ctx, op, func(ctx context.Context) error {
		answer, err := pad.ModifyOnPad(ctx, entry)
		refused := (*pin.Error)(nil)
		switch {
		case errors.As(err, &refused), errors.Is(err, &Error{Reason: PadDenied}):
			return padError(op, pw, err)
		case err != nil:
			return &pin.Unsettled{Cause: wrap(op, err)}
		}
		r, err := apdu.ParseResponse(answer)
		if err != nil {
			return &pin.Unsettled{Cause: wrap(op, err)}
		}
		return settled(r.SW, s.passwordError(op, pw, r.SW))
	})
}

// outlasting runs work that changes a password, unless ctx has ended: from now on it is heeded only after [pin.AnswerWait].
func outlasting(ctx context.Context, op string, work func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return &Error{Reason: Protocol, Op: op, Cause: err}
	}
	ctx, end := pin.Outlast(ctx, pin.AnswerWait)
	defer end()
	return work(ctx)
}

// settled is err where the status word tells what became of the password, else *[pin.Unsettled].
func settled(sw apdu.SW, err error) error {
	if err == nil || tells(sw) {
		return err
	}
	return &pin.Unsettled{Cause: err}
}

// tells says whether a status word means that the command was done, or that it
// changed nothing (ISO/IEC 7816-4 section 5.6): 64xx leaves the memory as it
// was, 67xx to 6Exx refuse before anything is done. 62xx, 63xx without a
// counter, 65xx and 6Fxx leave it open.
func tells(sw apdu.SW) bool {
	high := sw >> 8
	return sw.OK() || sw.Meaning() == apdu.PINWrong || high == 0x64 || high >= 0x67 && high <= 0x6E
}
