// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"encoding/asn1"
	"fmt"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// oidAnyExtKeyUsage is anyExtendedKeyUsage (RFC 5280 section 4.2.1.12).
var oidAnyExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37, 0}

// checkCommon is what holds for every certificate of the path by itself: time (RFC 5280 section
// 6.1.3 (a) (2)) and critical extensions (6.1.4 (o), 6.1.5 (f)).
func (s *search) checkCommon(c *cert.Certificate, timeElsewhere bool) *Error {
	switch {
	case timeElsewhere:
	case s.at.Before(c.NotBefore):
		return &Error{Code: CodeNotYetValid, Certificate: c, Detail: "valid from " + c.NotBefore.UTC().Format(time.RFC3339)}
	case s.at.After(c.NotAfter):
		return &Error{Code: CodeExpired, Certificate: c, Detail: "valid until " + c.NotAfter.UTC().Format(time.RFC3339)}
	}
	if len(c.UnhandledCritical) > 0 {
		return &Error{Code: CodeCriticalExtension, Certificate: c, Detail: fmt.Sprintf("critical extension %v", c.UnhandledCritical[0])}
	}
	return nil
}

// checkAuthority is RFC 5280 section 6.1.4 (k) and (n), and (a) because it is cheap: what makes a
// certificate fit to issue. Certificates of versions 1 and 2 cannot say that they are authorities,
// so only an anchor may be one, who is trusted for its key; so may a self-issued one of version 3
// that says neither what it is nor what its key is for, as the root of TC26's examples.
func checkAuthority(c *cert.Certificate, anchor bool) *Error {
	if anchor && (c.Version < 3 || saysNothing(c)) {
		return nil
	}
	if !c.HasBasicConstraints || !c.IsCA {
		return &Error{Code: CodeCA, Certificate: c, Detail: "basic constraints do not say authority"}
	}
	if c.HasKeyUsage && c.KeyUsage&cert.CertSign == 0 {
		return &Error{Code: CodeKeyUsage, Certificate: c, Detail: "key usage without keyCertSign"}
	}
	if anchor {
		return nil
	}
	for _, m := range c.PolicyMappings {
		if m.Issuer.Equal(cert.PolicyAny) || m.Subject.Equal(cert.PolicyAny) {
			return &Error{Code: CodePolicyMapping, Certificate: c, Detail: "anyPolicy is mapped"}
		}
	}
	return nil
}

// saysNothing reports a self-issued certificate whose extensions leave open what it is for.
func saysNothing(c *cert.Certificate) bool {
	return !c.HasBasicConstraints && !c.HasKeyUsage && selfIssued(c)
}

// checkAlgorithm refuses a signature that cannot be checked under the issuer's key, before any
// cost is paid for it.
func (s *search) checkAlgorithm(below, issuer *cert.Certificate) *Error {
	a, err := algo.ByCertificate(below.SignatureOID, below.SignatureParams)
	if err != nil {
		return &Error{Code: CodeAlgorithm, Certificate: below, Detail: "signature of an algorithm outside the table", Cause: err}
	}
	if a.Legacy && !s.o.Legacy {
		return &Error{Code: CodeLegacy, Certificate: below, Detail: a.Name + " is kept for old data only"}
	}
	if !a.Allows(issuer.PublicKey.Kind(), issuer.PublicKey.Bits()) {
		return &Error{Code: CodeAlgorithm, Certificate: below,
			Detail: fmt.Sprintf("%s under a key of kind %v, %d bits", a.Name, issuer.PublicKey.Kind(), issuer.PublicKey.Bits())}
	}
	return nil
}

// checkPathLen is RFC 5280 section 6.1.4 (l) and (m), counted from below: the authorities between
// an issuer and the leaf, self-issued ones apart.
func (s *search) checkPathLen(issuer *cert.Certificate) *Error {
	if issuer.PathLen < 0 {
		return nil
	}
	between := 0
	for _, x := range s.path[1:] {
		if !selfIssued(x) {
			between++
		}
	}
	if between > issuer.PathLen {
		return &Error{Code: CodePathLen, Certificate: issuer, Detail: fmt.Sprintf("path length %d, %d authorities below", issuer.PathLen, between)}
	}
	return nil
}

// checkPurpose asks whether one purpose is left that the path so far and c allow.
func (s *search) checkPurpose(c *cert.Certificate) *Error {
	if len(s.o.ExtKeyUsage) == 0 {
		return nil
	}
	for _, want := range s.o.ExtKeyUsage {
		all := allows(c, want, len(s.path) == 0)
		for i, x := range s.path {
			all = all && allows(x, want, i == 0)
		}
		if all {
			return nil
		}
	}
	return &Error{Code: CodeExtKeyUsage, Certificate: c, Detail: "extended key usage does not allow the purpose"}
}

// allows reports that c names the purpose; one that names none limits nothing, unless it is the
// leaf, of which the purpose is asked.
func allows(c *cert.Certificate, want asn1.ObjectIdentifier, leaf bool) bool {
	if len(c.ExtKeyUsage) == 0 {
		return !leaf
	}
	for _, have := range c.ExtKeyUsage {
		if have.Equal(want) || have.Equal(oidAnyExtKeyUsage) {
			return true
		}
	}
	return false
}

// selfIssued reports that issuer and subject are one name (RFC 5280 section 6.1).
func selfIssued(c *cert.Certificate) bool { return c.Issuer.Equal(c.Subject) }
