// SPDX-License-Identifier: Apache-2.0

package streebog

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

const (
	// Size256 is the length of a Streebog-256 digest in bytes.
	Size256 = 32
	// Size512 is the length of a Streebog-512 digest in bytes.
	Size512 = 64
	// BlockSize is the length of the blocks that both sizes work on, in bytes.
	BlockSize = 64
)

// New256 returns a Streebog-256 (RFC 6986 with the initial value 01…01) to be
// written to.
func New256() hash.Hash { return begin(Size256) }

// New512 returns a Streebog-512 (RFC 6986 with the initial value 0) to be
// written to.
func New512() hash.Hash { return begin(Size512) }

// Sum256 returns the Streebog-256 digest of the message.
func Sum256(message []byte) [Size256]byte {
	var d digest
	d.size = Size256
	d.Reset()
	d.absorb(message)
	full := d.finish()
	return [Size256]byte(full[Size512-Size256:])
}

// Sum512 returns the Streebog-512 digest of the message.
func Sum512(message []byte) [Size512]byte {
	var d digest
	d.size = Size512
	d.Reset()
	d.absorb(message)
	return d.finish()
}

// word is a number of 512 bits, its lowest 64 first.
type word [8]uint64

// digest is the state of RFC 6986 section 8 between two writes: h, the number
// of bits taken in, their sum by blocks, and a block that is not full yet.
type digest struct {
	h, count, sum word
	rest          [BlockSize]byte
	held          int
	size          int
}

func begin(size int) *digest {
	d := &digest{size: size}
	d.Reset()
	return d
}

// Reset implements [hash.Hash].
func (d *digest) Reset() {
	*d = digest{size: d.size}
	if d.size == Size256 {
		for i := range d.h {
			d.h[i] = 0x0101010101010101
		}
	}
}

// Size implements [hash.Hash].
func (d *digest) Size() int { return d.size }

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
	full := last.finish()
	return append(b, full[Size512-d.size:]...)
}

// absorb takes bytes in: stage 2 of RFC 6986 section 8 for each full block.
func (d *digest) absorb(p []byte) {
	if d.held > 0 {
		n := copy(d.rest[d.held:], p)
		d.held += n
		p = p[n:]
		if d.held < BlockSize {
			return
		}
		d.block(&d.rest, BlockSize)
		d.held = 0
	}
	for len(p) >= BlockSize {
		d.block((*[BlockSize]byte)(p), BlockSize)
		p = p[BlockSize:]
	}
	d.held = copy(d.rest[:], p)
}

// block takes one block in, of which the first size bytes are message.
func (d *digest) block(b *[BlockSize]byte, size int) {
	var m word
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	d.h.compress(&d.count, &m)
	d.count.add(&word{uint64(size) * 8})
	d.sum.add(&m)
}

// finish is stage 3 of RFC 6986 section 8: the rest, the number of bits and the
// sum. It spoils the state.
func (d *digest) finish() (out [Size512]byte) {
	clear(d.rest[d.held:])
	d.rest[d.held] = 1
	d.block(&d.rest, d.held)
	var zero word
	d.h.compress(&zero, &d.count)
	d.h.compress(&zero, &d.sum)
	for i, v := range d.h {
		binary.LittleEndian.PutUint64(out[8*i:], v)
	}
	return out
}

// add adds b modulo 2^512.
func (h *word) add(b *word) {
	var carry uint64
	for i := range h {
		h[i], carry = bits.Add64(h[i], b[i], carry)
	}
}
