// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// next is what a failed try leaves for the next one.
type next struct {
	credential Credential
	said       string
	wrong      *pin.Error // when the PIN was wrong
	anew       bool       // the PIN was put right: what was before counts no more
}

// learn takes a failed try in. The error says that there is no point in another one.
func (a *asked) learn(ctx context.Context, c Credential, err error) (next, error) {
	var refused *pin.Error
	if !errors.As(err, &refused) {
		switch {
		case CodeOf(err) == CodeLastTry:
			return a.unlessBlocked(ctx, next{credential: a.again(ctx, c, pin.Left(1))}, err)
		case CodeOf(err) == codePadFailed && c.Entry == PINOnReader:
			return a.typeInstead(ctx, c, err)
		}
		return next{}, fmt.Errorf("sign: %w", err)
	}
	switch reason := refused.Reason; {
	case reason == pin.ReasonWrong && !refused.Tries.Blocked():
		c = a.again(ctx, c, refused.Tries)
		return a.unlessBlocked(ctx, next{credential: c, said: a.wrong(c), wrong: &pin.Error{Reason: pin.ReasonWrong, Tries: c.Tries, Ref: refused.Ref}}, err)
	case reason == pin.ReasonFormat:
		return a.unlessBlocked(ctx, next{credential: c, said: a.say(words.PINFormat)}, err)
	case reason == pin.ReasonWrong, reason == pin.ReasonBlocked:
		c.Tries = pin.Blocked()
		return a.unlessBlocked(ctx, next{credential: c}, err)
	case reason == pin.ReasonCancelled:
		return next{}, fail(CodeDeclined, err)
	case reason == pin.ReasonMustChange, reason == pin.ReasonNotInitialised:
		c.Code = refused.Code()
		c, err = a.mend(ctx, c, fmt.Errorf("sign: %w", err))
		return next{credential: c, anew: true}, err
	}
	return next{}, fmt.Errorf("sign: %w", err)
}

// typeInstead takes the PIN by the keyboard after the reader's keypad failed, if the person agrees.
func (a *asked) typeInstead(ctx context.Context, c Credential, cause error) (next, error) {
	answer, err := a.agent.cfg.Dialogs.Confirm(ctx, a.typedQuestion(c, timeLeft(ctx)))
	if err != nil {
		return next{}, dialogError(ctx, err)
	}
	if answer != pinentry.Yes {
		return next{}, fmt.Errorf("sign: %w", cause)
	}
	c.Entry = PINTyped
	return next{credential: c}, nil
}

// unlessBlocked goes on with n unless its PIN is blocked and stays so.
func (a *asked) unlessBlocked(ctx context.Context, n next, cause error) (next, error) {
	if !n.credential.Tries.Blocked() {
		return n, nil
	}
	n.credential.Code = codePINBlocked
	c, err := a.mend(ctx, n.credential, &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked(), Cause: cause})
	return next{credential: c, anew: true}, err
}

// stopped is why there is no signature when the person stops: after a wrong PIN that, and how many tries are left,
// is what the page must say.
func stopped(err error, wrong *pin.Error) error {
	if wrong == nil || CodeOf(err) != CodeDeclined {
		return err
	}
	wrong.Cause = err
	return wrong
}

// spent is the failure of a try that the carrier compared, also when nobody waited for it any more; nil for any other.
func spent(err error) *pin.Error {
	var refused *pin.Error
	switch {
	case !errors.As(err, &refused):
		return nil
	case refused.Reason == pin.ReasonBlocked, refused.Reason == pin.ReasonWrong && refused.Tries.Blocked():
		return &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked(), Ref: refused.Ref}
	case refused.Reason == pin.ReasonWrong:
		return &pin.Error{Reason: pin.ReasonWrong, Tries: refused.Tries, Ref: refused.Ref}
	}
	return nil
}

// again looks at the carrier anew after a try was spent: the source's reference remembers how many tries the person
// was told of. What the failed try said counts more than what the list says. A twin (the same certificate on another carrier, which a source may
// offer in place of one whose last try is left) is not taken: the person goes on with the carrier that was chosen.
func (a *asked) again(ctx context.Context, c Credential, tries pin.Tries) Credential {
	found := false
	if all, err := a.source.List(ctx); err == nil {
		for _, n := range all {
			if n.Carrier == c.Carrier && n.PIN == c.PIN && n.Certificate != nil && bytes.Equal(n.Certificate.Raw, c.Certificate.Raw) {
				n.Entry = c.Entry // a keypad that failed stays out of it
				c, found = n, true
				break
			}
		}
	}
	if _, known := tries.Count(); known || !found { // what was told before the try is no longer so
		c.Tries = tries
	}
	return c
}
