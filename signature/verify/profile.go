// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"zaver/signature/cert"
	"zaver/signature/chain"
)

// maxSerialBits is what fits into the 20 octets of RFC 5280 section 4.1.2.2 beside the sign.
const maxSerialBits = 20*8 - 1

// role is where in a path a certificate stands.
type role int

const (
	leafRole   role = iota // the certificate asked about
	issuerRole             // an authority between
	anchorRole             // the anchor above others
	aloneRole              // an anchor that was asked about itself
)

func roleOf(p chain.Path, i int) role {
	switch last := len(p) - 1; {
	case i == last && i == 0:
		return aloneRole
	case i == last:
		return anchorRole
	case i == 0:
		return leafRole
	default:
		return issuerRole
	}
}

// refuses says whether a certificate whose breach of the profile chain tolerates is refused by the
// audit's profile. RFC 5280 section 6.1 does not ask; section 4 binds those who issue, and under the
// generic profile what is conforming is held to it:
//
//	rule                                                      refused under generic
//	4.2.1.1  authorityKeyIdentifier unless self-issued        of authorities; of a certificate that is asked
//	                                                          about itself, says what it is for and has an
//	                                                          issuer with a subjectKeyIdentifier
//	4.2.1.2  subjectKeyIdentifier of an authority             of issuers; of an anchor whose key a certificate
//	                                                          that is asked about names by its identifier
//	4.2.1.3  keyUsage of an authority, a bit in any keyUsage  everywhere but in anchors
//	4.1.2.2  serial number neither 0 nor over 20 octets       everywhere but in anchors
//
// All else stays a warning: a serial number below 0, basicConstraints that are not critical or have a
// path length without the right, the issuer's key period, whatever an anchor lacks that is trusted as
// a name and a key (section 6.1.1 (d)), and a signer's certificate without authorityKeyIdentifier,
// since signatures are older than the rule. Under the qualified profile and in confirmations all of it
// is a warning: there the accreditation vouches for who issues, and real centres deviate.
func (v *verification) refuses(d *chain.Error, p chain.Path, i int) bool {
	if v.terms.Profile != ProfileGeneric {
		return false
	}
	c, r := p[i], roleOf(p, i)
	if r == aloneRole {
		return false
	}
	switch d.Code {
	case chain.CodeProfileKeyIdentifier:
		return v.needsIdentifier(p, i, r)
	case chain.CodeProfileKeyUsage:
		return r != anchorRole
	case chain.CodeProfileSerial:
		return r != anchorRole && (c.Serial.Sign() == 0 || c.Serial.BitLen() > maxSerialBits)
	}
	return false
}

// needsIdentifier says whether a certificate without one of the two identifiers is refused.
func (v *verification) needsIdentifier(p chain.Path, i int, r role) bool {
	c := p[i]
	asked := v.report.Subject == SubjectCertificate
	switch r {
	case issuerRole:
		return true
	case anchorRole:
		return asked && len(p[i-1].AKI) > 0
	default:
		return asked && len(c.AKI) == 0 && !c.SelfIssued() && len(p[i+1].SKI) > 0 && saysPurpose(c)
	}
}

// saysPurpose reports a certificate that follows the profile as far as to say what it is for.
func saysPurpose(c *cert.Certificate) bool {
	return c.HasKeyUsage || c.HasBasicConstraints || len(c.ExtKeyUsage) > 0
}

// addDeviations puts what the path's certificates owe to the profile into the report.
func (v *verification) addDeviations(w *weighed, p chain.Valid) {
	for _, d := range p.Deviations {
		severity := Warn
		for i, c := range p.Path {
			if c == d.Certificate && v.refuses(d, p.Path, i) {
				severity = Fail
			}
		}
		w.add(d.Code, severity, d.Certificate, d.Detail)
	}
}
