// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"crypto/rsa"
	"math/big"
	"slices"

	"zaver/signature/verify"
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

// signerCases are about SignerInfo and the algorithms it names (RFC 5652 section 5.3, RFC 5754, RFC 9215).
func signerCases() []Case {
	return expand("signer", signatures, slices.Concat(identityRules(), algorithmRules(), severalRules()))
}

func identityRules() []rule {
	return []rule{
		{name: "version_3_for_name", what: "version 3 though the signer is named by issuer and number", standard: "RFC 5652 5.3", codes: "cms.version",
			bad: message(func(_ *scene, m *mint.SignedData) { m.Signers[0].Version, m.Version = 3, 3 })},
		{name: "version_1_for_key_id", what: "version 1 though the signer is named by key identifier", standard: "RFC 5652 5.3", codes: "cms.version", confirm: "cms.signers",
			bad: signer(func(_ *scene, g *mint.Signer) { g.ByKey, g.Version = true, 1 })},
		{name: "key_id", what: "a confirmation whose signer is named by key identifier", standard: "RFC 5652 5.3", codes: "cms.signers", only: []Door{Confirmation}, bad: signer(func(_ *scene, g *mint.Signer) { g.ByKey = true })},
		{name: "key_id_other", what: "the key identifier of nobody", standard: "RFC 5652 5.3", codes: "sig.no_certificate", verdict: verify.Undecidable, only: []Door{Document},
			bad: message(func(_ *scene, m *mint.SignedData) {
				m.Signers[0].SID, m.Signers[0].Version, m.Version = asn.Context(0, []byte("another")), 3, 3
			}),
			twin: signer(func(_ *scene, g *mint.Signer) { g.ByKey = true })},
		{name: "serial_other", what: "the number of no certificate inside", standard: "RFC 5652 5.3", codes: "sig.no_certificate", verdict: verify.Undecidable, only: []Door{Document},
			bad: signer(func(s *scene, g *mint.Signer) { g.SID = mint.IssuerAndSerial(s.CA.Name, number("x")) })},
		{name: "of_issuer", what: "the signer is named as the authority", standard: "RFC 5652 5.3", codes: "sig.invalid cms.signing_certificate cms.signature",
			bad: signer(func(s *scene, g *mint.Signer) { g.SID = mint.IssuerAndSerial(s.Root.Name, s.CA.Serial) })},
	}
}

func algorithmRules() []rule {
	digest := func(d mint.Digest) edit {
		return signer(func(_ *scene, g *mint.Signer) { g.DigestAlgorithm = d.Algorithm() })
	}
	value := func(der []byte) edit { return signer(func(_ *scene, g *mint.Signer) { g.Algorithm = der }) }
	other := func(s *scene) []byte {
		if s.kind.IsGOST() {
			return asn.Algorithm("1.2.840.10045.4.3.2")
		}
		return mint.GOST2012256.SignatureAlgorithm()
	}
	return []rule{
		{name: "digest_sha1", what: "digest named SHA-1", standard: "RFC 5754 2", codes: "cms.algorithm", bad: digest(mint.SHA1)},
		{name: "digest_md5", what: "digest named MD5", standard: "RFC 5754 2", codes: "cms.algorithm", bad: digest(mint.MD5)},
		{name: "digest_sha224", what: "digest named SHA-224", standard: "RFC 5754 2", codes: "cms.algorithm", bad: digest(mint.SHA224)},
		{name: "digest_unknown", what: "digest of no known name", standard: "RFC 5754 2", codes: "cms.algorithm", bad: signer(func(_ *scene, g *mint.Signer) { g.DigestAlgorithm = asn.Algorithm(oidOther) })},
		{name: "digest_parameters", what: "digest with parameters", standard: "RFC 5754 2", codes: "cms.algorithm",
			bad: signer(func(s *scene, g *mint.Signer) {
				g.DigestAlgorithm = asn.Algorithm(s.Leaf.Key.Digest.OID, asn.Octets(nil))
			}),
			twin: signer(func(s *scene, g *mint.Signer) { g.DigestAlgorithm = asn.Algorithm(s.Leaf.Key.Digest.OID, asn.Null()) })},
		{name: "digest_of_other_family", what: "the digest of the other family beside the signature", standard: "RFC 9215 2", codes: "cms.algorithm",
			bad: signer(func(s *scene, g *mint.Signer) {
				g.Digest = mint.Streebog256
				if s.kind.IsGOST() {
					g.Digest = mint.SHA256
				}
				g.DigestAlgorithm, g.SignOver = g.Digest.Algorithm(), nil
				if s.kind == mint.GOST2012512 {
					g.Digest = mint.SHA512
					g.DigestAlgorithm = g.Digest.Algorithm()
				}
				if !s.kind.IsGOST() {
					g.Digest = s.Leaf.Key.Digest
				}
			})},
		{name: "digest_of_other_length", what: "Streebog of the other length", standard: "RFC 9215 2", codes: "cms.algorithm", kinds: onlyGOST,
			bad: signer(func(s *scene, g *mint.Signer) {
				g.DigestAlgorithm = mint.Streebog512.Algorithm()
				if s.kind == mint.GOST2012512 {
					g.DigestAlgorithm = mint.Streebog256.Algorithm()
				}
			})},
		{name: "digest_gost94", what: "a key of 2012 beside the digest of 1994", standard: "RFC 9215 2", codes: "cms.algorithm", kinds: onlyGOST, bad: digest(mint.GOST94)},
		{name: "signature_unknown", what: "signature of no known name", standard: "RFC 5652 5.3", codes: "cms.algorithm", bad: value(asn.Algorithm(oidOther))},
		{name: "signature_of_other_family", what: "signature named as of the other family", standard: "RFC 9215 2", codes: "cms.algorithm", bad: signer(func(s *scene, g *mint.Signer) { g.Algorithm = other(s) })},
		{name: "signature_by_other_digest", what: "signature and digest disagree", standard: "RFC 5754 3", codes: "cms.algorithm",
			bad: signer(func(s *scene, g *mint.Signer) {
				g.Algorithm = map[mint.Kind][]byte{
					mint.P256: asn.Algorithm("1.2.840.10045.4.3.4"), mint.RSA2048: asn.Algorithm("1.2.840.113549.1.1.13", asn.Null()),
					mint.GOST2012256: mint.GOST2012512.SignatureAlgorithm(), mint.GOST2012512: mint.GOST2012256.SignatureAlgorithm(),
				}[s.kind]
			})},
		{name: "signature_parameters", what: "signature with parameters that it has not", standard: "RFC 9215 2", codes: "cms.algorithm",
			bad: signer(func(s *scene, g *mint.Signer) {
				g.Algorithm = asn.Seq(parts(bytesOf(s.Leaf.Key.CMSAlgorithm))[0], asn.Octets([]byte{1}))
			})},
		{name: "signature_2001", what: "a key of 2012 named as one of 2001", standard: "RFC 9215 2", codes: "cms.algorithm", kinds: onlyGOST256, bad: value(asn.Algorithm("1.2.643.2.2.19"))},
		{name: "pss_for_pkcs1", what: "PSS named over a PKCS #1 signature", standard: "RFC 4055 3", codes: "cms.signature", kinds: onlyRSA,
			bad: signer(func(s *scene, g *mint.Signer) { g.Algorithm = s.Leaf.Key.PSS(mint.SHA256, 32).CMSAlgorithm })},
		{name: "pss_without_parameters", what: "PSS without parameters, which would mean SHA-1", standard: "RFC 4055 3.1", codes: "cms.algorithm", kinds: onlyRSA, bad: value(asn.Algorithm("1.2.840.113549.1.1.10"))},
		{name: "legacy_2001", what: "a confirmation signed by GOST R 34.10-2001", standard: "RFC 9215 6", codes: "cms.algorithm", kinds: onlyGOST256, only: []Door{Confirmation}, bad: legacy()},
		{name: "legacy_2001_qualified", what: "a qualified signature of today by GOST R 34.10-2001", standard: "RFC 9215 6", codes: "sig.legacy_algorithm", kinds: onlyGOST256, only: []Door{Document}, with: qualified(), bad: legacy()},
	}
}

// legacy gives the leaf a key of 2001.
func legacy() edit {
	return edit{leaf: func(s *scene, c *mint.Certificate) { c.Key = s.keyOf(mint.GOST2001A, "leaf") }}
}

func severalRules() []rule {
	two := func(f func(s *scene, g *mint.Signer)) edit {
		return message(func(s *scene, m *mint.SignedData) {
			g := mint.Signer{By: s.Responder, At: s.Signed}
			f(s, &g)
			m.Signers = append(m.Signers, g)
			m.Certificates = append(m.Certificates, s.Responder.DER)
		})
	}
	good := two(func(*scene, *mint.Signer) {})
	return []rule{
		{name: "two_one_flipped", what: "two signers, one of them without effect", standard: "RFC 5652 5.1", codes: "sig.invalid cms.signature", confirm: "-", twin: good,
			bad: two(func(_ *scene, g *mint.Signer) { g.EditSignature = mint.FlipBit(30) })},
		{name: "two_one_other_content", what: "two signers, one of another content", standard: "RFC 5652 5.1", codes: "sig.invalid cms.message_digest", confirm: "-", twin: good,
			bad: two(func(_ *scene, g *mint.Signer) { g.Attributes = g.Usual(mint.OIDData, []byte("another")) })},
		{name: "two_one_unknown", what: "two signers, the certificate of one missing", standard: "RFC 5652 5.1", codes: "sig.no_certificate", verdict: verify.Undecidable, confirm: "-", twin: good,
			bad: message(func(s *scene, m *mint.SignedData) {
				m.Signers = append(m.Signers, mint.Signer{By: s.Responder, At: s.Signed})
			})},
		{name: "two_one_untrusted", what: "two signers, one under a root of nobody's", standard: "RFC 5280 6.1", codes: "sig.not_accredited chain.no_anchor", confirm: "-", twin: good,
			bad: message(func(s *scene, m *mint.SignedData) {
				stranger := s.stranger()
				m.Signers, m.Certificates = append(m.Signers, mint.Signer{By: stranger, At: s.Signed}), append(m.Certificates, stranger.DER)
			})},
		{name: "two", what: "two signers of a confirmation", standard: "RFC 5652 5.1", codes: "cms.signers", only: []Door{Confirmation}, bad: good},
		{name: "two_of_one_name", what: "a certificate of the same name and number over another key beside the signer's", standard: "RFC 5652 5.3", codes: "cms.signature",
			bad: message(func(s *scene, m *mint.SignedData) {
				double := mint.Certificate{Subject: s.Leaf.Name, Serial: s.Leaf.Serial, Key: s.key("stranger"), Extensions: mint.LeafExtensions()}.Sign(s.CA)
				m.Certificates = append(m.Certificates, double.DER)
				m.Signers[0].By = s.Leaf.Using(double.Key)
			}),
			twin: message(func(s *scene, m *mint.SignedData) {
				double := mint.Certificate{Subject: s.Leaf.Name, Serial: s.Leaf.Serial, Key: s.key("stranger"), Extensions: mint.LeafExtensions()}.Sign(s.CA)
				m.Certificates = append(m.Certificates, double.DER)
			})},
	}
}

// stranger is a holder under a root that nobody trusts.
func (s *scene) stranger() *mint.Party {
	root := mint.Certificate{Subject: mint.CN("stranger root"), Serial: number("stranger root"), Key: s.key("stranger root"), Extensions: mint.CAExtensions()}.Sign(nil)
	return mint.Certificate{Subject: mint.CN("stranger"), Serial: number("stranger"), Key: s.key("stranger"), Extensions: mint.LeafExtensions()}.Sign(root)
}
