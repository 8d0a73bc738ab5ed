// SPDX-License-Identifier: Apache-2.0

// Package gostsign signs by GOST R 34.10-2012 (RFC 7091) for tests and test tokens, and is the slow twin of signature/gost: the same
// decisions by math/big and by tables of its own. It alone signs documents; production signs nothing but the challenge of a card, and
// can't import it.
//
// Nothing here is constant time, and no key that matters may be given to it. Values are safe for many goroutines.
package gostsign

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"zaver/signature/gost"
)

// PrivateKey is a number d in [1, q-1] and its point dP. It is immutable.
type PrivateKey struct {
	curve *Curve
	set   *gost.ParamSet
	d     *big.Int
	x, y  *big.Int
}

// GenerateKey makes a random key on a set of production.
func GenerateKey(ps *gost.ParamSet) (*PrivateKey, error) {
	c, err := ForSet(ps)
	if err != nil {
		return nil, err
	}
	d, err := c.scalar(rand.Reader)
	if err != nil {
		return nil, err
	}
	return FromScalar(ps, d)
}

// FromScalar makes the key d, 0 < d < q, on a set of production.
func FromScalar(ps *gost.ParamSet, d *big.Int) (*PrivateKey, error) {
	c, err := ForSet(ps)
	if err != nil {
		return nil, err
	}
	k, err := c.Key(d)
	if err != nil {
		return nil, err
	}
	k.set = ps
	return k, nil
}

// Key makes the key d, 0 < d < q, on any curve, those of the examples among them.
func (c *Curve) Key(d *big.Int) (*PrivateKey, error) {
	if d.Sign() <= 0 || d.Cmp(c.Q) >= 0 {
		return nil, errors.New("gostsign: private key out of range")
	}
	x, y := c.Multiply(d, c.X, c.Y)
	return &PrivateKey{curve: c, d: new(big.Int).Set(d), x: x, y: y}, nil
}

// scalar draws a number in [1, q-1]; equal readers give equal numbers.
func (c *Curve) scalar(random io.Reader) (*big.Int, error) {
	buf := make([]byte, c.Size+16)
	if _, err := io.ReadFull(random, buf); err != nil {
		return nil, fmt.Errorf("gostsign: randomness: %w", err)
	}
	n := new(big.Int).SetBytes(buf)
	return n.Mod(n, sub(c.Q, big.NewInt(1))).Add(n, big.NewInt(1)), nil
}

// ParamSet is the set that the key was made on; nil for a key on an example curve.
func (k *PrivateKey) ParamSet() *gost.ParamSet { return k.set }

// Curve is the curve of the key.
func (k *PrivateKey) Curve() *Curve { return k.curve }

// Scalar is the private number.
func (k *PrivateKey) Scalar() *big.Int { return new(big.Int).Set(k.d) }

// Public is the point, x then y, each little-endian, as SubjectPublicKeyInfo carries it inside its OCTET STRING.
func (k *PrivateKey) Public() []byte { return k.curve.Encode(k.x, k.y) }

// Sign signs a digest as the hash prints it: s then r, each big-endian of full length.
func (k *PrivateKey) Sign(digest []byte) ([]byte, error) { return k.SignRandom(rand.Reader, digest) }

// SignRandom is Sign with the one-time number from the reader: equal readers give equal signatures.
func (k *PrivateKey) SignRandom(random io.Reader, digest []byte) ([]byte, error) {
	for range 8 {
		n, err := k.curve.scalar(random)
		if err != nil {
			return nil, err
		}
		if sig, err := k.SignWith(n, digest); err == nil || !errors.Is(err, errZero) {
			return sig, err
		}
	}
	return nil, errZero
}

var errZero = errors.New("gostsign: r or s is zero")

// SignWith is Sign with the one-time number n, 0 < n < q (RFC 7091 section 6.1).
func (k *PrivateKey) SignWith(n *big.Int, digest []byte) ([]byte, error) {
	c := k.curve
	if len(digest) != c.Size {
		return nil, fmt.Errorf("gostsign: digest of %d octets for a key of %d", len(digest), c.Size)
	}
	if n.Sign() <= 0 || n.Cmp(c.Q) >= 0 {
		return nil, errors.New("gostsign: one-time number out of range")
	}
	r, _ := c.Multiply(n, c.X, c.Y)
	r.Mod(r, c.Q)
	s := add(new(big.Int).Mul(r, k.d), new(big.Int).Mul(n, c.digest(digest)))
	s.Mod(s, c.Q)
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil, errZero
	}
	return append(s.FillBytes(make([]byte, c.Size)), r.FillBytes(make([]byte, c.Size))...), nil
}

// digest is e of RFC 7091: the digest as a little-endian number modulo q, or one when that is zero.
func (c *Curve) digest(digest []byte) *big.Int {
	e := littleEndian(digest)
	if e.Mod(e, c.Q).Sign() == 0 {
		e.SetInt64(1)
	}
	return e
}

// Verify decides by RFC 7091 section 6.2 what signature/gost decides, slowly. A public key that isn't a point of order q verifies nothing.
func (c *Curve) Verify(public, digest, sig []byte) bool {
	x, y, ok := c.Decode(public)
	if !ok || len(digest) != c.Size || len(sig) != 2*c.Size {
		return false
	}
	s, r := new(big.Int).SetBytes(sig[:c.Size]), new(big.Int).SetBytes(sig[c.Size:])
	if s.Sign() == 0 || r.Sign() == 0 || s.Cmp(c.Q) >= 0 || r.Cmp(c.Q) >= 0 {
		return false
	}
	v := new(big.Int).ModInverse(c.digest(digest), c.Q)
	z1 := new(big.Int).Mul(s, v)
	z2 := new(big.Int).Mul(sub(c.Q, r), v)
	got, _ := c.combine(z1.Mod(z1, c.Q), z2.Mod(z2, c.Q), x, y)
	return got != nil && new(big.Int).Mod(got, c.Q).Cmp(r) == 0
}

// Encode writes a point as certificates carry it: x then y, each little-endian.
func (c *Curve) Encode(x, y *big.Int) []byte {
	bx, by := x.FillBytes(make([]byte, c.Size)), y.FillBytes(make([]byte, c.Size))
	slices.Reverse(bx)
	slices.Reverse(by)
	return append(bx, by...)
}

// Decode reads a point and says whether it is one: coordinates below p, on the curve, of order q.
func (c *Curve) Decode(raw []byte) (x, y *big.Int, ok bool) {
	if len(raw) != 2*c.Size {
		return nil, nil, false
	}
	x, y = littleEndian(raw[:c.Size]), littleEndian(raw[c.Size:])
	if x.Cmp(c.P) >= 0 || y.Cmp(c.P) >= 0 || !c.On(x, y) {
		return nil, nil, false
	}
	if c.Cofactor == 1 {
		return x, y, true
	}
	neutral, _ := c.Multiply(c.Q, x, y)
	return x, y, neutral == nil
}

func littleEndian(b []byte) *big.Int {
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}
