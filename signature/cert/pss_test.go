// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestPSSSalt: OpenSSL signs with salts of several lengths; the length that the parameters name must be the
// one that was used (RFC 8017 section 9.1.2).
func TestPSSSalt(t *testing.T) {
	peer := gostpeer.New(t)
	issue := func(args ...string) *cert.Certificate {
		t.Helper()
		out := filepath.Join(peer.Dir(), "pss.pem")
		all := append([]string{"req", "-x509", "-noenc", "-out", out, "-subj", "/CN=a", "-extensions", "ca_ext",
			"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_mgf1_md:sha256", "-sha256"}, args...)
		if text, err := peer.Run(all...); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		return parse(t, block.Bytes)
	}
	for _, bits := range []string{"2048", "2049"} { // a whole number of bytes in the encoded message, and one bit over
		key := bits + ".key"
		if text, err := peer.Run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:"+bits, "-out", key); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for _, salt := range []int{0, 1, 20, 32, 222} {
			c := issue("-key", key, "-sigopt", "rsa_pss_saltlen:"+strconv.Itoa(salt))
			if err := c.CheckSignature(c); err != nil {
				t.Errorf("%s bits, salt %d: %v", bits, salt, err)
			}
			a, err := c.SignatureAlgorithm()
			if err != nil || a.SaltLength != salt {
				t.Fatalf("salt %d reads as %d, %v", salt, a.SaltLength, err)
			}
			for _, other := range []int{0, 1, 32, 223, 1000} {
				a.SaltLength = other
				if err := c.PublicKey.Verify(a, a.Input(c.RawTBS), c.Signature); (err == nil) != (other == salt) {
					t.Errorf("%s bits, salt %d taken for %d: %v", bits, salt, other, err)
				}
			}
			a.SaltLength = algo.AnySalt
			if err := c.PublicKey.Verify(a, a.Input(c.RawTBS), c.Signature); err != nil {
				t.Errorf("%s bits, salt %d taken from the signature: %v", bits, salt, err)
			}
			for _, i := range []int{0, 100, len(c.Signature) - 1} {
				c.Signature[i] ^= 1
				if got := code(c.CheckSignature(c)); got != "cert.signature" {
					t.Errorf("%s bits, salt %d, byte %d changed: %q", bits, salt, i, got)
				}
				c.Signature[i] ^= 1
			}
		}
	}
	// A key for PSS alone, with and without limits of its own (RFC 4055 section 3.3).
	free := issue("-newkey", "rsa-pss", "-keyout", "pss.key", "-pkeyopt", "rsa_keygen_bits:2048", "-sigopt", "rsa_pss_saltlen:32")
	bound := issue("-newkey", "rsa-pss", "-keyout", "pss.key", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_pss_keygen_md:sha256",
		"-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256", "-pkeyopt", "rsa_pss_keygen_saltlen:32", "-sigopt", "rsa_pss_saltlen:40")
	v15, err := algo.ByName("rsa-sha256")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*cert.Certificate{"free": free, "bound": bound} {
		if err := c.CheckSignature(c); err != nil || c.PublicKey.Kind() != algo.RSAPSS {
			t.Errorf("%s: kind %v, %v", name, c.PublicKey.Kind(), err)
		}
		if err := c.PublicKey.Verify(v15, make([]byte, 32), c.Signature); !errors.Is(err, algo.ErrUnsupported) {
			t.Errorf("%s key does PKCS #1 v1.5: %v", name, err)
		}
		a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
		if err != nil || !a.PSS {
			t.Errorf("%s key is offered %q, %v", name, a.Name, err)
		}
	}
	for name, change := range map[string]func(*algo.Algorithm){
		"a shorter salt": func(a *algo.Algorithm) { a.SaltLength = 31 },
		"another digest": func(a *algo.Algorithm) { *a = must(algo.ByName("rsa-pss-sha384")) },
	} {
		a := must(bound.SignatureAlgorithm())
		change(&a)
		if err := bound.PublicKey.Verify(a, make([]byte, a.Digest.Size), bound.Signature); !errors.Is(err, algo.ErrUnsupported) {
			t.Errorf("a key bound to SHA-256 and 32 takes %s: %v", name, err)
		}
	}
	// The standard library takes 0 for "any": a certificate that says 0 over a longer salt must not hold.
	lying := parse(t, mint.Certificate{Subject: mint.CN("a"), Key: mint.NewKey(mint.RSA2048).PSS(mint.SHA256, 0)}.Sign(nil).DER)
	if got := code(lying.CheckSignature(lying)); got != "cert.signature" {
		t.Errorf("a salt that the parameters deny: %q", got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
