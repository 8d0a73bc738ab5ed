// SPDX-License-Identifier: Apache-2.0

// Package limit owns the counting of tries: how many of a kind a subject may
// make in a span of time. Subjects are addresses, contacts, accounts and pairs
// of them; what is counted is hashed before it is kept.
//
// Values are plain and safe to copy.
package limit

import (
	"context"
	"net/netip"
	"time"

	"zaver/portal/fault"
)

// Rule allows Max tries in a Window that begins with the first of them. Once
// the rule is used up further tries are refused without prolonging the wait.
type Rule struct {
	// Name tells the counters of rules apart; it is part of what is kept.
	Name   string
	Max    int
	Window time.Duration
}

// Of makes the key that counts for this rule and subject. Several parts make
// the subject a pair.
func (r Rule) Of(subject ...string) Key { return Key{Rule: r, Subject: subject} }

// Key is one counter.
type Key struct {
	Rule    Rule
	Subject []string
}

// Network is what is counted of an IP address: an IPv6 subscriber is given a
// network of 64 bits and may take any address of it for each try. What is no
// address is counted as it is.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	network, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// Counter counts a try in every key at once. When outer is used up, inner is
// not counted: a stranger who is stopped by their own address can't use up what
// belongs to somebody else. It returns the longest wait of the keys that are
// used up, zero when the try is allowed.
type Counter interface {
	Take(ctx context.Context, outer, inner []Key) (wait time.Duration, err error)
}

// Check counts a try and returns a fault.Limited with its wait when it is one
// too many.
func Check(ctx context.Context, c Counter, outer, inner []Key) error {
	wait, err := c.Take(ctx, outer, inner)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.New(fault.Limited).After(wait).With("Seconds", int(wait.Seconds())+1)
	}
	return nil
}
