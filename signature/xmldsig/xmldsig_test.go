// SPDX-License-Identifier: Apache-2.0

package xmldsig_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/xmldsig"
	"zaver/signature/xmldsig/c14n"
	"zaver/softhsm-fixtures/mint"
)

// TestSignVerify walks keys and canonical forms.
func TestSignVerify(t *testing.T) {
	kinds := append([]mint.Kind{mint.RSA2048, mint.P256, mint.P384, mint.P521}, mint.GOSTKinds()...)
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			key := signer(t, k)
			signed := sign(t, plain, key, exclusive())
			v, err := xmldsig.Verify(signed, xmldsig.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !v.Signer.Equal(key.Certificate()) || v.Algorithm.Name != key.Algorithm().Name || len(v.Certificates) != 1 {
				t.Errorf("signer %v by %s", v.Signer.Serial, v.Algorithm.Name)
			}
			if bytes.Contains(v.Content, []byte("Signature")) || bytes.Contains(v.Content, []byte("<!--")) || !bytes.Contains(v.Content, []byte("<version>7</version>")) {
				t.Errorf("content %s", v.Content)
			}
			if bad := replaced(t, signed, "<version>7", "<version>8"); codeOf(errOf(xmldsig.Verify(bad, xmldsig.Options{}))) != xmldsig.CodeDigest {
				t.Error("a changed document verifies")
			}
		})
	}
}

func errOf(_ *xmldsig.Verified, err error) error { return err }

func TestForms(t *testing.T) {
	key := signer(t, mint.P256)
	for _, kind := range []c14n.Kind{c14n.Inclusive, c14n.Inclusive11, c14n.Exclusive} {
		for _, comments := range []bool{false, true} {
			for _, id := range []string{"", "whole"} {
				m := c14n.Method{Kind: kind, Comments: comments}
				if kind == c14n.Exclusive {
					m.Prefixes = []string{"", "x"}
				}
				name := fmt.Sprintf("%s %q", m.URI(), id)
				signed := sign(t, plain, key, xmldsig.Form{Info: m, Content: m, ID: id, Digest: algo.SHA512})
				v, err := xmldsig.Verify(signed, xmldsig.Options{})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if v.Digest.Algorithm.Name != "sha512" || bytes.Contains(v.Content, []byte("?after")) != (id == "") {
					t.Errorf("%s: %s %s", name, v.Digest.Algorithm.Name, v.Content)
				}
			}
		}
	}
}

func TestWithoutKeyInfo(t *testing.T) {
	key, other := signer(t, mint.GOST256A), signer(t, mint.GOST256A)
	f := exclusive()
	f.NoKeyInfo = true
	signed := sign(t, plain, key, f)
	if got := codeOf(errOf(xmldsig.Verify(signed, xmldsig.Options{}))); got != xmldsig.CodeKey {
		t.Errorf("without any certificate: %s", got)
	}
	v, err := xmldsig.Verify(signed, xmldsig.Options{Certificates: []*cert.Certificate{other.Certificate(), key.Certificate()}})
	if err != nil || !v.Signer.Equal(key.Certificate()) || len(v.Certificates) != 0 {
		t.Errorf("%v", err)
	}
	if got := codeOf(errOf(xmldsig.Verify(signed, xmldsig.Options{Certificates: []*cert.Certificate{other.Certificate()}}))); got != xmldsig.CodeSignature {
		t.Errorf("under another key: %s", got)
	}
	if got := codeOf(errOf(xmldsig.Verify(signed, xmldsig.Options{Certificates: []*cert.Certificate{signer(t, mint.P256).Certificate()}}))); got != xmldsig.CodeKey {
		t.Errorf("under a key of another kind: %s", got)
	}
}

// TestLegacy: 2001 keys and GOST R 34.11-94 verify old data only.
func TestLegacy(t *testing.T) {
	signed := sign(t, plain, signer(t, mint.GOST2001A), exclusive())
	if got := codeOf(errOf(xmldsig.Verify(signed, xmldsig.Options{}))); got != xmldsig.CodeAlgorithm {
		t.Errorf("accepted: %s", got)
	}
	if _, err := xmldsig.Verify(signed, xmldsig.Options{Legacy: true}); err != nil {
		t.Error(err)
	}
	f := exclusive()
	f.Digest = algo.GOST94
	mixed := sign(t, plain, signer(t, mint.GOST256A), f)
	if got := codeOf(errOf(xmldsig.Verify(mixed, xmldsig.Options{}))); got != xmldsig.CodeAlgorithm {
		t.Errorf("an old digest under a new signature: %s", got)
	}
}

// TestHalves: GOST values are s before r, as in certificates; the other order is refused.
func TestHalves(t *testing.T) {
	signed := sign(t, plain, signer(t, mint.GOST256A), exclusive())
	from := bytes.Index(signed, []byte("<ds:SignatureValue>")) + len("<ds:SignatureValue>")
	to := bytes.Index(signed, []byte("</ds:SignatureValue>"))
	value := decode(t, string(signed[from:to]))
	swapped := append(append([]byte(nil), value[32:]...), value[:32]...)
	bad := replaced(t, signed, string(signed[from:to]), encode(swapped))
	if got := codeOf(errOf(xmldsig.Verify(bad, xmldsig.Options{}))); got != xmldsig.CodeSignature {
		t.Errorf("swapped halves: %q", got)
	}
}

// TestEveryBit: a bit turned anywhere in the signed document never verifies with other content.
func TestEveryBit(t *testing.T) {
	signed := sign(t, `<a b="c"><d>e</d></a>`, signer(t, mint.P256), exclusive())
	v, err := xmldsig.Verify(signed, xmldsig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	info := bytes.Index(signed, []byte("<ds:KeyInfo>"))
	for i := range signed {
		for bit := range 8 {
			if i > info && (i+bit)%31 != 0 { // KeyInfo is not signed; some of it is enough
				continue
			}
			bad := bytes.Clone(signed)
			bad[i] ^= 1 << bit
			if got, err := xmldsig.Verify(bad, xmldsig.Options{}); err == nil && !bytes.Equal(got.Content, v.Content) {
				t.Fatalf("byte %d bit %d: other content verifies", i, bit)
			}
		}
	}
}

// TestLargeIsLinear checks a document of the size of the real list; what is quadratic takes hours.
func TestLargeIsLinear(t *testing.T) {
	signed := large(t, 4<<20)
	began := cpu(t)
	if _, err := xmldsig.Verify(signed, xmldsig.Options{}); err != nil {
		t.Fatal(err)
	}
	if took := cpu(t) - began; took > 30*time.Second {
		t.Errorf("%d bytes in %v", len(signed), took)
	}
}

// cpu is the time that this process has computed: other work on the machine is not in it.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// large is a signed document of about that many bytes.
func large(t testing.TB, size int) []byte {
	t.Helper()
	const entry = "<entry n=\"1\">\r\n<name>Центр &amp; К</name><data>%s</data></entry>"
	one := fmt.Sprintf(entry, strings.Repeat("MIIB", 400))
	return sign(t, "<list>"+strings.Repeat(one, size/len(one))+"</list>", signer(t, mint.GOST256A), exclusive())
}

func BenchmarkVerify20MiB(b *testing.B) {
	signed := large(b, 20<<20)
	b.SetBytes(int64(len(signed)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xmldsig.Verify(signed, xmldsig.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
