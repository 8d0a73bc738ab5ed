// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/algo"
)

// fromCrypto is a key of the standard library as certificates bring it.
func fromCrypto(pub crypto.PublicKey) (PublicKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	return ParsePublicKey(spki)
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
	if !slices.Contains(Codes(), code) {
		t.Errorf("%s is not in Codes", code)
	}
}

func TestParseAgainstStandard(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"rsa": newRSA(t, 2048), "p256": newEC(t, elliptic.P256()), "p384": newEC(t, elliptic.P384())} {
		ca := issue(t, caTemplate(), nil, key, nil)
		leaf := issue(t, leafTemplate(person), ca, key, key)
		for _, std := range []*x509.Certificate{ca, leaf} {
			c := must[*Certificate](t)(Parse(std.Raw))
			if !bytes.Equal(c.RawTBS, std.RawTBSCertificate) || !bytes.Equal(c.RawSubject, std.RawSubject) || !bytes.Equal(c.RawIssuer, std.RawIssuer) ||
				!bytes.Equal(c.RawSPKI, std.RawSubjectPublicKeyInfo) || !bytes.Equal(c.Signature, std.Signature) || c.Version != std.Version {
				t.Errorf("%s: raw parts differ", name)
			}
			if c.Serial.Cmp(std.SerialNumber) != 0 || !c.NotBefore.Equal(std.NotBefore) || !c.NotAfter.Equal(std.NotAfter) ||
				int(c.KeyUsage) != int(std.KeyUsage) || c.IsCA != std.IsCA || c.HasBasicConstraints != std.BasicConstraintsValid ||
				!bytes.Equal(c.SKI, std.SubjectKeyId) || !bytes.Equal(c.AKI, std.AuthorityKeyId) || len(c.Extensions) != len(std.Extensions) {
				t.Errorf("%s: fields differ", name)
			}
			if len(c.Warnings) != 0 || len(c.UnhandledCritical) != 0 {
				t.Errorf("%s: warnings %v, critical %v", name, c.Warnings, c.UnhandledCritical)
			}
			k := must[PublicKey](t)(fromCrypto(std.PublicKey))
			if !k.Equal(c.PublicKey) || !c.PublicKey.Equal(k) || !bytes.Equal(k.SPKI(), c.RawSPKI) {
				t.Errorf("%s: keys differ", name)
			}
		}
		c, issuer := must[*Certificate](t)(Parse(leaf.Raw)), must[*Certificate](t)(Parse(ca.Raw))
		if err := c.CheckSignature(issuer); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !issuer.SelfIssued() || c.SelfIssued() || !c.Equal(c) || c.Equal(issuer) || c.Equal(nil) || issuer.PathLen != 0 || c.PathLen != -1 {
			t.Errorf("%s: simple facts", name)
		}
	}
}

func TestQualifiedExtensions(t *testing.T) {
	c := subject(t, person)
	one := 1
	got := []any{c.SubjectSignTool, c.IssuerSignTool, c.IdentificationKind, c.Policies, c.ExtKeyUsage, c.CRLs, c.OCSP, c.CAIssuers, c.HasKeyUsage}
	want := []any{
		"Средство 1.0", &IssuerSignTool{"Средство", "УЦ", "СФ/1", "СФ/2"}, &one, []asn1.ObjectIdentifier{PolicyKC1, PolicyKC2},
		[]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 2}, {1, 2, 643, 2, 2, 34, 6}},
		[]string{"http://crl.example/a.crl", "https://crl.example/b.crl"}, []string{"http://ocsp.example"}, []string{"http://ca.example/ca.cer"}, true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !c.ValidAt(from) || !c.ValidAt(to) || c.ValidAt(from.Add(-1)) || c.ValidAt(to.Add(1)) {
		t.Error("validity does not include just its ends")
	}
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if !c.KeyUsableAt(from) || !c.KeyUsableAt(end) || c.KeyUsableAt(end.Add(1)) || c.KeyUsableAt(from.Add(-1)) || !(&Certificate{}).KeyUsableAt(end) {
		t.Error("the key's period is not its own")
	}
	if e, ok := c.Extension(OIDIdentificationKind); !ok || !bytes.Equal(e.Value, []byte{2, 1, 1}) {
		t.Error("extension not found")
	}
}

func TestCheckSignatureRefuses(t *testing.T) {
	ec, other := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	ca := issue(t, caTemplate(), nil, ec, nil)
	leaf := must[*Certificate](t)(Parse(issue(t, leafTemplate(person), ca, other, ec).Raw))
	wantCode(t, "other key", leaf.CheckSignature(leaf), codeSignature)
	issuer := must[*Certificate](t)(Parse(ca.Raw))
	changed := must[*Certificate](t)(Parse(bytes.Replace(leaf.Raw, []byte("11223344595"), []byte("98765432183"), 1)))
	wantCode(t, "changed content", changed.CheckSignature(issuer), codeSignature)
	rsaCA := must[*Certificate](t)(Parse(issue(t, caTemplate(), nil, newRSA(t, 2048), nil).Raw))
	wantCode(t, "other kind of key", leaf.CheckSignature(rsaCA), codeAlgorithm)
	weak := must[*Certificate](t)(Parse(issue(t, caTemplate(), nil, newRSA(t, 1024), nil).Raw))
	wantCode(t, "short RSA", weak.CheckSignature(weak), codeAlgorithm)
	pss := caTemplate()
	pss.SignatureAlgorithm = x509.SHA256WithRSAPSS
	c := must[*Certificate](t)(Parse(issue(t, pss, nil, newRSA(t, 2048), nil).Raw))
	if err := c.CheckSignature(c); err != nil {
		t.Errorf("PSS: %v", err)
	}
	a := must[algo.Algorithm](t)(algo.ByName("ecdsa-sha256"))
	if err := leaf.PublicKey.Verify(a, make([]byte, 31), nil); !errors.Is(err, algo.ErrUnsupported) {
		t.Errorf("short digest: %v", err)
	}
	if err := leaf.PublicKey.Verify(a, make([]byte, 32), []byte{0x30, 0}); !errors.Is(err, ErrVerify) {
		t.Errorf("empty signature: %v", err)
	}
}

func TestUnknownKeys(t *testing.T) {
	p224 := must[PublicKey](t)(fromCrypto(newEC(t, elliptic.P224()).Public()))
	spki := func(oid asn1.ObjectIdentifier) PublicKey {
		return must[PublicKey](t)(ParsePublicKey(encodeSPKI(t, oid, nil, []byte{4, 1, 2})))
	}
	gost := spki(asn1.ObjectIdentifier{1, 2, 643, 2, 2, 20}) // GOST R 34.10-94
	for name, k := range map[string]PublicKey{"p224": p224, "gost": gost, "explicit curve": spki(oidKeyEC)} {
		if k.Kind() != algo.Unknown || k.Bits() != 0 || !k.Equal(k) || k.Equal(must[PublicKey](t)(fromCrypto(testKey.Public()))) {
			t.Errorf("%s: kind %v", name, k.Kind())
		}
		for _, a := range algo.All() {
			if err := k.Verify(a, make([]byte, a.Digest.Size), []byte{1}); !errors.Is(err, algo.ErrUnsupported) {
				t.Errorf("%s verifies %s: %v", name, a.Name, err)
			}
		}
		if err := k.Verify(algo.Algorithm{}, nil, nil); err == nil {
			t.Errorf("%s verifies by the zero algorithm", name)
		}
	}
	if gost.Equal(p224) {
		t.Error("unlike keys are equal")
	}
}

func encodeSPKI(t testing.TB, oid asn1.ObjectIdentifier, params []byte, key []byte) []byte {
	t.Helper()
	alg := struct {
		OID    asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}{OID: oid}
	if len(params) > 0 {
		alg.Params = asn1.RawValue{FullBytes: params}
	}
	return must[[]byte](t)(asn1.Marshal(struct {
		Alg any
		Key asn1.BitString
	}{alg, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}}))
}

func TestBrokenKeys(t *testing.T) {
	p256 := must[[]byte](t)(asn1.Marshal(oidP256))
	rsa := func(n, e string) []byte {
		return must[[]byte](t)(asn1.Marshal([]asn1.RawValue{{Tag: 2, Bytes: []byte(n)}, {Tag: 2, Bytes: []byte(e)}}))
	}
	odd := strings.Repeat("\x7f", 256)
	for name, spki := range map[string][]byte{
		"nothing":          nil,
		"trailing":         append(encodeSPKI(t, oidKeyEC, nil, []byte{4}), 0),
		"point off curve":  encodeSPKI(t, oidKeyEC, p256, append([]byte{4}, make([]byte, 64)...)),
		"point short":      encodeSPKI(t, oidKeyEC, p256, []byte{4, 1}),
		"point at inf":     encodeSPKI(t, oidKeyEC, p256, []byte{0}),
		"rsa params":       encodeSPKI(t, oidKeyRSA, p256, rsa(odd, "\x01\x00\x01")),
		"rsa no integers":  encodeSPKI(t, oidKeyRSA, nil, []byte{0x30, 0}),
		"rsa even modulus": encodeSPKI(t, oidKeyRSA, nil, rsa(odd[:255]+"\x7e", "\x01\x00\x01")),
		"rsa negative":     encodeSPKI(t, oidKeyRSA, nil, rsa("\xff"+odd, "\x03")),
		"rsa e=1":          encodeSPKI(t, oidKeyRSA, nil, rsa(odd, "\x01")),
		"rsa e even":       encodeSPKI(t, oidKeyRSA, nil, rsa(odd, "\x04")),
		"rsa e huge":       encodeSPKI(t, oidKeyRSA, nil, rsa(odd, "\x01\x00\x00\x00\x01")),
		"rsa n huge":       encodeSPKI(t, oidKeyRSA, nil, rsa(strings.Repeat("\x7f", 2049), "\x03")),
	} {
		_, err := ParsePublicKey(spki)
		wantCode(t, name, err, codeMalformed)
	}
	_, err := ParsePublicKey(make([]byte, MaxSize+1))
	wantCode(t, "too large", err, codeTooLarge)
}

func TestPEM(t *testing.T) {
	a, b := subject(t, person), subject(t, person[:1])
	bundle := append(append([]byte("# Удостоверяющий центр\n"), a.PEM()...), append([]byte("\ntext\n"), b.PEM()...)...)
	got, err := ParsePEM(bundle)
	if err != nil || len(got) != 2 || !got[0].Equal(a) || !got[1].Equal(b) {
		t.Fatalf("got %d, %v", len(got), err)
	}
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("two certificates, one fingerprint")
	}
	for name, in := range map[string][]byte{
		"nothing":      nil,
		"text":         []byte("hello"),
		"private key":  append(a.PEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})...),
		"broken block": append(a.PEM(), bytes.Replace(b.PEM(), []byte("MII"), []byte("M!I"), 1)...),
		"cut block":    append(a.PEM(), b.PEM()[:100]...),
		"headers":      bytes.Replace(a.PEM(), []byte("-----\nMII"), []byte("-----\nA: b\n\nMII"), 1),
		"not DER":      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}),
	} {
		_, err := ParsePEM(in)
		wantCode(t, name, err, codeMalformed)
	}
	_, err = ParsePEM(make([]byte, MaxBundle+1))
	wantCode(t, "too large", err, codeTooLarge)
	_, err = ParsePEM(bytes.Repeat([]byte("-----BEGIN X-----\n"), MaxBundleCount+1))
	wantCode(t, "too many", err, codeTooLarge)
}
