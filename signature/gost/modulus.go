// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"math/big"
	"math/bits"
)

// modulus is arithmetic modulo an odd number in constant time: neither branches nor places in memory depend on the operands, which are
// below the modulus unless said otherwise. It is slower than the fields that serve verification, and meant for secrets alone.
type modulus struct {
	m       words
	n       int    // words in use
	inverse uint64 // -1/m modulo 2^64
	square  words  // 2^(128 n) modulo m
	minus2  words  // m - 2
}

func newModulus(m *words, n int) *modulus {
	number := new(big.Int)
	for i := n - 1; i >= 0; i-- {
		number.Lsh(number, 64).Or(number, new(big.Int).SetUint64(m[i]))
	}
	o := newOrder(number, n)
	f := &modulus{m: *m, n: n, inverse: o.inverse, square: o.square, minus2: *m}
	subtract(&f.minus2, &words{2})
	return f
}

// mul sets z = xy/2^(64 n). One operand may be any number of n words if the other is below the modulus. z may be an operand.
func (f *modulus) mul(z, x, y *words) {
	var t [len(words{}) + 2]uint64
	n := f.n
	for i := range n {
		k := addMul(t[:n], y[:n], x[i])
		var b uint64
		t[n], b = bits.Add64(t[n], k, 0)
		t[n+1] = b
		k = addMul(t[:n], f.m[:n], t[0]*f.inverse)
		t[n], b = bits.Add64(t[n], k, 0)
		t[n+1] += b
		copy(t[:n+1], t[1:n+2])
	}
	var sum words
	copy(sum[:n], t[:n])
	f.reduce(z, &sum, t[n])
}

// reduce sets z to the number carry·2^(64 n) + x, which is less than twice the modulus, modulo m.
func (f *modulus) reduce(z, x *words, carry uint64) {
	var difference words
	var borrow uint64
	for i := range f.n {
		difference[i], borrow = bits.Sub64(x[i], f.m[i], borrow)
	}
	_, borrow = bits.Sub64(carry, 0, borrow)
	choose(z, -borrow, x, &difference)
}

// choose sets z to x where mask is all ones and to y where it is zero.
func choose(z *words, mask uint64, x, y *words) {
	for i := range z {
		z[i] = x[i]&mask | y[i]&^mask
	}
}

func (f *modulus) add(z, x, y *words) {
	var sum words
	var carry uint64
	for i := range f.n {
		sum[i], carry = bits.Add64(x[i], y[i], carry)
	}
	f.reduce(z, &sum, carry)
}

func (f *modulus) sub(z, x, y *words) {
	var difference, sum words
	var borrow, carry uint64
	for i := range f.n {
		difference[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	for i := range f.n {
		sum[i], carry = bits.Add64(difference[i], f.m[i], carry)
	}
	choose(z, -borrow, &sum, &difference)
}

// enter sets z to the Montgomery form of any number of n words; leave is the way back.
func (f *modulus) enter(z, x *words) { f.mul(z, x, &f.square) }

func (f *modulus) leave(z, x *words) { f.mul(z, x, &words{1}) }

// rest sets z to hi·2^(64 n) + lo modulo m, for any numbers of n words.
func (f *modulus) rest(z, hi, lo *words) {
	var h, l words
	f.mul(&h, hi, &f.square) // hi·2^(64 n)
	f.enter(&l, lo)
	f.leave(&l, &l)
	f.add(z, &h, &l)
}

// invert sets z = 1/x for a prime modulus, both in Montgomery form, by Fermat: the exponent is public.
func (f *modulus) invert(z, x *words) {
	var power words
	f.enter(&power, &words{1})
	for i := 64*f.n - 1; i >= 0; i-- {
		f.mul(&power, &power, &power)
		if f.minus2[i/64]>>(i%64)&1 == 1 {
			f.mul(&power, &power, x)
		}
	}
	*z = power
}

// zeroMask is all ones for zero and zero otherwise.
func (x *words) zeroMask() uint64 {
	var any uint64
	for _, v := range x {
		any |= v
	}
	return (any|-any)>>63 - 1
}

// belowMask is all ones when x < y and zero otherwise.
func (x *words) belowMask(y *words) uint64 {
	var borrow uint64
	for i := range x {
		_, borrow = bits.Sub64(x[i], y[i], borrow)
	}
	return -borrow
}
