// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"

	"zaver/signature/algo"
)

// vector is a good signature changed in one way, and the code it must give.
type vector struct {
	name string
	edit func(f *forge)
	want string
}

var (
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidMD5RSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
	oidOther  = asn1.ObjectIdentifier{1, 2, 3, 4}
	null      = func() *node { return prim(5, "") }
)

// outside are changes of what lies around the signer.
var outside = []vector{
	{"outer type is data", func(f *forge) { f.root.kids[0] = oidNode(OIDData) }, codeMalformed},
	{"element behind the content", func(f *forge) { f.root.add(null()) }, codeMalformed},
	{"no content", func(f *forge) { f.root.drop(1) }, codeMalformed},
	{"two SignedData", func(f *forge) { f.root.at(1).add(null()) }, codeMalformed},
	{"version 0", func(f *forge) { f.signedData().at(0).body = []byte{0} }, codeVersion},
	{"version 3", func(f *forge) { f.signedData().at(0).body = []byte{3} }, codeVersion},
	{"version padded", func(f *forge) { f.signedData().at(0).body = []byte{0, 1} }, codeMalformed},
	{"no digest algorithm", func(f *forge) { f.digests().kids = nil }, codeAlgorithm},
	{"digest SHA-1 outside", func(f *forge) { f.digests().at(0).kids[0] = oidNode(oidSHA1) }, codeAlgorithm},
	{"digest SHA-512 outside", func(f *forge) { f.digests().at(0).kids[0] = oidNode(algo.SHA512.OID) }, codeAlgorithm},
	{"two digests outside", func(f *forge) { f.digests().add(seq(oidNode(algo.SHA512.OID))) }, codeAlgorithm},
	{"digest with odd parameters", func(f *forge) { f.digests().at(0).add(prim(4, "")) }, codeAlgorithm},
	{"digest with two parameters", func(f *forge) { f.digests().at(0).add(null(), null()) }, codeMalformed},
	{"content of another type", func(f *forge) { f.encap().kids[0] = oidNode(oidSignedData) }, codeContentType},
	{"detached", func(f *forge) { f.encap().drop(1) }, codeDetached},
	{"content of two strings", func(f *forge) { f.encap().at(1).add(prim(4, "x")) }, codeMalformed},
	{"content in pieces", func(f *forge) { f.encap().at(1).kids[0] = cons(0x24, prim(4, string(content))) }, codeNotDER},
	{"content is no string", func(f *forge) { f.encap().at(1).kids[0] = null() }, codeMalformed},
	{"content changed", func(f *forge) { f.encap().at(1, 0).body[0] ^= 1 }, codeMessageDigest},
	{"content emptied", func(f *forge) { f.encap().at(1, 0).body = nil }, codeMessageDigest},
	{"content longer", func(f *forge) { f.encap().at(1).at(0).body = append(slices.Clone(content), '\n') }, codeMessageDigest},
	{"no certificates", func(f *forge) { f.signedData().drop(3) }, codeCertificate},
	{"empty set of certificates", func(f *forge) { f.certificates().kids = nil }, codeMalformed},
	{"certificate broken", func(f *forge) { f.certificates().kids[0] = seq() }, codeCertificate},
	{"certificate of another sort", func(f *forge) { f.certificates().add(cons(0xa1, null())) }, codeMalformed},
	{"17 certificates", func(f *forge) { f.certificates().repeat(0, MaxCertificates) }, codeTooLarge},
	{"empty set of CRLs", func(f *forge) { f.signedData().insert(4, cons(0xa1)) }, codeMalformed},
	{"CRL of another sort", func(f *forge) { f.signedData().insert(4, cons(0xa1, cons(0xa1, null()))) }, codeMalformed},
	{"17 CRLs", func(f *forge) {
		f.signedData().insert(4, cons(0xa1, slices.Repeat([]*node{seq()}, MaxCertificates+1)...))
	}, codeTooLarge},
	{"element behind the signers", func(f *forge) { f.signedData().insert(5, cons(0x31)) }, codeMalformed},
	{"too large", func(f *forge) { f.encap().at(1, 0).body = make([]byte, MaxSize) }, codeTooLarge},
}

// signers are changes of the signer that are not under the signature.
var signers = []vector{
	{"nobody signed", func(f *forge) { f.signers().kids = nil }, codeSigners},
	{"signed twice", func(f *forge) { f.signers().repeat(0, 1) }, codeSigners},
	{"signer is no SEQUENCE", func(f *forge) { f.signers().kids[0] = null() }, codeMalformed},
	{"something beside the signer", func(f *forge) { f.signers().add(null()) }, codeMalformed},
	{"signer by key identifier", func(f *forge) {
		f.signer().at(0).body = []byte{3}
		f.signer().kids[1] = prim(0x80, "leaf")
	}, codeSigners},
	{"signer version 3", func(f *forge) { f.signer().at(0).body = []byte{3} }, codeVersion},
	{"signer of another serial", func(f *forge) { f.signer().at(1, 1).body = []byte{9} }, codeCertificate},
	{"signer of another issuer", func(f *forge) { f.signer().at(1).kids[0] = seq() }, codeCertificate},
	{"signer's name longer", func(f *forge) { f.signer().at(1).add(null()) }, codeMalformed},
	{"digest SHA-512 of the signer", func(f *forge) { f.signer().at(2).kids[0] = oidNode(algo.SHA512.OID) }, codeAlgorithm},
	{"digest SHA-1 of the signer", func(f *forge) { f.signer().at(2).kids[0] = oidNode(oidSHA1) }, codeAlgorithm},
	{"digest SHA-1 everywhere", func(f *forge) {
		f.digests().at(0).kids[0], f.signer().at(2).kids[0] = oidNode(oidSHA1), oidNode(oidSHA1)
	}, codeAlgorithm},
	{"digest SHA-512 everywhere but in the signature", func(f *forge) {
		f.digests().at(0).kids[0], f.signer().at(2).kids[0] = oidNode(algo.SHA512.OID), oidNode(algo.SHA512.OID)
	}, codeAlgorithm},
	{"signature algorithm unknown", func(f *forge) { f.signer().at(4).kids[0] = oidNode(oidMD5RSA) }, codeAlgorithm},
	{"signature algorithm of RSA over EC key", func(f *forge) {
		f.signer().kids[4] = seq(oidNode(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}), null())
	}, codeAlgorithm},
	{"signature algorithm with NULL", func(f *forge) { f.signer().at(4).add(null()) }, codeAlgorithm},
	{"signature flipped", func(f *forge) { b := f.signature().body; b[len(b)-1] ^= 1 }, codeSignature},
	{"signature empty", func(f *forge) { f.signature().body = nil }, codeSignature},
	{"signature cut", func(f *forge) { f.signature().body = f.signature().body[:8] }, codeSignature},
	{"signature longer", func(f *forge) { f.signature().body = append(f.signature().body, 0) }, codeSignature},
	{"signature is no string", func(f *forge) { f.signer().kids[5] = null() }, codeMalformed},
	{"empty unsigned attributes", func(f *forge) { f.signer().add(cons(0xa1)) }, codeMalformed},
	{"unsigned attribute without value", func(f *forge) { f.signer().add(cons(0xa1, seq(oidNode(oidOther), cons(0x31)))) }, codeAttributes},
	{"33 unsigned attributes", func(f *forge) {
		f.signer().add(cons(0xa1, slices.Repeat([]*node{seq(oidNode(oidOther), cons(0x31, null()))}, MaxAttributes+1)...))
	}, codeTooLarge},
	{"17 values", func(f *forge) {
		f.signer().add(cons(0xa1, seq(oidNode(oidOther), cons(0x31, slices.Repeat([]*node{null()}, maxValues+1)...))))
	}, codeTooLarge},
	{"unsigned attribute in BER", func(f *forge) {
		f.signer().add(cons(0xa1, seq(oidNode(oidOther), cons(0x31, &node{raw: []byte{1, 1, 1}}))))
	}, codeNotDER},
	{"element behind the unsigned attributes", func(f *forge) { f.signer().add(null()) }, codeMalformed},
}

// attributes are changes of the signed attributes, signed again with the right
// key: a dishonest holder's, not a stranger's.
var attributes = []vector{
	{"no signed attributes", func(f *forge) { f.signer().drop(3) }, codeAttributes},
	{"empty signed attributes", func(f *forge) { f.attributes().kids = nil; f.resign() }, codeAttributes},
	{"attributes out of order", func(f *forge) { slices.Reverse(f.attributes().kids); f.resignUnsorted() }, codeAttributes},
	{"attributes out of order, not signed so", func(f *forge) { k := f.attributes().kids; k[0], k[1] = k[1], k[0] }, codeAttributes},
	{"no content-type", func(f *forge) { f.remove(OIDContentType) }, codeAttributes},
	{"no message-digest", func(f *forge) { f.remove(OIDMessageDigest) }, codeAttributes},
	{"no signing-time", func(f *forge) { f.remove(OIDSigningTime) }, codeAttributes},
	{"no signing-certificate-v2", func(f *forge) { f.remove(OIDSigningCertificateV2) }, codeAttributes},
	{"content-type twice", func(f *forge) { f.twice(OIDContentType) }, codeAttributes},
	{"message-digest twice", func(f *forge) { f.twice(OIDMessageDigest) }, codeAttributes},
	{"other attribute twice", func(f *forge) {
		f.attributes().add(seq(oidNode(oidOther), cons(0x31, null())), seq(oidNode(oidOther), cons(0x31, null())))
		f.resign()
	}, codeAttributes},
	{"two message digests", func(f *forge) {
		f.attribute(OIDMessageDigest).at(1).add(prim(4, strings.Repeat("x", 32)))
		f.resign()
	}, codeAttributes},
	{"two signing times", func(f *forge) { f.attribute(OIDSigningTime).at(1).repeat(0, 1); f.resign() }, codeAttributes},
	{"two content types", func(f *forge) { f.attribute(OIDContentType).at(1).repeat(0, 1); f.resign() }, codeAttributes},
	{"content-type without value", func(f *forge) { f.attribute(OIDContentType).at(1).kids = nil; f.resign() }, codeAttributes},
	{"33 attributes", func(f *forge) {
		for i := range MaxAttributes {
			f.attributes().add(seq(oidNode(append(oidOther[:4:4], i)), cons(0x31, null())))
		}
		f.resign()
	}, codeTooLarge},
	{"content-type of something else", func(f *forge) { f.setValue(OIDContentType, oidNode(oidSignedData)) }, codeContentType},
	{"content-type is no identifier", func(f *forge) { f.setValue(OIDContentType, null()) }, codeAttributes},
	{"message-digest of other bytes", func(f *forge) { f.setValue(OIDMessageDigest, prim(4, strings.Repeat("x", 32))) }, codeMessageDigest},
	{"message-digest cut", func(f *forge) { f.setValue(OIDMessageDigest, prim(4, string(f.value(OIDMessageDigest).body[:31]))) }, codeDigestSize},
	{"message-digest is no string", func(f *forge) { f.setValue(OIDMessageDigest, null()) }, codeAttributes},
	{"message-digest changed, not signed again", func(f *forge) { f.value(OIDMessageDigest).body[0] ^= 1 }, codeMessageDigest + " " + codeSignature},
	{"signing-time changed, not signed again", func(f *forge) { f.value(OIDSigningTime).body[5] ^= 1; f.sort() }, codeSignature},
	{"signing-time GeneralizedTime in 2026", func(f *forge) { f.setValue(OIDSigningTime, prim(24, "20261122100000Z")) }, codeSigningTime},
	{"signing-time without seconds", func(f *forge) { f.setValue(OIDSigningTime, prim(23, "2611221000Z")) }, codeSigningTime},
	{"signing-time with offset", func(f *forge) { f.setValue(OIDSigningTime, prim(23, "261122100000+0300")) }, codeSigningTime},
	{"signing-time with fraction", func(f *forge) { f.setValue(OIDSigningTime, prim(24, "20501122100000.5Z")) }, codeSigningTime},
	{"signing-time on no day", func(f *forge) { f.setValue(OIDSigningTime, prim(23, "260230100000Z")) }, codeSigningTime},
	{"signing-certificate of another hash", func(f *forge) { f.reference().at(0).body[0] ^= 1; f.resign() }, codeSigningCertificate},
	{"signing-certificate of the issuer's", func(f *forge) {
		h := sha256.Sum256(f.rootCertificate())
		f.reference().at(0).body = h[:]
		f.resign()
	}, codeSigningCertificate},
	{"signing-certificate of another serial", func(f *forge) { f.reference().at(1, 1).body = []byte{9}; f.resign() }, codeSigningCertificate},
	{"signing-certificate of another issuer", func(f *forge) { f.reference().at(1, 0, 0).kids[0] = seq(); f.resign() }, codeSigningCertificate},
	{"signing-certificate of two issuers", func(f *forge) { f.reference().at(1, 0).repeat(0, 1); f.resign() }, codeAttributes},
	{"signing-certificate by e-mail", func(f *forge) { f.reference().at(1, 0).kids[0] = prim(0x81, "a@b"); f.resign() }, codeAttributes},
	{"signing-certificate hash cut", func(f *forge) { f.reference().at(0).body = f.reference().at(0).body[:20]; f.resign() }, codeAttributes},
	{"signing-certificate by SHA-1", func(f *forge) { f.reference().insert(0, seq(oidNode(oidSHA1))); f.resign() }, codeAlgorithm},
	{"signing-certificate spells the default out", func(f *forge) { f.reference().insert(0, seq(oidNode(algo.SHA256.OID))); f.resign() }, codeMalformed},
	{"signing-certificate names nobody", func(f *forge) { f.value(OIDSigningCertificateV2).at(0).kids = nil; f.resign() }, codeAttributes},
	{"signing-certificate names 17", func(f *forge) { f.value(OIDSigningCertificateV2).at(0).repeat(0, maxReferences); f.resign() }, codeTooLarge},
	{"signing-certificate longer", func(f *forge) { f.value(OIDSigningCertificateV2).add(null()); f.resign() }, codeAttributes},
	{"signing-certificate is no SEQUENCE", func(f *forge) { f.setValue(OIDSigningCertificateV2, null()) }, codeAttributes},
	{"attributes in BER", func(f *forge) {
		f.attributes().add(seq(oidNode(oidOther), cons(0x31, &node{raw: []byte{1, 1, 1}})))
		f.resign()
	}, codeNotDER},
}

// fine are changes that take nothing away.
var fine = []vector{
	{"as it was", func(*forge) {}, ""},
	{"digests with NULL", func(f *forge) { f.digests().at(0).add(null()) }, ""},
	{"signature algorithm is the key's", func(f *forge) {
		f.signer().at(4).kids[0] = oidNode(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1})
	}, ""},
	{"other signed attribute of two values", func(f *forge) {
		f.attributes().add(seq(oidNode(oidOther), cons(0x31, null(), prim(4, "x"))))
		f.resign()
	}, ""},
	{"unsigned attribute", func(f *forge) { f.signer().add(cons(0xa1, seq(oidNode(oidOther), cons(0x31, null())))) }, ""},
	{"CRL", func(f *forge) { f.signedData().insert(4, cons(0xa1, seq())) }, ""},
	{"certificates the other way round", func(f *forge) { slices.Reverse(f.certificates().kids) }, ""},
	{"signer's certificate alone", func(f *forge) { f.dropRoot() }, ""},
	{"signing-certificate without issuer", func(f *forge) { f.reference().drop(1); f.resign() }, ""},
	{"signing-certificate with policies", func(f *forge) { f.value(OIDSigningCertificateV2).add(seq(seq(oidNode(oidOther)))); f.resign() }, ""},
	{"signing-time in 2050", func(f *forge) { f.setValue(OIDSigningTime, prim(24, "20501122100000Z")) }, ""},
}

func (f *forge) remove(oid asn1.ObjectIdentifier) {
	a := f.attribute(oid)
	f.attributes().kids = slices.DeleteFunc(f.attributes().kids, func(n *node) bool { return n == a })
	f.resign()
}

func (f *forge) twice(oid asn1.ObjectIdentifier) {
	f.attributes().add(f.attribute(oid).clone())
	f.resign()
}

// reference is the ESSCertIDv2.
func (f *forge) reference() *node { return f.value(OIDSigningCertificateV2).at(0, 0) }

func (f *forge) isRoot(n *node) bool {
	return bytes.Equal(n.at(0, 3).encode(), n.at(0, 5).encode()) // issuer and subject
}

func (f *forge) rootCertificate() []byte {
	return f.certificates().kids[slices.IndexFunc(f.certificates().kids, f.isRoot)].encode()
}

func (f *forge) dropRoot() {
	f.certificates().kids = slices.DeleteFunc(f.certificates().kids, f.isRoot)
}

func TestVectors(t *testing.T) {
	p := ecParty(t, elliptic.P256())
	good := sign(t, p.request())
	bad := slices.Concat(outside, signers, attributes)
	if len(bad) < 40 {
		t.Errorf("only %d vectors", len(bad))
	}
	names := map[string]bool{}
	for _, v := range append(bad, fine...) {
		if names[v.name] {
			t.Errorf("%q is there twice", v.name)
		}
		names[v.name] = true
		f := &forge{t, p.key, parseTree(t, good)}
		v.edit(f)
		der := f.root.encode()
		if v.name != "as it was" && bytes.Equal(der, good) {
			t.Errorf("%s: nothing was changed", v.name)
		}
		if got := verdict(der); strings.Join(got, " ") != v.want {
			s, p := parse(der, Options{})
			if s != nil {
				t.Log(s.Check())
			}
			t.Errorf("%s: got %v (%v), want %s", v.name, got, p, v.want)
		}
	}
}

// TestBytes changes bytes, not elements.
func TestBytes(t *testing.T) {
	good := sign(t, ecParty(t, elliptic.P256()).request())
	indefinite := slices.Concat([]byte{0x30, 0x80}, good[4:], []byte{0, 0})
	for name, r := range map[string]struct {
		der  []byte
		want string
	}{
		"nothing":         {nil, codeMalformed},
		"one byte":        {[]byte{0x30}, codeMalformed},
		"text":            {[]byte("-----BEGIN CMS-----"), codeMalformed},
		"zero behind":     {append(bytes.Clone(good), 0), codeTrailing},
		"twice":           {append(bytes.Clone(good), good...), codeTrailing},
		"cut":             {good[:len(good)-1], codeMalformed},
		"indefinite":      {indefinite, codeNotDER},
		"overlong length": {slices.Concat([]byte{0x30, 0x83, 0}, good[2:]), codeNotDER},
		"too large":       {make([]byte, MaxSize+1), codeTooLarge},
	} {
		if got := verdict(r.der); !slices.Equal(got, []string{r.want}) {
			t.Errorf("%s: got %v, want %s", name, got, r.want)
		}
	}
	// No cut and no changed byte of what the signature protects passes.
	for i := range good {
		if v := verdict(good[:i]); v == nil {
			t.Fatalf("the first %d bytes pass", i)
		}
	}
	// The certificates and the issuer's copy in the chain are not the signature's to protect.
	start := bytes.Index(good, content)
	for i := range content {
		changed := bytes.Clone(good)
		changed[start+i] ^= 0x20
		if v := verdict(changed); !slices.Equal(v, []string{codeMessageDigest}) {
			t.Fatalf("byte %d of the content changed: %v", i, v)
		}
	}
}

// TestSameNameTwice has two certificates of one issuer and serial inside: the
// one whose hash was signed is the signer's.
func TestSameNameTwice(t *testing.T) {
	p := ecParty(t, elliptic.P256())
	for _, first := range []bool{true, false} {
		f := &forge{t, p.key, parseTree(t, sign(t, p.request()))}
		twin := parseTree(t, bytes.Replace(p.leaf.Raw, []byte("Анна"), []byte("Инна"), 1))
		if first {
			f.certificates().insert(0, twin)
		} else {
			f.certificates().add(twin)
		}
		s, err := Parse(f.root.encode())
		if err != nil || !s.SignerCertificate().Equal(p.leaf) || len(s.Check()) != 0 {
			t.Errorf("twin first %v: %v", first, err)
		}
		// With the twin alone the signature still holds under the key, but the
		// holder signed for another certificate.
		f.certificates().kids = []*node{twin}
		if v := verdict(f.root.encode()); !slices.Equal(v, []string{codeSigningCertificate}) {
			t.Errorf("twin alone: %v", v)
		}
	}
}
