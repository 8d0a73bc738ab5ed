// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// element is what every generated field can do.
type element[F any] interface {
	*F
	prime() words
	set(*words)
	words() words
	mul(x, y *F)
	sqr(x *F)
	add(x, y *F)
	sub(x, y *F)
	subTwice(x, y *F)
	threeHalves(x *F)
	invert(x *F)
	invertAll([]F)
	isZero() bool
	equal(*F) bool
}

func TestFields(t *testing.T) {
	t.Run("2^256-617", testField[fp256, *fp256](4, true))
	t.Run("2^512-569", testField[fp512, *fp512](8, true))
	t.Run("CryptoPro-B", testField[fpB, *fpB](4, false))
	t.Run("CryptoPro-C", testField[fpC, *fpC](4, false))
	t.Run("2^511+111", testField[fp511, *fp511](8, false))
	t.Run("example 1", testField[fpEx1, *fpEx1](4, false))
	t.Run("example 2", testField[fpEx2, *fpEx2](8, false))
}

// edges are numbers of n words at which carries and foldings turn, and random ones.
func edges(n int, p *big.Int, random *rand.ChaCha8) []*big.Int {
	one := big.NewInt(1)
	top := new(big.Int).Lsh(one, uint(64*n))
	var out []*big.Int
	for i := int64(0); i < 3; i++ {
		d := big.NewInt(i)
		out = append(out, d, new(big.Int).Sub(top, big.NewInt(i+1)), new(big.Int).Sub(p, d), new(big.Int).Sub(new(big.Int).Rsh(p, 1), d))
		if up := new(big.Int).Add(p, d); up.Cmp(top) < 0 {
			out = append(out, up)
		}
	}
	for w := 1; w < n; w++ {
		out = append(out, new(big.Int).Lsh(one, uint(64*w)), new(big.Int).Sub(new(big.Int).Lsh(one, uint(64*w)), one), new(big.Int).Sub(top, new(big.Int).Lsh(one, uint(64*w))))
	}
	for _, fold := range []int64{617, 569, 617 * 617, 569 * 569, 616, 568} {
		out = append(out, new(big.Int).Sub(top, big.NewInt(fold)), big.NewInt(fold))
	}
	for range 12 {
		b := make([]byte, 8*n)
		random.Read(b)
		out = append(out, new(big.Int).SetBytes(b))
	}
	return out
}

// testField compares with math/big. A loose field takes any number of its words, the others those below the prime.
func testField[F any, E element[F]](n int, loose bool) func(*testing.T) {
	return func(t *testing.T) {
		random := rand.NewChaCha8([32]byte{byte(n)})
		p := E(nil).prime().big()
		if !p.ProbablyPrime(20) {
			t.Fatalf("%x is composite", p)
		}
		var numbers []*big.Int
		var elements []F
		for _, v := range edges(n, p, random) {
			if !loose {
				v.Mod(v, p)
			}
			var f F
			w := constant(v)
			E(&f).set(&w)
			numbers, elements = append(numbers, v.Mod(v, p)), append(elements, f)
			check[F, E](t, "set", &f, v)
		}
		mod := func(x *big.Int) *big.Int { return x.Mod(x, p) }
		half := new(big.Int).ModInverse(big.NewInt(2), p)
		for i := range elements {
			x, a := E(&elements[i]), numbers[i]
			var z F
			E(&z).sqr(x)
			check[F, E](t, "sqr", &z, mod(new(big.Int).Mul(a, a)))
			E(&z).threeHalves(x)
			check[F, E](t, "threeHalves", &z, mod(new(big.Int).Mul(new(big.Int).Mul(a, big.NewInt(3)), half)))
			E(&z).invert(x)
			inverse := new(big.Int)
			if a.Sign() != 0 {
				inverse.ModInverse(a, p)
			}
			check[F, E](t, "invert", &z, inverse)
			if x.isZero() != (a.Sign() == 0) {
				t.Errorf("isZero of %x is %v", a, x.isZero())
			}
			for j := range elements {
				y, b := E(&elements[j]), numbers[j]
				E(&z).mul(x, y)
				check[F, E](t, "mul", &z, mod(new(big.Int).Mul(a, b)))
				E(&z).add(x, y)
				check[F, E](t, "add", &z, mod(new(big.Int).Add(a, b)))
				E(&z).sub(x, y)
				check[F, E](t, "sub", &z, mod(new(big.Int).Sub(a, b)))
				E(&z).subTwice(x, y)
				check[F, E](t, "subTwice", &z, mod(new(big.Int).Sub(a, new(big.Int).Lsh(b, 1))))
				z = elements[i]
				E(&z).add(&z, y)
				E(&z).sub(&z, y)
				if !E(&z).equal(x) {
					t.Errorf("%x + %x - %x is another number", a, b, b)
				}
				if x.equal(y) != (a.Cmp(b) == 0) {
					t.Errorf("equal of %x and %x is %v", a, b, x.equal(y))
				}
			}
		}
		testInvertAll[F, E](t, elements, numbers, p)
	}
}

func testInvertAll[F any, E element[F]](t *testing.T, elements []F, numbers []*big.Int, p *big.Int) {
	var some []F
	var want []*big.Int
	for i := range elements {
		if numbers[i].Sign() != 0 {
			some, want = append(some, elements[i]), append(want, new(big.Int).ModInverse(numbers[i], p))
		}
	}
	E(&some[0]).invertAll(some)
	for i := range some {
		check[F, E](t, "invertAll", &some[i], want[i])
	}
	E(&some[0]).invertAll(nil)
}

func check[F any, E element[F]](t *testing.T, what string, got E, want *big.Int) {
	t.Helper()
	if w := got.words(); w.big().Cmp(want) != 0 {
		t.Errorf("%s gives %x, want %x", what, w.big(), want)
	}
}

func TestOrders(t *testing.T) {
	random := rand.NewChaCha8([32]byte{9})
	for _, ps := range append(Sets(), Example256, Example512) {
		c := ps.curve
		q := c.q.big()
		inside := []*big.Int{big.NewInt(1)}
		for _, v := range edges(c.size/8, q, random) {
			if v.Sign() > 0 && v.Cmp(q) < 0 {
				inside = append(inside, v)
			}
			e := constant(v)
			r, s := constant(inside[0]), constant(inside[len(inside)/2])
			z1, z2 := c.order.scalars(&e, &r, &s)
			w := new(big.Int).Mod(v, q)
			if w.Sign() == 0 {
				w.SetInt64(1)
			}
			w.ModInverse(w, q)
			want1 := new(big.Int).Mul(inside[len(inside)/2], w)
			want2 := new(big.Int).Mul(new(big.Int).Sub(q, inside[0]), w)
			if z1.big().Cmp(want1.Mod(want1, q)) != 0 || z2.big().Cmp(want2.Mod(want2, q)) != 0 {
				t.Errorf("%s: e = %x gives %x and %x, want %x and %x", ps, v, z1.big(), z2.big(), want1, want2)
			}
		}
	}
}

// TestDigits puts numbers together again from their digits.
func TestDigits(t *testing.T) {
	random := rand.NewChaCha8([32]byte{10})
	top := new(big.Int).Lsh(big.NewInt(1), 512)
	for _, v := range edges(8, top.Sub(top, big.NewInt(569)), random) {
		x := constant(v)
		for width := uint(2); width <= 12; width++ {
			digits := make([]int16, 514)
			n := recode(digits, &x, width)
			sum, last := new(big.Int), -int(width)
			for i, d := range digits {
				if d == 0 {
					continue
				}
				if d&1 == 0 || d >= 1<<(width-1) || d <= -1<<(width-1) || i-last < int(width) || i >= n {
					t.Fatalf("width %d: digit %d at %d after %d, of %d", width, d, i, last, n)
				}
				last = i
				sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(d)), uint(i)))
			}
			if sum.Cmp(v) != 0 {
				t.Errorf("recode of %x with width %d gives %x", v, width, sum)
			}
			digits = make([]int16, (512+width)/width)
			cut(digits, &x, width)
			sum.SetInt64(0)
			for i, d := range digits {
				if d > 1<<(width-1) || d < -1<<(width-1) {
					t.Fatalf("width %d: digit %d", width, d)
				}
				sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(d)), uint(i)*width))
			}
			if sum.Cmp(v) != 0 {
				t.Errorf("cut of %x with width %d gives %x", v, width, sum)
			}
		}
	}
}
