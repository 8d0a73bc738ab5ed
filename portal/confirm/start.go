// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/signature/challenge"
)

// Request asks for a new confirmation.
type Request struct {
	Account account.ID
	Method  method.ID
	// Lang is the language in which the outcome is told.
	Lang   string
	Client account.Client
}

// Started is what the page hands to the agent, and shows.
type Started struct {
	// Request and Ticket go to the agent; the ticket works once.
	Request, Ticket string
	// ControlCode is shown; the agent must show the same.
	ControlCode string
	Expires     time.Time
}

// Start issues a statement for the account. Older open confirmations of the
// account are cancelled. Faults: CodeMethod, CodeLevel, CodeAlready, CodeProfile,
// CodeLimit, CodeBusy, fault.NotFound.
func (s *Service) Start(ctx context.Context, r Request) (Started, error) {
	m, ok := method.Lookup(r.Method)
	if !ok || m.Channel != method.Agent {
		return Started{}, fault.New(CodeMethod)
	}
	subject, err := s.c.Store.Subject(ctx, r.Account)
	if err != nil {
		return Started{}, fmt.Errorf("read account: %w", err)
	}
	if err := ready(m, subject); err != nil {
		return Started{}, err
	}
	now := s.c.Now().UTC()
	issued := now.Truncate(time.Second) // statements know whole seconds
	c := Confirmation{
		Request: name(), Account: r.Account, Method: m.ID, State: Issued, Lang: r.Lang,
		Issued: issued, Expires: issued.Add(challenge.Life),
	}
	if c.ControlCode, err = controlCode(); err != nil {
		return Started{}, err
	}
	if c.Statement, err = s.statement(c, subject); err != nil {
		return Started{}, err
	}
	var ticket string
	ticket, c.TicketHash = secret()
	result, err := s.c.Store.Open(ctx, Opening{
		Confirmation: c, Now: now, MaxOpen: s.c.MaxOpen, Superseded: string(CodeSuperseded),
		Since: now.Add(-s.c.StartWindow), MaxStarts: s.c.MaxStarts,
		Event: account.Event{
			Account: r.Account, At: now, Kind: account.EventConfirmStart, Client: r.Client, Detail: string(m.ID),
		},
	})
	if err != nil {
		return Started{}, fmt.Errorf("open confirmation: %w", err)
	}
	switch result {
	case LevelMoved:
		return Started{}, fault.New(CodeLevel)
	case TooMany:
		return Started{}, fault.New(CodeLimit).After(s.c.StartWindow / 4)
	case AllChecking:
		return Started{}, fault.New(CodeBusy).After(s.c.Lease)
	}
	return Started{Request: c.Request, Ticket: ticket, ControlCode: c.ControlCode, Expires: c.Expires}, nil
}

// ready reports why the account can't be confirmed by this method.
func ready(m method.Method, a account.Subject) error {
	switch {
	case a.Level >= m.Gives:
		return fault.New(CodeAlready)
	case !m.Raises(a.Kind, a.Level):
		return fault.New(CodeLevel).With("level", a.Level.String())
	case a.SNILS == "" || a.Name.Surname == "" || a.Name.Given == "":
		return fault.New(CodeProfile)
	}
	return nil
}

// statement writes what the person is to sign. The account is told in full: masked, it could not be told from one that a stranger made to look alike.
func (s *Service) statement(c Confirmation, a account.Subject) ([]byte, error) {
	st := challenge.Statement{
		Purpose: challenge.ConfirmIdentity, Origin: s.c.Origin, Request: c.Request,
		Issued: c.Issued, Expires: c.Expires, Account: a.Own(), Holder: a.Name.String(),
		SNILS: a.SNILS, ControlCode: c.ControlCode, Nonce: nonce(),
	}
	msg, err := challenge.Sign(st, s.c.Key.Signer)
	if err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	return msg, nil
}

// Fetch gives the statement for the ticket, once, with the token that the answer
// must carry. Faults: CodeUnknown, CodeTicketUsed, CodeExpired, CodeCancelled, CodeConflict.
func (s *Service) Fetch(ctx context.Context, request, ticket string) (statement []byte, submit string, err error) {
	hash, ok := hashOf(ticket)
	if !ok || !isName(request) {
		return nil, "", fault.New(CodeUnknown)
	}
	now := s.c.Now()
	submit, submitHash := secret()
	statement, ok, err = s.c.Store.TakeTicket(ctx, request, hash, submitHash, now)
	if err != nil {
		return nil, "", fmt.Errorf("use ticket: %w", err)
	}
	if ok {
		return statement, submit, nil
	}
	return nil, "", s.noTicket(ctx, request, hash, now)
}

// noTicket says why a ticket did not hold.
func (s *Service) noTicket(ctx context.Context, request string, ticket [32]byte, now time.Time) error {
	c, err := s.find(ctx, request)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(ticket[:], c.TicketHash[:]) != 1 {
		return fault.New(CodeUnknown)
	}
	open := c.State == Issued && now.Before(c.Expires)
	if open || !c.Fetched.IsZero() && c.State != Issued && c.State != Expired && c.State != Cancelled {
		return fault.New(CodeTicketUsed)
	}
	return closed(c, now)
}
