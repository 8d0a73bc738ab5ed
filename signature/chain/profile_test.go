// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

const oidAKI, oidSKI = mint.OIDAuthorityKeyID, mint.OIDSubjectKeyID

// TestProfileRefused is what section 4 demands and a path is refused for.
func TestProfileRefused(t *testing.T) {
	tolerant := lenient + "it judges no profile unless told so"
	empty := mint.NameOf()
	freshest := mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{uri("http://example.org/d.crl")}})
	run(t, []rule{
		{name: "4.1.2.4 empty issuer", line: []step{root, end("leaf").with(func(c *mint.Certificate) { c.Issuer = empty })}, want: chain.CodeProfileIssuer},
		{name: "4.1.2.6 authority with an empty subject", line: []step{root, ca("").named(empty), end("leaf")}, want: chain.CodeProfileIssuer, peer: tolerant},
		{name: "4.1.2.6 authority with an empty subject, last", line: []step{root, ca("", mint.SAN(dns("example.org")).Crit()).named(empty)}, want: chain.CodeProfileSubject, peer: tolerant},
		{name: "4.1.2.6 empty subject without a name", line: []step{root, end("").named(empty)}, want: chain.CodeProfileSubject, peer: tolerant},
		{name: "4.2.1.6 empty subject, name not critical", line: []step{root, end("", mint.SAN(dns("example.org"))).named(empty)}, want: chain.CodeProfileSubject, peer: tolerant},
		{name: "4.2.1.6 empty subject, name critical", line: []step{root, end("", mint.SAN(dns("example.org")).Crit()).named(empty)}},
		{name: "4.2.1.9 keyCertSign without cA", line: []step{root, end("leaf", mint.KeyUsage(mint.DigitalSignature, mint.KeyCertSign))}, want: chain.CodeProfileKeyCertSign, peer: tolerant},
		{name: "4.2.1.10 constraints of a holder", line: []step{root, end("leaf", permit(dns("example.org")))}, want: chain.CodeProfileNameConstraints, peer: tolerant},
		{name: "4.2.1.10 constraints of an authority as the last", line: []step{root, ca("last", permit(dns("example.org")))}},
		{name: "4.2.1.10 constraints not critical", line: []step{root, ca("ca", permit(dns("example.org")).NonCrit()), end("leaf")}, want: chain.CodeProfileCriticality, peer: tolerant},
		{name: "4.2.1.11 policyConstraints not critical", line: []step{root, ca("ca", explicit(5).NonCrit()), end("leaf")}, want: chain.CodeProfileCriticality, peer: tolerant},
		{name: "4.2.1.14 inhibitAnyPolicy not critical", line: []step{root, ca("ca", mint.InhibitAny(0).NonCrit()), end("leaf")}, want: chain.CodeProfileCriticality, peer: tolerant},
		{name: "4.2.1.5 policyMappings not critical", line: []step{root, ca("ca", pol(p1), maps(p1, p2).NonCrit()), end("leaf", pol(p2))}},
		{name: "4.2.1.1 authorityKeyIdentifier critical", line: []step{root, end("leaf", mint.AKI().Crit())}, want: chain.CodeProfileCriticality},
		{name: "4.2.1.1 authorityKeyIdentifier of the anchor critical", line: []step{ca("root", mint.AKI().Crit()), end("leaf")}, want: chain.CodeProfileCriticality},
		{name: "4.2.1.2 subjectKeyIdentifier critical", line: []step{root, ca("ca", mint.SKI().Crit()), end("leaf")}, want: chain.CodeProfileCriticality},
		{name: "4.2.1.15 freshestCRL critical", line: []step{root, end("leaf", freshest.Crit())}, want: chain.CodeProfileCriticality},
		{name: "4.2.2.1 authorityInfoAccess critical", line: []step{root, end("leaf", mint.AIA([]string{"http://example.org"}, nil).Crit())}, want: chain.CodeProfileCriticality},
	})
}

// TestProfileReported is what section 4 demands and a path is not refused for, unless strictly.
func TestProfileReported(t *testing.T) {
	for _, r := range []struct {
		name string
		line []step
		want string
	}{
		{"good", []step{root, ca("ca"), end("leaf")}, ""},
		{"4.2.1.9 basicConstraints not critical", []step{root, ca("ca", mint.BasicConstraints(true, -1).NonCrit()), end("leaf")}, chain.CodeProfileBasicConstraints},
		{"4.2.1.9 basicConstraints of the anchor not critical", []step{ca("root", mint.BasicConstraints(true, -1).NonCrit()), end("leaf")}, chain.CodeProfileBasicConstraints},
		{"4.2.1.9 anchor without basicConstraints", []step{ca("root", gone(mint.OIDBasicConstraints), gone(oidKeyUsage)), end("leaf")}, chain.CodeProfileBasicConstraints},
		{"4.2.1.9 path length of a holder", []step{root, end("leaf", mint.BasicConstraints(false, 0))}, chain.CodeProfileBasicConstraints},
		{"4.2.1.1 holder without authorityKeyIdentifier", []step{root, end("leaf", gone(oidAKI))}, chain.CodeProfileKeyIdentifier},
		{"4.2.1.1 authority without authorityKeyIdentifier", []step{root, ca("ca", gone(oidAKI)), end("leaf")}, chain.CodeProfileKeyIdentifier},
		{"4.2.1.1 anchor without authorityKeyIdentifier", []step{ca("root", gone(oidAKI)), end("leaf")}, ""},
		{"4.2.1.2 authority without subjectKeyIdentifier", []step{root, ca("ca", gone(oidSKI)), end("leaf")}, chain.CodeProfileKeyIdentifier},
		{"4.2.1.2 holder without subjectKeyIdentifier", []step{root, end("leaf", gone(oidSKI))}, ""},
		{"4.2.1.3 authority without keyUsage", []step{root, ca("ca", gone(oidKeyUsage)), end("leaf")}, chain.CodeProfileKeyUsage},
		{"4.2.1.3 keyUsage of nothing", []step{root, end("leaf", mint.KeyUsage())}, chain.CodeProfileKeyUsage},
		{"4.1.2.2 serial number 0", []step{root, end("leaf").with(func(c *mint.Certificate) { c.Serial = new(big.Int) })}, chain.CodeProfileSerial},
		{"4.1.2.2 serial number below 0", []step{root, end("leaf").with(func(c *mint.Certificate) { c.RawSerial = []byte{0xff} })}, chain.CodeProfileSerial},
		{"4.1.2.2 serial number of 21 octets", []step{root, end("leaf").with(func(c *mint.Certificate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 161) })}, chain.CodeProfileSerial},
		{"4.1.2.2 serial number of 21 octets with the sign", []step{root, end("leaf").with(func(c *mint.Certificate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 159) })}, chain.CodeProfileSerial},
		{"4.1.2.2 serial number of 20 octets", []step{root, end("leaf").with(func(c *mint.Certificate) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 158) })}, ""},
		{"RFC 3280 4.2.1.4 issued after the key's period", []step{root, ca("ca", mint.PrivateKeyUsagePeriod(day(2019, 1, 1), day(2019, 12, 1))), end("leaf")}, chain.CodeProfileKeyPeriod},
		{"RFC 3280 4.2.1.4 issued within the key's period", []step{root, ca("ca", mint.PrivateKeyUsagePeriod(day(2019, 1, 1), day(2021, 1, 1))), end("leaf")}, ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			list := parsed(t, line(r.line...)...)
			leaf, anchors := list[len(list)-1], list[:1]
			var got []string
			err := chain.All(leaf, list, anchors, moment, chain.Options{}, func(v chain.Valid) bool {
				for _, d := range v.Deviations {
					if d.Certificate == nil || d.Detail == "" {
						t.Errorf("%s says nothing", d.Code)
					}
					got = append(got, d.Code)
				}
				return false
			})
			var want []string
			if r.want != "" {
				want = []string{r.want}
			}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("%v: %s", err, d)
			}
			_, err = chain.Build(leaf, list, anchors, moment, chain.Options{Strict: true})
			if got := code(t, err); got != r.want {
				t.Errorf("strictly: code %q", got)
			}
		})
	}
}

// TestTolerantEncodings lets a path hold over what cert tolerates in certificates of accredited centres.
func TestTolerantEncodings(t *testing.T) {
	loose := mint.BasicConstraints(true, 0)
	loose.Value = asn.Seq(asn.LooseTrue(), asn.Int(0))
	odd := mint.NameOf(mint.RDN(mint.Attr("CN", asn.TagBMP, "Удостоверяющий центр")), mint.RDN(mint.RawAttr("2.5.4.16", asn.Seq(asn.UTF8("Москва")))))
	list := parsed(t, line(root, ca("", loose, gone(oidAKI)).named(odd), end("leaf"))...)
	if path, err := chain.Build(list[2], list[1:2], list[:1], moment, chain.Options{}); err != nil || len(path) != 3 {
		t.Error(err)
	}
}
