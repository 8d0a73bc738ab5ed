// SPDX-License-Identifier: Apache-2.0

package xmldsig_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"zaver/signature/xmldsig"
	"zaver/signature/xmldsig/c14n"
	"zaver/signature/xmldsig/xmlread"
	"zaver/softhsm-fixtures/mint"
)

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

const signedRoot = `<list xmlns="urn:list" Id="whole"><version>7</version><entry>a<b>c</b></entry></list>`

// TestWrapping: every attack that makes a reader see what was not signed. Each names what it must give.
func TestWrapping(t *testing.T) {
	key := signer(t, mint.GOST256A)
	whole := sign(t, signedRoot, key, exclusive())
	byID := exclusive()
	byID.ID = "whole"
	named := sign(t, signedRoot, key, byID)
	sig, namedSig := signatureOf(t, whole), signatureOf(t, named)
	original := strings.Replace(string(named), namedSig, "", 1)
	second := signatureOf(t, sign(t, signedRoot, signer(t, mint.GOST256A), exclusive()))
	for _, tt := range []struct {
		name, code string
		doc        string
	}{
		{"signed element moved into Object, forged root", xmldsig.CodeReference,
			`<list xmlns="urn:list" Id="forged"><version>9</version>` + strings.Replace(namedSig, "</ds:Signature>", "<ds:Object>"+original+"</ds:Object></ds:Signature>", 1) + `</list>`},
		{"signed element moved into Object, forged root with its identifier", xmldsig.CodeDuplicateID,
			`<list xmlns="urn:list" Id="whole"><version>9</version>` + strings.Replace(namedSig, "</ds:Signature>", "<ds:Object>"+original+"</ds:Object></ds:Signature>", 1) + `</list>`},
		{"signed element beside the forged one", xmldsig.CodeReference, `<lists xmlns="urn:list">` + original + `<list Id="other"/>` + namedSig + `</lists>`},
		{"signed document below a forged root", xmldsig.CodeSignatures, `<lists>` + string(named) + `<version>9</version></lists>`},
		{"signature outside of the root's children", xmldsig.CodeSignatures, strings.Replace(strings.Replace(string(whole), sig, "", 1), "<b>c", "<b>"+sig+"c", 1)},
		{"signature is the root", xmldsig.CodeSignatures, strings.Replace(sig, "</ds:Signature>", "<ds:Object>"+signedRoot+"</ds:Object></ds:Signature>", 1)},
		{"second signature", xmldsig.CodeSignatures, strings.Replace(string(whole), "</list>", second+"</list>", 1)},
		{"second signature first", xmldsig.CodeSignatures, strings.Replace(string(whole), "<version>", second+"<version>", 1)},
		{"same signature twice", xmldsig.CodeSignatures, strings.Replace(string(whole), "</list>", sig+"</list>", 1)},
		{"signature inside a signature", xmldsig.CodeSignatures, strings.Replace(string(whole), "</ds:Signature>", "<ds:Object>"+second+"</ds:Object></ds:Signature>", 1)},
		{"no signature", xmldsig.CodeNoSignature, signedRoot},
		{"signature in another namespace", xmldsig.CodeNoSignature, strings.ReplaceAll(string(whole), xmldsig.Namespace, "urn:other#")},
		{"element added", xmldsig.CodeDigest, strings.Replace(string(whole), "<version>", "<version>9</version><version>", 1)},
		{"element moved", xmldsig.CodeDigest, strings.Replace(strings.Replace(string(whole), "<b>c</b>", "", 1), "<version>", "<b>c</b><version>", 1)},
		{"text after the signature", xmldsig.CodeDigest, strings.Replace(string(whole), "</ds:Signature>", "</ds:Signature>x", 1)},
		{"comment splits a text", "", strings.Replace(string(whole), "<version>7", "<version><!-- -->7", 1)},
		{"comment hides a digit", xmldsig.CodeDigest, strings.Replace(string(whole), "<version>7", "<version>7<!-- -->0", 1)},
		{"instruction in a text", xmldsig.CodeDigest, strings.Replace(string(whole), "<version>7", "<version><?a?>7", 1)},
		{"instruction before the root", xmldsig.CodeDigest, "<?a?>" + string(whole)},
		{"instruction before a root named", "", "<?a?>" + string(named)},
		{"namespace of the root changed", xmldsig.CodeDigest, strings.Replace(string(whole), `"urn:list"`, `"urn:tsil"`, 1)},
		{"entity", xmlread.CodeDoctype, `<!DOCTYPE list [<!ENTITY v "9">]>` + string(whole)},
		{"default attribute", xmlread.CodeDoctype, `<!DOCTYPE list [<!ATTLIST version more CDATA "9">]>` + string(whole)},
		{"reference to another place", xmldsig.CodeReference, strings.Replace(string(whole), `URI=""`, `URI="http://evil.example/list.xml"`, 1)},
		{"reference to a file", xmldsig.CodeReference, strings.Replace(string(whole), `URI=""`, `URI="file:///etc/passwd"`, 1)},
		{"reference by XPointer", xmldsig.CodeReference, strings.Replace(string(whole), `URI=""`, `URI="#xpointer(/)"`, 1)},
		{"reference without URI", xmldsig.CodeReference, strings.Replace(string(whole), `<ds:Reference URI="">`, `<ds:Reference>`, 1)},
		{"reference to nothing", xmldsig.CodeReference, strings.Replace(string(named), `URI="#whole"`, `URI="#"`, 1)},
		{"reference to a child", xmldsig.CodeReference, strings.Replace(strings.Replace(string(named), `URI="#whole"`, `URI="#part"`, 1), "<entry>", `<entry Id="part">`, 1)},
		{"identifier twice", xmldsig.CodeDuplicateID, strings.Replace(string(named), "<entry>", `<entry ID="whole">`, 1)},
		{"identifier twice by xml:id", xmldsig.CodeDuplicateID, strings.Replace(string(named), "<entry>", `<entry xml:id="whole">`, 1)},
		{"two references", xmldsig.CodeReference, strings.Replace(string(whole), "</ds:Reference>", "</ds:Reference>"+reference(sig), 1)},
		{"no reference", xmldsig.CodeMalformed, strings.Replace(string(whole), reference(sig), "", 1)},
		{"reference in a manifest", xmldsig.CodeReference, strings.Replace(string(whole), reference(sig), "<ds:Manifest>"+reference(sig)+"</ds:Manifest>", 1)},
		{"second SignedInfo", xmldsig.CodeMalformed, strings.Replace(string(whole), "<ds:SignatureValue>", "<ds:SignedInfo></ds:SignedInfo><ds:SignatureValue>", 1)},
		{"SignedInfo in Object before", xmldsig.CodeMalformed, strings.Replace(string(whole), "<ds:SignedInfo>", "<ds:Object></ds:Object><ds:SignedInfo>", 1)},
		{"two values", xmldsig.CodeMalformed, strings.Replace(string(whole), "<ds:KeyInfo>", "<ds:SignatureValue>AA==</ds:SignatureValue><ds:KeyInfo>", 1)},
		{"XPath transform", xmldsig.CodeTransform, strings.Replace(string(whole), transform("http://www.w3.org/2001/10/xml-exc-c14n#"), `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::version)</ds:XPath></ds:Transform>`, 1)},
		{"XSLT transform", xmldsig.CodeTransform, strings.Replace(string(whole), transform("http://www.w3.org/2001/10/xml-exc-c14n#"), transform("http://www.w3.org/TR/1999/REC-xslt-19991116"), 1)},
		{"base64 transform", xmldsig.CodeTransform, strings.Replace(string(whole), transform(xmldsig.Namespace+"enveloped-signature"), transform(xmldsig.Namespace+"base64"), 1)},
		{"no enveloped-signature", xmldsig.CodeTransform, strings.Replace(string(whole), transform(xmldsig.Namespace+"enveloped-signature"), "", 1)},
		{"enveloped-signature twice", xmldsig.CodeTransform, strings.Replace(string(whole), transform(xmldsig.Namespace+"enveloped-signature"), transform(xmldsig.Namespace+"enveloped-signature")+transform(xmldsig.Namespace+"enveloped-signature"), 1)},
		{"HMAC", xmldsig.CodeAlgorithm, replaceMethod(string(whole), xmldsig.Namespace+"hmac-sha1")},
		{"SHA-1", xmldsig.CodeAlgorithm, replaceMethod(string(whole), xmldsig.Namespace+"rsa-sha1")},
		{"method of another key", xmldsig.CodeKey, replaceMethod(string(whole), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")},
		{"method with parameters", xmldsig.CodeMalformed, strings.Replace(string(whole), "</ds:SignatureMethod>", "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>", 1)},
		{"digest by SHA-1", xmldsig.CodeAlgorithm, strings.Replace(string(whole), `urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256"></ds:DigestMethod>`, xmldsig.Namespace+`sha1"></ds:DigestMethod>`, 1)},
		{"empty digest", xmldsig.CodeMalformed, emptied(string(whole), "DigestValue")},
		{"empty value", xmldsig.CodeMalformed, emptied(string(whole), "SignatureValue")},
		{"comment in the value", xmldsig.CodeMalformed, strings.Replace(string(whole), "<ds:SignatureValue>", "<ds:SignatureValue><!-- -->", 1)},
		{"canonical form unknown", xmldsig.CodeTransform, strings.Replace(string(whole), `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`, `<ds:CanonicalizationMethod Algorithm="urn:none">`, 1)},
		{"text in SignedInfo", xmldsig.CodeMalformed, strings.Replace(string(whole), "<ds:SignedInfo>", "<ds:SignedInfo>x", 1)},
		{"space in SignedInfo", xmldsig.CodeSignature, strings.Replace(string(whole), "<ds:SignedInfo>", "<ds:SignedInfo> ", 1)},
		{"broken certificate", xmldsig.CodeKey, strings.Replace(string(whole), "<ds:X509Certificate>MII", "<ds:X509Certificate>MIJ", 1)},
		{"nine certificates", xmldsig.CodeKey, strings.Replace(string(whole), certificate(sig), strings.Repeat(certificate(sig), 9), 1)},
		{"huge signature", xmlread.CodeTooLarge, strings.Replace(string(whole), "</ds:KeyInfo>", strings.Repeat(" ", 1<<20)+"</ds:KeyInfo>", 1)},
		{"many elements", xmlread.CodeTooLarge, strings.Replace(string(whole), "</ds:KeyInfo>", strings.Repeat("<a/>", 600)+"</ds:KeyInfo>", 1)},
	} {
		if tt.doc == string(whole) || tt.doc == string(named) {
			t.Fatalf("%s: nothing was changed", tt.name)
		}
		v, err := xmldsig.Verify([]byte(tt.doc), xmldsig.Options{})
		if got := codeOf(err); got != tt.code {
			t.Errorf("%s: %q, want %q: %v", tt.name, got, tt.code, err)
		}
		if err == nil && !bytes.Equal(v.Content, []byte(signedRoot)) {
			t.Errorf("%s: verifies with content %s", tt.name, v.Content)
		}
	}
}

func part(s, open, end string) string {
	from := strings.Index(s, open)
	return s[from : from+strings.Index(s[from:], end)+len(end)]
}

func reference(sig string) string { return part(sig, "<ds:Reference", "</ds:Reference>") }
func certificate(sig string) string {
	return part(sig, "<ds:X509Certificate>", "</ds:X509Certificate>")
}

func transform(uri string) string { return `<ds:Transform Algorithm="` + uri + `"></ds:Transform>` }

func replaceMethod(doc, uri string) string {
	return strings.Replace(doc, part(doc, "<ds:SignatureMethod", "</ds:SignatureMethod>"), `<ds:SignatureMethod Algorithm="`+uri+`"></ds:SignatureMethod>`, 1)
}

func emptied(doc, element string) string {
	return strings.Replace(doc, part(doc, "<ds:"+element+">", "</ds:"+element+">"), "<ds:"+element+"></ds:"+element+">", 1)
}

// TestInheritedContext: the form of SignedInfo takes namespaces and xml: attributes from around the
// signature (Canonical XML 1.0 section 2.4); moving the same signature elsewhere breaks it.
func TestInheritedContext(t *testing.T) {
	key := signer(t, mint.P256)
	doc := `<a xmlns="urn:a" xmlns:p="urn:p" xml:lang="ru"><b/></a>`
	signed := sign(t, doc, key, xmldsig.Form{})
	if _, err := xmldsig.Verify(signed, xmldsig.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := xmldsig.Sign([]byte(strings.Replace(doc, "xml:lang", "xml:base", 1)), key, xmldsig.Form{Info: c14n.Method{Kind: c14n.Inclusive11}}); codeOf(err) != xmldsig.CodeNotCanonical {
		t.Errorf("xml:base under Canonical XML 1.1: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	for _, k := range []mint.Kind{mint.P256, mint.GOST256A} {
		signed := sign(f, plain, signer(f, k), exclusive())
		f.Add(signed)
		f.Add(bytes.Replace(signed, []byte(`URI=""`), []byte(`URI="#whole"`), 1))
		f.Add(bytes.Replace(signed, []byte("</ds:Signature>"), []byte("<ds:Object/></ds:Signature>"), 1))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		v, err := xmldsig.Verify(doc, xmldsig.Options{MaxBytes: 1 << 20})
		if err != nil {
			if codeOf(err) == err.Error() {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		if v.Signer == nil || len(v.Content) == 0 || bytes.Contains(v.Content, []byte("<!--")) {
			t.Fatalf("verified %q with content %q", doc, v.Content)
		}
	})
}
