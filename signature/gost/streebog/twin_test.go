// SPDX-License-Identifier: Apache-2.0

package streebog

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

// twin is RFC 6986 word for word: vectors of 64 bytes with the highest first as
// the RFC prints them, byte after byte and bit after bit, sums by math/big.
type twin [64]byte

func (v twin) xor(o twin) twin {
	for i := range v {
		v[i] ^= o[i]
	}
	return v
}

func (v twin) lps() (out twin) {
	var p twin
	for i := range v { // S, and P: a byte of row i goes to column i
		p[8*(i%8)+i/8] = pi[v[i]]
	}
	for row := range 8 { // L: each row of 64 bits times the matrix
		var sum uint64
		for bit := range 64 {
			if p[8*row+bit/8]>>(7-bit%8)&1 == 1 {
				sum ^= matrix[bit]
			}
		}
		for k := range 8 {
			out[8*row+k] = byte(sum >> (56 - 8*k))
		}
	}
	return out
}

func (v twin) number() *big.Int { return new(big.Int).SetBytes(v[:]) }

func fromNumber(n *big.Int) (v twin) {
	n = new(big.Int).Mod(n, new(big.Int).Lsh(big.NewInt(1), 512))
	n.FillBytes(v[:])
	return v
}

func constant(i int) (v twin) {
	for k := range 64 {
		v[63-k] = byte(constants[i][k/8] >> (8 * (k % 8)))
	}
	return v
}

func g(h, n, m twin) twin {
	key, state := h.xor(n).lps(), m
	for i := range rounds {
		state = state.xor(key).lps()
		key = key.xor(constant(i)).lps()
	}
	return state.xor(key).xor(h).xor(m)
}

// slow is the digest of that many bytes.
func slow(size int, message []byte) []byte {
	var h, zero twin
	if size == Size256 {
		h = twin(bytes.Repeat([]byte{1}, 64))
	}
	count, sum := new(big.Int), new(big.Int)
	for {
		part := min(len(message), BlockSize)
		var m twin
		for i := range part {
			m[63-i] = message[i]
		}
		if part < BlockSize {
			m[63-part] = 1
		}
		h = g(h, fromNumber(count), m)
		count.Add(count, big.NewInt(int64(8*part)))
		sum.Add(sum, m.number())
		if message = message[part:]; part < BlockSize {
			break
		}
	}
	h = g(g(h, zero, fromNumber(count)), zero, fromNumber(sum))
	out := make([]byte, size)
	for i := range out {
		out[i] = h[size-1-i]
	}
	return out
}

func quick(size int, message []byte) []byte {
	if size == Size256 {
		d := Sum256(message)
		return d[:]
	}
	d := Sum512(message)
	return d[:]
}

func TestTwin(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	carrying := bytes.Repeat([]byte{0xff}, 257)
	// A sum whose carry must run through words that are all ones.
	through := append(append(bytes.Repeat([]byte{0xff}, 64), 1), make([]byte, 63)...)
	// A word that is all ones plus a carry plus zero: the carry comes from the
	// incoming one only, which a comparison of sum and summand misses.
	missed := append(append(bytes.Repeat([]byte{0xff}, 64), bytes.Repeat([]byte{0xff}, 16)...), make([]byte, 48)...)
	cases := [][]byte{nil, {0}, {0xff}, make([]byte, 63), make([]byte, 64), make([]byte, 65), through, missed}
	for n := range 10 {
		cases = append(cases, carrying[:n*28])
	}
	for range 40 {
		m := make([]byte, random.IntN(400))
		for i := range m {
			m[i] = byte(random.Uint32())
		}
		cases = append(cases, m)
	}
	for _, m := range cases {
		for _, size := range []int{Size256, Size512} {
			if got, want := quick(size, m), slow(size, m); !bytes.Equal(got, want) {
				t.Fatalf("%d bits of %x:\ngot  %x\nwant %x", 8*size, m, got, want)
			}
		}
	}
}

// TestCountCarries reaches past 2^64 bits by setting the state, for nobody can
// hash that much.
func TestCountCarries(t *testing.T) {
	d := begin(Size512)
	d.count = word{1<<64 - 512, 1<<64 - 1, 7}
	d.absorb(make([]byte, 64))
	if want := (word{0, 0, 8}); d.count != want {
		t.Errorf("count is %x, want %x", d.count, want)
	}
}

// TestAddCarries is for the mistake that several implementations were known
// for: a word of ones plus a carry makes a carry again.
func TestAddCarries(t *testing.T) {
	for name, c := range map[string]struct{ a, b, want word }{
		"ones and one":     {word{1<<64 - 1, 1<<64 - 1, 5}, word{1}, word{0, 0, 6}},
		"ones and ones":    {word{1<<64 - 1, 1<<64 - 1}, word{1<<64 - 1, 1<<64 - 1}, word{1<<64 - 2, 1<<64 - 1, 1}},
		"off the top":      {word{7: 1 << 63}, word{7: 1 << 63}, word{}},
		"through the rest": {word{1, ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}, word{^uint64(0)}, word{}},
	} {
		if c.a.add(&c.b); c.a != c.want {
			t.Errorf("%s: %x, want %x", name, c.a, c.want)
		}
	}
}

// FuzzTwin compares with the slow twin, in two pieces.
func FuzzTwin(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add(bytes.Repeat([]byte{0xff}, 130), 64)
	f.Add([]byte("0123456789"), 3)
	f.Fuzz(func(t *testing.T, m []byte, cut int) {
		m = m[:min(len(m), 1<<12)]
		cut = max(0, min(cut, len(m)))
		for _, size := range []int{Size256, Size512} {
			d := begin(size)
			d.Write(m[:cut])
			d.Write(m[cut:])
			if got, want := d.Sum(nil), slow(size, m); !bytes.Equal(got, want) {
				t.Errorf("%d bits: %x, want %x", 8*size, got, want)
			}
		}
	})
}
