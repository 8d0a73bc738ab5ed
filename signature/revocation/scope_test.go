// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

const hour = time.Hour

// TestScope is RFC 5280 section 6.3.3 (b), (d), (e) and (l), with the cases of PKITS 4.14: which CRL
// answers for which distribution point and for which reasons.
func TestScope(t *testing.T) {
	base := newScene(mint.P256)
	dn := func(cn string) mint.GeneralName { return mint.Dir(mint.DN("CN=centre", "CN="+cn)) }
	relative := mint.DN("CN=one")
	rdn := relative[4:] // SEQUENCE, SET: the attributes are what Relative wants
	one, two := mint.URI("http://example.org/one.crl"), mint.URI("http://example.org/two.crl")
	point := func(p mint.Point) []mint.Extension { return []mint.Extension{mint.CRLDP(p)} }
	full := func(n ...mint.GeneralName) []mint.Extension { return point(mint.Point{FullName: n}) }
	some, rest := []int{mint.ReasonKeyCompromise, mint.ReasonCACompromise}, []int{3, 4, 5, 6, 7, 8}
	type lists = func(s *scene) []mint.CRL
	idp := func(scopes ...mint.IDP) lists {
		return func(*scene) []mint.CRL {
			var out []mint.CRL
			for _, i := range scopes {
				out = append(out, list(nil, i.Extension()))
			}
			return out
		}
	}
	for _, tt := range []struct {
		name   string
		leaf   []mint.Extension
		lists  lists
		status revocation.Status
		code   string
	}{
		{"4.4.1: no CRL at all", nil, idp(), unknown, revocation.CodeNoSource},
		{"no points, complete CRL", nil, func(*scene) []mint.CRL { return []mint.CRL{list(nil)} }, good, ""},
		{"a point, complete CRL", full(one), func(*scene) []mint.CRL { return []mint.CRL{list(nil)} }, good, ""},
		{"a point, its CRL", full(one), idp(mint.IDP{FullName: []mint.GeneralName{one}}), good, ""},
		{"a point, the CRL of another", full(one), idp(mint.IDP{FullName: []mint.GeneralName{two}}), unknown, revocation.CodeScope},
		{"one name of several agrees", full(one, two), idp(mint.IDP{FullName: []mint.GeneralName{dn("x"), two}}), good, ""},
		{"host in other letter case", full(one), idp(mint.IDP{FullName: []mint.GeneralName{mint.URI("HTTP://Example.ORG/one.crl")}}), good, ""},
		{"path in other letter case", full(one), idp(mint.IDP{FullName: []mint.GeneralName{mint.URI("http://example.org/One.crl")}}), unknown, revocation.CodeScope},
		{"no point, the CRL of one", nil, idp(mint.IDP{FullName: []mint.GeneralName{one}}), unknown, revocation.CodeScope},
		{"no point, the CRL of the issuer's name", nil, idp(mint.IDP{FullName: []mint.GeneralName{mint.Dir(base.ca.Name)}}), good, ""},
		{"4.14.1: directory names", full(dn("one")), idp(mint.IDP{FullName: []mint.GeneralName{dn("One")}}), good, ""},
		{"4.14.3: other directory names", full(dn("one")), idp(mint.IDP{FullName: []mint.GeneralName{dn("two")}}), unknown, revocation.CodeScope},
		{"4.14.4: both relative", point(mint.Point{Relative: rdn}), idp(mint.IDP{Relative: rdn}), good, ""},
		{"4.14.5: point full, CRL relative", full(dn("one")), idp(mint.IDP{Relative: rdn}), good, ""},
		{"4.14.7: point relative, CRL full", point(mint.Point{Relative: rdn}), idp(mint.IDP{FullName: []mint.GeneralName{dn("one")}}), good, ""},
		{"4.14.8: relative and other full", point(mint.Point{Relative: rdn}), idp(mint.IDP{FullName: []mint.GeneralName{dn("two")}}), unknown, revocation.CodeScope},
		{"4.14.11: authorities only", nil, idp(mint.IDP{OnlyCAs: true}), unknown, revocation.CodeScope},
		{"4.14.10: users only", nil, idp(mint.IDP{OnlyUsers: true}), good, ""},
		{"4.14.14: attributes only", nil, idp(mint.IDP{OnlyAttributes: true}), unknown, revocation.CodeScope},
		{"two of them at once", nil, idp(mint.IDP{OnlyUsers: true, OnlyCAs: true}), unknown, revocation.CodeMalformed},
		{"empty issuing distribution point", nil, idp(mint.IDP{}), unknown, revocation.CodeMalformed},
		{"4.14.15: some reasons only", nil, idp(mint.IDP{Reasons: some}), unknown, revocation.CodeReasons},
		{"4.14.18: all reasons in two CRLs", nil, idp(mint.IDP{Reasons: some}, mint.IDP{Reasons: rest}), good, ""},
		{"all reasons but one", nil, idp(mint.IDP{Reasons: some}, mint.IDP{Reasons: rest[1:]}), unknown, revocation.CodeReasons},
		{"4.14.20: revoked in the one for other reasons", nil, func(s *scene) []mint.CRL {
			return []mint.CRL{list(nil, mint.IDP{Reasons: some}.Extension()), list(since(s.leaf, hour), mint.IDP{Reasons: rest}.Extension())}
		}, revoked, ""},
		{"revoked in the one for some reasons, the other missing", nil, func(s *scene) []mint.CRL {
			return []mint.CRL{list(since(s.leaf, hour), mint.IDP{Reasons: some}.Extension())}
		}, revoked, ""},
		{"the point limits the reasons of a complete CRL", point(mint.Point{FullName: []mint.GeneralName{one}, Reasons: some}),
			idp(mint.IDP{FullName: []mint.GeneralName{one}}), unknown, revocation.CodeReasons},
		{"4.14.21: two points, reasons by parts", []mint.Extension{mint.CRLDP(
			mint.Point{FullName: []mint.GeneralName{one}, Reasons: some}, mint.Point{FullName: []mint.GeneralName{two}, Reasons: rest})},
			idp(mint.IDP{FullName: []mint.GeneralName{one}, Reasons: some}, mint.IDP{FullName: []mint.GeneralName{two}, Reasons: rest}), good, ""},
		{"reasons of point and CRL have nothing in common", point(mint.Point{FullName: []mint.GeneralName{one}, Reasons: some}),
			idp(mint.IDP{FullName: []mint.GeneralName{one}, Reasons: rest}), unknown, revocation.CodeReasons},
		{"a revocation in one of several complete CRLs counts", nil, func(s *scene) []mint.CRL {
			return []mint.CRL{list(nil), list(since(s.leaf, hour), mint.IDP{OnlyUsers: true}.Extension())}
		}, revoked, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *base
			s.leaf = mint.Leaf("leaf", mint.P256, s.ca, tt.leaf...)
			var answers [][]byte
			for _, l := range tt.lists(&s) {
				answers = append(answers, l.Sign(s.ca))
			}
			r := kept(t, s.question(t), answers...)
			expect(t, r, tt.status, tt.code)
			if tt.status != unknown {
				replay(t, s.question(t), r)
			}
		})
	}
}

// TestIndirect is RFC 5280 sections 5.3.3 and 6.3.3 (b) (1), with the cases of PKITS 4.14.22 to 35.
func TestIndirect(t *testing.T) {
	base := newScene(mint.P256)
	lister := mint.CA("lister", mint.P256, base.root)
	rootList := list(nil).Sign(base.root) // the lister is under the root, and not revoked
	others := mint.CA("others", mint.P256, base.root)
	ours, theirs := mint.CertificateIssuer(mint.Dir(base.ca.Name)), mint.CertificateIssuer(mint.Dir(others.Name))
	leafSerial := mint.NewSerial()
	entry := func(n int64, extra ...mint.Extension) mint.Entry {
		if n == 0 {
			return mint.Revoked(leafSerial, moment.Add(-hour), extra...)
		}
		return mint.Revoked(number(n), moment.Add(-hour), extra...)
	}
	byLister := mint.Point{Issuer: []mint.GeneralName{mint.Dir(lister.Name)}}
	indirect := mint.IDP{Indirect: true}
	for _, tt := range []struct {
		name    string
		point   *mint.Point
		by      *mint.Party
		scope   mint.IDP
		entries []mint.Entry
		status  revocation.Status
		code    string
	}{
		{"nothing listed", &byLister, lister, indirect, nil, good, ""},
		{"listed as ours", &byLister, lister, indirect, []mint.Entry{entry(0, ours)}, revoked, ""},
		{"our number, of another issuer", &byLister, lister, indirect, []mint.Entry{entry(0, theirs)}, good, ""},
		{"our number, of the list's own issuer", &byLister, lister, indirect, []mint.Entry{entry(0)}, good, ""},
		{"the issuer is carried over", &byLister, lister, indirect, []mint.Entry{entry(7, ours), entry(8), entry(0)}, revoked, ""},
		{"the other issuer is carried over", &byLister, lister, indirect, []mint.Entry{entry(7, ours), entry(8, theirs), entry(0)}, good, ""},
		{"our number twice, ours second", &byLister, lister, indirect, []mint.Entry{entry(0, theirs), entry(0, ours)}, revoked, ""},
		{"ours in other letter case", &byLister, lister, indirect,
			[]mint.Entry{entry(0, mint.CertificateIssuer(mint.URI("http://x"), mint.Dir(mint.CN("CENTRE"))))}, revoked, ""},
		{"not marked critical", &byLister, lister, indirect, []mint.Entry{entry(0, ours.NonCrit())}, revoked, ""},
		{"broken certificate issuer", &byLister, lister, indirect,
			[]mint.Entry{entry(0, mint.Raw("2.5.29.29", true, []byte{0x30, 2, 0x86, 1}))}, unknown, revocation.CodeMalformed},
		{"4.14.23: not marked indirect", &byLister, lister, mint.IDP{OnlyUsers: true}, nil, unknown, revocation.CodeScope},
		{"4.14.26: the point names nobody", nil, lister, indirect, nil, unknown, revocation.CodeNoSource},
		{"the point names another", &mint.Point{Issuer: []mint.GeneralName{mint.Dir(others.Name)}}, lister, indirect, nil, unknown, revocation.CodeNoSource},
		{"indirect by the certificate's issuer", nil, base.ca, indirect, []mint.Entry{entry(7, theirs)}, good, ""},
		{"indirect by the certificate's issuer, listed", nil, base.ca, indirect, []mint.Entry{entry(0)}, revoked, ""},
		{"indirect by the certificate's issuer, behind another", nil, base.ca, indirect, []mint.Entry{entry(7, theirs), entry(0)}, good, ""},
		{"issuing point named as the lister", &byLister, lister, mint.IDP{Indirect: true, FullName: []mint.GeneralName{mint.Dir(lister.Name)}}, nil, good, ""},
		{"issuing point named otherwise", &byLister, lister, mint.IDP{Indirect: true, FullName: []mint.GeneralName{mint.Dir(others.Name)}}, nil, unknown, revocation.CodeScope},
		{"certificate issuer in a direct CRL", nil, base.ca, mint.IDP{OnlyUsers: true}, []mint.Entry{entry(7, ours)}, unknown, revocation.CodeMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *base
			c := mint.Certificate{Subject: mint.CN("leaf"), Key: mint.NewKey(mint.P256), Serial: leafSerial}
			c.Extensions = mint.LeafExtensions()
			if tt.point != nil {
				c.Extensions = append(c.Extensions, mint.CRLDP(*tt.point))
			}
			s.leaf = c.Sign(s.ca)
			r := kept(t, s.question(t, lister), list(tt.entries, tt.scope.Extension()).Sign(tt.by), rootList)
			expect(t, r, tt.status, tt.code)
			if tt.status != unknown {
				replay(t, s.question(t, lister), r)
			}
		})
	}
}

// TestRepeatedEntries: an indirect CRL that lists one serial number again and again under an issuer of many
// names takes no longer for it.
func TestRepeatedEntries(t *testing.T) {
	s := newScene(mint.P256)
	var names []mint.GeneralName
	for n := range 1000 {
		names = append(names, mint.Dir(mint.CN(fmt.Sprint("centre ", n))))
	}
	entries := []mint.Entry{mint.Revoked(s.leaf.Serial, moment.Add(-hour), mint.CertificateIssuer(names...))}
	for range 20_000 {
		entries = append(entries, mint.Revoked(s.leaf.Serial, moment.Add(-hour)))
	}
	crl := list(entries, mint.IDP{Indirect: true}.Extension()).Sign(s.ca)
	start := cpu(t)
	expect(t, kept(t, s.question(t), crl), good, "")
	if took := cpu(t) - start; took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// cpu is the time that this process has computed: other work on the machine is not in it.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
