// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"

	"zaver/signature/cert"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

var (
	leafKey = mint.NewKey(mint.P256)
	rootKey = mint.Root("Корень", mint.P256)
)

// extended is the DER of a certificate with these extensions.
func extended(extensions ...mint.Extension) []byte {
	return mint.Certificate{Subject: mint.CN("Иван"), Key: leafKey, Extensions: extensions}.Sign(rootKey).DER
}

func oids(dotted ...string) []asn1.ObjectIdentifier {
	var out []asn1.ObjectIdentifier
	for _, d := range dotted {
		var o asn1.ObjectIdentifier
		s := cryptobyte.String(asn.OID(d))
		s.ReadASN1ObjectIdentifier(&o)
		out = append(out, o)
	}
	return out
}

// names shows general names as tag and what they hold.
func names(list []cert.GeneralName) []string {
	var out []string
	for _, n := range list {
		what := n.Text
		switch n.Tag {
		case cert.DirectoryName:
			what = n.Name.String()
		case cert.IPAddress:
			what = string(n.IP)
		case cert.RegisteredID:
			what = n.OID.String()
		case cert.OtherName:
			what = "other"
		}
		out = append(out, string(rune('0'+n.Tag))+" "+what)
	}
	return out
}

func TestAbsent(t *testing.T) {
	c := parse(t, extended())
	if c.PathLen != -1 || c.RequireExplicitPolicy != -1 || c.InhibitPolicyMapping != -1 || c.InhibitAnyPolicy != -1 || c.HasPolicies ||
		c.NameConstraints != nil || c.CRLPoints != nil || c.FreshestCRL != nil || c.AKISerial != nil || c.NoCheck || c.SubjectAltNames != nil {
		t.Errorf("%+v", c)
	}
}

func TestNames(t *testing.T) {
	list := []mint.GeneralName{mint.Mail("a@example.org"), mint.DNS("example.org"), mint.Dir(mint.DN("C=RU", "CN=Иван")), mint.URI("http://a"),
		mint.IP("192.0.2.1"), mint.IP("2001:db8::1"), mint.RegisteredID("1.2.3"), mint.OtherName("1.2.3", asn.UTF8("x")),
		asn.TLV(0xa3, asn.Int(1)), asn.TLV(0xa5, asn.Int(1))}
	want := []string{"1 a@example.org", "2 example.org", "4 C=RU, CN=Иван", "6 http://a", "7 \xc0\x00\x02\x01", "7 \x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01", "8 1.2.3", "0 other", "3 ", "5 "}
	c := parse(t, extended(mint.SAN(list...), mint.IAN(list[:2]...).Crit()))
	if d := cmp.Diff(want, names(c.SubjectAltNames)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want[:2], names(c.IssuerAltNames)); d != "" || len(c.UnhandledCritical) != 0 {
		t.Error(d, c.UnhandledCritical)
	}
	if n := c.SubjectAltNames[2]; !bytes.Equal(n.RawName, mint.DN("C=RU", "CN=Иван")) || !bytes.Equal(n.Raw, n.RawName) {
		t.Errorf("directory name %x", n.RawName)
	}
}

func TestConstraints(t *testing.T) {
	mask := asn.Context(7, []byte{10, 0, 0, 0, 255, 192, 0, 0})
	c := parse(t, extended(mint.Subtrees([][]byte{mint.Subtree(mint.DNS(".example.org"), 0, -1), mint.Subtree(mask, 0, -1)},
		[][]byte{mint.Subtree(mint.Mail("x"), 1, 2)})))
	n := c.NameConstraints
	if n == nil || len(n.Permitted) != 2 || len(n.Excluded) != 1 {
		t.Fatalf("%+v", n)
	}
	if p, e := n.Permitted[0], n.Excluded[0]; p.Base.Text != ".example.org" || p.Min != 0 || p.Max != -1 || e.Min != 1 || e.Max != 2 || len(n.Permitted[1].Base.IP) != 8 {
		t.Errorf("%+v", n)
	}
	c = parse(t, extended(mint.Policies("1.2.3", "2.5.29.32.0"), mint.PolicyMappings("1.2.3", "1.2.4", "2.5.29.32.0", "1.2.5"), mint.PolicyConstraints(0, 3), mint.InhibitAny(7)))
	if !c.HasPolicies || !slices.EqualFunc(c.Policies, oids("1.2.3", "2.5.29.32.0"), asn1.ObjectIdentifier.Equal) || !c.Policies[1].Equal(cert.PolicyAny) {
		t.Errorf("policies %v", c.Policies)
	}
	if m := c.PolicyMappings; len(m) != 2 || !m[0].Issuer.Equal(asn1.ObjectIdentifier{1, 2, 3}) || !m[0].Subject.Equal(asn1.ObjectIdentifier{1, 2, 4}) || !m[1].Issuer.Equal(cert.PolicyAny) {
		t.Errorf("mappings %v", m)
	}
	if c.RequireExplicitPolicy != 0 || c.InhibitPolicyMapping != 3 || c.InhibitAnyPolicy != 7 {
		t.Errorf("%d %d %d", c.RequireExplicitPolicy, c.InhibitPolicyMapping, c.InhibitAnyPolicy)
	}
	huge := new(big.Int).Lsh(big.NewInt(1), 200)
	c = parse(t, extended(mint.Raw("2.5.29.54", true, asn.BigInt(huge)), mint.Raw("2.5.29.36", true, asn.Seq(asn.Implicit(1, asn.BigInt(huge)))),
		mint.Raw("2.5.29.19", true, asn.Seq(asn.Bool(true), asn.BigInt(huge)))))
	if c.InhibitAnyPolicy != 1<<30 || c.InhibitPolicyMapping != 1<<30 || c.RequireExplicitPolicy != -1 || c.PathLen != 1<<30 {
		t.Errorf("INTEGER (0..MAX) of RFC 5280: %d %d %d", c.InhibitAnyPolicy, c.InhibitPolicyMapping, c.PathLen)
	}
}

func TestPoints(t *testing.T) {
	attr := mint.Attr("CN", 0, "CRL1")
	c := parse(t, extended(
		mint.CRLDP(
			mint.Point{FullName: []mint.GeneralName{mint.URI("http://a/1"), mint.URI("ldap://a"), mint.Dir(mint.CN("x"))}},
			mint.Point{FullName: []mint.GeneralName{mint.URI("http://a/2")}, Reasons: []int{mint.ReasonKeyCompromise, mint.ReasonAACompromise}},
			mint.Point{Relative: attr, Issuer: []mint.GeneralName{mint.Dir(mint.CN("issuer"))}},
			mint.Point{Issuer: []mint.GeneralName{mint.Dir(mint.CN("issuer"))}}),
		mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{mint.URI("http://a/delta")}}),
		mint.NoCheck(), mint.AKIFull(), mint.AIA([]string{"http://ocsp"}, []string{"https://ca"})))
	p := c.CRLPoints
	if len(p) != 4 || p[0].HasReasons || p[0].Reasons != 0 || len(p[0].FullName) != 3 || p[0].RelativeName != nil || p[0].CRLIssuer != nil {
		t.Fatalf("%+v", p)
	}
	if !p[1].HasReasons || p[1].Reasons != cert.ReasonKeyCompromise|cert.ReasonAACompromise || !bytes.Equal(p[2].RelativeName, mint.RDN(attr)) ||
		p[2].FullName != nil || len(p[2].CRLIssuer) != 1 || p[3].FullName != nil || p[3].RelativeName != nil {
		t.Errorf("%+v", p[1:])
	}
	full, err := p[2].CRLIssuer[0].Name.Append(p[2].RelativeName)
	if err != nil || full.String() != "CN=issuer, CN=CRL1" {
		t.Errorf("relative name: %v, %v", full, err)
	}
	if !slices.Equal(c.CRLs, []string{"http://a/1"}) || len(c.FreshestCRL) != 1 || !c.NoCheck || !slices.Equal(c.OCSP, []string{"http://ocsp"}) || !slices.Equal(c.CAIssuers, []string{"https://ca"}) {
		t.Errorf("%v %v %v %v", c.CRLs, c.FreshestCRL, c.OCSP, c.CAIssuers)
	}
	if c.AKISerial == nil || c.AKISerial.Cmp(rootKey.Serial) != 0 || len(c.AKIIssuer) != 1 || !c.AKIIssuer[0].Name.Equal(c.Issuer) || len(c.AKI) != 20 {
		t.Errorf("AKI %x %v %v", c.AKI, c.AKIIssuer, c.AKISerial)
	}
	if cert.AllReasons != cert.ReasonKeyCompromise|cert.ReasonCACompromise|cert.ReasonAffiliationChanged|cert.ReasonSuperseded|
		cert.ReasonCessationOfOperation|cert.ReasonCertificateHold|cert.ReasonPrivilegeWithdrawn|cert.ReasonAACompromise {
		t.Error("AllReasons are not all")
	}
}

// TestMalformed: a known extension that is not what its section of RFC 5280 says is refused, critical or not.
func TestMalformed(t *testing.T) {
	subtree := func(b []byte) []byte { return asn.Seq(asn.Explicit(0, asn.Seq(b))) }
	for _, r := range []struct {
		name, oid string
		value     []byte
	}{
		{"4.2.1.1 AKI of a primitive", "2.5.29.35", asn.Octets([]byte{1})},
		{"4.2.1.1 AKI in other order", "2.5.29.35", asn.Seq(asn.Implicit(2, asn.Int(1)), asn.Context(0, []byte{1}))},
		{"4.2.1.1 AKI's issuer empty", "2.5.29.35", asn.Seq(asn.TLV(0xa1))},
		{"4.2.1.1 AKI's serial padded", "2.5.29.35", asn.Seq(asn.Context(2, []byte{0, 1}))},
		{"4.2.1.4 policies empty", "2.5.29.32", asn.Seq()},
		{"4.2.1.4 policy twice", "2.5.29.32", asn.Seq(asn.Seq(asn.OID("1.2.3")), asn.Seq(asn.OID("1.2.3")))},
		{"4.2.1.4 qualifiers empty", "2.5.29.32", asn.Seq(asn.Seq(asn.OID("1.2.3"), asn.Seq()))},
		{"4.2.1.4 qualifier without value", "2.5.29.32", asn.Seq(asn.Seq(asn.OID("1.2.3"), asn.Seq(asn.Seq(asn.OID("1.3.6.1.5.5.7.2.1")))))},
		{"4.2.1.5 mappings empty", "2.5.29.33", asn.Seq()},
		{"4.2.1.5 mapping of one", "2.5.29.33", asn.Seq(asn.Seq(asn.OID("1.2.3")))},
		{"4.2.1.5 mapping of three", "2.5.29.33", asn.Seq(asn.Seq(asn.OID("1.2.3"), asn.OID("1.2.3"), asn.OID("1.2.3")))},
		{"4.2.1.6 SAN empty", "2.5.29.17", asn.Seq()},
		{"4.2.1.6 SAN with bytes behind", "2.5.29.17", append(asn.Seq(mint.DNS("a")), 0)},
		{"4.2.1.6 name of tag 9", "2.5.29.17", asn.Seq(asn.Context(9, []byte{1}))},
		{"4.2.1.6 constructed DNS name", "2.5.29.17", asn.Seq(asn.TLV(0xa2, []byte("a")))},
		{"4.2.1.6 DNS name beyond ASCII", "2.5.29.17", asn.Seq(asn.Context(2, []byte("й")))},
		{"4.2.1.6 mail beyond ASCII", "2.5.29.17", asn.Seq(asn.Context(1, []byte("й@a")))},
		{"4.2.1.6 URI beyond ASCII", "2.5.29.17", asn.Seq(asn.Context(6, []byte("http://й")))},
		{"4.2.1.6 address of five", "2.5.29.17", asn.Seq(asn.Context(7, make([]byte, 5)))},
		{"4.2.1.6 address with mask", "2.5.29.17", asn.Seq(asn.Context(7, make([]byte, 8)))},
		{"4.2.1.6 implicit directory name", "2.5.29.17", asn.Seq(asn.TLV(0xa4, mint.RDN(mint.Attr("CN", 0, "a"))))},
		{"4.2.1.6 other name without value", "2.5.29.17", asn.Seq(asn.TLV(0xa0, asn.OID("1.2.3")))},
		{"4.2.1.6 registered id cut", "2.5.29.17", asn.Seq(asn.Context(8, []byte{0x2a, 0x83}))},
		{"4.2.1.7 IAN empty", "2.5.29.18", asn.Seq()},
		{"4.2.1.9 negative length", "2.5.29.19", asn.Seq(asn.Bool(true), asn.Int(-1))},
		{"4.2.1.9 BOOLEAN of two bytes", "2.5.29.19", asn.Seq([]byte{1, 2, 0xff, 0xff})},
		{"4.2.1.9 length before CA", "2.5.29.19", asn.Seq(asn.Int(1), asn.Bool(true))},
		{"4.2.1.10 constraints empty", "2.5.29.30", asn.Seq()},
		{"4.2.1.10 permitted empty", "2.5.29.30", asn.Seq(asn.TLV(0xa0))},
		{"4.2.1.10 excluded first", "2.5.29.30", asn.Seq(asn.TLV(0xa1, asn.Seq(mint.DNS("a"))), asn.TLV(0xa0, asn.Seq(mint.DNS("a"))))},
		{"4.2.1.10 address without mask", "2.5.29.30", subtree(asn.Context(7, make([]byte, 4)))},
		{"4.2.1.10 mask with a hole", "2.5.29.30", subtree(asn.Context(7, []byte{10, 0, 0, 0, 255, 0, 255, 0}))},
		{"4.2.1.10 mask with a hole in a byte", "2.5.29.30", subtree(asn.Context(7, []byte{10, 0, 0, 0, 255, 0xfd, 0, 0}))},
		{"4.2.1.10 negative minimum", "2.5.29.30", subtree(append(mint.DNS("a"), asn.Context(0, []byte{0xff})...))},
		{"4.2.1.11 policy constraints empty", "2.5.29.36", asn.Seq()},
		{"4.2.1.11 negative", "2.5.29.36", asn.Seq(asn.Context(0, []byte{0xff}))},
		{"4.2.1.11 in other order", "2.5.29.36", asn.Seq(asn.Context(1, []byte{0}), asn.Context(0, []byte{0}))},
		{"4.2.1.12 purposes empty", "2.5.29.37", asn.Seq()},
		{"4.2.1.13 points empty", "2.5.29.31", asn.Seq()},
		{"4.2.1.13 full name empty", "2.5.29.31", asn.Seq(asn.Seq(asn.TLV(0xa0, asn.TLV(0xa0))))},
		{"4.2.1.13 both names", "2.5.29.31", asn.Seq(asn.Seq(asn.TLV(0xa0, asn.TLV(0xa0, mint.URI("a")), asn.TLV(0xa1, mint.Attr("CN", 0, "a")))))},
		{"4.2.1.13 reasons padded", "2.5.29.31", asn.Seq(asn.Seq(asn.Context(1, []byte{7, 0xff})))},
		{"4.2.1.13 CRL issuer empty", "2.5.29.31", asn.Seq(asn.Seq(asn.TLV(0xa2)))},
		{"4.2.1.14 negative", "2.5.29.54", asn.Int(-1)},
		{"4.2.1.15 freshest empty", "2.5.29.46", asn.Seq()},
		{"4.2.2.1 access empty", "1.3.6.1.5.5.7.1.1", asn.Seq()},
		{"4.2.2.1 access without place", "1.3.6.1.5.5.7.1.1", asn.Seq(asn.Seq(asn.OID("1.3.6.1.5.5.7.48.1")))},
		{"RFC 6960 4.2.2.2.1 nocheck", "1.3.6.1.5.5.7.48.1.5", asn.Int(0)},
	} {
		if _, err := cert.Parse(extended(mint.Raw(r.oid, false, r.value))); code(err) != "cert.malformed" {
			t.Errorf("RFC 5280 section %s: %v", r.name, err)
		}
	}
}

// TestLongArcs: arcs beyond an int, as 2.25 has them, are told apart and hinder nothing.
func TestLongArcs(t *testing.T) {
	long := "2.25.340282366920938463463374607431768211455"
	c := parse(t, extended(mint.Policies("1.2.4294967296", long, "2.25.340282366920938463463374607431768211454", "2.340282366920938463463374607431768211455.1"),
		mint.EKU(long), mint.Raw(long, false, asn.Null()), mint.SAN(mint.RegisteredID(long))))
	p := c.Policies
	if !p[0].Equal(asn1.ObjectIdentifier{1, 2, 1 << 32}) || p[1].Equal(p[2]) || p[1].Equal(p[3]) || !p[1].Equal(c.ExtKeyUsage[0]) || !p[1].Equal(c.SubjectAltNames[0].OID) {
		t.Errorf("%v", p)
	}
	if _, err := cert.Parse(extended(mint.Policies(long, long))); code(err) != "cert.malformed" {
		t.Errorf("the same twice: %v", err)
	}
	// The groups behind the cut count, zeros among them.
	a, b := asn.OIDContent("2.25."+new(big.Int).Lsh(big.NewInt(1), 77).String()), asn.OIDContent("2.25."+new(big.Int).Lsh(big.NewInt(1), 84).String())
	c = parse(t, extended(mint.Raw("2.5.29.37", false, asn.Seq(asn.TLV(6, a), asn.TLV(6, b)))))
	if c.ExtKeyUsage[0].Equal(c.ExtKeyUsage[1]) {
		t.Errorf("%v", c.ExtKeyUsage)
	}
	name := parse(t, mint.Certificate{Subject: mint.DN(long+"=a", "CN=b"), Key: leafKey}.Sign(rootKey).DER).Subject
	if name.Attributes[0].Value != "a" || name.Get(name.Attributes[0].OID) != "a" {
		t.Errorf("%v", name)
	}
}

// TestBounds: lists, names and certificates are bounded.
func TestBounds(t *testing.T) {
	var many []mint.GeneralName
	for range 1025 {
		many = append(many, mint.DNS("a"))
	}
	if _, err := cert.Parse(extended(mint.SAN(many...))); code(err) != "cert.malformed" {
		t.Errorf("1025 names: %v", err)
	}
	if c := parse(t, extended(mint.SAN(many[1:]...))); len(c.SubjectAltNames) != 1024 {
		t.Errorf("%d names", len(c.SubjectAltNames))
	}
	var extensions []mint.Extension
	for i := range 65 {
		extensions = append(extensions, mint.Raw("1.2.3."+string(rune('0'+i/10))+"."+string(rune('0'+i%10)), false, asn.Null()))
	}
	if _, err := cert.Parse(extended(extensions...)); code(err) != "cert.malformed" {
		t.Errorf("65 extensions: %v", err)
	}
	parse(t, extended(extensions[1:]...))
	if _, err := cert.Parse(extended(extensions[0], extensions[0])); code(err) != "cert.malformed" {
		t.Errorf("RFC 5280 section 4.2, an extension twice: %v", err)
	}
}

// TestReaders: what revocation reads by itself.
func TestReaders(t *testing.T) {
	s := cryptobyte.String(asn.Seq(mint.Raw("1.2.3", true, []byte{5, 0}).DER(), mint.CRLNumber(5).DER()))
	list, err := cert.ReadExtensions(&s)
	if err != nil || len(list) != 2 || !list[0].Critical || list[1].Critical || !s.Empty() || !bytes.Equal(list[1].Value, asn.Int(5)) {
		t.Errorf("%v, %v", list, err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "none": asn.Seq(), "twice": asn.Seq(mint.CRLNumber(5).DER(), mint.CRLNumber(5).DER())} {
		s := cryptobyte.String(b)
		if _, err := cert.ReadExtensions(&s); code(err) != "cert.malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	s = cryptobyte.String(asn.Null())
	full, relative, err := cert.ReadDistributionPointName(&s)
	if full != nil || relative != nil || err != nil || s.Empty() {
		t.Errorf("absent name: %v %v %v", full, relative, err)
	}
	if r, err := cert.ParseReasons([]byte{0, 0xff, 0xff}); err != nil || r != cert.AllReasons {
		t.Errorf("all reasons: %v, %v", r, err)
	}
	k, err := cert.ParseAuthorityKeyID(mint.AKIOf([]byte{1}, []mint.GeneralName{mint.Dir(mint.CN("a"))}, big.NewInt(-5)).Value)
	if err != nil || !bytes.Equal(k.ID, []byte{1}) || len(k.Issuer) != 1 || k.Serial.Int64() != -5 {
		t.Errorf("%+v, %v", k, err)
	}
}
