// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/ident"
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
