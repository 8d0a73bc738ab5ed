// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"sort"
	"time"

	"zaver/signature/cert"
)

// oidNameConstraints must be critical (RFC 5280 section 4.2.1.10); one that isn't limits no less.
var oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

// search is one Build: a depth-first walk from the leaf upwards.
type search struct {
	untrusted, anchors []*cert.Certificate
	at                 time.Time
	o                  Options
	checks             int
	path               Path
	best               *Error // failure of the attempt that came furthest
	bestDepth          int
}

func newSearch(untrusted, anchors []*cert.Certificate, at time.Time, o Options) *search {
	if o.MaxDepth == 0 {
		o.MaxDepth = DefaultDepth
	}
	if o.MaxChecks == 0 {
		o.MaxChecks = DefaultChecks
	}
	return &search{untrusted: untrusted, anchors: anchors, at: at, o: o}
}

func (s *search) run(leaf *cert.Certificate) (Path, error) {
	if err := s.checkCommon(leaf, s.o.LeafTimeElsewhere); err != nil {
		return nil, err
	}
	if err := s.checkPurpose(leaf, true); err != nil {
		return nil, err
	}
	s.path = Path{leaf}
	if isAnchor(leaf, s.anchors) || s.climb(leaf) {
		return s.path, nil
	}
	if s.best == nil {
		s.best = &Error{Code: CodeNoAnchor, Certificate: leaf, Detail: "no issuer at hand"}
	}
	return nil, s.best
}

// climb extends s.path from its last certificate to an anchor; false leaves the path as it was.
func (s *search) climb(below *cert.Certificate) bool {
	found := false
	for _, c := range s.candidates(below) {
		found = true
		if err := s.tryIssuer(below, c.cert, c.anchor); err != nil {
			s.note(err)
			continue
		}
		s.path = append(s.path, c.cert)
		if c.anchor || s.climb(c.cert) {
			return true
		}
		s.path = s.path[:len(s.path)-1]
	}
	if !found {
		s.note(&Error{Code: CodeNoAnchor, Certificate: below, Detail: "no certificate with the issuer's name at hand"})
	}
	return false
}

// tryIssuer checks all that a certificate must fulfil to stand above another one in the path; the
// signature comes last because it costs most.
func (s *search) tryIssuer(below, issuer *cert.Certificate, anchor bool) *Error {
	if len(s.path) >= s.o.MaxDepth {
		return &Error{Code: CodeTooComplex, Certificate: issuer, Detail: fmt.Sprintf("path longer than %d certificates", s.o.MaxDepth)}
	}
	if err := s.checkCommon(issuer, false); err != nil {
		return err
	}
	if err := s.checkAuthority(issuer); err != nil {
		return err
	}
	if !anchor {
		if err := s.checkPurpose(issuer, false); err != nil {
			return err
		}
	}
	if s.checks >= s.o.MaxChecks {
		return &Error{Code: CodeTooComplex, Certificate: below, Detail: fmt.Sprintf("more than %d signature checks", s.o.MaxChecks)}
	}
	s.checks++
	if err := below.CheckSignature(issuer); err != nil {
		code := CodeSignature
		var e *cert.Error
		if errors.As(err, &e) && e.Code == "cert.algorithm" {
			code = CodeAlgorithm
		}
		return &Error{Code: code, Certificate: below, Detail: "check the signature under the issuer's key", Cause: err}
	}
	return nil
}

// checkCommon is what holds for every certificate of the path.
func (s *search) checkCommon(c *cert.Certificate, timeElsewhere bool) *Error {
	switch {
	case timeElsewhere:
	case s.at.Before(c.NotBefore):
		return &Error{Code: CodeNotYetValid, Certificate: c, Detail: "valid from " + c.NotBefore.UTC().Format(time.RFC3339)}
	case s.at.After(c.NotAfter):
		return &Error{Code: CodeExpired, Certificate: c, Detail: "valid until " + c.NotAfter.UTC().Format(time.RFC3339)}
	}
	if len(c.UnhandledCritical) > 0 {
		return &Error{Code: CodeCriticalExtension, Certificate: c, Detail: fmt.Sprintf("critical extension %v", c.UnhandledCritical[0])}
	}
	return nil
}

// checkAuthority is RFC 5280 section 6.1.4 (k) to (n) for a certificate that issues the last one of
// the path. Path length counts the authorities between it and the leaf, self-issued ones apart.
func (s *search) checkAuthority(c *cert.Certificate) *Error {
	if !c.HasBasicConstraints || !c.IsCA {
		return &Error{Code: CodeCA, Certificate: c, Detail: "basic constraints do not say authority"}
	}
	if c.HasKeyUsage && c.KeyUsage&cert.CertSign == 0 {
		return &Error{Code: CodeKeyUsage, Certificate: c, Detail: "key usage without keyCertSign"}
	}
	if _, limited := c.Extension(oidNameConstraints); limited {
		return &Error{Code: CodeCriticalExtension, Certificate: c, Detail: "name constraints, which are not processed"}
	}
	between := 0
	for _, x := range s.path[1:] {
		if !x.SelfIssued() {
			between++
		}
	}
	if c.PathLen >= 0 && between > c.PathLen {
		return &Error{Code: CodePathLen, Certificate: c, Detail: fmt.Sprintf("path length %d, %d authorities below", c.PathLen, between)}
	}
	return nil
}

func (s *search) checkPurpose(c *cert.Certificate, leaf bool) *Error {
	if len(s.o.ExtKeyUsage) == 0 || (!leaf && len(c.ExtKeyUsage) == 0) {
		return nil
	}
	for _, want := range s.o.ExtKeyUsage {
		for _, have := range c.ExtKeyUsage {
			if have.Equal(want) {
				return nil
			}
		}
	}
	return &Error{Code: CodeExtKeyUsage, Certificate: c, Detail: "extended key usage does not allow the purpose"}
}

type candidate struct {
	cert   *cert.Certificate
	anchor bool
	rank   int
}

// candidates lists the possible issuers, best first: by raw name, then anchors before untrusted,
// then those whose key identifier fits. A certificate already in the path is left out by subject
// and key, which ends loops of cross-certificates.
func (s *search) candidates(below *cert.Certificate) []candidate {
	var list []candidate
	add := func(pool []*cert.Certificate, anchor bool) {
		for _, c := range pool {
			if !bytes.Equal(c.RawSubject, below.RawIssuer) || s.inPath(c) || (!anchor && isAnchor(c, s.anchors)) {
				continue
			}
			rank := 0
			switch {
			case len(below.AKI) == 0 || len(c.SKI) == 0:
				rank = 1
			case !bytes.Equal(below.AKI, c.SKI):
				rank = 2
			}
			list = append(list, candidate{c, anchor, rank})
		}
	}
	add(s.anchors, true)
	add(s.untrusted, false)
	sort.SliceStable(list, func(i, j int) bool { return list[i].rank < list[j].rank })
	return list
}

func (s *search) inPath(c *cert.Certificate) bool {
	for _, x := range s.path {
		if bytes.Equal(x.RawSubject, c.RawSubject) && bytes.Equal(x.RawSPKI, c.RawSPKI) {
			return true
		}
	}
	return false
}

func isAnchor(c *cert.Certificate, anchors []*cert.Certificate) bool {
	for _, a := range anchors {
		if a.Equal(c) {
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
