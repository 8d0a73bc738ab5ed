// SPDX-License-Identifier: Apache-2.0

package xmldsig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/xmldsig/c14n"
	"zaver/signature/xmldsig/xmlread"
)

// Key signs. Production has RSA and ECDSA keys for its own requests; GOST keys
// sign in tests only.
type Key interface {
	// Certificate is the signer's.
	Certificate() *cert.Certificate
	// Algorithm is the row to sign with.
	Algorithm() algo.Algorithm
	// Sign signs what Algorithm().Input gave: PKCS #1 for RSA, ASN.1 for ECDSA, s before r for GOST.
	Sign(input []byte) ([]byte, error)
}

// Form says how a signature is made; the zero value is canonical form 1.0
// everywhere and a reference to the whole document.
type Form struct {
	// Info is the canonical form of SignedInfo, Content that of the document.
	Info, Content c14n.Method
	// ID refers to the document element by its identifier; empty refers to the document.
	ID string
	// Digest is the digest of the document; a zero one is that of the signature.
	Digest algo.Digest
	// NoKeyInfo leaves the certificate out.
	NoKeyInfo bool
}

// Sign puts an enveloped signature at the end of the document element and
// checks the result before it returns it. It returns *Error, or the error of the key.
func Sign(doc []byte, key Key, f Form) ([]byte, error) {
	if f.Digest.New == nil {
		f.Digest = key.Algorithm().Digest
	}
	content, end, err := unsigned(doc, f)
	if err != nil {
		return nil, err
	}
	element, err := signatureElement(f, key, f.Digest.Sum(content))
	if err != nil {
		return nil, err
	}
	out := splice(doc, end, element)
	s, err := locate(out, xmlread.Limits{})
	if err != nil {
		return nil, err
	}
	signed, err := f.Info.Element(s.info.Clone(), c14n.Options{})
	if err != nil {
		return nil, wrap(err)
	}
	sig, err := key.Sign(key.Algorithm().Input(signed))
	if err != nil {
		return nil, err
	}
	value, ok := toXML(key.Algorithm(), sig, key.Certificate().PublicKey.Bits())
	if !ok {
		return nil, refuse(CodeSignature, "the key made no signature")
	}
	placeholder := []byte("<ds:SignatureValue>")
	at := end + bytes.Index(element, placeholder) + len(placeholder)
	out = splice(out, at, []byte(base64.StdEncoding.EncodeToString(value)))
	o := Options{Legacy: true, Certificates: []*cert.Certificate{key.Certificate()}}
	if v, err := Verify(out, o); err != nil {
		return nil, err
	} else if !bytes.Equal(v.Content, content) {
		return nil, refuse(CodeDigest, "the signature covers something else")
	}
	return out, nil
}

// unsigned returns the canonical form to be signed and where the signature goes.
func unsigned(doc []byte, f Form) (content []byte, end int, err error) {
	r := xmlread.New(doc, xmlread.Limits{})
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, wrap(err)
		}
		if t.Kind == xmlread.Start && t.Is(Namespace, "Signature") {
			return nil, 0, refuse(CodeSignatures, "signed already")
		}
		if t.Kind == xmlread.End && r.Depth() == 0 {
			end = t.From
		}
	}
	if !bytes.HasPrefix(doc[end:], []byte("</")) {
		return nil, 0, refuse(CodeMalformed, "an empty document element")
	}
	m := f.Content
	m.Comments = false
	content, err = m.Document(xmlread.New(doc, xmlread.Limits{}), c14n.Options{Root: f.ID != ""})
	if err != nil {
		return nil, 0, wrap(err)
	}
	return content, end, nil
}

func splice(doc []byte, at int, what []byte) []byte {
	out := make([]byte, 0, len(doc)+len(what))
	return append(append(append(out, doc[:at]...), what...), doc[at:]...)
}

// signatureElement writes the Signature with an empty value.
func signatureElement(f Form, key Key, digest []byte) ([]byte, error) {
	method, ok := uriOf(key.Algorithm())
	if !ok {
		return nil, refuse(CodeAlgorithm, "no identifier for "+key.Algorithm().Name)
	}
	digestMethod := ""
	for _, row := range digests {
		if row.Name == f.Digest.Name && digestMethod == "" {
			digestMethod = row.uri
		}
	}
	if digestMethod == "" {
		return nil, refuse(CodeAlgorithm, "no identifier for "+f.Digest.Name)
	}
	var b bytes.Buffer
	b.WriteString(`<ds:Signature xmlns:ds="` + Namespace + `"><ds:SignedInfo>`)
	writeForm(&b, "CanonicalizationMethod", f.Info)
	b.WriteString(`<ds:SignatureMethod Algorithm="` + method + `"></ds:SignatureMethod>`)
	uri := ""
	if f.ID != "" {
		uri = "#" + quote(f.ID)
	}
	b.WriteString(`<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + enveloped + `"></ds:Transform>`)
	writeForm(&b, "Transform", f.Content)
	b.WriteString(`</ds:Transforms><ds:DigestMethod Algorithm="` + digestMethod + `"></ds:DigestMethod><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(digest) + `</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>`)
	if !f.NoKeyInfo {
		b.WriteString(`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(key.Certificate().Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`)
	}
	b.WriteString(`</ds:Signature>`)
	return b.Bytes(), nil
}

func uriOf(a algo.Algorithm) (string, bool) {
	for _, row := range signatures {
		if row.name == a.Name {
			return row.uri, true
		}
	}
	return "", false
}

func writeForm(b *bytes.Buffer, element string, m c14n.Method) {
	b.WriteString(`<ds:` + element + ` Algorithm="` + m.URI() + `">`)
	if len(m.Prefixes) > 0 {
		list := make([]string, len(m.Prefixes))
		for i, p := range m.Prefixes {
			if list[i] = p; p == "" {
				list[i] = "#default"
			}
		}
		b.WriteString(`<ec:InclusiveNamespaces xmlns:ec="` + excluding + `" PrefixList="` + quote(strings.Join(list, " ")) + `"></ec:InclusiveNamespaces>`)
	}
	b.WriteString(`</ds:` + element + `>`)
}

var quoter = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")

func quote(s string) string { return quoter.Replace(s) }
