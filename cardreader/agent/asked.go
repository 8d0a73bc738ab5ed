// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/pin"
)

// asked is an operation whose statement was opened and checked. Only here is anything signed, and only its text.
type asked struct {
	*Operation
	statement challenge.Statement
	text      []byte
	tell      func(Step)
	unusable  []Credential
}

// sign brings the statement to a signature: carrier, consent, PIN.
func (a *asked) sign(ctx context.Context) ([]byte, error) {
	usable, err := a.credentials(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		return nil, err
	}
	a.tell(Step{Step: StepConsent, Control: a.statement.ControlCode})
	chosen, err := a.consent(ctx, usable)
	if err == nil {
		err = a.inTime()
	}
	if err != nil {
		return nil, err
	}
	return a.tryPINs(ctx, chosen)
}

// inTime is an error when the statement's time is over, or has not begun by a clock that was put back. Its end also ends the context, but the
// timers behind that stand still while the computer sleeps: a lid that was closed over a consent must not make it last.
func (a *asked) inTime() error {
	if err := a.statement.Check(a.portal.Origin, a.request.Request, purposes[a.request.Method], a.agent.cfg.Now()); err != nil {
		return fmt.Errorf("check statement again: %w", err)
	}
	return nil
}

// credentials lists what can be offered, waiting for a card to be put in when the source can.
func (a *asked) credentials(ctx context.Context) ([]Credential, error) {
	all, err := a.source.List(ctx)
	w, canWait := a.source.(Waiter)
	if canWait && (err != nil && CodeOf(err) == codeCardNone || err == nil && len(all) == 0) {
		a.tell(Step{Step: StepDevice})
		a.show(a.progress(Step{Step: StepDevice}, Credential{}))
		if err := a.wait(ctx, w); err != nil {
			return nil, err
		}
		all, err = a.source.List(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("list credentials: %w", err)
	}
	usable, unusable := a.sort(ctx, all)
	if len(usable) == 0 {
		for _, c := range unusable {
			a.grey = append(a.grey, a.row(c, false))
		}
		return nil, fail(noneUsable(unusable, a.request.Method), nil)
	}
	a.unusable = unusable
	return usable, nil
}

func (a *asked) wait(ctx context.Context, w Waiter) error {
	waiting, stop := context.WithTimeout(ctx, a.agent.cfg.DeviceWait)
	defer stop()
	err := w.Wait(waiting)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case waiting.Err() != nil:
		return fail(codeCardNone, errors.New("no card was put in"))
	case err != nil:
		return fmt.Errorf("wait for a card: %w", err)
	}
	return nil
}

// consent lets the person choose in the window; without one it shows one certificate after another until the person takes one or says no.
func (a *asked) consent(ctx context.Context, usable []Credential) (Credential, error) {
	if a.window != nil {
		c, err := a.choose(ctx, usable)
		if !errors.Is(err, window.ErrNotShown) {
			return c, err
		}
		a.log.InfoContext(ctx, "no window", "err", err)
		a.window = nil
	}
	for i := 0; ; i = (i + 1) % len(usable) {
		d := a.question(usable, i)
		d.Timeout = timeLeft(ctx)
		answer, err := a.agent.cfg.Dialogs.Confirm(ctx, d)
		switch {
		case err != nil:
			return Credential{}, dialogError(ctx, err)
		case answer == pinentry.Yes:
			return usable[i], nil
		case answer == pinentry.No:
			return Credential{}, fail(CodeDeclined, nil)
		}
	}
}

// tryPINs asks for PINs, one dialog per try, until one is right or there is no point in asking.
func (a *asked) tryPINs(ctx context.Context, c Credential) ([]byte, error) {
	if reason, broken := problems[c.Code]; broken {
		var err error
		if c, err = a.mend(ctx, c, &pin.Error{Reason: reason, Tries: c.Tries}); err != nil {
			return nil, err
		}
	}
	said := ""           // what the next PIN dialog must say of the try before it
	var wrong *pin.Error // the try before, when its PIN was wrong
	for {
		if err := a.leave(ctx, c, said); err != nil {
			return nil, stopped(err, wrong)
		}
		a.tell(Step{Step: StepPIN})
		a.show(a.progress(Step{Step: StepPIN}, c))
		p, err := a.askPIN(ctx, c, said)
		if err != nil {
			return nil, stopped(err, wrong)
		}
		if p == nil || p.Len() > 0 {
			a.tell(Step{Step: StepSigning})
			a.show(a.progress(Step{Step: StepSigning}, c))
		}
		der, err := a.signOnce(ctx, c, p)
		if err == nil {
			return der, nil
		}
		if ctx.Err() != nil {
			return nil, stopped(ended(ctx), cmp.Or(spent(err), wrong))
		}
		n, err := a.learn(ctx, c, err)
		if err != nil {
			return nil, err
		}
		c, said, wrong = n.credential, n.said, cmp.Or(n.wrong, wrong)
		if n.anew {
			wrong = nil
		}
	}
}

// leave asks for an extra yes where a try may not be spent without one: the last, and every further one where no
// PIN dialog of ours stands between two tries. A keypad that lies would block the carrier on its own otherwise.
func (a *asked) leave(ctx context.Context, c Credential, said string) error {
	var d pinentry.Dialog
	switch n, known := c.Tries.Count(); {
	case known && n == 1:
		d = a.lastTryQuestion(c, timeLeft(ctx))
	case said != "" && c.Entry != PINTyped:
		d = a.onceMoreQuestion(c, said, timeLeft(ctx))
	default:
		return nil
	}
	answer, err := a.agent.cfg.Dialogs.Confirm(ctx, d)
	if err != nil {
		return dialogError(ctx, err)
	}
	if answer != pinentry.Yes {
		return fail(CodeDeclined, errors.New("no further try was risked"))
	}
	return nil
}

// askPIN returns nil without asking where no PIN is typed here.
func (a *asked) askPIN(ctx context.Context, c Credential, said string) (*pin.PIN, error) {
	if c.Entry != PINTyped {
		return nil, nil
	}
	p, err := a.agent.cfg.Dialogs.PIN(ctx, a.pinQuestion(c, said, timeLeft(ctx)))
	if err != nil {
		return nil, dialogError(ctx, err)
	}
	return p, nil
}

// signOnce signs the statement's bytes with one PIN, which is wiped before it returns.
func (a *asked) signOnce(ctx context.Context, c Credential, p *pin.PIN) ([]byte, error) {
	if p != nil {
		defer p.Wipe()
		if p.Len() == 0 {
			return nil, &pin.Error{Reason: pin.ReasonFormat, Tries: c.Tries}
		}
	}
	der, err := cms.Sign(ctx, cms.Request{Content: a.text, Certificate: c.Certificate, Chain: issuers(c.Chain),
		SigningTime: a.agent.cfg.Now(), Signer: &keyHolder{a, c, p}})
	// What was made has been read back and checked by package cms: a problem is the carrier's key.
	if problem := (*cms.Problem)(nil); errors.As(err, &problem) {
		return nil, fail(CodeSignature, err)
	}
	return der, err
}

// issuers leaves the roots out: whoever checks a signature has those that it trusts, and needs no others.
func issuers(chain []*cert.Certificate) []*cert.Certificate {
	return slices.DeleteFunc(slices.Clone(chain), func(c *cert.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) })
}

// keyHolder lends one key for one signature to package cms.
type keyHolder struct {
	asked      *asked
	credential Credential
	pin        *pin.PIN
}

// SignDigest implements cms.Signer. A PIN that was typed too late is not shown to the carrier.
func (k *keyHolder) SignDigest(ctx context.Context, alg algo.Algorithm, digest []byte) ([]byte, error) {
	if err := k.asked.inTime(); err != nil {
		return nil, err
	}
	return k.asked.source.Sign(ctx, k.credential, k.pin, alg, digest)
}
