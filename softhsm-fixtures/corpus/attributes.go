// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bytes"
	"slices"
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

const oidProtection = "1.2.840.113549.1.9.52"

func protection(digest []byte, tag byte, signature []byte) mint.Attribute {
	return attribute(oidProtection, asn.Seq(digest, asn.Retag(tag, signature)))
}

// attributeCases are about signed and unsigned attributes (RFC 5652 sections 5.3, 5.4 and 11, RFC 6211).
func attributeCases() []Case {
	return expand("attributes", signatures, slices.Concat(setRules(), typeRules(), timeRules(), protectionRules(), unsignedRules()))
}

func setRules() []rule {
	return []rule{
		{name: "empty", what: "an empty set of signed attributes", standard: "RFC 5652 5.3", codes: "cms.attributes", bad: signer(func(_ *scene, g *mint.Signer) { g.Attributes = []mint.Attribute{} })},
		{name: "unsorted", what: "attributes not in the order of DER, signed so", standard: "RFC 5652 5.3", codes: "cms.attributes", bad: unsorted(true), twin: unsorted(false)},
		{name: "sorted_after", what: "attributes sorted after they were signed in another order", standard: "RFC 5652 5.4", codes: "cms.signature",
			bad: signer(func(s *scene, g *mint.Signer) {
				list := g.Usual(mint.OIDData, s.text)
				slices.Reverse(list)
				var der [][]byte
				for _, a := range list {
					der = append(der, a.DER())
				}
				if g.SignOver = asn.Set(der...); bytes.Equal(g.SignOver, asn.SetOf(der...)) {
					g.SignOver = asn.Set(der[1], der[0], der[2], der[3])
				}
			})},
		{name: "signed_under_0", what: "attributes signed under their tag [0] instead of SET", standard: "RFC 5652 5.4", codes: "cms.signature",
			bad: signer(func(s *scene, g *mint.Signer) { g.SignOver = asn.Retag(0xa0, setOf(g.Usual(mint.OIDData, s.text))) })},
		{name: "signed_content", what: "the content was signed, and not the attributes beside it", standard: "RFC 5652 5.4", codes: "cms.signature", bad: signer(func(s *scene, g *mint.Signer) { g.SignOver = s.text })},
		{name: "other_set", what: "attributes other than those signed", standard: "RFC 5652 5.4", codes: "cms.signature",
			bad: signer(func(s *scene, g *mint.Signer) {
				later := *g
				later.At = s.Signed.Add(time.Second)
				g.SignOver = setOf(later.Usual(mint.OIDData, s.text))
			})},
		{name: "removed", what: "the signed attributes were taken away", standard: "RFC 5652 5.4", codes: "cms.signature", confirm: "cms.attributes",
			bad: raw(func(der []byte) []byte {
				return inside(der, func(info []byte) []byte {
					p := parts(bytesOf(info))
					return asn.Seq(p[0], p[1], p[2], p[4], p[5])
				}, stepsSigner...)
			})},
		{name: "valueless", what: "an attribute without a value", standard: "RFC 5652 5.3", codes: "cms.attributes", bad: added(attribute(oidOther)), twin: added(attribute(oidOther, asn.Null()))},
		{name: "value_not_der", what: "a value that is not DER", standard: "X.690 11.1", codes: "cms.not_der", bad: added(attribute(oidOther, asn.LooseTrue())), twin: added(attribute(oidOther, asn.Bool(true)))},
		{name: "none_over_other_type", what: "no signed attributes over content of another type", standard: "RFC 5652 5.3", codes: "cms.attributes", confirm: "-",
			bad:  message(func(_ *scene, m *mint.SignedData) { m.Signers[0].NoAttributes, m.ContentType = true, oidOther }),
			twin: message(func(_ *scene, m *mint.SignedData) { m.ContentType = oidOther })},
		{name: "none", what: "a confirmation without signed attributes", standard: "EN 319 122-1 5.2", codes: "cms.attributes", only: []Door{Confirmation}, bad: signer(func(_ *scene, g *mint.Signer) { g.NoAttributes = true })},
		{name: "none_qualified", what: "a qualified signature without signed attributes", standard: "EN 319 122-1 5.2", codes: "cms.note.no_attributes", only: []Door{Document},
			with: qualified(), bad: signer(func(_ *scene, g *mint.Signer) { g.NoAttributes = true })},
		{name: "counter_signature_signed", what: "a counter-signature among the signed attributes", standard: "RFC 5652 11.4", codes: "cms.attributes", bad: added(attribute(mint.OIDCounterSignature, asn.Seq()))},
		{name: "repeated_unknown", what: "an attribute of no known kind twice in a confirmation", standard: "RFC 5652 5.3", codes: "cms.attributes", only: []Door{Confirmation},
			bad: added(attribute(oidOther, asn.Null()), attribute(oidOther, asn.Int(1)))},
	}
}

func setOf(list []mint.Attribute) []byte {
	var der [][]byte
	for _, a := range list {
		der = append(der, a.DER())
	}
	return asn.SetOf(der...)
}

// unsorted puts a long attribute, which DER sorts last, in the first place.
func unsorted(bad bool) edit {
	return signer(func(s *scene, g *mint.Signer) {
		g.Unsorted = bad
		g.Attributes = slices.Concat([]mint.Attribute{attribute(oidOther, asn.Octets(bytes.Repeat([]byte{7}, 300)))}, g.Usual(mint.OIDData, s.text))
	})
}

// qualified asks what the law asks of a signature.
func qualified() edit {
	return edit{
		leaf: func(_ *scene, c *mint.Certificate) { c.Extensions = leafExtensions(Confirmation) }, answered: true,
		input: func(_ *scene, in *Input) { in.Profile = verify.ProfileQualified },
	}
}

func typeRules() []rule {
	digest := func(f func(s *scene) []byte) edit {
		return replaced(func(s *scene) []mint.Attribute { return []mint.Attribute{mint.MessageDigest(f(s))} })
	}
	return []rule{
		{name: "content_type_missing", what: "no content-type", standard: "RFC 5652 11.1", codes: "cms.attributes", bad: dropped(mint.OIDContentType)},
		{name: "content_type_other", what: "content-type of another type", standard: "RFC 5652 11.1", codes: "cms.content_type", bad: replacedBy(mint.ContentType(oidOther))},
		{name: "content_type_twice", what: "content-type twice", standard: "RFC 5652 11.1", codes: "cms.attributes", bad: added(mint.ContentType(oidOther))},
		{name: "content_type_two_values", what: "content-type with two values", standard: "RFC 5652 11.1", codes: "cms.attributes", bad: replacedBy(attribute(mint.OIDContentType, asn.OID(mint.OIDData), asn.OID(oidOther)))},
		{name: "content_type_null", what: "content-type that is no identifier", standard: "RFC 5652 11.1", codes: "cms.attributes", bad: replacedBy(attribute(mint.OIDContentType, asn.Null()))},
		{name: "digest_missing", what: "no message-digest", standard: "RFC 5652 11.2", codes: "cms.attributes", bad: dropped(mint.OIDMessageDigest)},
		{name: "digest_other", what: "message-digest of other bytes", standard: "RFC 5652 11.2", codes: "cms.message_digest", bad: digest(func(s *scene) []byte { return s.Leaf.Key.Digest.Sum([]byte("x")) })},
		{name: "digest_twice", what: "message-digest twice, the right one first", standard: "RFC 5652 11.2", codes: "cms.attributes",
			bad: signer(func(s *scene, g *mint.Signer) {
				g.Extra = append(g.Extra, mint.MessageDigest(s.Leaf.Key.Digest.Sum([]byte("x"))))
			})},
		{name: "digest_two_values", what: "message-digest with two values", standard: "RFC 5652 11.2", codes: "cms.attributes",
			bad: replaced(func(s *scene) []mint.Attribute {
				d := s.Leaf.Key.Digest
				return []mint.Attribute{attribute(mint.OIDMessageDigest, asn.Octets(d.Sum(s.text)), asn.Octets(d.Sum([]byte("x"))))}
			})},
		{name: "digest_cut", what: "message-digest without its last octet", standard: "RFC 5652 11.2", codes: "cms.digest_size", bad: digest(func(s *scene) []byte { d := s.Leaf.Key.Digest.Sum(s.text); return d[:len(d)-1] })},
		{name: "digest_long", what: "message-digest with an octet more", standard: "RFC 5652 11.2", codes: "cms.digest_size", bad: digest(func(s *scene) []byte { return append(s.Leaf.Key.Digest.Sum(s.text), 0) })},
		{name: "digest_empty", what: "message-digest empty", standard: "RFC 5652 11.2", codes: "cms.digest_size", bad: digest(func(*scene) []byte { return nil })},
		{name: "digest_of_other_size", what: "message-digest by a digest of another size", standard: "RFC 5652 11.2", codes: "cms.digest_size", bad: digest(func(s *scene) []byte { return mint.SHA384.Sum(s.text) })},
		{name: "digest_reversed", what: "message-digest in the other order of octets", standard: "RFC 9215 2", codes: "cms.message_digest",
			bad: digest(func(s *scene) []byte { d := s.Leaf.Key.Digest.Sum(s.text); slices.Reverse(d); return d })},
		{name: "digest_no_octets", what: "message-digest that is a BIT STRING", standard: "RFC 5652 11.2", codes: "cms.attributes",
			bad: replaced(func(s *scene) []mint.Attribute {
				return []mint.Attribute{attribute(mint.OIDMessageDigest, asn.Bits(s.Leaf.Key.Digest.Sum(s.text)))}
			})},
	}
}

func timeRules() []rule {
	at := func(value []byte) edit { return replacedBy(attribute(mint.OIDSigningTime, value)) }
	return []rule{
		{name: "time_missing", what: "a confirmation without signing-time", standard: "EN 319 122-1 5.2.1", codes: "cms.attributes", only: []Door{Confirmation}, bad: dropped(mint.OIDSigningTime)},
		{name: "time_twice", what: "signing-time twice", standard: "RFC 5652 11.3", codes: "cms.attributes", bad: added(mint.SigningTime(Moment.Add(time.Hour)))},
		{name: "time_two_values", what: "signing-time with two values", standard: "RFC 5652 11.3", codes: "cms.attributes", bad: replacedBy(attribute(mint.OIDSigningTime, asn.Time(Moment), asn.Time(Moment.Add(time.Second))))},
		{name: "time_generalized", what: "signing-time before 2050 as GeneralizedTime", standard: "RFC 5652 11.3", codes: "cms.signing_time", bad: at(asn.GeneralizedTime(Moment)), twin: at(asn.UTCTime(Moment))},
		{name: "time_without_seconds", what: "signing-time without seconds", standard: "RFC 5652 11.3", codes: "cms.signing_time", bad: at(asn.String(asn.TagUTCTime, "2611221159Z"))},
		{name: "time_with_offset", what: "signing-time with an offset", standard: "RFC 5652 11.3", codes: "cms.signing_time", bad: at(asn.String(asn.TagUTCTime, "261122145900+0300"))},
		{name: "time_no_day", what: "signing-time on the 30th of February", standard: "RFC 5652 11.3", codes: "cms.signing_time", bad: at(asn.String(asn.TagUTCTime, "260230115900Z"))},
		{name: "time_no_time", what: "signing-time that is a number", standard: "RFC 5652 11.3", codes: "cms.signing_time", bad: at(asn.Int(1)), twin: at(asn.UTCTime(Moment))},
	}
}

func protectionRules() []rule {
	right := func(s *scene) (digest, signature []byte) {
		return s.Leaf.Key.Digest.Algorithm(), s.Leaf.Key.CMSAlgorithm
	}
	as := func(f func(s *scene) mint.Attribute) edit {
		return signer(func(s *scene, g *mint.Signer) { g.Extra = append(g.Extra, f(s)) })
	}
	good := as(func(s *scene) mint.Attribute { d, a := right(s); return protection(d, 0xa1, a) })
	return []rule{
		{name: "protection_digest", what: "the signed copy of the algorithms names another digest", standard: "RFC 6211 2", codes: "cms.algorithm_protection", twin: good,
			bad: as(func(s *scene) mint.Attribute { _, a := right(s); return protection(mint.SHA384.Algorithm(), 0xa1, a) })},
		{name: "protection_signature", what: "the signed copy of the algorithms names another signature", standard: "RFC 6211 2", codes: "cms.algorithm_protection", twin: good,
			bad: as(func(s *scene) mint.Attribute { d, _ := right(s); return protection(d, 0xa1, asn.Algorithm(oidOther)) })},
		{name: "protection_mac", what: "the signed copy of the algorithms is that of a MAC", standard: "RFC 6211 2", codes: "cms.algorithm_protection", twin: good,
			bad: as(func(s *scene) mint.Attribute { d, a := right(s); return protection(d, 0xa2, a) })},
		{name: "protection_null", what: "the signed copy of the algorithms is NULL", standard: "RFC 6211 2", codes: "cms.algorithm_protection", twin: good, bad: added(attribute(oidProtection, asn.Null()))},
		{name: "protection_two_values", what: "two signed copies of the algorithms", standard: "RFC 6211 2", codes: "cms.attributes", twin: good,
			bad: as(func(s *scene) mint.Attribute {
				d, a := right(s)
				return attribute(oidProtection, asn.Seq(d, asn.Retag(0xa1, a)), asn.Seq(asn.Null()))
			})},
	}
}

func unsignedRules() []rule {
	told := func(name, what, standard, codes string, bad edit) rule {
		return rule{name: name, what: what, standard: standard, codes: codes, bad: bad, verdict: verify.Valid, only: []Door{Document}}
	}
	counter := func(change func(s *scene, g *mint.Signer)) edit {
		return edit{
			signer: func(s *scene, g *mint.Signer) {
				c := mint.Signer{By: s.TSA, At: s.Signed}
				change(s, &c)
				g.Unsigned = append(g.Unsigned, mint.Counter(c))
			},
			message: func(s *scene, m *mint.SignedData) { m.Certificates = append(m.Certificates, s.TSA.DER) },
		}
	}
	return []rule{
		told("counter_flipped", "a counter-signature that does not hold", "RFC 5652 11.4", "sig.counter_unusable cms.signature",
			counter(func(_ *scene, c *mint.Signer) { c.EditSignature = mint.FlipBit(20) })),
		told("counter_of_other", "a counter-signature over another signature", "RFC 5652 11.4", "sig.counter_unusable cms.message_digest",
			counter(func(s *scene, c *mint.Signer) {
				c.Attributes = []mint.Attribute{mint.MessageDigest(s.TSA.Key.Digest.Sum([]byte("another"))), mint.SigningTime(s.Signed), mint.SigningCertificate(s.TSA.Key.Digest, s.TSA)}
			})),
		told("counter_content_type", "a counter-signature with content-type", "RFC 5652 11.4", "sig.counter_unusable cms.attributes",
			counter(func(_ *scene, c *mint.Signer) {
				c.Extra = []mint.Attribute{{OID: "kept", Raw: mint.ContentType(mint.OIDData).DER()}}
			})),
		told("counter_broken", "an attribute that is no counter-signature", "RFC 5652 11.4", "cms.note.unread_values", unsigned(attribute(mint.OIDCounterSignature, asn.Seq()))),
		told("values_broken", "certificate-values that cannot be read", "RFC 5126 6.3.3", "cms.note.unread_values", unsigned(attribute(mint.OIDCertificateValues, asn.Seq(asn.Null())))),
		told("revocation_broken", "revocation-values that cannot be read", "RFC 5126 6.3.4", "cms.note.unread_values", unsigned(attribute(mint.OIDRevocationValues, asn.Seq(asn.Null())))),
		told("time_unsigned", "signing-time among the unsigned attributes", "RFC 5652 11.3", "cms.note.misplaced_attribute", unsigned(mint.SigningTime(Moment))),
		told("stamp_signed", "a timestamp among the signed attributes", "RFC 5126 6.1.1", "cms.note.misplaced_attribute", added(attribute(mint.OIDSignatureTimestamp, asn.Seq()))),
		told("certificate_broken", "a broken certificate beside the right ones", "RFC 5652 10.2.3", "cms.note.certificate",
			message(func(_ *scene, m *mint.SignedData) { m.Certificates = append(m.Certificates, asn.Seq(asn.Null())) })),
		told("digest_list", "the list of digests lacks the signer's", "RFC 5652 5.1", "cms.note.digest_list",
			message(func(_ *scene, m *mint.SignedData) { m.DigestAlgorithms = [][]byte{mint.SHA384.Algorithm()} })),
		told("stamp_broken", "a timestamp that cannot be read", "RFC 5126 6.1.1", "sig.timestamp_unusable timestamp.malformed", unsigned(attribute(mint.OIDSignatureTimestamp, asn.Seq()))),
	}
}

// referenceCases are about signing-certificate (RFC 5035).
func referenceCases() []Case {
	ref := func(f func(s *scene) []mint.Attribute) edit {
		return signer(func(s *scene, g *mint.Signer) {
			g.Drop = append(g.Drop, mint.OIDSigningCertificateV2)
			for _, a := range f(s) {
				g.Extra = append(g.Extra, mint.Attribute{OID: "kept", Raw: a.DER()})
			}
		})
	}
	by := func(s *scene) mint.Digest { return s.Leaf.Key.Digest }
	one := func(f func(s *scene) mint.Attribute) edit {
		return ref(func(s *scene) []mint.Attribute { return []mint.Attribute{f(s)} })
	}
	ids := func(f func(s *scene) [][]byte) edit {
		return one(func(s *scene) mint.Attribute { return mint.SigningCertificates(f(s)...) })
	}
	return expand("reference", signatures, []rule{
		{name: "missing_qualified", what: "a qualified signature without signing-certificate-v2", standard: "EN 319 122-1 5.2.2", codes: "cms.note.no_signing_certificate", only: []Door{Document}, with: qualified(), bad: dropped(mint.OIDSigningCertificateV2)},
		{name: "missing", what: "a confirmation without signing-certificate-v2", standard: "EN 319 122-1 5.2.2", codes: "cms.attributes", only: []Door{Confirmation}, bad: dropped(mint.OIDSigningCertificateV2)},
		{name: "of_issuer", what: "names the issuer's certificate", standard: "RFC 5035 3", codes: "cms.signing_certificate", bad: one(func(s *scene) mint.Attribute { return mint.SigningCertificate(by(s), s.CA) })},
		{name: "hash_flipped", what: "one bit of the certificate's hash", standard: "RFC 5035 4", codes: "cms.signing_certificate",
			bad: ids(func(s *scene) [][]byte {
				id := mint.ESSCertIDv2(by(s), s.Leaf.DER, nil)
				id[len(id)-1] ^= 1
				return [][]byte{id}
			}),
			twin: ids(func(s *scene) [][]byte { return [][]byte{mint.ESSCertIDv2(by(s), s.Leaf.DER, nil)} })},
		{name: "second_place", what: "names the certificate in the second place, where it binds nothing", standard: "RFC 5035 3", codes: "cms.signing_certificate",
			bad: ids(func(s *scene) [][]byte {
				return [][]byte{mint.ESSCertIDv2(by(s), s.CA.DER, nil), mint.ESSCertIDv2(by(s), s.Leaf.DER, nil)}
			}),
			twin: ids(func(s *scene) [][]byte {
				return [][]byte{mint.ESSCertIDv2(by(s), s.Leaf.DER, nil), mint.ESSCertIDv2(by(s), s.CA.DER, nil)}
			})},
		{name: "serial_other", what: "the right hash with another serial number", standard: "RFC 5035 4", codes: "cms.signing_certificate",
			bad: ids(func(s *scene) [][]byte {
				return [][]byte{mint.ESSCertIDv2(by(s), s.Leaf.DER, asn.Seq(asn.Seq(mint.Dir(s.Leaf.Issuer)), asn.BigInt(number("x"))))}
			})},
		{name: "issuer_other", what: "the right hash with another issuer", standard: "RFC 5035 4", codes: "cms.signing_certificate",
			bad: ids(func(s *scene) [][]byte {
				return [][]byte{mint.ESSCertIDv2(by(s), s.Leaf.DER, asn.Seq(asn.Seq(mint.Dir(s.Root.Name)), asn.BigInt(s.Leaf.Serial)))}
			})},
		{name: "md5", what: "hash by MD5", standard: "RFC 5035 4", codes: "cms.algorithm", bad: ids(func(s *scene) [][]byte { return [][]byte{mint.ESSCertIDv2(mint.MD5, s.Leaf.DER, nil)} })},
		{name: "sha1_in_v2", what: "a confirmation bound by SHA-1 in the second version", standard: "RFC 5035 4", codes: "cms.algorithm", only: []Door{Confirmation}, bad: ids(func(s *scene) [][]byte { return [][]byte{mint.ESSCertIDv2(mint.SHA1, s.Leaf.DER, nil)} })},
		{name: "hash_cut", what: "hash cut to 20 octets", standard: "RFC 5035 4", codes: "cms.attributes",
			bad: one(func(s *scene) mint.Attribute {
				return attribute(mint.OIDSigningCertificateV2, asn.Seq(asn.Seq(asn.Seq(asn.Octets(mint.SHA256.Sum(s.Leaf.DER)[:20])))))
			})},
		{name: "none_named", what: "an empty list of certificates", standard: "RFC 5035 3", codes: "cms.attributes", bad: ids(func(*scene) [][]byte { return nil })},
		{name: "twice", what: "signing-certificate-v2 twice", standard: "RFC 5035 3", codes: "cms.attributes",
			bad: ref(func(s *scene) []mint.Attribute {
				return []mint.Attribute{mint.SigningCertificate(by(s), s.Leaf), mint.SigningCertificate(mint.SHA512, s.Leaf)}
			})},
		{name: "two_values", what: "signing-certificate-v2 with two values", standard: "RFC 5035 3", codes: "cms.attributes",
			bad: one(func(s *scene) mint.Attribute {
				a, b := mint.SigningCertificate(by(s), s.Leaf), mint.SigningCertificate(by(s), s.CA)
				return attribute(mint.OIDSigningCertificateV2, a.Values[0], b.Values[0])
			})},
		{name: "v1_of_issuer", what: "the first version names another certificate", standard: "RFC 5035 5", codes: "cms.signing_certificate", confirm: "cms.attributes",
			bad: one(func(s *scene) mint.Attribute { return mint.SigningCertificateV1(s.CA) })},
		{name: "versions_differ", what: "both versions are there and name different certificates", standard: "RFC 5035 3", codes: "cms.signing_certificate",
			bad: ref(func(s *scene) []mint.Attribute {
				return []mint.Attribute{mint.SigningCertificate(by(s), s.Leaf), mint.SigningCertificateV1(s.CA)}
			})},
		{name: "v1_alone", what: "a confirmation bound by SHA-1 only", standard: "EN 319 122-1 5.2.2", codes: "cms.attributes", only: []Door{Confirmation},
			bad: one(func(s *scene) mint.Attribute { return mint.SigningCertificateV1(s.Leaf) })},
	})
}
