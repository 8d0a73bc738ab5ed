// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// TestListForm is the syntax of RFC 5280 sections 5.1 to 5.3: what is a CRL, what none, and what nobody
// may draw conclusions from. Each case is right but for what its name says.
func TestListForm(t *testing.T) {
	s := newScene(mint.P256)
	raw := func(oid string, critical bool, value ...byte) mint.Extension { return mint.Raw(oid, critical, value) }
	with := func(x ...mint.Extension) func(*mint.CRL) {
		return func(l *mint.CRL) { l.Extensions = append(l.Extensions, x...) }
	}
	entry := func(x ...mint.Extension) func(*mint.CRL) {
		return func(l *mint.CRL) { l.Entries = []mint.Entry{mint.Revoked(number(7), moment, x...)} }
	}
	edit := func(old, with string) func(*mint.CRL) {
		return func(l *mint.CRL) { l.EditTBS = mint.Replace([]byte(old), []byte(with)) }
	}
	const (
		malformed = revocation.CodeMalformed
		critical  = revocation.CodeCriticalExtension
	)
	for _, tt := range []struct {
		name   string
		change func(*mint.CRL)
		code   string // "" for good
	}{
		{"as it should be", func(*mint.CRL) {}, ""},
		{"5.2.1: authority key identifier with all its parts", func(l *mint.CRL) { l.Extensions = []mint.Extension{mint.AKIFull(), mint.CRLNumber(1)} }, ""},
		{"5.2.1: authority key identifier of another form", func(l *mint.CRL) { l.Extensions = []mint.Extension{raw("2.5.29.35", false, 0x30, 2, 4, 0)} }, malformed},
		{"5.2.2: issuer alternative name and addresses of the issuer", with(mint.IAN(mint.URI("http://example.org")), mint.AIA(nil, []string{"http://example.org/ca"})), ""},
		{"5.1.2.1: version 1, without extensions", func(l *mint.CRL) { l.Version, l.Extensions = 1, []mint.Extension{} }, ""},
		{"5.1.2.1: version 1 with extensions", func(l *mint.CRL) { l.Version = 1 }, malformed},
		{"5.1.2.1: version 1 with entry extensions", func(l *mint.CRL) {
			l.Version, l.Extensions = 1, []mint.Extension{}
			entry(mint.ReasonCode(1))(l)
		}, malformed},
		{"5.1.2.1: version 3", func(l *mint.CRL) { l.Version = 3 }, malformed},
		{"5.1.1.2: the two algorithms differ", func(l *mint.CRL) { l.Inner = mint.NewKey(mint.P384).Algorithm }, malformed},
		{"5.1.2.3: empty issuer", func(l *mint.CRL) { l.Issuer = mint.Name{0x30, 0} }, malformed},
		{"5.1.2.5: 4.4.12: no nextUpdate", func(l *mint.CRL) { l.NoNextUpdate = true }, revocation.CodeNoNextUpdate},
		{"5.1.2.5: 4.4.13: nextUpdate as GeneralizedTime", func(l *mint.CRL) { l.NextUpdate = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC) }, ""},
		{"4.4.11: nextUpdate long ago", func(l *mint.CRL) {
			l.ThisUpdate, l.NextUpdate = moment.AddDate(-10, 0, 0), moment.AddDate(-10, 0, 1)
		}, revocation.CodeStale},
		{"nextUpdate before thisUpdate", func(l *mint.CRL) { l.NextUpdate = l.ThisUpdate.Add(-time.Second) }, malformed},
		{"5.1.2.4: time with a fraction", edit("\x17\x0d261122110000Z", "\x17\x0d2611221100.0Z"), malformed},
		{"5.1.2.4: time with a zone", edit("\x17\x0d261122110000Z", "\x17\x0d26112211+0000"), malformed},
		{"5.1.2.4: second 60", edit("\x17\x0d261122110000Z", "\x17\x0d261122110060Z"), malformed},
		{"5.1.2.4: month 13", edit("\x17\x0d261122110000Z", "\x17\x0d261322110000Z"), malformed},
		{"5.1.2.4: 4.4.13 the other way: GeneralizedTime before 2050, tolerated", func(l *mint.CRL) {
			l.EditTBS = func(b []byte) []byte {
				short, long := []byte("\x17\x0d261123120000Z"), []byte("\x18\x0f20261123120000Z")
				i := bytes.Index(b, short)
				head := len(b) - asnContent(b)
				return asn.Seq(b[head:i], long, b[i+len(short):])
			}
		}, ""},
		{"empty list of entries, tolerated", func(l *mint.CRL) { l.EmptyEntries = true }, ""},
		{"5.2: unknown extension", with(raw("1.2.3.4", false, 5, 0)), ""},
		{"4.4.9: unknown critical extension", with(raw("1.2.3.4", true, 5, 0)), critical},
		{"extension twice", with(mint.CRLNumber(2)), malformed},
		{"unknown extension twice", with(raw("1.2.3.4", false, 5, 0), raw("1.2.3.4", false, 5, 0)), malformed},
		{"critical FALSE written out", with(mint.Extension{OID: "1.2.3.4", RawCritical: []byte{1, 1, 0}, Value: []byte{5, 0}}), malformed},
		{"critical TRUE as 01", with(mint.Extension{OID: "1.2.3.4", RawCritical: []byte{1, 1, 1}, Value: []byte{5, 0}}), malformed},
		{"5.2.3: negative number", func(l *mint.CRL) { l.Extensions = []mint.Extension{mint.CRLNumber(-1)} }, malformed},
		{"5.2.3: number of 20 octets", func(l *mint.CRL) {
			l.Extensions = []mint.Extension{mint.BigCRLNumber(new(big.Int).Lsh(big.NewInt(1), 159))}
		}, ""},
		{"5.2.3: number of 21 octets", func(l *mint.CRL) {
			l.Extensions = []mint.Extension{mint.BigCRLNumber(new(big.Int).Lsh(big.NewInt(1), 168))}
		}, malformed},
		{"number in a long form", func(l *mint.CRL) { l.Extensions = []mint.Extension{raw("2.5.29.20", false, 2, 2, 0, 1)} }, malformed},
		{"issuing distribution point with FALSE", with(raw("2.5.29.28", true, 0x30, 3, 0x81, 1, 0)), malformed},
		{"issuing distribution point with bytes behind", with(raw("2.5.29.28", true, 0x30, 3, 0x81, 1, 0xff, 0)), malformed},
		{"reasons of another form", with(raw("2.5.29.28", true, 0x30, 2, 0x83, 0)), malformed},
		{"freshest CRL of another form", with(raw("2.5.29.46", false, 0x30, 0)), malformed},
		{"5.3: entry with reason and invalidity date", entry(mint.ReasonCode(1), mint.InvalidityDate(moment)), ""},
		{"5.3: unknown entry extension", entry(raw("1.2.3.4", false, 5, 0)), ""},
		{"4.4.8: unknown critical entry extension", entry(raw("1.2.3.4", true, 5, 0)), critical},
		{"hold instruction marked critical", entry(raw("2.5.29.23", true, 6, 1, 42)), critical},
		{"entry extension twice", entry(mint.ReasonCode(1), mint.ReasonCode(2)), malformed},
		{"reason that is no ENUMERATED", entry(raw("2.5.29.21", false, 2, 1, 1)), malformed},
		{"invalidity date as UTCTime", entry(raw("2.5.29.24", false, append([]byte{0x17, 13}, "261122110000Z"...)...)), malformed},
		{"bytes behind the end", func(l *mint.CRL) { l.Edit = func(b []byte) []byte { return append(b, 0) } }, malformed},
		{"cut off", func(l *mint.CRL) { l.Edit = func(b []byte) []byte { return b[:len(b)-1] } }, malformed},
		{"indefinite length", func(l *mint.CRL) {
			l.Edit = func(b []byte) []byte {
				return append(append([]byte{0x30, 0x80}, b[4:]...), 0, 0)
			}
		}, malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := list(nil)
			tt.change(&l)
			r := kept(t, s.question(t), l.Sign(s.ca))
			if tt.code == "" {
				expect(t, r, good, "")
			} else {
				expect(t, r, unknown, tt.code)
			}
		})
	}
}

// TestSerials finds serial numbers of every shape (PKITS 4.4.14 to 18: negative and long ones).
func TestSerials(t *testing.T) {
	s := newScene(mint.P256)
	long := new(big.Int).Lsh(big.NewInt(0x7f), 152)
	all := []*big.Int{
		big.NewInt(0), big.NewInt(1), big.NewInt(-1), big.NewInt(127), big.NewInt(128), big.NewInt(-128), big.NewInt(-129),
		big.NewInt(255), big.NewInt(256), big.NewInt(1<<63 - 1), new(big.Int).SetUint64(1 << 63), big.NewInt(-1 << 63),
		long, new(big.Int).Add(long, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 159),
	}
	for i, serial := range all {
		c := mint.Certificate{Subject: mint.CN("leaf"), Key: mint.NewKey(mint.P256), Serial: serial, RawSerial: asn.BigInt(serial)[2:]}.Sign(s.ca)
		var others []mint.Entry
		for j, n := range all {
			if i != j {
				others = append(others, mint.Revoked(n, moment.Add(-hour)))
			}
		}
		s.leaf = c
		q := s.question(t)
		expect(t, kept(t, q, list(others).Sign(s.ca)), good, "")
		all := append(copied(others), mint.Revoked(serial, moment.Add(-hour)))
		expect(t, kept(t, q, list(all).Sign(s.ca)), revoked, "")
	}
}

// asnContent is the length of the content of an element.
func asnContent(b []byte) int {
	for n := 2; n < 6; n++ {
		if bytes.Equal(asn.Length(len(b)-n), b[1:n]) {
			return len(b) - n
		}
	}
	return 0
}

func copied(e []mint.Entry) []mint.Entry { return append([]mint.Entry(nil), e...) }

// TestRepeatedEntry lets the worst of several entries about one certificate count.
func TestRepeatedEntry(t *testing.T) {
	s := newScene(mint.P256)
	first := since(s.leaf, 2*hour, mint.ReasonCode(6))
	second := since(s.leaf, hour, mint.ReasonCode(1))
	for _, entries := range [][]mint.Entry{append(copied(first), second...), append(copied(second), first...)} {
		r := kept(t, s.question(t), list(entries).Sign(s.ca))
		expect(t, r, revoked, "")
		if r.Reason != 1 || !r.RevokedAt.Equal(moment.Add(-hour)) {
			t.Errorf("reason %d of %v", r.Reason, r.RevokedAt)
		}
	}
}

// TestEveryBit turns every bit of a CRL and of an OCSP answer about a revoked certificate: none makes it
// good.
func TestEveryBit(t *testing.T) {
	s := newScene(mint.P256)
	q := s.question(t)
	entries := append([]mint.Entry{mint.Revoked(number(7), moment)}, since(s.leaf, hour, mint.ReasonCode(1))...)
	crl := list(entries, mint.IDP{OnlyUsers: true}.Extension()).Sign(s.ca)
	ocsp := about(s, mint.StatusRevoked).Sign(s.ca)
	for _, answer := range [][]byte{crl, ocsp} {
		expect(t, kept(t, q, answer), revoked, "")
		for i := range 8 * len(answer) {
			changed := bytes.Clone(answer)
			changed[i/8] ^= 1 << (i % 8)
			if r := kept(t, q, changed); r.Status == good {
				t.Fatalf("bit %d of byte %d makes it good", i%8, i/8)
			}
		}
	}
}
