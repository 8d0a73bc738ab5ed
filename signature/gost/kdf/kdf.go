// SPDX-License-Identifier: Apache-2.0

// Package kdf derives keys from a secret with GOST R 34.11-2012: HMAC (RFC 7836 section 4.1), KDF (section 4.4) and KDF_TREE (section
// 4.5). It alone owns these constructions; the hash is gost/streebog's.
//
// Streebog works by tables, so a program that shares the processor's caches may learn of the secrets. Functions are safe for many goroutines.
package kdf

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"

	"zaver/signature/gost/streebog"
)

// Size is the length of one derived block in octets.
const Size = streebog.Size256

// ErrBounds says that the counter of KDF_TREE can't have so many octets or count so many blocks, or that nothing was asked for.
var ErrBounds = errors.New("kdf: length or size of the counter out of bounds")

// HMAC256 is HMAC_GOSTR3411_2012_256 of the parts of a message one after another: 32 octets.
func HMAC256(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(streebog.New256, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// HMAC512 is HMAC_GOSTR3411_2012_512 of the parts of a message one after another: 64 octets.
func HMAC512(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(streebog.New512, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// Derive256 is KDF_GOSTR3411_2012_256: 32 octets from a key, a label and a seed.
func Derive256(key, label, seed []byte) []byte {
	return HMAC256(key, []byte{1}, label, []byte{0}, seed, []byte{1, 0})
}

// Tree256 is KDF_TREE_GOSTR3411_2012_256: blocks of 32 octets from a key of 32 octets or more, a label and a seed, with a counter of r octets
// (1 to 4). length is what is wanted in octets; the last block is cut. The length stands in each block, so that other lengths give other
// keys. It fails with ErrBounds alone. The caller wipes the result.
func Tree256(key, label, seed []byte, r, length int) ([]byte, error) {
	if r < 1 || r > 4 || length < 1 || length > 1<<16 {
		return nil, ErrBounds
	}
	blocks := (length + Size - 1) / Size
	if r < 4 && blocks >= 1<<(8*r) {
		return nil, ErrBounds
	}
	bits := octets(uint32(8 * length))
	out := make([]byte, 0, blocks*Size)
	for i := range blocks {
		counter := binary.BigEndian.AppendUint32(nil, uint32(i+1))[4-r:]
		out = append(out, HMAC256(key, counter, label, []byte{0}, seed, bits)...)
	}
	return out[:length], nil
}

// octets writes a number big-endian without leading zeros.
func octets(n uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, n)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}
