// SPDX-License-Identifier: Apache-2.0

package kuznyechik

import "sync"

// pi is the substitution of RFC 7801 section 4.1.1, inverse the way back.
var pi = [256]byte{
	252, 238, 221, 17, 207, 110, 49, 22, 251, 196, 250, 218, 35, 197, 4, 77,
	233, 119, 240, 219, 147, 46, 153, 186, 23, 54, 241, 187, 20, 205, 95, 193,
	249, 24, 101, 90, 226, 92, 239, 33, 129, 28, 60, 66, 139, 1, 142, 79,
	5, 132, 2, 174, 227, 106, 143, 160, 6, 11, 237, 152, 127, 212, 211, 31,
	235, 52, 44, 81, 234, 200, 72, 171, 242, 42, 104, 162, 253, 58, 206, 204,
	181, 112, 14, 86, 8, 12, 118, 18, 191, 114, 19, 71, 156, 183, 93, 135,
	21, 161, 150, 41, 16, 123, 154, 199, 243, 145, 120, 111, 157, 158, 178, 177,
	50, 117, 25, 61, 255, 53, 138, 126, 109, 84, 198, 128, 195, 189, 13, 87,
	223, 245, 36, 169, 62, 168, 67, 201, 215, 121, 214, 246, 124, 34, 185, 3,
	224, 15, 236, 222, 122, 148, 176, 188, 220, 232, 40, 80, 78, 51, 10, 74,
	167, 151, 96, 115, 30, 0, 98, 68, 26, 184, 56, 130, 100, 159, 38, 65,
	173, 69, 70, 146, 39, 94, 85, 47, 140, 163, 165, 125, 105, 213, 149, 59,
	7, 88, 179, 64, 134, 172, 29, 247, 48, 55, 107, 228, 136, 217, 231, 137,
	225, 27, 131, 73, 76, 63, 248, 254, 141, 83, 170, 144, 202, 216, 133, 97,
	32, 113, 103, 164, 45, 43, 9, 91, 203, 155, 37, 208, 190, 229, 108, 82,
	89, 166, 116, 210, 230, 244, 180, 192, 209, 102, 175, 194, 57, 75, 99, 182,
}

var inverse = turn()

func turn() (t [256]byte) {
	for i, v := range pi {
		t[v] = byte(i)
	}
	return t
}

// linear has the coefficients of l, the one octet that a step of R makes (RFC 7801 section 4.1.2).
var linear = [BlockSize]byte{148, 32, 133, 16, 194, 192, 1, 251, 1, 192, 194, 16, 133, 32, 148, 1}

// lookups are tables of what an octet in its place adds to the sum: after S and L in encryption, after the inverse of S and the inverse
// of L in decryption. constants are those of the key schedule, L of the numbers 1 to 32.
type lookups struct {
	encryption, decryption [BlockSize][256]block
	constants              [32]block
}

// tables are made at first use: most programs that hold this package never meet a card.
var tables = sync.OnceValue(func() *lookups {
	t := &lookups{}
	combine(&t.encryption, &pi, forwards)
	combine(&t.decryption, &inverse, backwards)
	for i := range t.constants {
		b := [BlockSize]byte{15: byte(i + 1)}
		forwards(&b)
		t.constants[i] = load(b[:])
	}
	return t
})

// combine fills a table from the eight bits of each place: l is linear.
func combine(t *[BlockSize][256]block, s *[256]byte, l func(*[BlockSize]byte)) {
	for i := range BlockSize {
		var sums [256]block
		for v := 1; v < 256; v++ {
			if rest := v & (v - 1); rest != 0 {
				sums[v] = sums[rest].xor(sums[v^rest])
				continue
			}
			b := [BlockSize]byte{}
			b[i] = byte(v)
			l(&b)
			sums[v] = load(b[:])
		}
		for v := range t[i] {
			t[i][v] = sums[s[v]]
		}
	}
}

// forwards is L: sixteen steps of R.
func forwards(b *[BlockSize]byte) {
	for range BlockSize {
		var sum byte
		for i, v := range b {
			sum ^= multiply(v, linear[i])
		}
		copy(b[1:], b[:])
		b[0] = sum
	}
}

// backwards is the inverse of L.
func backwards(b *[BlockSize]byte) {
	for range BlockSize {
		first := b[0]
		copy(b[:], b[1:])
		b[15] = first
		var sum byte
		for i, v := range b {
			sum ^= multiply(v, linear[i])
		}
		b[15] = sum
	}
}

// multiply is the product in the field of 256 elements modulo x⁸ + x⁷ + x⁶ + x + 1.
func multiply(a, b byte) (z byte) {
	for ; b > 0; b >>= 1 {
		z ^= a * (b & 1)
		a = a<<1 ^ a>>7*0xC3
	}
	return z
}
