// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"zaver/signature/cert"
)

// search is one All: a depth-first walk from the leaf upwards.
type search struct {
	*Finder
	untrusted *index
	at        time.Time
	o         Options
	yield     func(Valid) bool

	path   Path
	found  bool // yield has seen a path
	stop   bool // yield wants no more, or a bound is reached
	checks int
	work   int

	signatures map[signature]*Error
	dead       map[*cert.Certificate]bool // leads to no anchor, whatever is below
	lists      map[*cert.Certificate][]candidate
	reach      reach

	best      *Error // failure of the attempt that came furthest
	bestDepth int
}

// signature names a check by the certificate and the issuer's key, which is all that it depends on.
type signature struct {
	below *cert.Certificate
	spki  string
}

func newSearch(f *Finder, untrusted []*cert.Certificate, at time.Time, o Options) *search {
	if o.MaxDepth == 0 {
		o.MaxDepth = DefaultDepth
	}
	if o.MaxChecks == 0 {
		o.MaxChecks = DefaultChecks
	}
	if o.MaxWork == 0 {
		o.MaxWork = DefaultWork
	}
	// Validity is counted in whole seconds, both ends included (RFC 5280 section 4.1.2.5).
	return &search{Finder: f, untrusted: newIndex(untrusted), at: at.Truncate(time.Second), o: o}
}

func (s *search) run(leaf *cert.Certificate, yield func(Valid) bool) error {
	s.yield = yield
	anchor := s.anchors.has(leaf)
	if err := s.checkLeaf(leaf, anchor); err != nil {
		return err
	}
	s.path = append(make(Path, 0, 4), leaf)
	if anchor {
		s.complete()
	}
	if !s.stop {
		s.goOn(leaf)
	}
	switch {
	case s.found:
		return nil
	case s.best == nil:
		return &Error{Code: CodeNoAnchor, Certificate: leaf, Detail: "no issuer at hand"}
	default:
		return s.best
	}
}

func (s *search) checkLeaf(leaf *cert.Certificate, anchor bool) *Error {
	if err := s.checkCommon(leaf, s.o.LeafTimeElsewhere || anchor && s.o.AnchorTimeElsewhere); err != nil {
		return err
	}
	if err := checkProfile(leaf); err != nil {
		return err
	}
	return s.checkPurpose(leaf)
}

// climb extends s.path from its last certificate to an anchor in every way and leaves it as it was.
// It reports whether failure was certain whatever is below: then below need not be tried again.
func (s *search) climb(below *cert.Certificate) (hopeless bool) {
	if s.dead[below] {
		return true
	}
	hopeless = true
	list := s.candidates(below)
	for _, c := range list {
		if !s.tryCandidate(below, c) {
			hopeless = false
		}
		if s.stop {
			return false
		}
	}
	if len(list) == 0 {
		s.note(&Error{Code: CodeNoAnchor, Certificate: below, Detail: "no certificate with the issuer's name at hand"})
	}
	if hopeless {
		if s.dead == nil {
			s.dead = make(map[*cert.Certificate]bool)
		}
		s.dead[below] = true
	}
	return hopeless
}

// tryCandidate puts an issuer on the path, goes on from it and takes it off again. It reports
// whether failure was certain whatever is below.
func (s *search) tryCandidate(below *cert.Certificate, c candidate) (hopeless bool) {
	if !s.spend(1, below) {
		return false
	}
	if c.anchor && s.inPath(c.cert) {
		return false // the leaf, of which run has spoken
	}
	if !c.anchor && s.loops(c.cert) {
		return false
	}
	if err := s.checkIssuer(below, c); err != nil {
		s.note(err)
		return true
	}
	if err := s.checkBelow(c.cert); err != nil {
		s.note(err)
		return false
	}
	if err := s.checkSignature(below, c.cert); err != nil {
		s.note(err)
		return err.Code != CodeTooComplex
	}
	s.path = append(s.path, c.cert)
	if c.anchor {
		s.complete()
	} else {
		hopeless = s.goOn(c.cert)
	}
	s.path = s.path[:len(s.path)-1]
	return hopeless
}

// goOn climbs from the top of the path if a way to an anchor may be ahead.
func (s *search) goOn(top *cert.Certificate) (hopeless bool) {
	switch leads, near := s.ahead(top); {
	case !leads:
		s.note(&Error{Code: CodeNoAnchor, Certificate: top, Detail: "no names lead to an anchor"})
		return true
	case !near:
		s.note(&Error{Code: CodeTooComplex, Certificate: top, Detail: fmt.Sprintf("path longer than %d certificates", s.o.MaxDepth)})
		return false
	}
	return s.climb(top)
}

// checkIssuer is what two neighbours fulfil whatever is below, except the signature.
func (s *search) checkIssuer(below *cert.Certificate, c candidate) *Error {
	if err := s.checkCommon(c.cert, c.anchor && s.o.AnchorTimeElsewhere); err != nil {
		return err
	}
	if err := checkAuthority(c.cert, c.anchor); err != nil {
		return err
	}
	if err := checkProfile(c.cert); err != nil {
		return err
	}
	if s.o.Strict {
		if list := deviations(below, c.cert, false); len(list) > 0 {
			return list[0]
		}
		if c.anchor {
			if list := deviations(c.cert, nil, true); len(list) > 0 {
				return list[0]
			}
		}
	}
	return s.checkAlgorithm(below, c.cert)
}

// checkBelow is what an issuer limits in the path below it.
func (s *search) checkBelow(issuer *cert.Certificate) *Error {
	if err := s.checkPathLen(issuer); err != nil {
		return err
	}
	if err := s.checkPurpose(issuer); err != nil {
		return err
	}
	return s.checkNames(issuer)
}

// checkSignature comes last because it costs most, and is done once for a certificate and a key.
func (s *search) checkSignature(below, issuer *cert.Certificate) *Error {
	if err, known := s.signatures[signature{below, string(issuer.RawSPKI)}]; known {
		return err
	}
	if s.checks >= s.o.MaxChecks {
		s.stop = true
		return &Error{Code: CodeTooComplex, Certificate: below, Detail: fmt.Sprintf("more than %d signature checks", s.o.MaxChecks)}
	}
	s.checks++
	var failed *Error
	if err := below.CheckSignature(issuer); err != nil {
		code := CodeSignature
		var e *cert.Error
		if errors.As(err, &e) && e.Code == "cert.algorithm" {
			code = CodeAlgorithm
		}
		failed = &Error{Code: code, Certificate: below, Detail: "check the signature under the issuer's key", Cause: err}
	}
	if s.signatures == nil {
		s.signatures = make(map[signature]*Error)
	}
	s.signatures[signature{below, string(issuer.RawSPKI)}] = failed
	return failed
}

// complete judges a path that has reached an anchor and hands it out.
func (s *search) complete() {
	policies, err := s.checkPolicies()
	if err != nil {
		s.note(err)
		return
	}
	v := Valid{Path: slices.Clone(s.path), Policies: policies}
	for i, c := range v.Path {
		v.Deviations = append(v.Deviations, deviations(c, v.Path.Issuer(i), i > 0)...)
	}
	if s.o.Strict && len(v.Deviations) > 0 { // a leaf that is an anchor
		s.note(v.Deviations[0])
		return
	}
	s.found = true
	s.stop = !s.yield(v)
}

// spend counts work; false ends the search.
func (s *search) spend(n int, c *cert.Certificate) bool {
	if s.work += n; s.work <= s.o.MaxWork {
		return true
	}
	if !s.stop {
		s.stop = true
		s.note(&Error{Code: CodeTooComplex, Certificate: c, Detail: fmt.Sprintf("more than %d steps", s.o.MaxWork)})
	}
	return false
}

// inPath reports that this very certificate is in the path.
func (s *search) inPath(c *cert.Certificate) bool {
	for _, x := range s.path {
		if x == c || x.Equal(c) {
			return true
		}
	}
	return false
}

// loops reports that taking c would lead nowhere new: it is in the path, or an authority of the
// same name, key and alternative names is. The leaf may be certified by way of another certificate
// of its own name and key, so only itself counts.
func (s *search) loops(c *cert.Certificate) bool {
	if s.inPath(c) {
		return true
	}
	for _, x := range s.path[1:] {
		if !bytes.Equal(x.RawSPKI, c.RawSPKI) || !x.Subject.Equal(c.Subject) {
			continue
		}
		a, _ := x.Extension(cert.OIDSubjectAltName)
		b, _ := c.Extension(cert.OIDSubjectAltName)
		if bytes.Equal(a.Value, b.Value) {
			return true
		}
	}
	return false
}

// note keeps the failure that says most: the one found deepest, the first among equals; a cut
// search is always said.
func (s *search) note(e *Error) {
	depth := len(s.path)
	cut := s.best != nil && s.best.Code == CodeTooComplex
	if s.best == nil || !cut && (depth > s.bestDepth || e.Code == CodeTooComplex) {
		s.best, s.bestDepth = e, depth
	}
}
