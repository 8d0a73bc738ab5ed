// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// Guide leads a person through the care of one PIN by dialogs. The zero Language is Russian.
type Guide struct {
	Dialogs  Dialogs
	Language words.Language
}

// Run does one task: it asks for the old PIN or the unblocking secret, for the new PIN twice, and has the keeper change it, until that
// worked, the person says no (CodeDeclined; *pin.Error with the reason wrong after a wrong try) or no try is left (*pin.Error with the
// reason blocked, and RefUnblock when it is the secret's). The last try of either secret needs an extra yes; no try is repeated by itself.
// With *pin.Unsettled nobody knows which PIN there is now; with any other error it is the old one. What the carrier said counts more than that
// ctx has ended meanwhile: a PIN that was changed then is a success.
func (g Guide) Run(ctx context.Context, k Keeper, s PINState, t Task) error {
	c := care{Guide: g, keeper: k, state: s, task: t}
	ctx = words.To(ctx, g.Language)
	for range mostTries {
		if err := c.leave(ctx); err != nil {
			return stopped(err, c.wrong)
		}
		err := c.once(ctx)
		if _, unsettled := errors.AsType[*pin.Unsettled](err); err == nil || unsettled {
			return err
		}
		err = c.learn(ctx, err)
		if _, refused := errors.AsType[*pin.Error](err); ctx.Err() != nil && !refused {
			err = ended(ctx) // after what the carrier said of the try
		}
		if err != nil {
			return stopped(err, c.wrong)
		}
	}
	return stopped(fail(CodeDeclined, errors.New("too many tries in one go")), c.wrong)
}

// mostTries bounds one Run: a keypad that lies, or a carrier that counts no tries, ends too.
const mostTries = 10

// care is one run of a Guide.
type care struct {
	Guide
	keeper Keeper
	state  PINState
	task   Task
	said   string     // what the next dialog for the old secret must say
	new    string     // what the next dialog for the new PIN must say
	wrong  *pin.Error // the try before, when its secret was wrong
}

func (c *care) say(k words.Key, pairs ...any) string {
	return words.Say(c.Language, k, append([]any{"carrier", carrierName(c.Language, c.state.Carrier, c.state.Titles, words.CarrierToken),
		"pin", words.PINName(c.Language, c.state.Name), "secret", c.secret()}, pairs...)...)
}

// secret names what is asked first.
func (c *care) secret() string {
	if c.task == TaskUnblock && c.state.Unblock != NoUnblock {
		return words.Say(c.Language, words.SecretOf+words.Key(c.state.Unblock))
	}
	return words.Say(c.Language, words.SecretOf+"pin")
}

// tries are those of the secret that is asked first.
func (c *care) tries() pin.Tries {
	if c.task == TaskUnblock {
		return c.state.UnblockTries
	}
	return c.state.Tries
}

func (c *care) entry() PINEntry {
	if c.task == TaskUnblock {
		return c.state.UnblockEntry
	}
	return c.state.Entry
}

func (c *care) dialog(ctx context.Context, lines ...line) pinentry.Dialog {
	d := asking(c.Language, lines)
	d.OK, d.Cancel, d.Timeout = c.say(words.ButtonOK), c.say(words.ButtonDecline), timeLeft(ctx)
	return d
}

// leave asks for a yes before the last try, and before every try on a keypad: it says what to type there.
func (c *care) leave(ctx context.Context) error {
	if c.tries().Blocked() {
		return c.blocked(nil)
	}
	if n, known := c.tries().Count(); known && n == 1 {
		ask := words.CareLast
		if c.task == TaskChange {
			ask = words.PINLast
		}
		d := c.dialog(ctx, line{text: c.say(ask)})
		d.OK, d.Cancel = c.say(words.ButtonLast), c.say(words.ButtonStop)
		if err := c.confirm(ctx, d, "no further try was risked"); err != nil {
			return err
		}
	}
	if c.entry() != PINOnReader {
		return nil
	}
	ask := words.CarePadUnblock
	if c.task == TaskChange {
		ask = words.CarePadChange
	}
	lines := []line{{text: c.said}, {}, {text: c.say(ask)}}
	if c.said == "" {
		lines = lines[2:]
	}
	d := c.dialog(ctx, lines...)
	d.OK = c.say(words.CarePad)
	return c.confirm(ctx, d, "keypad was not used")
}

func (c *care) confirm(ctx context.Context, d pinentry.Dialog, why string) error {
	answer, err := c.Dialogs.Confirm(ctx, d)
	if err != nil {
		return dialogError(ctx, err)
	}
	if answer != pinentry.Yes {
		return fail(CodeDeclined, errors.New(why))
	}
	return nil
}

// once asks for both secrets and tries them.
func (c *care) once(ctx context.Context) error {
	if c.entry() == PINOnReader {
		return c.apply(ctx, nil, nil)
	}
	old, err := c.askOld(ctx)
	if err != nil {
		return err
	}
	defer old.Wipe()
	fresh, err := c.askNew(ctx)
	if err != nil {
		return err
	}
	defer fresh.Wipe()
	return c.apply(ctx, old, fresh)
}

func (c *care) apply(ctx context.Context, old, fresh *pin.PIN) error {
	if c.task == TaskUnblock {
		return c.keeper.UnblockPIN(ctx, c.state, old, fresh)
	}
	return c.keeper.ChangePIN(ctx, c.state, old, fresh)
}

func (c *care) askOld(ctx context.Context) (*pin.PIN, error) {
	ask := words.CareAskSecret
	if c.task == TaskChange {
		ask = words.CareAskOld
	}
	lines := []line{{text: c.say(ask)}}
	if n, known := c.tries().Count(); known && c.said == "" {
		lines = append(lines, line{text: c.say(words.CareTries, "n", n)})
	}
	d := c.dialog(ctx, lines...)
	d.Prompt, d.Error = c.say(words.PINPrompt), c.said
	if c.task == TaskChange {
		d.Prompt = c.say(words.CareOld)
	}
	p, err := c.Dialogs.PIN(ctx, d)
	if err != nil {
		return nil, dialogError(ctx, err)
	}
	if p.Len() == 0 {
		p.Wipe()
		return nil, &pin.Error{Reason: pin.ReasonFormat, Tries: c.tries()}
	}
	return p, nil
}

// askNew asks for the new PIN until it is typed twice alike and keeps the carrier's rules.
func (c *care) askNew(ctx context.Context) (*pin.PIN, error) {
	lines := []line{{text: c.say(words.CareAskNew)}}
	if c.state.Max > 0 {
		rules := words.CareRules
		if c.state.Digits {
			rules = words.CareRulesDigits
		}
		lines = append(lines, line{text: c.say(rules, "min", c.state.Min, "max", c.state.Max)})
	}
	for {
		d := c.dialog(ctx, lines...)
		d.Prompt, d.Error = c.say(words.CareNew), c.new
		d.Repeat, d.RepeatError = c.say(words.CareRepeat), c.say(words.CareMismatch)
		p, err := c.Dialogs.PIN(ctx, d)
		switch {
		case errors.Is(err, pinentry.ErrMismatch):
			c.new = c.say(words.CareMismatch)
		case err != nil:
			return nil, dialogError(ctx, err)
		case c.fits(p):
			c.new = ""
			return p, nil
		default:
			p.Wipe()
			c.new = c.say(words.CareNewFormat)
		}
	}
}

// fits checks the rules that the carrier told, before it is touched.
func (c *care) fits(p *pin.PIN) bool {
	n := p.Len()
	if n == 0 || n < c.state.Min || c.state.Max > 0 && n > c.state.Max {
		return false
	}
	digits := true
	err := p.Use(func(b []byte) error {
		for _, x := range b {
			digits = digits && x >= '0' && x <= '9'
		}
		return nil
	})
	return err == nil && (digits || !c.state.Digits)
}

// learn takes a failed try in; its error ends the care.
func (c *care) learn(ctx context.Context, err error) error {
	var refused *pin.Error
	isPIN := errors.As(err, &refused)
	switch {
	case CodeOf(err) == CodeLastTry:
		c.look(ctx, pin.Left(1))
	case isPIN && refused.Reason == pin.ReasonFormat && refused.Ref == RefNew:
		c.said, c.new = "", c.say(words.CareNewFormat)
	case isPIN && refused.Reason == pin.ReasonFormat:
		c.said = c.say(words.CareFormat)
	case isPIN && refused.Reason == pin.ReasonWrong && !refused.Tries.Blocked():
		c.look(ctx, refused.Tries)
		c.wrong = &pin.Error{Reason: pin.ReasonWrong, Tries: c.tries(), Ref: c.ref(), Cause: refused.Cause}
		c.said = c.say(words.CareWrong)
		if n, known := c.tries().Count(); known {
			c.said = c.say(words.CareWrongN, "n", n)
		}
	case isPIN && (refused.Reason == pin.ReasonWrong || refused.Reason == pin.ReasonBlocked):
		return c.blocked(err)
	case isPIN && refused.Reason == pin.ReasonCancelled:
		return fail(CodeDeclined, err)
	default:
		return err
	}
	return nil
}

func (c *care) ref() string {
	if c.task == TaskUnblock {
		return RefUnblock
	}
	return c.state.Name
}

func (c *care) blocked(cause error) error {
	return &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked(), Ref: c.ref(), Cause: cause}
}

// look lists the PIN anew after a try, so that the keeper learns what the person was told; what the try said counts more.
func (c *care) look(ctx context.Context, tries pin.Tries) {
	found := false
	if all, err := c.keeper.PINs(ctx); err == nil {
		for _, s := range all {
			if s.Ref == c.state.Ref {
				c.state, found = s, true
				break
			}
		}
	}
	if _, known := tries.Count(); !known && found { // what was told before the try is no longer so
		return
	}
	if c.task == TaskUnblock {
		c.state.UnblockTries = tries
	} else {
		c.state.Tries = tries
	}
}
