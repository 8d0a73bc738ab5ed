// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// words is a number of at most 512 bits, the lowest word first. Numbers of 256 bits leave the upper half zero.
type words [8]uint64

func bigEndian(b []byte) (x words) {
	for i := 0; i < len(b)/8; i++ {
		x[i] = binary.BigEndian.Uint64(b[len(b)-8*i-8:])
	}
	return x
}

func littleEndian(b []byte) (x words) {
	for i := 0; i < len(b)/8; i++ {
		x[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return x
}

// constant takes a number of the tables.
func constant(n *big.Int) words {
	return bigEndian(n.FillBytes(make([]byte, 64)))
}

func (x *words) isZero() bool {
	return x[0]|x[1]|x[2]|x[3]|x[4]|x[5]|x[6]|x[7] == 0
}

// less says whether x < y.
func less(x, y *words) bool {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

// subtract sets x = x - y.
func subtract(x, y *words) {
	var k uint64
	for i := range x {
		x[i], k = bits.Sub64(x[i], y[i], k)
	}
}

// field gives width bits of x from bit i on; width is at most 16.
func (x *words) field(i, width uint) uint64 {
	w, s := i/64, i%64
	if w >= uint(len(x)) {
		return 0
	}
	v := x[w] >> s
	if s+width > 64 && w+1 < uint(len(x)) {
		v |= x[w+1] << (64 - s)
	}
	return v & (1<<width - 1)
}

// recode writes x as a sum of digits[i]·2^i, where of any width digits in a row at most one isn't zero, and that one is odd and less than
// 2^(width-1) either way. It returns how many digits count; digits come in zero and are one more than the bits of x.
func recode(digits []int16, x *words, width uint) int {
	carry, n := uint64(0), 0
	for i := uint(0); i < uint(len(digits)); {
		v := x.field(i, width)
		if v&1 == carry {
			i++
			continue
		}
		v += carry
		carry = v >> (width - 1) & 1
		digits[i] = int16(v) - int16(carry<<width)
		n = int(i) + 1
		i += width
	}
	return n
}

// cut writes x as a sum of digits[i]·2^(width i), each digit at most 2^(width-1) either way. There is room for one bit more than x has.
func cut(digits []int16, x *words, width uint) {
	carry := uint64(0)
	for i := range digits {
		v := x.field(uint(i)*width, width) + carry
		carry = 0
		if v > 1<<(width-1) {
			carry = 1
		}
		digits[i] = int16(v) - int16(carry<<width)
	}
}
