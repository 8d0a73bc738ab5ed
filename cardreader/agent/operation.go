// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/signature/challenge"
	"zaver/signature/pin"
)

// Operation is one request on its way: Begin, Run once, Close. It belongs to one goroutine.
type Operation struct {
	agent   *Agent
	portal  portal
	request Request
	source  Source
	log     *slog.Logger
	closed  sync.Once
	window  *window.Session // nil: everything is asked by dialogs
	grey    []window.Row    // what was found when nothing of it can be used
	// unblockBlocked says that the request ended with a blocked unblocking secret.
	unblockBlocked bool
}

// Close makes the agent free for the next request. It may be called twice.
func (o *Operation) Close() {
	o.closed.Do(func() {
		if o.window != nil {
			o.window.Close() // a result stays
		}
		o.agent.client.rest()
		o.agent.release()
	})
}

// purposes says which purpose a method signs for; a statement of any other is refused.
var purposes = map[Method]challenge.Purpose{
	MethodToken: challenge.ConfirmIdentity,
	MethodUEC:   challenge.ConfirmIdentity,
}

// Run does the whole request and tells report of each step as it begins, from the caller's goroutine; the last one
// is also returned. The end of ctx cancels everything before sending; a signature that exists is still sent, unless the person declined
// while it was made: in the window, or by ending ctx with an Error of CodeDeclined as its cause.
func (o *Operation) Run(ctx context.Context, report func(Step)) Step {
	begun := o.agent.cfg.Now()
	ctx = words.To(ctx, o.request.Language)
	talk := &conversation{client: o.agent.client, origin: o.portal.Origin, request: o.request.Request,
		language: string(o.request.Language), first: o.agent.cfg.RetryFirst, patience: o.agent.cfg.ConflictPatience}
	tell := func(s Step) {
		o.log.InfoContext(ctx, "step", "step", s.Step)
		report(s)
	}
	v, err := o.run(ctx, talk, tell)
	last := Step{Step: StepDone, State: v.State, Codes: v.Codes, Said: reasons(v.Said)}
	if err != nil {
		last = failed(err)
		refused, isPIN := errors.AsType[*pin.Error](err)
		o.unblockBlocked = isPIN && refused.Reason == pin.ReasonBlocked && refused.Ref == RefUnblock
		o.log.WarnContext(ctx, "request failed", "code", last.Code, "err", err, "portal", o.portal.Origin)
	}
	o.conclude(last, v.Said)
	if err != nil {
		if err := talk.cancel(ctx, last.Code); err != nil {
			o.log.InfoContext(ctx, "portal not told", "err", err)
		}
	}
	o.log.InfoContext(ctx, "request ended", "step", last.Step, "state", last.State, "code", last.Code,
		"took", o.agent.cfg.Now().Sub(begun).Round(time.Millisecond))
	report(last)
	return last
}

func failed(err error) Step {
	s := Step{Step: StepFailed, Code: CodeOf(err)}
	var p *pin.Error
	if errors.As(err, &p) {
		if n, known := p.Tries.Count(); known {
			s.Tries = &n
		}
	}
	var busy interface{ HeldBy() string }
	if errors.As(err, &busy) {
		s.HeldBy = busy.HeldBy()
	}
	return s
}

func (o *Operation) run(ctx context.Context, talk *conversation, tell func(Step)) (verdict, error) {
	tell(Step{Step: StepStatement})
	text, err := talk.fetch(ctx, o.request.Ticket, o.agent.cfg.FetchPatience)
	if err != nil {
		return verdict{}, err
	}
	st, err := challenge.Open(text, o.portal.verifier)
	if err != nil {
		return verdict{}, fmt.Errorf("open statement: %w", err)
	}
	now := o.agent.cfg.Now()
	if err := st.Check(o.portal.Origin, o.request.Request, purposes[o.request.Method], now); err != nil {
		return verdict{}, fmt.Errorf("check statement: %w", err)
	}
	// From here on everything ends with the statement.
	left := min(st.Expires.Sub(now), challenge.Life)
	asking, stop := context.WithTimeout(ctx, left)
	defer stop()
	a := &asked{Operation: o, statement: st, text: text, tell: tell}
	asking, leave := a.openWindow(asking)
	defer leave(nil)
	der, err := a.sign(asking)
	if err == nil {
		err = a.declined(asking)
	}
	talk.submitted = err == nil
	if err != nil {
		return verdict{}, err
	}
	tell(Step{Step: StepSending})
	a.show(a.progress(Step{Step: StepSending}, Credential{}))
	// The page may go away now: a signature that exists belongs to the portal.
	deadline, _ := asking.Deadline()
	sending, stop := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer stop()
	return talk.send(sending, der)
}
