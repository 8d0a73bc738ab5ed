// SPDX-License-Identifier: Apache-2.0

// Package kuznyechik is the block cipher of GOST R 34.12-2015 with blocks of 128 bits (RFC 7801) and the modes of GOST R 34.13-2015 that
// secure messaging with a card needs: CBC, CTR and MAC. It alone owns both.
//
// The cipher looks bytes up in tables of 64 KiB by an index that depends on key and data. Whoever runs a program on the same processor
// may learn of them by the time that the caches take; keys of one session with a card, gone with it, are what it is meant for. The
// comparison of MACs and the modes themselves run in constant time.
//
// A Cipher may be used by many goroutines, except for Wipe; a mode by one at a time.
package kuznyechik

import (
	"encoding/binary"
	"errors"
)

// Sizes in octets.
const (
	BlockSize = 16
	KeySize   = 32
)

// ErrKeySize says that a key doesn't have KeySize octets.
var ErrKeySize = errors.New("kuznyechik: key of wrong length")

const rounds = 10

// block is a block in two words, the first octet on top.
type block struct{ hi, lo uint64 }

// Cipher is the cipher under one key. It is a cipher.Block of the standard library.
type Cipher struct {
	forward  [rounds]block
	backward [rounds]block // the keys of forward after the inverse linear transformation, but for the first
}

// New makes the ten round keys (RFC 7801 section 4.3). The caller wipes the key.
func New(key []byte) (*Cipher, error) {
	if len(key) != KeySize {
		return nil, ErrKeySize
	}
	c, tables := &Cipher{}, tables()
	a, b := load(key), load(key[BlockSize:])
	c.forward[0], c.forward[1] = a, b
	for i := range 32 {
		t := tables.constants[i].xor(a).lookUp(&tables.encryption).xor(b)
		a, b = t, a
		if i%8 == 7 {
			c.forward[i/4+1], c.forward[i/4+2] = a, b
		}
	}
	c.backward = c.forward
	for i := 1; i < rounds; i++ {
		c.backward[i] = c.forward[i].substitute(&pi).lookUp(&tables.decryption)
	}
	return c, nil
}

// Wipe overwrites the round keys; the cipher is useless from then on.
func (c *Cipher) Wipe() { *c = Cipher{} }

// BlockSize is 16.
func (c *Cipher) BlockSize() int { return BlockSize }

// Encrypt writes the first block of src, encrypted, to dst; they may be the same. It panics when one of them is shorter than a block, as
// crypto/cipher demands.
func (c *Cipher) Encrypt(dst, src []byte) {
	load(src).encrypt(c).store(dst)
}

// Decrypt is the way back from Encrypt.
func (c *Cipher) Decrypt(dst, src []byte) {
	t := tables()
	b := load(src).xor(c.forward[rounds-1]).substitute(&pi)
	// Tables undo S, then L; the first step undoes L alone. L of a sum is the sum of both, so keys may be added after it.
	b = b.lookUp(&t.decryption)
	for i := rounds - 2; i > 0; i-- {
		b = b.lookUp(&t.decryption).xor(c.backward[i])
	}
	b.substitute(&inverse).xor(c.forward[0]).store(dst)
}

func (b block) encrypt(c *Cipher) block {
	t := tables()
	for i := range rounds - 1 {
		b = b.xor(c.forward[i]).lookUp(&t.encryption)
	}
	return b.xor(c.forward[rounds-1])
}

func load(b []byte) block {
	_ = b[BlockSize-1]
	return block{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (b block) store(out []byte) {
	_ = out[BlockSize-1]
	binary.BigEndian.PutUint64(out, b.hi)
	binary.BigEndian.PutUint64(out[8:], b.lo)
}

func (b block) xor(o block) block { return block{b.hi ^ o.hi, b.lo ^ o.lo} }

// lookUp adds up what each octet becomes.
func (b block) lookUp(t *[BlockSize][256]block) (out block) {
	hi, lo := b.hi, b.lo
	for i := range 8 {
		u, v := &t[i][hi>>56], &t[i+8][lo>>56]
		out.hi ^= u.hi ^ v.hi
		out.lo ^= u.lo ^ v.lo
		hi <<= 8
		lo <<= 8
	}
	return out
}

// substitute replaces each octet.
func (b block) substitute(s *[256]byte) (out block) {
	for i := 56; i >= 0; i -= 8 {
		out.hi = out.hi<<8 | uint64(s[byte(b.hi>>i)])
		out.lo = out.lo<<8 | uint64(s[byte(b.lo>>i)])
	}
	return out
}
