// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/portal/policy"
	"zaver/portal/validate"
)

// Answer is a response that an agent sends.
type Answer struct {
	Request string
	// Submit is the token that came with the statement.
	Submit string
	// DER is the signature; at most MaxResponse bytes.
	DER    []byte
	Client account.Client
}

// Result is what the agent and the page are told.
type Result struct {
	State State
	// Codes say why it was refused, the main reason first.
	Codes []string
	// Repeated reports that the same answer had been judged before: nothing was
	// checked or written for this one.
	Repeated bool
}

const (
	// retryAfter is what an agent waits after an outage: the sweeper comes by meanwhile.
	retryAfter = 5 * time.Second
	// askAgain is what an agent waits whose very answer is being checked: it hung up,
	// or the portal died under it. A check takes less, a lost one ends with its lease.
	askAgain = time.Second
)

// Respond takes an answer. Of several answers, however many come at once, one is
// judged; the others get CodeConflict, with RetryAfter when they are the same
// bytes. Whoever sends those bytes again after the judgement is told its result:
// the first telling may have been lost. The judgement goes on when the agent
// hangs up. Faults: CodeUnknown, CodeTooLarge, CodeExpired, CodeCancelled, CodeConflict,
// CodeOutage (the portal failed; the same answer may be sent again after RetryAfter).
func (s *Service) Respond(ctx context.Context, a Answer) (Result, error) {
	if len(a.DER) == 0 || len(a.DER) > MaxResponse {
		return Result{}, fault.New(CodeTooLarge)
	}
	submit, ok := hashOf(a.Submit)
	if !ok || !isName(a.Request) {
		return Result{}, fault.New(CodeUnknown)
	}
	now := s.c.Now()
	claim := Claim{
		Request: a.Request, SubmitHash: submit, Digest: sha256.Sum256(a.DER), Lease: name(),
		Until: now.Add(s.c.Lease), Now: now,
	}
	c, ok, err := s.c.Store.Claim(ctx, claim)
	if err != nil {
		return Result{}, fmt.Errorf("claim confirmation: %w", err)
	}
	if !ok {
		return s.repeated(ctx, claim)
	}
	// From here on the confirmation is ours: what the agent does no longer counts.
	ctx = context.WithoutCancel(ctx)
	result, err := s.judge(ctx, c, a)
	if err == nil || fault.CodeOf(err) == CodeConflict {
		return result, err
	}
	// The sweeper gives it back and counts the outage; it need not wait for the lease.
	err = errors.Join(err, s.c.Store.EndLease(ctx, c.Request, c.Lease, s.c.Now()))
	return Result{}, fault.Wrap(CodeOutage, err).After(retryAfter)
}

// repeated tells the result of an answer that was judged before, or why the claim
// did not hold.
func (s *Service) repeated(ctx context.Context, cl Claim) (Result, error) {
	c, err := s.own(ctx, cl.Request, cl.SubmitHash)
	if err != nil {
		return Result{}, err
	}
	same := subtle.ConstantTimeCompare(c.Digest[:], cl.Digest[:]) == 1
	if same && (c.State == Confirmed || c.State == Refused) {
		return Result{State: c.State, Codes: c.Codes, Repeated: true}, nil
	}
	err = lost(c, cl.Now)
	if f, ok := errors.AsType[*fault.Error](err); ok && same && f.Code == CodeConflict {
		err = f.After(askAgain)
	}
	return Result{}, err
}

// own finds the confirmation that the submit token answers.
func (s *Service) own(ctx context.Context, request string, submit [32]byte) (Confirmation, error) {
	c, err := s.find(ctx, request)
	if err != nil {
		return Confirmation{}, err
	}
	if subtle.ConstantTimeCompare(c.SubmitHash[:], submit[:]) != 1 {
		return Confirmation{}, fault.New(CodeUnknown)
	}
	return c, nil
}

// lost says why an answer or a cancellation did not hold.
func lost(c Confirmation, now time.Time) error {
	// A check that was lost waits for the sweeper: the answer may come again.
	if c.State == Checking && !now.Before(c.LeaseUntil) {
		return fault.New(CodeOutage).After(retryAfter)
	}
	return closed(c, now)
}

// judge checks the answer and writes what follows.
func (s *Service) judge(ctx context.Context, c Confirmation, a Answer) (Result, error) {
	m, ok := method.Lookup(c.Method)
	if !ok {
		return Result{}, fmt.Errorf("look up method %q: not in the table", c.Method)
	}
	subject, err := s.c.Store.Subject(ctx, c.Account)
	if err != nil {
		return Result{}, fmt.Errorf("read account: %w", err)
	}
	checkCtx, cancel := context.WithTimeout(ctx, s.c.CheckTimeout)
	defer cancel()
	judged := s.c.Now()
	outcome, err := s.c.Checker.Check(checkCtx, validate.Response{Method: m, Statement: c.Statement, CMS: a.DER, At: judged})
	if err != nil {
		return Result{}, fmt.Errorf("check response: %w", err)
	}
	d := policy.Judge(policy.Case{
		Method: m, Report: outcome.Report, SameStatement: outcome.SameStatement, Subject: subject, At: judged,
	})
	return s.finish(ctx, judgement{c: c, m: m, subject: subject, outcome: outcome, decision: d, answer: a, at: judged})
}

// finish writes the effect; when the account moved meanwhile, a refusal instead.
func (s *Service) finish(ctx context.Context, j judgement) (Result, error) {
	for {
		e, err := s.effect(j)
		if err != nil {
			return Result{}, err
		}
		done, err := s.c.Store.Finish(ctx, e)
		switch {
		case err != nil:
			return Result{}, fmt.Errorf("write effect: %w", err)
		case done == LeaseLost:
			return Result{}, fault.New(CodeConflict)
		case done == AccountMoved && j.decision.Raises:
			// The second time round nothing is raised, so this ends.
			j.decision = policy.Refuse(string(CodeAccountChanged))
		case done == AccountMoved:
			return Result{}, errors.New("write refusal: store says that the account moved")
		default:
			return Result{State: e.To, Codes: e.Codes}, nil
		}
	}
}
