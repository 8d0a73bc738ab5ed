// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostsign"
)

// pair is a set here and its twin there.
type pair struct {
	set   *gost.ParamSet
	curve *gostsign.Curve
}

// pairs has one set for each curve; the others differ in the name only.
func pairs(t testing.TB) []pair {
	t.Helper()
	out := []pair{{gost.Example256, gostsign.Example256}, {gost.Example512, gostsign.Example512}}
	for _, ps := range gost.Sets() {
		if strings.Contains(ps.Name(), "Xch") || slices.Contains([]string{"tc26-256-B", "tc26-256-C", "tc26-256-D"}, ps.Name()) {
			continue
		}
		c, err := gostsign.ForSet(ps)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pair{ps, c})
	}
	return out
}

func (p pair) parse(t testing.TB, raw []byte) *gost.PublicKey {
	t.Helper()
	k, err := gost.ParsePublicKey(p.set, raw)
	if err != nil {
		t.Fatalf("%s: %v", p.set, err)
	}
	return k
}

// sign makes a signature that the twin accepts, of a random digest.
func (p pair) sign(t testing.TB, random *rand.ChaCha8) (key *gostsign.PrivateKey, digest, sig []byte) {
	t.Helper()
	d := new(big.Int)
	digest = make([]byte, p.curve.Size)
	random.Read(digest)
	d.SetBytes(digest).Mod(d, new(big.Int).Sub(p.curve.Q, big.NewInt(1))).Add(d, big.NewInt(1))
	random.Read(digest)
	key, err := p.curve.Key(d)
	if err != nil {
		t.Fatal(err)
	}
	if sig, err = key.SignRandom(random, digest); err != nil {
		t.Fatal(err)
	}
	return key, digest, sig
}

// agree verifies in three ways: here, here with a table, and in the twin.
func (p pair) agree(t testing.TB, what string, k *gost.PublicKey, digest, sig []byte) bool {
	t.Helper()
	want := p.curve.Verify(k.Bytes(), digest, sig)
	if got := k.Verify(digest, sig); got != want {
		t.Errorf("%s, %s: Verify gives %v, the twin %v\nkey %x\ndigest %x\nsig %x", p.set, what, got, want, k.Bytes(), digest, sig)
	}
	if got := gost.VerifyByTable(k, digest, sig); got != want {
		t.Errorf("%s, %s: by table %v, the twin %v\nkey %x\ndigest %x\nsig %x", p.set, what, got, want, k.Bytes(), digest, sig)
	}
	return want
}

func TestRandom(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for _, p := range pairs(t) {
		for range 4 {
			key, digest, sig := p.sign(t, random)
			k := p.parse(t, key.Public())
			if !p.agree(t, "good signature", k, digest, sig) {
				t.Errorf("%s: the twin refuses its own signature", p.set)
			}
			bad := slices.Clone(sig)
			bad[random.Uint64()%uint64(len(bad))] ^= 1 << (random.Uint64() % 8)
			p.agree(t, "bit of the signature", k, digest, bad)
			bad = slices.Clone(digest)
			bad[random.Uint64()%uint64(len(bad))] ^= 1 << (random.Uint64() % 8)
			if p.agree(t, "bit of the digest", k, bad, sig) {
				t.Errorf("%s: broken digest accepted", p.set)
			}
		}
	}
}

func le(c *gostsign.Curve, n *big.Int) []byte {
	b := n.FillBytes(make([]byte, c.Size))
	slices.Reverse(b)
	return b
}

// TestEdges compares on digests, signatures and keys at which multipliers vanish, numbers wrap, and additions meet equal, opposite and
// neutral points.
func TestEdges(t *testing.T) {
	one := big.NewInt(1)
	for _, p := range pairs(t) {
		c := p.curve
		top := new(big.Int).Sub(new(big.Int).Lsh(one, uint(8*c.Size)), one)
		near := func(n *big.Int) []*big.Int {
			return []*big.Int{new(big.Int).Sub(n, one), n, new(big.Int).Add(n, one)}
		}
		scalars := append(near(c.Q), one, new(big.Int), top)
		digests := append(scalars, c.P)
		if four := new(big.Int).Mul(c.Q, big.NewInt(2)); four.Cmp(top) <= 0 {
			digests = append(digests, four)
		}
		for _, d := range []*big.Int{one, new(big.Int).Sub(c.Q, one), big.NewInt(2)} {
			key, err := c.Key(d)
			if err != nil {
				t.Fatal(err)
			}
			k := p.parse(t, key.Public())
			accepted := 0
			if d != one {
				digests = digests[:3]
			}
			for _, e := range digests {
				digest := le(c, e)
				for _, n := range []*big.Int{one, new(big.Int).Sub(c.Q, big.NewInt(2))} {
					sig, err := key.SignWith(n, digest)
					if err != nil {
						continue
					}
					if p.agree(t, "key "+d.String(), k, digest, sig) {
						accepted++
					}
				}
			}
			if accepted == 0 {
				t.Errorf("%s: no edge signature of key %v accepted", p.set, d)
			}
			digest := le(c, big.NewInt(5))
			for _, s := range scalars {
				for _, r := range scalars {
					sig := append(s.FillBytes(make([]byte, c.Size)), r.FillBytes(make([]byte, c.Size))...)
					p.agree(t, "s and r at the edges", k, digest, sig)
				}
			}
		}
	}
}

// TestCandidates signs with points whose abscissa is at least q, which only the sets with a cofactor of four have often: r is x - q, x - 2q
// or x - 3q then (RFC 7091 section 6.2 step 7 compares modulo q).
func TestCandidates(t *testing.T) {
	random := rand.NewChaCha8([32]byte{2})
	for _, p := range pairs(t) {
		if p.curve.Cofactor == 1 {
			continue
		}
		seen := map[int64]bool{}
		for range 40 {
			key, digest, _ := p.sign(t, random)
			n := new(big.Int).SetBytes(digest)
			n.Mod(n, p.curve.Q)
			x, _ := p.curve.Multiply(n, p.curve.X, p.curve.Y)
			times := new(big.Int).Div(x, p.curve.Q).Int64()
			if seen[times] {
				continue
			}
			seen[times] = true
			sig, err := key.SignWith(n, digest)
			if err != nil {
				t.Fatal(err)
			}
			if !p.agree(t, "abscissa above the order", p.parse(t, key.Public()), digest, sig) {
				t.Errorf("%s: signature with x = r + %dq refused", p.set, times)
			}
			if len(seen) == 4 {
				break
			}
		}
		if len(seen) != 4 {
			t.Errorf("%s: saw abscissas of classes %v only", p.set, seen)
		}
	}
}

func TestLengths(t *testing.T) {
	random := rand.NewChaCha8([32]byte{3})
	for _, p := range pairs(t) {
		key, digest, sig := p.sign(t, random)
		k := p.parse(t, key.Public())
		for name, in := range map[string][2][]byte{
			"short digest":    {digest[1:], sig},
			"long digest":     {append([]byte{0}, digest...), sig},
			"no digest":       {nil, sig},
			"short signature": {digest, sig[1:]},
			"long signature":  {digest, append(bytes.Clone(sig), 0)},
			"no signature":    {digest, nil},
		} {
			if k.Verify(in[0], in[1]) {
				t.Errorf("%s: %s accepted", p.set, name)
			}
		}
	}
}

// reduce brings octets into [0, q).
func reduce(b []byte, q *big.Int) *big.Int { return new(big.Int).Mod(new(big.Int).SetBytes(b), q) }
