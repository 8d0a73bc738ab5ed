// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"math/big"
	"reflect"
)

// The curves of the examples in RFC 7091 section 7. Only tests can reach them.
var (
	Example256 = numbers{
		p: "8000000000000000000000000000000000000000000000000000000000000431",
		a: "7",
		b: "5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E",
		q: "8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3",
		x: "2",
		y: "8E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8",
	}.curve(32, newCurveEx1).named("RFC 7091 section 7.1", 1, 2, 643, 2, 2, 35, 0)
	Example512 = numbers{
		p: "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DF1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373",
		a: "7",
		b: "1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC4361834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC",
		q: "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DA82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF",
		x: "24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A",
		y: "2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E",
	}.curve(64, newCurveEx2).named("RFC 7091 section 7.2", 1, 2, 643, 7, 1, 2, 1, 2, 0)
)

// VerifyByTable verifies by a table of the key, which is made at the first call with that key in a row.
func VerifyByTable(k *PublicKey, digest, sig []byte) bool {
	c := k.ps.curve
	z1, z2, r, ok := c.read(digest, sig)
	if last.key != k {
		last.key, last.table = k, c.arithmetic.table(k.point)
	}
	return ok && c.arithmetic.checkTable(z1, z2, last.table, r)
}

var last struct {
	key   *PublicKey
	table table
}

// TableSize is how many octets a table of the key takes.
func TableSize(k *PublicKey) int {
	t := reflect.ValueOf(k.ps.curve.arithmetic.table(k.point))
	return t.Len() * int(t.Type().Elem().Size())
}

// Parameters gives the numbers of a set, and as "prime" the one that its field was generated for.
func Parameters(ps *ParamSet) map[string]*big.Int {
	d := ps.curve.domain
	out := map[string]*big.Int{}
	for name, w := range map[string]words{"p": d.p, "a": d.a, "b": d.b, "q": d.q, "x": d.x, "y": d.y, "prime": ps.curve.arithmetic.prime()} {
		out[name] = w.big()
	}
	return out
}

func (x words) big() *big.Int {
	n := new(big.Int)
	for i := len(x) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(x[i]))
	}
	return n
}

// HasTable says whether the cache has made a table of the key.
func HasTable(c *Cache, k *PublicKey) bool {
	key := cacheKey{curve: k.ps.curve}
	copy(key.raw[:], k.raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.keys[key]
	return ok && e.Value.(*cached).table.Load() != nil
}

// SignWith signs with a given one-time number, little-endian and below the order.
func (k *PrivateKey) SignWith(n, digest []byte) ([]byte, error) {
	number := littleEndian(n)
	return k.signWith(&number, digest)
}

// Multiply gives the coordinates of the k-th multiple of the generator by the arithmetic for secrets; nil for the neutral point.
func Multiply(ps *ParamSet, k []byte) []byte {
	g := ps.curve.secret()
	n := littleEndian(k)
	p := g.multiply(&n, &g.base)
	x, y, neutral := g.affine(&p)
	if neutral != 0 {
		return nil
	}
	return ps.curve.octets(&x, &y)
}

// ReduceWide reads octets of twice the length of a coordinate modulo the order.
func ReduceWide(ps *ParamSet, seed []byte) []byte {
	z := ps.curve.reduceWide(seed)
	return ps.curve.little(&z)
}
