// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

var (
	from = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2027, 4, 1, 12, 30, 59, 0, time.UTC)
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newEC(t testing.TB, c elliptic.Curve) crypto.Signer {
	return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(c, rand.Reader))
}

// pair is a name's attribute to be: tag 0 lets the standard encoder choose.
type pair struct {
	oid   asn1.ObjectIdentifier
	tag   casn1.Tag
	value string
}

// rawName writes a name with the string types asked for.
func rawName(pairs []pair) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range pairs {
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(p.oid)
					tag := p.tag
					if tag == 0 {
						tag = casn1.UTF8String
					}
					b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(p.value)) })
				})
			})
		}
	})
	return b.BytesOrPanic()
}

var person = []pair{
	{OIDCommonName, 0, "Семёнова Анна Ивановна"},
	{OIDSurname, 0, "Семёнова"},
	{OIDGivenName, 0, "Анна Ивановна"},
	{OIDCountry, casn1.PrintableString, "RU"},
	{OIDEmail, casn1.IA5String, "anna@example.org"},
	{OIDSNILS, der.TagNumeric, "11223344595"},
	{OIDINN, der.TagNumeric, "500100732259"},
}

func value(f func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

func utf8String(s string) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
	}
}

// qualified are the extensions of RFC 9215 and the key's period.
func qualified() []pkix.Extension {
	return []pkix.Extension{
		{Id: OIDSubjectSignTool, Value: value(utf8String("Средство 1.0"))},
		{Id: OIDIssuerSignTool, Value: value(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, s := range []string{"Средство", "УЦ", "СФ/1", "СФ/2"} {
					utf8String(s)(b)
				}
			})
		})},
		{Id: OIDIdentificationKind, Value: []byte{2, 1, 1}},
		{Id: OIDPrivateKeyPeriod, Value: value(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for i, s := range []string{"20260101000000Z", "20270101000000Z"} {
					b.AddASN1(casn1.Tag(i).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
				}
			})
		})},
	}
}

func leafTemplate(name []pair) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(bytes.Repeat([]byte{0xfe}, 16)), RawSubject: rawName(name),
		NotBefore: from, NotAfter: to,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		UnknownExtKeyUsage:    []asn1.ObjectIdentifier{{1, 2, 643, 2, 2, 34, 6}},
		PolicyIdentifiers:     nil,
		Policies:              []x509.OID{oid(1, 2, 643, 100, 113, 1), oid(1, 2, 643, 100, 113, 2)},
		SubjectKeyId:          []byte{1, 2, 3},
		CRLDistributionPoints: []string{"http://crl.example/a.crl", "ldap://x", "https://crl.example/b.crl"},
		OCSPServer:            []string{"http://ocsp.example"},
		IssuingCertificateURL: []string{"http://ca.example/ca.cer"},
		ExtraExtensions:       qualified(),
	}
}

func oid(arcs ...uint64) x509.OID {
	o, err := x509.OIDFromInts(arcs)
	if err != nil {
		panic(err)
	}
	return o
}

func caTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(7), RawSubject: rawName([]pair{{OIDCommonName, 0, "Тестовый УЦ"}}),
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte("opaque"),
	}
}

// issue makes a certificate; signer nil makes it self-signed.
func issue(t testing.TB, template, parent *x509.Certificate, key, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	if signer == nil {
		parent, signer = template, key
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
	return must[*x509.Certificate](t)(x509.ParseCertificate(der))
}

func subject(t testing.TB, pairs []pair) *Certificate {
	t.Helper()
	return must[*Certificate](t)(Parse(must[[]byte](t)(createRaw(t, leafTemplate(pairs)))))
}

// testKey serves where only the certificate's content matters.
var testKey = func() crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}()

func newRSA(t testing.TB, bits int) crypto.Signer {
	return must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
}

// createRaw makes a self-signed certificate that the standard parser need not accept.
func createRaw(t testing.TB, template *x509.Certificate) ([]byte, error) {
	t.Helper()
	return x509.CreateCertificate(rand.Reader, template, template, testKey.Public(), testKey)
}
