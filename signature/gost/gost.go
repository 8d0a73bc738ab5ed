// SPDX-License-Identifier: Apache-2.0

// Package gost verifies signatures of GOST R 34.10-2012 (RFC 7091) on the curves that certificates use; the same arithmetic serves keys
// of GOST R 34.10-2001 (RFC 5832) on the 256-bit sets. It alone owns the domain parameters and the arithmetic on them; digests are
// made in gost/streebog and gost/hash94. Documents are not signed here: PrivateKey is what a terminal needs to talk to a card, and
// nothing else may use it.
//
// Values are immutable and may be used by many goroutines. Verification works on public data and takes as long as they say; secrets go
// to PrivateKey alone, which has arithmetic of its own in constant time (modulus.go, group.go).
package gost

import (
	"bytes"
	"errors"
)

//go:generate go run ./internal/gen

// Why a key was refused by ParsePublicKey.
var (
	ErrLength  = errors.New("gost: public key of wrong length")
	ErrRange   = errors.New("gost: coordinate of the public key is not below the prime")
	ErrCurve   = errors.New("gost: public key is not a point of the curve")
	ErrNeutral = errors.New("gost: public key is not of the prime order")
)

// PublicKey is a point of the curve that generates the group of prime order. It is immutable.
type PublicKey struct {
	ps    *ParamSet
	raw   []byte
	point point
}

// ParsePublicKey reads a point as certificates carry it: x then y, each little-endian, 64 octets in all for a 256-bit set and 128 for a
// 512-bit set (RFC 9215 section 4). It refuses coordinates not below p, points off the curve and points whose order is not q.
func ParsePublicKey(ps *ParamSet, raw []byte) (*PublicKey, error) {
	c := ps.curve
	if len(raw) != 2*c.size {
		return nil, ErrLength
	}
	x, y := littleEndian(raw[:c.size]), littleEndian(raw[c.size:])
	if !less(&x, &c.p) || !less(&y, &c.p) {
		return nil, ErrRange
	}
	p, err := c.arithmetic.point(x, y)
	if err != nil {
		return nil, err
	}
	return &PublicKey{ps: ps, raw: bytes.Clone(raw), point: p}, nil
}

// ParamSet is the set that the key belongs to.
func (k *PublicKey) ParamSet() *ParamSet { return k.ps }

// Bytes is the point in the form that ParsePublicKey reads.
func (k *PublicKey) Bytes() []byte { return bytes.Clone(k.raw) }

// Equal says whether both are the same point of the same parameter set. Sets that share a curve but not the identifier differ.
func (k *PublicKey) Equal(o *PublicKey) bool {
	return k == o || k != nil && o != nil && k.ps == o.ps && bytes.Equal(k.raw, o.raw)
}

// Verify says whether sig is a signature of digest by the key (RFC 7091 section 6.2). The digest is given as the hash prints it, and is
// read as a little-endian number; the signature is s then r, each big-endian of full length, as X.509 and CMS carry it (RFC 9215
// section 3). Digest and signature of another length are refused.
func (k *PublicKey) Verify(digest, sig []byte) bool {
	z1, z2, r, ok := k.ps.curve.read(digest, sig)
	return ok && k.ps.curve.arithmetic.check(z1, z2, k.point, r)
}

// read makes the multipliers of the generator and of the key out of a digest and a signature.
func (c *curve) read(digest, sig []byte) (z1, z2, r words, ok bool) {
	if len(digest) != c.size || len(sig) != 2*c.size {
		return z1, z2, r, false
	}
	s := bigEndian(sig[:c.size])
	r = bigEndian(sig[c.size:])
	if s.isZero() || r.isZero() || !less(&s, &c.q) || !less(&r, &c.q) {
		return z1, z2, r, false
	}
	e := littleEndian(digest)
	z1, z2 = c.order.scalars(&e, &r, &s)
	return z1, z2, r, true
}
