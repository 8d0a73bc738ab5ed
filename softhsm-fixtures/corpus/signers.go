// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"slices"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

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
