// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/signature/xmldsig"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// ministry is the world of one list.
type ministry struct {
	*Workshop
	Root, Signer, Centre *mint.Party
	list                 tsl.List
}

// listCase is what is done to a list.
type listCase struct {
	bad, twin func(m *ministry) []byte
	input     func(m *ministry, in *Input)
}

func (w *Workshop) ministry() *ministry {
	m := &ministry{Workshop: w}
	m.Root = m.party("ministry root", mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+tsl.OGRN, "O=Ministry", "CN=Ministry"), Extensions: mint.CAExtensions()}, nil)
	m.Signer = m.signer(mint.Certificate{})
	m.Centre = m.party("centre", mint.Certificate{Subject: mint.DN("C=RU", "OGRN=1027700132195", "CN=Centre"), Extensions: mint.CAExtensions()}, m.Root)
	m.list = tsl.List{Version: 100, Date: Moment.Add(-time.Hour), Centres: []tsl.Centre{tsl.Entry("Centre", "1027700132195", Moment.AddDate(-5, 0, 0), m.Centre.DER)}}
	return m
}

func (m *ministry) party(name string, c mint.Certificate, issuer *mint.Party) *mint.Party {
	if c.Key == nil {
		c.Key = m.key(name)
	}
	c.Serial = number(name)
	return c.Sign(issuer)
}

func (m *ministry) signer(c mint.Certificate) *mint.Party {
	if c.Subject == nil {
		c.Subject = mint.DN("C=RU", "OGRN="+tsl.OGRN, "O=Ministry", "CN=List")
	}
	if c.Extensions == nil {
		c.Extensions = mint.LeafExtensions()
	}
	return m.party("list signer", c, m.Root)
}

// by signs the list.
func (m *ministry) by(p *mint.Party) []byte {
	doc, err := m.list.Sign(tsl.MustKey(p))
	if err != nil {
		panic(err)
	}
	return doc
}

func (w *Workshop) listInput(c Case, bad bool) Input {
	m := w.ministry()
	in := Input{Door: List, At: Moment, Anchors: [][]byte{m.Root.DER}}
	make := c.lists.twin
	if bad {
		make = c.lists.bad
		if c.lists.input != nil {
			c.lists.input(m, &in)
		}
	}
	if make == nil {
		make = func(m *ministry) []byte { return m.by(m.Signer) }
	}
	in.File = make(m)
	return in
}

func (in Input) judgeList(set *trust.Set) Outcome {
	var o Outcome
	options := trust.ListOptions{Set: set, At: in.At}
	if in.Previous > 0 {
		options.Previous = &trust.ListRef{Version: in.Previous, Date: in.At.Add(-24 * time.Hour), Digest: strings.Repeat("0", 64)}
	}
	l, err := trust.OpenList(in.File, options)
	if err != nil {
		o.Verdict = verify.Invalid
		var e *trust.Error
		if errors.As(err, &e) {
			o.tell(e.Code, e.Error())
		}
		return o
	}
	o.Verdict = verify.Valid
	for _, f := range l.Findings {
		o.tell(f.Code, f.Detail)
	}
	return o
}

// listCases are about lists of accredited centres.
func listCases() []Case {
	var out []Case
	add := func(name, what, codes string, lc listCase) {
		out = append(out, Case{Name: "list/" + name, What: what, Standard: "XML Signature 1.1; the ministry's TSLExt", Door: List, Verdict: verify.Invalid, codes: codes, lists: &lc})
	}
	bytesOf := func(f func(m *ministry) []byte) listCase { return listCase{bad: f} }
	with := func(f func(l *tsl.List)) listCase {
		return listCase{bad: func(m *ministry) []byte { f(&m.list); return m.by(m.Signer) }}
	}
	asked := func(f func(m *ministry, in *Input)) listCase {
		return listCase{bad: func(m *ministry) []byte { return m.by(m.Signer) }, input: f}
	}
	signatureCases(add, bytesOf)
	signerListCases(add, bytesOf)
	add("version_back", "an older version than the one in force", trust.CodeListVersion, asked(func(_ *ministry, in *Input) { in.Previous = 101 }))
	add("version_same", "the version in force with other content", trust.CodeListVersion, asked(func(_ *ministry, in *Input) { in.Previous = 100 }))
	add("future", "a list of tomorrow", trust.CodeListFuture, with(func(l *tsl.List) { l.Date = Moment.AddDate(0, 0, 1) }))
	add("no_version", "no version", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "-" }))
	add("version_words", "a version that is no number", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "100a" }))
	add("version_negative", "a version below zero", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "-5" }))
	add("version_huge", "a version of twenty digits", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "99999999999999999999" }))
	add("two_versions", "two versions", trust.CodeListMalformed, with(func(l *tsl.List) { l.Extra = "<Версия>99999</Версия>" }))
	add("no_date", "no date", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawDate = "-" }))
	add("date_words", "a date of no known form", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawDate = "22.11.2026" }))
	add("long_text", "a name of three thousand letters", trust.CodeListTooLarge, with(func(l *tsl.List) { l.Centres[0].Name = strings.Repeat("Ц", 3000) }))
	add("two_names", "two names of one centre", trust.CodeListMalformed, with(func(l *tsl.List) { l.Centres[0].Extra = "<Название>Другой</Название>" }))
	add("another_document", "another document, signed", trust.CodeListMalformed, bytesOf(func(m *ministry) []byte {
		return m.document("<Список><Версия>1</Версия></Список>")
	}))
	add("namespace", "the right words in a namespace of nobody's", trust.CodeListMalformed, bytesOf(func(m *ministry) []byte {
		return m.document(`<АккредитованныеУдостоверяющиеЦентры xmlns="urn:a"><Версия>1</Версия></АккредитованныеУдостоверяющиеЦентры>`)
	}))
	return out
}

func (m *ministry) document(doc string) []byte {
	out, err := xmldsig.Sign([]byte(doc), tsl.MustKey(m.Signer), xmldsig.Form{})
	if err != nil {
		panic(err)
	}
	return out
}

type adder = func(name, what, codes string, lc listCase)

func signatureCases(add adder, bytesOf func(func(m *ministry) []byte) listCase) {
	code := trust.CodeListSignature
	good := func(m *ministry) []byte { return m.by(m.Signer) }
	replace := func(old, with string) listCase {
		return bytesOf(func(m *ministry) []byte {
			doc := good(m)
			out := bytes.Replace(doc, []byte(old), []byte(with), 1)
			if bytes.Equal(doc, out) {
				panic("corpus: nothing to replace: " + old)
			}
			return out
		})
	}
	add("unsigned", "no signature", code, bytesOf(func(m *ministry) []byte { return m.list.XML() }))
	add("empty", "no bytes", code, bytesOf(func(*ministry) []byte { return []byte{} }))
	add("garbage", "a page of a proxy", code, bytesOf(func(*ministry) []byte { return []byte("<!DOCTYPE html><html></html>") }))
	add("truncated", "the first half", code, bytesOf(func(m *ministry) []byte { doc := good(m); return doc[:len(doc)/2] }))
	add("digit_changed", "one digit of the version", code, replace("<Версия>100<", "<Версия>101<"))
	add("name_changed", "one letter of a centre's name", code, replace("<Название>Centre<", "<Название>Centra<"))
	add("comment_split", "a comment inside the version", code, replace("<Версия>100<", "<Версия>100<!-- -->0<"))
	add("entity", "a document type with an entity", code, replace("<АккредитованныеУдостоверяющиеЦентры", "<!DOCTYPE x [<!ENTITY e \"1\">]><АккредитованныеУдостоверяющиеЦентры"))
	add("trailing_element", "an element behind the document", code, bytesOf(func(m *ministry) []byte { return append(good(m), "<x/>"...) }))
	add("element_added", "a centre put in after signing", code, replace("<Версия>", "<УдостоверяющийЦентр></УдостоверяющийЦентр><Версия>"))
	add("digest_algorithm_md5", "a digest by MD5", code, bytesOf(func(m *ministry) []byte {
		return m.algorithm("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5")
	}))
	add("digest_algorithm_sha1", "a digest by SHA-1", code, bytesOf(func(m *ministry) []byte { return m.algorithm("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1") }))
	add("signature_algorithm_hmac", "a signature by a key that all know", code, bytesOf(func(m *ministry) []byte {
		return m.algorithm("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")
	}))
	add("canonical_form", "a canonical form that nobody knows", code, bytesOf(func(m *ministry) []byte { return m.algorithm("CanonicalizationMethod", "urn:nobody") }))
	add("transform_xslt", "a transform that is a program", code, bytesOf(func(m *ministry) []byte {
		return m.algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116")
	}))
	add("wrapped", "the signed list inside another list", code, bytesOf(func(m *ministry) []byte {
		doc := string(good(m))
		_, body, _ := strings.Cut(doc, "?>")
		forged := m.list
		forged.Version, forged.Extra = 101, body
		return forged.XML()
	}))
	add("wrapped_beside", "another list with the signature of the signed one, which lies beside", code, bytesOf(func(m *ministry) []byte {
		m.list.Attributes = ` Id="list"`
		doc := string(good(m))
		_, body, _ := strings.Cut(doc, "?>")
		i, j := strings.Index(body, "<ds:Signature"), strings.Index(body, "</ds:Signature>")+len("</ds:Signature>")
		forged := m.list
		forged.Version, forged.Attributes = 101, ` Id="other"`
		forged.Extra = body[i:j] + "<Object>" + body[:i] + body[j:] + "</Object>"
		return forged.XML()
	}))
	add("two_signatures", "two signatures", code, bytesOf(func(m *ministry) []byte {
		doc := string(good(m))
		i, j := strings.Index(doc, "<ds:Signature"), strings.Index(doc, "</ds:Signature>")+len("</ds:Signature>")
		return []byte(doc[:j] + doc[i:j] + doc[j:])
	}))
}

// algorithm names another algorithm in the first element of that name.
func (m *ministry) algorithm(element, name string) []byte {
	doc := string(m.by(m.Signer))
	i := strings.Index(doc, "<ds:"+element+" Algorithm=\"")
	if i < 0 {
		panic("corpus: no element " + element)
	}
	i += len("<ds:" + element + " Algorithm=\"")
	return []byte(doc[:i] + name + doc[i+strings.IndexByte(doc[i:], '"'):])
}

func signerListCases(add adder, bytesOf func(func(m *ministry) []byte) listCase) {
	code := trust.CodeListSigner
	made := func(c mint.Certificate) listCase {
		return bytesOf(func(m *ministry) []byte { return m.by(m.signer(c)) })
	}
	add("other_ministry", "another ministry's list", code, bytesOf(func(m *ministry) []byte {
		root := m.party("other ministry", mint.Certificate{Subject: m.Root.Name, Extensions: mint.CAExtensions()}, nil)
		return m.by(m.party("other signer", mint.Certificate{Subject: m.Signer.Name, Extensions: mint.LeafExtensions()}, root))
	}))
	add("by_centre", "signed by an accredited centre", code, bytesOf(func(m *ministry) []byte { return m.by(m.Centre) }))
	add("by_holder", "signed by a holder of an accredited centre", code, bytesOf(func(m *ministry) []byte {
		p := m.party("holder", mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+tsl.OGRN, "CN=List"), Extensions: mint.LeafExtensions()}, m.Centre)
		one := "</ds:X509Certificate>"
		return []byte(strings.Replace(string(m.by(p)), one, one+"<ds:X509Certificate>"+base64.StdEncoding.EncodeToString(m.Centre.DER)+one, 1))
	}))
	add("by_root", "signed by the root itself", code, bytesOf(func(m *ministry) []byte { return m.by(m.Root) }))
	add("by_authority", "signed by an authority of the ministry", code, made(mint.Certificate{Extensions: mint.CAExtensions()}))
	add("signer_expired", "the signer's certificate has ended", code, made(mint.Certificate{NotBefore: Moment.AddDate(-2, 0, 0), NotAfter: Moment.Add(-time.Second)}))
	add("signer_early", "the signer's certificate has not begun", code, made(mint.Certificate{NotBefore: Moment.Add(time.Second)}))
	add("signer_other", "a signer of another organisation", code, made(mint.Certificate{Subject: mint.DN("C=RU", "OGRN=1027700132195", "CN=List")}))
	add("signer_nobody", "a signer of no organisation", code, made(mint.Certificate{Subject: mint.DN("C=RU", "CN=List")}))
	add("signer_encrypts", "a signer whose key is for encryption", code, made(mint.Certificate{Extensions: []mint.Extension{mint.KeyUsage(mint.KeyEncipherment), mint.SKI(), mint.AKI()}}))
	add("signer_critical", "an unknown critical extension of the signer", code, made(mint.Certificate{Extensions: mint.Extensions(mint.LeafExtensions(), unknownExtension(true))}))
	add("signer_flipped", "the signer's certificate does not hold", code, made(mint.Certificate{EditSignature: mint.FlipBit(-1)}))
	add("cards_only", "the anchor is for cards only", code, listCase{bad: func(m *ministry) []byte { return m.by(m.Signer) }, input: func(_ *ministry, in *Input) { in.kind = trust.UEC }})
}
