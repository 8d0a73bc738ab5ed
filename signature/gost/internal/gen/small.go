// SPDX-License-Identifier: Apache-2.0

package main

import "math/big"

// foldAdd prints addition and subtraction for a prime just below a power of two: what is carried out comes back as the constant.
func (w *writer) foldAdd() {
	n := w.n
	w.put("// add sets z = x + y.\n//\n//go:nosplit\nfunc (z *%s) add(x, y *%s) {\nvar k uint64\nvar %s uint64", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		w.put("t%d, k = bits.Add64(x[%d], y[%d], %s)", i, i, i, carry(i))
	}
	w.put("s := t0 + (-k & %d)\nif s < t0 { // rare", w.fold)
	w.ripple("t", "s")
	w.put("}\nz[0] = s")
	for i := 1; i < n; i++ {
		w.put("z[%d] = t%d", i, i)
	}
	w.put("}\n")
	w.put("// sub sets z = x - y.\n//\n//go:nosplit\nfunc (z *%s) sub(x, y *%s) {\nvar k uint64\nvar %s uint64", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		w.put("t%d, k = bits.Sub64(x[%d], y[%d], %s)", i, i, i, carry(i))
	}
	w.borrow("-k & " + decimal(w.fold))
	w.put("// subTwice sets z = x - 2y.\n//\n//go:nosplit\nfunc (z *%s) subTwice(x, y *%s) {\nvar k, b uint64\nvar %s uint64", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		w.put("t%d, k = bits.Sub64(x[%d], y[%d], %s)", i, i, i, carry(i))
	}
	w.put("b = k")
	for i := range n {
		w.put("t%d, k = bits.Sub64(t%d, y[%d], %s)", i, i, i, carry(i))
	}
	w.borrow("(b + k) * " + decimal(w.fold))
}

// borrow prints the end of a subtraction: takes the constant from t and stores it.
func (w *writer) borrow(amount string) {
	w.put("s := t0 - (%s)\nif s > t0 { // rare", amount)
	for i := 1; i < w.n; i++ {
		one := "0"
		if i == 1 {
			one = "1"
		}
		w.put("t%d, k = bits.Sub64(t%d, %s, %s)", i, i, one, carry(i-1))
	}
	w.put("s -= -k & %d\n}\nz[0] = s", w.fold)
	for i := 1; i < w.n; i++ {
		w.put("z[%d] = t%d", i, i)
	}
	w.put("}\n")
}

func decimal(x uint64) string { return new(big.Int).SetUint64(x).String() }

// foldRest prints what differs from Montgomery's form: zero has two values, and numbers go in and out as they are.
func (w *writer) foldRest() {
	n := w.n
	w.put("// isZero says whether x is zero or the prime.\nfunc (x *%s) isZero() bool {\nif %s == 0 {\nreturn true\n}", w.name, each(n, "x[%d]", "|"))
	w.put("return x[0] == %#x", w.limb(w.p, 0))
	w.Truncate(w.Len() - 1)
	for i := 1; i < n; i++ {
		w.put(" && x[%d] == ^uint64(0)", i)
		w.Truncate(w.Len() - 1)
	}
	w.put("\n}\n")
	w.put("// set takes a number below 2^%d.\nfunc (z *%s) set(x *words) { *z = %s(x[:%d]) }\n", 64*n, w.name, w.name, n)
	w.put("// words gives the number below the prime.\nfunc (x *%s) words() (z words) {\ncopy(z[:], x[:])\np := x.prime()\nif !less(&z, &p) {\nsubtract(&z, &p)\n}\nreturn z\n}\n", w.name)
}

// root prints the square root for a prime p that is 3 modulo 4: x to the power of (p+1)/4, which is a long row of ones and a tail of eight bits.
func (w *writer) root() {
	bits, tail := 64*w.n-10, 256-(w.fold-1)/4
	w.put("// root sets z to a square root of x and says whether there is one. z is not x.\nfunc (z *%s) root(x *%s) bool {\nvar t %s\nz.ones(x, %d)", w.name, w.name, w.name, bits)
	w.put("for i := 7; i >= 0; i-- {\nt.sqr(z)\nif %#x>>i&1 == 1 {\nz.mul(&t, x)\n} else {\n*z = t\n}\n}\nt.sqr(z)\nreturn t.equal(x)\n}\n", tail)
	w.put("// ones sets z to the power of x whose exponent is n bits of one. z is not x.\nfunc (z *%s) ones(x *%s, n int) {\nif n == 1 {\n*z = *x\nreturn\n}", w.name, w.name)
	w.put("var t, u %s\nt.ones(x, n/2)\nu = t\nfor range n / 2 {\nz.sqr(&u)\nu = *z\n}\nz.mul(&u, &t)\nif n%%2 == 1 {\nu.sqr(z)\nz.mul(&u, x)\n}\n}\n", w.name)
}

// shared prints what needs no more than the operations above.
func (w *writer) shared() {
	n := w.n
	w.put("// equal says whether x and y are the same number.\nfunc (x *%s) equal(y *%s) bool {\nvar d %s\nd.sub(x, y)\nreturn d.isZero()\n}\n", w.name, w.name, w.name)
	w.put("// invert sets z = 1/x, and zero for zero.\nfunc (z *%s) invert(x *%s) {\nv := x.words()\np := x.prime()\nv = invert(&v, &p, %d)\nz.set(&v)\n}\n", w.name, w.name, n)
	w.put("// invertAll inverts numbers in place that are not zero, by one inversion.\nfunc (*%s) invertAll(xs []%s) {\nif len(xs) == 0 {\nreturn\n}", w.name, w.name)
	w.put("before := make([]%s, len(xs))\nproduct := xs[0]\nfor i := 1; i < len(xs); i++ {\nbefore[i] = product\nproduct.mul(&before[i], &xs[i])\n}", w.name)
	w.put("var rest, t %s\nrest.invert(&product)\nfor i := len(xs) - 1; i > 0; i-- {\nt.mul(&rest, &xs[i])\nxs[i].mul(&rest, &before[i])\nrest = t\n}\nxs[0] = rest\n}\n", w.name)
	w.half()
}

// half prints half of a number and three halves of it, which the doubling of a point wants.
func (w *writer) half() {
	n := w.n
	w.put("// threeHalves sets z = 3x/2.\n//\n//go:nosplit\nfunc (z *%s) threeHalves(x *%s) {\nvar k uint64\nvar %s uint64\nm := -(x[0] & 1)", w.name, w.name, each(n, "t%d", ", "))
	for i := range n {
		limb := w.limb(w.p, i)
		if limb == ^uint64(0) {
			w.put("t%d, k = bits.Add64(x[%d], m, %s)", i, i, carry(i))
		} else {
			w.put("t%d, k = bits.Add64(x[%d], m & %#x, %s)", i, i, limb, carry(i))
		}
	}
	for i := range n - 1 {
		w.put("t%d = t%d>>1 | t%d<<63", i, i, i+1)
	}
	w.put("t%d = t%d>>1 | k<<63", n-1, n-1)
	if w.fold == 0 {
		w.put("h := %s{%s}\nz.add(x, &h)\n}\n", w.name, each(n, "t%d", ", "))
		return
	}
	for i := range n {
		w.put("t%d, k = bits.Add64(t%d, x[%d], %s)", i, i, i, carry(i))
	}
	w.put("s := t0 + (-k & %d)\nif s < t0 { // rare", w.fold)
	w.ripple("t", "s")
	w.put("}\nz[0] = s")
	for i := 1; i < n; i++ {
		w.put("z[%d] = t%d", i, i)
	}
	w.put("}\n")
}
