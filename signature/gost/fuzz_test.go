// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"zaver/signature/gost"
)

// FuzzVerify gives any octets as key, digest and signature to both verifiers. A key that the twin refuses must be refused here, too, and
// the other way round.
func FuzzVerify(f *testing.F) {
	random := rand.NewChaCha8([32]byte{8})
	all := pairs(f)
	for i, p := range all {
		key, digest, sig := p.sign(f, random)
		f.Add(uint8(i), key.Public(), digest, sig)
		f.Add(uint8(i), make([]byte, 2*p.curve.Size), digest, sig)
		f.Add(uint8(i), p.curve.Encode(p.curve.X, p.curve.Y), digest, sig)
	}
	f.Fuzz(func(t *testing.T, set uint8, raw, digest, sig []byte) {
		p := all[int(set)%len(all)]
		k, err := gost.ParsePublicKey(p.set, raw)
		_, _, ok := p.curve.Decode(raw)
		if ok != (err == nil) {
			t.Fatalf("%s: key %x: %v here, %v in the twin", p.set, raw, err, ok)
		}
		if err == nil {
			if got, want := k.Verify(digest, sig), p.curve.Verify(raw, digest, sig); got != want {
				t.Fatalf("%s: Verify gives %v, the twin %v", p.set, got, want)
			}
		}
	})
}

// FuzzScalar signs with any private key and one-time number and turns any bit: all paths of addition are met from scalars.
func FuzzScalar(f *testing.F) {
	all := pairs(f)
	for i := range all {
		f.Add(uint8(i), []byte{1}, []byte{2}, []byte{3}, uint16(0))
		f.Add(uint8(i), []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}, []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{}, uint16(300))
	}
	f.Fuzz(func(t *testing.T, set uint8, d, n, e []byte, bit uint16) {
		p := all[int(set)%len(all)]
		c := p.curve
		digest := make([]byte, c.Size)
		copy(digest, e)
		key, err := c.Key(reduce(d, c.Q))
		if err != nil {
			return
		}
		sig, err := key.SignWith(reduce(n, c.Q), digest)
		if err != nil {
			return
		}
		k := p.parse(t, key.Public())
		if !k.Verify(digest, sig) || !gost.VerifyByTable(k, digest, sig) {
			t.Errorf("%s: own signature refused", p.set)
		}
		sig[int(bit)/8%len(sig)] ^= 1 << (bit % 8)
		p.agree(t, "bit turned", k, digest, sig)
	})
}

// FuzzPrivateKey gives any octets as private key, one-time number, digest and user keying material to the key of a terminal and to the twin.
func FuzzPrivateKey(f *testing.F) {
	all := pairs(f)
	for i, p := range all {
		f.Add(uint8(i), []byte{1}, []byte{2}, []byte{3}, []byte{4})
		q := little(p.curve.Q, p.curve.Size)
		q[0]--
		f.Add(uint8(i), q, q, make([]byte, p.curve.Size), q)
	}
	f.Fuzz(func(t *testing.T, set uint8, d, n, e, ukm []byte) {
		p := all[int(set)%len(all)]
		c := p.curve
		raw, digest := make([]byte, c.Size), make([]byte, c.Size)
		copy(raw, d)
		copy(digest, e)
		k, err := gost.NewPrivateKey(p.set, raw)
		twin, twinErr := c.Key(number(raw))
		if (err == nil) != (twinErr == nil) {
			t.Fatalf("%s: key %x: %v here, %v in the twin", p.set, raw, err, twinErr)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(k.Public().Bytes(), twin.Public()) {
			t.Fatalf("%s: key %x has another point in the twin", p.set, raw)
		}
		one := reduce(n, c.Q)
		sig, err := k.SignWith(little(one, c.Size), digest)
		want, wantErr := twin.SignWith(one, digest)
		if one.Sign() > 0 && ((err == nil) != (wantErr == nil) || !bytes.Equal(sig, want)) {
			t.Fatalf("%s: signature %x, %v here, %x, %v in the twin", p.set, sig, err, want, wantErr)
		}
		if len(ukm) == 0 || len(ukm) > c.Size {
			return
		}
		agreed, err := k.VKO(k.Public(), ukm)
		if zero := new(big.Int).Mod(number(ukm), c.Q).Sign() == 0; zero != (err != nil) {
			t.Fatalf("%s: agreement by %x: %v", p.set, ukm, err)
		} else if !zero && !bytes.Equal(agreed, twinVKO(twin, twin.Public(), ukm)) {
			t.Fatalf("%s: the twin agrees on something else", p.set)
		}
	})
}

// number reads octets, the lowest first.
func number(b []byte) *big.Int {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}
