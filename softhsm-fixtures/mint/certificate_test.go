// SPDX-License-Identifier: Apache-2.0

package mint_test

import (
	"bytes"
	"crypto/x509"
	"math/big"
	"net/url"
	"testing"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func standardKinds() []mint.Kind {
	return []mint.Kind{mint.RSA2048, mint.PSS2048, mint.P256, mint.P384, mint.P521, mint.Ed25519}
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestChain lets crypto/x509 check a chain and a CRL by every kind of key that it knows.
func TestChain(t *testing.T) {
	for _, kind := range standardKinds() {
		t.Run(string(kind), func(t *testing.T) {
			root := mint.Root("Root", kind)
			ca := mint.CA("CA", kind, root)
			leaf := mint.Leaf("Leaf", kind, ca, mint.EKU(mint.ClientAuth))
			roots, between := x509.NewCertPool(), x509.NewCertPool()
			roots.AddCert(parse(t, root.DER))
			between.AddCert(parse(t, ca.DER))
			if _, err := parse(t, leaf.DER).Verify(x509.VerifyOptions{
				Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			}); err != nil {
				t.Error(err)
			}
			list, err := x509.ParseRevocationList(mint.CRL{Entries: []mint.Entry{
				mint.Revoked(leaf.Serial, time.Now(), mint.ReasonCode(1)),
			}}.Sign(ca))
			if err != nil {
				t.Fatal(err)
			}
			if err := list.CheckSignatureFrom(parse(t, ca.DER)); err != nil {
				t.Error(err)
			}
			if e := list.RevokedCertificateEntries; len(e) != 1 || e[0].SerialNumber.Cmp(leaf.Serial) != 0 || e[0].ReasonCode != 1 {
				t.Errorf("entries %+v", e)
			}
		})
	}
}

// TestExtensions reads each extension back with crypto/x509.
func TestExtensions(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	c := parse(t, mint.Certificate{
		Subject: mint.DN("C=RU", "O=ООО Пример", "CN=example.org", "INNLE=7700000002"), Key: mint.NewKey(mint.P256),
		Serial: big.NewInt(0x80), NotBefore: at, NotAfter: at.AddDate(30, 0, 0),
		Extensions: []mint.Extension{
			mint.BasicConstraints(true, 2), mint.KeyUsage(mint.KeyCertSign, mint.DecipherOnly), mint.EKU(mint.OCSPSigning),
			mint.SKI(), mint.AKIFull(), mint.SAN(mint.DNS("example.org"), mint.Mail("a@example.org"), mint.URI("http://example.org/x"),
				mint.IP("192.0.2.1"), mint.Dir(mint.CN("Somebody"))),
			mint.NameConstraints([]mint.GeneralName{mint.DNS("example.org"), mint.IP("10.0.0.0/9")}, []mint.GeneralName{mint.Mail("bad.org")}),
			mint.Policies("1.2.643.100.113.1", mint.OIDAnyPolicy), mint.PolicyMappings("1.2.3", "1.2.4"),
			mint.PolicyConstraints(1, 0), mint.InhibitAny(3), mint.CRLAt("http://example.org/a.crl"),
			mint.AIA([]string{"http://example.org/ocsp"}, []string{"http://example.org/ca.cer"}),
			mint.SubjectSignTool("Средство").Crit(),
		},
	}.Sign(nil).DER)
	for what, ok := range map[string]bool{
		"serial":             c.SerialNumber.Int64() == 0x80,
		"times":              c.NotBefore.Equal(at) && c.NotAfter.Equal(at.AddDate(30, 0, 0)),
		"ca":                 c.IsCA && c.MaxPathLen == 2,
		"usage":              c.KeyUsage == x509.KeyUsageCertSign|x509.KeyUsageDecipherOnly,
		"eku":                len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0] == x509.ExtKeyUsageOCSPSigning,
		"ids":                len(c.SubjectKeyId) == 20 && bytes.Equal(c.SubjectKeyId, c.AuthorityKeyId),
		"san":                len(c.DNSNames) == 1 && len(c.EmailAddresses) == 1 && c.URIs[0].String() == (&url.URL{Scheme: "http", Host: "example.org", Path: "/x"}).String() && c.IPAddresses[0].String() == "192.0.2.1",
		"constraints":        c.PermittedDNSDomains[0] == "example.org" && c.PermittedIPRanges[0].String() == "10.0.0.0/9" && c.ExcludedEmailAddresses[0] == "bad.org",
		"policies":           len(c.Policies) == 2 && c.Policies[0].String() == "1.2.643.100.113.1",
		"mappings":           len(c.PolicyMappings) == 1 && c.PolicyMappings[0].SubjectDomainPolicy.String() == "1.2.4",
		"policy constraints": c.RequireExplicitPolicy == 1 && c.InhibitPolicyMappingZero && c.InhibitAnyPolicy == 3,
		"points":             c.CRLDistributionPoints[0] == "http://example.org/a.crl" && c.OCSPServer[0] == "http://example.org/ocsp" && c.IssuingCertificateURL[0] == "http://example.org/ca.cer",
		"critical":           len(c.UnhandledCriticalExtensions) == 1,
		"subject":            c.Subject.CommonName == "example.org" && c.Subject.Organization[0] == "ООО Пример",
	} {
		if !ok {
			t.Errorf("%s: crypto/x509 reads something else", what)
		}
	}
}

// TestWrong makes each kind of wrong object that the fields promise.
func TestWrong(t *testing.T) {
	root := mint.Root("Root", mint.P256)
	key := mint.NewKey(mint.P256)
	signed := func(c mint.Certificate) error {
		c.Subject, c.Key = mint.CN("Leaf"), key
		return parse(t, c.Sign(root).DER).CheckSignatureFrom(parse(t, root.DER))
	}
	if err := signed(mint.Certificate{}); err != nil {
		t.Error(err)
	}
	if signed(mint.Certificate{EditSignature: mint.FlipBit(-1)}) == nil {
		t.Error("a changed signature holds")
	}
	if signed(mint.Certificate{Outer: asn.Algorithm("1.2.840.10045.4.3.3"), Inner: asn.Algorithm("1.2.840.10045.4.3.3")}) == nil {
		t.Error("another algorithm's name holds")
	}
	for name, c := range map[string]mint.Certificate{
		"mismatch": {Outer: asn.Algorithm("1.2.840.10045.4.3.3")},
		"trailing": {Edit: func(b []byte) []byte { return append(b, 0) }},
		"raw":      {Extensions: []mint.Extension{{Raw: asn.Null()}}},
		"loose":    {Extensions: []mint.Extension{{OID: mint.OIDKeyUsage, RawCritical: asn.LooseTrue(), Value: asn.NamedBits(0)}}},
	} {
		c.Subject, c.Key = mint.CN("Leaf"), key
		if _, err := x509.ParseCertificate(c.Sign(root).DER); err == nil {
			t.Errorf("%s: crypto/x509 takes it", name)
		}
	}
}
