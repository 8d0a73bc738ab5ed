// SPDX-License-Identifier: Apache-2.0

package gost

import "math/bits"

// signed is a number in words of 62 bits, the lowest first; only the highest word may be negative.
type signed [9]int64

const mask62 = 1<<62 - 1

func (x *words) signed(n int) (z signed) {
	for i := range n {
		z[i] = int64(x.field62(uint(62 * i)))
	}
	return z
}

func (x *words) field62(i uint) uint64 {
	w, s := i/64, i%64
	v := x[w] >> s
	if s > 2 && w+1 < uint(len(x)) {
		v |= x[w+1] << (64 - s)
	}
	return v & mask62
}

func (x *signed) words(n int) (z words) {
	for i := range n {
		w, s := uint(62*i)/64, uint(62*i)%64
		z[w] |= uint64(x[i]) << s
		if s > 2 && w+1 < uint(len(z)) {
			z[w+1] |= uint64(x[i]) >> (64 - s)
		}
	}
	return z
}

// wide is a signed number of 128 bits.
type wide struct {
	hi int64
	lo uint64
}

// add adds a·b.
func (w *wide) add(a, b int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	hi -= uint64(a>>63&b) + uint64(b>>63&a)
	var k uint64
	w.lo, k = bits.Add64(w.lo, lo, 0)
	h, _ := bits.Add64(uint64(w.hi), hi, k)
	w.hi = int64(h)
}

// shift drops the lowest 62 bits.
func (w *wide) shift() {
	w.lo = w.lo>>62 | uint64(w.hi)<<2
	w.hi >>= 62
}

// steps is what 62 division steps do to a pair: 2^62 f' = u f + v g, 2^62 g' = q f + r g.
type steps struct{ u, v, q, r int64 }

// invert gives 1/x modulo an odd m for x below m, both of n words, and zero for zero. These are the division steps of Bernstein and Yang
// (eprint 2019/266) in the form that follows the lowest zero bits: the time depends on x, which is public here.
func invert(x, m *words, n int) words {
	size := n*64/62 + 1
	modulus := m.signed(size)
	f, g := modulus, x.signed(size)
	var d signed
	e := signed{1}
	inverse := m[0] // of m modulo 2^62, by Newton
	for range 5 {
		inverse *= 2 - m[0]*inverse
	}
	eta, length := int64(-1), size
	for {
		var t steps
		eta, t = divide(eta, uint64(f[0]), uint64(g[0]))
		t.pair(&d, &e, &modulus, inverse, size)
		t.shrink(&f, &g, length)
		rest := int64(0)
		for i := range length {
			rest |= g[i]
		}
		if rest == 0 {
			break
		}
		length = narrow(&f, &g, length)
	}
	d.normalize(f[length-1] < 0, &modulus, size)
	return d.words(size)
}

// narrow drops a highest word that only carries the sign.
func narrow(f, g *signed, length int) int {
	fn, gn := f[length-1], g[length-1]
	if length > 1 && fn == fn>>63 && gn == gn>>63 {
		f[length-2] |= fn << 62
		g[length-2] |= gn << 62
		length--
	}
	return length
}

// divide makes 62 steps on the lowest words of f and g.
func divide(eta int64, f, g uint64) (int64, steps) {
	var u, v, q, r uint64 = 1, 0, 0, 1
	left := 62
	for {
		zeros := bits.TrailingZeros64(g | ^uint64(0)<<left)
		g >>= zeros
		u <<= zeros
		v <<= zeros
		eta -= int64(zeros)
		left -= zeros
		if left == 0 {
			return eta, steps{int64(u), int64(v), int64(q), int64(r)}
		}
		var w uint64
		if eta < 0 {
			eta = -eta
			f, g = g, -f
			u, q = q, -u
			v, r = r, -v
			limit := min(int(eta)+1, left)
			w = f * g * (f*f - 2) & (^uint64(0) >> (64 - limit) & 63)
		} else {
			limit := min(int(eta)+1, left)
			w = f + (f+1)&4<<1
			w = -w * g & (^uint64(0) >> (64 - limit) & 15)
		}
		g += f * w
		q += u * w
		r += v * w
	}
}

// shrink applies the steps to f and g, whose lowest 62 bits become zero and go.
func (t *steps) shrink(f, g *signed, length int) {
	var a, b wide
	a.add(t.u, f[0])
	a.add(t.v, g[0])
	b.add(t.q, f[0])
	b.add(t.r, g[0])
	a.shift()
	b.shift()
	for i := 1; i < length; i++ {
		fi, gi := f[i], g[i]
		a.add(t.u, fi)
		a.add(t.v, gi)
		b.add(t.q, fi)
		b.add(t.r, gi)
		f[i-1] = int64(a.lo & mask62)
		g[i-1] = int64(b.lo & mask62)
		a.shift()
		b.shift()
	}
	f[length-1] = int64(a.lo)
	g[length-1] = int64(b.lo)
}

// pair applies the steps to d and e modulo m, adding such multiples of m that the lowest 62 bits become zero.
func (t *steps) pair(d, e, m *signed, inverse uint64, size int) {
	sd, se := d[size-1]>>63, e[size-1]>>63
	md := t.u&sd + t.v&se
	me := t.q&sd + t.r&se
	var a, b wide
	a.add(t.u, d[0])
	a.add(t.v, e[0])
	b.add(t.q, d[0])
	b.add(t.r, e[0])
	md -= int64((inverse*a.lo + uint64(md)) & mask62)
	me -= int64((inverse*b.lo + uint64(me)) & mask62)
	a.add(m[0], md)
	b.add(m[0], me)
	a.shift()
	b.shift()
	for i := 1; i < size; i++ {
		di, ei := d[i], e[i]
		a.add(t.u, di)
		a.add(t.v, ei)
		b.add(t.q, di)
		b.add(t.r, ei)
		a.add(m[i], md)
		b.add(m[i], me)
		d[i-1] = int64(a.lo & mask62)
		e[i-1] = int64(b.lo & mask62)
		a.shift()
		b.shift()
	}
	d[size-1] = int64(a.lo)
	e[size-1] = int64(b.lo)
}

// normalize brings a number in (-2m, m), or its opposite, into [0, m).
func (x *signed) normalize(negate bool, m *signed, size int) {
	plus := func(factor int64) {
		carry := int64(0)
		for i := range size {
			carry += x[i] + factor*m[i]
			x[i] = carry
			if i < size-1 {
				x[i] &= mask62
				carry >>= 62
			}
		}
	}
	if x[size-1] < 0 {
		plus(1)
	}
	if negate {
		carry := int64(0)
		for i := range size {
			carry -= x[i]
			x[i] = carry
			if i < size-1 {
				x[i] &= mask62
				carry >>= 62
			}
		}
	}
	if x[size-1] < 0 {
		plus(1)
	}
}
