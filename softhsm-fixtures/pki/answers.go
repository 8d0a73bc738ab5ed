// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// parsed is the request, nil when it can't be read.
func parsed(request []byte) *ocsp.Request {
	req, err := ocsp.ParseRequest(request)
	if err != nil {
		return nil
	}
	return req
}

// MakeOCSP answers one OCSP request (RFC 6960), with the fault if it is one of content.
func (a *Authority) MakeOCSP(request []byte, f Fault) ([]byte, error) {
	if f == TryLater {
		return ocsp.TryLaterErrorResponse, nil
	}
	req := parsed(request)
	if req == nil {
		return ocsp.MalformedRequestErrorResponse, nil // RFC 6960 section 2.3: said inside a 200
	}
	this, next := a.times(f, a.pki.cfg.OCSPLife)
	t := ocsp.Response{
		SerialNumber: req.SerialNumber, IssuerHash: req.HashAlgorithm,
		ThisUpdate: this, NextUpdate: next, Certificate: a.responder, Status: ocsp.Unknown,
	}
	a.mu.Lock()
	known := a.issued[req.SerialNumber.Text(16)]
	rev, revoked := a.revoked[req.SerialNumber.Text(16)]
	a.mu.Unlock()
	switch {
	case f == Unknown:
	case revoked:
		t.Status, t.RevokedAt, t.RevocationReason = ocsp.Revoked, rev.At, rev.Reason
	case known:
		t.Status = ocsp.Good
	}
	key := a.responderKey
	switch f {
	case WrongCertificate:
		t.SerialNumber = new(big.Int).Add(req.SerialNumber, big.NewInt(1))
		t.Status = ocsp.Good
	case WrongSigner, NoRight:
		var err error
		if t.Certificate, key, err = a.liar(f); err != nil {
			return nil, err
		}
		t.Status = ocsp.Good // what a forger would say
	}
	return ocsp.CreateResponse(a.cert, t.Certificate, t, key)
}

// liar is who signs false OCSP answers: the responder of another authority, or a certificate of
// this authority that may not answer.
func (a *Authority) liar(f Fault) (*x509.Certificate, crypto.Signer, error) {
	if f == WrongSigner {
		other := a.otherAuthority()
		return other.responder, other.responderKey, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.strangersCert == nil {
		key, err := NewKey(P256)
		if err != nil {
			return nil, nil, err
		}
		c, err := a.makeResponder(key.Public(), []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth})
		if err != nil {
			return nil, nil, err
		}
		a.strangersCert, a.strangerKey = c, key
	}
	return a.strangersCert, a.strangerKey, nil
}

func (a *Authority) otherAuthority() *Authority {
	if a.name == RogueCA {
		return a.pki.Authority(CA)
	}
	return a.pki.Authority(RogueCA)
}

// MakeCRL gives the complete CRL (RFC 5280 section 5), with the fault if it is one of content.
func (a *Authority) MakeCRL(f Fault) ([]byte, error) {
	if f == WrongCertificate {
		return a.otherAuthority().MakeCRL(None)
	}
	this, next := a.times(f, a.pki.cfg.CRLLife)
	a.mu.Lock()
	a.crlNumber++
	t := &x509.RevocationList{Number: big.NewInt(this.Unix()*1000 + a.crlNumber%1000), ThisUpdate: this, NextUpdate: next}
	for _, r := range a.revoked {
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: r.Serial, RevocationTime: r.At, ReasonCode: r.Reason,
		})
	}
	a.mu.Unlock()
	issuer, key := a.cert, a.key
	switch f {
	case WrongSigner:
		// The name and key identifier of this authority over the signature of another.
		other := a.otherAuthority()
		forged := *other.cert
		forged.RawSubject, forged.SubjectKeyId = a.cert.RawSubject, a.cert.SubjectKeyId
		issuer, key = &forged, other.key
		t.RevokedCertificateEntries = nil
	case Critical:
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 643, 100, 999}, Critical: true, Value: []byte{5, 0}}}
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, issuer, key)
	if err != nil {
		return nil, fmt.Errorf("make the CRL of %s: %w", a.name, err)
	}
	return der, nil
}

// times gives thisUpdate and nextUpdate of an answer.
func (a *Authority) times(f Fault, life time.Duration) (this, next time.Time) {
	now := a.pki.cfg.Now().UTC().Truncate(time.Second)
	switch f {
	case Stale:
		now = now.Add(-life - 24*time.Hour)
	case Early:
		now = now.Add(24 * time.Hour)
	}
	return now, now.Add(life)
}
