// SPDX-License-Identifier: Apache-2.0

package xmldsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"zaver/signature/xmldsig"
	"zaver/signature/xmldsig/c14n"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// party is a key with a self-signed certificate, and the file of its private key.
func party(t *testing.T, k mint.Kind) (p *mint.Party, keyFile, certFile string) {
	t.Helper()
	var private crypto.Signer
	var err error
	if k == mint.RSA2048 {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	key := mint.FromSigner(private)
	p = mint.Certificate{Subject: mint.CN("Peer"), Key: key, Extensions: mint.LeafExtensions()}.Sign(nil)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keyFile, certFile = filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	for file, content := range map[string][]byte{keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), certFile: p.PEM()} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p, keyFile, certFile
}

func xmlsec(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("xmlsec1", args...).CombinedOutput()
	return string(out), err
}

// TestXMLSecVerifiesOurs in every canonical form.
func TestXMLSecVerifiesOurs(t *testing.T) {
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256} {
		p, _, certFile := party(t, k)
		key, err := tsl.Key(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []c14n.Kind{c14n.Inclusive, c14n.Inclusive11, c14n.Exclusive} {
			m := c14n.Method{Kind: kind, Comments: true}
			file := filepath.Join(t.TempDir(), "signed.xml")
			if err := os.WriteFile(file, sign(t, plain, key, xmldsig.Form{Info: m, Content: m}), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := xmlsec(t, "--verify", "--trusted-pem", certFile, file); err != nil {
				t.Errorf("%s %s: %v\n%s", k, m.URI(), err, out)
			}
		}
	}
}

// TestOursVerifiesXMLSec in every canonical form.
func TestOursVerifiesXMLSec(t *testing.T) {
	for k, method := range map[mint.Kind]string{mint.RSA2048: "rsa-sha512", mint.P256: "ecdsa-sha256"} {
		_, keyFile, certFile := party(t, k)
		for _, kind := range []c14n.Kind{c14n.Inclusive, c14n.Inclusive11, c14n.Exclusive} {
			m := c14n.Method{Kind: kind}
			template := `<list xmlns="urn:list" xmlns:u="urn:u" xml:lang="ru" a="1&#9;2">
  <!-- c --><u:entry>Ёж &gt; <![CDATA[<]]></u:entry>
  <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
    <CanonicalizationMethod Algorithm="` + m.URI() + `"/><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#` + method + `"/>
    <Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="` + m.URI() + `"/></Transforms>
      <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>
  </SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature>
</list>`
			dir := t.TempDir()
			in, out := filepath.Join(dir, "template.xml"), filepath.Join(dir, "signed.xml")
			if err := os.WriteFile(in, []byte(template), 0o600); err != nil {
				t.Fatal(err)
			}
			if said, err := xmlsec(t, "--sign", "--privkey-pem", keyFile+","+certFile, "--output", out, in); err != nil {
				t.Fatalf("%s: %v\n%s", method, err, said)
			}
			signed, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := xmldsig.Verify(signed, xmldsig.Options{}); err != nil || v.Signer == nil {
				t.Errorf("%s %s: %v\n%s", method, m.URI(), err, signed)
			}
		}
	}
}

// TestGoxmldsig verifies ours, and ours verifies it.
func TestGoxmldsig(t *testing.T) {
	p, _, _ := party(t, mint.RSA2048)
	key, err := tsl.Key(p)
	if err != nil {
		t.Fatal(err)
	}
	const doc = `<list xmlns="urn:list" ID="x"><entry a="1">text</entry></list>`
	parsed, err := x509.ParseCertificate(p.DER)
	if err != nil {
		t.Fatal(err)
	}
	f := exclusive()
	f.ID = "x"
	theirs := etree.NewDocument()
	if err := theirs.ReadFromBytes(sign(t, doc, key, f)); err != nil {
		t.Fatal(err)
	}
	check := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{parsed}})
	check.Clock = dsig.NewFakeClockAt(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if _, err := check.Validate(theirs.Root()); err != nil {
		t.Errorf("goxmldsig refuses ours: %v", err)
	}
	context, err := dsig.NewSigningContext(p.Key.Private, [][]byte{p.DER})
	if err != nil {
		t.Fatal(err)
	}
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	root := etree.NewDocument()
	if err := root.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	signed, err := context.SignEnveloped(root.Root())
	if err != nil {
		t.Fatal(err)
	}
	out := etree.NewDocument()
	out.SetRoot(signed)
	b, err := out.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := xmldsig.Verify(b, xmldsig.Options{}); err != nil {
		t.Errorf("ours refuses goxmldsig: %v\n%s", err, b)
	}
}
