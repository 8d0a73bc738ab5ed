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
// The error wraps a *Problem when b is no signature that Open takes, or when the result is none.
func WithCertificates(b []byte, more ...*cert.Certificate) ([]byte, error) {
	return WithValues(b, more, nil, nil)
}

// WithValues makes the signature one with long-term values, in the form of EN 319 122-1 for CAdES-B-LT: certificates go into
// SignedData.certificates, revocation lists and OCSP answers (whole OCSPResponse, RFC 5940) into SignedData.crls. What is
// there already is not added again. No signer's bytes change; SignedData gets version 5 where OCSP answers are inside (RFC
// 5652 section 5.1). The values of the older CAdES-X-L are read (see [Values]), not written. Errors are those of WithCertificates.
func WithValues(b []byte, certificates []*cert.Certificate, crls, ocsps [][]byte) ([]byte, error) {
	p, err := takeApart(b)
	if err != nil {
		return nil, fmt.Errorf("add values: %w", err)
	}
	for _, c := range certificates {
		p.certificates = add(p.certificates, c.Raw)
	}
	for _, crl := range crls {
		p.revocation = add(p.revocation, crl)
	}
	for _, ocsp := range ocsps {
		other, err := otherRevocation(ocsp)
		if err != nil {
			return nil, fmt.Errorf("add values: OCSP answer: %w", err)
		}
		p.revocation = add(p.revocation, other)
		p.version = 5
	}
	return p.join(b)
}

// WithTimestamp adds a signature timestamp (RFC 5126 section 6.1.1) to the signature of the only signer: CAdES-T. The token is
// the whole DER of a TimeStampToken over the signature value; that it is one over these bytes is for package timestamp to
// check. Nothing that was signed changes. Errors: as WithCertificates; cms.signers for several signers; cms.content_type for
// a token that holds no TSTInfo.
func WithTimestamp(b, token []byte) ([]byte, error) {
	t, err := Open(token, Options{})
	if err != nil {
		return nil, fmt.Errorf("add timestamp: read token: %w", err)
	}
	if !t.ContentType.Equal(OIDTSTInfo) {
		return nil, fmt.Errorf("add timestamp: %w", problem(codeContentType, "token holds %v", t.ContentType))
	}
	p, err := takeApart(b)
	if err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	if len(p.signers) != 1 {
		return nil, fmt.Errorf("add timestamp: %w", problem(codeSigners, "%d signers", len(p.signers)))
	}
	if p.signers[0], err = withUnsigned(p.signers[0], token); err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	return p.join(b)
}

// parts are the members of a SignedData, as received.
type parts struct {
	version                           int64
	digests, content                  []byte
	certificates, revocation, signers [][]byte
}

// takeApart cuts what Open takes into its parts.
func takeApart(b []byte) (*parts, error) {
	if _, err := Open(b, Options{}); err != nil {
		return nil, err
	}
	in := cryptobyte.String(b)
	var info, explicit, body, digests, content, signers cryptobyte.String
	var p parts
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !info.SkipASN1(casn1.OBJECT_IDENTIFIER) ||
		!info.ReadASN1(&explicit, contextTag(0)) || !explicit.ReadASN1(&body, casn1.SEQUENCE) ||
		!body.ReadASN1Integer(&p.version) || !body.ReadASN1Element(&digests, casn1.SET) || !body.ReadASN1Element(&content, casn1.SEQUENCE) {
		return nil, problem(codeMalformed, "SignedData")
	}
	p.digests, p.content = digests, content
	var certificates, revocation cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&certificates, &present, contextTag(0)) || !body.ReadOptionalASN1(&revocation, &present, contextTag(1)) ||
		!body.ReadASN1(&signers, casn1.SET) {
		return nil, problem(codeMalformed, "SignedData")
	}
	p.certificates, p.revocation, p.signers = elements(certificates), elements(revocation), elements(signers)
	return &p, nil
}

// elements cuts a set that was read before.
func elements(set cryptobyte.String) [][]byte {
	var out [][]byte
	var element cryptobyte.String
	var tag casn1.Tag
	for set.ReadAnyASN1Element(&element, &tag) {
		out = append(out, element)
	}
	return out
}

func add(list [][]byte, element []byte) [][]byte {
	if slices.ContainsFunc(list, func(b []byte) bool { return bytes.Equal(b, element) }) {
		return list
	}
	return append(list, element)
}

// join writes the parts and reads the result: what the signers of before signed is there byte for byte.
func (p *parts) join(before []byte) ([]byte, error) {
	sets := make([][]byte, 0, 3)
	for _, s := range []struct {
		tag  casn1.Tag
		list [][]byte
	}{{contextTag(0), p.certificates}, {contextTag(1), p.revocation}, {casn1.SET, p.signers}} {
		if len(s.list) == 0 {
			continue
		}
		set, err := encodeSet(s.tag, s.list)
		if err != nil {
			return nil, fmt.Errorf("encode extended signature: %w", err)
		}
		sets = append(sets, set)
	}
	var out cryptobyte.Builder
	out.AddASN1(casn1.SEQUENCE, func(out *cryptobyte.Builder) { // ContentInfo
		out.AddASN1ObjectIdentifier(oidSignedData)
		out.AddASN1(contextTag(0), func(out *cryptobyte.Builder) {
			out.AddASN1(casn1.SEQUENCE, func(out *cryptobyte.Builder) { // SignedData
				out.AddASN1Int64(p.version)
				out.AddBytes(p.digests)
				out.AddBytes(p.content)
				for _, set := range sets {
					out.AddBytes(set)
				}
			})
		})
	})
	done, err := out.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode extended signature: %w", err)
	}
	if err := same(before, done); err != nil {
		return nil, err
	}
	return done, nil
}

// same proves that an extension left what was signed alone.
func same(before, after []byte) error {
	a, err := Open(before, Options{})
	if err != nil {
		return fmt.Errorf("read signature: %w", err)
	}
	b, err := Open(after, Options{})
	if err != nil {
		return fmt.Errorf("read extended signature: %w", err)
	}
	signed := func(x *SignerInfo) [][]byte {
		return [][]byte{x.RawSignedAttributes, x.Signature, x.RawIssuer, x.KeyID}
	}
	for _, x := range a.Signers {
		if !slices.ContainsFunc(b.Signers, func(y *SignerInfo) bool { return slices.EqualFunc(signed(x), signed(y), bytes.Equal) }) {
			return problem(codeSigners, "a signer was lost")
		}
	}
	if !bytes.Equal(a.Content, b.Content) || len(a.Signers) != len(b.Signers) {
		return problem(codeSigners, "content or signers changed")
	}
	return nil
}

// otherRevocation lays an OCSPResponse into OtherRevocationInfoFormat (RFC 5940 section 2.1).
func otherRevocation(ocsp []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(contextTag(1), func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidOCSPResponse)
		b.AddBytes(ocsp)
	})
	return b.Bytes()
}

// withUnsigned adds a signature timestamp to the unsigned attributes of a SignerInfo.
func withUnsigned(signer, token []byte) ([]byte, error) {
	in := cryptobyte.String(signer)
	var body, set cryptobyte.String
	if !in.ReadASN1(&body, casn1.SEQUENCE) {
		return nil, problem(codeMalformed, "signer")
	}
	var head [][]byte
	for _, e := range elements(body) {
		if e[0] == byte(contextTag(1)) {
			e := cryptobyte.String(e)
			if !e.ReadASN1(&set, contextTag(1)) {
				return nil, problem(codeMalformed, "unsigned attributes")
			}
			break
		}
		head = append(head, e)
	}
	var attribute cryptobyte.Builder
	attribute.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(OIDSignatureTimestamp)
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(token) })
	})
	one, err := attribute.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode timestamp: %w", err)
	}
	unsigned, err := encodeSet(contextTag(1), add(elements(set), one))
	if err != nil {
		return nil, fmt.Errorf("encode unsigned attributes: %w", err)
	}
	var out cryptobyte.Builder
	out.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range head {
			b.AddBytes(e)
		}
		b.AddBytes(unsigned)
	})
	return out.Bytes()
}
