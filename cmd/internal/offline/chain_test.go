// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/mint"
)

// family is an anchor, an authority and a holder.
type family struct{ root, ca, leaf *mint.Party }

func newFamily() family {
	root := mint.Root("Root", mint.GOST2012256)
	ca := mint.CA("CA", mint.GOST2012256, root)
	return family{root, ca, mint.Leaf("Holder", mint.GOST2012256, ca)}
}

func der(list ...*mint.Party) [][]byte {
	var out [][]byte
	for _, p := range list {
		out = append(out, p.DER)
	}
	return out
}

// folder writes each object into a file of a new folder.
func (d *desk) folder(name string, objects ...[]byte) string {
	d.t.Helper()
	dir := filepath.Join(d.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		d.t.Fatal(err)
	}
	for i, b := range objects {
		d.file(filepath.Join(name, fmt.Sprintf("%03d", i)), b)
	}
	return dir
}

// path asks about a leaf with the objects given, in folders of their own.
func (d *desk) path(exit int, codes string, leaf []byte, anchors, untrusted, crls, ocsp [][]byte, more ...string) {
	d.t.Helper()
	n := fmt.Sprint(len(must(os.ReadDir(d.dir))))
	args := []string{"chain", d.file("leaf-"+n, leaf), "--anchors", d.folder("anchors-"+n, anchors...)}
	if untrusted != nil {
		args = append(args, "--untrusted", d.folder("untrusted-"+n, untrusted...))
	}
	if crls != nil {
		args = append(args, "--crl", d.folder("crl-"+n, crls...))
	}
	if ocsp != nil {
		args = append(args, "--ocsp", d.folder("ocsp-"+n, ocsp...))
	}
	d.want(exit, codes, append(args, more...)...)
}

// with replaces an extension of the list.
func with(list []mint.Extension, oid string, e mint.Extension) []mint.Extension {
	return mint.Extensions(mint.Without(list, oid), e)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The moment given is the clock: for certificates, for lists and for what they list.
func TestMomentOfChain(t *testing.T) {
	d, f := newDesk(t), newFamily()
	day := func(y int) string { return fmt.Sprintf("%d-06-01", y) }
	at := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	crls := func(y int, e ...mint.Entry) [][]byte {
		l := mint.CRL{ThisUpdate: at(y).Add(-time.Hour), NextUpdate: at(y).Add(time.Hour)}
		first := l.Sign(f.root)
		l.Entries = e
		return [][]byte{first, l.Sign(f.ca)}
	}
	anchors, between := der(f.root), der(f.ca)
	d.path(0, "sig.chain_ok sig.revocation_not_asked", f.leaf.DER, anchors, between, nil, nil, "--at", day(2030))
	d.path(1, "sig.cert_not_yet_valid", f.leaf.DER, anchors, between, nil, nil, "--at", day(2019))
	d.path(1, "sig.cert_expired", f.leaf.DER, anchors, between, nil, nil, "--at", day(2046))
	d.path(0, "sig.not_revoked", f.leaf.DER, anchors, between, crls(2030), nil, "--at", day(2030))
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, crls(2029), nil, "--at", day(2030))
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, crls(2031), nil, "--at", day(2030))
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, between, crls(2030, mint.Revoked(f.leaf.Serial, at(2030))), nil, "--at", day(2030))
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, between, crls(2030, mint.Revoked(f.leaf.Serial, at(2029))), nil, "--at", day(2030))
	d.path(0, "sig.not_revoked", f.leaf.DER, anchors, between, crls(2030, mint.Revoked(f.ca.Serial, at(2029))), nil, "--at", day(2030)) // the authority's list is not about itself
}

// With answers given, each certificate below the anchor must be shown to be good.
func TestRevocationOfChain(t *testing.T) {
	d, f := newDesk(t), newFamily()
	anchors, between := der(f.root), der(f.ca)
	now := time.Now()
	list := func(by *mint.Party, e ...mint.Entry) []byte { return mint.CRL{Entries: e}.Sign(by) }
	good := [][]byte{list(f.root), list(f.ca)}
	d.path(0, "", f.leaf.DER, anchors, between, good, nil)
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, good[:1], nil)
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, good[1:], nil)
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, [][]byte{}, nil)
	d.path(2, "sig.revocation_unknown input.skipped", f.leaf.DER, anchors, between, [][]byte{good[0], []byte("garbage")}, nil)
	d.path(1, "sig.ca_revoked", f.leaf.DER, anchors, between, [][]byte{list(f.root, mint.Revoked(f.ca.Serial, now)), good[1]}, nil)
	d.path(1, "sig.ca_revoked", f.leaf.DER, anchors, between, [][]byte{good[0], list(f.root, mint.Revoked(f.ca.Serial, now)), good[1]}, nil) // two lists of one moment
	forger := f.ca.Using(mint.NewKey(mint.GOST2012256))
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, [][]byte{good[0], list(forger)}, nil)
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, [][]byte{good[0], list(f.leaf.As(f.ca.Name))}, nil)
	broken := mint.CRL{EditSignature: mint.FlipBit(3)}.Sign(f.ca)
	d.path(2, "sig.revocation_unknown", f.leaf.DER, anchors, between, [][]byte{good[0], broken}, nil)
	d.path(0, "", f.leaf.DER, anchors, between, [][]byte{good[0], broken, good[1]}, nil) // a broken list beside a good one
	answer := func(by *mint.Party, status int) []byte {
		return mint.OCSP{Answers: []mint.Answer{mint.About(f.leaf, f.ca, status)}}.Sign(by)
	}
	responder := func(e ...mint.Extension) *mint.Party { return mint.Leaf("OCSP", mint.GOST2012256, f.ca, e...) }
	entitled := responder(mint.EKU(mint.OCSPSigning), mint.NoCheck())
	d.path(0, "", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(f.ca, mint.StatusGood)})
	d.path(0, "", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(entitled, mint.StatusGood)})
	d.path(2, "", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(responder(), mint.StatusGood)})
	d.path(2, "", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(f.root, mint.StatusGood)})
	d.path(2, "", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(f.ca, mint.StatusUnknown)})
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, between, good[:1], [][]byte{answer(f.ca, mint.StatusRevoked)})
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, between, good, [][]byte{answer(f.ca, mint.StatusRevoked)}) // either counts
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, between, [][]byte{good[0], list(f.ca, mint.Revoked(f.leaf.Serial, now))}, [][]byte{answer(f.ca, mint.StatusGood)})
	other := mint.OCSP{Answers: []mint.Answer{mint.About(f.ca, f.root, mint.StatusGood)}}.Sign(f.ca)
	d.path(2, "", f.leaf.DER, anchors, between, good[:1], [][]byte{other})
}

// Lists signed by another key than certificates, or by somebody else, RFC 5280 section 6.3.3 (f).
func TestListSigners(t *testing.T) {
	d, f := newDesk(t), newFamily()
	anchors, now := der(f.root), time.Now()
	point := func(name string) mint.GeneralName { return mint.URI("http://crl.test/" + name) }
	at := func(name string) mint.Extension {
		return mint.CRLDP(mint.Point{FullName: []mint.GeneralName{point(name)}})
	}
	idp := func(name string) []mint.Extension {
		return []mint.Extension{mint.CRLNumber(1), mint.AKI(), mint.IDP{FullName: []mint.GeneralName{point(name)}}.Extension()}
	}
	issue := func(name string, by *mint.Party, e ...mint.Extension) *mint.Party {
		return mint.Certificate{Subject: mint.CN(name), Key: mint.NewKey(mint.GOST2012256), Extensions: append(e, mint.SKI(), mint.AKI())}.Sign(by)
	}
	rootList := mint.CRL{}.Sign(f.root)

	// The anchor certifies another key of the authority, for lists alone.
	separate := issue("CA", f.root, mint.KeyUsage(mint.CRLSign))
	d.path(0, "", f.leaf.DER, anchors, der(f.ca, separate), [][]byte{rootList, mint.CRL{}.Sign(separate)}, nil)
	d.path(2, "", f.leaf.DER, anchors, der(f.ca), [][]byte{rootList, mint.CRL{}.Sign(separate)}, nil)
	d.path(2, "", f.leaf.DER, anchors, der(f.ca, separate), [][]byte{mint.CRL{Entries: []mint.Entry{mint.Revoked(separate.Serial, now)}}.Sign(f.root), mint.CRL{}.Sign(separate)}, nil)
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, der(f.ca, separate), [][]byte{rootList, mint.CRL{Entries: []mint.Entry{mint.Revoked(f.leaf.Serial, now)}}.Sign(separate)}, nil)
	wrong := issue("CA", f.root, mint.KeyUsage(mint.DigitalSignature))
	d.path(2, "", f.leaf.DER, anchors, der(f.ca, wrong), [][]byte{rootList, mint.CRL{}.Sign(wrong)}, nil)

	// The authority certifies its own other key, whose state stands in a list of its first key.
	self := issue("CA", f.ca, mint.KeyUsage(mint.CRLSign), at("self"))
	lists := func(e ...mint.Entry) [][]byte {
		return [][]byte{rootList, mint.CRL{Extensions: idp("self"), Entries: e}.Sign(f.ca), mint.CRL{}.Sign(self)}
	}
	d.path(0, "", f.leaf.DER, anchors, der(f.ca, self), lists(), nil)
	d.path(2, "", f.leaf.DER, anchors, der(f.ca, self), lists(mint.Revoked(self.Serial, now)), nil)

	// A key of a stranger with the authority's name.
	stranger := mint.Root("Stranger", mint.GOST2012256)
	posing := issue("CA", stranger, mint.KeyUsage(mint.CRLSign))
	d.path(2, "", f.leaf.DER, anchors, der(f.ca, posing, stranger), [][]byte{rootList, mint.CRL{}.Sign(posing)}, nil)
	d.path(2, "", f.leaf.DER, der(f.root, stranger), der(f.ca, posing), [][]byte{rootList, mint.CRL{}.Sign(stranger), mint.CRL{}.Sign(posing)}, nil) // another anchor

	// Indirect lists: the distribution point names who publishes.
	lister := issue("Lister", f.root, mint.KeyUsage(mint.CRLSign))
	leaf := issue("Holder", f.ca, mint.KeyUsage(mint.DigitalSignature), mint.CRLDP(mint.Point{FullName: []mint.GeneralName{point("i")}, Issuer: []mint.GeneralName{mint.Dir(lister.Name)}}))
	indirect := func(e ...mint.Entry) []byte {
		return mint.CRL{Entries: e, Extensions: []mint.Extension{
			mint.CRLNumber(1), mint.AKI(), mint.IDP{FullName: []mint.GeneralName{point("i")}, Indirect: true}.Extension(),
		}}.Sign(lister)
	}
	of := func(p *mint.Party) mint.Extension { return mint.CertificateIssuer(mint.Dir(p.Issuer)).Crit() }
	d.path(0, "", leaf.DER, anchors, der(f.ca, lister), [][]byte{rootList, indirect()}, nil)
	d.path(1, "sig.cert_revoked", leaf.DER, anchors, der(f.ca, lister), [][]byte{rootList, indirect(mint.Revoked(leaf.Serial, now, of(leaf)))}, nil)
	d.path(0, "", leaf.DER, anchors, der(f.ca, lister), [][]byte{rootList, indirect(mint.Revoked(leaf.Serial, now))}, nil) // of the lister's own
	d.path(2, "", f.leaf.DER, anchors, der(f.ca, lister), [][]byte{rootList, indirect()}, nil)                             // no point names the lister

	// Deltas add to the complete list.
	base := mint.CRL{Extensions: []mint.Extension{mint.CRLNumber(5), mint.AKI()}}.Sign(f.ca)
	delta := mint.CRL{Extensions: []mint.Extension{mint.CRLNumber(6), mint.AKI(), mint.DeltaIndicator(5)}, Entries: []mint.Entry{mint.Revoked(f.leaf.Serial, now)}}.Sign(f.ca)
	d.path(1, "sig.cert_revoked", f.leaf.DER, anchors, der(f.ca), [][]byte{rootList, base, delta}, nil)
	d.path(2, "", f.leaf.DER, anchors, der(f.ca), [][]byte{rootList, mint.CRL{Extensions: []mint.Extension{mint.CRLNumber(6), mint.AKI(), mint.DeltaIndicator(5)}}.Sign(f.ca)}, nil)
}

// What anchors may be.
func TestAnchors(t *testing.T) {
	d, f := newDesk(t), newFamily()
	old := mint.Certificate{Subject: mint.CN("Root"), Key: f.root.Key, Extensions: mint.CAExtensions(), NotAfter: time.Now().AddDate(-1, 0, 0)}.Sign(nil)
	narrow := mint.Certificate{Subject: mint.CN("Root"), Key: f.root.Key, Extensions: with(mint.CAExtensions(), mint.OIDBasicConstraints, mint.BasicConstraints(true, 0))}.Sign(nil)
	alien := mint.Root("Alien", mint.P256)
	alone := mint.Leaf("Alone", mint.P256, mint.Root("Nobody", mint.P256))
	selfSigned := mint.Certificate{Subject: mint.CN("Self"), Key: mint.NewKey(mint.P256), Extensions: mint.LeafExtensions()}.Sign(nil)
	ca := f.leaf.DER
	d.path(0, "", ca, der(f.root, f.root), der(f.ca, f.root), nil, nil) // twice, and among the untrusted
	d.path(0, "", ca, der(f.ca), nil, nil, nil)                         // an authority as anchor
	d.path(0, "", ca, der(f.leaf), nil, [][]byte{}, nil)                // the leaf itself: nobody to ask about it
	d.path(1, "chain.no_anchor", ca, der(alien), der(f.ca, f.root), nil, nil)
	d.path(1, "chain.no_anchor", alone.DER, der(f.root), nil, nil, nil)
	d.path(1, "chain.no_anchor", selfSigned.DER, der(f.root), nil, nil, nil)
	d.path(0, "", selfSigned.DER, der(selfSigned), nil, nil, nil)
	d.path(1, "sig.cert_expired", old.DER, der(old), nil, nil, nil)
	d.path(1, "chain.expired", ca, der(old), der(f.ca), nil, nil)
	d.path(0, "", ca, der(old, f.root), der(f.ca), nil, nil) // one of two with the same name and key
	d.path(1, "chain.path_len", ca, der(narrow), der(f.ca), nil, nil)
	d.path(0, "input.broken", ca, [][]byte{f.root.DER, f.root.DER[:100], {0x30, 0}}, der(f.ca), nil, nil)
	d.path(0, "input.broken input.skipped", ca, der(f.root), [][]byte{f.ca.DER, {0x30, 2, 5, 0}, []byte("hello")}, nil, nil)
	d.path(1, "input.no_anchor", ca, [][]byte{append(bytes.Clone(f.root.DER[:4]), bytes.Repeat([]byte{0}, len(f.root.DER)-4)...)}, der(f.ca), nil, nil)
	d.path(3, "", ca, [][]byte{[]byte("hello")}, der(f.ca), nil, nil)
	d.path(3, "", ca, [][]byte{}, der(f.ca), nil, nil)
	d.path(3, "", ca, [][]byte{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: f.root.DER})}, der(f.ca), nil, nil)

	many := der(f.root)
	for range 400 { // of one name, which key identifiers tell apart, and of many
		many = append(many, mint.Root("Root", mint.P256).DER)
	}
	for i := range 200 {
		many = append(many, mint.Root(fmt.Sprint("Root ", i), mint.P256).DER)
	}
	d.path(0, "", ca, many, der(f.ca), nil, nil)
}

// Forms in which files come.
func TestFormsOfFiles(t *testing.T) {
	d, f := newDesk(t), newFamily()
	anchors := der(f.root)
	armour := func(name string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: b}) }
	crlf := bytes.ReplaceAll(append([]byte("Bag Attributes\r\n"), f.leaf.PEM()...), []byte("\n"), []byte("\r\n"))
	text := base64.StdEncoding.EncodeToString(f.leaf.DER)
	trusted := append(bytes.Clone(f.leaf.DER), 0x30, 0x03, 0x0c, 0x01, 'x')
	for name, leaf := range map[string][]byte{
		"bundle":          append(f.leaf.PEM(), f.ca.PEM()...),
		"CRLF and text":   append(crlf, f.ca.PEM()...),
		"mark":            append(append([]byte("\xef\xbb\xbf"), f.leaf.PEM()...), f.ca.PEM()...),
		"trusted":         append(armour("TRUSTED CERTIFICATE", trusted), f.ca.PEM()...),
		"X509":            append(armour("X509 CERTIFICATE", f.leaf.DER), f.ca.PEM()...),
		"no end of line":  bytes.TrimSpace(append(f.leaf.PEM(), f.ca.PEM()...)),
		"broken and more": bytes.Join([][]byte{f.leaf.PEM(), armour("CERTIFICATE", f.ca.DER[:50]), f.ca.PEM()}, nil),
	} {
		t.Log(name)
		d.path(0, "", leaf, anchors, nil, nil, nil)
	}
	for name, leaf := range map[string][]byte{"base64": []byte(text), "base64 in lines": []byte(text[:76] + "\r\n" + text[76:] + "\r\n"), "DER": f.leaf.DER} {
		t.Log(name)
		d.path(0, "", leaf, anchors, der(f.ca), nil, nil)
	}
	for name, leaf := range map[string][]byte{
		"empty": {}, "trailing": append(bytes.Clone(f.leaf.DER), 0), "cut": f.leaf.DER[:200], "text": []byte("garbage"), "base64 of nothing": []byte("MMMM"),
		"trailing in PEM": armour("CERTIFICATE", append(bytes.Clone(f.leaf.DER), 0)), "broken PEM": f.leaf.PEM()[:200], "a list": mint.CRL{}.Sign(f.ca),
		"zeros": make([]byte, 1<<20), "deep": bytes.Repeat([]byte{0x30, 0x80}, 1<<16),
	} {
		t.Log(name)
		d.path(1, "sig.invalid", leaf, anchors, der(f.ca), nil, nil)
	}
	for name, leaf := range map[string][]byte{"key": armour("PRIVATE KEY", f.leaf.DER), "request": armour("CERTIFICATE REQUEST", f.leaf.DER)} {
		t.Log(name)
		d.path(3, "", leaf, anchors, der(f.ca), nil, nil)
	}
	d.want(3, "", "chain", d.dir, "--anchors", d.file("root", f.root.DER))
	d.want(3, "", "chain", filepath.Join(d.dir, "absent"), "--anchors", d.file("root", f.root.DER))
}

// Numbers and marks that real certificates have and standards frown upon.
func TestOddCertificates(t *testing.T) {
	d := newDesk(t)
	for name, change := range map[string]func(*mint.Certificate){
		"serial number of 20 octets": func(c *mint.Certificate) { c.Serial = new(big.Int).Lsh(big.NewInt(0x7f), 152) },
		"serial number below 0":      func(c *mint.Certificate) { c.Serial = big.NewInt(-1) },
		"key usage not critical": func(c *mint.Certificate) {
			c.Extensions = with(c.Extensions, mint.OIDKeyUsage, mint.KeyUsage(mint.KeyCertSign, mint.CRLSign).NonCrit())
		},
		"basic constraints not critical": func(c *mint.Certificate) {
			c.Extensions = with(c.Extensions, mint.OIDBasicConstraints, mint.BasicConstraints(true, -1).NonCrit())
		},
		"name as SEQUENCE": func(c *mint.Certificate) {
			c.Subject = mint.NameOf(mint.RDN(mint.Attr("CN", 0, "CA")), mint.RDN(mint.RawAttr("2.5.4.16", []byte{0x30, 3, 0x0c, 1, 'M'})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			root := mint.Root("Root", mint.GOST2001A)
			c := mint.Certificate{Subject: mint.CN("CA"), Key: mint.NewKey(mint.GOST2012256), Extensions: mint.CAExtensions()}
			change(&c)
			ca := c.Sign(root)
			leaf := mint.Leaf("Holder", mint.GOST2012256, ca)
			d.path(0, "sig.legacy_algorithm", leaf.DER, der(root), der(ca), [][]byte{mint.CRL{}.Sign(root), mint.CRL{}.Sign(ca)}, nil)
			d.path(1, "sig.chain chain.legacy", leaf.DER, der(root), der(ca), [][]byte{mint.CRL{}.Sign(root), mint.CRL{}.Sign(ca)}, nil, "--profile", "qualified")
			if strings.Contains(name, "0") {
				d.path(1, "sig.ca_revoked", leaf.DER, der(root), der(ca), [][]byte{mint.CRL{Entries: []mint.Entry{mint.Revoked(ca.Serial, time.Now())}}.Sign(root), mint.CRL{}.Sign(ca)}, nil)
			}
		})
	}
}
