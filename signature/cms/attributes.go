// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/internal/der"
)

func (si *SignerInfo) parseSigned(body *cryptobyte.String) *Problem {
	var element, set cryptobyte.String
	if !body.PeekASN1Tag(contextTag(0)) {
		return problem(codeAttributes, "no signed attributes")
	}
	if !body.ReadASN1Element(&element, contextTag(0)) {
		return problem(codeMalformed, "signed attributes")
	}
	// The signature is over the attributes as a SET (RFC 5652 section 5.4).
	si.RawSignedAttributes = append([]byte{byte(casn1.SET)}, element[1:]...)
	if !element.ReadASN1(&set, contextTag(0)) {
		return problem(codeMalformed, "signed attributes")
	}
	if !sorted(set) {
		return problem(codeAttributes, "signed attributes are not in DER order")
	}
	var p *Problem
	si.SignedAttributes, p = parseAttributes(set)
	return p
}

func (si *SignerInfo) parseUnsigned(body *cryptobyte.String) *Problem {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(1)) || !body.Empty() || present && set.Empty() {
		return problem(codeMalformed, "unsigned attributes")
	}
	var p *Problem
	si.UnsignedAttributes, p = parseAttributes(set)
	return p
}

// sorted reports the order of X.690 section 11.6: elements ascending as byte
// strings. Two equal ones are refused with the repeated ones.
func sorted(set cryptobyte.String) bool {
	var last, next cryptobyte.String
	var tag casn1.Tag
	for !set.Empty() {
		if !set.ReadAnyASN1Element(&next, &tag) || bytes.Compare(last, next) > 0 {
			return false
		}
		last = next
	}
	return true
}

func parseAttributes(set cryptobyte.String) ([]Attribute, *Problem) {
	var out []Attribute
	for !set.Empty() {
		if len(out) == MaxAttributes {
			return nil, problem(codeTooLarge, "more than %d attributes", MaxAttributes)
		}
		var body, values cryptobyte.String
		var a Attribute
		if !set.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.OID) ||
			!body.ReadASN1(&values, casn1.SET) || !body.Empty() {
			return nil, problem(codeMalformed, "attribute")
		}
		if values.Empty() {
			return nil, problem(codeAttributes, "attribute %v without value", a.OID)
		}
		for !values.Empty() {
			var v cryptobyte.String
			var tag casn1.Tag
			if len(a.Values) == maxValues {
				return nil, problem(codeTooLarge, "attribute %v of more than %d values", a.OID, maxValues)
			}
			if !values.ReadAnyASN1Element(&v, &tag) {
				return nil, problem(codeMalformed, "value of attribute %v", a.OID)
			}
			a.Values = append(a.Values, v)
		}
		out = append(out, a)
	}
	return out, nil
}

// one returns the single value of the required attribute. Any attribute that
// is there twice is refused, required or not (RFC 5652 section 5.3).
func (si *SignerInfo) one(oid asn1.ObjectIdentifier) (cryptobyte.String, *Problem) {
	var found *Attribute
	for i, a := range si.SignedAttributes {
		if !a.OID.Equal(oid) {
			continue
		}
		if found != nil || len(a.Values) != 1 {
			return nil, problem(codeAttributes, "attribute %v has more than one value", oid)
		}
		found = &si.SignedAttributes[i]
	}
	if found == nil {
		return nil, problem(codeAttributes, "no attribute %v", oid)
	}
	return found.Values[0], nil
}

// parseRequired reads the four attributes of CAdES-BES with signing-time.
func (si *SignerInfo) parseRequired() *Problem {
	for i, a := range si.SignedAttributes {
		for _, b := range si.SignedAttributes[:i] {
			if a.OID.Equal(b.OID) {
				return problem(codeAttributes, "attribute %v is there twice", a.OID)
			}
		}
	}
	v, p := si.one(OIDContentType)
	if p != nil {
		return p
	}
	if !v.ReadASN1ObjectIdentifier(&si.ContentType) || !v.Empty() {
		return problem(codeAttributes, "content-type is no identifier")
	}
	if v, p = si.one(OIDMessageDigest); p != nil {
		return p
	}
	if !v.ReadASN1Bytes(&si.MessageDigest, casn1.OCTET_STRING) || !v.Empty() {
		return problem(codeAttributes, "message-digest is no OCTET STRING")
	}
	if v, p = si.one(OIDSigningTime); p != nil {
		return p
	}
	t, tag, ok := der.ReadTime(&v)
	if !ok || !v.Empty() || der.WrongChoice(t, tag) {
		return problem(codeSigningTime, "not UTCTime to 2049 or GeneralizedTime from 2050, in UTC with seconds")
	}
	si.SigningTime = t
	if v, p = si.one(OIDSigningCertificateV2); p != nil {
		return p
	}
	si.SigningCertificate, p = parseReferences(v)
	return p
}

// parseReferences reads SigningCertificateV2 (RFC 5035 section 3). Policies may
// follow; they bind nothing here.
func parseReferences(v cryptobyte.String) ([]CertificateRef, *Problem) {
	var body, list cryptobyte.String
	if !v.ReadASN1(&body, casn1.SEQUENCE) || !v.Empty() || !body.ReadASN1(&list, casn1.SEQUENCE) ||
		!body.SkipOptionalASN1(casn1.SEQUENCE) || !body.Empty() || list.Empty() {
		return nil, problem(codeAttributes, "signing-certificate-v2")
	}
	var out []CertificateRef
	for !list.Empty() {
		if len(out) == maxReferences {
			return nil, problem(codeTooLarge, "signing-certificate-v2 names more than %d", maxReferences)
		}
		r, p := parseReference(&list)
		if p != nil {
			return nil, p
		}
		out = append(out, r)
	}
	return out, nil
}

func parseReference(list *cryptobyte.String) (CertificateRef, *Problem) {
	var body cryptobyte.String
	r := CertificateRef{Digest: algo.SHA256}
	if !list.ReadASN1(&body, casn1.SEQUENCE) {
		return r, problem(codeAttributes, "signing-certificate-v2: element")
	}
	if body.PeekASN1Tag(casn1.SEQUENCE) {
		var p *Problem
		if r.Digest, p = parseDigest(&body); p != nil {
			return r, p
		}
		if r.Digest.Name == algo.SHA256.Name {
			return r, problem(codeMalformed, "signing-certificate-v2 spells out its default digest, which DER leaves out")
		}
	}
	if !body.ReadASN1Bytes(&r.Hash, casn1.OCTET_STRING) || len(r.Hash) != r.Digest.Size {
		return r, problem(codeAttributes, "signing-certificate-v2: hash")
	}
	if body.Empty() {
		return r, nil
	}
	var ok bool
	if r.RawIssuer, r.Serial, ok = parseReferenceIssuer(&body); !ok {
		return r, problem(codeAttributes, "signing-certificate-v2: issuer and serial number")
	}
	return r, nil
}

// parseReferenceIssuer reads IssuerSerial: one directory name and a number.
func parseReferenceIssuer(body *cryptobyte.String) (issuer []byte, serial *big.Int, ok bool) {
	var pair, names, explicit, name cryptobyte.String
	serial = new(big.Int)
	if !body.ReadASN1(&pair, casn1.SEQUENCE) || !body.Empty() || !pair.ReadASN1(&names, casn1.SEQUENCE) ||
		!pair.ReadASN1Integer(serial) || !pair.Empty() ||
		!names.ReadASN1(&explicit, contextTag(4)) || !names.Empty() ||
		!explicit.ReadASN1Element(&name, casn1.SEQUENCE) || !explicit.Empty() {
		return nil, nil, false
	}
	return name, serial, true
}
