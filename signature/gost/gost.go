// SPDX-License-Identifier: Apache-2.0

// Package gost verifies signatures of GOST R 34.10-2012 (RFC 7091) on the curves that certificates use; the same arithmetic serves keys
// of GOST R 34.10-2001 (RFC 5832) on the 256-bit sets. It alone owns the domain parameters and the arithmetic on them; digests are
// made in gost/streebog and gost/hash94, and signing is not here at all: it exists for tests only.
//
// Values are immutable and may be used by many goroutines. All data are public, so nothing here runs in constant time: never give
// this package a secret.
package gost

import (
	"bytes"
	"errors"
	"math/big"
)

// Why a key was refused by ParsePublicKey.
var (
	ErrLength  = errors.New("gost: public key of wrong length")
	ErrRange   = errors.New("gost: coordinate of the public key is not below the prime")
	ErrCurve   = errors.New("gost: public key is not a point of the curve")
	ErrNeutral = errors.New("gost: public key is not of the prime order")
)

// PublicKey is a point of the curve that generates the group of prime order. It is immutable.
type PublicKey struct {
	ps   *ParamSet
	raw  []byte
	x, y *big.Int
}

// ParsePublicKey reads a point as certificates carry it: x then y, each little-endian, 64 octets in all for a 256-bit set and 128 for a
// 512-bit set (RFC 9215 section 4.3). It refuses coordinates not below p, points off the curve and points whose order is not q.
func ParsePublicKey(ps *ParamSet, raw []byte) (*PublicKey, error) {
	if len(raw) != 2*ps.size {
		return nil, ErrLength
	}
	k := &PublicKey{ps: ps, raw: bytes.Clone(raw), x: littleEndian(raw[:ps.size]), y: littleEndian(raw[ps.size:])}
	if k.x.Cmp(ps.p) >= 0 || k.y.Cmp(ps.p) >= 0 {
		return nil, ErrRange
	}
	if !ps.onCurve(k.x, k.y) {
		return nil, ErrCurve
	}
	if x, _ := ps.multiply(ps.q, k.x, k.y); x != nil {
		return nil, ErrNeutral
	}
	return k, nil
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
	ps := k.ps
	if len(digest) != ps.size || len(sig) != 2*ps.size {
		return false
	}
	s, r := new(big.Int).SetBytes(sig[:ps.size]), new(big.Int).SetBytes(sig[ps.size:])
	if s.Sign() == 0 || r.Sign() == 0 || s.Cmp(ps.q) >= 0 || r.Cmp(ps.q) >= 0 {
		return false
	}
	e := littleEndian(digest)
	if e.Mod(e, ps.q).Sign() == 0 {
		e.SetInt64(1)
	}
	v := e.ModInverse(e, ps.q)
	z1 := new(big.Int).Mul(s, v)
	z2 := new(big.Int).Mul(new(big.Int).Sub(ps.q, r), v)
	x1, y1 := ps.multiply(z1.Mod(z1, ps.q), ps.x, ps.y)
	x2, y2 := ps.multiply(z2.Mod(z2, ps.q), k.x, k.y)
	x, _ := ps.add(x1, y1, x2, y2)
	return x != nil && x.Mod(x, ps.q).Cmp(r) == 0
}

func littleEndian(b []byte) *big.Int {
	rev := make([]byte, len(b))
	for i, c := range b {
		rev[len(b)-1-i] = c
	}
	return new(big.Int).SetBytes(rev)
}

func (ps *ParamSet) onCurve(x, y *big.Int) bool {
	l := new(big.Int).Mul(y, y)
	r := new(big.Int).Mul(x, x)
	r.Add(r, ps.a).Mul(r, x).Add(r, ps.b).Sub(r, l)
	return r.Mod(r, ps.p).Sign() == 0
}

// add adds affine points; nil stands for the neutral point.
func (ps *ParamSet) add(x1, y1, x2, y2 *big.Int) (*big.Int, *big.Int) {
	if x1 == nil {
		return x2, y2
	}
	if x2 == nil {
		return x1, y1
	}
	n, d := new(big.Int), new(big.Int)
	if x1.Cmp(x2) == 0 {
		if d.Add(y1, y2).Mod(d, ps.p).Sign() == 0 {
			return nil, nil
		}
		n.Mul(x1, x1).Mul(n, big.NewInt(3)).Add(n, ps.a)
	} else {
		n.Sub(y2, y1)
		d.Sub(x2, x1).Mod(d, ps.p)
	}
	n.Mul(n, d.ModInverse(d, ps.p)).Mod(n, ps.p)
	x := new(big.Int).Mul(n, n)
	x.Sub(x, x1).Sub(x, x2).Mod(x, ps.p)
	y := new(big.Int).Sub(x1, x)
	y.Mul(y, n).Sub(y, y1).Mod(y, ps.p)
	return x, y
}

func (ps *ParamSet) multiply(k, x, y *big.Int) (rx, ry *big.Int) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		rx, ry = ps.add(rx, ry, rx, ry)
		if k.Bit(i) == 1 {
			rx, ry = ps.add(rx, ry, x, y)
		}
	}
	return rx, ry
}
