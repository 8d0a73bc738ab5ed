// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// opaque are the unsigned attributes whose values have readers of their own and
// may hold certificates that are no DER.
var opaque = append([]asn1.ObjectIdentifier{
	OIDCounterSignature, OIDSignatureTimestamp, OIDCertificateValues, OIDRevocationValues,
}, archiveTimestamps...)

// signedOnly are attributes that say nothing when they are unsigned.
var signedOnly = []asn1.ObjectIdentifier{
	OIDContentType, OIDMessageDigest, OIDSigningTime, OIDSigningCertificate, OIDSigningCertificateV2, OIDAlgorithmProtection,
}

// readUnsigned reads the unsigned attributes, the end of a SignerInfo. Anyone
// may have added them: what is broken inside takes nothing from the signature.
func (r reader) readUnsigned(si *SignerInfo, body *cryptobyte.String, depth int) *Problem {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(1)) || !body.Empty() || present && set.Empty() {
		return problem(codeMalformed, "unsigned attributes")
	}
	var p *Problem
	if si.UnsignedAttributes, p = r.parseAttributes(si, set); p != nil {
		return p
	}
	for _, a := range si.UnsignedAttributes {
		known := slices.ContainsFunc(opaque, a.OID.Equal)
		for _, v := range a.Values {
			if r.strict && !known && der.Valid(v) != nil {
				return problem(codeNotDER, "unsigned attribute %v is not DER", a.OID)
			}
			if p := r.readUnsignedValue(si, a.OID, v, depth); p != nil {
				si.Notes = append(si.Notes, &Problem{Code: noteUnread, Detail: "attribute " + a.OID.String(), Cause: p})
			}
		}
		switch {
		case slices.ContainsFunc(archiveTimestamps, a.OID.Equal):
			si.Notes = append(si.Notes, problem(noteArchiveTimestamp, "attribute %v", a.OID))
		case slices.ContainsFunc(signedOnly, a.OID.Equal):
			si.Notes = append(si.Notes, problem(noteMisplaced, "%v is among the unsigned attributes", a.OID))
		}
	}
	return nil
}

func (r reader) readUnsignedValue(si *SignerInfo, oid asn1.ObjectIdentifier, v cryptobyte.String, depth int) *Problem {
	switch {
	case oid.Equal(OIDSignatureTimestamp):
		if !v.PeekASN1Tag(casn1.SEQUENCE) {
			return problem(codeMalformed, "timestamp is no SEQUENCE")
		}
		si.Timestamps = append(si.Timestamps, v)
	case oid.Equal(OIDCounterSignature) && r.depths > 0:
		return r.readCounter(si, v, depth)
	case oid.Equal(OIDCertificateValues):
		return r.readCertificateValues(si, v)
	case oid.Equal(OIDRevocationValues):
		return r.readRevocationValues(si, v)
	}
	return nil
}

// readCounter reads a counter-signature: a SignerInfo over the signature (RFC
// 5652 section 11.4).
func (r reader) readCounter(si *SignerInfo, v cryptobyte.String, depth int) *Problem {
	if depth == 0 || *r.counters == 0 {
		return problem(codeTooLarge, "more than %d counter-signatures, or nested more than %d deep", MaxOpenSigners, MaxCounterDepth)
	}
	*r.counters--
	over := &SignerInfo{content: &payload{bytes: si.Signature}}
	if p := r.readSigner(over, v, nil, depth-1); p != nil {
		return p
	}
	si.CounterSigners = append(si.CounterSigners, over)
	return nil
}

func (r reader) readCertificateValues(si *SignerInfo, v cryptobyte.String) *Problem {
	var list cryptobyte.String
	if !v.ReadASN1(&list, casn1.SEQUENCE) || !v.Empty() {
		return problem(codeMalformed, "certificate-values")
	}
	for !list.Empty() {
		var element cryptobyte.String
		if len(si.Values.Certificates) == r.certificates {
			return problem(codeTooLarge, "more than %d certificate-values", r.certificates)
		}
		if !list.ReadASN1Element(&element, casn1.SEQUENCE) {
			return problem(codeMalformed, "certificate-values: element")
		}
		c, err := cert.Parse(element)
		if err != nil {
			return &Problem{Code: codeCertificate, Detail: "certificate-values", Cause: err}
		}
		si.Values.Certificates = append(si.Values.Certificates, c)
	}
	return nil
}

// readRevocationValues reads RevocationValues (RFC 5126 section 6.3.4): lists
// under [0], basic OCSP answers under [1], others under [2].
func (r reader) readRevocationValues(si *SignerInfo, v cryptobyte.String) *Problem {
	var body, crls, basics cryptobyte.String
	if !v.ReadASN1(&body, casn1.SEQUENCE) || !v.Empty() || !optionalList(&body, &crls, 0) ||
		!optionalList(&body, &basics, 1) || !body.SkipOptionalASN1(contextTag(2)) || !body.Empty() {
		return problem(codeMalformed, "revocation-values")
	}
	for _, list := range []*cryptobyte.String{&crls, &basics} {
		for !list.Empty() {
			var element cryptobyte.String
			if len(si.Values.CRLs)+len(si.Values.OCSPs) == r.certificates {
				return problem(codeTooLarge, "more than %d revocation-values", r.certificates)
			}
			if !list.ReadASN1Element(&element, casn1.SEQUENCE) {
				return problem(codeMalformed, "revocation-values: element")
			}
			if list == &crls {
				si.Values.CRLs = append(si.Values.CRLs, element)
				continue
			}
			whole, err := wrapBasic(element)
			if err != nil {
				return &Problem{Code: codeMalformed, Detail: "revocation-values: OCSP answer", Cause: err}
			}
			si.Values.OCSPs = append(si.Values.OCSPs, whole)
		}
	}
	return nil
}

// optionalList reads an explicitly tagged SEQUENCE OF that may be absent.
func optionalList(body, list *cryptobyte.String, n uint8) bool {
	var explicit cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&explicit, &present, contextTag(n)) {
		return false
	}
	return !present || explicit.ReadASN1(list, casn1.SEQUENCE) && explicit.Empty()
}

// wrapBasic lays a BasicOCSPResponse into the successful OCSPResponse that a
// responder would have sent (RFC 6960 section 4.2.1).
func wrapBasic(basic []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.Bytes()
}
