// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// problems are the codes of PINs that may be put right here, and what they stand for.
var problems = map[string]pin.Reason{codePINBlocked: pin.ReasonBlocked, "pin.must_change": pin.ReasonMustChange, "pin.not_initialised": pin.ReasonNotInitialised}

// pinStates asks the carriers for their PINs, where the source keeps any.
func (a *asked) pinStates(ctx context.Context) []PINState {
	k, keeps := a.source.(Keeper)
	if !keeps {
		return nil
	}
	all, err := k.PINs(ctx)
	if err != nil {
		a.log.InfoContext(ctx, "PINs not listed", "err", err)
	}
	return all
}

// mendable finds, among the states, that of the PIN of a credential with a reason of problems, and what would put it right.
func (a *asked) mendable(c Credential, states func() []PINState) (PINState, Task, bool) {
	reason, known := problems[c.Code]
	if !known || c.PIN == nil || c.Certificate == nil || c.Certificate.Obstacle(a.agent.cfg.Now()) != "" {
		return PINState{}, "", false
	}
	for _, s := range states() {
		if s.Ref != c.PIN {
			continue
		}
		if s.Problem == "" {
			s.Problem = reason // the carrier tells only when it is asked to sign
		}
		t, ok := s.Mendable()
		return s, t, ok
	}
	return PINState{}, "", false
}

// mend puts the PIN of a credential right, when the carrier can and the person wants to, and returns the credential as it is then.
// Otherwise things stay as they are, and the error says how that is.
func (a *asked) mend(ctx context.Context, c Credential, why error) (Credential, error) {
	for range 2 { // changed and still not right: the carrier doesn't keep its word
		s, t, ok := a.mendable(c, func() []PINState { return a.pinStates(ctx) }) // asked anew
		if !ok {
			return c, why
		}
		yes, err := a.offer(ctx, c, s, t)
		if err != nil {
			return c, err
		}
		if !yes {
			return c, why
		}
		a.show(window.Progress{Text: a.say(words.WindowCare, "carrier", a.carrier(c)), Detail: a.say(words.WindowPINWhere)})
		err = Guide{Dialogs: a.agent.cfg.Dialogs, Language: a.request.Language}.Run(ctx, a.source.(Keeper), s, t)
		_, unsettled := errors.AsType[*pin.Unsettled](err)
		switch {
		case unsettled:
			return c, err
		case ctx.Err() != nil:
			return c, ended(ctx)
		case CodeOf(err) == CodeDeclined:
			return c, why
		case err != nil:
			return c, err
		}
		c.Code, c.Tries = "", pin.Unknown()
		if c = a.again(ctx, c, pin.Unknown()); a.obstacle(c) == "" {
			c.Code = ""
			return c, nil
		}
	}
	return c, why
}

// offer asks whether the person wants to put the PIN right now.
func (a *asked) offer(ctx context.Context, c Credential, s PINState, t Task) (bool, error) {
	ask, button := words.CareOfferUnblock, words.CareUnblock
	switch {
	case t == TaskChange:
		ask, button = words.CareOfferChange, words.CareChange
	case s.Problem == pin.ReasonNotInitialised:
		ask, button = words.CareOfferSet, words.CareSet
	}
	text := a.say(ask, "carrier", a.carrier(c), "secret", words.Say(a.request.Language, words.SecretOf+words.Key(s.Unblock)))
	lines := []line{{text: text}}
	if n, known := s.UnblockTries.Count(); known && t == TaskUnblock {
		lines = append(lines, line{}, line{text: a.say(words.CareTries, "n", n)})
	}
	d := asking(a.request.Language, lines)
	d.OK, d.Cancel, d.Timeout = a.say(button), a.say(words.CareLater), timeLeft(ctx)
	answer, err := a.agent.cfg.Dialogs.Confirm(ctx, d)
	if err != nil {
		return false, dialogError(ctx, err)
	}
	return answer == pinentry.Yes, nil
}
