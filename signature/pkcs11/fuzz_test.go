// SPDX-License-Identifier: Apache-2.0

package pkcs11

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

func testKey(t testing.TB) (public cert.PublicKey, params, point []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if public, err = cert.ParsePublicKey(spki); err != nil {
		t.Fatal(err)
	}
	params, err = asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	if err != nil {
		t.Fatal(err)
	}
	if point, err = key.PublicKey.Bytes(); err != nil {
		t.Fatal(err)
	}
	return public, params, point
}

// TestBarePoint takes a point whose first coordinate byte makes it look like an OCTET STRING of the right length.
func TestBarePoint(t *testing.T) {
	public, params, point := testKey(t)
	wrapped, _ := asn1.Marshal(point)
	for _, form := range [][]byte{point, wrapped} {
		if got := ecSPKI(params, form); !bytes.Equal(got, public.SPKI()) {
			t.Errorf("%d bytes: another key", len(form))
		}
	}
	trap := append([]byte{4, 63}, make([]byte, 63)...)
	if got := ecSPKI(params, trap); !bytes.HasSuffix(got, trap) {
		t.Error("a bare point was unwrapped")
	}
}

func FuzzPublicKey(f *testing.F) {
	_, params, point := testKey(f)
	f.Add(params, point)
	f.Add([]byte{1, 0, 1}, bytes.Repeat([]byte{0xA5}, 256))
	f.Add([]byte(nil), []byte{4})
	f.Add([]byte{6, 7, 0x2A, 0x85, 3, 2, 2, 0x23, 1}, append([]byte{4, 64}, make([]byte, 64)...))
	f.Add([]byte{6, 9, 0x2A, 0x85, 3, 7, 1, 2, 1, 2, 1}, make([]byte, 128))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		gost256, gost512, gost2001 := gostSPKI(algo.GOST256, a, b), gostSPKI(algo.GOST512, a, b), gostSPKI(algo.GOST2001, a, b)
		for _, spki := range [][]byte{ecSPKI(a, b), rsaSPKI(b, a), gost256, gost512, gost2001} {
			if spki != nil {
				_, _ = cert.ParsePublicKey(spki)
			}
		}
	})
}

// FuzzSignatureForm holds that whatever a module returns, the result is DER or an error.
func FuzzSignatureForm(f *testing.F) {
	public, _, _ := testKey(f)
	k := &Key{public: public}
	f.Add(bytes.Repeat([]byte{0xFF}, 64))
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, sig []byte) {
		der, err := k.ecdsaDER(sig)
		if err != nil {
			return
		}
		if again, err := k.ecdsaDER(der); len(der) != 64 && (err != nil || !bytes.Equal(again, der)) {
			t.Errorf("%x: %v", der, err)
		}
		a, err := algo.ForKey(algo.ECDSA, 256)
		if err != nil {
			t.Fatal(err)
		}
		_ = public.Verify(a, make([]byte, a.Digest.Size), der)
	})
}

// TestGOSTForms builds the same key from a bare and from a wrapped point, and none from anything else (domain: 64 or 128 bytes).
func TestGOSTForms(t *testing.T) {
	set := []byte{6, 7, 0x2A, 0x85, 3, 2, 2, 0x23, 1}
	point := bytes.Repeat([]byte{4}, 64) // begins like an OCTET STRING
	wrapped, _ := asn1.Marshal(point)
	want := gostSPKI(algo.GOST256, set, point)
	if len(want) == 0 || !bytes.HasSuffix(want, point) {
		t.Fatalf("no key: %x", want)
	}
	if got := gostSPKI(algo.GOST256, set, wrapped); !bytes.Equal(got, want) {
		t.Errorf("wrapped: %x", got)
	}
	for name, bad := range map[string][2][]byte{
		"no set": {nil, point}, "no point": {set, nil}, "short": {set, point[:63]}, "trailing": {set, append(wrapped, 0)},
		"set with rest": {append(set[:len(set):len(set)], 0), point}, "point of 512 bits": {set, make([]byte, 128)},
	} {
		if got := gostSPKI(algo.GOST256, bad[0], bad[1]); got != nil {
			t.Errorf("%s: %x", name, got)
		}
	}
}
