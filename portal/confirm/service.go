// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/fault"
	"zaver/portal/validate"
	"zaver/signature/challenge"
	"zaver/signature/cms"
)

// Codes of the faults that this package returns. They are stable.
const (
	CodeUnknown    fault.Code = "confirm.unknown"     // no such confirmation, or not with this token
	CodeMethod     fault.Code = "confirm.method"      // no such method
	CodeLevel      fault.Code = "confirm.level"       // the account is not at the level that the method needs
	CodeAlready    fault.Code = "confirm.already"     // the account holds what the method gives
	CodeProfile    fault.Code = "confirm.profile"     // the checked data are not complete
	CodeLimit      fault.Code = "confirm.limit"       // too many were started; RetryAfter is set
	CodeBusy       fault.Code = "confirm.busy"        // another answer is being checked; RetryAfter is set
	CodeTicketUsed fault.Code = "confirm.ticket_used" // the ticket was used before
	CodeExpired    fault.Code = "confirm.expired"     // the time for an answer is over
	CodeCancelled  fault.Code = "confirm.cancelled"   // it was cancelled
	CodeConflict   fault.Code = "confirm.conflict"    // an answer is or was judged; Args hold its state
	CodeOutage     fault.Code = "confirm.outage"      // the portal could not check; RetryAfter is set
	CodeTooLarge   fault.Code = "confirm.too_large"   // the answer is empty or larger than MaxResponse
)

// Codes kept with a confirmation beside those of verify and policy.
const (
	// CodeSuperseded: a newer confirmation of the account took its place.
	CodeSuperseded fault.Code = "confirm.superseded"
	// CodeWithdrawn: the person cancelled it on the page.
	CodeWithdrawn fault.Code = "confirm.withdrawn"
	// CodeAccountChanged: level or checked data changed while the answer was checked.
	CodeAccountChanged fault.Code = "confirm.account_changed"
)

// Codes lists the codes of this package, faults and reasons.
func Codes() []fault.Code {
	return []fault.Code{
		CodeUnknown, CodeMethod, CodeLevel, CodeAlready, CodeProfile, CodeLimit, CodeBusy, CodeTicketUsed, CodeExpired,
		CodeCancelled, CodeConflict, CodeOutage, CodeTooLarge, CodeSuperseded, CodeWithdrawn, CodeAccountChanged,
	}
}

// MaxResponse bounds a response in bytes.
const MaxResponse = cms.MaxSize

// Checker checks one response; package validate offers it. An error means that
// the portal itself failed and nothing was found out.
type Checker interface {
	Check(ctx context.Context, r validate.Response) (validate.Outcome, error)
}

// Config is everything that a Service needs.
type Config struct {
	Store   Store
	Checker Checker
	// Key signs statements.
	Key Key
	// Origin is the portal's web origin, as it stands in statements.
	Origin string
	Now    func() time.Time

	// MaxOpen bounds the open confirmations of an account; zero means 1.
	MaxOpen int
	// MaxStarts bounds the starts of an account in StartWindow; zero means 20 in an hour.
	MaxStarts   int
	StartWindow time.Duration
	// CheckTimeout bounds the check of one response; zero means 20 s.
	CheckTimeout time.Duration
	// Lease is how long a claimed confirmation waits for its judgement before the
	// sweeper takes it for lost; it must exceed CheckTimeout; zero means 30 s.
	Lease time.Duration
	// MaxOutages is the outage after which a confirmation is refused; zero means 3.
	MaxOutages int
}

// Service carries out confirmations.
type Service struct{ c Config }

// New checks the configuration and makes a service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Checker == nil || c.Key.Signer == nil || c.Origin == "" || c.Now == nil {
		return nil, errors.New("make confirm service: store, checker, key, origin and clock are needed")
	}
	c.MaxOpen = or(c.MaxOpen, 1)
	c.MaxStarts = or(c.MaxStarts, 20)
	c.StartWindow = or(c.StartWindow, time.Hour)
	c.CheckTimeout = or(c.CheckTimeout, 20*time.Second)
	c.Lease = or(c.Lease, 30*time.Second)
	c.MaxOutages = or(c.MaxOutages, 3)
	if c.Lease <= c.CheckTimeout || c.Lease >= challenge.Life {
		return nil, fmt.Errorf("make confirm service: lease %v must lie between %v and %v", c.Lease, c.CheckTimeout, challenge.Life)
	}
	return &Service{c: c}, nil
}

func or[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// find loads a confirmation and turns "no such row" into CodeUnknown.
func (s *Service) find(ctx context.Context, request string) (Confirmation, error) {
	if !isName(request) {
		return Confirmation{}, fault.New(CodeUnknown)
	}
	c, err := s.c.Store.Confirmation(ctx, request)
	if fault.CodeOf(err) == fault.NotFound {
		return Confirmation{}, fault.Wrap(CodeUnknown, err)
	}
	if err != nil {
		return Confirmation{}, fmt.Errorf("find confirmation: %w", err)
	}
	return c, nil
}

// closed says why a confirmation takes no ticket and no answer any more.
func closed(c Confirmation, now time.Time) error {
	switch {
	case c.State == Expired || c.State == Issued && !now.Before(c.Expires):
		return fault.New(CodeExpired)
	case c.State == Cancelled:
		return fault.New(CodeCancelled)
	default:
		return fault.New(CodeConflict).With("state", string(c.State))
	}
}
