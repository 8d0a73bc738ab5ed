// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"zaver/signature/gost/streebog"
)

// Why a private key or an agreement was refused.
var (
	ErrScalar     = errors.New("gost: private key is not between zero and the order of the group")
	ErrDigest     = errors.New("gost: digest of wrong length")
	ErrOtherSet   = errors.New("gost: keys are on different curves")
	ErrUKM        = errors.New("gost: user keying material is empty, too long or zero modulo the order")
	ErrWiped      = errors.New("gost: private key was wiped")
	errDegenerate = errors.New("gost: the one-time number gave zero")
)

// PrivateKey is the key of a terminal for secure messaging with a card: it answers the card's challenge (Sign) and agrees on session
// keys (VKO). It is not for documents: what a person signs is signed by that person's token or card, never here, and only cardreader
// may use this type (a test over the sources says so).
//
// Sign, VKO and the making of keys run in constant time as far as Go lets a program say so: arithmetic on the scalar, the one-time
// number and the points made of them has neither branches nor addresses that depend on them, and the one-time number is derived with
// HMAC-SHA-512. Not constant in time: the hash of the agreed point (Streebog works by tables), whether a signature had to be begun
// anew (once in 2^256), and the copies that Go's garbage collector may leave of short-lived values on the stack.
//
// A PrivateKey may be used by many goroutines, except for Wipe.
type PrivateKey struct {
	set    *ParamSet
	d      words
	public *PublicKey
}

// NewPrivateKey reads the private number as octets, the lowest first, as many as a coordinate has (32 or 64), which GOST containers and
// RFC 9548 carry the same way. It refuses another length (ErrLength), zero and numbers not below the order (ErrScalar). The caller wipes raw.
func NewPrivateKey(ps *ParamSet, raw []byte) (*PrivateKey, error) {
	if len(raw) != ps.curve.size {
		return nil, ErrLength
	}
	d := littleEndian(raw)
	if d.zeroMask()|^d.belowMask(&ps.curve.q) != 0 {
		return nil, ErrScalar
	}
	k := &PrivateKey{set: ps, d: d}
	g := ps.curve.secret()
	p := g.multiply(&k.d, &g.base)
	x, y, _ := g.affine(&p)
	public, err := ParsePublicKey(ps, ps.curve.octets(&x, &y))
	if err != nil {
		return nil, err
	}
	k.public = public
	return k, nil
}

// GenerateKey makes a key from the reader; nil stands for crypto/rand. It fails with the reader's error only.
func GenerateKey(ps *ParamSet, random io.Reader) (*PrivateKey, error) {
	seed := make([]byte, 2*ps.curve.size)
	defer clear(seed)
	for {
		if _, err := io.ReadFull(source(random), seed); err != nil {
			return nil, fmt.Errorf("gost: randomness: %w", err)
		}
		d := ps.curve.reduceWide(seed)
		raw := ps.curve.little(&d)
		k, err := NewPrivateKey(ps, raw)
		clear(raw)
		if !errors.Is(err, ErrScalar) {
			return k, err
		}
	}
}

func source(random io.Reader) io.Reader {
	if random == nil {
		return rand.Reader
	}
	return random
}

// Public is the point of the key.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// ParamSet is the set that the key belongs to.
func (k *PrivateKey) ParamSet() *ParamSet { return k.set }

// Wipe overwrites the private number; the key is useless from then on. It must not run beside other calls.
func (k *PrivateKey) Wipe() { k.d = words{} }

// Sign signs a digest of the length of a coordinate, as the hash prints it, by RFC 7091 section 6.1: s then r, each big-endian of full
// length, what PublicKey.Verify takes. The one-time number is HMAC-SHA-512 under the private key of 64 octets from the reader (nil
// stands for crypto/rand) and the digest, so neither a weak reader nor a repeated one gives the key away. It fails for a digest of
// another length (ErrDigest), after Wipe (ErrWiped) and with the reader's error.
func (k *PrivateKey) Sign(random io.Reader, digest []byte) ([]byte, error) {
	c := k.set.curve
	if len(digest) != c.size {
		return nil, ErrDigest
	}
	if k.d.zeroMask() != 0 {
		return nil, ErrWiped
	}
	var fresh [64]byte
	if _, err := io.ReadFull(source(random), fresh[:]); err != nil {
		return nil, fmt.Errorf("gost: randomness: %w", err)
	}
	defer clear(fresh[:])
	for attempt := uint32(0); ; attempt++ {
		n := k.oneTime(fresh[:], digest, attempt)
		sig, err := k.signWith(&n, digest)
		n = words{}
		if err == nil || attempt == 8 {
			return sig, err
		}
	}
}

// oneTime derives the number that only one signature may use.
func (k *PrivateKey) oneTime(fresh, digest []byte, attempt uint32) words {
	c := k.set.curve
	key := c.little(&k.d)
	defer clear(key)
	var seed []byte
	for block := uint32(0); len(seed) < 2*c.size; block++ {
		mac := hmac.New(sha512.New, key)
		mac.Write([]byte("GOST R 34.10 one-time number"))
		mac.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, attempt), block))
		mac.Write(fresh)
		mac.Write(digest)
		seed = mac.Sum(seed)
	}
	defer clear(seed)
	return c.reduceWide(seed[:2*c.size])
}

// signWith signs with a given one-time number below the order.
func (k *PrivateKey) signWith(n *words, digest []byte) ([]byte, error) {
	c := k.set.curve
	g := c.secret()
	e := littleEndian(digest)
	for !less(&e, &c.q) { // the digest is public
		subtract(&e, &c.q)
	}
	if e.isZero() {
		e[0] = 1
	}
	p := g.multiply(n, &g.base)
	x, _, neutral := g.affine(&p)
	var r, s, t words
	g.q.rest(&r, &words{}, &x)
	g.q.enter(&t, &r)
	g.q.mul(&s, &t, &k.d) // r·d
	g.q.enter(&t, &e)
	g.q.mul(&t, &t, n) // n·e
	g.q.add(&s, &s, &t)
	if neutral|r.zeroMask()|s.zeroMask() != 0 {
		return nil, errDegenerate
	}
	sig := append(c.little(&r), c.little(&s)...)
	slices.Reverse(sig)
	return sig, nil
}

// VKO agrees with the holder of peer on 32 octets: VKO_GOSTR3410_2012_256 of RFC 7836 section 4.3.1, Streebog-256 of the point
// (cofactor · ukm · d)·peer as x then y, each little-endian. ukm is a little-endian number of 1 to 32 octets (64 on 512-bit sets); the
// RFC recommends at most half of that. Keys of 512 bits serve as well. It fails for keys on different curves (ErrOtherSet), for ukm out
// of bounds or zero modulo the order (ErrUKM), and after Wipe (ErrWiped). The caller wipes the result.
func (k *PrivateKey) VKO(peer *PublicKey, ukm []byte) ([]byte, error) {
	c := k.set.curve
	switch {
	case peer == nil || peer.ps.curve != c:
		return nil, ErrOtherSet
	case len(ukm) == 0 || len(ukm) > c.size:
		return nil, ErrUKM
	case k.d.zeroMask() != 0:
		return nil, ErrWiped
	}
	g := c.secret()
	padded := make([]byte, c.size)
	copy(padded, ukm)
	u := littleEndian(padded)
	var factor words
	g.q.enter(&factor, &u)
	if factor.zeroMask() != 0 {
		return nil, ErrUKM
	}
	var scalar words
	g.q.mul(&scalar, &factor, &k.d) // ukm·d
	g.q.enter(&scalar, &scalar)
	g.q.mul(&scalar, &scalar, &g.cofactor)
	x, y := littleEndian(peer.raw[:c.size]), littleEndian(peer.raw[c.size:])
	q := g.lift(&x, &y)
	shared := g.multiply(&scalar, &q)
	x, y, _ = g.affine(&shared)
	octets := c.octets(&x, &y)
	sum := streebog.Sum256(octets)
	clear(octets)
	scalar, shared, x, y = words{}, secretPoint{}, words{}, words{}
	return sum[:], nil
}

// reduceWide reads octets of twice the length of a coordinate, the lowest first, modulo the order; whoever draws them at random gets a
// number whose distance from uniform is below 2^-254.
func (c *curve) reduceWide(seed []byte) (z words) {
	lo, hi := littleEndian(seed[:c.size]), littleEndian(seed[c.size:])
	c.secret().q.rest(&z, &hi, &lo)
	return z
}

// little writes a number of the curve's size, the lowest octet first.
func (c *curve) little(x *words) []byte {
	b := make([]byte, c.size)
	for i := range c.size / 8 {
		binary.LittleEndian.PutUint64(b[8*i:], x[i])
	}
	return b
}

func (c *curve) octets(x, y *words) []byte {
	b := make([]byte, 0, 2*c.size)
	return append(append(b, c.little(x)...), c.little(y)...)
}
