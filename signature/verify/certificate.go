// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/timestamp"
	"zaver/signature/trust"
)

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

// checkService refuses a document signed by a key that is, in words that must be heeded, for the answers of
// a service alone: timestamps or OCSP (RFC 5280 section 4.2.1.12).
func (v *verification) checkService(content asn1.ObjectIdentifier) {
	c := v.report.Signer
	if c == nil || !content.Equal(cms.OIDData) {
		return
	}
	service := func(purpose asn1.ObjectIdentifier) bool {
		return purpose.Equal(timestamp.OIDPurpose) || purpose.Equal(oidOCSPSigning)
	}
	e, ok := c.Extension(cert.OIDExtKeyUsage)
	if ok && e.Critical && !slices.ContainsFunc(c.ExtKeyUsage, func(p asn1.ObjectIdentifier) bool { return !service(p) }) {
		v.add(CodeKeyUsage, Fail, c, "the key is for the answers of a service alone")
	}
}

var oidOCSPSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}

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

// qualified tells what the certificate lacks of the form of a qualified one: what must be there
// fails under an anchor that is for qualified signatures, the rest is worth knowing.
func qualified(c *cert.Certificate, kind trust.Kind) []Finding {
	var verdict, notes weighed
	var missing []string
	for _, f := range c.Qualified() {
		switch {
		case f.Must:
			missing = append(missing, f.Detail)
		case kind != trust.Qualified:
		case f.Code == "cert.qualified.identification":
			notes.add(CodeIdentificationKind, Warn, c, f.Detail)
		default:
			notes.add(f.Code, Info, c, f.Detail)
		}
	}
	switch {
	case len(missing) == 0:
		verdict.add(CodeQualified, OK, c, "has the extensions of a qualified certificate")
	case kind == trust.Qualified:
		verdict.add(CodeNotQualified, Fail, c, strings.Join(missing, ", "))
	default:
		verdict.add(CodeNotQualified, Info, c, strings.Join(missing, ", "))
	}
	return append(verdict.findings, notes.findings...)
}
