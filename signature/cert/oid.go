// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"math"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// The policies of RFC 9215 section 4.1: the class of the signature tool. A
// certificate lists all classes up to its own.
var (
	PolicyKC1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 1}
	PolicyKC2 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 2}
	PolicyKC3 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 3}
	PolicyKB1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 4}
	PolicyKB2 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 5}
	PolicyKA1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 6}
	// PolicyAny is anyPolicy (RFC 5280 section 4.2.1.4).
	PolicyAny = asn1.ObjectIdentifier{2, 5, 29, 32, 0}
)

// The extensions that are read, RFC 5280 section 4.2 and RFC 9215 section 4.
var (
	OIDKeyUsage           = asn1.ObjectIdentifier{2, 5, 29, 15}
	OIDBasicConstraints   = asn1.ObjectIdentifier{2, 5, 29, 19}
	OIDSubjectKeyID       = asn1.ObjectIdentifier{2, 5, 29, 14}
	OIDAuthorityKeyID     = asn1.ObjectIdentifier{2, 5, 29, 35}
	OIDExtKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37}
	OIDCRLPoints          = asn1.ObjectIdentifier{2, 5, 29, 31}
	OIDFreshestCRL        = asn1.ObjectIdentifier{2, 5, 29, 46}
	OIDPolicies           = asn1.ObjectIdentifier{2, 5, 29, 32}
	OIDPolicyMappings     = asn1.ObjectIdentifier{2, 5, 29, 33}
	OIDPolicyConstraints  = asn1.ObjectIdentifier{2, 5, 29, 36}
	OIDInhibitAnyPolicy   = asn1.ObjectIdentifier{2, 5, 29, 54}
	OIDNameConstraints    = asn1.ObjectIdentifier{2, 5, 29, 30}
	OIDPrivateKeyPeriod   = asn1.ObjectIdentifier{2, 5, 29, 16}
	OIDSubjectAltName     = asn1.ObjectIdentifier{2, 5, 29, 17}
	OIDIssuerAltName      = asn1.ObjectIdentifier{2, 5, 29, 18}
	OIDAuthorityInfo      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	OIDNoCheck            = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	OIDSubjectSignTool    = asn1.ObjectIdentifier{1, 2, 643, 100, 111}
	OIDIssuerSignTool     = asn1.ObjectIdentifier{1, 2, 643, 100, 112}
	OIDIdentificationKind = asn1.ObjectIdentifier{1, 2, 643, 100, 114}

	oidAccessOCSP      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidAccessCAIssuers = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// known maps the content octets of frequent identifiers to one shared value,
// which saves an allocation for each. It is never written after start.
var known = func() map[string]asn1.ObjectIdentifier {
	m := map[string]asn1.ObjectIdentifier{}
	for _, oid := range []asn1.ObjectIdentifier{
		OIDCommonName, OIDSurname, OIDCountry, OIDLocality, OIDState, OIDStreet, OIDOrganization, OIDUnit, OIDTitle, OIDGivenName,
		OIDEmail, OIDOGRN, OIDSNILS, OIDINNLE, OIDOGRNIP, OIDINN,
		OIDKeyUsage, OIDBasicConstraints, OIDSubjectKeyID, OIDAuthorityKeyID, OIDExtKeyUsage, OIDCRLPoints, OIDFreshestCRL, OIDPolicies,
		OIDPolicyMappings, OIDPolicyConstraints, OIDInhibitAnyPolicy, OIDNameConstraints, OIDPrivateKeyPeriod, OIDSubjectAltName,
		OIDIssuerAltName, OIDAuthorityInfo, OIDNoCheck, OIDSubjectSignTool, OIDIssuerSignTool, OIDIdentificationKind, oidAccessOCSP,
		oidAccessCAIssuers, PolicyKC1, PolicyKC2, PolicyKC3, PolicyKB1, PolicyKB2, PolicyKA1, PolicyAny,
	} {
		var b cryptobyte.Builder
		b.AddASN1ObjectIdentifier(oid)
		m[string(b.BytesOrPanic()[2:])] = oid
	}
	return m
}()

// objectIdentifier decodes the content octets of an OBJECT IDENTIFIER. An arc
// that no int holds (RFC 5280 sets no bound, and 2.25 has arcs of 128 bits) is
// cut into several numbers, the first of them negative: such an identifier is
// equal to itself alone and is not for people. The result may be shared and
// must not be written to.
func objectIdentifier(content []byte) (asn1.ObjectIdentifier, bool) {
	if oid, ok := known[string(content)]; ok {
		return oid, true
	}
	if !der.ObjectIdentifier(content) {
		return nil, false
	}
	const most = math.MaxInt >> 8
	out := make(asn1.ObjectIdentifier, 0, len(content)+1)
	arc := 0
	for i, first := 0, true; i < len(content); i++ {
		if arc > most {
			if first {
				out, first = append(out, 2), false
			}
			out, arc = append(out, -arc), 1 // the 1 keeps the zeros that follow
		}
		arc = arc<<7 | int(content[i]&0x7f)
		if content[i] >= 0x80 {
			continue
		}
		if first {
			root := min(arc/40, 2)
			out, arc, first = append(out, root), arc-40*root, false
		}
		out, arc = append(out, arc), 0
	}
	return out, true
}

func readOID(s *cryptobyte.String) (asn1.ObjectIdentifier, bool) {
	var content cryptobyte.String
	if !s.ReadASN1(&content, casn1.OBJECT_IDENTIFIER) {
		return nil, false
	}
	return objectIdentifier(content)
}
