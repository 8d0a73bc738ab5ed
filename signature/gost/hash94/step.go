// SPDX-License-Identifier: Apache-2.0

package hash94

import (
	"encoding/binary"
	"math/bits"
)

// third is C3 of RFC 5831 section 6.1; C2 and C4 are zero.
var third = word{0xff00ff00ff00ff00, 0x00ff00ff00ff00ff, 0xff0000ff00ffff00, 0xff00ffff000000ff}

// step is the step hashing function of RFC 5831 section 6: keys from the state and m,
// encryption of the state by quarters, mixing.
func (a *word) step(m *word, b *box) {
	var s word
	u, v := *a, *m
	for i := range s {
		if i > 0 {
			u = u.turn()
			if i == 2 {
				u = u.xor(&third)
			}
			v = v.turn()
			v = v.turn()
		}
		w := u.xor(&v)
		key := w.spread()
		s[i] = b.encrypt(&key, a[i])
	}
	s.shift(12)
	s = s.xor(m)
	s.shift(1)
	s = s.xor(a)
	s.shift(61)
	*a = s
}

func (a word) xor(b *word) word {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// turn is A of RFC 5831 section 6.1.
func (a word) turn() word { return word{a[1], a[2], a[3], a[0] ^ a[1]} }

// spread is P of RFC 5831 section 6.1, given as the eight parts of a key: byte
// k of the quarter i becomes byte i of the part k.
func (a word) spread() (key [8]uint32) {
	for i, quarter := range a {
		for k := range key {
			key[k] |= uint32(uint8(quarter>>(8*k))) << (8 * i)
		}
	}
	return key
}

// shift is psi of RFC 5831 section 6.3, that many times: a register of sixteen
// parts of 16 bits, where six parts make the next.
func (a *word) shift(times int) {
	var y [16 + 61]uint16
	for i := range 16 {
		y[i] = uint16(a[i/4] >> (16 * (i % 4)))
	}
	for i := range times {
		y[i+16] = y[i] ^ y[i+1] ^ y[i+2] ^ y[i+3] ^ y[i+12] ^ y[i+15]
	}
	var b [32]byte
	for i := range 16 {
		binary.LittleEndian.PutUint16(b[2*i:], y[times+i])
	}
	for i := range a {
		a[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
}

// box is a substitution of GOST 28147-89, two nodes at once, with the rotation
// by 11 done.
type box [4][256]uint32

// cryptoPro is id-GostR3411-94-CryptoProParamSet, RFC 4357 section 11.2.
var cryptoPro = substitution([8][16]uint8{
	{0xA, 0x4, 0x5, 0x6, 0x8, 0x1, 0x3, 0x7, 0xD, 0xC, 0xE, 0x0, 0x9, 0x2, 0xB, 0xF},
	{0x5, 0xF, 0x4, 0x0, 0x2, 0xD, 0xB, 0x9, 0x1, 0x7, 0x6, 0x3, 0xC, 0xE, 0xA, 0x8},
	{0x7, 0xF, 0xC, 0xE, 0x9, 0x4, 0x1, 0x0, 0x3, 0xB, 0x5, 0x2, 0x6, 0xA, 0x8, 0xD},
	{0x4, 0xA, 0x7, 0xC, 0x0, 0xF, 0x2, 0x8, 0xE, 0x1, 0x6, 0x5, 0xD, 0xB, 0x9, 0x3},
	{0x7, 0x6, 0x4, 0xB, 0x9, 0xC, 0x2, 0xA, 0x1, 0x8, 0x0, 0xE, 0xF, 0xD, 0x3, 0x5},
	{0x7, 0x6, 0x2, 0x4, 0xD, 0x9, 0xF, 0x0, 0xA, 0x1, 0x5, 0xB, 0x8, 0xE, 0xC, 0x3},
	{0xD, 0xE, 0x4, 0x1, 0x7, 0x0, 0x5, 0xA, 0x3, 0xC, 0x8, 0xF, 0x6, 0x2, 0x9, 0xB},
	{0x1, 0x3, 0xA, 0x9, 0x5, 0xB, 0x4, 0xF, 0x8, 0x6, 0x7, 0xE, 0xD, 0x0, 0x2, 0xC},
})

// substitution makes the tables from the eight nodes, that of the lowest bits
// first.
func substitution(nodes [8][16]uint8) (b box) {
	for i := range b {
		for v := range b[i] {
			both := uint32(nodes[2*i+1][v>>4])<<4 | uint32(nodes[2*i][v&15])
			b[i][v] = bits.RotateLeft32(both<<(8*i), 11)
		}
	}
	return b
}

// round is one round of GOST 28147-89 (RFC 5830 section 5) without the sum.
func (b *box) round(x uint32) uint32 {
	return b[0][uint8(x)] ^ b[1][uint8(x>>8)] ^ b[2][uint8(x>>16)] ^ b[3][uint8(x>>24)]
}

// encrypt is GOST 28147-89 in simple substitution mode (RFC 5830 section 5):
// the key three times forward and once backward.
func (b *box) encrypt(key *[8]uint32, block uint64) uint64 {
	low, high := uint32(block), uint32(block>>32)
	for range 3 {
		for i := 0; i < 8; i += 2 {
			high ^= b.round(low + key[i])
			low ^= b.round(high + key[i+1])
		}
	}
	for i := 7; i > 0; i -= 2 {
		high ^= b.round(low + key[i])
		low ^= b.round(high + key[i-1])
	}
	return uint64(low)<<32 | uint64(high)
}
