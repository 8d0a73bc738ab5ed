// SPDX-License-Identifier: Apache-2.0

// Package hash94 alone owns the hash function GOST R 34.11-94 (RFC 5831) with the S-box of CryptoPro (RFC 4357 section 11.2, 1.2.643.2.2.30.1), for the verification of old data only.
package hash94

import "hash"

const (
	// Size is the length of a digest in bytes.
	Size = 32
	// BlockSize is the length of the blocks that the function works on, in bytes.
	BlockSize = 32
)

type digest struct{}

// New returns a GOST R 34.11-94 to be written to.
func New() hash.Hash { return &digest{} }

func (d *digest) Write(p []byte) (int, error) { return len(p), nil }
func (d *digest) Sum(b []byte) []byte         { return append(b, make([]byte, Size)...) }
func (d *digest) Reset()                      {}
func (d *digest) Size() int                   { return Size }
func (d *digest) BlockSize() int              { return BlockSize }
