// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"crypto/sha1" //nolint:gosec // signing-certificate of the first version has no other digest
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/internal/der"
)

// referenceSHA1 binds a certificate in old signatures. It is no row of package
// algo: nothing is signed under it, and a second certificate with the same hash
// is still beyond reach.
var referenceSHA1 = algo.Digest{Name: "sha1", OID: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Size: sha1.Size, New: sha1.New}

// readReferences reads the attributes by which a signer names the certificate
// (RFC 5035 sections 3 and 5).
func (r reader) readReferences(si *SignerInfo) *Problem {
	v2, p := si.once(OIDSigningCertificateV2)
	if r.strict {
		v2, p = si.required(OIDSigningCertificateV2)
	}
	if p != nil {
		return p
	}
	v1, p := si.once(OIDSigningCertificate)
	if p != nil {
		return p
	}
	for version, v := range []cryptobyte.String{v2, v1} {
		if v == nil {
			continue
		}
		list, p := r.parseReferences(si, v, version == 1)
		if p != nil {
			return p
		}
		si.SigningCertificate = append(si.SigningCertificate, list...)
		si.named[version] = len(list)
	}
	switch {
	case len(si.SigningCertificate) == 0:
		return r.deviation(&si.Notes, codeAttributes, noteNoReference, "no signing-certificate")
	case si.SigningCertificate[0].Digest.Name == referenceSHA1.Name:
		return r.deviation(&si.Notes, codeAlgorithm, noteReferenceSHA1, "certificate named by SHA-1")
	}
	return nil
}

// parseReferences reads SigningCertificate(V2). Policies may follow; they bind
// nothing here.
func (r reader) parseReferences(si *SignerInfo, v cryptobyte.String, first bool) ([]CertificateRef, *Problem) {
	var body, list cryptobyte.String
	if !v.ReadASN1(&body, casn1.SEQUENCE) || !v.Empty() || !body.ReadASN1(&list, casn1.SEQUENCE) ||
		!body.SkipOptionalASN1(casn1.SEQUENCE) || !body.Empty() || list.Empty() {
		return nil, problem(codeAttributes, "signing-certificate")
	}
	var out []CertificateRef
	for !list.Empty() {
		if len(out) == maxReferences {
			return nil, problem(codeTooLarge, "signing-certificate names more than %d", maxReferences)
		}
		ref, p := r.parseReference(si, &list, first)
		if p != nil {
			return nil, p
		}
		out = append(out, ref)
	}
	return out, nil
}

// parseReference reads ESSCertID, the first version, or ESSCertIDv2.
func (r reader) parseReference(si *SignerInfo, list *cryptobyte.String, first bool) (CertificateRef, *Problem) {
	var body cryptobyte.String
	ref := CertificateRef{Digest: algo.SHA256}
	if first {
		ref.Digest = referenceSHA1
	}
	if !list.ReadASN1(&body, casn1.SEQUENCE) {
		return ref, problem(codeAttributes, "signing-certificate: element")
	}
	if !first && body.PeekASN1Tag(casn1.SEQUENCE) {
		var p *Problem
		if ref.Digest, p = r.parseReferenceDigest(si, &body); p != nil {
			return ref, p
		}
	}
	if !body.ReadASN1Bytes(&ref.Hash, casn1.OCTET_STRING) || len(ref.Hash) != ref.Digest.Size {
		return ref, problem(codeAttributes, "signing-certificate: hash")
	}
	if body.Empty() {
		return ref, nil
	}
	var ok bool
	if ref.RawIssuer, ref.Serial, ok = parseReferenceIssuer(&body); !ok {
		return ref, problem(codeAttributes, "signing-certificate: issuer and serial number")
	}
	return ref, nil
}

func (r reader) parseReferenceDigest(si *SignerInfo, body *cryptobyte.String) (algo.Digest, *Problem) {
	oid, params, ok := der.ReadAlgorithm(body)
	if !ok {
		return algo.Digest{}, problem(codeMalformed, "signing-certificate: digest algorithm")
	}
	if !r.strict && oid.Equal(referenceSHA1.OID) {
		return referenceSHA1, nil
	}
	d, err := algo.DigestByOID(oid, params)
	if err != nil {
		return d, &Problem{Code: codeAlgorithm, Detail: "signing-certificate: digest", Cause: err}
	}
	if d.Name == algo.SHA256.Name && len(params) == 0 {
		// DER leaves a default out (X.690 section 11.5); many signers do not.
		return d, r.deviation(&si.Notes, codeMalformed, noteDefaultDigest, "signing-certificate-v2 spells out its default digest")
	}
	return d, nil
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
