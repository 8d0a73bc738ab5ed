// SPDX-License-Identifier: Apache-2.0

// Package hash94 alone owns the hash function GOST R 34.11-94 (RFC 5831) with
// CryptoPro's substitution (1.2.643.2.2.30.1, RFC 4357 section 11.2). Signatures
// made before 2019 need it; nothing new may be signed over it.
//
// Digests come out in the byte order of certificates and CMS (the number's
// lowest byte first). A [hash.Hash] belongs to one goroutine. Speed is that of
// an archive: some 30 MB/s.
package hash94

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

const (
	// Size is the length of a digest in bytes.
	Size = 32
	// BlockSize is the length of the blocks that the function works on, in bytes.
	BlockSize = 32
)

// New returns a GOST R 34.11-94 with CryptoPro's substitution, to be written to.
func New() hash.Hash { return &digest{box: &cryptoPro} }

// Sum returns the digest of the message.
func Sum(message []byte) [Size]byte {
	d := digest{box: &cryptoPro}
	d.absorb(message)
	return d.finish()
}

// word is a number of 256 bits, its lowest 64 first.
type word [4]uint64

type digest struct {
	h, sum word
	length uint64 // bytes taken in
	rest   [BlockSize]byte
	held   int
	box    *box
}

// Reset implements [hash.Hash].
func (d *digest) Reset() { *d = digest{box: d.box} }

// Size implements [hash.Hash].
func (d *digest) Size() int { return Size }

// BlockSize implements [hash.Hash].
func (d *digest) BlockSize() int { return BlockSize }

// Write implements [hash.Hash]; it never fails.
func (d *digest) Write(p []byte) (int, error) {
	d.absorb(p)
	return len(p), nil
}

// Sum implements [hash.Hash]; the state stays as it was.
func (d *digest) Sum(b []byte) []byte {
	last := *d
	out := last.finish()
	return append(b, out[:]...)
}

func (d *digest) absorb(p []byte) {
	d.length += uint64(len(p))
	if d.held > 0 {
		n := copy(d.rest[d.held:], p)
		d.held += n
		p = p[n:]
		if d.held < BlockSize {
			return
		}
		d.block(&d.rest)
		d.held = 0
	}
	for len(p) >= BlockSize {
		d.block((*[BlockSize]byte)(p))
		p = p[BlockSize:]
	}
	d.held = copy(d.rest[:], p)
}

func (d *digest) block(b *[BlockSize]byte) {
	var m word
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	d.h.step(&m, d.box)
	var carry uint64
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], m[i], carry)
	}
}

// finish takes in the rest filled up by zeros, the length in bits and the sum
// (RFC 5831 section 6.3). It spoils the state.
func (d *digest) finish() (out [Size]byte) {
	if d.held > 0 {
		clear(d.rest[d.held:])
		d.block(&d.rest)
	}
	d.h.step(&word{d.length << 3, d.length >> 61}, d.box)
	d.h.step(&d.sum, d.box)
	for i, v := range d.h {
		binary.LittleEndian.PutUint64(out[8*i:], v)
	}
	return out
}
