// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Object identifiers of extensions (RFC 9215 section 3, RFC 6960 section 4.2.2.2.1).
var (
	oidSubjectSignTool    = asn1.ObjectIdentifier{1, 2, 643, 100, 111}
	oidIssuerSignTool     = asn1.ObjectIdentifier{1, 2, 643, 100, 112}
	oidIdentificationKind = asn1.ObjectIdentifier{1, 2, 643, 100, 114}
	oidNoCheck            = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)

// Template says what certificate to issue. The zero value of a field gives what a good qualified
// certificate has.
type Template struct {
	// Authority is the name of the issuing authority; empty means CA.
	Authority string
	Subject   Subject
	// PublicKey is the holder's key: *rsa.PublicKey or *ecdsa.PublicKey.
	PublicKey crypto.PublicKey
	// NotBefore is an hour ago, NotAfter 15 months from now when zero.
	NotBefore, NotAfter time.Time
	// KeyUsage is digitalSignature and nonRepudiation when zero.
	KeyUsage x509.KeyUsage
	// NoKeyUsage leaves the extension out.
	NoKeyUsage bool
	// ExtKeyUsage is clientAuth and emailProtection when nil.
	ExtKeyUsage []x509.ExtKeyUsage
	// NotQualified leaves out signature tools, identification kind and classes of tools.
	NotQualified bool
	// IdentificationKind is 0 (in person) unless set.
	IdentificationKind int
	// CertificateAuthority makes a subordinate authority's certificate instead of a holder's.
	CertificateAuthority bool
	// NoPointers leaves out the addresses of CRL, OCSP and issuer's certificate.
	NoPointers bool
	// Extra extensions are added as they are.
	Extra []pkix.Extension
}

// Issue issues a certificate and remembers its serial number, so that OCSP knows it.
func (p *PKI) Issue(t Template) (der []byte, err error) {
	name := t.Authority
	if name == "" {
		name = CA
	}
	a := p.Authority(name)
	if a == nil {
		return nil, fmt.Errorf("issue a certificate: no authority %q", name)
	}
	c, err := a.issue(t)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate by %s: %w", name, err)
	}
	return c.Raw, p.save()
}

func (a *Authority) issue(t Template) (*x509.Certificate, error) {
	subject, err := t.Subject.encode()
	if err != nil {
		return nil, err
	}
	now := a.pki.cfg.Now()
	x := &x509.Certificate{
		SerialNumber: newSerial(), RawSubject: subject,
		NotBefore: orTime(t.NotBefore, now.Add(-time.Hour)), NotAfter: orTime(t.NotAfter, now.AddDate(0, 15, 0)),
		KeyUsage: t.KeyUsage, ExtKeyUsage: t.ExtKeyUsage,
	}
	if x.KeyUsage == 0 {
		x.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	}
	if t.NoKeyUsage {
		x.KeyUsage = 0
	}
	if t.ExtKeyUsage == nil {
		x.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}
	}
	if t.CertificateAuthority {
		x.IsCA, x.BasicConstraintsValid, x.MaxPathLen, x.MaxPathLenZero = true, true, 0, true
		x.KeyUsage |= x509.KeyUsageCertSign
	}
	if !t.NotQualified {
		kind, err := asn1.Marshal(t.IdentificationKind)
		if err != nil {
			return nil, err
		}
		x.Policies = policies(2)
		x.ExtraExtensions = append(toolExtensions(), pkix.Extension{Id: oidIdentificationKind, Value: kind})
	}
	x.ExtraExtensions = append(x.ExtraExtensions, t.Extra...)
	if !t.NoPointers {
		a.point(x)
	}
	c, err := makeCertificate(x, a.cert, t.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	a.remember(x.SerialNumber)
	return c, nil
}

// Serial is the serial number in a certificate, for Revoke.
func Serial(der []byte) (*big.Int, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read a serial number: %w", err)
	}
	return c.SerialNumber, nil
}

// policies lists the classes of signature tools up to the n-th: KC1, KC2, … (1.2.643.100.113.n).
func policies(n uint64) []x509.OID {
	var list []x509.OID
	for i := uint64(1); i <= n; i++ {
		oid, err := x509.OIDFromInts([]uint64{1, 2, 643, 100, 113, i})
		if err == nil {
			list = append(list, oid)
		}
	}
	return list
}

// toolExtensions names the holder's and the issuer's signature tools.
func toolExtensions() []pkix.Extension {
	utf8 := func(s string) asn1.RawValue { return asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(s)} }
	subject, err1 := asn1.Marshal(utf8("Учебное средство подписи"))
	issuer, err2 := asn1.Marshal([]asn1.RawValue{
		utf8("Учебное средство подписи"), utf8("Учебный комплекс УЦ"),
		utf8("Заключение № 0-0 от 01.01.2026"), utf8("Заключение № 0-1 от 01.01.2026"),
	})
	if err1 != nil || err2 != nil {
		return nil // constants above always encode; a test reads the extensions back
	}
	return []pkix.Extension{{Id: oidSubjectSignTool, Value: subject}, {Id: oidIssuerSignTool, Value: issuer}}
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
