// SPDX-License-Identifier: Apache-2.0

package mint_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestListsAsText has OpenSSL read the extensions of CRLs, entries and points (RFC 5280 sections 5.2, 5.3, 4.2.1.13).
func TestListsAsText(t *testing.T) {
	p := gostpeer.New(t)
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	ca := mint.Root("CA", mint.GOST256A)
	list := mint.CRL{
		ThisUpdate: at, NextUpdate: at.AddDate(0, 0, 7),
		Entries: []mint.Entry{
			mint.Revoked(big.NewInt(0xabc), at, mint.ReasonCode(6), mint.InvalidityDate(at.AddDate(0, 0, -1)), mint.CertificateIssuer(mint.Dir(mint.CN("Another")))),
			mint.Revoked(big.NewInt(0xdef), at),
		},
		Extensions: []mint.Extension{
			mint.AKIFull(), mint.CRLNumber(7), mint.DeltaIndicator(5),
			mint.IDP{FullName: []mint.GeneralName{mint.URI("http://example.org/x.crl")}, OnlyUsers: true, Indirect: true, Reasons: []int{mint.ReasonKeyCompromise, mint.ReasonAACompromise}}.Extension(),
			mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{mint.URI("http://example.org/d.crl")}}),
		},
	}.Sign(ca)
	text, err := p.Run("crl", "-inform", "DER", "-noout", "-text", "-in", p.File(list))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, text, "Version 2", "CN = CA", "Nov  1 12:00:00 2026 GMT", "Nov  8 12:00:00 2026 GMT", "0ABC", "0DEF", "Certificate Hold", "Oct 31 12:00:00 2026 GMT",
		"DirName:/CN=Another", "X509v3 Delta CRL Indicator: critical", "X509v3 CRL Number", "URI:http://example.org/x.crl", "Only User Certificates", "Indirect CRL",
		"Key Compromise, AA Compromise", "X509v3 Freshest CRL", "URI:http://example.org/d.crl", "serial:")

	leaf := mint.Leaf("Leaf", mint.GOST256A, ca, mint.PrivateKeyUsagePeriod(at, at.AddDate(1, 0, 0)),
		mint.CRLDP(mint.Point{FullName: []mint.GeneralName{mint.URI("http://example.org/a.crl")}, Reasons: []int{mint.ReasonHold}},
			mint.Point{Relative: mint.Attr("CN", 0, "relative"), Issuer: []mint.GeneralName{mint.Dir(mint.CN("Indirect"))}}),
		mint.SAN(mint.OtherName("1.2.3.4", mint.Attr("CN", 0, "x")), mint.RegisteredID("1.2.3.5"), mint.IP("2001:db8::1")), mint.IAN(mint.DNS("issuer.example.org")))
	text, err = p.Run("x509", "-inform", "DER", "-noout", "-text", "-in", p.File(leaf.DER))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, text, "Not Before: Nov  1 12:00:00 2026 GMT, Not After: Nov  1 12:00:00 2027 GMT", "URI:http://example.org/a.crl", "Certificate Hold",
		"Relative Name", "CN = relative", "CN = Indirect", "Registered ID:1.2.3.5", "IP Address:2001:DB8:0:0:0:0:0:1", "othername: 1.2.3.4", "DNS:issuer.example.org",
		"GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)", "id-GostR3410-2001-CryptoPro-A-ParamSet")
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("OpenSSL does not read %q in\n%s", w, text)
		}
	}
}

// TestShortLists makes lists of version 1, without end and without entries.
func TestShortLists(t *testing.T) {
	p := gostpeer.New(t)
	ca := mint.Root("CA", mint.P256)
	for name, c := range map[string]struct {
		list mint.CRL
		want string
	}{
		"version 1": {mint.CRL{Version: 1}, "Version 1"},
		"no end":    {mint.CRL{NoNextUpdate: true}, "Next Update: NONE"},
		"empty":     {mint.CRL{}, "No Revoked Certificates."},
	} {
		text, err := p.Run("crl", "-inform", "DER", "-noout", "-text", "-in", p.File(c.list.Sign(ca)))
		if err != nil || !strings.Contains(text, c.want) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
