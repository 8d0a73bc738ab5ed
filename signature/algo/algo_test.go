// SPDX-License-Identifier: Apache-2.0

package algo

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"testing"
)

var (
	null   = []byte{5, 0}
	oidMD5 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}
	oidSH1 = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

func TestForKey(t *testing.T) {
	for _, r := range []struct {
		kind KeyKind
		bits int
		want string
	}{
		{RSA, 2048, "rsa-sha256"},
		{RSA, 4096, "rsa-sha256"},
		{RSA, 8192, "rsa-sha256"},
		{RSA, 2047, ""},
		{RSA, 1024, ""},
		{RSA, 16384, ""},
		{ECDSA, 256, "ecdsa-sha256"},
		{ECDSA, 384, "ecdsa-sha384"},
		{ECDSA, 224, ""},
		{ECDSA, 521, "ecdsa-sha512"},
		{Ed25519, 256, "ed25519"},
		{GOST256, 256, "gost2012-256"},
		{GOST512, 512, "gost2012-512"},
		{GOST256, 512, ""},
		{GOST2001, 256, ""}, // old data only: nothing is signed with it
		{RSAPSS, 2048, "rsa-pss-sha256"},
		{RSAPSS, 1024, ""},
		{Unknown, 256, ""},
	} {
		a, err := ForKey(r.kind, r.bits)
		if a.Name != r.want || (r.want == "") != errors.Is(err, ErrUnsupported) {
			t.Errorf("%v %d: got %q, %v; want %q", r.kind, r.bits, a.Name, err, r.want)
		}
	}
}

func TestBySignature(t *testing.T) {
	rsa256 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	rsa1 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}
	pss := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	ec256 := asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	for _, r := range []struct {
		name        string
		digest, sig asn1.ObjectIdentifier
		params      []byte
		want        string
	}{
		{"rsa key oid, NULL", SHA256.OID, oidRSA, null, "rsa-sha256"},
		{"rsa key oid, absent", SHA512.OID, oidRSA, nil, "rsa-sha512"},
		{"rsa signature oid, NULL", SHA256.OID, rsa256, null, "rsa-sha256"},
		{"rsa signature oid, absent", SHA256.OID, rsa256, nil, "rsa-sha256"},
		{"rsa other digest than named", SHA384.OID, rsa256, null, ""},
		{"rsa odd parameters", SHA256.OID, oidRSA, []byte{4, 0}, ""},
		{"rsa long NULL", SHA256.OID, oidRSA, []byte{5, 0, 5, 0}, ""},
		{"rsa sha1", oidSH1, oidRSA, null, ""},
		{"rsa with sha1 named", SHA256.OID, rsa1, null, ""},
		{"rsa md5", oidMD5, oidRSA, null, ""},
		{"rsa pss", SHA256.OID, pss, nil, ""},
		{"ecdsa key oid", SHA384.OID, oidECKey, nil, "ecdsa-sha384"},
		{"ecdsa signature oid", SHA256.OID, ec256, nil, "ecdsa-sha256"},
		{"ecdsa NULL", SHA256.OID, ec256, null, ""},
		{"ecdsa other digest", SHA512.OID, ec256, nil, ""},
		// RFC 9215 section 3, RFC 4491 section 2.2 and what signers write: the key's identifier and the
		// signature's, parameters absent and NULL.
		{"gost 256 key oid", Streebog256.OID, oidGOST256, nil, "gost2012-256"},
		{"gost 256 key oid, NULL", Streebog256.OID, oidGOST256, null, "gost2012-256"},
		{"gost 256 signature oid", Streebog256.OID, gost256.SignatureOID, nil, "gost2012-256"},
		{"gost 256 signature oid, NULL", Streebog256.OID, gost256.SignatureOID, null, "gost2012-256"},
		{"gost 256 other digest", Streebog512.OID, oidGOST256, nil, ""},
		{"gost 256 by SHA-256", SHA256.OID, oidGOST256, nil, ""},
		{"gost 256 odd parameters", Streebog256.OID, oidGOST256, []byte{4, 0}, ""},
		{"gost 512 key oid", Streebog512.OID, oidGOST512, nil, "gost2012-512"},
		{"gost 512 signature oid", Streebog512.OID, gost512.SignatureOID, null, "gost2012-512"},
		{"gost 512 signature oid of 256", Streebog512.OID, gost256.SignatureOID, nil, ""},
		{"gost 2001", GOST94.OID, oidGOST2001, null, "gost2001"},
		{"gost 2001 with Streebog", Streebog256.OID, oidGOST2001, null, ""},
		// RFC 8419 section 3: SHA-512 beside Ed25519, no parameters.
		{"ed25519", SHA512.OID, oidEd25519, nil, "ed25519"},
		{"ed25519 NULL", SHA512.OID, oidEd25519, null, ""},
		{"ed25519 with SHA-256", SHA256.OID, oidEd25519, nil, ""},
		{"nothing", nil, nil, nil, ""},
	} {
		a, err := BySignature(r.digest, r.sig, r.params)
		if a.Name != r.want || (r.want == "") != errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got %q, %v; want %q", r.name, a.Name, err, r.want)
		}
	}
	if _, err := ByCertificate(oidRSA, null); err == nil {
		t.Error("a certificate signed with the bare key identifier is accepted")
	}
	if a, err := ByCertificate(ec256, nil); err != nil || a.Name != "ecdsa-sha256" {
		t.Errorf("ByCertificate: %q, %v", a.Name, err)
	}
}

func TestDigestByOID(t *testing.T) {
	for _, d := range []Digest{SHA256, SHA384, SHA512, Streebog256, Streebog512, GOST94} {
		for _, p := range [][]byte{nil, null} {
			if got, err := DigestByOID(d.OID, p); err != nil || got.Name != d.Name {
				t.Errorf("%s: %v, %v", d.Name, got.Name, err)
			}
		}
		if len(d.Sum(nil)) != d.Size || d.Std != 0 && d.Std.Size() != d.Size || d.Legacy != (d.Name == "gost94") {
			t.Errorf("%s: sizes differ", d.Name)
		}
		if _, err := DigestByOID(d.OID, []byte{4, 0}); err == nil {
			t.Errorf("%s: odd parameters accepted", d.Name)
		}
	}
	for _, oid := range []asn1.ObjectIdentifier{oidMD5, oidSH1, nil} {
		if _, err := DigestByOID(oid, nil); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v: %v", oid, err)
		}
	}
	// FIPS 180-4 example.
	if got := hex.EncodeToString(SHA256.Sum([]byte("abc"))); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, a := range All() {
		if names[a.Name] {
			t.Errorf("%s is twice in the table", a.Name)
		}
		names[a.Name] = true
		if got, err := ByName(a.Name); err != nil || !got.SignatureOID.Equal(a.SignatureOID) {
			t.Errorf("ByName(%s): %v", a.Name, err)
		}
		if got, err := BySignature(a.Digest.OID, a.CMSOID, a.CMSParams()); err != nil || got.Name != a.Name {
			t.Errorf("%s: what is written to CMS reads back as %q, %v", a.Name, got.Name, err)
		}
		if a.Allows(Unknown, a.MinBits) || a.Allows(a.Key, a.MinBits-1) || a.Allows(a.Key, a.MaxBits+1) {
			t.Errorf("%s allows too much", a.Name)
		}
	}
	if _, err := ByName("rsa-sha1"); !errors.Is(err, ErrUnsupported) {
		t.Errorf("rsa-sha1: %v", err)
	}
	if (Algorithm{}).Allows(Unknown, 0) {
		t.Error("the zero algorithm allows a key")
	}
	for k, want := range map[KeyKind]string{RSA: "rsa", ECDSA: "ecdsa", Unknown: "unknown", GOST512: "gost2012-512", RSAPSS: "rsa-pss", 99: "unknown"} {
		if k.String() != want {
			t.Errorf("%d: %s", k, k)
		}
	}
}

func TestInput(t *testing.T) {
	message := []byte("abc")
	for _, a := range All() {
		want := a.Digest.Sum(message)
		if a.Name == "ed25519" {
			want = message
		}
		if got := a.Input(message); string(got) != string(want) {
			t.Errorf("%s signs %x", a.Name, got)
		}
	}
}

// TestLegacy: what is for old data only is marked, and never offered.
func TestLegacy(t *testing.T) {
	for _, a := range All() {
		if a.Legacy != (a.Name == "gost2001") || a.Legacy != a.Digest.Legacy {
			t.Errorf("%s: legacy %v", a.Name, a.Legacy)
		}
		if got, err := ForKey(a.Key, a.MaxBits); err == nil && got.Legacy {
			t.Errorf("%s is offered", got.Name)
		}
	}
}
