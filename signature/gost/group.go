// SPDX-License-Identifier: Apache-2.0

package gost

// group multiplies points by secret numbers in constant time. Points have homogeneous coordinates, (x:y:z) for (x/z, y/z), and (0:1:0) is
// neutral; numbers are in Montgomery form. One formula adds all points of the group of prime order, equal, opposite and neutral ones too
// (Renes, Costello, Batina, eprint 2015/1060, algorithm 1): its exceptions are pairs that differ by a point of even order.
type group struct {
	p, q     *modulus
	a, b3    words // b3 = 3b
	one      words
	base     secretPoint
	cofactor words
}

type secretPoint struct{ x, y, z words }

const window = 4 // bits of the multiplier that are done at once

func newGroup(c *curve) *group {
	n := c.size / 8
	g := &group{p: newModulus(&c.p, n), q: newModulus(&c.q, n), cofactor: words{1}}
	if !c.edwards.isZero() {
		g.cofactor = words{4}
	}
	f := g.p
	f.enter(&g.one, &words{1})
	f.enter(&g.a, &c.a)
	f.enter(&g.b3, &c.b)
	b := g.b3
	f.add(&g.b3, &b, &b)
	f.add(&g.b3, &g.b3, &b)
	g.base = g.lift(&c.x, &c.y)
	return g
}

// lift makes a point of its coordinates.
func (g *group) lift(x, y *words) (p secretPoint) {
	g.p.enter(&p.x, x)
	g.p.enter(&p.y, y)
	p.z = g.one
	return p
}

// multiply gives k·p for k of 64 n bits at most. It scans the whole table for each window.
func (g *group) multiply(k *words, p *secretPoint) secretPoint {
	var table [1 << window]secretPoint
	table[0].y = g.one
	for i := 1; i < len(table); i++ {
		g.add(&table[i], &table[i-1], p)
	}
	sum, step := table[0], secretPoint{}
	for i := 64*g.p.n - window; i >= 0; i -= window {
		for range window {
			g.add(&sum, &sum, &sum)
		}
		digit := k[i/64] >> (i % 64) & (1<<window - 1)
		for j := range table {
			difference := uint64(j) ^ digit
			mask := (difference|-difference)>>63 - 1
			step.take(mask, &table[j])
		}
		g.add(&sum, &sum, &step)
	}
	wipe(table[:])
	return sum
}

// take becomes o where mask is all ones.
func (p *secretPoint) take(mask uint64, o *secretPoint) {
	choose(&p.x, mask, &o.x, &p.x)
	choose(&p.y, mask, &o.y, &p.y)
	choose(&p.z, mask, &o.z, &p.z)
}

// affine gives the coordinates of a point and a mask of ones if it is neutral.
func (g *group) affine(p *secretPoint) (x, y words, neutral uint64) {
	neutral = p.z.zeroMask()
	var z words
	g.p.invert(&z, &p.z)
	g.p.mul(&x, &p.x, &z)
	g.p.mul(&y, &p.y, &z)
	g.p.leave(&x, &x)
	g.p.leave(&y, &y)
	return x, y, neutral
}

// add sets r = p + o: 17 multiplications, five of them by constants of the curve. r may be p or o.
func (g *group) add(r, p, o *secretPoint) {
	f := g.p
	var xx, yy, zz, xy, xz, yz, s, t words
	f.mul(&xx, &p.x, &o.x)
	f.mul(&yy, &p.y, &o.y)
	f.mul(&zz, &p.z, &o.z)
	cross := func(out, a1, b1, a2, b2, aa, bb *words) { // a1·b2 + a2·b1
		f.add(&s, a1, b1)
		f.add(&t, a2, b2)
		f.mul(out, &s, &t)
		f.add(&s, aa, bb)
		f.sub(out, out, &s)
	}
	cross(&xy, &p.x, &p.y, &o.x, &o.y, &xx, &yy)
	cross(&xz, &p.x, &p.z, &o.x, &o.z, &xx, &zz)
	cross(&yz, &p.y, &p.z, &o.y, &o.z, &yy, &zz)
	var minus, plus, u, v, az words
	f.mul(&s, &g.a, &xz)
	f.mul(&t, &g.b3, &zz)
	f.add(&s, &s, &t)
	f.sub(&minus, &yy, &s)
	f.add(&plus, &yy, &s)
	f.mul(&az, &g.a, &zz)
	f.add(&u, &xx, &xx)
	f.add(&u, &u, &xx)
	f.add(&u, &u, &az) // 3·xx + a·zz
	f.sub(&v, &xx, &az)
	f.mul(&v, &v, &g.a)
	f.mul(&t, &g.b3, &xz)
	f.add(&v, &v, &t) // b3·xz + a·(xx - a·zz)
	f.mul(&s, &xy, &minus)
	f.mul(&t, &yz, &v)
	f.sub(&r.x, &s, &t)
	f.mul(&s, &plus, &minus)
	f.mul(&t, &u, &v)
	f.add(&r.y, &s, &t)
	f.mul(&s, &yz, &plus)
	f.mul(&t, &xy, &u)
	f.add(&r.z, &s, &t)
}

// wipe forgets secrets that stand in memory.
func wipe[T any](values []T) { clear(values) }
