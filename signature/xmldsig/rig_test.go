// SPDX-License-Identifier: Apache-2.0

package xmldsig_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"zaver/signature/xmldsig"
	"zaver/signature/xmldsig/c14n"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// signer is a key with a certificate of its own.
func signer(t testing.TB, k mint.Kind) xmldsig.Key {
	t.Helper()
	key, err := tsl.Key(mint.Leaf("Signer", k, mint.Root("Root", k)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

const plain = `<?xml version="1.0" encoding="UTF-8"?>
<!-- before --><list xmlns="urn:list" xmlns:x="urn:x" Id="whole" x:k='1
2'><version>7</version><!-- inside --><x:entry n="&quot;&lt;">a &amp; b<![CDATA[ <c> ]]></x:entry>
</list>
<?after this?>
`

func sign(t testing.TB, doc string, k xmldsig.Key, f xmldsig.Form) []byte {
	t.Helper()
	out, err := xmldsig.Sign([]byte(doc), k, f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func exclusive() xmldsig.Form {
	m := c14n.Method{Kind: c14n.Exclusive}
	return xmldsig.Form{Info: m, Content: m}
}

func codeOf(err error) string {
	var e *xmldsig.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// replaced is the document with the first occurrence changed; it must be there.
func replaced(t testing.TB, doc []byte, old, with string) []byte {
	t.Helper()
	if !bytes.Contains(doc, []byte(old)) {
		t.Fatalf("no %q in the document", old)
	}
	return bytes.Replace(doc, []byte(old), []byte(with), 1)
}

// signatureOf cuts the signature out.
func signatureOf(t testing.TB, doc []byte) string {
	t.Helper()
	s := string(doc)
	from, to := strings.Index(s, "<ds:Signature "), strings.Index(s, "</ds:Signature>")
	if from < 0 || to < 0 {
		t.Fatal("no signature")
	}
	return s[from : to+len("</ds:Signature>")]
}
