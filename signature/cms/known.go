// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// single are the attributes whose repetition has a finding of its own.
var single = []asn1.ObjectIdentifier{
	OIDContentType, OIDMessageDigest, OIDSigningTime, OIDSigningCertificate, OIDSigningCertificateV2, OIDAlgorithmProtection,
}

// readKnown judges the signed attributes of known kinds.
func (r reader) readKnown(si *SignerInfo, digest, sig algorithmID, over asn1.ObjectIdentifier) *Problem {
	si.over = over
	if si.RawSignedAttributes == nil {
		return r.bare(si)
	}
	if p := r.repeated(si); p != nil {
		return p
	}
	for _, read := range []func() *Problem{
		si.readContentType, si.readMessageDigest,
		func() *Problem { return si.readSigningTime(r.strict) },
		func() *Problem { return r.readReferences(si) },
		func() *Problem { return si.readProtection(digest, sig) },
		si.misplaced,
	} {
		if p := r.flaw(si, read()); p != nil {
			return p
		}
	}
	return nil
}

// bare judges a signature without signed attributes: only content of type
// id-data may be signed so (RFC 5652 section 5.3). Content that is itself a set
// of signed attributes was taken out of another signature, whose holder never
// signed it as a document.
func (r reader) bare(si *SignerInfo) *Problem {
	if si.over != nil && !si.over.Equal(OIDData) {
		return r.flaw(si, problem(codeAttributes, "no signed attributes over content of type %v", si.over))
	}
	if attributesOf(si.content.bytes) {
		return r.flaw(si, problem(codeAttributes, "the content is a set of signed attributes"))
	}
	return r.deviation(&si.Notes, codeAttributes, noteNoAttributes, "no signed attributes")
}

func attributesOf(b []byte) bool {
	in := cryptobyte.String(b)
	var set cryptobyte.String
	if !in.ReadASN1(&set, casn1.SET) || !in.Empty() || set.Empty() {
		return false
	}
	list, p := reader{attributes: auditor.attributes, values: auditor.values}.parseAttributes(&SignerInfo{}, set)
	return p == nil && len(find(list, OIDMessageDigest)) > 0
}

// repeated looks for attributes that are there twice. Those with a rule of
// their own are left to it.
func (r reader) repeated(si *SignerInfo) *Problem {
	for i, a := range si.SignedAttributes {
		same := func(b Attribute) bool { return a.OID.Equal(b.OID) }
		if !slices.ContainsFunc(si.SignedAttributes[:i], same) || slices.ContainsFunc(single, a.OID.Equal) {
			continue
		}
		if p := r.deviation(&si.Notes, codeAttributes, noteRepeated, "attribute %v is there twice", a.OID); p != nil {
			return p
		}
	}
	return nil
}

// readContentType reads content-type (RFC 5652 section 11.1), which a
// counter-signature must not have (section 11.4).
func (si *SignerInfo) readContentType() *Problem {
	v, p := si.once(OIDContentType)
	switch {
	case p != nil:
		return p
	case si.counter && v != nil:
		return problem(codeAttributes, "counter-signature with content-type")
	case si.counter:
		return nil
	case v == nil:
		return problem(codeAttributes, "no attribute %v", OIDContentType)
	case !v.ReadASN1ObjectIdentifier(&si.ContentType) || !v.Empty():
		si.ContentType = nil
		return problem(codeAttributes, "content-type is no identifier")
	}
	return nil
}

// readMessageDigest reads message-digest (RFC 5652 section 11.2).
func (si *SignerInfo) readMessageDigest() *Problem {
	v, p := si.required(OIDMessageDigest)
	if p != nil {
		return p
	}
	if !v.ReadASN1Bytes(&si.MessageDigest, casn1.OCTET_STRING) || !v.Empty() {
		si.MessageDigest = nil
		return problem(codeAttributes, "message-digest is no OCTET STRING")
	}
	if size := si.Algorithm.Digest.Size; size != 0 && len(si.MessageDigest) != size {
		return problem(codeDigestSize, "message-digest of %d bytes, %s has %d", len(si.MessageDigest), si.Algorithm.Digest.Name, size)
	}
	return nil
}

// readSigningTime reads signing-time (RFC 5652 section 11.3).
func (si *SignerInfo) readSigningTime(required bool) *Problem {
	v, p := si.once(OIDSigningTime)
	if required {
		v, p = si.required(OIDSigningTime)
	}
	if p != nil || v == nil {
		return p
	}
	t, tag, ok := der.ReadTime(&v)
	if !ok || !v.Empty() || der.WrongChoice(t, tag) {
		return problem(codeSigningTime, "not UTCTime to 2049 or GeneralizedTime from 2050, in UTC with seconds")
	}
	si.SigningTime = t
	return nil
}

// readProtection compares CMSAlgorithmProtection (RFC 6211 section 2) with what
// it protects. Absent parameters and NULL are the same there.
func (si *SignerInfo) readProtection(digest, sig algorithmID) *Problem {
	v, p := si.once(OIDAlgorithmProtection)
	if p != nil || v == nil {
		return p
	}
	var body, implicit cryptobyte.String
	var d, s algorithmID
	ok := v.ReadASN1(&body, casn1.SEQUENCE) && v.Empty()
	if ok {
		d.oid, d.params, ok = der.ReadAlgorithm(&body)
	}
	if !ok || !body.ReadASN1Element(&implicit, contextTag(1)) || !body.Empty() {
		return problem(codeAlgorithmProtection, "attribute is not of a signature")
	}
	explicit := append(cryptobyte.String{byte(casn1.SEQUENCE)}, implicit[1:]...)
	if s.oid, s.params, ok = der.ReadAlgorithm(&explicit); !ok {
		return problem(codeAlgorithmProtection, "signature algorithm")
	}
	if !d.equal(digest) || !s.equal(sig) {
		return problem(codeAlgorithmProtection, "attribute names %v and %v", d.oid, s.oid)
	}
	return nil
}

func (a algorithmID) equal(b algorithmID) bool {
	null := func(p []byte) []byte {
		if bytes.Equal(p, []byte{5, 0}) {
			return nil
		}
		return p
	}
	return a.oid.Equal(b.oid) && bytes.Equal(null(a.params), null(b.params))
}

// misplaced looks for signed attributes that must be unsigned. A
// counter-signature cannot be signed by what it signs (RFC 5652 section 11.4).
func (si *SignerInfo) misplaced() *Problem {
	if len(find(si.SignedAttributes, OIDCounterSignature)) > 0 {
		return problem(codeAttributes, "counter-signature among the signed attributes")
	}
	for _, oid := range []asn1.ObjectIdentifier{OIDSignatureTimestamp, OIDCertificateValues, OIDRevocationValues} {
		if len(find(si.SignedAttributes, oid)) > 0 {
			si.Notes = append(si.Notes, problem(noteMisplaced, "%v is among the signed attributes", oid))
		}
	}
	return nil
}
