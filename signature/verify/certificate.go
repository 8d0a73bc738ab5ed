// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/asn1"
	"errors"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/ident"
	"zaver/signature/trust"
)

// oidToolClass is the arc of the classes of signature tools, KC1 to KA1 (RFC 9215).
var oidToolClass = asn1.ObjectIdentifier{1, 2, 643, 100, 113}

// checkCertificate is what the signer's certificate says by itself.
func (v *verification) checkCertificate() {
	c := v.report.Signer
	v.checkValidity()
	v.checkKeyPeriod()
	if !c.HasKeyUsage || c.KeyUsage&(cert.DigitalSignature|cert.NonRepudiation) == 0 {
		v.add(CodeKeyUsage, Fail, c, "key usage has neither digitalSignature nor nonRepudiation")
	}
	if c.IsCA {
		v.add(CodeKeyUsage, Fail, c, "a certificate of an authority, not of a holder")
	}
	for _, w := range c.Warnings {
		v.add(CodeCertDeviation, Warn, c, w)
	}
	for _, err := range c.Holder().Problems {
		v.add(CodeHolder, Warn, c, holderDetail(err))
	}
}

// checkValidity holds the certificate's own validity against the moment, both ends included.
func (v *verification) checkValidity() {
	c := v.report.Signer
	if v.At.Before(c.NotBefore) {
		v.add(CodeCertNotYetValid, Fail, c, "valid from "+c.NotBefore.UTC().Format(time.RFC3339))
	}
	if v.At.After(c.NotAfter) {
		v.add(CodeCertExpired, Fail, c, "valid until "+c.NotAfter.UTC().Format(time.RFC3339))
	}
}

func (v *verification) checkKeyPeriod() {
	if c := v.report.Signer; !c.KeyUsableAt(v.At) {
		v.add(CodeKeyPeriod, Fail, c, "the private key's usage period does not cover the moment")
	}
}

// holderDetail keeps to codes: the text of an error might repeat what is in the name.
func holderDetail(err error) string {
	var i *ident.Error
	if errors.As(err, &i) {
		return i.Code
	}
	var e *cert.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "malformed identifier"
}

// qualified looks for what a qualified certificate must have: the names of the holder's and
// the issuer's signature tools and the class of the former (RFC 9215; order 795 of the FSB).
func qualified(c *cert.Certificate, kind trust.Kind) []Finding {
	severity := Info
	if kind == trust.Qualified {
		severity = Fail
	}
	var missing []string
	if c.SubjectSignTool == "" {
		missing = append(missing, "subjectSignTool")
	}
	if c.IssuerSignTool == nil {
		missing = append(missing, "issuerSignTool")
	}
	if !hasToolClass(c.Policies) {
		missing = append(missing, "class of signature tools")
	}
	var w weighed
	if len(missing) > 0 {
		w.add(CodeNotQualified, severity, c, "missing: "+strings.Join(missing, ", "))
	} else {
		w.add(CodeQualified, OK, c, "has the extensions of a qualified certificate")
	}
	if c.IdentificationKind == nil && kind == trust.Qualified {
		w.add(CodeIdentificationKind, Warn, c, "no identificationKind")
	}
	return w.findings
}

func hasToolClass(policies []asn1.ObjectIdentifier) bool {
	for _, p := range policies {
		if len(p) == len(oidToolClass)+1 && p[:len(oidToolClass)].Equal(oidToolClass) {
			return true
		}
	}
	return false
}
