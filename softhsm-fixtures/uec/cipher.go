// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"crypto/hmac"
	"encoding/binary"
	"math/big"
	"slices"

	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
)

// The card computes with means of its own, slowly and from the standards' own
// words, so that a slip in the terminal's code shows as a card that won't talk.

const block = 16

// pi is the substitution of GOST R 34.12-2015 section 4.1.1.
var pi = [256]byte{
	252, 238, 221, 17, 207, 110, 49, 22, 251, 196, 250, 218, 35, 197, 4, 77, 233, 119, 240, 219, 147, 46, 153, 186, 23, 54, 241, 187, 20, 205, 95, 193,
	249, 24, 101, 90, 226, 92, 239, 33, 129, 28, 60, 66, 139, 1, 142, 79, 5, 132, 2, 174, 227, 106, 143, 160, 6, 11, 237, 152, 127, 212, 211, 31,
	235, 52, 44, 81, 234, 200, 72, 171, 242, 42, 104, 162, 253, 58, 206, 204, 181, 112, 14, 86, 8, 12, 118, 18, 191, 114, 19, 71, 156, 183, 93, 135,
	21, 161, 150, 41, 16, 123, 154, 199, 243, 145, 120, 111, 157, 158, 178, 177, 50, 117, 25, 61, 255, 53, 138, 126, 109, 84, 198, 128, 195, 189, 13, 87,
	223, 245, 36, 169, 62, 168, 67, 201, 215, 121, 214, 246, 124, 34, 185, 3, 224, 15, 236, 222, 122, 148, 176, 188, 220, 232, 40, 80, 78, 51, 10, 74,
	167, 151, 96, 115, 30, 0, 98, 68, 26, 184, 56, 130, 100, 159, 38, 65, 173, 69, 70, 146, 39, 94, 85, 47, 140, 163, 165, 125, 105, 213, 149, 59,
	7, 88, 179, 64, 134, 172, 29, 247, 48, 55, 107, 228, 136, 217, 231, 137, 225, 27, 131, 73, 76, 63, 248, 254, 141, 83, 170, 144, 202, 216, 133, 97,
	32, 113, 103, 164, 45, 43, 9, 91, 203, 155, 37, 208, 190, 229, 108, 82, 89, 166, 116, 210, 230, 244, 180, 192, 209, 102, 175, 194, 57, 75, 99, 182,
}

// linear are the coefficients of section 4.1.2.
var linear = [block]byte{148, 32, 133, 16, 194, 192, 1, 251, 1, 192, 194, 16, 133, 32, 148, 1}

// times multiplies in the field modulo x^8 + x^7 + x^6 + x + 1.
func times(a, b byte) (z byte) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			z ^= a
		}
		carry := a & 0x80
		if a <<= 1; carry != 0 {
			a ^= 0xC3
		}
	}
	return z
}

var (
	pro    = products()
	contra = inverse()
)

// products holds every coefficient times every byte.
func products() (t [block][256]byte) {
	for i := range t {
		for x := range 256 {
			t[i][x] = times(linear[i], byte(x))
		}
	}
	return t
}

func inverse() (t [256]byte) {
	for x, y := range pi {
		t[y] = byte(x)
	}
	return t
}

// cipher is Kuznyechik: GOST R 34.12-2015 section 4.
type kuznyechik [10][block]byte

func newCipher(key []byte) *kuznyechik {
	var k kuznyechik
	a, b := [block]byte(key[:block]), [block]byte(key[block:])
	k[0], k[1] = a, b
	for i := 1; i <= 32; i++ {
		c := [block]byte{block - 1: byte(i)}
		mix(&c)
		t := a
		round(&t, &c)
		for j := range t {
			t[j] ^= b[j]
		}
		a, b = t, a
		if i%8 == 0 {
			k[i/4], k[i/4+1] = a, b
		}
	}
	return &k
}

// round is LSX.
func round(x, key *[block]byte) {
	for i := range x {
		x[i] = pi[x[i]^key[i]]
	}
	mix(x)
}

// mix is L: sixteen steps of R.
func mix(x *[block]byte) {
	for range block {
		var l byte
		for i, b := range x {
			l ^= pro[i][b]
		}
		copy(x[1:], x[:block-1])
		x[0] = l
	}
}

func (k *kuznyechik) encrypt(x [block]byte) [block]byte {
	for i := range 9 {
		round(&x, &k[i])
	}
	for i := range x {
		x[i] ^= k[9][i]
	}
	return x
}

func (k *kuznyechik) decrypt(x [block]byte) [block]byte {
	for i := range x {
		x[i] ^= k[9][i]
	}
	for r := 8; r >= 0; r-- {
		for range block { // the inverse of R
			head := x[0]
			copy(x[:], x[1:])
			x[block-1] = 0
			var l byte
			for i, b := range x[:block-1] {
				l ^= pro[i][b]
			}
			x[block-1] = l ^ head
		}
		for i := range x {
			x[i] = contra[x[i]] ^ k[r][i]
		}
	}
	return x
}

// cmac is GOST R 34.13-2015 section 5.6, the whole block.
func (k *kuznyechik) cmac(message []byte) [block]byte {
	sub := double(k.encrypt([block]byte{}))
	n := max((len(message)+block-1)/block, 1)
	last := make([]byte, block)
	tail := message[(n-1)*block:]
	copy(last, tail)
	if len(tail) < block {
		sub = double(sub)
		last[len(tail)] = 0x80
	}
	var x [block]byte
	for i := range n {
		b := last
		if i < n-1 {
			b = message[i*block : (i+1)*block]
		}
		for j := range x {
			x[j] ^= b[j]
			if i == n-1 {
				x[j] ^= sub[j]
			}
		}
		x = k.encrypt(x)
	}
	return x
}

func double(x [block]byte) (z [block]byte) {
	for i := range x {
		z[i] = x[i] << 1
		if i < block-1 {
			z[i] |= x[i+1] >> 7
		}
	}
	if x[0]&0x80 != 0 {
		z[block-1] ^= 0x87
	}
	return z
}

// keys are the two keys of a session: RFC 7836 sections 4.3 and 4.5 in the words of this card's specification.
func sessionKeys(own *gostsign.PrivateKey, peer, randoms []byte) (encryption, mac []byte, ok bool) {
	c := own.Curve()
	x, y, ok := c.Decode(peer)
	if !ok {
		return nil, nil, false
	}
	digest := streebog.Sum256(randoms)
	ukm := digest[:16]
	slices.Reverse(ukm) // little-endian
	n := new(big.Int).SetBytes(ukm)
	if n.Sign() == 0 {
		n.SetInt64(1)
	}
	n.Mul(n, own.Scalar()).Mod(n, c.Q)
	x, y = c.Multiply(n, x, y)
	secret := streebog.Sum256(c.Encode(x, y))
	var out []byte
	for i := byte(1); i <= 2; i++ {
		h := hmac.New(streebog.New256, secret[:])
		h.Write([]byte{i})
		h.Write([]byte("zaver.card.sm.1"))
		h.Write([]byte{0})
		h.Write(randoms)
		h.Write(binary.BigEndian.AppendUint16(nil, 512))
		out = h.Sum(out)
	}
	return out[:32], out[32:], true
}
