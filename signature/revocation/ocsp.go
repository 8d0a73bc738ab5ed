// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6960 certificate identifiers, not a signature
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// ResponderRule says what becomes of an answer whose delegated responder is not excused from
// revocation (RFC 6960 section 4.2.2.2.1) and whose state could not be found out. A revoked
// responder's answer never counts.
type ResponderRule int

// Rules for delegated responders.
const (
	// ResponderTold lets the answer count and tells it as a Problem.
	ResponderTold ResponderRule = iota
	// ResponderGood lets the answer count only when the responder is shown to be good.
	ResponderGood
)

// byResponse checks everything about one response, the signature behind what costs less.
func (i *inquiry) byResponse(ctx context.Context, r *response) (Result, *Problem) {
	s, p := r.find(i.q.Certificate, i.q.Issuer)
	if p != nil {
		return Result{}, p
	}
	for _, unknown := range []string{r.unknown, s.unknown} {
		if unknown != "" {
			return Result{}, &Problem{Code: CodeCriticalExtension, Detail: unknown}
		}
	}
	if p := i.freshResponse(r, s); p != nil {
		return Result{}, p
	}
	result := Result{Status: Good, Source: SourceOCSP, Raw: r.raw, ThisUpdate: s.this, NextUpdate: s.next}
	if p := i.checkResponder(ctx, r, s, &result); p != nil {
		return Result{}, p
	}
	switch s.status {
	case Revoked:
		i.revoked(&result, s.this, s.revokedAt, s.invalidity, s.reason, s.given)
		if r.extended && s.reason == hold && s.revokedAt.Unix() == 0 {
			result.Problems = append(result.Problems, &Problem{Code: CodeNotIssued, Source: SourceOCSP, Detail: "never issued, by the responder's word"})
		}
	case Good:
		if p := i.outlived(s.this, s.cutoff); p != nil {
			return Result{}, p
		}
	default:
		return Result{}, &Problem{Code: CodeStatusUnknown, Detail: "the responder does not know the certificate"}
	}
	return result, nil
}

// freshResponse checks the times; without nextUpdate newer information is to be had all the time (RFC
// 6960 section 4.2.2.1), so the answer is good for its moment only.
func (i *inquiry) freshResponse(r *response, s *single) *Problem {
	if r.produced.After(i.now.Add(i.skew)) {
		return &Problem{Code: CodeEarly, Detail: "produced in the future"}
	}
	next := s.next
	if next.IsZero() {
		next = s.this.Add(maxAgeWithoutNext)
	}
	return i.fresh(s.this, next)
}

// find returns the one answer about c. Of two that differ nobody could say which is meant; of two
// that agree it is the newer.
func (r *response) find(c, issuer *cert.Certificate) (*single, *Problem) {
	var found *single
	serial := integerOf(c.Serial)
	for n := range r.singles {
		s := &r.singles[n]
		if !bytes.Equal(s.serial, serial) || !s.isOf(c, issuer) {
			continue
		}
		switch {
		case found == nil:
			found = s
		case found.status != s.status || !found.revokedAt.Equal(s.revokedAt) || found.reason != s.reason:
			return nil, malformed("answers about this certificate that differ", nil)
		case s.this.After(found.this):
			found = s
		}
	}
	if found == nil {
		return nil, &Problem{Code: CodeWrongCertificate, Detail: "no answer about this certificate"}
	}
	return found, nil
}

// isOf compares the hashes of the issuer's name and key (RFC 6960 section 4.1.1). The name is hashed
// as the certificate writes it; some take the issuer's own way of writing it.
func (s *single) isOf(c, issuer *cert.Certificate) bool {
	if !s.known {
		return false
	}
	key, err := keyBits(issuer)
	return err == nil && bytes.Equal(s.keyHash, s.sum(key)) &&
		(bytes.Equal(s.nameHash, s.sum(c.RawIssuer)) || bytes.Equal(s.nameHash, s.sum(issuer.RawSubject)))
}

func (s *single) sum(b []byte) []byte {
	if s.hash.Size == 0 {
		return sha1Sum(b)
	}
	return s.hash.Sum(b)
}

// hashOf finds the hash of certificate identifiers: the algorithm table, and SHA-1 (zero Size), which
// RFC 6960 clients use here and which protects nothing.
func hashOf(oid asn1.ObjectIdentifier, params []byte) (algo.Digest, bool) {
	if oid.Equal(oidSHA1) {
		return algo.Digest{}, len(params) == 0 || bytes.Equal(params, []byte{der.TagNull, 0})
	}
	d, err := algo.DigestByOID(oid, params)
	return d, err == nil
}

func sha1Sum(b []byte) []byte {
	s := sha1.Sum(b) //nolint:gosec // see hashOf
	return s[:]
}

// keyBits is the content of the public key's BIT STRING, which identifiers hash.
func keyBits(c *cert.Certificate) ([]byte, error) {
	top := walkOver(c.RawSPKI)
	w := top.into(der.TagSequence)
	w.content(der.TagSequence)
	bits := w.content(der.TagBitString)
	if !top.done() || !w.done() || len(bits) < 2 {
		return nil, errors.New("public key has no bits")
	}
	return bits[1:], nil
}

// isBy reports that the response names c as its responder (RFC 6960 section 4.2.1, ResponderID).
func (r *response) isBy(c *cert.Certificate) bool {
	if r.keyHash == nil {
		return r.name == c.Subject.Key()
	}
	key, err := keyBits(c)
	return err == nil && bytes.Equal(r.keyHash, sha1Sum(key))
}

// checkResponder finds who signed: the issuer itself, or a certificate that the issuer made for
// answering (RFC 6960 section 4.2.2.2), in the response or known otherwise.
func (i *inquiry) checkResponder(ctx context.Context, r *response, s *single, result *Result) *Problem {
	if err := i.legacyAlgorithm(r.algorithm, r.params); err != nil {
		return &Problem{Code: CodeSignature, Detail: "algorithm of the response", Cause: err}
	}
	problem := &Problem{Code: CodeSigner, Detail: "no certificate of the responder at hand"}
	if r.isBy(i.q.Issuer) {
		err := r.signedBy(i.q.Issuer)
		if err == nil {
			return nil
		}
		problem = &Problem{Code: CodeSignature, Detail: "signature under the issuer's key", Cause: err}
	}
	made := s.this
	if r.produced.After(made) {
		made = r.produced
	}
	responders, all := i.responders(r)
	for _, c := range responders {
		if !i.spend() {
			return &Problem{Code: CodeTooComplex, Detail: "too many signatures to check"}
		}
		err := r.delegation.check([]byte(pairKey(c, i.q.Issuer)), func() error { return i.delegated(c) })
		if err == nil && !c.ValidAt(i.moment(made)) {
			err = errors.New("responder is out of its validity")
		}
		if err != nil {
			problem = &Problem{Code: CodeSigner, Detail: "may not answer for the issuer", Cause: err}
			continue
		}
		if err := r.signedBy(c); err != nil {
			problem = &Problem{Code: CodeSignature, Detail: "signature under the responder's key", Cause: err}
			continue
		}
		if !slices.ContainsFunc(r.certs, func(raw []byte) bool { return bytes.Equal(raw, c.Raw) }) {
			result.Certificates = append(result.Certificates, c.Raw)
		}
		return i.responderState(ctx, c, i.moment(made), result)
	}
	*i.cut = *i.cut || !all
	return problem
}

// responders are the certificates with the responder's identifier, those of the response first. In
// the directory a responder is found by its name only. all says that there are no more of them.
func (i *inquiry) responders(r *response) (out []*cert.Certificate, all bool) {
	for _, pool := range [][]*cert.Certificate{r.certificates(), i.q.Certificates, i.listed(r.name), i.known} {
		for _, c := range pool {
			if r.isBy(c) && !c.Equal(i.q.Issuer) && !slices.ContainsFunc(out, c.Equal) {
				out = append(out, c)
			}
		}
	}
	return out[:min(len(out), maxSigners)], len(out) <= maxSigners
}

// certificates are those of the response that can be read, read once.
func (r *response) certificates() []*cert.Certificate {
	r.reading.Do(func() {
		for _, raw := range r.certs {
			if c, err := cert.Parse(raw); err == nil {
				r.read = append(r.read, c)
			}
		}
	})
	return r.read
}

func (r *response) signedBy(c *cert.Certificate) error {
	return r.proof.check(c.RawSPKI, func() error { return c.CheckSigned(r.algorithm, r.params, r.tbs, r.signature) })
}

// delegated checks that the issuer made this certificate for signing OCSP answers, at whatever time.
func (i *inquiry) delegated(c *cert.Certificate) error {
	switch {
	case c.Issuer.Key() != i.q.Issuer.Subject.Key():
		return errors.New("responder is of another issuer")
	case len(c.UnhandledCritical) > 0:
		return fmt.Errorf("responder has critical extension %v", c.UnhandledCritical[0])
	case c.HasKeyUsage && c.KeyUsage&(cert.DigitalSignature|cert.NonRepudiation) == 0:
		return errors.New("the responder's key may not sign")
	case !slices.ContainsFunc(c.ExtKeyUsage, oidOCSPSigning.Equal):
		return errors.New("responder has no OCSPSigning purpose")
	}
	if err := i.legacyAlgorithm(c.SignatureOID, c.SignatureParams); err != nil {
		return err
	}
	return c.CheckSignature(i.q.Issuer)
}

// responderState asks whether a delegated responder is revoked, unless its certificate says that this
// is not to be asked (RFC 6960 section 4.2.2.2.1). Only CRLs are asked: an answer by OCSP would come
// from the same responder.
func (i *inquiry) responderState(ctx context.Context, c *cert.Certificate, at time.Time, result *Result) *Problem {
	if c.NoCheck {
		return nil
	}
	r := i.state(ctx, c, i.q.Issuer, at, true)
	p := signerState(r)
	if p == nil {
		result.support(r)
		return nil
	}
	if p.Code == CodeSignerRevoked || i.rule == ResponderGood {
		return p
	}
	p.Source = SourceOCSP
	result.Problems = append(result.Problems, p)
	return nil
}
