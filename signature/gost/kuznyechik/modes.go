// SPDX-License-Identifier: Apache-2.0

package kuznyechik

import (
	"crypto/cipher"
	"crypto/subtle"
	"errors"
)

// Why a mode was refused.
var (
	ErrIVSize  = errors.New("kuznyechik: initialisation vector of wrong length")
	ErrPartial = errors.New("kuznyechik: data are not a whole number of blocks")
	ErrMACSize = errors.New("kuznyechik: MAC of impossible length")
)

// EncryptCBC encrypts whole blocks by GOST R 34.13-2015 section 5.4 and returns a new slice. The vector has as many octets as the shift
// register, a multiple of 16 from 16 on; of 16 octets it is CBC as everywhere. Padding is the caller's: section 4.1.2 is Pad.
func (c *Cipher) EncryptCBC(iv, plain []byte) ([]byte, error) {
	register, err := shiftRegister(iv, plain)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(plain))
	for i := 0; i < len(plain); i += BlockSize {
		b := load(plain[i:]).xor(register[0]).encrypt(c)
		b.store(out[i:])
		register = append(register[1:], b)
	}
	return out, nil
}

// DecryptCBC is the way back from EncryptCBC.
func (c *Cipher) DecryptCBC(iv, encrypted []byte) ([]byte, error) {
	register, err := shiftRegister(iv, encrypted)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(encrypted))
	for i := 0; i < len(encrypted); i += BlockSize {
		c.Decrypt(out[i:], encrypted[i:])
		load(out[i:]).xor(register[0]).store(out[i:])
		register = append(register[1:], load(encrypted[i:]))
	}
	return out, nil
}

func shiftRegister(iv, data []byte) ([]block, error) {
	if len(iv) == 0 || len(iv)%BlockSize != 0 {
		return nil, ErrIVSize
	}
	if len(data)%BlockSize != 0 {
		return nil, ErrPartial
	}
	register := make([]block, 0, (len(iv)+len(data))/BlockSize)
	for i := 0; i < len(iv); i += BlockSize {
		register = append(register, load(iv[i:]))
	}
	return register, nil
}

// CTR is the stream of GOST R 34.13-2015 section 5.2 with s = n: the vector has 8 octets and is followed by a counter of 8, from zero on.
// It encrypts and decrypts; one vector must never serve two messages under a key.
func (c *Cipher) CTR(iv []byte) (cipher.Stream, error) {
	if len(iv) != BlockSize/2 {
		return nil, ErrIVSize
	}
	var counter [BlockSize]byte
	copy(counter[:], iv)
	return cipher.NewCTR(c, counter[:]), nil
}

// Pad is procedure 2 of GOST R 34.13-2015 section 4.1.2, which ISO/IEC 7816-4 also uses: an octet 80 and then zeros up to a whole number of
// blocks; it always adds something. The result is a new slice.
func Pad(data []byte) []byte {
	out := make([]byte, (len(data)/BlockSize+1)*BlockSize)
	copy(out, data)
	out[len(data)] = 0x80
	return out
}

// Unpad takes away what Pad added; false when there is none. The result shares memory with data. It looks at data only after a MAC over them
// has been checked: how long it takes tells the length.
func Unpad(data []byte) ([]byte, bool) {
	for i := len(data) - 1; i >= 0 && i >= len(data)-BlockSize; i-- {
		switch data[i] {
		case 0:
		case 0x80:
			return data[:i], len(data)%BlockSize == 0
		default:
			return nil, false
		}
	}
	return nil, false
}

// MAC is the authentication code of GOST R 34.13-2015 section 5.6, which is CMAC (OMAC1), over the parts of a message one after another. size
// is from 1 to 16 octets, the first of the whole.
func (c *Cipher) MAC(size int, parts ...[]byte) ([]byte, error) {
	if size < 1 || size > BlockSize {
		return nil, ErrMACSize
	}
	var state block
	var rest [BlockSize]byte
	filled := 0
	for _, part := range parts {
		for len(part) > 0 {
			if filled == BlockSize {
				state = state.xor(load(rest[:])).encrypt(c)
				filled = 0
			}
			n := copy(rest[filled:], part)
			filled += n
			part = part[n:]
		}
	}
	key := block{}.encrypt(c).double()
	if filled < BlockSize {
		key = key.double()
		rest[filled] = 0x80
		clear(rest[filled+1:])
	}
	var out [BlockSize]byte
	state.xor(load(rest[:])).xor(key).encrypt(c).store(out[:])
	clear(rest[:])
	return out[:size:size], nil
}

// Authentic says whether mac is the MAC of the parts, in a time that doesn't depend on where they differ. Lengths that MAC refuses are not.
func (c *Cipher) Authentic(mac []byte, parts ...[]byte) bool {
	want, err := c.MAC(len(mac), parts...)
	return err == nil && subtle.ConstantTimeCompare(want, mac) == 1
}

// double shifts by one bit and, when a bit fell out, adds B_128 (GOST R 34.13-2015 section 5.6.1).
func (b block) double() block {
	return block{b.hi<<1 | b.lo>>63, b.lo<<1 ^ b.hi>>63*0x87}
}
