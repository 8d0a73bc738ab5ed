// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/gost"
)

func vector(t testing.TB, name string) *Certificate {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile(filepath.Join("testdata", name+".pem")))
	list := must[[]*Certificate](t)(ParsePEM(b))
	if len(list) != 1 {
		t.Fatalf("%s: %d certificates", name, len(list))
	}
	return list[0]
}

// TestVectors: RFC 9215 appendix D, the examples of TC26 and those of the drafts before.
func TestVectors(t *testing.T) {
	for _, r := range []struct {
		name, issuer string
		kind         algo.KeyKind
		set          string
		warnings     []string
	}{
		{"rfc9215-d2", "rfc9215-d2", algo.GOST256, "tc26-256-A", nil},
		{"example-xcha", "example-xcha", algo.GOST256, "CryptoPro-XchA", nil},
		{"example-512b", "example-512b", algo.GOST512, "tc26-512-B", nil},
		{"tc26-root256", "tc26-root256", algo.GOST256, "tc26-256-A", nil},
		{"tc26-sender256", "tc26-root256", algo.GOST256, "tc26-256-A", nil},
		{"tc26-sender512", "tc26-root256", algo.GOST512, "tc26-512-A", nil},
		{"tc26-recipient256", "tc26-root256", algo.GOST256, "tc26-256-A", nil},
		{"tc26-recipient512", "tc26-root256", algo.GOST512, "tc26-512-A", nil},
	} {
		c, issuer := vector(t, r.name), vector(t, r.issuer)
		k, ok := c.PublicKey.(gostKey)
		if !ok || k.Kind() != r.kind || k.key.ParamSet().Name() != r.set || !slices.Equal(c.Warnings, r.warnings) {
			t.Errorf("%s: %v key on %v, warnings %v", r.name, c.PublicKey.Kind(), k.key, c.Warnings)
			continue
		}
		if err := c.CheckSignature(issuer); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		if a, err := c.SignatureAlgorithm(); err != nil || a.Legacy {
			t.Errorf("%s: %s, %v", r.name, a.Name, err)
		}
		remembered := issuer.Remember(gost.NewCache(4))
		for range 10 {
			if err := c.CheckSignature(remembered); err != nil {
				t.Errorf("%s through the cache: %v", r.name, err)
			}
		}
		if !remembered.Equal(issuer) || !remembered.PublicKey.Equal(issuer.PublicKey) {
			t.Errorf("%s: remembering changes the certificate", r.name)
		}
		for _, i := range []int{0, len(c.Signature) / 2, len(c.Signature) - 1} {
			sig := slices.Clone(c.Signature)
			sig[i] ^= 1
			wantCode(t, r.name, remembered.CheckSigned(c.SignatureOID, c.SignatureParams, c.RawTBS, sig), codeSignature)
			wantCode(t, r.name, issuer.CheckSigned(c.SignatureOID, c.SignatureParams, c.RawTBS, sig), codeSignature)
		}
		wantCode(t, r.name, issuer.CheckSigned(c.SignatureOID, c.SignatureParams, c.RawTBS, c.Signature[1:]), codeSignature)
	}
}

// TestTestSets: the certificates of RFC 9215 appendix D on the test curves parse and verify nothing.
func TestTestSets(t *testing.T) {
	for _, name := range []string{"rfc9215-d1", "rfc9215-d3"} {
		c := vector(t, name)
		if c.PublicKey.Kind() != algo.Unknown {
			t.Errorf("%s: key of kind %v", name, c.PublicKey.Kind())
		}
		wantCode(t, name, c.CheckSignature(c), codeAlgorithm)
		if c.Remember(gost.NewCache(1)) != c {
			t.Errorf("%s is remembered", name)
		}
	}
}
