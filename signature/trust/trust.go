// SPDX-License-Identifier: Apache-2.0

// Package trust alone owns the trust anchors: which certificates a signature may lead to, of what
// kind each is, and in what time its owner was accredited; and beside them the certificates of the
// accredited centres, which vouch for nothing themselves but complete paths that a signer left open.
//
// Centres come from the operator's folder (Load) and from the list of accredited centres that the
// ministry publishes (OpenList), which is believed only after its XML signature has led to an
// anchor. The list brings each centre's history, so that whether it was accredited has an answer
// for any past moment.
//
// A Set is immutable after loading and may be used from many goroutines at once. Its ID is a hash
// of all that it says, so that a report names the exact set it was made under; Marshal and Restore
// keep it for replaying evidence years later. Nothing here reads a clock or the network. Reading is
// bounded: 1 MiB of anchors.json, 64 anchors, 4096 centres, 64 KiB a file; 64 MiB of list and 16384
// certificates in it.
package trust

import (
	"time"

	"zaver/signature/cert"
)

// Kind says what an anchor is trusted for.
type Kind string

// Kinds of anchors.
const (
	Qualified Kind = "qualified" // qualified signatures: the ministry's roots
	UEC       Kind = "uec"       // certificates on UEC cards
)

// Anchor is one trusted certificate.
type Anchor struct {
	Certificate *cert.Certificate
	Kind        Kind
	// Name is for people; it decides nothing.
	Name string
	// AccreditedFrom and AccreditedUntil bound the time in which signatures under the anchor
	// count; zero leaves that side open. Until is exclusive.
	AccreditedFrom, AccreditedUntil time.Time
}

// AccreditedAt reports whether the anchor counts at the moment.
func (a Anchor) AccreditedAt(t time.Time) bool { return within(t, a.AccreditedFrom, a.AccreditedUntil) }

// Period is a time of accreditation: From inclusive, Until exclusive; zero leaves that side open.
type Period struct{ From, Until time.Time }

// Contains reports whether the moment lies in the period.
func (p Period) Contains(t time.Time) bool { return within(t, p.From, p.Until) }

// Centre is the certificate of an accredited centre. It is not trusted by itself: a path must still
// lead through it to an anchor.
type Centre struct {
	Certificate *cert.Certificate
	// Name is for people; it decides nothing.
	Name string
	// OGRN is the centre's number as the list has it, empty without a list; it decides nothing.
	OGRN string
	// Periods are the times of accreditation, in order and apart from each other; none means never.
	Periods []Period
}

// AccreditedAt reports whether the centre was accredited at the moment.
func (c Centre) AccreditedAt(t time.Time) bool {
	for _, p := range c.Periods {
		if p.Contains(t) {
			return true
		}
	}
	return false
}

func within(t, from, until time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until))
}
