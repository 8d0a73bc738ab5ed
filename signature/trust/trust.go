// SPDX-License-Identifier: Apache-2.0

// Package trust alone owns the trust anchors: which certificates a signature may lead to, of what
// kind each is, and in what time its owner was accredited; and beside them the certificates of the
// accredited centres, which vouch for nothing themselves but complete paths that a signer left open.
//
// A Set is immutable after loading and may be used from many goroutines at once. Its ID is a hash
// of all that it says, so that a report names the exact set it was made under and evidence can be
// replayed years later. Reading is bounded: 1 MiB of anchors.json, 64 anchors, 4096 centres, 64 KiB
// a file.
package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strconv"
	"strings"
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

// Centre is the certificate of an accredited centre. It is not trusted by itself: a path must still
// lead through it to an anchor.
type Centre struct {
	Certificate *cert.Certificate
	// Name is for people; it decides nothing.
	Name string
	// AccreditedFrom and AccreditedUntil are as in Anchor.
	AccreditedFrom, AccreditedUntil time.Time
}

// AccreditedAt reports whether the centre was accredited at the moment.
func (c Centre) AccreditedAt(t time.Time) bool { return within(t, c.AccreditedFrom, c.AccreditedUntil) }

func within(t, from, until time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until))
}

// Set is an immutable set of anchors.
type Set struct {
	id      string
	anchors []Anchor
	centres []Centre
}

// NewSet makes a set; order does not matter. It returns *Error with CodeEmpty, CodeKind, CodePeriod
// or CodeDuplicate.
func NewSet(anchors []Anchor, centres ...Centre) (*Set, error) {
	s := &Set{anchors: append([]Anchor(nil), anchors...), centres: append([]Centre(nil), centres...)}
	if err := check(s.anchors, s.centres); err != nil {
		return nil, err
	}
	var lines []string
	for _, a := range s.anchors {
		lines = append(lines, line(string(a.Kind), a.Certificate, a.AccreditedFrom, a.AccreditedUntil, a.Name))
	}
	for _, c := range s.centres {
		lines = append(lines, line("centre", c.Certificate, c.AccreditedFrom, c.AccreditedUntil, c.Name))
	}
	sort.Strings(lines)
	sum := sha256.Sum256([]byte("zaver.trust/v1\n" + strings.Join(lines, "")))
	s.id = hex.EncodeToString(sum[:])
	return s, nil
}

// line is what the ID hashes of one entry: the name is quoted, so no value can pose as another.
func line(role string, c *cert.Certificate, from, until time.Time, name string) string {
	sum := c.Fingerprint()
	return role + " " + hex.EncodeToString(sum[:]) + " " + stamp(from) + " " + stamp(until) + " " + strconv.Quote(name) + "\n"
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ID is the lower-case hexadecimal SHA-256 of the set's content: equal for equal sets, whatever
// the order or the form of the files.
func (s *Set) ID() string { return s.id }

// Anchors returns the anchors of the given kinds, all of them when none is given.
func (s *Set) Anchors(kinds ...Kind) []Anchor {
	var list []Anchor
	for _, a := range s.anchors {
		if len(kinds) == 0 || contains(kinds, a.Kind) {
			list = append(list, a)
		}
	}
	return list
}

// Certificates returns the certificates of the anchors of the given kinds, all when none is given.
func (s *Set) Certificates(kinds ...Kind) []*cert.Certificate {
	var list []*cert.Certificate
	for _, a := range s.Anchors(kinds...) {
		list = append(list, a.Certificate)
	}
	return list
}

// Find returns the anchor with this certificate.
func (s *Set) Find(c *cert.Certificate) (Anchor, bool) {
	for _, a := range s.anchors {
		if a.Certificate.Equal(c) {
			return a, true
		}
	}
	return Anchor{}, false
}

// Centres returns the certificates of the accredited centres, to complete paths with.
func (s *Set) Centres() []*cert.Certificate {
	list := make([]*cert.Certificate, len(s.centres))
	for i, c := range s.centres {
		list[i] = c.Certificate
	}
	return list
}

// FindCentre returns the centre with this certificate.
func (s *Set) FindCentre(c *cert.Certificate) (Centre, bool) {
	for _, x := range s.centres {
		if x.Certificate.Equal(c) {
			return x, true
		}
	}
	return Centre{}, false
}

func contains(kinds []Kind, k Kind) bool {
	for _, x := range kinds {
		if x == k {
			return true
		}
	}
	return false
}
