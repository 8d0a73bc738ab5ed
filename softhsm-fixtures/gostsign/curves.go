// SPDX-License-Identifier: Apache-2.0

package gostsign

import (
	"fmt"
	"math/big"
	"strings"

	"zaver/signature/gost"
)

// Curve is a set of domain parameters in short Weierstrass form, y² = x³ + ax + b over p, with a generator (X, Y) of prime order Q.
// Nobody changes the numbers that it points to.
type Curve struct {
	Name       string
	Size       int // octets in a coordinate
	P, A, B, Q *big.Int
	X, Y       *big.Int
	Cofactor   int
}

// ForSet gives the curve of a set of production, by its name.
func ForSet(ps *gost.ParamSet) (*Curve, error) {
	if c, ok := byName[ps.Name()]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("gostsign: no curve for %s", ps.Name())
}

// The curves of the examples in RFC 7091 section 7, of 256 and of 512 bits. Production refuses them.
var (
	Example256 = weierstrass("RFC 7091 section 7.1", 32, "2^255+0x431", "7",
		"0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E",
		"2^255+0x150FE8A1892976154C59CFC193ACCF5B3",
		"2", "0x8E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8")
	Example512 = weierstrass("RFC 7091 section 7.2", 64,
		"0x4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DF1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373",
		"7",
		"0x1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC4361834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC",
		"0x4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DA82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF",
		"0x24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A",
		"0x2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E")
)

// These tables are written apart from those of signature/gost, in the other form where the standards have two: primes and orders by
// their distance from a power of two, curves with an Edwards form by its coefficients. A slip in one shows in the other.
var (
	cryptoProA = weierstrass("CryptoPro-A", 32, "2^256-617", "-3", "166",
		"2^256-0x939EEF8F66A52EFFBA7BE4F6489E476D", "1",
		"0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14")
	cryptoProB = weierstrass("CryptoPro-B", 32, "2^255+3225", "-3",
		"0x3E1AF419A269A5F866A7D3C25C3DF80AE979259373FF2B182F49D4CE7E1BBC8B",
		"2^255+0x15F700CFFF1A624E5E497161BCC8A198F", "1",
		"0x3FA8124359F96680B83D1C3EB2C070E5C545C9858D03ECFB744BF8D717717EFC")
	cryptoProC = weierstrass("CryptoPro-C", 32,
		"0x9B9F605F5A858107AB1EC85E6B41C8AACF846E86789051D37998F7B9022D759B", "-3", "32858",
		"0x9B9F605F5A858107AB1EC85E6B41C8AA582CA3511EDDFB74F02F3A6598980BB9", "0",
		"0x41ECE55743711A8C3CBF3783CD08C0EE4D4DC440D4641A8F366E550DFDB3BB67")
	tc26256A = edwards("tc26-256-A", 32, "2^256-617",
		"0x0605F6B7C183FA81578BC39CFAD518132B9DF62897009AF7E522C32D6DC7BFFB",
		"2^254+0xFD8CDDFC87B6635C115AF556C360C67", "13",
		"0x60CA1E32AA475B348488C38FAB07649CE7EF8DBE87F22E81F92B2592DBA300E7")
	tc26512A = weierstrass("tc26-512-A", 64, "2^512-569", "-3",
		"0xE8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760",
		"2^512-0xD8196ACD0B7276EE900DD472B1FA9F9F64B4C754052D47A235324EBEE0EF4D8B", "3",
		"0x7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4")
	tc26512B = weierstrass("tc26-512-B", 64, "2^511+111", "-3",
		"0x687D1B459DC841457E3E06CF6F5E2517B97C7D614AF138BCBF85DC806C4B289F3E965D2DB1416D217F8B276FAD1AB69C50F78BEE1FA3106EFB8CCBC7C5140116",
		"2^511+0x149A1EC142565A545ACFDB77BD9D40CFA8B996712101BEA0EC6346C54374F25BD", "2",
		"0x1A8F7EDA389B094C2C071E3647A8940F3C123B697578C213BE6DD9E6C8EC7335DCB228FD1EDF4A39152CBCAAF8C0398828041055F94CEEEC7E21340780FE41BD")
	tc26512C = edwards("tc26-512-C", 64, "2^512-569",
		"0x9E4F5D8C017D8D9F13A5CF3CDF5BFE4DAB402D54198E31EBDE28A0621050439CA6B39E0A515C06B304E2CE43E79E369E91A0CFC2BC2A22B4CA302DBB33EE7550",
		"2^510-0x3673245B9AF954FFB3CC5600AEB8AFD33712561858965ED96B9DC310B80FDC13", "18",
		"0x469AF79D1FB1F5E16B99592B77A01E2A0FDFB0D01794368D9A56117F7B38669522DD4B650CF789EEBF068C5D139732F0905622C04B2BAAE7600303EE73001A3D")
)

var byName = map[string]*Curve{
	"CryptoPro-A": cryptoProA, "CryptoPro-B": cryptoProB, "CryptoPro-C": cryptoProC, "CryptoPro-XchA": cryptoProA, "CryptoPro-XchB": cryptoProC,
	"tc26-256-A": tc26256A, "tc26-256-B": cryptoProA, "tc26-256-C": cryptoProB, "tc26-256-D": cryptoProC,
	"tc26-512-A": tc26512A, "tc26-512-B": tc26512B, "tc26-512-C": tc26512C,
}

func weierstrass(name string, size int, p, a, b, q, x, y string) *Curve {
	c := &Curve{Name: name, Size: size, P: value(p), A: value(a), B: value(b), Q: value(q), X: value(x), Y: value(y), Cofactor: 1}
	c.A.Mod(c.A, c.P)
	return c
}

// edwards makes the Weierstrass form of u² + v² = 1 + du²v² and of its point (u, v), by RFC 7836 section 5.2.
func edwards(name string, size int, p, d, q, u, v string) *Curve {
	c := &Curve{Name: name, Size: size, P: value(p), Q: value(q), Cofactor: 4}
	one, dd, uu, vv := big.NewInt(1), value(d), value(u), value(v)
	s := c.div(sub(one, dd), big.NewInt(4))
	t := c.div(add(one, dd), big.NewInt(6))
	c.A = c.mod(sub(c.mul(s, s), c.mul(big.NewInt(3), c.mul(t, t))))
	c.B = c.mod(sub(c.mul(add(t, t), c.mul(t, t)), c.mul(t, c.mul(s, s))))
	w := c.mul(s, c.div(add(one, vv), sub(one, vv)))
	c.X, c.Y = c.mod(add(w, t)), c.div(w, uu)
	return c
}

// value reads a constant of this package: a number, or a power of two with a distance from it.
func value(s string) *big.Int {
	base := new(big.Int)
	if rest, ok := strings.CutPrefix(s, "2^"); ok {
		var exponent uint
		if _, err := fmt.Sscanf(rest, "%d", &exponent); err != nil {
			panic("gostsign: malformed constant " + s)
		}
		base.Lsh(big.NewInt(1), exponent)
		s = strings.TrimLeft(rest, "0123456789")
		s = strings.TrimPrefix(s, "+")
	}
	n, ok := new(big.Int).SetString(s, 0)
	if !ok {
		panic("gostsign: malformed constant " + s)
	}
	return n.Add(n, base)
}

func add(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
func sub(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }

func (c *Curve) mod(a *big.Int) *big.Int    { return new(big.Int).Mod(a, c.P) }
func (c *Curve) mul(a, b *big.Int) *big.Int { return c.mod(new(big.Int).Mul(a, b)) }
func (c *Curve) div(a, b *big.Int) *big.Int { return c.mul(a, new(big.Int).ModInverse(c.mod(b), c.P)) }
