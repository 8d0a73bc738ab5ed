// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"errors"
	"fmt"

	"zaver/portal/account"
	"zaver/portal/policy"
)

// Swept counts what a sweep moved.
type Swept struct {
	Expired, GivenBack, Refused int
}

// Sweep writes down what time decided: statements that ran out expire, checks
// whose lease ended are given back with the outage counted, and after the last
// outage refused with CodeOutage. It may run in several processes at once and any
// number of times; every few seconds is right.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	now := s.c.Now()
	var out Swept
	var errs [3]error
	// Worn out first: what is given back now may run out in the next step.
	out.Refused, errs[0] = s.refuseWornOut(ctx)
	if out.GivenBack, errs[1] = s.c.Store.GiveBack(ctx, now, s.c.MaxOutages); errs[1] != nil {
		errs[1] = fmt.Errorf("give back lost checks: %w", errs[1])
	}
	if out.Expired, errs[2] = s.c.Store.ExpireDue(ctx, now); errs[2] != nil {
		errs[2] = fmt.Errorf("expire statements: %w", errs[2])
	}
	return out, errors.Join(errs[:]...)
}

func (s *Service) refuseWornOut(ctx context.Context) (int, error) {
	lost, err := s.c.Store.WornOut(ctx, s.c.Now(), s.c.MaxOutages)
	if err != nil {
		return 0, fmt.Errorf("find lost checks: %w", err)
	}
	n := 0
	var errs []error
	for _, c := range lost {
		subject, err := s.c.Store.Subject(ctx, c.Account)
		if err != nil {
			errs = append(errs, fmt.Errorf("read account: %w", err))
			continue
		}
		e := Effect{
			Request: c.Request, Lease: c.Lease, To: Refused, Codes: []string{string(CodeOutage)}, Reasons: []policy.Reason{{Code: string(CodeOutage), Retry: true}}, Now: s.c.Now().UTC(),
			Account: c.Account, Method: c.Method,
		}
		// Nothing was found out, so there is no evidence; the record says what happened.
		s.tell(&e, c, subject, account.Client{})
		done, err := s.c.Store.Finish(ctx, e)
		if err != nil {
			errs = append(errs, fmt.Errorf("refuse after outages: %w", err))
			continue
		}
		if done == Finished {
			n++
		}
	}
	return n, errors.Join(errs...)
}
