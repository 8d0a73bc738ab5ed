// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/gost"
)

// keyTables bounds the keys of a set that are kept prepared for fast checks.
const keyTables = 256

// Set is an immutable set of anchors and centres.
type Set struct {
	id      string
	anchors []Anchor
	centres []Centre
	list    *ListRef
	finder  *chain.Finder

	seed  maphash.Seed
	known map[uint64]*cert.Certificate // anchors and centres by a hash of their bytes

	anchorOf map[[sha256.Size]byte]int // by fingerprint
	centreOf map[[sha256.Size]byte]int
	named    map[string][]int // centres by the key of their subject
}

// NewSet makes a set; order does not matter. It returns *Error with CodeEmpty, CodeKind, CodePeriod
// or CodeDuplicate. Keys of anchors and centres share one bounded cache that makes repeated checks
// fast; the certificates that the set returns carry it.
func NewSet(anchors []Anchor, centres ...Centre) (*Set, error) { return newSet(anchors, centres, nil) }

func newSet(anchors []Anchor, centres []Centre, list *ListRef) (*Set, error) {
	s := &Set{anchors: slices.Clone(anchors), centres: slices.Clone(centres), list: list}
	if err := s.index(); err != nil {
		return nil, err
	}
	s.id = s.hash()
	cache := gost.NewCache(keyTables)
	for i := range s.anchors {
		s.anchors[i].Certificate = s.anchors[i].Certificate.Remember(cache)
	}
	for i := range s.centres {
		s.centres[i].Certificate = s.centres[i].Certificate.Remember(cache)
	}
	s.finder = chain.NewFinder(s.Certificates(), s.Centres())
	s.seed, s.known = maphash.MakeSeed(), make(map[uint64]*cert.Certificate, len(s.anchors)+len(s.centres))
	for _, c := range append(s.Certificates(), s.Centres()...) {
		s.known[maphash.Bytes(s.seed, c.Raw)] = c
	}
	return s, nil
}

// index refuses what would make a set ambiguous and fills the maps.
func (s *Set) index() error {
	if len(s.anchors) == 0 {
		return &Error{Code: CodeEmpty, Detail: "no anchors"}
	}
	s.anchorOf = make(map[[sha256.Size]byte]int, len(s.anchors))
	s.centreOf = make(map[[sha256.Size]byte]int, len(s.centres))
	s.named = make(map[string][]int, len(s.centres))
	for i, a := range s.anchors {
		if a.Kind != Qualified && a.Kind != UEC {
			return &Error{Code: CodeKind, Detail: "kind " + strconv.Quote(string(a.Kind))}
		}
		if err := checkPeriods(Period{a.AccreditedFrom, a.AccreditedUntil}); err != nil {
			return err
		}
		sum := a.Certificate.Fingerprint()
		if _, ok := s.anchorOf[sum]; ok {
			return &Error{Code: CodeDuplicate, Detail: "certificate listed twice"}
		}
		s.anchorOf[sum] = i
	}
	for i, c := range s.centres {
		if err := checkPeriods(c.Periods...); err != nil {
			return err
		}
		sum := c.Certificate.Fingerprint()
		_, anchor := s.anchorOf[sum]
		if _, ok := s.centreOf[sum]; ok || anchor {
			return &Error{Code: CodeDuplicate, Detail: "certificate listed twice"}
		}
		s.centreOf[sum] = i
		name := c.Certificate.Subject.Key()
		s.named[name] = append(s.named[name], i)
	}
	return nil
}

// checkPeriods wants periods that end after they begin, in order, none touching the next.
func checkPeriods(list ...Period) error {
	for i, p := range list {
		if !p.Until.IsZero() && !p.From.Before(p.Until) {
			return &Error{Code: CodePeriod, Detail: "accreditation ends before it begins"}
		}
		if i > 0 && (list[i-1].Until.IsZero() || !list[i-1].Until.Before(p.From)) {
			return &Error{Code: CodePeriod, Detail: "periods of accreditation overlap"}
		}
	}
	return nil
}

// hash is the ID: of sorted lines, one for each thing that the set says.
func (s *Set) hash() string {
	var lines []string
	for _, a := range s.anchors {
		lines = append(lines, line(string(a.Kind), a.Certificate, a.Name, "", Period{a.AccreditedFrom, a.AccreditedUntil}))
	}
	for _, c := range s.centres {
		lines = append(lines, line("centre", c.Certificate, c.Name, c.OGRN, c.Periods...))
	}
	if s.list != nil {
		lines = append(lines, "list "+strconv.FormatInt(s.list.Version, 10)+" "+stamp(s.list.Date)+" "+s.list.Digest+" "+strconv.Itoa(s.list.Centres)+"\n")
	}
	sort.Strings(lines)
	sum := sha256.Sum256([]byte("zaver.trust/v1\n" + strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// line is what the ID hashes of one entry: names are quoted and stand last, so no value can pose as another.
func line(role string, c *cert.Certificate, name, ogrn string, periods ...Period) string {
	sum := c.Fingerprint()
	var b strings.Builder
	b.WriteString(role + " " + hex.EncodeToString(sum[:]))
	for _, p := range periods {
		b.WriteString(" " + stamp(p.From) + " " + stamp(p.Until))
	}
	b.WriteString(" " + strconv.Quote(name))
	if ogrn != "" {
		b.WriteString(" " + strconv.Quote(ogrn))
	}
	b.WriteString("\n")
	return b.String()
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
		if len(kinds) == 0 || slices.Contains(kinds, a.Kind) {
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
	i, ok := s.anchorOf[c.Fingerprint()]
	if !ok {
		return Anchor{}, false
	}
	return s.anchors[i], true
}

// List names the list of accredited centres that the set was made with, false when there is none.
func (s *Set) List() (ListRef, bool) {
	if s.list == nil {
		return ListRef{}, false
	}
	return *s.list, true
}

// Finder finds paths to the anchors by way of the centres. What it costs does not grow with their number.
func (s *Set) Finder() *chain.Finder { return s.finder }

// Centres returns the certificates of all centres. A list has thousands: to complete one path take Finder or Above.
func (s *Set) Centres() []*cert.Certificate {
	list := make([]*cert.Certificate, len(s.centres))
	for i, c := range s.centres {
		list[i] = c.Certificate
	}
	return list
}

// maxAbove bounds what Above returns.
const maxAbove = 64

// Above returns the centres that may stand above the given certificates in a path: those that bear
// the name of an issuer, and those above them in turn; at most 64. It costs the same however many
// centres there are. None of the given certificates is among them.
func (s *Set) Above(list ...*cert.Certificate) []*cert.Certificate {
	var out []*cert.Certificate
	asked, given := map[string]bool{}, map[[sha256.Size]byte]bool{}
	for _, c := range list {
		given[c.Fingerprint()] = true
	}
	for todo := slices.Clone(list); len(todo) > 0; todo = todo[1:] {
		name := todo[0].Issuer.Key()
		if asked[name] {
			continue
		}
		asked[name] = true
		for _, i := range s.named[name] {
			c := s.centres[i].Certificate
			if len(out) == maxAbove {
				return out
			}
			if !given[c.Fingerprint()] {
				out, todo = append(out, c), append(todo, c)
			}
		}
	}
	return out
}

// Named returns the centres whose subject has that key (cert.Name.Key).
func (s *Set) Named(key string) []*cert.Certificate {
	var list []*cert.Certificate
	for _, i := range s.named[key] {
		list = append(list, s.centres[i].Certificate)
	}
	return list
}

// Known returns the certificate of the anchor or centre with these very bytes, nil when there is none: who meets it in a
// message need not read it again.
func (s *Set) Known(der []byte) *cert.Certificate {
	if c := s.known[maphash.Bytes(s.seed, der)]; c != nil && bytes.Equal(c.Raw, der) {
		return c
	}
	return nil
}

// FindCentre returns the centre with this certificate.
func (s *Set) FindCentre(c *cert.Certificate) (Centre, bool) {
	i, ok := s.centreOf[c.Fingerprint()]
	if !ok {
		return Centre{}, false
	}
	return s.centres[i], true
}
