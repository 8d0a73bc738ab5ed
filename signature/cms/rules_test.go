// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// rule is one message and what an auditor must find in it.
type rule struct {
	name string // with the section that says so
	make func(w world) mint.SignedData
	want string // codes of problems, then of notes with a plus
}

func basic(w world) mint.SignedData {
	return mint.SignedData{Content: text, Certificates: [][]byte{w.leaf.DER, w.root.DER}, Signers: []mint.Signer{{By: w.leaf, At: moment}}}
}

// change edits the message, signer its first signer.
func change(f func(w world, s *mint.SignedData)) func(world) mint.SignedData {
	return func(w world) mint.SignedData { s := basic(w); f(w, &s); return s }
}

func signer(f func(w world, s *mint.Signer)) func(world) mint.SignedData {
	return change(func(w world, s *mint.SignedData) { f(w, &s.Signers[0]) })
}

// with replaces one of the usual attributes, or adds one.
func with(list ...mint.Attribute) func(world) mint.SignedData {
	return signer(func(_ world, s *mint.Signer) {
		for _, a := range list {
			s.Drop = append(s.Drop, a.OID)
			s.Extra = append(s.Extra, mint.Attribute{OID: "dropped", Raw: a.DER()})
		}
	})
}

func without(oids ...string) func(world) mint.SignedData {
	return signer(func(_ world, s *mint.Signer) { s.Drop = oids })
}

func attribute(oid string, values ...[]byte) mint.Attribute {
	return mint.Attribute{OID: oid, Values: values}
}

const (
	oidOther      = "1.2.3.4"
	oidProtection = "1.2.840.113549.1.9.52"
	oidECSHA256   = "1.2.840.10045.4.3.2"
	oidSHA1       = "1.3.14.3.2.26"
	oidOCSPOther  = "1.3.6.1.5.5.7.16.2"
)

func protection(digest string, tag byte, signature ...[]byte) mint.Attribute {
	return attribute(oidProtection, asn.Seq(asn.Algorithm(digest), asn.Retag(tag, asn.Seq(signature...))))
}

var messageRules = []rule{
	{"RFC 5652 5.1: as it should be", basic, ""},
	{"RFC 5652 5.1: version 3 by content type", change(func(_ world, s *mint.SignedData) { s.ContentType = oidOther }), ""},
	{"RFC 5652 5.1: version 1 for another content type", change(func(_ world, s *mint.SignedData) { s.ContentType, s.Version = oidOther, 1 }), "cms.version"},
	{"RFC 5652 5.1: version 3 where 1 is due", change(func(_ world, s *mint.SignedData) { s.Version = 3 }), "cms.version"},
	{"RFC 5652 5.1: version 9", change(func(_ world, s *mint.SignedData) { s.Version = 9 }), "cms.version"},
	{"RFC 5652 5.1: version 3 by a signer's key identifier", signer(func(_ world, s *mint.Signer) { s.ByKey = true }), ""},
	{"RFC 5652 5.1: version 1 with a signer's key identifier", change(func(_ world, s *mint.SignedData) { s.Signers[0].ByKey, s.Version = true, 1 }), "cms.version"},
	{"RFC 5652 5.1: version 5 by other certificates", change(func(_ world, s *mint.SignedData) {
		s.Certificates, s.Version = append(s.Certificates, asn.Implicit(3, asn.Seq(asn.OID(oidOther), asn.Null()))), 5
	}), "+cms.note.certificate"},
	{"RFC 5652 5.1: version 4 by attribute certificates", change(func(_ world, s *mint.SignedData) {
		s.Certificates, s.Version = append(s.Certificates, asn.Implicit(2, asn.Seq())), 4
	}), "+cms.note.certificate"},
	{"RFC 5652 5.1: version 3 by old attribute certificates", change(func(_ world, s *mint.SignedData) {
		s.Certificates, s.Version = append(s.Certificates, asn.Implicit(1, asn.Seq())), 3
	}), "+cms.note.certificate"},
	{"RFC 5652 10.2.2: PKCS #6 certificate", change(func(_ world, s *mint.SignedData) {
		s.Certificates = append(s.Certificates, asn.Implicit(0, asn.Seq()))
	}), "+cms.note.certificate"},
	{"RFC 5652 10.2.2: certificate of no known choice", change(func(_ world, s *mint.SignedData) {
		s.Certificates = append(s.Certificates, asn.Implicit(4, asn.Seq()))
	}), "cms.malformed"},
	{"RFC 5652 10.2.3: a broken certificate beside", change(func(_ world, s *mint.SignedData) {
		s.Certificates = append(s.Certificates, asn.Seq(asn.Null()))
	}), "+cms.note.certificate"},
	{"RFC 5652 10.2.1: CRL", change(func(w world, s *mint.SignedData) { s.CRLs = [][]byte{mint.CRL{}.Sign(w.root)} }), ""},
	{"RFC 5940 2.1: OCSP answer, version 5", change(func(w world, s *mint.SignedData) {
		answer := mint.OCSP{Answers: []mint.Answer{mint.About(w.leaf, w.root, 0)}}.Sign(w.root)
		s.CRLs, s.Version = [][]byte{asn.Implicit(1, asn.Seq(asn.OID(oidOCSPOther), answer))}, 5
	}), ""},
	{"RFC 5652 5.1: OCSP answer, version 1", change(func(_ world, s *mint.SignedData) {
		s.CRLs, s.Version = [][]byte{asn.Implicit(1, asn.Seq(asn.OID(oidOCSPOther), asn.Seq()))}, 1
	}), "cms.version"},
	{"RFC 5652 10.2.1: other revocation data", change(func(_ world, s *mint.SignedData) {
		s.CRLs, s.Version = [][]byte{asn.Implicit(1, asn.Seq(asn.OID(oidOther), asn.Null()))}, 5
	}), "+cms.note.revocation"},
	{"RFC 5652 10.2.1: revocation data of no known choice", change(func(_ world, s *mint.SignedData) {
		s.CRLs = [][]byte{asn.Implicit(2, asn.Seq())}
	}), "cms.malformed"},
	{"RFC 5652 5.1: list of digests lacks the signer's", change(func(_ world, s *mint.SignedData) {
		s.DigestAlgorithms = [][]byte{mint.SHA512.Algorithm()}
	}), "+cms.note.digest_list"},
	{"RFC 5652 5.1: empty list of digests", change(func(_ world, s *mint.SignedData) { s.DigestAlgorithms = [][]byte{} }), "+cms.note.digest_list"},
	{"RFC 5652 5.1: nobody signed", change(func(_ world, s *mint.SignedData) { s.Signers = nil }), "cms.signers"},
	{"RFC 5652 5.2: content changed", change(func(_ world, s *mint.SignedData) {
		s.EncapContent = asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.Octets([]byte("x"))))
	}), "cms.message_digest"},
	{"RFC 5652 5.2: content type outside is another", change(func(_ world, s *mint.SignedData) {
		s.EncapContent = asn.Seq(asn.OID(oidOther), asn.Explicit(0, asn.Octets(text)))
		s.Version = 3
	}), "cms.content_type"},
	{"RFC 5652 3: not SignedData", change(func(_ world, s *mint.SignedData) { s.OuterType = mint.OIDData }), "cms.malformed"},
	{"X.690 8.7.3: content in pieces", change(func(_ world, s *mint.SignedData) {
		s.EncapContent = asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.TLV(0x24, asn.Octets(text))))
	}), "cms.not_der"},
	{"X.690 8.1.3.6: indefinite length", change(func(_ world, s *mint.SignedData) {
		s.EncapContent = asn.Indefinite(0x30, asn.OID(mint.OIDData), asn.Explicit(0, asn.Octets(text)))
	}), "cms.not_der"},
	{"X.690 10.1: overlong length", change(func(_ world, s *mint.SignedData) {
		s.EncapContent = asn.Join([]byte{0x30}, asn.LongLength(len(asn.OID(mint.OIDData)), 2), asn.OID(mint.OIDData))
	}), "cms.not_der"},
	{"bytes behind the end", change(func(_ world, s *mint.SignedData) { s.Edit = func(b []byte) []byte { return append(b, 0) } }), "cms.trailing"},
	{"certificate not inside", change(func(_ world, s *mint.SignedData) { s.Certificates = [][]byte{} }), "cms.certificate"},
}

var signerRules = []rule{
	{"RFC 5652 5.3: version 3 with issuer and serial", change(func(_ world, s *mint.SignedData) { s.Signers[0].Version, s.Version = 3, 3 }), "cms.version"},
	{"RFC 5652 5.3: version 1 with key identifier", signer(func(_ world, s *mint.Signer) { s.ByKey, s.Version = true, 1 }), "cms.version"},
	{"RFC 5652 5.3: key identifier of another", change(func(_ world, s *mint.SignedData) {
		s.Signers[0].SID, s.Signers[0].Version, s.Version = asn.Context(0, []byte("another")), 3, 3
	}), "cms.certificate"},
	{"RFC 5652 5.3: serial number of another", signer(func(w world, s *mint.Signer) {
		s.SID = mint.IssuerAndSerial(w.root.Name, mint.NewSerial())
	}), "cms.certificate"},
	{"RFC 5652 5.3: no attributes over id-data", signer(func(_ world, s *mint.Signer) { s.NoAttributes = true }), "+cms.note.no_attributes"},
	{"RFC 5652 5.3: no attributes over another type", change(func(_ world, s *mint.SignedData) {
		s.Signers[0].NoAttributes, s.ContentType = true, oidOther
	}), "cms.attributes"},
	{"RFC 5652 5.3: empty set of attributes", signer(func(_ world, s *mint.Signer) { s.Attributes = []mint.Attribute{} }), "cms.attributes +cms.note.no_signing_certificate"},
	{"RFC 5652 5.4: signature flipped", signer(func(_ world, s *mint.Signer) { s.EditSignature = mint.FlipBit(40) }), "cms.signature"},
	{"RFC 5652 5.4: signature over [0] instead of SET", signer(func(w world, s *mint.Signer) {
		s.SignOver = overImplicit(s)
	}), "cms.signature"},
	{"RFC 5652 5.3: attributes out of order", signer(func(_ world, s *mint.Signer) {
		s.Unsorted = true
		s.Attributes = slices.Concat([]mint.Attribute{attribute(oidOther, asn.Octets(bytes.Repeat([]byte{7}, 300)))}, s.Usual(mint.OIDData, text))
	}), "cms.attributes"},
	{"RFC 5652 11.1: no content-type", without(mint.OIDContentType), "cms.attributes"},
	{"RFC 5652 11.1: content-type of another type", with(mint.ContentType(oidOther)), "cms.content_type"},
	{"RFC 5652 11.1: content-type twice", signer(func(_ world, s *mint.Signer) { s.Extra = []mint.Attribute{mint.ContentType(oidOther)} }), "cms.attributes"},
	{"RFC 5652 11.1: two content types", with(attribute(mint.OIDContentType, asn.OID(mint.OIDData), asn.OID(oidOther))), "cms.attributes"},
	{"RFC 5652 11.1: content-type is no identifier", with(attribute(mint.OIDContentType, asn.Null())), "cms.attributes"},
	{"RFC 5652 11.2: no message-digest", without(mint.OIDMessageDigest), "cms.attributes"},
	{"RFC 5652 11.2: message-digest of other bytes", with(mint.MessageDigest(mint.SHA256.Sum([]byte("x")))), "cms.message_digest"},
	{"RFC 5652 11.2: message-digest cut", with(mint.MessageDigest(mint.SHA256.Sum(text)[:31])), "cms.digest_size"},
	{"RFC 5652 11.2: message-digest empty", with(mint.MessageDigest(nil)), "cms.digest_size"},
	{"RFC 5652 11.2: message-digest of another digest", with(mint.MessageDigest(mint.SHA512.Sum(text))), "cms.digest_size"},
	{"RFC 5652 11.3: no signing-time", without(mint.OIDSigningTime), ""},
	{"RFC 5652 11.3: GeneralizedTime before 2050", with(attribute(mint.OIDSigningTime, asn.GeneralizedTime(moment))), "cms.signing_time"},
	{"RFC 5652 11.3: GeneralizedTime from 2050", with(attribute(mint.OIDSigningTime, asn.GeneralizedTime(moment.AddDate(30, 0, 0)))), ""},
	{"RFC 5652 11.3: UTCTime without seconds", with(attribute(mint.OIDSigningTime, asn.String(asn.TagUTCTime, "2611221000Z"))), "cms.signing_time"},
	{"RFC 5652 11.3: signing-time twice", signer(func(_ world, s *mint.Signer) {
		s.Extra = []mint.Attribute{mint.SigningTime(moment.Add(time.Hour))}
	}), "cms.attributes"},
	{"RFC 5652 11.4: counter-signature among signed attributes", with(attribute(mint.OIDCounterSignature, asn.Seq())), "cms.attributes"},
	{"RFC 5652 5.3: unknown attribute", with(attribute(oidOther, asn.Null())), ""},
	{"RFC 5652 5.3: unknown attribute twice", signer(func(_ world, s *mint.Signer) {
		s.Extra = []mint.Attribute{attribute(oidOther, asn.Null()), attribute(oidOther, asn.Int(1))}
	}), "+cms.note.repeated_attribute"},
	{"RFC 5652 5.3: attribute without value", with(attribute(oidOther)), "cms.attributes"},
	{"X.690 11.1: attribute not DER", with(attribute(oidOther, asn.LooseTrue())), "cms.not_der"},
	{"RFC 5652 5.3: timestamp among signed attributes", with(attribute(mint.OIDSignatureTimestamp, asn.Seq())), "+cms.note.misplaced_attribute"},
	{"RFC 5652 5.3: the content is a set of attributes", func(w world) mint.SignedData {
		stolen := mint.Signer{By: w.leaf, At: moment}
		set := asn.SetOf(mint.ContentType(mint.OIDData).DER(), mint.MessageDigest(mint.SHA256.Sum(text)).DER())
		stolen.NoAttributes = true
		return mint.SignedData{Content: set, Signers: []mint.Signer{stolen}}
	}, "cms.attributes"},
	{"RFC 5754 2: digest SHA-1", signer(func(_ world, s *mint.Signer) { s.DigestAlgorithm = asn.Algorithm(oidSHA1) }), "cms.algorithm"},
	{"RFC 5754 3: signature algorithm unknown", signer(func(_ world, s *mint.Signer) { s.Algorithm = asn.Algorithm(oidOther) }), "cms.algorithm"},
	{"RFC 5754 3: signature by another digest", signer(func(_ world, s *mint.Signer) {
		s.Algorithm = asn.Algorithm("1.2.840.10045.4.3.4")
	}), "cms.algorithm"},
	{"RFC 5754 3: signature of another kind of key", signer(func(_ world, s *mint.Signer) {
		s.Algorithm = asn.Algorithm("1.2.840.113549.1.1.1", asn.Null())
	}), "cms.algorithm"},
}

var referenceRules = []rule{
	{"RFC 5035 3: none", without(mint.OIDSigningCertificateV2), "+cms.note.no_signing_certificate"},
	{"RFC 5035 3: another certificate", signer(func(w world, s *mint.Signer) {
		s.Drop, s.Extra = []string{mint.OIDSigningCertificateV2}, []mint.Attribute{{Raw: mint.SigningCertificate(mint.SHA256, w.root).DER()}}
	}), "cms.signing_certificate"},
	{"RFC 5035 4: SHA-256 spelt out", signer(func(w world, s *mint.Signer) {
		s.Drop = []string{mint.OIDSigningCertificateV2}
		s.Extra = []mint.Attribute{{Raw: attribute(mint.OIDSigningCertificateV2, asn.Seq(asn.Seq(asn.Seq(mint.SHA256.Algorithm(), asn.Octets(mint.SHA256.Sum(w.leaf.DER)))))).DER()}}
	}), "+cms.note.default_digest"},
	{"RFC 5035 4: another digest", signer(func(w world, s *mint.Signer) {
		s.Drop = []string{mint.OIDSigningCertificateV2}
		s.Extra = []mint.Attribute{{Raw: mint.SigningCertificates(mint.ESSCertIDv2(mint.Streebog256, w.leaf.DER, nil)).DER()}}
	}), ""},
	{"RFC 5035 4: MD5", signer(func(w world, s *mint.Signer) {
		s.Drop = []string{mint.OIDSigningCertificateV2}
		s.Extra = []mint.Attribute{{Raw: mint.SigningCertificates(mint.ESSCertIDv2(mint.MD5, w.leaf.DER, nil)).DER()}}
	}), "cms.algorithm"},
	{"RFC 5035 4: hash cut", signer(func(w world, s *mint.Signer) {
		s.Drop = []string{mint.OIDSigningCertificateV2}
		s.Extra = []mint.Attribute{{Raw: attribute(mint.OIDSigningCertificateV2, asn.Seq(asn.Seq(asn.Seq(asn.Octets(mint.SHA256.Sum(w.leaf.DER)[:20]))))).DER()}}
	}), "cms.attributes"},
	{"RFC 5035 5: first version alone", signer(func(w world, s *mint.Signer) {
		s.Drop, s.Extra = []string{mint.OIDSigningCertificateV2}, []mint.Attribute{mint.SigningCertificateV1(w.leaf)}
	}), "+cms.note.signing_certificate_v1"},
	{"RFC 5035 5: first version of another certificate", signer(func(w world, s *mint.Signer) {
		s.Drop, s.Extra = []string{mint.OIDSigningCertificateV2}, []mint.Attribute{mint.SigningCertificateV1(w.root)}
	}), "cms.signing_certificate +cms.note.signing_certificate_v1"},
	{"RFC 5035 3: both versions agree", signer(func(w world, s *mint.Signer) { s.Extra = []mint.Attribute{mint.SigningCertificateV1(w.leaf)} }), ""},
	{"RFC 5035 3: both versions, one of another", signer(func(w world, s *mint.Signer) { s.Extra = []mint.Attribute{mint.SigningCertificateV1(w.root)} }), "cms.signing_certificate"},
	{"RFC 5035 3: twice", signer(func(w world, s *mint.Signer) {
		s.Extra = []mint.Attribute{mint.SigningCertificates(mint.ESSCertIDv2(mint.SHA512, w.leaf.DER, nil))}
	}), "cms.attributes"},
	{"RFC 6211 2: the right algorithms", with(protection(mint.SHA256.OID, 0xa1, asn.OID(oidECSHA256))), ""},
	{"RFC 6211 2: another digest", with(protection(mint.SHA512.OID, 0xa1, asn.OID(oidECSHA256))), "cms.algorithm_protection"},
	{"RFC 6211 2: another signature", with(protection(mint.SHA256.OID, 0xa1, asn.OID("1.2.840.10045.4.3.4"))), "cms.algorithm_protection"},
	{"RFC 6211 2: of a MAC", with(protection(mint.SHA256.OID, 0xa2, asn.OID(oidECSHA256))), "cms.algorithm_protection"},
	{"RFC 6211 2: NULL is as good as absent", with(attribute(oidProtection, asn.Seq(asn.Algorithm(mint.SHA256.OID, asn.Null()), asn.Retag(0xa1, asn.Seq(asn.OID(oidECSHA256)))))), ""},
	{"RFC 6211 2: two values", with(attribute(oidProtection, asn.Null(), asn.Int(1))), "cms.attributes"},
	{"RFC 6211 2: no SEQUENCE", with(attribute(oidProtection, asn.Null())), "cms.algorithm_protection"},
}

func unsigned(list ...func([]byte) mint.Attribute) func(world) mint.SignedData {
	return signer(func(_ world, s *mint.Signer) { s.Unsigned = list })
}

var unsignedRules = []rule{
	{"RFC 5652 5.3: unknown", unsigned(attribute(oidOther, asn.Null()).Always()), ""},
	{"RFC 5652 5.3: empty set", signer(func(_ world, s *mint.Signer) { s.UnsignedDER = asn.TLV(0xa1) }), "cms.malformed"},
	{"RFC 5652 11.3: signing-time", unsigned(mint.SigningTime(moment).Always()), "+cms.note.misplaced_attribute"},
	{"RFC 5126 6.1.1: timestamp is no SEQUENCE", unsigned(attribute(mint.OIDSignatureTimestamp, asn.Null()).Always()), "+cms.note.unread_values"},
	{"RFC 5126 6.3.3: certificate-values broken", unsigned(attribute(mint.OIDCertificateValues, asn.Seq(asn.Null())).Always()), "+cms.note.unread_values"},
	{"RFC 5126 6.3.4: revocation-values broken", unsigned(attribute(mint.OIDRevocationValues, asn.Seq(asn.Null())).Always()), "+cms.note.unread_values"},
	{"EN 319 122-1 5.5.3: archive timestamp", unsigned(attribute("0.4.0.1733.2.4", asn.Seq()).Always()), "+cms.note.archive_timestamp"},
	{"RFC 5652 11.4: counter-signature broken", unsigned(attribute(mint.OIDCounterSignature, asn.Seq()).Always()), "+cms.note.unread_values"},
	{"X.690 11.1: unknown value not DER", unsigned(attribute(oidOther, asn.LooseTrue()).Always()), ""},
}

// overImplicit is what a signer who hashes the attributes under their tag [0] signs.
func overImplicit(s *mint.Signer) []byte {
	s.Attributes = s.Usual(mint.OIDData, text)
	var list [][]byte
	for _, a := range s.Attributes {
		list = append(list, a.DER())
	}
	return asn.Retag(0xa0, asn.SetOf(list...))
}

// TestRules holds each message against its rule. What an auditor finds fault
// with, or notes about anything but the unsigned attributes, Parse refuses.
func TestRules(t *testing.T) {
	w := newWorld(mint.P256)
	seen := map[string]bool{}
	for _, r := range slices.Concat(messageRules, signerRules, referenceRules, unsignedRules) {
		if seen[r.name] {
			t.Errorf("%s is there twice", r.name)
		}
		seen[r.name] = true
		der := r.make(w).DER()
		problems, notes := verdict(der, cms.Options{})
		got := strings.Join(problems, " ")
		for _, n := range notes {
			got = strings.TrimSpace(got + " +" + n)
		}
		if got != r.want {
			t.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
		s, err := cms.Parse(der)
		if err == nil && len(problems) > 0 && len(s.Check()) == 0 {
			t.Errorf("%s: a confirmation passes in spite of %v", r.name, problems)
		}
	}
}

// TestDetached gives the content beside the signature (RFC 5652 section 5.2).
func TestDetached(t *testing.T) {
	for _, k := range []mint.Kind{mint.P256, mint.Ed25519, mint.GOST2012256} {
		w := newWorld(k)
		for _, bare := range []bool{false, true} {
			s := basic(w)
			s.Detached, s.Signers[0].NoAttributes = true, bare
			der := s.DER()
			attached := basic(w).DER()
			wrong := map[bool]string{false: "cms.message_digest", true: "cms.signature"}[bare]
			for _, r := range []struct {
				name    string
				der     []byte
				content []byte
				want    string
			}{
				{"given", der, text, ""},
				{"not given", der, nil, "cms.detached"},
				{"another", der, []byte("x"), wrong},
				{"empty", der, []byte{}, wrong},
				{"inside, the same given", attached, text, ""},
				{"inside, another given", attached, []byte("x"), "cms.other_content"},
				{"inside, the empty document given", attached, []byte{}, "cms.other_content"},
			} {
				if got, _ := verdict(r.der, cms.Options{Content: r.content}); strings.Join(got, " ") != r.want {
					t.Errorf("%s, attributes %v: %s: got %v, want %q", k, !bare, r.name, got, r.want)
				}
			}
		}
	}
	w := newWorld(mint.P256)
	empty := mint.SignedData{Content: []byte{}, Detached: true, Signers: []mint.Signer{{By: w.leaf}}}.DER()
	if got, _ := verdict(empty, cms.Options{Content: []byte{}}); len(got) > 0 {
		t.Errorf("the empty document, signed: %v", got)
	}
}

// TestCertificateOutside finds the signer's certificate among those given, and
// the right one of two with the same name.
func TestCertificateOutside(t *testing.T) {
	w := newWorld(mint.P256)
	s := basic(w)
	s.Certificates = [][]byte{}
	if got, _ := verdict(s.DER(), cms.Options{}, certificate(t, w.leaf.DER)); len(got) > 0 {
		t.Errorf("certificate beside the signature: %v", got)
	}
	twin := mint.Certificate{Subject: w.leaf.Name, Serial: w.leaf.Serial, Key: mint.NewKey(mint.P256)}.Sign(w.root)
	for _, bare := range []bool{false, true} {
		for _, list := range [][][]byte{{twin.DER, w.leaf.DER}, {w.leaf.DER, twin.DER}} {
			s := basic(w)
			s.Certificates, s.Signers[0].NoAttributes = list, bare
			if got, _ := verdict(s.DER(), cms.Options{}); len(got) > 0 {
				t.Errorf("a twin beside, attributes %v: %v", !bare, got)
			}
		}
	}
}

// TestIssuerNames compares names by RFC 5280 section 7.1.
func TestIssuerNames(t *testing.T) {
	root := mint.Root("Test  Root", mint.P256)
	leaf := mint.Leaf("Anna", mint.P256, root)
	s := basic(world{root, leaf})
	s.Signers[0].SID = mint.IssuerAndSerial(mint.NameOf(mint.RDN(mint.Attr("CN", asn.TagPrintable, "test ROOT"))), leaf.Serial)
	if got, _ := verdict(s.DER(), cms.Options{}); len(got) > 0 {
		t.Errorf("issuer in other letters: %v", got)
	}
}

// TestSeveralSigners has each checked on its own (RFC 5652 section 5.1).
func TestSeveralSigners(t *testing.T) {
	a, b := newWorld(mint.P256), newWorld(mint.GOST2012256)
	s := basic(a)
	s.Certificates = nil
	s.Signers = append(s.Signers, mint.Signer{By: b.leaf, EditSignature: mint.FlipBit(9)})
	signed, err := cms.Open(s.DER(), cms.Options{})
	if err != nil || len(signed.Signers) != 2 {
		t.Fatal(err)
	}
	bad := 0
	for _, si := range signed.Signers {
		problems := si.Check(signed.CertificateOf(si))
		if gost := si.Algorithm.Name == "gost2012-256"; gost != (len(problems) > 0) {
			t.Errorf("%s: %v", si.Algorithm.Name, problems)
		}
		bad += len(problems)
	}
	if bad != 1 || len(signed.Check()) != 1 {
		t.Errorf("%d problems, together %v", bad, signed.Check())
	}
	if _, err := cms.Parse(s.DER()); err == nil || err.(*cms.Problem).Code != "cms.signers" { //nolint:errorlint // the type is promised
		t.Errorf("passes for a confirmation: %v", err)
	}
	many := basic(a)
	many.Signers = slices.Repeat(many.Signers, cms.MaxOpenSigners+1)
	if got, _ := verdict(many.DER(), cms.Options{}); !slices.Equal(got, []string{"cms.too_large"}) {
		t.Errorf("%d signers: %v", len(many.Signers), got)
	}
}

// TestHabits reads both ways to write GOST in a SignerInfo: the key's
// identifier and that of signature with digest, parameters absent and NULL.
func TestHabits(t *testing.T) {
	for _, k := range mint.GOSTKinds() {
		w := newWorld(k)
		for _, null := range []bool{false, true} {
			for _, a := range [][]byte{w.leaf.Key.CMSAlgorithm, k.SignatureAlgorithm()} {
				if null {
					a = asn.Seq(a[2:], asn.Null())
				}
				s := basic(w)
				s.Signers[0].Algorithm = a
				if got, notes := verdict(s.DER(), cms.Options{}); len(got)+len(notes) > 0 {
					t.Errorf("%s, %x: %v %v", k, a, got, notes)
				}
				if c, err := cms.Parse(s.DER()); err != nil || len(c.Check()) > 0 {
					t.Errorf("%s, %x: %v", k, a, err)
				}
			}
		}
		s := basic(w)
		s.Signers[0].Algorithm = asn.Seq(w.leaf.Key.CMSAlgorithm[2:], asn.Octets(nil))
		if got, _ := verdict(s.DER(), cms.Options{}); !slices.Equal(got, []string{"cms.algorithm"}) {
			t.Errorf("%s with odd parameters: %v", k, got)
		}
	}
}

// TestOldData checks GOST R 34.10-2001 for auditors and refuses it for a confirmation.
func TestOldData(t *testing.T) {
	for _, k := range mint.GOST2001Kinds() {
		w := newWorld(k)
		der := basic(w).DER()
		s, err := cms.Open(der, cms.Options{})
		if err != nil || len(s.Check()) > 0 || !s.Signer.Algorithm.Legacy {
			t.Errorf("%s: %v", k, err)
		}
		if _, err := cms.Parse(der); err == nil || err.(*cms.Problem).Code != "cms.algorithm" { //nolint:errorlint // the type is promised
			t.Errorf("%s passes for a confirmation: %v", k, err)
		}
	}
}

// TestKnown takes a certificate that was read before, and reads the others.
func TestKnown(t *testing.T) {
	w := newWorld(mint.P256)
	der := w.sign(t)
	leaf, err := cert.Parse(w.leaf.DER)
	if err != nil {
		t.Fatal(err)
	}
	o := cms.Options{Known: func(der []byte) *cert.Certificate {
		if bytes.Equal(der, leaf.Raw) {
			return leaf
		}
		return nil
	}}
	for name, read := range map[string]func([]byte, cms.Options) (*cms.SignedData, error){"strict": cms.ParseWith, "open": cms.Open} {
		s, err := read(der, o)
		if err != nil || len(s.Check()) > 0 || s.SignerCertificate() != leaf {
			t.Errorf("%s: %v", name, err)
		}
		for _, c := range s.Certificates {
			if c == nil || c != leaf && c.Equal(leaf) {
				t.Errorf("%s: %v", name, c)
			}
		}
	}
}
