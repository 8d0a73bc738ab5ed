// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
)

// kinds says which rarer members the sets of certificates and of revocation
// data have: they decide the version of SignedData.
type kinds struct{ v1, v2, other bool }

// readCertificates reads CertificateSet (RFC 5652 section 10.2.3).
func (r reader) readCertificates(s *SignedData, body *cryptobyte.String) (k kinds, p *Problem) {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(0)) {
		return k, problem(codeMalformed, "certificates")
	}
	if present && set.Empty() && r.strict {
		return k, problem(codeMalformed, "empty set of certificates")
	}
	for count := 0; !set.Empty(); count++ {
		var element cryptobyte.String
		var tag casn1.Tag
		if count == r.certificates {
			return k, problem(codeTooLarge, "more than %d certificates", r.certificates)
		}
		if !set.ReadAnyASN1Element(&element, &tag) {
			return k, problem(codeMalformed, "certificate")
		}
		if p := r.readCertificate(s, element, tag, &k); p != nil {
			return k, p
		}
	}
	return k, nil
}

// readCertificate reads CertificateChoices. What is no readable public key
// certificate is skipped: it can only take a path away, never add one.
func (r reader) readCertificate(s *SignedData, element []byte, tag casn1.Tag, k *kinds) *Problem {
	switch tag {
	case casn1.SEQUENCE:
		if r.known != nil {
			if c := r.known(element); c != nil {
				s.Certificates = append(s.Certificates, c)
				return nil
			}
		}
		c, err := cert.Parse(element)
		switch {
		case err == nil:
			s.Certificates = append(s.Certificates, c)
			return nil
		case r.strict:
			return &Problem{Code: codeCertificate, Detail: "read certificate", Cause: err}
		}
		s.Notes = append(s.Notes, &Problem{Code: noteCertificate, Detail: "skipped one that cannot be read", Cause: err})
		return nil
	case contextTag(1):
		k.v1 = true
	case contextTag(2):
		k.v2 = true
	case contextTag(3):
		k.other = true
	case contextTag(0): // extendedCertificate of PKCS #6: obsolete
	default:
		return problem(codeMalformed, "certificate is of no known sort")
	}
	return r.deviation(&s.Notes, codeMalformed, noteCertificate, "skipped one that is no public key certificate")
}

// readRevocation reads RevocationInfoChoices (RFC 5652 section 10.2.1): lists,
// and OCSP answers in the form of RFC 5940.
func (r reader) readRevocation(s *SignedData, body *cryptobyte.String) (other bool, p *Problem) {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, contextTag(1)) {
		return false, problem(codeMalformed, "CRLs")
	}
	if present && set.Empty() && r.strict {
		return false, problem(codeMalformed, "empty set of CRLs")
	}
	for count := 0; !set.Empty(); count++ {
		var element, format cryptobyte.String
		if count == r.certificates {
			return false, problem(codeTooLarge, "more than %d CRLs", r.certificates)
		}
		if set.PeekASN1Tag(casn1.SEQUENCE) {
			if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
				return false, problem(codeMalformed, "CRL")
			}
			s.CRLs = append(s.CRLs, element)
			continue
		}
		other = true
		var oid asn1.ObjectIdentifier
		var tag casn1.Tag
		if !set.ReadASN1(&format, contextTag(1)) || !format.ReadASN1ObjectIdentifier(&oid) ||
			!format.ReadAnyASN1Element(&element, &tag) || !format.Empty() {
			return false, problem(codeMalformed, "CRL is of no known sort")
		}
		if oid.Equal(oidOCSPResponse) {
			s.OCSPs = append(s.OCSPs, element)
			continue
		}
		if p := r.deviation(&s.Notes, codeMalformed, noteRevocation, "skipped data of kind %v", oid); p != nil {
			return false, p
		}
	}
	return other, nil
}
