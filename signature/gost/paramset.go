// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"encoding/asn1"
	"math/big"
	"sync"
)

// ParamSet is one set of GOST R 34.10 domain parameters: a curve, its generator and the order of the group. It is immutable, but for tables
// of the generator that are made at first use.
type ParamSet struct {
	name  string
	oid   asn1.ObjectIdentifier
	curve *curve
}

// Name is the customary name of the set, for example "CryptoPro-A" or "tc26-512-C".
func (ps *ParamSet) Name() string { return ps.name }

// Bits is the length of a coordinate and of the digest that is signed: 256 or 512.
func (ps *ParamSet) Bits() int { return ps.curve.size * 8 }

// OID is the identifier of the set in SubjectPublicKeyInfo (RFC 9215 section 4, RFC 4491 section 2.3.2).
func (ps *ParamSet) OID() asn1.ObjectIdentifier { return append(asn1.ObjectIdentifier(nil), ps.oid...) }

// String is the name.
func (ps *ParamSet) String() string { return ps.name }

// ByOID finds a set of production by its identifier. The sets for examples and tests (1.2.643.2.2.35.0, 1.2.643.7.1.2.1.2.0) are not found.
func ByOID(oid asn1.ObjectIdentifier) (*ParamSet, bool) {
	for _, ps := range sets {
		if ps.oid.Equal(oid) {
			return ps, true
		}
	}
	return nil, false
}

// Sets gives every set of production, the 256-bit sets first.
func Sets() []*ParamSet { return append([]*ParamSet(nil), sets...) }

// curve is what several sets share.
type curve struct {
	domain
	size       int // octets in a coordinate and in a half of a signature
	order      order
	arithmetic arithmetic
	secret     func() *group // made at first use
}

// domain has the numbers of a curve: y² = x³ + ax + b modulo p with the generator (x, y) of order q.
type domain struct {
	p, a, b, q, x, y words
	edwards          words // the coefficient d of the Edwards form, zero where there is none
}

// point and table are what an arithmetic makes of a key.
type (
	point any
	table any
)

// arithmetic is the work on points of one curve.
type arithmetic interface {
	prime() words // of the field that was generated, which must be the p of the domain
	point(x, y words) (point, error)
	check(z1, z2 words, q point, r words) bool
	table(q point) table
	checkTable(z1, z2 words, t table, r words) bool
}

// numbers is a curve as the standards print it.
type numbers struct{ p, a, b, q, x, y, d string }

func (n numbers) curve(size int, arithmetic func(domain) arithmetic) *curve {
	d := domain{p: number(n.p), a: number(n.a), b: number(n.b), q: number(n.q), x: number(n.x), y: number(n.y)}
	if n.d != "" {
		d.edwards = number(n.d)
	}
	q, _ := new(big.Int).SetString(n.q, 16)
	c := &curve{domain: d, size: size, order: newOrder(q, size/8), arithmetic: arithmetic(d)}
	c.secret = sync.OnceValue(func() *group { return newGroup(c) })
	return c
}

func (c *curve) named(name string, oid ...int) *ParamSet {
	return &ParamSet{name: name, oid: oid, curve: c}
}

// number reads a hexadecimal constant of this package.
func number(s string) words {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("gost: malformed constant " + s)
	}
	return constant(n)
}

// sets is the table of production: RFC 4357 section 11.4, RFC 7836 appendix A, RFC 9215 section 4. Three identifiers of TC 26
// and two key exchange sets name curves of CryptoPro.
var sets = []*ParamSet{
	cryptoProA.named("CryptoPro-A", 1, 2, 643, 2, 2, 35, 1),
	cryptoProB.named("CryptoPro-B", 1, 2, 643, 2, 2, 35, 2),
	cryptoProC.named("CryptoPro-C", 1, 2, 643, 2, 2, 35, 3),
	cryptoProA.named("CryptoPro-XchA", 1, 2, 643, 2, 2, 36, 0),
	cryptoProC.named("CryptoPro-XchB", 1, 2, 643, 2, 2, 36, 1),
	tc26256A.named("tc26-256-A", 1, 2, 643, 7, 1, 2, 1, 1, 1),
	cryptoProA.named("tc26-256-B", 1, 2, 643, 7, 1, 2, 1, 1, 2),
	cryptoProB.named("tc26-256-C", 1, 2, 643, 7, 1, 2, 1, 1, 3),
	cryptoProC.named("tc26-256-D", 1, 2, 643, 7, 1, 2, 1, 1, 4),
	tc26512A.named("tc26-512-A", 1, 2, 643, 7, 1, 2, 1, 2, 1),
	tc26512B.named("tc26-512-B", 1, 2, 643, 7, 1, 2, 1, 2, 2),
	tc26512C.named("tc26-512-C", 1, 2, 643, 7, 1, 2, 1, 2, 3),
}

// RFC 4357 section 11.4, id-GostR3410-2001-CryptoPro-A-ParamSet.
var cryptoProA = numbers{
	p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97",
	a: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD94",
	b: "A6",
	q: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893",
	x: "1",
	y: "8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14",
}.curve(32, newCurveA)

// RFC 4357 section 11.4, id-GostR3410-2001-CryptoPro-B-ParamSet.
var cryptoProB = numbers{
	p: "8000000000000000000000000000000000000000000000000000000000000C99",
	a: "8000000000000000000000000000000000000000000000000000000000000C96",
	b: "3E1AF419A269A5F866A7D3C25C3DF80AE979259373FF2B182F49D4CE7E1BBC8B",
	q: "800000000000000000000000000000015F700CFFF1A624E5E497161BCC8A198F",
	x: "1",
	y: "3FA8124359F96680B83D1C3EB2C070E5C545C9858D03ECFB744BF8D717717EFC",
}.curve(32, newCurveB)

// RFC 4357 section 11.4, id-GostR3410-2001-CryptoPro-C-ParamSet.
var cryptoProC = numbers{
	p: "9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D759B",
	a: "9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D7598",
	b: "805A",
	q: "9B9F605F5A858107AB1EC85E6B41C8AA582CA3511EDDFB74F02F3A6598980BB9",
	x: "0",
	y: "41ECE55743711A8C3CBF3783CD08C0EE4D4DC440D4641A8F366E550DFDB3BB67",
}.curve(32, newCurveC)

// RFC 7836 appendix A.2, id-tc26-gost-3410-2012-256-paramSetA.
var tc26256A = numbers{
	p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97",
	a: "C2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335",
	b: "295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513",
	q: "400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67",
	x: "91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28",
	y: "32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C",
	d: "0605F6B7C183FA81578BC39CFAD518132B9DF62897009AF7E522C32D6DC7BFFB",
}.curve(32, newCurve256A)

// RFC 7836 appendix A.1, id-tc26-gost-3410-12-512-paramSetA.
var tc26512A = numbers{
	p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7",
	a: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4",
	b: "E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760",
	q: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275",
	x: "3",
	y: "7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4",
}.curve(64, newCurve512A)

// RFC 7836 appendix A.1, id-tc26-gost-3410-12-512-paramSetB.
var tc26512B = numbers{
	p: "8000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006F",
	a: "8000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006C",
	b: "687D1B459DC841457E3E06CF6F5E2517B97C7D614AF138BCBF85DC806C4B289F3E965D2DB1416D217F8B276FAD1AB69C50F78BEE1FA3106EFB8CCBC7C5140116",
	q: "800000000000000000000000000000000000000000000000000000000000000149A1EC142565A545ACFDB77BD9D40CFA8B996712101BEA0EC6346C54374F25BD",
	x: "2",
	y: "1A8F7EDA389B094C2C071E3647A8940F3C123B697578C213BE6DD9E6C8EC7335DCB228FD1EDF4A39152CBCAAF8C0398828041055F94CEEEC7E21340780FE41BD",
}.curve(64, newCurve512B)

// RFC 7836 appendix A.2, id-tc26-gost-3410-2012-512-paramSetC.
var tc26512C = numbers{
	p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7",
	a: "DC9203E514A721875485A529D2C722FB187BC8980EB866644DE41C68E143064546E861C0E2C9EDD92ADE71F46FCF50FF2AD97F951FDA9F2A2EB6546F39689BD3",
	b: "B4C4EE28CEBC6C2C8AC12952CF37F16AC7EFB6A9F69F4B57FFDA2E4F0DE5ADE038CBC2FFF719D2C18DE0284B8BFEF3B52B8CC7A5F5BF0A3C8D2319A5312557E1",
	q: "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC98CDBA46506AB004C33A9FF5147502CC8EDA9E7A769A12694623CEF47F023ED",
	x: "E2E31EDFC23DE7BDEBE241CE593EF5DE2295B7A9CBAEF021D385F7074CEA043AA27272A7AE602BF2A7B9033DB9ED3610C6FB85487EAE97AAC5BC7928C1950148",
	y: "F5CE40D95B5EB899ABBCCFF5911CB8577939804D6527378B8C108C3D2090FF9BE18E2D33E3021ED2EF32D85822423B6304F726AA854BAE07D0396E9A9ADDC40F",
	d: "9E4F5D8C017D8D9F13A5CF3CDF5BFE4DAB402D54198E31EBDE28A0621050439CA6B39E0A515C06B304E2CE43E79E369E91A0CFC2BC2A22B4CA302DBB33EE7550",
}.curve(64, newCurve512C)
