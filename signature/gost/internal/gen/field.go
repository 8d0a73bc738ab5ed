// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
)

// writer prints the file of one field. The shapes that it prints were chosen by measurement: the compiler moves multiplications as early as
// it may and then spills them, so each row ends with a store to the result, which the loads of the next row can't pass; carries go from
// one addition straight into the next, which keeps them in the flag; what is rare is a branch.
type writer struct {
	bytes.Buffer
	name string
	n    int
	p    *big.Int
	fold uint64
}

func (w *writer) put(format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...) // a buffer takes all
}

// each joins n copies of a format, in which %d stands for the index.
func each(n int, format, separator string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(format, "%d", fmt.Sprint(i))
	}
	return strings.Join(parts, separator)
}

func (w *writer) limb(x *big.Int, i int) uint64 {
	return new(big.Int).And(new(big.Int).Rsh(x, uint(64*i)), new(big.Int).SetUint64(^uint64(0))).Uint64()
}

// array prints a number as a literal of words.
func (w *writer) array(x *big.Int) string {
	parts := make([]string, w.n)
	for i := range parts {
		parts[i] = fmt.Sprintf("%#x", w.limb(x, i))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// carry is the carry into step i of a chain.
func carry(i int) string {
	if i == 0 {
		return "0"
	}
	return "k"
}

func (w *writer) field() {
	w.WriteString(header)
	w.put("import \"math/bits\"\n")
	if w.fold != 0 {
		w.put("// %s is a number modulo 2^%d - %d in %d words, the lowest first, below 2^%d but not always below the prime.", w.name, 64*w.n, w.fold, w.n, 64*w.n)
	} else {
		w.put("// %s is a number x modulo the prime below, kept as 2^%d x, below the prime, in %d words, the lowest first.", w.name, 64*w.n, w.n)
	}
	w.put("// The result of mul and sqr must not be one of the operands; that of the others may.")
	w.put("type %s [%d]uint64\n", w.name, w.n)
	w.put("// prime is the modulus.\nfunc (*%s) prime() words { return words%s }\n", w.name, w.array(w.p))
	if w.fold != 0 {
		w.foldMul()
		w.foldSqr()
		w.foldAdd()
		w.foldRest()
	} else {
		w.montMul()
		w.montAdd()
		w.montRest()
	}
	w.shared()
}

// rows prints the schoolbook product of x and y: low half in z, high half in t0, t1, …
func (w *writer) rows() {
	n := w.n
	for i := range n {
		w.put("{\nv := x[%d]", i)
		for j := range n {
			w.put("h%d, l%d = bits.Mul64(v, y[%d])", j, j, j)
		}
		if i == 0 {
			w.put("z[0] = l0")
			for j := 1; j < n; j++ {
				w.put("t%d, k = bits.Add64(l%d, h%d, %s)", j-1, j, j-1, carry(j-1))
			}
		} else {
			w.put("t0, k = bits.Add64(t0, l0, 0)\nz[%d] = t0", i)
			for j := 1; j < n; j++ {
				w.put("t%d, k = bits.Add64(t%d, l%d, k)", j-1, j, j)
			}
			w.put("h%d, _ = bits.Add64(h%d, 0, k)", n-1, n-1)
			for j := range n - 1 {
				w.put("t%d, k = bits.Add64(t%d, h%d, %s)", j, j, j, carry(j))
			}
		}
		w.put("t%d, _ = bits.Add64(h%d, 0, k)\n}", n-1, n-1)
	}
}

// folding prints z = z + fold·t modulo the prime.
func (w *writer) folding() {
	n := w.n
	for j := range n {
		w.put("h%d, l%d = bits.Mul64(t%d, %d)", j, j, j, w.fold)
	}
	for i := range n {
		w.put("l%d, k = bits.Add64(z[%d], l%d, %s)", i, i, i, carry(i))
	}
	w.put("g, _ := bits.Add64(h%d, 0, k)", n-1)
	for i := 1; i < n; i++ {
		w.put("l%d, k = bits.Add64(l%d, h%d, %s)", i, i, i-1, carry(i-1))
	}
	w.put("g, _ = bits.Add64(g, 0, k)\nt0 = l0 + g*%d\nif t0 < l0 { // rare", w.fold)
	w.ripple("l", "t0")
	w.put("}\nz[0] = t0")
	for i := 1; i < n; i++ {
		w.put("z[%d] = l%d", i, i)
	}
}

// ripple prints a carry of one into words 1 and up, and its folding into the lowest.
func (w *writer) ripple(word, lowest string) {
	for i := 1; i < w.n; i++ {
		one := "0"
		if i == 1 {
			one = "1"
		}
		w.put("%s%d, k = bits.Add64(%s%d, %s, %s)", word, i, word, i, one, carry(i-1))
	}
	w.put("%s += -k & %d", lowest, w.fold)
}

func (w *writer) foldMul() {
	w.put("// mul sets z = x·y. z is neither x nor y.\n//\n//go:nosplit\nfunc (z *%s) mul(x, y *%s) {\nvar k uint64", w.name, w.name)
	w.put("var %s uint64\nvar %s uint64", each(w.n, "h%d, l%d", ", "), each(w.n, "t%d", ", "))
	w.rows()
	w.folding()
	w.put("}\n")
}

func (w *writer) foldSqr() {
	n := w.n
	w.put("// sqr sets z = x². z is not x.\n//\n//go:nosplit\nfunc (z *%s) sqr(x *%s) {\nvar k uint64", w.name, w.name)
	w.put("var %s uint64", each(n, "h%d, l%d", ", "))
	if n == 4 {
		w.put("var %s uint64", each(8, "t%d", ", "))
		w.WriteString(square4)
		w.put("z[0], z[1], z[2], z[3] = t0, t1, t2, t3\nt0, t1, t2, t3 = t4, t5, t6, t7")
	} else {
		w.put("var %s uint64\nvar d [%d]uint64", each(n, "t%d", ", "), 2*n)
		w.triangle()
		w.diagonal()
	}
	w.folding()
	w.put("}\n")
}

// square4 is the whole square of four words in t0 … t7: the products above the diagonal, doubled, and the squares.
const square4 = `x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
h0, t1 = bits.Mul64(x0, x1)
h1, t2 = bits.Mul64(x0, x2)
t2, k = bits.Add64(t2, h0, 0)
h2, t3 = bits.Mul64(x0, x3)
t3, k = bits.Add64(t3, h1, k)
t4, _ = bits.Add64(h2, 0, k)
h0, l0 = bits.Mul64(x1, x2)
t3, k = bits.Add64(t3, l0, 0)
h0, _ = bits.Add64(h0, 0, k)
h1, l1 = bits.Mul64(x1, x3)
t4, k = bits.Add64(t4, l1, 0)
t5, _ = bits.Add64(h1, 0, k)
t4, k = bits.Add64(t4, h0, 0)
h0, l0 = bits.Mul64(x2, x3)
t5, k = bits.Add64(t5, l0, k)
t6, _ = bits.Add64(h0, 0, k)
t1, k = bits.Add64(t1, t1, 0)
t2, k = bits.Add64(t2, t2, k)
t3, k = bits.Add64(t3, t3, k)
t4, k = bits.Add64(t4, t4, k)
t5, k = bits.Add64(t5, t5, k)
t6, k = bits.Add64(t6, t6, k)
t7 = k
h0, t0 = bits.Mul64(x0, x0)
h1, l1 = bits.Mul64(x1, x1)
t1, k = bits.Add64(t1, h0, 0)
t2, k = bits.Add64(t2, l1, k)
t3, k = bits.Add64(t3, h1, k)
h2, l2 = bits.Mul64(x2, x2)
h3, l3 = bits.Mul64(x3, x3)
t4, k = bits.Add64(t4, l2, k)
t5, k = bits.Add64(t5, h2, k)
t6, k = bits.Add64(t6, l3, k)
t7, _ = bits.Add64(t7, h3, k)
`

// triangle prints the products above the diagonal into d.
func (w *writer) triangle() {
	n := w.n
	for i := range n - 1 {
		m := n - 1 - i
		w.put("{\nv := x[%d]", i)
		for j := range m {
			w.put("h%d, l%d = bits.Mul64(v, x[%d])", j, j, i+1+j)
		}
		if i == 0 {
			w.put("d[1] = l0")
			for j := 1; j < m; j++ {
				w.put("t%d, k = bits.Add64(l%d, h%d, %s)", j-1, j, j-1, carry(j-1))
			}
			w.put("t%d, _ = bits.Add64(h%d, 0, k)\nd[2] = t0", m-1, m-1)
			for j := range m - 1 {
				w.put("t%d = t%d", j, j+1)
			}
		} else {
			for j := range m {
				w.put("t%d, k = bits.Add64(t%d, l%d, %s)", j, j, j, carry(j))
			}
			w.put("h%d, _ = bits.Add64(h%d, 0, k)", m-1, m-1)
			for j := range m - 1 {
				w.put("t%d, k = bits.Add64(t%d, h%d, %s)", j+1, j+1, j, carry(j))
			}
			if m > 1 {
				w.put("t%d, _ = bits.Add64(h%d, 0, k)", m, m-1)
			} else {
				w.put("t%d = h%d", m, m-1)
			}
			w.put("d[%d] = t0\nd[%d] = t1", 2*i+1, 2*i+2)
			for j := range m - 1 {
				w.put("t%d = t%d", j, j+2)
			}
		}
		w.put("}")
	}
}

// diagonal prints the doubling of d and the addition of the squares: low half to z, high half to t0, t1, …
func (w *writer) diagonal() {
	n := w.n
	for i := 1; i < 2*n-1; i++ {
		w.put("d[%d], k = bits.Add64(d[%d], d[%d], %s)", i, i, i, carry(i-1))
	}
	w.put("d[%d] = k\nvar s uint64", 2*n-1)
	for b := 0; b < n; b += n / 2 {
		for j := range n / 2 {
			w.put("h%d, l%d = bits.Mul64(x[%d], x[%d])", j, j, b+j, b+j)
		}
		for j := range n / 2 {
			if b == 0 {
				if j == 0 {
					w.put("z[0] = l0\nz[1], k = bits.Add64(d[1], h0, 0)")
					continue
				}
				w.put("z[%d], k = bits.Add64(d[%d], l%d, k)\nz[%d], k = bits.Add64(d[%d], h%d, k)", 2*j, 2*j, j, 2*j+1, 2*j+1, j)
				continue
			}
			in := "k"
			if j == 0 {
				in = "s"
			}
			w.put("t%d, k = bits.Add64(d[%d], l%d, %s)\nt%d, k = bits.Add64(d[%d], h%d, k)", 2*j, n+2*j, j, in, 2*j+1, n+2*j+1, j)
		}
		if b == 0 {
			w.put("s = k")
		}
	}
}
