// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"errors"

	"zaver/signature/pin"
)

// ChangePIN replaces the user's PIN (C_SetPIN). old and fresh may be nil where the token takes them itself; the caller wipes both.
// It works where a token wants its PIN changed, and is refused without a try where the PIN is blocked or was never set.
// Errors to match: *pin.Error, whose Ref says which PIN it speaks of (PINUser, PINNew), *Error (CodeLastTry, CodeUnsupported, …), ctx.Err(), and
// *pin.Unsettled: the module was asked to set the PIN, and no answer tells whether it did. A ctx that ends by then stops nothing; the
// answer is waited for, up to pin.AnswerWait.
func (h *Host) ChangePIN(ctx context.Context, ref TokenRef, old, fresh *pin.PIN) error {
	return h.keep(ctx, opChange, ref, ref.Tries, secrets{old, fresh})
}

// UnblockPIN sets the user's PIN anew in the name of the security officer (C_Login, C_InitPIN). so and fresh may be nil where the token
// takes them itself; the caller wipes both. Errors to match are those of ChangePIN, with PINSO for the officer's PIN: wrong, blocked.
func (h *Host) UnblockPIN(ctx context.Context, ref TokenRef, so, fresh *pin.PIN) error {
	return h.keep(ctx, opUnblock, ref, ref.SOTries, secrets{so, fresh})
}

func (h *Host) keep(ctx context.Context, op operation, ref TokenRef, shown pin.Tries, s secrets) error {
	l, err := h.laneOf(ref.Module)
	if err != nil {
		return err
	}
	ctx, cancel := h.within(ctx, h.cfg.SignDeadline)
	defer cancel()
	t := &which{Slot: ref.Slot, Label: ref.Label, Serial: ref.Serial, LastTry: last(shown)}
	if ref.Certificate != (TokenRef{}).Certificate {
		t.Shows = ref.Certificate[:]
	}
	begun := false
	err = l.do(ctx, request{Op: op, Token: t}, s, func(r *reply) { begun = begun || r.Begun })
	if err == nil || !begun || tells(err) {
		return err
	}
	return &pin.Unsettled{Cause: err}
}

// tells says whether the failure of a change that had begun says that the PIN stayed as it was.
func tells(err error) bool {
	var refused *pin.Error
	var failed *Error
	return errors.As(err, &refused) || errors.As(err, &failed) && (failed.Code == CodeUnsupported || failed.Code == CodeLastTry)
}
