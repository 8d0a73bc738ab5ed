// SPDX-License-Identifier: Apache-2.0

package main

import "math/big"

// montMul prints Montgomery's product, row by row: after each row of the product one word is cleared by a multiple of the prime.
func (w *writer) montMul() {
	n := w.n
	word := new(big.Int).Lsh(big.NewInt(1), 64)
	inverse := new(big.Int).ModInverse(w.p, word)
	inverse.Sub(word, inverse)
	w.put("// mul sets z = x·y. z is neither x nor y.\nfunc (z *%s) mul(x, y *%s) {\nvar k, b, m uint64", w.name, w.name)
	w.put("var %s uint64\nvar %s uint64", each(n, "h%d, l%d", ", "), each(n+1, "t%d", ", "))
	for i := range n {
		w.put("{\nv := x[%d]", i)
		for j := range n {
			w.put("h%d, l%d = bits.Mul64(v, y[%d])", j, j, j)
		}
		if i == 0 {
			w.put("t0 = l0")
			for j := 1; j < n; j++ {
				w.put("t%d, k = bits.Add64(l%d, h%d, %s)", j, j, j-1, carry(j-1))
			}
			w.put("t%d, _ = bits.Add64(h%d, 0, k)\nb = 0", n, n-1)
		} else {
			for j := range n {
				w.put("t%d, k = bits.Add64(t%d, l%d, %s)", j, j, j, carry(j))
			}
			w.put("t%d, b = bits.Add64(t%d, 0, k)", n, n)
			for j := range n {
				w.put("t%d, k = bits.Add64(t%d, h%d, %s)", j+1, j+1, j, carry(j))
			}
			w.put("b += k")
		}
		w.put("m = t0 * %#x", inverse)
		for j := range n {
			w.put("h%d, l%d = bits.Mul64(m, %#x)", j, j, w.limb(w.p, j))
		}
		w.put("_, k = bits.Add64(t0, l0, 0)")
		for j := 1; j < n; j++ {
			w.put("t%d, k = bits.Add64(t%d, l%d, k)", j-1, j, j)
		}
		w.put("t%d, k = bits.Add64(t%d, 0, k)\nb += k", n-1, n)
		for j := range n {
			w.put("t%d, k = bits.Add64(t%d, h%d, %s)", j, j, j, carry(j))
		}
		// The sum before the row is below 2p, so it fits n words and the bit b.
		w.put("t%d = b + k\nz[%d] = t0\n}", n, i)
	}
	w.put("z.reduce(t%d, %s)\n}\n", n, each(n, "t%d", ", "))
	w.put("// sqr sets z = x². z is not x.\nfunc (z *%s) sqr(x *%s) { z.mul(x, x) }\n", w.name, w.name)
	w.put("// reduce takes a number below 2p, whose word above the others is top.\nfunc (z *%s) reduce(top, %s uint64) {\nvar k uint64\nvar %s uint64", w.name, each(n, "t%d", ", "), each(n, "s%d", ", "))
	w.minusPrime()
	w.put("if top >= k {\n*z = %s{%s}\n} else {\n*z = %s{%s}\n}\n}\n", w.name, each(n, "s%d", ", "), w.name, each(n, "t%d", ", "))
}

// minusPrime prints s = t - p with the borrow in k.
func (w *writer) minusPrime() {
	for i := range w.n {
		w.put("s%d, k = bits.Sub64(t%d, %#x, %s)", i, i, w.limb(w.p, i), carry(i))
	}
}

func (w *writer) montAdd() {
	n := w.n
	w.put("// add sets z = x + y.\nfunc (z *%s) add(x, y *%s) {\nvar k uint64\nvar %s uint64", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		w.put("t%d, k = bits.Add64(x[%d], y[%d], %s)", i, i, i, carry(i))
	}
	w.put("z.reduce(k, %s)\n}\n", each(n, "t%d", ", "))
	w.put("// sub sets z = x - y.\nfunc (z *%s) sub(x, y *%s) {\nvar k uint64\nvar %s uint64", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		w.put("t%d, k = bits.Sub64(x[%d], y[%d], %s)", i, i, i, carry(i))
	}
	w.put("m := -k")
	for i := range n {
		w.put("z[%d], k = bits.Add64(t%d, m & %#x, %s)", i, i, w.limb(w.p, i), carry(i))
	}
	w.put("}\n")
	w.put("// subTwice sets z = x - 2y.\nfunc (z *%s) subTwice(x, y *%s) {\nz.sub(x, y)\nz.sub(z, y)\n}\n", w.name, w.name)
}

// montRest prints the way into Montgomery's form and out of it.
func (w *writer) montRest() {
	n := w.n
	square := new(big.Int).Lsh(big.NewInt(1), uint(128*n))
	square.Mod(square, w.p)
	w.put("// isZero says whether x is zero.\nfunc (x *%s) isZero() bool { return %s == 0 }\n", w.name, each(n, "x[%d]", "|"))
	w.put("// set takes a number below the prime.\nfunc (z *%s) set(x *words) {\ny := %s(x[:%d])\nz.mul(&y, &%s%s)\n}\n", w.name, w.name, n, w.name, w.array(square))
	w.put("// words gives the number below the prime.\nfunc (x *%s) words() (z words) {\nvar y %s\ny.mul(x, &%s{1})\ncopy(z[:], y[:])\nreturn z\n}\n", w.name, w.name, w.name)
}
