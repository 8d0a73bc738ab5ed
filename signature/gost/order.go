// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"math/big"
	"math/bits"
)

// order is arithmetic modulo the order of the group.
type order struct {
	q       words
	n       int
	inverse uint64 // -1/q modulo 2^64
	square  words  // 2^(128 n) modulo q
}

func newOrder(q *big.Int, n int) order {
	word := new(big.Int).Lsh(big.NewInt(1), 64)
	inverse := new(big.Int).ModInverse(q, word)
	square := new(big.Int).Lsh(big.NewInt(1), uint(128*n))
	return order{q: constant(q), n: n, inverse: inverse.Sub(word, inverse).Uint64(), square: constant(square.Mod(square, q))}
}

// scalars gives z1 = s/e and z2 = -r/e for 0 < r, s < q and any e of n words (RFC 7091 section 6.2, steps 3 to 5).
func (o *order) scalars(e, r, s *words) (z1, z2 words) {
	for !less(e, &o.q) { // at most eight times: no order here is shorter by more than two bits
		subtract(e, &o.q)
	}
	if e.isZero() {
		e[0] = 1
	}
	v := invert(e, &o.q, o.n)
	v = o.mul(&v, &o.square)
	minus := o.q
	subtract(&minus, r)
	return o.mul(s, &v), o.mul(&minus, &v)
}

// mul gives xy/2^(64 n).
func (o *order) mul(x, y *words) words {
	var t [len(words{}) + 2]uint64
	n := o.n
	for i := range n {
		k := addMul(t[:n], y[:n], x[i])
		var b uint64
		t[n], b = bits.Add64(t[n], k, 0)
		t[n+1] = b
		k = addMul(t[:n], o.q[:n], t[0]*o.inverse)
		t[n], b = bits.Add64(t[n], k, 0)
		t[n+1] += b
		copy(t[:n+1], t[1:n+2])
	}
	var z words
	copy(z[:n], t[:n])
	if t[n] != 0 || !less(&z, &o.q) {
		subtract(&z, &o.q)
	}
	clear(z[n:])
	return z
}

// addMul adds x·v to t and gives the carry.
func addMul(t, x []uint64, v uint64) (carry uint64) {
	for i := range t {
		hi, lo := bits.Mul64(x[i], v)
		var k uint64
		lo, k = bits.Add64(lo, t[i], 0)
		hi += k
		t[i], k = bits.Add64(lo, carry, 0)
		carry = hi + k
	}
	return carry
}

// next adds the order and says whether the sum is still a number of this size.
func (d *domain) next(x *words) bool {
	var k uint64
	for i := range x {
		x[i], k = bits.Add64(x[i], d.q[i], k)
	}
	return k == 0
}
