// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint"
)

// Template says what certificate to issue. The zero value of a field gives what a good qualified
// certificate has.
type Template struct {
	// Authority is the name of the issuing authority. Empty means CA, or GOSTCA for a GOST key when CA's key is none.
	Authority string
	Subject   Subject
	// PublicKey is the holder's key: of the standard library, or of GOST as mint.SPKI or *gost.PublicKey.
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
	// KeyFrom and KeyUntil bound the PrivateKeyUsagePeriod, which is left out when both are zero.
	KeyFrom, KeyUntil time.Time
	// NoPointers leaves out the addresses of CRL, OCSP and issuer's certificate.
	NoPointers bool
	// Extra extensions are added as they are.
	Extra []pkix.Extension
}

// Issue issues a certificate and remembers its serial number, so that OCSP knows it.
func (p *PKI) Issue(t Template) (der []byte, err error) {
	spki, known := mint.PublicDER(t.PublicKey)
	name := t.Authority
	if name == "" {
		name = p.authorityFor(spki)
	}
	a := p.Authority(name)
	if a == nil {
		return nil, fmt.Errorf("issue a certificate: no authority %q", name)
	}
	if !known {
		return nil, fmt.Errorf("issue a certificate by %s: no public key: %T", name, t.PublicKey)
	}
	return a.issue(t, spki).DER, p.save()
}

// authorityFor is who issues for a key unless the order says otherwise.
func (p *PKI) authorityFor(spki []byte) string {
	if mint.IsGOST(spki) && !p.cfg.Keys.IsGOST() {
		return GOSTCA
	}
	return CA
}

func (a *Authority) issue(t Template, spki []byte) *mint.Party {
	now := a.pki.cfg.Now()
	usage := t.KeyUsage
	if usage == 0 {
		usage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	}
	var extensions []mint.Extension
	if t.CertificateAuthority {
		usage |= x509.KeyUsageCertSign
		extensions = append(extensions, mint.BasicConstraints(true, 0))
	}
	if !t.NoKeyUsage || t.CertificateAuthority {
		extensions = append(extensions, mint.KeyUsage(usageBits(usage)...))
	}
	purposes := t.ExtKeyUsage
	if purposes == nil {
		purposes = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}
	}
	if len(purposes) > 0 {
		extensions = append(extensions, mint.EKU(purposeOIDs(purposes)...))
	}
	extensions = append(extensions, mint.SKI(), mint.AKI())
	if !t.KeyFrom.IsZero() || !t.KeyUntil.IsZero() {
		extensions = append(extensions, mint.PrivateKeyUsagePeriod(t.KeyFrom, t.KeyUntil))
	}
	if !t.NotQualified {
		extensions = append(extensions, mint.KC(2))
		extensions = append(extensions, toolExtensions()...)
		extensions = append(extensions, mint.IdentificationKind(int64(t.IdentificationKind)))
	}
	for _, e := range t.Extra {
		extensions = append(extensions, mint.Raw(e.Id.String(), e.Critical, e.Value))
	}
	if !t.NoPointers {
		extensions = append(extensions, a.pointers()...)
	}
	c := mint.Certificate{
		Subject: t.Subject.encode(), SPKI: spki, Serial: mint.NewSerial(), Extensions: extensions,
		NotBefore: orTime(t.NotBefore, now.Add(-time.Hour)), NotAfter: orTime(t.NotAfter, now.AddDate(0, 15, 0)),
	}.Sign(a.party)
	a.remember(c.Serial)
	return c
}

// usageBits are the numbers of the bits of a key usage.
func usageBits(u x509.KeyUsage) []int {
	var bits []int
	for i := range 9 {
		if u&(1<<i) != 0 {
			bits = append(bits, i)
		}
	}
	return bits
}

func purposeOIDs(list []x509.ExtKeyUsage) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.OID().String())
	}
	return out
}

// Serial is the serial number in a certificate, for Revoke.
func Serial(der []byte) (*big.Int, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read a serial number: %w", err)
	}
	return c.SerialNumber, nil
}

// toolExtensions names the holder's and the issuer's signature tools.
func toolExtensions() []mint.Extension {
	return []mint.Extension{
		mint.SubjectSignTool("Учебное средство подписи"),
		mint.IssuerSignTool("Учебное средство подписи", "Учебный комплекс УЦ", "Заключение № 0-0 от 01.01.2026", "Заключение № 0-1 от 01.01.2026"),
	}
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
