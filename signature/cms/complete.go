// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
)

// WithCertificates returns the same signature with more certificates in its set, for checkers that look for issuers nowhere
// else. The set is not signed (RFC 5652 section 5.1): everything else keeps its bytes, and the signature holds as before.
// The error wraps a *Problem when b is no signature that Parse takes, or when the result is none.
func WithCertificates(b []byte, more ...*cert.Certificate) ([]byte, error) {
	s, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("add certificates: %w", err)
	}
	var all [][]byte
	for _, c := range append(slices.Clone(s.Certificates), more...) {
		if !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, c.Raw) }) {
			all = append(all, c.Raw)
		}
	}
	set, err := encodeSet(contextTag(0), all)
	if err != nil {
		return nil, fmt.Errorf("add certificates: %w", err)
	}
	before, after, err := aroundCertificates(b)
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	out.AddASN1(casn1.SEQUENCE, func(out *cryptobyte.Builder) { // ContentInfo
		out.AddASN1ObjectIdentifier(oidSignedData)
		out.AddASN1(contextTag(0), func(out *cryptobyte.Builder) {
			out.AddASN1(casn1.SEQUENCE, func(out *cryptobyte.Builder) { // SignedData
				out.AddBytes(before)
				out.AddBytes(set)
				out.AddBytes(after)
			})
		})
	})
	done, err := out.Bytes()
	if err != nil {
		return nil, fmt.Errorf("add certificates: %w", err)
	}
	if _, err := Parse(done); err != nil {
		return nil, fmt.Errorf("add certificates: %w", err)
	}
	return done, nil
}

// aroundCertificates cuts the members of SignedData into those before and those after the certificates.
func aroundCertificates(b []byte) (before, after []byte, err error) {
	in := cryptobyte.String(b)
	var info, explicit, body, element cryptobyte.String
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !info.SkipASN1(casn1.OBJECT_IDENTIFIER) ||
		!info.ReadASN1(&explicit, contextTag(0)) || !explicit.ReadASN1(&body, casn1.SEQUENCE) {
		return nil, nil, problem(codeMalformed, "ContentInfo")
	}
	for _, tag := range []casn1.Tag{casn1.INTEGER, casn1.SET, casn1.SEQUENCE} { // version, digests, content
		if !body.ReadASN1Element(&element, tag) {
			return nil, nil, problem(codeMalformed, "SignedData")
		}
		before = append(before, element...)
	}
	if !body.SkipOptionalASN1(contextTag(0)) {
		return nil, nil, problem(codeMalformed, "certificates")
	}
	return before, body, nil
}
