// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostsign"
)

// TestParameters compares the tables with those of the twin, which are written in another form, and checks what they must satisfy.
func TestParameters(t *testing.T) {
	for _, p := range pairs(t) {
		got, c := gost.Parameters(p.set), p.curve
		for name, pair := range map[string][2]*big.Int{
			"p": {got["p"], c.P}, "a": {got["a"], c.A}, "b": {got["b"], c.B}, "q": {got["q"], c.Q}, "x": {got["x"], c.X}, "y": {got["y"], c.Y},
		} {
			if pair[0].Cmp(pair[1]) != 0 {
				t.Errorf("%s: %s is %x here and %x in the twin", p.set, name, pair[0], pair[1])
			}
		}
		if got["prime"].Cmp(c.P) != 0 {
			t.Errorf("%s: the field has the prime %x", p.set, got["prime"])
		}
		if p.set.Bits() != 8*c.Size {
			t.Errorf("%s: %d bits", p.set, p.set.Bits())
		}
	}
}

func TestParse(t *testing.T) {
	one := big.NewInt(1)
	for _, p := range pairs(t) {
		c := p.curve
		good := c.Encode(c.X, c.Y)
		top := new(big.Int).Sub(new(big.Int).Lsh(one, uint(8*c.Size)), one)
		xp, yp := new(big.Int).Add(c.X, c.P), new(big.Int).Add(c.Y, c.P)
		for _, tc := range []struct {
			name string
			raw  []byte
			want error
		}{
			{"generator", good, nil},
			{"empty", nil, gost.ErrLength},
			{"short", good[1:], gost.ErrLength},
			{"long", append(bytes.Clone(good), 0), gost.ErrLength},
			{"compressed", append([]byte{2}, good[:c.Size]...), gost.ErrLength},
			{"x is p", c.Encode(c.P, c.Y), gost.ErrRange},
			{"y is p", c.Encode(c.X, c.P), gost.ErrRange},
			{"x is the greatest number", c.Encode(top, c.Y), gost.ErrRange},
			{"y is the greatest number", c.Encode(c.X, top), gost.ErrRange},
			{"ordinate changed", c.Encode(c.X, new(big.Int).Mod(new(big.Int).Add(c.Y, one), c.P)), gost.ErrCurve},
			{"big-endian", append(c.X.FillBytes(make([]byte, c.Size)), c.Y.FillBytes(make([]byte, c.Size))...), errors.New("any")},
			{"zeros, as some write the neutral point", make([]byte, 2*c.Size), gost.ErrCurve},
		} {
			_, err := gost.ParsePublicKey(p.set, tc.raw)
			if tc.want == nil && err != nil || tc.want != nil && err == nil {
				t.Errorf("%s, %s: %v", p.set, tc.name, err)
			} else if tc.name != "big-endian" && !errors.Is(err, tc.want) {
				t.Errorf("%s, %s: %v, want %v", p.set, tc.name, err, tc.want)
			}
		}
		// The same point with coordinates increased by p, where that has room.
		for _, raw := range [][2]*big.Int{{xp, c.Y}, {c.X, yp}} {
			if raw[0].Cmp(top) > 0 || raw[1].Cmp(top) > 0 {
				continue
			}
			if _, err := gost.ParsePublicKey(p.set, c.Encode(raw[0], raw[1])); !errors.Is(err, gost.ErrRange) {
				t.Errorf("%s: coordinate above p: %v", p.set, err)
			}
		}
	}
}

// TestSmallOrder refuses the points of order two and four, and sums of them with good keys, on the curves with a cofactor of four
// (RFC 7091 section 5.2: the key is a multiple of the generator).
func TestSmallOrder(t *testing.T) {
	for _, p := range pairs(t) {
		c := p.curve
		if c.Cofactor == 1 {
			continue
		}
		found := 0
		for _, small := range smallOrder(t, c) {
			found++
			if _, err := gost.ParsePublicKey(p.set, c.Encode(small[0], small[1])); !errors.Is(err, gost.ErrNeutral) {
				t.Errorf("%s: point of small order: %v", p.set, err)
			}
			x, y := c.Add(c.X, c.Y, small[0], small[1])
			if !c.On(x, y) {
				t.Fatal("the twin adds wrongly")
			}
			if _, err := gost.ParsePublicKey(p.set, c.Encode(x, y)); !errors.Is(err, gost.ErrNeutral) {
				t.Errorf("%s: generator plus a point of small order: %v", p.set, err)
			}
		}
		if found != 3 {
			t.Errorf("%s: %d points of small order, want 3", p.set, found)
		}
	}
}

// TestAnyPoint takes points of the curve at random, of which a quarter have the right order.
func TestAnyPoint(t *testing.T) {
	for _, p := range pairs(t) {
		c := p.curve
		good := 0
		for i := int64(1); i < 48; i++ {
			x := new(big.Int).Sub(c.P, big.NewInt(i*i*i))
			v := new(big.Int).Mul(x, x)
			v.Add(v, c.A).Mul(v, x).Add(v, c.B).Mod(v, c.P)
			y := new(big.Int).ModSqrt(v, c.P)
			if y == nil {
				continue
			}
			neutral, _ := c.Multiply(c.Q, x, y)
			_, err := gost.ParsePublicKey(p.set, c.Encode(x, y))
			if (err == nil) != (neutral == nil) {
				t.Errorf("%s: x = -%d³: %v", p.set, i, err)
			}
			if err == nil {
				good++
			}
		}
		if good == 0 {
			t.Errorf("%s: no point accepted", p.set)
		}
	}
}

// smallOrder gives the points of order two and four.
func smallOrder(t *testing.T, c *gostsign.Curve) map[string][2]*big.Int {
	t.Helper()
	out := map[string][2]*big.Int{}
	for i := int64(1); i < 200 && len(out) < 3; i++ {
		x := big.NewInt(i)
		v := new(big.Int).Mul(x, x)
		v.Add(v, c.A).Mul(v, x).Add(v, c.B).Mod(v, c.P)
		y := new(big.Int).ModSqrt(v, c.P)
		if y == nil {
			continue
		}
		if sx, sy := c.Multiply(c.Q, x, y); sx != nil {
			out[sx.String()+" "+sy.String()] = [2]*big.Int{sx, sy}
			for range 2 { // its multiples
				mx, my := c.Add(sx, sy, sx, sy)
				if mx == nil {
					break
				}
				out[mx.String()+" "+my.String()] = [2]*big.Int{mx, my}
				if mx, my = c.Add(mx, my, sx, sy); mx != nil {
					out[mx.String()+" "+my.String()] = [2]*big.Int{mx, my}
				}
			}
		}
	}
	return out
}

func TestKey(t *testing.T) {
	sets := map[string]*gost.ParamSet{}
	for _, ps := range gost.Sets() {
		sets[ps.Name()] = ps
	}
	key, err := gostsign.GenerateKey(sets["CryptoPro-A"])
	if err != nil {
		t.Fatal(err)
	}
	parse := func(ps *gost.ParamSet) *gost.PublicKey {
		k, err := gost.ParsePublicKey(ps, key.Public())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a, again, other := parse(sets["CryptoPro-A"]), parse(sets["CryptoPro-A"]), parse(sets["tc26-256-B"])
	if !a.Equal(again) || !a.Equal(a) {
		t.Error("equal keys differ")
	}
	if a.Equal(other) || a.Equal(nil) {
		t.Error("keys of different sets are equal")
	}
	raw := a.Bytes()
	raw[0] ^= 1
	if !bytes.Equal(a.Bytes(), key.Public()) {
		t.Error("a caller changed the key through Bytes")
	}
	if a.ParamSet() != sets["CryptoPro-A"] {
		t.Error("key of another set")
	}
	oid := a.ParamSet().OID()
	oid[0] = 9
	if a.ParamSet().OID()[0] == 9 {
		t.Error("a caller changed the set through OID")
	}
}
