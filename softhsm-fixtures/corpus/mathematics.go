// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"crypto/rsa"
	"math/big"
	"slices"

	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// order is the order of the group of the leaf's key.
func (s *scene) order() *big.Int {
	if s.kind.IsGOST() {
		curve, err := gostsign.ForSet(s.kind.ParamSet())
		if err != nil {
			panic(err)
		}
		return curve.Q
	}
	q, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	return q
}

// halves edits r and s of a signature over a curve and writes them again as the kind does.
func halves(f func(sc *scene, r, s *big.Int)) edit {
	return signer(func(sc *scene, g *mint.Signer) {
		g.EditSignature = func(signature []byte) []byte {
			r, s := sc.split(signature)
			f(sc, r, s)
			return sc.join(r, s)
		}
	})
}

func (s *scene) split(signature []byte) (r, other *big.Int) {
	if s.kind.IsGOST() {
		n := len(signature) / 2
		return new(big.Int).SetBytes(signature[n:]), new(big.Int).SetBytes(signature[:n])
	}
	p := parts(bytesOf(signature))
	return new(big.Int).SetBytes(bytesOf(p[0])), new(big.Int).SetBytes(bytesOf(p[1]))
}

func (s *scene) join(r, other *big.Int) []byte {
	if !s.kind.IsGOST() {
		return asn.Seq(asn.BigInt(r), asn.BigInt(other))
	}
	n := (s.order().BitLen() + 7) / 8
	if r.Sign() < 0 || other.Sign() < 0 || max(r.BitLen(), other.BitLen()) > 8*n {
		return append(make([]byte, n), slices.Repeat([]byte{0xff}, n)...) // not to be written: the nearest thing
	}
	return append(other.FillBytes(make([]byte, n)), r.FillBytes(make([]byte, n))...)
}

func edited(f func(sc *scene, signature []byte) []byte) edit {
	return signer(func(sc *scene, g *mint.Signer) { g.EditSignature = func(b []byte) []byte { return f(sc, b) } })
}

// mathematicsCases are about the value of the signature (RFC 7091 section 6.2, FIPS 186-5, RFC 8017).
func mathematicsCases() []Case {
	list := slices.Concat(valueRules(), curveRules(), ecdsaRules(), rsaRules())
	for i := range list {
		list[i].codes = "sig.invalid cms.signature"
	}
	return expand("value", signatures, list)
}

func valueRules() []rule {
	zeros := func(n int) edit { return edited(func(*scene, []byte) []byte { return make([]byte, n) }) }
	return []rule{
		{name: "flipped_first", what: "one bit of the first octet", standard: "RFC 5652 5.4", bad: edited(func(_ *scene, b []byte) []byte { b[len(b)/4] ^= 1; return b })},
		{name: "flipped_last", what: "one bit of the last octet", standard: "RFC 5652 5.4", bad: signer(func(_ *scene, g *mint.Signer) { g.EditSignature = mint.FlipBit(-1) })},
		{name: "empty", what: "no octets", standard: "RFC 5652 5.3", bad: edited(func(*scene, []byte) []byte { return nil })},
		{name: "one_octet", what: "one octet", standard: "RFC 5652 5.3", bad: zeros(1)},
		{name: "zeros_64", what: "64 zeros", standard: "RFC 5652 5.3", bad: zeros(64)},
		{name: "zeros_128", what: "128 zeros", standard: "RFC 5652 5.3", bad: zeros(128)},
		{name: "zeros_256", what: "256 zeros", standard: "RFC 5652 5.3", bad: zeros(256)},
		{name: "shorter", what: "the last octet is missing", standard: "RFC 5652 5.3", bad: edited(func(_ *scene, b []byte) []byte { return b[:len(b)-1] })},
		{name: "longer", what: "an octet behind", standard: "RFC 5652 5.3", bad: edited(func(_ *scene, b []byte) []byte { return append(b, 0) })},
		{name: "zero_before", what: "a zero before", standard: "RFC 5652 5.3", bad: edited(func(_ *scene, b []byte) []byte { return append([]byte{0}, b...) })},
		{name: "twice", what: "the signature twice", standard: "RFC 5652 5.3", bad: edited(func(_ *scene, b []byte) []byte { return append(b, b...) })},
		{name: "reversed", what: "octets in the other order", standard: "RFC 5652 5.3", bad: edited(func(_ *scene, b []byte) []byte { slices.Reverse(b); return b })},
		{name: "other_key", what: "made by another key", standard: "RFC 5652 5.4",
			bad: signer(func(s *scene, g *mint.Signer) { g.By = s.Leaf.Using(s.key("stranger")) })},
		{name: "issuer_key", what: "made by the issuer's key", standard: "RFC 5652 5.4", bad: signer(func(s *scene, g *mint.Signer) { g.By = s.Leaf.Using(s.CA.Key) })},
		{name: "of_certificate", what: "the issuer's signature over the certificate", standard: "RFC 5652 5.4",
			bad: edited(func(s *scene, _ []byte) []byte { return bytesOf(parts(bytesOf(s.Leaf.DER))[2])[1:] })},
	}
}

func curveRules() []rule {
	list := []rule{
		{name: "r_zero", what: "r = 0", bad: halves(func(_ *scene, r, _ *big.Int) { r.SetInt64(0) })},
		{name: "s_zero", what: "s = 0", bad: halves(func(_ *scene, _, s *big.Int) { s.SetInt64(0) })},
		{name: "both_zero", what: "r = s = 0", bad: halves(func(_ *scene, r, s *big.Int) { r.SetInt64(0); s.SetInt64(0) })},
		{name: "r_order", what: "r = q", bad: halves(func(sc *scene, r, _ *big.Int) { r.Set(sc.order()) })},
		{name: "s_order", what: "s = q", bad: halves(func(sc *scene, _, s *big.Int) { s.Set(sc.order()) })},
		{name: "r_plus_order", what: "r + q in place of r", bad: halves(func(sc *scene, r, _ *big.Int) { r.Add(r, sc.order()) })},
		{name: "s_plus_order", what: "s + q in place of s", bad: halves(func(sc *scene, _, s *big.Int) { s.Add(s, sc.order()) })},
		{name: "r_all_ones", what: "r of nothing but ones", bad: halves(func(sc *scene, r, _ *big.Int) {
			r.Sub(r.Lsh(big.NewInt(1), uint((sc.order().BitLen()+7)/8*8)), big.NewInt(1))
		})},
		{name: "r_one_s_one", what: "r = s = 1", bad: halves(func(_ *scene, r, s *big.Int) { r.SetInt64(1); s.SetInt64(1) })},
		{name: "r_negated", what: "q - r in place of r", bad: halves(func(sc *scene, r, _ *big.Int) { r.Sub(sc.order(), r) })},
		{name: "r_next", what: "r + 1 in place of r", bad: halves(func(_ *scene, r, _ *big.Int) { r.Add(r, big.NewInt(1)) })},
		{name: "halves_swapped", what: "r and s exchanged", bad: halves(func(_ *scene, r, s *big.Int) { t := new(big.Int).Set(r); r.Set(s); s.Set(t) })},
	}
	for i := range list {
		list[i].kinds, list[i].standard = curves, "RFC 7091 6.2 step 1"
	}
	// The negative of s verifies under ECDSA by its definition, and must not under GOST.
	return append(list, rule{name: "s_negated", what: "q - s in place of s", standard: "RFC 7091 6.2", kinds: onlyGOST, bad: halves(func(sc *scene, _, s *big.Int) { s.Sub(sc.order(), s) })},
		rule{name: "in_der", what: "r and s in a SEQUENCE, as ECDSA has them", standard: "RFC 9215 2", kinds: onlyGOST,
			bad: edited(func(sc *scene, b []byte) []byte { r, s := sc.split(b); return asn.Seq(asn.BigInt(r), asn.BigInt(s)) })},
		rule{name: "digest_big_endian", what: "the digest read with its highest octet first", standard: "RFC 9215 2", kinds: onlyGOST,
			bad: signer(func(s *scene, g *mint.Signer) {
				over := setOf(g.Usual(mint.OIDData, s.text))
				d := s.Leaf.Key.Digest.Sum(over)
				slices.Reverse(d)
				signature, err := s.Leaf.Key.Sign(nil, d, nil)
				if err != nil {
					panic(err)
				}
				g.EditSignature = func([]byte) []byte { return signature }
			})})
}

func ecdsaRules() []rule {
	der := func(f func(r, s *big.Int) []byte) edit {
		return edited(func(sc *scene, b []byte) []byte { r, s := sc.split(b); return f(r, s) })
	}
	list := []rule{
		{name: "bare_halves", what: "r and s without a SEQUENCE", bad: der(func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		})},
		{name: "r_negative", what: "r below zero", bad: der(func(r, s *big.Int) []byte { return asn.Seq(asn.BigInt(new(big.Int).Neg(r)), asn.BigInt(s)) })},
		{name: "r_padded", what: "r with a leading zero too many", bad: der(func(r, s *big.Int) []byte {
			return asn.Seq(asn.RawInt(append([]byte{0}, bytesOf(asn.BigInt(r))...)), asn.BigInt(s))
		})},
		{name: "third_number", what: "a third number behind s", bad: der(func(r, s *big.Int) []byte { return asn.Seq(asn.BigInt(r), asn.BigInt(s), asn.Int(1)) })},
		{name: "indefinite", what: "SEQUENCE of indefinite length", bad: edited(func(_ *scene, b []byte) []byte { return indefinite(b) })},
		{name: "overlong", what: "a length in more octets than needed", bad: edited(func(_ *scene, b []byte) []byte { return overlong(b) })},
	}
	for i := range list {
		list[i].kinds, list[i].standard = onlyECDSA, "RFC 3279 2.2.3"
	}
	return list
}

// forged signs any encoded message by the RSA key: what a padding that is checked loosely would let pass.
func forged(f func(size int, info []byte) []byte) edit {
	return signer(func(s *scene, g *mint.Signer) {
		key, ok := s.Leaf.Key.Private.(*rsa.PrivateKey)
		if !ok {
			return
		}
		digest := s.Leaf.Key.Digest.Sum(setOf(g.Usual(mint.OIDData, s.text)))
		info := asn.Seq(asn.Algorithm(mint.SHA256.OID, asn.Null()), asn.Octets(digest))
		em := new(big.Int).SetBytes(f(key.Size(), info))
		out := em.Exp(em, key.D, key.N).FillBytes(make([]byte, key.Size()))
		g.EditSignature = func([]byte) []byte { return out }
	})
}

// padded is 00 kind FF… 00 and what follows.
func padded(size int, kind byte, info []byte) []byte {
	b := slices.Repeat([]byte{0xff}, size-len(info))
	b[0], b[1], b[len(b)-1] = 0, kind, 0
	return append(b, info...)
}

func rsaRules() []rule {
	number := func(f func(n, s *big.Int) *big.Int) edit {
		return edited(func(sc *scene, b []byte) []byte {
			key, ok := sc.Leaf.Key.Private.(*rsa.PrivateKey)
			if !ok {
				return b
			}
			out := f(key.N, new(big.Int).SetBytes(b))
			return out.FillBytes(make([]byte, (max(out.BitLen(), 2048)+7)/8))
		})
	}
	list := []rule{
		{name: "one", what: "the number 1", bad: number(func(*big.Int, *big.Int) *big.Int { return big.NewInt(1) })},
		{name: "modulus", what: "the modulus", bad: number(func(n, _ *big.Int) *big.Int { return n })},
		{name: "plus_modulus", what: "the signature plus the modulus", bad: number(func(n, s *big.Int) *big.Int { return new(big.Int).Add(n, s) })},
		{name: "negated", what: "the modulus minus the signature", bad: number(func(n, s *big.Int) *big.Int { return new(big.Int).Sub(n, s) })},
		{name: "padding_short", what: "eight octets of padding and garbage behind the digest", bad: forged(func(size int, info []byte) []byte {
			b := append(padded(len(info)+11, 1, info), make([]byte, size)...)
			return b[:size]
		})},
		{name: "padding_kind_2", what: "padding of encryption", bad: forged(func(size int, info []byte) []byte { return padded(size, 2, info) })},
		{name: "padding_kind_0", what: "padding of kind 0", bad: forged(func(size int, info []byte) []byte { return padded(size, 0, info) })},
		{name: "padding_hole", what: "a zero among the padding", bad: forged(func(size int, info []byte) []byte {
			b := padded(size, 1, info)
			b[20] = 0
			return b
		})},
		{name: "digest_info_parameters", what: "garbage in the parameters of DigestInfo", bad: forged(func(size int, info []byte) []byte {
			p := parts(bytesOf(info))
			return padded(size, 1, asn.Seq(asn.Algorithm(mint.SHA256.OID, asn.Octets([]byte("garbage"))), p[1]))
		})},
		{name: "digest_info_other", what: "DigestInfo of another digest", bad: forged(func(size int, info []byte) []byte {
			p := parts(bytesOf(info))
			return padded(size, 1, asn.Seq(asn.Algorithm(mint.SHA384.OID, asn.Null()), p[1]))
		})},
		{name: "digest_alone", what: "the digest without DigestInfo", bad: forged(func(size int, info []byte) []byte { return padded(size, 1, bytesOf(parts(bytesOf(info))[1])) })},
	}
	for i := range list {
		list[i].kinds, list[i].standard = onlyRSA, "RFC 8017 8.2.2"
	}
	return list
}
