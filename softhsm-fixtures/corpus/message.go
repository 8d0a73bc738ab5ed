// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bytes"
	"slices"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

const (
	oidOther        = "1.2.3.4"
	oidDigestedData = "1.2.840.113549.1.7.5"
)

// Steps through a ContentInfo: SignedData lies at 1, 0; in it version 0, digests 1, content 2,
// certificates 3, signers -1.
var (
	stepsData   = []int{1, 0}
	stepsSigner = []int{1, 0, -1, 0}
)

func step(base []int, more ...int) []int { return append(slices.Clone(base), more...) }

func indefinite(der []byte) []byte {
	tag, content, _ := element(der)
	return asn.Indefinite(tag, content)
}

func overlong(der []byte) []byte {
	tag, content, _ := element(der)
	width := 4
	return asn.Join([]byte{tag}, asn.LongLength(len(content), width), content)
}

func huge(tag byte, length ...byte) func([]byte) []byte {
	return func(der []byte) []byte {
		_, content, _ := element(der)
		return asn.Join([]byte{tag, byte(0x80 | len(length))}, length, content)
	}
}

// nested is a SEQUENCE in a SEQUENCE in a …
func nested(depth int) []byte {
	var head []byte
	n := 0
	list := make([][]byte, 0, depth)
	for range depth {
		h := asn.Join([]byte{0x30}, asn.Length(n))
		list = append(list, h)
		n += len(h)
	}
	slices.Reverse(list)
	head = asn.Join(list...)
	return head
}

// messageCases are about what lies around the signers (RFC 5652 sections 3, 5.1 and 5.2, X.690).
func messageCases() []Case {
	return expand("cms", signatures, slices.Concat(envelopeRules(), berRules(), contentRules(), boundRules()))
}

func envelopeRules() []rule {
	return []rule{
		{name: "empty", what: "no bytes at all", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: raw(func([]byte) []byte { return []byte{} })},
		{name: "text", what: "a text in place of a signature", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: raw(func([]byte) []byte { return []byte("-----BEGIN CMS-----\n") })},
		{name: "zeros", what: "a kilobyte of zeros", standard: "RFC 5652 3", codes: "sig.invalid", bad: raw(func([]byte) []byte { return make([]byte, 1024) })},
		{name: "certificate", what: "a certificate in place of a signature", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: edit{der: func(s *scene, _ []byte) []byte { return s.Leaf.DER }}},
		{name: "digested_data", what: "content of type DigestedData", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: message(func(_ *scene, m *mint.SignedData) { m.OuterType = oidDigestedData })},
		{name: "type_data", what: "content of type Data", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: message(func(_ *scene, m *mint.SignedData) { m.OuterType = mint.OIDData })},
		{name: "bare_signed_data", what: "SignedData without ContentInfo around it", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: raw(func(der []byte) []byte { return parts(bytesOf(parts(bytesOf(der))[1]))[0] })},
		{name: "content_info_empty", what: "ContentInfo with a type and no content", standard: "RFC 5652 3", codes: "sig.invalid cms.malformed", bad: raw(func([]byte) []byte { return asn.Seq(asn.OID(mint.OIDSignedData)) })},
		{name: "truncated_half", what: "the first half", standard: "X.690 8.1.3", codes: "sig.invalid cms.malformed", bad: raw(func(der []byte) []byte { return der[:len(der)/2] })},
		{name: "truncated_last", what: "the last octet is missing", standard: "X.690 8.1.3", codes: "sig.invalid cms.malformed", bad: raw(func(der []byte) []byte { return der[:len(der)-1] })},
		{name: "version_9", what: "SignedData of version 9", standard: "RFC 5652 5.1", codes: "cms.version", bad: message(func(_ *scene, m *mint.SignedData) { m.Version = 9 })},
		{name: "version_negative", what: "SignedData of version -1", standard: "RFC 5652 5.1", codes: "cms.version", bad: message(func(_ *scene, m *mint.SignedData) { m.Version = -1 })},
		{name: "version_3_for_1", what: "version 3 where 1 is due", standard: "RFC 5652 5.1", codes: "cms.version", bad: message(func(_ *scene, m *mint.SignedData) { m.Version = 3 })},
		{name: "version_1_for_key_id", what: "version 1 though a signer is named by key identifier", standard: "RFC 5652 5.1", codes: "cms.version", confirm: "-",
			bad: message(func(_ *scene, m *mint.SignedData) { m.Signers[0].ByKey, m.Version = true, 1 }), twin: signer(func(_ *scene, g *mint.Signer) { g.ByKey = true })},
		{name: "version_1_for_ocsp", what: "version 1 though OCSP answers are inside", standard: "RFC 5652 5.1", codes: "cms.version", confirm: "-",
			bad: message(func(_ *scene, m *mint.SignedData) {
				m.CRLs, m.Version = [][]byte{asn.Implicit(1, asn.Seq(asn.OID("1.3.6.1.5.5.7.16.2"), asn.Seq()))}, 1
			})},
		{name: "no_signers", what: "nobody has signed", standard: "RFC 5652 5.1", codes: "cms.signers", bad: message(func(s *scene, m *mint.SignedData) {
			m.Signers, m.DigestAlgorithms = nil, [][]byte{s.Leaf.Key.Digest.Algorithm()}
		})},
		{name: "certificate_choice_unknown", what: "a certificate of no known choice", standard: "RFC 5652 10.2.2", codes: "cms.malformed",
			bad: message(func(_ *scene, m *mint.SignedData) {
				m.Certificates = append(m.Certificates, asn.Implicit(4, asn.Seq()))
			})},
		{name: "revocation_choice_unknown", what: "revocation data of no known choice", standard: "RFC 5652 10.2.1", codes: "cms.malformed",
			bad: message(func(_ *scene, m *mint.SignedData) { m.CRLs = [][]byte{asn.Implicit(2, asn.Seq())} })},
		{name: "certificate_missing", what: "the signer's certificate is neither inside nor given", standard: "RFC 5652 5.1", codes: "sig.no_certificate cms.certificate", verdict: verify.Undecidable, only: []Door{Document},
			bad: message(func(s *scene, m *mint.SignedData) { m.Certificates = [][]byte{s.CA.DER} })},
		{name: "certificate_missing_at_all", what: "the signer's certificate is not inside a confirmation", standard: "RFC 5652 5.1", codes: "sig.no_certificate cms.certificate", only: []Door{Confirmation},
			bad: message(func(s *scene, m *mint.SignedData) { m.Certificates = [][]byte{s.CA.DER} })},
		{name: "unsigned_empty", what: "an empty set of unsigned attributes", standard: "RFC 5652 5.3", codes: "cms.malformed", bad: signer(func(_ *scene, g *mint.Signer) { g.UnsignedDER = asn.TLV(0xa1) })},
	}
}

// bytesOf is the content of an element.
func bytesOf(der []byte) []byte { _, content, _ := element(der); return content }

func berRules() []rule {
	return []rule{
		{name: "indefinite_outside", what: "ContentInfo of indefinite length", standard: "X.690 8.1.3.6", codes: "cms.not_der", bad: at(indefinite)},
		{name: "indefinite_data", what: "SignedData of indefinite length", standard: "X.690 8.1.3.6", codes: "cms.not_der", bad: at(indefinite, stepsData...)},
		{name: "indefinite_content", what: "EncapsulatedContentInfo of indefinite length", standard: "X.690 8.1.3.6", codes: "cms.not_der", bad: at(indefinite, step(stepsData, 2)...)},
		{name: "indefinite_signer", what: "SignerInfo of indefinite length", standard: "X.690 8.1.3.6", codes: "cms.not_der", bad: at(indefinite, stepsSigner...)},
		{name: "indefinite_attributes", what: "signed attributes of indefinite length", standard: "RFC 5652 5.3", codes: "cms.not_der", bad: at(indefinite, step(stepsSigner, 3)...)},
		{name: "overlong_outside", what: "a length in more octets than needed, outside", standard: "X.690 10.1", codes: "cms.not_der", bad: at(overlong)},
		{name: "overlong_attributes", what: "signed attributes with a length in more octets than needed", standard: "X.690 10.1", codes: "cms.not_der", bad: at(overlong, step(stepsSigner, 3)...)},
		{name: "overlong_attribute", what: "an attribute encoded again with a longer length", standard: "RFC 5652 5.3", codes: "cms.not_der", bad: at(overlong, step(stepsSigner, 3, 0)...)},
		{name: "overlong_signature", what: "the signature's OCTET STRING with a length in more octets than needed", standard: "X.690 10.1", codes: "cms.not_der", bad: at(overlong, step(stepsSigner, 5)...)},
		{name: "octets_in_pieces", what: "content in pieces", standard: "X.690 8.7.3", codes: "cms.not_der",
			bad: message(func(s *scene, m *mint.SignedData) {
				m.EncapContent = asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.TLV(0x24, asn.Octets(s.text))))
			})},
		{name: "signature_in_pieces", what: "the signature in pieces", standard: "X.690 8.7.3", codes: "cms.not_der", bad: at(func(der []byte) []byte { return asn.TLV(0x24, der) }, step(stepsSigner, 5)...)},
		{name: "serial_padded", what: "the serial number with a leading zero", standard: "X.690 8.3.2", codes: "cms.not_der",
			bad: at(func(der []byte) []byte { return asn.RawInt(append([]byte{0}, bytesOf(der)...)) }, step(stepsSigner, 1, 1)...)},
		{name: "trailing", what: "an octet behind ContentInfo", standard: "X.690 8.1", codes: "cms.trailing", bad: raw(func(der []byte) []byte { return append(der, 0) })},
		{name: "trailing_twice", what: "the same signature behind the signature", standard: "X.690 8.1", codes: "cms.trailing", bad: raw(func(der []byte) []byte { return append(der, der...) })},
		{name: "trailing_info", what: "an element behind ContentInfo's content", standard: "RFC 5652 3", codes: "cms.malformed", bad: at(behind(5, 0))},
		{name: "trailing_explicit", what: "an element behind SignedData inside its tag", standard: "RFC 5652 3", codes: "cms.malformed", bad: at(behind(5, 0), 1)},
		{name: "trailing_data", what: "an element behind the signers", standard: "RFC 5652 5.1", codes: "cms.malformed", bad: at(behind(5, 0), stepsData...)},
		{name: "trailing_encap", what: "an element behind the content", standard: "RFC 5652 5.2", codes: "cms.malformed", bad: at(behind(5, 0), step(stepsData, 2)...)},
		{name: "trailing_content", what: "an element behind the OCTET STRING of the content", standard: "RFC 5652 5.2", codes: "cms.malformed", bad: at(behind(4, 1, 'x'), step(stepsData, 2, 1)...)},
		{name: "trailing_signer", what: "an element behind the signature of a signer", standard: "RFC 5652 5.3", codes: "cms.malformed", bad: at(behind(5, 0), stepsSigner...)},
		{name: "trailing_sid", what: "an element behind the serial number", standard: "RFC 5652 10.2.4", codes: "cms.malformed", bad: at(behind(5, 0), step(stepsSigner, 1)...)},
		{name: "trailing_attribute", what: "an element behind the values of an attribute", standard: "RFC 5652 5.3", codes: "cms.malformed", bad: at(behind(5, 0), step(stepsSigner, 3, 0)...)},
		{name: "trailing_digest_algorithm", what: "an element behind the parameters of the digest", standard: "RFC 5280 4.1.1.2", codes: "cms.malformed", bad: at(behind(5, 0, 5, 0), step(stepsSigner, 2)...)},
		{name: "trailing_certificate", what: "a certificate inside with an octet behind it in its SEQUENCE", standard: "RFC 5280 4.1", codes: "sig.no_certificate", verdict: verify.Undecidable, only: []Door{Document},
			bad: message(func(s *scene, m *mint.SignedData) {
				m.Certificates = [][]byte{behind(5, 0)(s.Leaf.DER), s.CA.DER}
			})},
	}
}

func contentRules() []rule {
	return []rule{
		{name: "content_changed", what: "another content", standard: "RFC 5652 5.4", codes: "sig.invalid cms.message_digest",
			bad: message(func(_ *scene, m *mint.SignedData) {
				m.EncapContent = asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.Octets([]byte("I refuse.\n"))))
			})},
		{name: "content_bit", what: "one bit of the content", standard: "RFC 5652 5.4", codes: "sig.invalid cms.message_digest", bad: at(mint.FlipBit(-1), step(stepsData, 2, 1, 0)...)},
		{name: "content_longer", what: "the content with a space behind it", standard: "RFC 5652 5.4", codes: "sig.invalid cms.message_digest", bad: at(behind(' '), step(stepsData, 2, 1, 0)...)},
		{name: "content_type_outside", what: "the content under another type than was signed", standard: "RFC 5652 11.1", codes: "cms.content_type",
			bad: message(func(s *scene, m *mint.SignedData) {
				m.EncapContent, m.Version = asn.Seq(asn.OID(oidOther), asn.Explicit(0, asn.Octets(s.text))), 3
			})},
		{name: "content_absent", what: "neither inside nor given", standard: "RFC 5652 5.2", codes: "cms.detached", verdict: verify.Undecidable, only: []Door{Document},
			bad: message(func(_ *scene, m *mint.SignedData) { m.Detached = true })},
		{name: "content_absent_at_all", what: "no content in a confirmation", standard: "RFC 5652 5.2", codes: "cms.detached", only: []Door{Confirmation},
			bad: message(func(_ *scene, m *mint.SignedData) { m.Detached = true })},
		{name: "content_other_given", what: "another document is given with a detached signature", standard: "RFC 5652 5.2", codes: "sig.invalid cms.message_digest", only: []Door{Document},
			with: message(func(_ *scene, m *mint.SignedData) { m.Detached = true }),
			bad:  edit{input: func(_ *scene, in *Input) { in.Content = []byte("I refuse.\n") }}, twin: edit{input: func(s *scene, in *Input) { in.Content = s.text }}},
		{name: "content_empty_given", what: "the empty document is given with a detached signature", standard: "RFC 5652 5.2", codes: "sig.invalid cms.message_digest", only: []Door{Document},
			with: message(func(_ *scene, m *mint.SignedData) { m.Detached = true }),
			bad:  edit{input: func(_ *scene, in *Input) { in.Content = []byte{} }}, twin: edit{input: func(s *scene, in *Input) { in.Content = s.text }}},
		{name: "content_two", what: "one document inside, another given", standard: "RFC 5652 5.2", codes: "cms.other_content", only: []Door{Document},
			bad: edit{input: func(_ *scene, in *Input) { in.Content = []byte("I refuse.\n") }}, twin: edit{input: func(s *scene, in *Input) { in.Content = s.text }}},
		{name: "content_no_octets", what: "content that is no OCTET STRING", standard: "RFC 5652 5.2", codes: "cms.malformed",
			bad: message(func(s *scene, m *mint.SignedData) {
				m.EncapContent = asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.UTF8(string(s.text))))
			})},
		{name: "attributes_as_content", what: "the signed attributes of a genuine signature as content without attributes", standard: "RFC 5652 5.4", codes: "cms.attributes",
			bad: edit{der: func(s *scene, der []byte) []byte { return confused(s, der) }}},
	}
}

// confused takes the genuine signature apart and lays its attributes inside as content: the value holds over
// these bytes, and the holder never signed such a document.
func confused(s *scene, der []byte) []byte {
	data := bytesOf(parts(bytesOf(der))[1])
	info := parts(bytesOf(parts(bytesOf(parts(bytesOf(data))[4]))[0]))
	content := asn.Retag(0x31, info[3])
	bare := asn.Seq(info[0], info[1], info[2], info[4], info[5])
	return mint.SignedData{Content: content, Certificates: s.bag(), SignerInfos: [][]byte{bare}, DigestAlgorithms: [][]byte{info[2]}, Version: 1}.DER()
}

func boundRules() []rule {
	return []rule{
		{name: "length_4_gib", what: "a length of 4 GiB outside", standard: "X.690 8.1.3", codes: "sig.invalid", bad: at(huge(0x30, 0xff, 0xff, 0xff, 0xff))},
		{name: "length_2_63", what: "a length of 2⁶³ inside", standard: "X.690 8.1.3", codes: "sig.invalid", bad: at(huge(0x30, 0x80, 0, 0, 0, 0, 0, 0, 0), stepsData...)},
		{name: "length_of_126", what: "a length of 126 octets", standard: "X.690 8.1.3.5", codes: "sig.invalid", bad: at(huge(0x30, bytes.Repeat([]byte{1}, 126)...), stepsData...)},
		{name: "length_minus_one", what: "a length of which one octet is missing", standard: "X.690 8.1.3", codes: "sig.invalid",
			bad: at(func(der []byte) []byte { der = bytes.Clone(der); der[len(der)-len(bytesOf(der))-1]++; return der }, step(stepsSigner, 5)...)},
		{name: "deep_content", what: "a thousand SEQUENCEs in one another in place of SignedData", standard: "bounds", codes: "sig.invalid", bad: at(func([]byte) []byte { return nested(1000) }, 1, 0)},
		{name: "deep_bomb", what: "twenty thousand SEQUENCEs in one another", standard: "bounds", codes: "sig.invalid", bad: raw(func([]byte) []byte { return nested(20000) })},
		{name: "deep_attribute", what: "a signed attribute of a thousand SEQUENCEs in one another", standard: "bounds", codes: "sig.invalid", bad: replacedBy(attribute(oidOther, nested(1000))), twin: replacedBy(attribute(oidOther, nested(5)))},
		{name: "many_signers", what: "65 signers", standard: "bounds", codes: "cms.too_large", confirm: "cms.signers", kinds: onlyECDSA, bad: message(func(_ *scene, m *mint.SignedData) { m.Signers = slices.Repeat(m.Signers, 65) })},
		{name: "many_certificates", what: "1100 certificates", standard: "bounds", codes: "cms.too_large", confirm: "cms.too_large",
			bad: message(func(s *scene, m *mint.SignedData) {
				m.Certificates = append(m.Certificates, slices.Repeat([][]byte{s.CA.DER}, 1100)...)
			}),
			kinds: onlyECDSA},
		{name: "many_attributes", what: "40 signed attributes of a confirmation", standard: "bounds", codes: "cms.too_large", only: []Door{Confirmation},
			bad: signer(func(_ *scene, g *mint.Signer) {
				for i := range 40 {
					g.Extra = append(g.Extra, attribute(oidOther+"."+string(rune('1'+i/10))+string(rune('0'+i%10)), asn.Null()))
				}
			})},
	}
}
