// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
)

// maxModulus bounds what is even parsed, in bits; what may verify is algo's.
const maxModulus = 16384

// rsaKey is an RSA key. Of a key for PSS alone limits are the parameters that
// its signatures must have, nil for any.
type rsaKey struct {
	base
	key    *rsa.PublicKey
	limits *algo.PSSParams
}

func (k rsaKey) Equal(o PublicKey) bool {
	other, ok := o.(rsaKey)
	return ok && k.kind == other.kind && k.key.Equal(other.key)
}

func (k rsaKey) Verify(a algo.Algorithm, digest, sig []byte) error {
	if err := k.allows(a, digest); err != nil {
		return err
	}
	if !a.PSS {
		if rsa.VerifyPKCS1v15(k.key, a.Digest.Std, digest, sig) != nil {
			return ErrVerify
		}
		return nil
	}
	// RFC 4055 section 3.3: the same digest, and a salt that is no shorter.
	if k.limits != nil && (k.limits.Digest.Name != a.Digest.Name || a.SaltLength != algo.AnySalt && a.SaltLength < k.limits.SaltLength) {
		return algo.ErrUnsupported
	}
	if a.SaltLength == 0 {
		return k.verifyUnsalted(a, digest, sig)
	}
	o := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: a.Digest.Std}
	if a.SaltLength != algo.AnySalt {
		o.SaltLength = a.SaltLength
	}
	if rsa.VerifyPSS(k.key, a.Digest.Std, digest, sig, o) != nil {
		return ErrVerify
	}
	return nil
}

// verifyUnsalted checks a PSS signature whose salt is empty, which the standard
// library cannot tell from one of any length: the encoded message is then the
// same each time (RFC 8017 section 9.1.1) and is compared whole.
func (k rsaKey) verifyUnsalted(a algo.Algorithm, digest, sig []byte) error {
	bits := k.key.N.BitLen() - 1
	size := (bits + 7) / 8
	if len(sig) != k.key.Size() || size < len(digest)+2 {
		return ErrVerify
	}
	s := new(big.Int).SetBytes(sig)
	if s.Cmp(k.key.N) >= 0 {
		return ErrVerify
	}
	em := make([]byte, k.key.Size())
	s.Exp(s, big.NewInt(int64(k.key.E)), k.key.N).FillBytes(em)
	h := a.Digest.Sum(append(make([]byte, 8), digest...))
	want := make([]byte, len(em))
	body := want[len(em)-size:]
	masked := body[:size-len(h)-1]
	masked[len(masked)-1] = 1
	for i, counter := 0, uint32(0); i < len(masked); counter++ {
		for _, c := range a.Digest.Sum(binary.BigEndian.AppendUint32(h[:len(h):len(h)], counter)) {
			if i < len(masked) {
				masked[i] ^= c
				i++
			}
		}
	}
	masked[0] &= 0xff >> (8*size - bits)
	copy(body[len(masked):], h)
	body[size-1] = 0xbc
	if subtle.ConstantTimeCompare(em, want) != 1 {
		return ErrVerify
	}
	return nil
}

// parseRSA: parameters are NULL (RFC 4055 section 1.2); absent ones are met.
func parseRSA(b base, params, bits []byte, warn func(string)) (PublicKey, error) {
	if len(params) == 0 {
		warn(warnKeyParams)
	} else if !bytes.Equal(params, []byte{5, 0}) {
		return nil, malformed("RSA key's parameters")
	}
	key, err := readModulus(bits)
	if err != nil {
		return nil, err
	}
	b.kind, b.bits = algo.RSA, key.N.BitLen()
	return rsaKey{b, key, nil}, nil
}

// parsePSS reads a key that signs by PSS alone (RFC 4055 section 3.1).
// Parameters outside the table make it an unknown key.
func parsePSS(b base, params, bits []byte) (PublicKey, error) {
	key, err := readModulus(bits)
	if err != nil {
		return nil, err
	}
	var limits *algo.PSSParams
	if len(params) != 0 {
		p, unknown := algo.ParsePSS(params)
		if unknown != nil {
			return unknownKey{b}, nil //nolint:nilerr // a key outside the table is none that is broken
		}
		limits = &p
	}
	b.kind, b.bits = algo.RSAPSS, key.N.BitLen()
	return rsaKey{b, key, limits}, nil
}

func readModulus(bits []byte) (*rsa.PublicKey, error) {
	s := cryptobyte.String(bits)
	var body cryptobyte.String
	n, e := new(big.Int), 0
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() || !body.ReadASN1Integer(n) || !body.ReadASN1Integer(&e) || !body.Empty() {
		return nil, malformed("RSA key")
	}
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() > maxModulus || e < 3 || e&1 == 0 || e > 1<<31-1 {
		return nil, malformed("RSA modulus or exponent out of bounds")
	}
	return &rsa.PublicKey{N: n, E: e}, nil
}
