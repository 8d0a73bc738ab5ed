// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// contextTag returns the tag of a constructed element in the context class.
func contextTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

// Parse reads one attached signature and proves its form; see the package
// comment. The error is always a *Problem.
func Parse(b []byte) (*SignedData, error) {
	s, p := parse(b)
	if p != nil {
		return nil, p
	}
	return s, nil
}

// parse returns the typed error, so that no nil *Problem becomes an error.
func parse(b []byte) (*SignedData, *Problem) {
	if len(b) > MaxSize {
		return nil, problem(codeTooLarge, "more than %d bytes", MaxSize)
	}
	in := cryptobyte.String(bytes.Clone(b))
	s := &SignedData{Raw: in}
	var info, explicit, body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&info, casn1.SEQUENCE) {
		return nil, problem(codeMalformed, "not a SEQUENCE in DER")
	}
	if !in.Empty() {
		return nil, problem(codeTrailing, "%d bytes behind the end", len(in))
	}
	if !info.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidSignedData) {
		return nil, problem(codeMalformed, "not SignedData")
	}
	if !info.ReadASN1(&explicit, contextTag(0)) || !info.Empty() || !explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() {
		return nil, problem(codeMalformed, "ContentInfo")
	}
	if p := s.parseBody(body); p != nil {
		return nil, p
	}
	return s, nil
}

func (s *SignedData) parseBody(body cryptobyte.String) *Problem {
	version := 0
	if !body.ReadASN1Integer(&version) || version != 1 {
		return problem(codeMalformed, "version of SignedData is not 1")
	}
	digest, p := parseDigests(&body)
	if p != nil {
		return p
	}
	if p := s.parseContent(&body); p != nil {
		return p
	}
	if p := s.parseCertificates(&body); p != nil {
		return p
	}
	if p := s.parseCRLs(&body); p != nil {
		return p
	}
	var signers, signer, second cryptobyte.String
	if !body.ReadASN1(&signers, casn1.SET) || !body.Empty() {
		return problem(codeMalformed, "signers")
	}
	if signers.Empty() {
		return problem(codeSigners, "nobody signed")
	}
	if !signers.ReadASN1Element(&signer, casn1.SEQUENCE) {
		return problem(codeMalformed, "signer")
	}
	if !signers.Empty() {
		if !signers.ReadASN1(&second, casn1.SEQUENCE) {
			return problem(codeMalformed, "second signer")
		}
		return problem(codeSigners, "several signed")
	}
	if der.Valid(signer) != nil {
		return problem(codeMalformed, "signer is not DER")
	}
	return s.Signer.parse(signer, digest)
}

// parseDigests wants the one digest of the one signer.
func parseDigests(body *cryptobyte.String) (algo.Digest, *Problem) {
	var set cryptobyte.String
	if !body.ReadASN1(&set, casn1.SET) {
		return algo.Digest{}, problem(codeMalformed, "digest algorithms")
	}
	if set.Empty() {
		return algo.Digest{}, problem(codeAlgorithm, "no digest algorithm")
	}
	d, p := parseDigest(&set)
	if p == nil && !set.Empty() {
		p = problem(codeAlgorithm, "several digest algorithms for one signer")
	}
	return d, p
}

func parseDigest(s *cryptobyte.String) (algo.Digest, *Problem) {
	oid, params, ok := der.ReadAlgorithm(s)
	if !ok {
		return algo.Digest{}, problem(codeMalformed, "digest algorithm")
	}
	d, err := algo.DigestByOID(oid, params)
	if err != nil {
		return algo.Digest{}, &Problem{Code: codeAlgorithm, Detail: "digest", Cause: err}
	}
	return d, nil
}

func (s *SignedData) parseContent(body *cryptobyte.String) *Problem {
	var encap, explicit cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !body.ReadASN1(&encap, casn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&oid) {
		return problem(codeMalformed, "content")
	}
	if !oid.Equal(oidData) {
		return problem(codeContentType, "content is of type %v", oid)
	}
	if encap.Empty() {
		return problem(codeDetached, "content is not inside")
	}
	if !encap.ReadASN1(&explicit, contextTag(0)) || !encap.Empty() ||
		!explicit.ReadASN1Bytes(&s.Content, casn1.OCTET_STRING) || !explicit.Empty() {
		return problem(codeMalformed, "content is not one OCTET STRING in DER")
	}
	return nil
}

func (s *SignedData) parseCertificates(body *cryptobyte.String) *Problem {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(0)) {
		return problem(codeMalformed, "certificates")
	}
	for !set.Empty() {
		var element cryptobyte.String
		if len(s.Certificates) == MaxCertificates {
			return problem(codeTooLarge, "more than %d certificates", MaxCertificates)
		}
		if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
			return problem(codeMalformed, "certificate is of no known sort")
		}
		c, err := cert.Parse(element)
		if err != nil {
			return &Problem{Code: codeCertificate, Detail: "read certificate", Cause: err}
		}
		s.Certificates = append(s.Certificates, c)
	}
	if present && len(s.Certificates) == 0 {
		return problem(codeMalformed, "empty set of certificates")
	}
	return nil
}

func (s *SignedData) parseCRLs(body *cryptobyte.String) *Problem {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(1)) {
		return problem(codeMalformed, "CRLs")
	}
	for !set.Empty() {
		var element cryptobyte.String
		if len(s.CRLs) == MaxCertificates {
			return problem(codeTooLarge, "more than %d CRLs", MaxCertificates)
		}
		if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
			return problem(codeMalformed, "CRL is of no known sort")
		}
		s.CRLs = append(s.CRLs, element)
	}
	if present && len(s.CRLs) == 0 {
		return problem(codeMalformed, "empty set of CRLs")
	}
	return nil
}

// parse reads one SignerInfo (RFC 5652 section 5.3).
func (si *SignerInfo) parse(element cryptobyte.String, outer algo.Digest) *Problem {
	var body, sid cryptobyte.String
	version := 0
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Integer(&version) {
		return problem(codeMalformed, "signer")
	}
	if body.PeekASN1Tag(contextTag(0)) || body.PeekASN1Tag(casn1.Tag(0).ContextSpecific()) || version != 1 {
		return problem(codeSigners, "signer is not named by issuer and serial number")
	}
	if !body.ReadASN1(&sid, casn1.SEQUENCE) {
		return problem(codeMalformed, "signer's name")
	}
	var ok bool
	if si.RawIssuer, si.Serial, ok = readIssuerSerial(&sid); !ok {
		return problem(codeMalformed, "signer's issuer and serial number")
	}
	digest, p := parseDigest(&body)
	if p != nil {
		return p
	}
	if digest.Name != outer.Name {
		return problem(codeAlgorithm, "digest is %s for the signer and %s outside", digest.Name, outer.Name)
	}
	if p := si.parseSigned(&body); p != nil {
		return p
	}
	sigOID, params, ok := der.ReadAlgorithm(&body)
	if !ok || !body.ReadASN1Bytes(&si.Signature, casn1.OCTET_STRING) {
		return problem(codeMalformed, "signature")
	}
	a, err := algo.BySignature(digest.OID, sigOID, params)
	if err != nil {
		return &Problem{Code: codeAlgorithm, Detail: "signature", Cause: err}
	}
	si.Algorithm = a
	if p := si.parseUnsigned(&body); p != nil {
		return p
	}
	return si.parseRequired()
}

// readIssuerSerial reads a Name and a serial number, up to the end of s.
func readIssuerSerial(s *cryptobyte.String) (issuer []byte, serial *big.Int, ok bool) {
	var name cryptobyte.String
	serial = new(big.Int)
	if !s.ReadASN1Element(&name, casn1.SEQUENCE) || !s.ReadASN1Integer(serial) || !s.Empty() {
		return nil, nil, false
	}
	return name, serial, true
}
