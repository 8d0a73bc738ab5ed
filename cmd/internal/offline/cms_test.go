// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"testing"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

var document = []byte("Документ\n")

// signed asks about a signature under an anchor.
func (d *desk) signed(exit int, codes string, signature, anchor []byte, more ...string) {
	d.t.Helper()
	n := fmt.Sprint(len(must(os.ReadDir(d.dir))))
	d.want(exit, codes, append([]string{"cms", d.file("signature-"+n, signature), "--anchors", d.file("anchor-"+n, anchor)}, more...)...)
}

// Several signers: one that does not hold takes the whole down, none at all is no signature.
func TestSigners(t *testing.T) {
	d, f := newDesk(t), newFamily()
	second := mint.Leaf("Second", mint.P256, f.ca)
	third := mint.Leaf("Third", mint.P256, mint.Root("Nobody", mint.P256))
	sign := func(list ...mint.Signer) []byte {
		s := mint.SignedData{Content: document, Signers: list, Certificates: [][]byte{f.ca.DER}}
		for _, x := range list {
			s.Certificates = append(s.Certificates, x.By.DER)
		}
		return s.DER()
	}
	one, two := mint.Signer{By: f.leaf}, mint.Signer{By: second}
	bad := mint.Signer{By: second, EditSignature: mint.FlipBit(-3)}
	d.signed(0, "sig.ok", sign(one), f.root.DER)
	d.signed(0, "sig.ok", sign(one, two), f.root.DER)
	d.signed(1, "sig.ok sig.invalid cms.signature", sign(one, bad), f.root.DER)
	d.signed(1, "sig.ok sig.invalid cms.signature", sign(bad, one), f.root.DER)
	d.signed(1, "sig.ok sig.not_accredited", sign(one, mint.Signer{By: third}), f.root.DER)
	d.signed(1, "cms.signers", sign(), f.root.DER)
	d.signed(0, "sig.counter_signed", sign(mint.Signer{By: f.leaf, Unsigned: []func([]byte) mint.Attribute{mint.Counter(two)}}), f.root.DER, "--untrusted", d.file("second", second.DER))
	d.signed(0, "sig.counter_unusable", sign(mint.Signer{By: f.leaf, Unsigned: []func([]byte) mint.Attribute{mint.Counter(bad)}}), f.root.DER, "--untrusted", d.file("second", second.DER))
	bare := mint.SignedData{Content: document, Signers: []mint.Signer{one}, Certificates: [][]byte{}}.DER()
	d.signed(2, "sig.no_certificate", bare, f.root.DER)
	d.signed(0, "sig.ok", bare, f.root.DER, "--untrusted", d.file("leaf", f.leaf.DER), d.file("ca", f.ca.DER))
}

// What else may be done to a signature that held.
func TestConfusion(t *testing.T) {
	d, f := newDesk(t), newFamily()
	sign := func(s mint.Signer, how ...func(*mint.SignedData)) []byte {
		m := mint.SignedData{Content: document, Signers: []mint.Signer{s}, Certificates: der(f.leaf, f.ca)}
		for _, h := range how {
			h(&m)
		}
		return m.DER()
	}
	plain := mint.Signer{By: f.leaf, NoAttributes: true}
	d.signed(0, "cms.note.no_attributes", sign(plain), f.root.DER)
	// The attributes of a good signature posing as content that was signed without attributes.
	usual := mint.Signer{By: f.leaf, At: time.Now()}
	var set [][]byte
	for _, a := range usual.Usual(mint.OIDData, document) {
		set = append(set, a.DER())
	}
	d.signed(1, "sig.invalid", sign(plain, func(m *mint.SignedData) { m.Content = asn.SetOf(set...) }), f.root.DER)
	d.signed(1, "sig.invalid cms.message_digest", sign(mint.Signer{By: f.leaf, Attributes: usual.Usual(mint.OIDData, []byte("other"))}), f.root.DER)
	d.signed(1, "sig.invalid", sign(mint.Signer{By: f.leaf, Drop: []string{mint.OIDMessageDigest}}), f.root.DER)
	d.signed(1, "sig.invalid", sign(mint.Signer{By: f.leaf, Drop: []string{mint.OIDContentType}}), f.root.DER)
	d.signed(0, "cms.note.no_signing_certificate", sign(mint.Signer{By: f.leaf, Drop: []string{mint.OIDSigningCertificateV2}}), f.root.DER)
	// Another certificate of the same key, of the same number, or both.
	again := mint.Certificate{Subject: mint.CN("Another"), Key: f.leaf.Key, Extensions: mint.LeafExtensions()}.Sign(f.ca)
	twin := mint.Certificate{Subject: mint.CN("Twin"), Key: mint.NewKey(mint.P256), Serial: f.leaf.Serial, Extensions: mint.LeafExtensions()}.Sign(f.ca)
	both := mint.Certificate{Subject: mint.CN("Both"), Key: f.leaf.Key, Serial: f.leaf.Serial, Extensions: mint.LeafExtensions()}.Sign(f.ca)
	moved := mint.Signer{By: f.leaf, SID: mint.IssuerAndSerial(again.Issuer, again.Serial)}
	d.signed(1, "sig.invalid cms.signing_certificate", sign(moved, func(m *mint.SignedData) { m.Certificates = der(again, f.ca) }), f.root.DER)
	with := func(list ...*mint.Party) func(*mint.SignedData) {
		return func(m *mint.SignedData) { m.Certificates = der(list...) }
	}
	d.signed(0, "sig.ok", sign(mint.Signer{By: f.leaf}, with(twin, f.leaf, f.ca)), f.root.DER)
	d.signed(0, "sig.ok", sign(mint.Signer{By: f.leaf}, with(both, f.leaf, f.ca)), f.root.DER)
	d.signed(1, "sig.invalid", sign(mint.Signer{By: f.leaf}, with(twin, f.ca)), f.root.DER)
	d.signed(1, "sig.invalid cms.signing_certificate", sign(mint.Signer{By: f.leaf}, with(both, f.ca)), f.root.DER)
	d.signed(0, "sig.ok", sign(plain, with(twin, f.leaf, f.ca)), f.root.DER)
	// An authority's certificate between that is broken is left out.
	d.signed(0, "", sign(mint.Signer{By: f.leaf}, func(m *mint.SignedData) { m.Certificates = append(m.Certificates, []byte{0x30, 0}) }), f.root.DER)
	// A certificate that may not sign.
	lister := mint.Certificate{Subject: mint.CN("Holder"), Key: mint.NewKey(mint.P256), Extensions: ofUse(mint.LeafExtensions(), mint.KeyUsage(mint.KeyEncipherment))}.Sign(f.ca)
	d.signed(1, "sig.key_usage", sign(mint.Signer{By: lister}, with(lister, f.ca)), f.root.DER)
}

func ofUse(list []mint.Extension, usage mint.Extension) []mint.Extension {
	return with(list, mint.OIDKeyUsage, usage)
}

// Forms of signatures, and content inside and beside.
func TestFormsOfSignatures(t *testing.T) {
	d, f := newDesk(t), newFamily()
	m := mint.SignedData{Content: document, Signers: []mint.Signer{{By: f.leaf}}, Certificates: der(f.leaf, f.ca)}
	inside := m.DER()
	m.Detached = true
	beside := m.DER()
	content, other, empty := d.file("content", document), d.file("other", []byte("other")), d.file("empty", nil)
	armour := func(name string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: b}) }
	d.signed(0, "", inside, f.root.DER)
	d.signed(0, "", inside, f.root.DER, "--content", content)
	d.signed(1, "cms.other_content", inside, f.root.DER, "--content", other)
	d.signed(2, "cms.detached", beside, f.root.DER)
	d.signed(0, "", beside, f.root.DER, "--content", content)
	d.signed(1, "cms.message_digest", beside, f.root.DER, "--content", other)
	d.signed(1, "cms.message_digest", beside, f.root.DER, "--content", empty)
	d.signed(3, "", beside, f.root.DER, "--content", d.dir+"/absent")
	for _, name := range []string{"CMS", "PKCS7", "PKCS #7 SIGNED DATA"} {
		d.signed(0, "", armour(name, inside), f.root.DER)
	}
	d.signed(0, "", []byte(base64.StdEncoding.EncodeToString(inside)), f.root.DER)
	d.signed(3, "", append(armour("CMS", inside), armour("CMS", inside)...), f.root.DER)
	for name, b := range map[string][]byte{
		"empty": {}, "trailing": append(bytes.Clone(inside), 0), "cut": inside[:len(inside)-1], "text": []byte("text"), "certificate": f.leaf.DER,
		"certificate as PEM": f.leaf.PEM(), "list": mint.CRL{}.Sign(f.ca), "cut PEM": armour("CMS", inside)[:300], "zeros": make([]byte, 4<<20),
		"data": asn.Seq(asn.OID(mint.OIDData), asn.Explicit(0, asn.Octets(document))), "deep": bytes.Repeat([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, 1<<12),
	} {
		t.Log(name)
		d.signed(1, "sig.invalid", b, f.root.DER)
	}
	// Lists inside count where none were given, and beside those that were.
	now := time.Now()
	withLists := func(e ...mint.Entry) []byte {
		x := m
		x.Detached, x.CRLs = false, [][]byte{mint.CRL{}.Sign(f.root), mint.CRL{Entries: e}.Sign(f.ca)}
		return x.DER()
	}
	d.signed(0, "sig.not_revoked", withLists(), f.root.DER)
	d.signed(1, "sig.cert_revoked", withLists(mint.Revoked(f.leaf.Serial, now)), f.root.DER)
	d.signed(0, "sig.not_revoked", withLists(), f.root.DER, "--crl", d.file("root.crl", mint.CRL{}.Sign(f.root)))
	d.signed(2, "sig.revocation_unknown", inside, f.root.DER, "--crl", d.file("root.crl", mint.CRL{}.Sign(f.root)))
}

// Only a timestamp that holds moves the judgement back.
func TestTimestamps(t *testing.T) {
	d := newDesk(t)
	now := d.now.Truncate(time.Second)
	year := func(n int) time.Time { return now.AddDate(n, 0, 0) }
	root := mint.Root("Root", mint.GOST2012256)
	issue := func(name string, from, until time.Time, e []mint.Extension) *mint.Party {
		return mint.Certificate{Subject: mint.CN(name), Key: mint.NewKey(mint.GOST2012256), NotBefore: from, NotAfter: until, Extensions: e}.Sign(root)
	}
	purpose := mint.Extensions([]mint.Extension{mint.SKI(), mint.AKI(), mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit()})
	leaf := issue("Holder", year(-4), year(-1), mint.LeafExtensions()) // has ended
	tsa := issue("TSA", year(-4), year(5), purpose)
	ended := issue("TSA", year(-4), year(-1), purpose)
	late := issue("TSA", year(-1), year(5), purpose)
	noTSA := issue("TSA", year(-4), year(5), mint.LeafExtensions())
	self := mint.Certificate{Subject: mint.CN("TSA"), Key: mint.NewKey(mint.GOST2012256), NotBefore: year(-4), Extensions: purpose}.Sign(nil)
	sign := func(stamps ...func([]byte) mint.Attribute) []byte {
		return mint.SignedData{Content: document, Signers: []mint.Signer{{By: leaf, At: year(-2), Unsigned: stamps}}}.DER()
	}
	other := mint.TST{Message: []byte("other"), Time: year(-2)}.Token(tsa)
	d.signed(1, "sig.cert_expired", sign(), root.DER)
	d.signed(0, "sig.timestamp", sign(mint.Timestamped(tsa, year(-2))), root.DER)
	d.signed(1, "sig.timestamp_unusable timestamp.imprint", sign(mint.TimestampToken(other)), root.DER)
	d.signed(1, "sig.timestamp_unusable sig.timestamp_time", sign(mint.Timestamped(ended, year(-2))), root.DER)
	d.signed(1, "sig.timestamp_unusable", sign(mint.Timestamped(late, year(-2))), root.DER)
	d.signed(1, "sig.timestamp_unusable timestamp.purpose", sign(mint.Timestamped(noTSA, year(-2))), root.DER)
	d.signed(1, "sig.timestamp_unusable", sign(mint.Timestamped(self, year(-2))), root.DER)
	d.signed(1, "sig.cert_expired", sign(mint.Timestamped(tsa, now.AddDate(0, -1, 0))), root.DER) // after the end of the signer's certificate
	d.signed(1, "sig.timestamp_unusable", sign(mint.Timestamped(tsa, year(1))), root.DER)         // from the future
	d.signed(0, "sig.timestamp sig.timestamp_unusable", sign(mint.TimestampToken(other), mint.Timestamped(tsa, year(-2))), root.DER)
	// Revocation after the proved time does not count, before it does; of a lost key of the authority always.
	crl := func(e ...mint.Entry) string {
		return d.file(fmt.Sprintf("%x.crl", sha256.Sum256(fmt.Append(nil, e)))[:20], mint.CRL{Entries: e}.Sign(root))
	}
	stamped := sign(mint.Timestamped(tsa, year(-2)))
	d.signed(0, "sig.revoked_later", stamped, root.DER, "--crl", crl(mint.Revoked(leaf.Serial, now.AddDate(0, -20, 0))))
	d.signed(1, "sig.cert_revoked", stamped, root.DER, "--crl", crl(mint.Revoked(leaf.Serial, now.AddDate(0, -30, 0))))
	d.signed(1, "sig.timestamp_unusable", stamped, root.DER, "--crl", crl(mint.Revoked(tsa.Serial, now.AddDate(0, -20, 0), mint.ReasonCode(1))))
	// A list made after the holder's end proves his revocation and not that there was none.
	d.signed(2, "sig.timestamp", stamped, root.DER, "--crl", crl(mint.Revoked(tsa.Serial, now.AddDate(0, -20, 0), mint.ReasonCode(5))))
	d.signed(1, "sig.timestamp_unusable", stamped, root.DER, "--crl", crl(mint.Revoked(tsa.Serial, now.AddDate(0, -30, 0), mint.ReasonCode(5))))
}
