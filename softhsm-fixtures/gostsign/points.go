// SPDX-License-Identifier: Apache-2.0

package gostsign

import "math/big"

// jacobian is the point (X/Z², Y/Z³); the neutral point has Z = 0.
type jacobian struct{ x, y, z *big.Int }

// On says whether the point satisfies the equation of the curve.
func (c *Curve) On(x, y *big.Int) bool {
	right := add(c.mul(add(c.mul(x, x), c.A), x), c.B)
	return c.mod(sub(right, c.mul(y, y))).Sign() == 0
}

// Add adds two affine points; a nil coordinate stands for the neutral point.
func (c *Curve) Add(x1, y1, x2, y2 *big.Int) (*big.Int, *big.Int) {
	return c.affine(c.addJacobian(c.lift(x1, y1), c.lift(x2, y2)))
}

// Multiply gives n times a point, for n of any size and not negative; nil coordinates stand for the neutral point.
func (c *Curve) Multiply(n, x, y *big.Int) (*big.Int, *big.Int) {
	base, sum := c.lift(x, y), c.lift(nil, nil)
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = c.double(sum)
		if n.Bit(i) == 1 {
			sum = c.addJacobian(sum, base)
		}
	}
	return c.affine(sum)
}

// combine gives m times the generator and n times a point.
func (c *Curve) combine(m, n, x, y *big.Int) (*big.Int, *big.Int) {
	g, q, sum := c.lift(c.X, c.Y), c.lift(x, y), c.lift(nil, nil)
	both := c.addJacobian(g, q)
	for i := max(m.BitLen(), n.BitLen()) - 1; i >= 0; i-- {
		sum = c.double(sum)
		switch m.Bit(i) + 2*n.Bit(i) {
		case 1:
			sum = c.addJacobian(sum, g)
		case 2:
			sum = c.addJacobian(sum, q)
		case 3:
			sum = c.addJacobian(sum, both)
		}
	}
	return c.affine(sum)
}

func (c *Curve) lift(x, y *big.Int) jacobian {
	if x == nil {
		return jacobian{big.NewInt(1), big.NewInt(1), new(big.Int)}
	}
	return jacobian{x, y, big.NewInt(1)}
}

func (c *Curve) affine(p jacobian) (*big.Int, *big.Int) {
	if p.z.Sign() == 0 {
		return nil, nil
	}
	i := new(big.Int).ModInverse(p.z, c.P)
	ii := c.mul(i, i)
	return c.mul(p.x, ii), c.mul(p.y, c.mul(ii, i))
}

// double is the textbook doubling for any a.
func (c *Curve) double(p jacobian) jacobian {
	if p.z.Sign() == 0 || p.y.Sign() == 0 {
		return c.lift(nil, nil)
	}
	yy, zz := c.mul(p.y, p.y), c.mul(p.z, p.z)
	s := c.mul(big.NewInt(4), c.mul(p.x, yy))
	m := c.mod(add(c.mul(big.NewInt(3), c.mul(p.x, p.x)), c.mul(c.A, c.mul(zz, zz))))
	x := c.mod(sub(c.mul(m, m), add(s, s)))
	y := c.mod(sub(c.mul(m, sub(s, x)), c.mul(big.NewInt(8), c.mul(yy, yy))))
	return jacobian{x, y, c.mul(big.NewInt(2), c.mul(p.y, p.z))}
}

func (c *Curve) addJacobian(p, q jacobian) jacobian {
	if p.z.Sign() == 0 {
		return q
	}
	if q.z.Sign() == 0 {
		return p
	}
	pz, qz := c.mul(p.z, p.z), c.mul(q.z, q.z)
	u1, u2 := c.mul(p.x, qz), c.mul(q.x, pz)
	s1, s2 := c.mul(p.y, c.mul(qz, q.z)), c.mul(q.y, c.mul(pz, p.z))
	h, r := c.mod(sub(u2, u1)), c.mod(sub(s2, s1))
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return c.double(p)
		}
		return c.lift(nil, nil)
	}
	hh := c.mul(h, h)
	hhh, v := c.mul(hh, h), c.mul(u1, hh)
	x := c.mod(sub(sub(c.mul(r, r), hhh), add(v, v)))
	y := c.mod(sub(c.mul(r, sub(v, x)), c.mul(s1, hhh)))
	return jacobian{x, y, c.mul(h, c.mul(p.z, q.z))}
}
