// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/portal/policy"
)

// Status is what the page shows of a confirmation.
type Status struct {
	Request     string
	Method      method.ID
	State       State
	ControlCode string
	Expires     time.Time
	// Fetched reports whether the agent has the statement.
	Fetched bool
	// Outages counts the checks that were lost.
	Outages int
	Codes   []string
	// Reasons are the codes of a refusal with their arguments (masked names).
	Reasons []policy.Reason
	Decided time.Time
}

// Status reads a confirmation of the account; of another account it is CodeUnknown.
func (s *Service) Status(ctx context.Context, id account.ID, request string) (Status, error) {
	c, err := s.find(ctx, request)
	if err != nil {
		return Status{}, err
	}
	if c.Account != id {
		return Status{}, fault.New(CodeUnknown)
	}
	st := Status{
		Request: c.Request, Method: c.Method, State: c.State, ControlCode: c.ControlCode, Expires: c.Expires,
		Fetched: !c.Fetched.IsZero(), Outages: c.Outages, Codes: c.Codes, Reasons: c.Reasons, Decided: c.Decided,
	}
	// Time decides at once; the sweeper only writes it down.
	if st.State == Issued && !s.c.Now().Before(st.Expires) {
		st.State = Expired
	}
	return st, nil
}

// Watch gives the status now and after every change, until it is final or ctx
// ends; then the channel is closed. Changes may be skipped, the last never is. A
// statement that runs out is told at its moment. An error of the store ends the
// watch: whoever follows reads Status again.
func (s *Service) Watch(ctx context.Context, id account.ID, request string) (<-chan Status, error) {
	ctx, cancel := context.WithCancel(ctx)
	signal := s.c.Store.Watch(ctx, Topic(request)) // before the first read, so that nothing falls between
	first, err := s.Status(ctx, id, request)
	if err != nil {
		cancel()
		return nil, err
	}
	out := make(chan Status, 1)
	go func() {
		defer cancel()
		defer close(out)
		s.follow(ctx, id, first, signal, out)
	}()
	return out, nil
}

func (s *Service) follow(ctx context.Context, id account.ID, st Status, signal <-chan struct{}, out chan<- Status) {
	expiry := time.NewTimer(st.Expires.Sub(s.c.Now()))
	defer expiry.Stop()
	for {
		select {
		case out <- st:
		case <-ctx.Done():
			return
		}
		if st.State.Final() {
			return
		}
		select {
		case _, ok := <-signal:
			if !ok {
				return
			}
		case <-expiry.C:
		case <-ctx.Done():
			return
		}
		next, err := s.Status(ctx, id, st.Request)
		if err != nil {
			return
		}
		st = next
	}
}

// Cancel withdraws an issued confirmation because the agent says so; its code is
// kept. Faults: CodeUnknown, CodeExpired, CodeCancelled, CodeConflict.
func (s *Service) Cancel(ctx context.Context, request, submit, code string) error {
	hash, ok := hashOf(submit)
	if !ok {
		return fault.New(CodeUnknown)
	}
	if !codeOK(code) {
		code = string(CodeCancelled)
	}
	return s.cancel(ctx, request, &hash, code)
}

// Withdraw cancels an issued confirmation because the person says so on the page.
// Faults as of Cancel.
func (s *Service) Withdraw(ctx context.Context, id account.ID, request string) error {
	c, err := s.find(ctx, request)
	if err != nil {
		return err
	}
	if c.Account != id {
		return fault.New(CodeUnknown)
	}
	return s.cancel(ctx, request, nil, string(CodeWithdrawn))
}

func (s *Service) cancel(ctx context.Context, request string, by *[32]byte, code string) error {
	if !isName(request) {
		return fault.New(CodeUnknown)
	}
	now := s.c.Now()
	ok, err := s.c.Store.Cancel(ctx, request, by, code, now)
	if err != nil {
		return fmt.Errorf("cancel confirmation: %w", err)
	}
	if ok {
		return nil
	}
	if by != nil {
		c, err := s.own(ctx, request, *by)
		if err != nil {
			return err
		}
		return lost(c, now)
	}
	c, err := s.find(ctx, request)
	if err != nil {
		return err
	}
	return closed(c, now)
}

// codeOK holds an agent's code to the form of codes, so that no free text is kept.
func codeOK(code string) bool {
	area, reason, ok := strings.Cut(code, ".")
	if !ok || area == "" || reason == "" || len(code) > 64 {
		return false
	}
	return strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_.") == ""
}
