// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"encoding/asn1"
	"fmt"

	"zaver/signature/cert"
)

// Codes of breaches of the certificate profile (RFC 5280 section 4). The first five refuse a
// certificate; the others are told in Valid.Deviations and refuse it under Options.Strict.
const (
	CodeProfileIssuer          = "chain.profile.issuer"           // the issuer's name is empty
	CodeProfileSubject         = "chain.profile.subject"          // the subject's name is empty where it may not be
	CodeProfileKeyCertSign     = "chain.profile.key_cert_sign"    // the right to sign certificates without being an authority
	CodeProfileNameConstraints = "chain.profile.name_constraints" // name constraints of one who is no authority
	CodeProfileCriticality     = "chain.profile.criticality"      // an extension is critical that may not be, or is not that must be

	CodeProfileBasicConstraints = "chain.profile.basic_constraints" // basic constraints not critical, or a path length without the right
	CodeProfileKeyIdentifier    = "chain.profile.key_identifier"    // no identifier of the issuer's or of an authority's key
	CodeProfileKeyUsage         = "chain.profile.key_usage"         // an authority without key usage, or a key usage of nothing
	CodeProfileSerial           = "chain.profile.serial"            // serial number not positive or over 20 octets
	CodeProfileKeyPeriod        = "chain.profile.key_period"        // issued outside the issuer's private key usage period
)

// maxSerialBits are the 20 octets of RFC 5280 section 4.1.2.2, of which one bit is the sign.
const maxSerialBits = 20*8 - 1

// criticalities are what section 4.2 wants in so many words. What it only recommends is not here.
var criticalities = []struct {
	name string
	oid  asn1.ObjectIdentifier
	must bool // the wanted value of critical
}{
	{"authorityKeyIdentifier", cert.OIDAuthorityKeyID, false},
	{"subjectKeyIdentifier", cert.OIDSubjectKeyID, false},
	{"authorityInfoAccess", cert.OIDAuthorityInfo, false},
	{"subjectInfoAccess", asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 11}, false},
	{"freshestCRL", cert.OIDFreshestCRL, false},
	{"nameConstraints", cert.OIDNameConstraints, true},
	{"policyConstraints", cert.OIDPolicyConstraints, true},
	{"inhibitAnyPolicy", cert.OIDInhibitAnyPolicy, true},
}

// checkProfile looks for breaches of the profile that refuse a certificate anywhere in a path.
func checkProfile(c *cert.Certificate) *Error {
	fail := func(code, detail string) *Error { return &Error{Code: code, Certificate: c, Detail: detail} }
	if isEmpty(c.Issuer) {
		return fail(CodeProfileIssuer, "empty issuer")
	}
	if isEmpty(c.Subject) {
		if c.IsCA {
			return fail(CodeProfileSubject, "authority with an empty subject")
		}
		if e, ok := c.Extension(cert.OIDSubjectAltName); !ok || !e.Critical {
			return fail(CodeProfileSubject, "empty subject without a critical subjectAltName")
		}
	}
	if c.NameConstraints != nil && !c.IsCA {
		return fail(CodeProfileNameConstraints, "name constraints of no authority")
	}
	if c.HasKeyUsage && c.KeyUsage&cert.CertSign != 0 && !c.IsCA {
		return fail(CodeProfileKeyCertSign, "keyCertSign without cA")
	}
	for i := range c.Extensions {
		e := &c.Extensions[i]
		for j := range criticalities {
			if k := &criticalities[j]; e.Critical != k.must && e.OID.Equal(k.oid) {
				return fail(CodeProfileCriticality, fmt.Sprintf("%s with critical %t", k.name, e.Critical))
			}
		}
	}
	return nil
}

// deviations lists what the profile forbids and paths are not refused for. issuer is nil for an
// anchor, whose own issuer plays no part; anchors says that a path ends in it.
func deviations(c, issuer *cert.Certificate, anchors bool) []*Error {
	var list []*Error
	add := func(code, detail string) { list = append(list, &Error{Code: code, Certificate: c, Detail: detail}) }
	if e, ok := c.Extension(cert.OIDBasicConstraints); ok {
		if c.IsCA && !e.Critical {
			add(CodeProfileBasicConstraints, "basic constraints of an authority are not critical")
		}
		if c.PathLen >= 0 && (!c.IsCA || !c.HasKeyUsage || c.KeyUsage&cert.CertSign == 0) {
			add(CodeProfileBasicConstraints, "path length without cA and keyCertSign")
		}
	}
	if issuer == nil && anchors && c.Version == 3 && !c.HasBasicConstraints {
		add(CodeProfileBasicConstraints, "an anchor that does not say that it is an authority")
	}
	if len(c.AKI) == 0 && !selfIssued(c) {
		add(CodeProfileKeyIdentifier, "no identifier of the issuer's key")
	}
	if len(c.SKI) == 0 && c.IsCA {
		add(CodeProfileKeyIdentifier, "no identifier of an authority's key")
	}
	if !c.HasKeyUsage && c.IsCA {
		add(CodeProfileKeyUsage, "authority without key usage")
	}
	if c.HasKeyUsage && c.KeyUsage == 0 {
		add(CodeProfileKeyUsage, "key usage without a bit")
	}
	if c.Serial.Sign() <= 0 || c.Serial.BitLen() > maxSerialBits {
		add(CodeProfileSerial, "serial number not positive or over 20 octets")
	}
	if issuer != nil && !issuer.KeyUsableAt(c.NotBefore) {
		add(CodeProfileKeyPeriod, "issued outside the issuer's private key usage period")
	}
	return list
}

// isEmpty reports a name without attributes.
func isEmpty(n cert.Name) bool { return len(n.Attributes) == 0 }
