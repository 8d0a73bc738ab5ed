// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/big"
	"slices"

	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint"
)

// stream is an endless row of octets that follows from a seed.
type stream struct {
	seed  string
	block uint64
	rest  []byte
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(s.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.seed), s.block))
			s.block++
			s.rest = sum[:]
		}
		k := copy(p[n:], s.rest)
		s.rest, n = s.rest[k:], n+k
	}
	return n, nil
}

// take returns n octets that follow from the seed.
func take(seed string, n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(&stream{seed: seed}, b) // a stream never ends
	return b
}

// below returns a number from 1 to q-1 that follows from the seed.
func below(seed string, q *big.Int) *big.Int {
	n := new(big.Int).SetBytes(take(seed, len(q.Bytes())+16))
	return n.Mod(n, new(big.Int).Sub(q, big.NewInt(1))).Add(n, big.NewInt(1))
}

// newKey makes the key of that kind that follows from the seed. Its signatures follow from what is signed.
func newKey(k mint.Kind, seed string) *mint.Key {
	seed = string(k) + " " + seed
	switch {
	case k.IsGOST():
		curve, err := gostsign.ForSet(k.ParamSet())
		if err != nil {
			panic(err)
		}
		private, err := gostsign.FromScalar(k.ParamSet(), below(seed, curve.Q))
		if err != nil {
			panic(err)
		}
		return steady(mint.GOSTKey(k, private))
	case k == mint.P256 || k == mint.P224:
		curve := elliptic.P256()
		if k == mint.P224 {
			curve = elliptic.P224()
		}
		n := curve.Params().N
		private, err := ecdsa.ParseRawPrivateKey(curve, below(seed, n).FillBytes(make([]byte, (n.BitLen()+7)/8)))
		if err != nil {
			panic(err)
		}
		return steady(mint.FromSigner(private))
	case k == mint.RSA2048:
		return mint.FromSigner(rsaKey(seed, 2048))
	case k == mint.RSA1024:
		return mint.FromSigner(rsaKey(seed, 1024))
	}
	panic("corpus: no key of kind " + string(k))
}

// rsaKey makes the RSA key that follows from the seed, with exponent 65537.
func rsaKey(seed string, bits int) *rsa.PrivateKey {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	source := &stream{seed: seed}
	prime := func() *big.Int {
		b := make([]byte, bits/16)
		_, _ = io.ReadFull(source, b) // a stream never ends
		b[0] |= 0xc0
		b[len(b)-1] |= 1
		for p := new(big.Int).SetBytes(b); ; p.Add(p, big.NewInt(2)) {
			if p.ProbablyPrime(0) && new(big.Int).GCD(nil, nil, new(big.Int).Sub(p, one), e).Cmp(one) == 0 {
				return p
			}
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	key.Precompute()
	return key
}

// fixed signs without randomness of its own: equal messages give equal signatures.
// What was signed once is remembered, because a slow twin signs by GOST.
type fixed struct {
	crypto.Signer
	signed map[string][]byte
}

// Sign implements crypto.Signer.
func (f fixed) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if b := f.signed[string(digest)]; b != nil {
		return slices.Clone(b), nil
	}
	var b []byte
	var err error
	if g, ok := f.Signer.(interface {
		SignRandom(random io.Reader, digest []byte) ([]byte, error)
	}); ok {
		b, err = g.SignRandom(&stream{seed: "one-time number" + string(digest)}, digest)
	} else {
		b, err = f.Signer.Sign(nil, digest, opts) // RFC 6979
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // a fixture: mint panics with it
	}
	f.signed[string(digest)] = b
	return slices.Clone(b), nil
}

// steady is the key with signatures that follow from what is signed.
func steady(k *mint.Key) *mint.Key {
	out := *k
	out.Private = fixed{k.Private, map[string][]byte{}}
	return &out
}

// with is the key signing with another digest.
func with(k *mint.Key, d mint.Digest) *mint.Key {
	if f, ok := k.Private.(fixed); ok {
		bare := *k
		bare.Private = f.Signer
		return steady(bare.With(d))
	}
	return k.With(d)
}
