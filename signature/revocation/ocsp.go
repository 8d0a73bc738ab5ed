// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6960 certificate identifiers, not a signature
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// Structures of RFC 6960 section 4.2.1. They are our own because golang.org/x/crypto/ocsp checks
// signatures itself and knows no algorithm outside the standard library.
type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	} `asn1:"explicit,tag:0,optional"`
}

type basicResponse struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
	Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type responseData struct {
	Version     int `asn1:"optional,default:0,explicit,tag:0"`
	ResponderID asn1.RawValue
	ProducedAt  time.Time `asn1:"generalized"`
	Responses   []singleResponse
	Extensions  []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type singleResponse struct {
	CertID     certID
	Good       asn1.Flag        `asn1:"tag:0,optional"`
	Revoked    revokedInfo      `asn1:"tag:1,optional"`
	Unknown    asn1.Flag        `asn1:"tag:2,optional"`
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type certID struct {
	Hash     pkix.AlgorithmIdentifier
	NameHash []byte
	KeyHash  []byte
	Serial   *big.Int
}

type revokedInfo struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

var (
	oidBasicResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPSigning   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

// Bounds inside one response: an answer about one certificate needs one of each.
const (
	maxSingleResponses = 64
	maxResponderCerts  = 4
)

// parsedOCSP is a response whose form is right; nothing of it is proved.
type parsedOCSP struct {
	basic basicResponse
	data  responseData
}

func malformed(what string, cause error) *Problem {
	return &Problem{Code: CodeMalformed, Detail: what, Cause: cause}
}

// unmarshal reads one DER value and refuses bytes after it.
func unmarshal(der []byte, into any, what string) *Problem {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil {
		return malformed("read "+what, err)
	}
	if len(rest) > 0 {
		return malformed(what+" has bytes after its end", nil)
	}
	return nil
}

func parseOCSP(der []byte) (*parsedOCSP, *Problem) {
	if len(der) > MaxAnswer {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("%d bytes", len(der))}
	}
	var outer ocspResponse
	if p := unmarshal(der, &outer, "OCSP response"); p != nil {
		return nil, p
	}
	if outer.Status != 0 {
		return nil, &Problem{Code: CodeResponder, Detail: fmt.Sprintf("response status %d", outer.Status)}
	}
	if !outer.Bytes.Type.Equal(oidBasicResponse) {
		return nil, malformed("response type is not basic", nil)
	}
	r := &parsedOCSP{}
	if p := unmarshal(outer.Bytes.Response, &r.basic, "basic OCSP response"); p != nil {
		return nil, p
	}
	if p := unmarshal(r.basic.TBS.FullBytes, &r.data, "OCSP response data"); p != nil {
		return nil, p
	}
	if r.data.Version != 0 {
		return nil, malformed(fmt.Sprintf("version %d", r.data.Version), nil)
	}
	if len(r.data.Responses) > maxSingleResponses || len(r.basic.Certs) > maxResponderCerts {
		return nil, malformed("too many answers or certificates", nil)
	}
	return r, nil
}

// judgeOCSP checks everything about one response, the signature last.
func judgeOCSP(der []byte, c, issuer *cert.Certificate, at time.Time, skew time.Duration) (Result, *Problem) {
	r, p := parseOCSP(der)
	if p != nil {
		return Result{}, p
	}
	single, p := r.find(c, issuer)
	if p != nil {
		return Result{}, p
	}
	for _, list := range [][]pkix.Extension{r.data.Extensions, single.Extensions} {
		for _, e := range list {
			if e.Critical {
				return Result{}, &Problem{Code: CodeCriticalExtension, Detail: e.Id.String()}
			}
		}
	}
	if p := fresh(single.ThisUpdate, single.NextUpdate, at, skew); p != nil {
		return Result{}, p
	}
	if p := r.checkSigner(issuer, at); p != nil {
		return Result{}, p
	}
	result := Result{
		Source: SourceOCSP, Raw: der,
		ThisUpdate: single.ThisUpdate.UTC(), NextUpdate: utc(single.NextUpdate),
	}
	switch {
	case !single.Revoked.At.IsZero():
		result.Status, result.RevokedAt, result.Reason = Revoked, single.Revoked.At.UTC(), int(single.Revoked.Reason)
	case bool(single.Good):
		result.Status = Good
	default:
		return Result{}, &Problem{Code: CodeStatusUnknown, Detail: "the responder does not know the certificate"}
	}
	return result, nil
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// find returns the one answer about c: of two that differ nobody could say which is meant. The state of the choice
// is checked here: exactly one of good, revoked, unknown.
func (r *parsedOCSP) find(c, issuer *cert.Certificate) (*singleResponse, *Problem) {
	var found *singleResponse
	for i := range r.data.Responses {
		s := &r.data.Responses[i]
		if !s.CertID.matches(c, issuer) {
			continue
		}
		if found != nil {
			return nil, malformed("several answers about this certificate", nil)
		}
		found = s
	}
	if found == nil {
		return nil, &Problem{Code: CodeWrongCertificate, Detail: "no answer about this certificate"}
	}
	states := 0
	for _, is := range []bool{bool(found.Good), !found.Revoked.At.IsZero(), bool(found.Unknown)} {
		if is {
			states++
		}
	}
	if states != 1 {
		return nil, malformed("no single certificate status", nil)
	}
	return found, nil
}

func (id certID) matches(c, issuer *cert.Certificate) bool {
	if id.Serial == nil || id.Serial.Cmp(c.Serial) != 0 {
		return false
	}
	sum, ok := hashOf(id.Hash)
	if !ok {
		return false
	}
	key, err := keyBits(issuer)
	return err == nil && bytes.Equal(id.NameHash, sum(issuer.RawSubject)) && bytes.Equal(id.KeyHash, sum(key))
}

// hashOf finds the hash of certificate identifiers: the algorithm table, and SHA-1, which RFC 6960
// clients use here and which protects nothing.
func hashOf(a pkix.AlgorithmIdentifier) (func([]byte) []byte, bool) {
	if a.Algorithm.Equal(oidSHA1) {
		return sha1Sum, true
	}
	d, err := algo.DigestByOID(a.Algorithm, nil)
	return d.Sum, err == nil
}

func sha1Sum(b []byte) []byte {
	s := sha1.Sum(b) //nolint:gosec // see hashOf
	return s[:]
}

// keyBits is the content of the public key's BIT STRING, which identifiers hash.
func keyBits(c *cert.Certificate) ([]byte, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSPKI, &spki); err != nil {
		return nil, fmt.Errorf("read the issuer's public key: %w", err)
	}
	return spki.Key.RightAlign(), nil
}

// checkSigner finds who signed: a certificate inside the response that the issuer made for
// answering (RFC 6960 section 4.2.2.2), or the issuer itself. The responder's name decides nothing.
func (r *parsedOCSP) checkSigner(issuer *cert.Certificate, at time.Time) *Problem {
	p := &Problem{Code: CodeSignature, Detail: "signature under the issuer's key"}
	for _, raw := range r.basic.Certs {
		responder, err := cert.Parse(raw.FullBytes)
		if err == nil && !responder.Equal(issuer) {
			err = delegated(responder, issuer, at)
		}
		if err != nil {
			p = &Problem{Code: CodeSigner, Detail: "may not answer for the issuer", Cause: err}
			continue
		}
		if err := r.signedBy(responder); err != nil {
			p = &Problem{Code: CodeSignature, Detail: "signature under the responder's key", Cause: err}
			continue
		}
		return nil
	}
	err := r.signedBy(issuer)
	if err == nil {
		return nil
	}
	if p.Cause == nil {
		p.Cause = err
	}
	return p
}

func (r *parsedOCSP) signedBy(c *cert.Certificate) error {
	return c.CheckSigned(r.basic.Algorithm.Algorithm, r.basic.Algorithm.Parameters.FullBytes,
		r.basic.TBS.FullBytes, r.basic.Signature.RightAlign())
}

// delegated checks that the issuer made this certificate for signing OCSP answers.
func delegated(responder, issuer *cert.Certificate, at time.Time) error {
	switch {
	case !bytes.Equal(responder.RawIssuer, issuer.RawSubject):
		return fmt.Errorf("responder is of another issuer")
	case !responder.ValidAt(at):
		return fmt.Errorf("responder is out of its validity")
	case len(responder.UnhandledCritical) > 0:
		return fmt.Errorf("responder has critical extension %v", responder.UnhandledCritical[0])
	}
	for _, usage := range responder.ExtKeyUsage {
		if usage.Equal(oidOCSPSigning) {
			return responder.CheckSignature(issuer)
		}
	}
	return fmt.Errorf("responder has no OCSPSigning purpose")
}

// NewRequest builds the DER of an OCSP request about one certificate (RFC 6960 section 4.1.1), with
// SHA-1 identifiers as RFC 5019 section 2.1.1 asks, without a nonce: answers are bounded by time.
func NewRequest(c, issuer *cert.Certificate) ([]byte, error) {
	key, err := keyBits(issuer)
	if err != nil {
		return nil, err
	}
	type request struct{ ID certID }
	type tbsRequest struct{ List []request }
	id := certID{
		Hash:     pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue},
		NameHash: sha1Sum(issuer.RawSubject), KeyHash: sha1Sum(key), Serial: c.Serial,
	}
	der, err := asn1.Marshal(struct{ TBS tbsRequest }{tbsRequest{[]request{{id}}}})
	if err != nil {
		return nil, fmt.Errorf("encode an OCSP request: %w", err)
	}
	return der, nil
}
