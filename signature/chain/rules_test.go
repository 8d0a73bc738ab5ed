// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"testing"
	"time"

	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

const (
	oidPrivate  = "1.3.6.1.4.1.99999.1"
	oidKeyUsage = mint.OIDKeyUsage
)

var (
	root    = ca("root")
	private = mint.Raw(oidPrivate, true, asn.Null())
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func from(t time.Time) func(*mint.Certificate) { return func(c *mint.Certificate) { c.NotBefore = t } }
func to(t time.Time) func(*mint.Certificate)   { return func(c *mint.Certificate) { c.NotAfter = t } }

func validity(from, to []byte) func(*mint.Certificate) {
	return func(c *mint.Certificate) { c.Validity = asn.Seq(from, to) }
}

func version(n int) func(*mint.Certificate) {
	return func(c *mint.Certificate) {
		if c.Version = n; n < 3 {
			c.Extensions = nil
		}
	}
}

func flipped(c *mint.Certificate) { c.EditSignature = mint.FlipBit(3) }

// TestSignature is RFC 5280 section 6.1.3 (a) (1).
func TestSignature(t *testing.T) {
	run(t, []rule{
		{name: "6.1.3 (a) (1) all hold", line: []step{root, ca("ca"), end("leaf")}},
		{name: "6.1.3 (a) (1) authority's does not", line: []step{root, ca("ca").with(flipped), end("leaf")}, want: chain.CodeSignature},
		{name: "6.1.3 (a) (1) holder's does not", line: []step{root, ca("ca"), end("leaf").with(flipped)}, want: chain.CodeSignature},
		{name: "6.1.1 (d) the anchor's is not asked for", line: []step{root.with(flipped), ca("ca"), end("leaf")}},
	})
}

// TestValidity is section 6.1.3 (a) (2), with the forms of section 4.1.2.5.
func TestValidity(t *testing.T) {
	past, future := moment.Add(-time.Second), moment.Add(time.Second)
	run(t, []rule{
		{name: "6.1.3 (a) (2) authority to come", line: []step{root, ca("ca").with(from(future)), end("leaf")}, want: chain.CodeNotYetValid},
		{name: "6.1.3 (a) (2) holder to come", line: []step{root, ca("ca"), end("leaf").with(from(future))}, want: chain.CodeNotYetValid},
		{name: "6.1.3 (a) (2) authority ended", line: []step{root, ca("ca").with(to(past)), end("leaf")}, want: chain.CodeExpired},
		{name: "6.1.3 (a) (2) holder ended", line: []step{root, ca("ca"), end("leaf").with(to(past))}, want: chain.CodeExpired},
		{name: "4.1.2.5 both ends included, last second", line: []step{root, ca("ca"), end("leaf").with(to(moment))}, peer: unasked + "its own end is excluded"},
		{name: "4.1.2.5 both ends included, first second", line: []step{root, ca("ca"), end("leaf").with(from(moment))}},
		{name: "4.1.2.5.1 UTCTime of 1950 is before 2000", line: []step{root, ca("ca"), end("leaf").with(validity(asn.UTCTime(day(1950, 1, 1)), asn.UTCTime(day(2049, 12, 31))))}},
		{name: "4.1.2.5.1 UTCTime ended before 2000", line: []step{root, ca("ca"), end("leaf").with(validity(asn.UTCTime(day(1950, 1, 1)), asn.UTCTime(day(1999, 1, 1))))}, want: chain.CodeExpired},
		{name: "4.1.2.5.2 GeneralizedTime from 2050", line: []step{root, ca("ca"), end("leaf").with(validity(asn.UTCTime(day(2020, 1, 1)), asn.GeneralizedTime(day(2050, 1, 1))))}},
		{name: "4.1.2.5.2 GeneralizedTime to come", line: []step{root, ca("ca"), end("leaf").with(validity(asn.GeneralizedTime(day(2050, 1, 1)), asn.GeneralizedTime(day(2060, 1, 1))))}, want: chain.CodeNotYetValid},
		{name: "4.1.2.5 no end", line: []step{root, ca("ca"), end("leaf").with(validity(asn.UTCTime(day(2020, 1, 1)), asn.GeneralizedTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))))}},
		{name: "anchor ended", line: []step{root.with(to(past)), ca("ca"), end("leaf")}, want: chain.CodeExpired},
		{name: "6.1.1 (d) anchor ended, left to the caller", line: []step{root.with(to(past)), ca("ca"), end("leaf")}, o: chain.Options{AnchorTimeElsewhere: true}, peer: unasked + "an option of our own"},
	})
}

// TestMomentBetweenSeconds counts whole seconds: a certificate holds until its last one is over.
func TestMomentBetweenSeconds(t *testing.T) {
	list := parsed(t, line(root, end("leaf").with(to(moment)))...)
	for _, r := range []struct {
		at   time.Time
		want string
	}{{moment.Add(999 * time.Millisecond), ""}, {moment.Add(time.Second), chain.CodeExpired}} {
		_, err := chain.Build(list[1], nil, list[:1], r.at, chain.Options{})
		if got := code(t, err); got != r.want {
			t.Errorf("%v: code %q", r.at, got)
		}
	}
	list = parsed(t, line(root, end("leaf").with(from(moment)))...)
	_, err := chain.Build(list[1], nil, list[:1], moment.Add(-time.Millisecond), chain.Options{})
	if got := code(t, err); got != chain.CodeNotYetValid {
		t.Errorf("a millisecond early: code %q", got)
	}
}

// TestNames is section 6.1.3 (a) (4) with the comparison of section 7.1.
func TestNames(t *testing.T) {
	org := func(tag byte, o, cn string) mint.Name {
		return mint.NameOf(mint.RDN(mint.Attr("C", 0, "RU")), mint.RDN(mint.Attr("O", tag, o)), mint.RDN(mint.Attr("CN", tag, cn)))
	}
	usual := org(asn.TagPrintable, "Test Authority", "CA 1")
	under := func(as mint.Name) []step { return []step{root, ca("").named(usual), end("leaf").signedAs(as)} }
	run(t, []rule{
		{name: "6.1.3 (a) (4) another name", line: under(mint.CN("other")), want: chain.CodeNoAnchor},
		{name: "6.1.3 (a) (4) another order", line: under(mint.NameOf(mint.RDN(mint.Attr("C", 0, "RU")), mint.RDN(mint.Attr("CN", asn.TagPrintable, "CA 1")),
			mint.RDN(mint.Attr("O", asn.TagPrintable, "Test Authority")))), want: chain.CodeNoAnchor},
		{name: "6.1.3 (a) (4) one RDN less", line: under(mint.DN("C=RU", "O=Test Authority")), want: chain.CodeNoAnchor},
		{name: "7.1 spaces inside", line: under(org(asn.TagPrintable, "Test   Authority", "CA 1"))},
		{name: "7.1 spaces around", line: under(org(asn.TagPrintable, "  Test Authority ", "CA 1"))},
		{name: "7.1 letter case", line: under(org(asn.TagPrintable, "TEST authority", "ca 1"))},
		{name: "7.1 UTF8String against PrintableString", line: under(org(asn.TagUTF8, "Test Authority", "CA 1"))},
		{name: "7.1 UTF8String in another case", line: under(org(asn.TagUTF8, "test AUTHORITY", "ca 1"))},
		{name: "7.1 a space that is missing", line: under(org(asn.TagPrintable, "TestAuthority", "CA 1")), want: chain.CodeNoAnchor},
		{name: "7.1 Cyrillic letter case", line: []step{root, ca("").named(mint.DN("O=Минцифры  России")), end("leaf").signedAs(mint.DN("O=МИНЦИФРЫ РОССИИ"))},
			peer: strict + "it folds ASCII alone"},
		{name: "4.1.2.8 unique identifiers", line: []step{root, ca("ca").with(func(c *mint.Certificate) { c.UniqueIDs = asn.Context(2, []byte{0, 1, 2}) }), end("leaf")}},
		{name: "4.1.2.4 domain components", line: []step{root, ca("").named(mint.DN("DC=ru", "DC=example")), end("leaf")}},
	})
}

// TestBasicConstraints is section 6.1.4 (k) to (m).
func TestBasicConstraints(t *testing.T) {
	bc, zero := mint.BasicConstraints, mint.BasicConstraints(true, 0)
	run(t, []rule{
		{name: "6.1.4 (k) absent", line: []step{root, ca("ca", gone(mint.OIDBasicConstraints)), end("leaf")}, want: chain.CodeCA},
		{name: "6.1.4 (k) cA false", line: []step{root, ca("ca", bc(false, -1), gone(oidKeyUsage)), end("leaf")}, want: chain.CodeCA},
		{name: "6.1.4 (k) cA false, not critical", line: []step{root, ca("ca", bc(false, -1).NonCrit(), gone(oidKeyUsage)), end("leaf")}, want: chain.CodeCA},
		{name: "4.2.1.9 not critical", line: []step{root, ca("ca", bc(true, -1).NonCrit()), end("leaf")}},
		{name: "6.1.4 (k) version 1 in between", line: []step{root, ca("ca").with(version(1)), end("leaf")}, want: chain.CodeCA},
		{name: "6.1.4 (k) version 2 in between", line: []step{root, ca("ca").with(version(2)), end("leaf")}, want: chain.CodeCA},
		{name: "6.1.1 (d) version 1 as anchor", line: []step{root.with(version(1)), ca("ca"), end("leaf")}},
		{name: "version 3 as anchor without basic constraints", line: []step{ca("root", gone(mint.OIDBasicConstraints)), end("leaf")}, want: chain.CodeCA,
			peer: unasked + "it goes by keyUsage then"},
		{name: "6.1.1 (d) version 3 as anchor that says nothing", line: []step{ca("root", gone(mint.OIDBasicConstraints), gone(oidKeyUsage)), end("leaf")},
			peer: unasked + "it takes such roots of version 1 alone"},
		{name: "anchor that is no authority", line: []step{ca("root", bc(false, -1), gone(oidKeyUsage)), end("leaf")}, want: chain.CodeCA},
		{name: "the same in between", line: []step{root, ca("ca", gone(mint.OIDBasicConstraints), gone(oidKeyUsage)), end("leaf")}, want: chain.CodeCA},
		{name: "version 1 as holder", line: []step{root, ca("ca"), end("leaf").with(version(1))}},
		{name: "6.1.4 (l) path length 0, holder", line: []step{root, ca("ca", zero), end("leaf")}},
		{name: "6.1.4 (l) path length 0, authority as the last", line: []step{root, ca("ca", zero), ca("last")}},
		{name: "6.1.4 (l) path length 0 passed by", line: []step{root, ca("ca", zero), ca("sub"), end("leaf")}, want: chain.CodePathLen},
		{name: "6.1.4 (l) path length 0 passed by, authority last", line: []step{root, ca("ca", zero), ca("sub"), ca("last")}, want: chain.CodePathLen},
		{name: "6.1.4 (m) the smaller one above counts", line: []step{root, ca("ca", bc(true, 1)), ca("sub", bc(true, 4)), ca("subsub"), end("leaf")}, want: chain.CodePathLen},
		{name: "6.1.4 (m) the smaller one below counts", line: []step{root, ca("ca", bc(true, 6)), ca("sub", zero), ca("subsub"), end("leaf")}, want: chain.CodePathLen},
		{name: "6.1.4 (m) may grow downwards", line: []step{root, ca("ca", bc(true, 1)), ca("sub", bc(true, 2)), end("leaf")}},
		{name: "6.1.4 (m) 6, 4, 1, one too many", line: []step{root, ca("a", bc(true, 6)), ca("b", bc(true, 4)), ca("c", bc(true, 1)), ca("d"), ca("e"), end("leaf")}, want: chain.CodePathLen},
		{name: "6.1.4 (m) 6, 4, 1, just enough", line: []step{root, ca("a", bc(true, 6)), ca("b", bc(true, 4)), ca("c", bc(true, 1)), ca("d"), ca("last")}},
		{name: "4.2.1.9 of the anchor", line: []step{ca("root", zero), ca("ca"), end("leaf")}, want: chain.CodePathLen},
		{name: "4.2.1.9 of the last is not asked", line: []step{root, ca("ca", zero), ca("last", zero)}},
	})
}

// TestKeyUsage is section 6.1.4 (n).
func TestKeyUsage(t *testing.T) {
	ku := mint.KeyUsage
	run(t, []rule{
		{name: "6.1.4 (n) without keyCertSign", line: []step{root, ca("ca", ku(mint.CRLSign)), end("leaf")}, want: chain.CodeKeyUsage},
		{name: "6.1.4 (n) without keyCertSign, not critical", line: []step{root, ca("ca", ku(mint.CRLSign).NonCrit()), end("leaf")}, want: chain.CodeKeyUsage},
		{name: "6.1.4 (n) with keyCertSign, not critical", line: []step{root, ca("ca", ku(mint.KeyCertSign).NonCrit()), end("leaf")}},
		{name: "6.1.4 (n) absent", line: []step{root, ca("ca", gone(oidKeyUsage)), end("leaf")}},
		{name: "anchor without keyCertSign", line: []step{ca("root", ku(mint.CRLSign)), end("leaf")}, want: chain.CodeKeyUsage},
		{name: "holder without key usage", line: []step{root, end("leaf", gone(oidKeyUsage))}},
	})
}

// TestSelfIssued is what section 6.1 makes of certificates whose issuer is their subject.
func TestSelfIssuedLines(t *testing.T) {
	zero, one := mint.BasicConstraints(true, 0), mint.BasicConstraints(true, 1)
	run(t, []rule{
		{name: "6.1.4 (l) self-issued is not counted", line: []step{root, ca("ca", zero), ca("ca"), end("leaf")}},
		{name: "6.1.4 (l) what comes after it is", line: []step{root, ca("ca", zero), ca("ca"), ca("sub"), end("leaf")}, want: chain.CodePathLen},
		{name: "6.1.4 (l) two of them and one authority", line: []step{root, ca("ca", one), ca("ca"), ca("sub"), ca("sub"), end("leaf")}},
		{name: "6.1.4 (l) self-issued and last", line: []step{root, ca("ca", zero), ca("ca")}},
		{name: "6.1 spelt in another way", line: []step{root, ca("ca", zero), ca("CA"), end("leaf")}},
	})
}

// TestCriticalExtensions is section 6.1.4 (o) and 6.1.5 (f).
func TestCriticalExtensions(t *testing.T) {
	run(t, []rule{
		{name: "6.1.5 (f) unknown, critical, holder", line: []step{root, ca("ca"), end("leaf", private)}, want: chain.CodeCriticalExtension},
		{name: "6.1.4 (o) unknown, critical, authority", line: []step{root, ca("ca", private), end("leaf")}, want: chain.CodeCriticalExtension},
		{name: "unknown, critical, anchor", line: []step{ca("root", private), end("leaf")}, want: chain.CodeCriticalExtension},
		{name: "4.2 unknown, not critical", line: []step{root, ca("ca", private.NonCrit()), end("leaf", private.NonCrit())}},
		{name: "4.2.1.6 known and critical", line: []step{root, end("leaf", mint.SAN(mint.DNS("example.org")).Crit())}},
		{name: "4.2.1.4 policies critical", line: []step{root, end("leaf", mint.Policies("1.2.3").Crit())}},
		{name: "4.2.1.12 purposes critical", line: []step{root, end("leaf", mint.EKU(mint.EmailProtection).Crit())}},
		{name: "4.2.1.13 distribution points critical", line: []step{root, end("leaf", mint.CRLAt("http://example.org/a.crl").Crit())}},
	})
}
