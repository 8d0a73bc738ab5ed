// SPDX-License-Identifier: Apache-2.0

package algo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePSS(t *testing.T) {
	const (
		h256       = "300d 0609 608648016503040201 0500"
		h256absent = "300b 0609 608648016503040201"
		h384       = "300d 0609 608648016503040202 0500"
		streebog   = "300a 0608 2a850307 01010202"
		sha1       = "3009 0605 2b0e03021a 0500"
		mgf1       = "0609 2a864886f70d010108"
	)
	seq := func(parts ...string) string {
		b := unhex(t, strings.Join(parts, ""))
		head := []byte{0x30, byte(len(b))}
		if len(b) >= 0x80 {
			head = []byte{0x30, 0x81, byte(len(b))}
		}
		return hex.EncodeToString(append(head, b...))
	}
	in := func(tag byte, parts ...string) string {
		b := unhex(t, strings.Join(parts, ""))
		return hex.EncodeToString(append([]byte{tag, byte(len(b))}, b...))
	}
	digest, mask := in(0xa0, h256), in(0xa1, seq(mgf1, h256))
	for _, r := range []struct {
		name, der string
		digest    string
		salt      int
	}{
		{"salt 32", seq(digest, mask, "a2 03 02 01 20"), "sha256", 32},
		{"salt by default", seq(digest, mask), "sha256", 20},
		{"salt written though default", seq(digest, mask, "a2 03 02 01 14"), "sha256", 20},
		{"salt 0", seq(digest, mask, "a2 03 02 01 00"), "sha256", 0},
		{"salt of the longest", seq(digest, mask, "a2 04 02 02 00de"), "sha256", 222},
		{"digest without NULL", seq(in(0xa0, h256absent), in(0xa1, seq(mgf1, h256absent))), "sha256", 20},
		{"SHA-384", seq(in(0xa0, h384), in(0xa1, seq(mgf1, h384)), "a2 03 02 01 30"), "sha384", 48},
		{"trailer 1 written", seq(digest, mask, "a2 03 02 01 20", "a3 03 02 01 01"), "sha256", 32},
		{"trailer 2", seq(digest, mask, "a2 03 02 01 20", "a3 03 02 01 02"), "", 0},
		{"nothing", "", "", 0},
		{"NULL", "0500", "", 0},
		{"all by default, SHA-1", "3000", "", 0},
		{"digest by default", seq(mask), "", 0},
		{"mask by default", seq(digest), "", 0},
		{"SHA-1", seq(in(0xa0, sha1), in(0xa1, seq(mgf1, sha1))), "", 0},
		{"mask of another digest", seq(digest, in(0xa1, seq(mgf1, h384))), "", 0},
		{"mask without digest", seq(digest, in(0xa1, seq(mgf1))), "", 0},
		{"other mask", seq(digest, in(0xa1, seq("0609 2a864886f70d010109", h256))), "", 0},
		{"Streebog", seq(in(0xa0, streebog), in(0xa1, seq(mgf1, streebog))), "", 0},
		{"negative salt", seq(digest, mask, "a2 03 02 01 ff"), "", 0},
		{"padded salt", seq(digest, mask, "a2 04 02 02 0020"), "", 0},
		{"salt beyond every key", seq(digest, mask, "a2 04 02 02 0401"), "", 0},
		{"huge salt", seq(digest, mask, "a2 0b 02 09 010000000000000000"), "", 0},
		{"bytes behind", seq(digest, mask) + "00", "", 0},
		{"bytes inside behind", seq(digest, mask, "0500"), "", 0},
		{"other order", seq(mask, digest), "", 0},
		{"two digests", seq(in(0xa0, h256, h256), mask), "", 0},
	} {
		p, err := ParsePSS(unhex(t, r.der))
		if (r.digest == "") != errors.Is(err, ErrUnsupported) || p.Digest.Name != r.digest || p.SaltLength != r.salt {
			t.Errorf("RFC 4055 section 3.1, %s: %s, salt %d, %v", r.name, p.Digest.Name, p.SaltLength, err)
		}
		a, err := ByCertificate(oidPSS, unhex(t, r.der))
		if (err == nil) != (r.digest != "") || err == nil && (a.Name != "rsa-pss-"+r.digest || a.SaltLength != r.salt) {
			t.Errorf("%s: row %q, %v", r.name, a.Name, err)
		}
	}
}

// TestPSSInCMS: RFC 4056 section 3: the digest of the SignerInfo is that of the parameters.
func TestPSSInCMS(t *testing.T) {
	a, err := ByName("rsa-pss-sha384")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BySignature(SHA256.OID, oidPSS, a.CMSParams()); err == nil {
		t.Error("another digest is accepted")
	}
	if _, err := BySignature(SHA384.OID, oidRSA, a.CMSParams()); err == nil {
		t.Error("the identifier of PKCS #1 v1.5 is accepted with parameters of PSS")
	}
	a.SaltLength = 20
	if got, err := BySignature(SHA384.OID, oidPSS, a.CMSParams()); err != nil || got.SaltLength != 20 || bytes.Contains(a.CMSParams(), []byte{0xa2}) {
		t.Errorf("salt by default: %d, %v", got.SaltLength, err)
	}
}
