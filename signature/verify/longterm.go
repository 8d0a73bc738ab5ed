// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/timestamp"
)

// Stamper gets a timestamp over bytes and has checked it: timestamp.Client.
type Stamper interface {
	Stamp(ctx context.Context, message []byte) (*timestamp.Token, error)
}

// LongTermError says why a signature cannot be kept for long.
type LongTermError struct {
	// Code is that of a finding, or of package timestamp.
	Code string
	// Detail is an English phrase for developers, without personal data.
	Detail string
	// Cause may be nil.
	Cause error
}

// Error returns code, detail and cause.
func (e *LongTermError) Error() string {
	s := e.Code + ": " + e.Detail
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *LongTermError) Unwrap() error { return e.Cause }

// LongTerm extends a signature of one signer to the baseline LT of EN 319 122-1 section 6: a
// timestamp over the signature, and inside it every certificate and every revocation answer that
// its judgement needs. found is the report about it under the same terms. What is returned was
// judged once more by nothing but itself and the anchors, and holds; else the error is a
// *LongTermError. The signed bytes are those of signature.
func LongTerm(ctx context.Context, signature []byte, found *Report, s Stamper, t Terms) ([]byte, error) {
	signed, err := cms.Open(signature, cms.Options{})
	if err != nil {
		return nil, &LongTermError{Code: CodeInvalid, Detail: "read the signature", Cause: err}
	}
	token, err := s.Stamp(ctx, signed.Signer.Signature)
	if err != nil {
		return nil, &LongTermError{Code: CodeTimestampUnusable, Detail: "get a timestamp", Cause: err}
	}
	t.At = later(t, token)
	d := document{terms: t, signed: signed}
	stamp := d.timestamp(ctx, signed.Signer, token.Raw)
	if !stamp.Holds {
		return nil, doubt(stamp.Findings, "timestamp")
	}
	der, err := cms.WithTimestamp(signature, token.Raw)
	if err != nil {
		return nil, &LongTermError{Code: CodeInvalid, Detail: "add the timestamp", Cause: err}
	}
	v := values{}
	v.take(found.Path, found.Revocations)
	v.take(stamp.Path, stamp.Answers)
	if der, err = cms.WithValues(der, v.certificates, v.crls, v.ocsps); err != nil {
		return nil, &LongTermError{Code: CodeInvalid, Detail: "add certificates and answers", Cause: err}
	}
	if err := t.replay(ctx, der); err != nil {
		return nil, err
	}
	return der, nil
}

// later is the clock of the judgement: never before the time that the authority states, whose
// clock may run ahead.
func later(t Terms, token *timestamp.Token) time.Time {
	if token.Latest().After(t.At) {
		return token.Latest()
	}
	return t.At
}

// replay judges the extended signature by itself.
func (t Terms) replay(ctx context.Context, der []byte) error {
	t.Revocation, t.Untrusted = nil, nil
	t.demand = true
	a := Document(ctx, der, nil, t)
	if a.Verdict == Valid && len(a.Signers) == 1 && slices.ContainsFunc(a.Signers[0].Timestamps, func(s Timestamp) bool { return s.Holds }) {
		return nil
	}
	list := slices.Clone(a.Findings)
	for _, r := range a.Signers {
		list = append(list, r.Findings...)
	}
	return doubt(list, "extended signature")
}

// doubt names the first finding that keeps something from holding.
func doubt(list []Finding, what string) error {
	for _, f := range list {
		if f.Severity == Fail || f.Severity == Unknown {
			return &LongTermError{Code: f.Code, Detail: what + ": " + f.Detail}
		}
	}
	return &LongTermError{Code: CodeTimestampUnusable, Detail: what + " is not proved"}
}

// values are what goes into the signature, each once.
type values struct {
	certificates []*cert.Certificate
	crls, ocsps  [][]byte
}

// take adds a path without its anchor, which is trusted from elsewhere, and the answers about it.
func (v *values) take(path chain.Path, answers []Answer) {
	for _, c := range path[:max(len(path)-1, 0)] {
		v.certificate(c)
	}
	for _, a := range answers {
		for _, der := range append([][]byte{a.Raw}, a.Supporting...) {
			v.answer(der)
		}
		for _, der := range a.Certificates {
			if c, err := cert.Parse(der); err == nil {
				v.certificate(c)
			}
		}
	}
}

func (v *values) certificate(c *cert.Certificate) {
	if !slices.ContainsFunc(v.certificates, c.Equal) {
		v.certificates = append(v.certificates, c)
	}
}

// isOCSP tells an OCSPResponse, which begins with an ENUMERATED (RFC 6960 section 4.2.1), from a
// CRL, which begins with a SEQUENCE.
func isOCSP(der []byte) bool {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	return in.ReadASN1(&body, casn1.SEQUENCE) && body.PeekASN1Tag(casn1.ENUM)
}

func (v *values) answer(der []byte) {
	list := &v.crls
	if isOCSP(der) {
		list = &v.ocsps
	}
	same := func(b []byte) bool { return string(b) == string(der) }
	if len(der) > 0 && !slices.ContainsFunc(*list, same) {
		*list = append(*list, der)
	}
}
