// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
)

const engine = `openssl_conf = init
[init]
engines = engines
[engines]
gost = gost_engine
[gost_engine]
engine_id = gost
default_algorithms = ALL
`

// opensslName is how the engine calls each set.
var opensslName = map[string][2]string{
	"CryptoPro-A": {"gost2012_256", "A"}, "CryptoPro-B": {"gost2012_256", "B"}, "CryptoPro-C": {"gost2012_256", "C"},
	"CryptoPro-XchA": {"gost2012_256", "XA"}, "CryptoPro-XchB": {"gost2012_256", "XB"},
	"tc26-256-A": {"gost2012_256", "TCA"}, "tc26-256-B": {"gost2012_256", "TCB"}, "tc26-256-C": {"gost2012_256", "TCC"},
	"tc26-256-D": {"gost2012_256", "TCD"},
	"tc26-512-A": {"gost2012_512", "A"}, "tc26-512-B": {"gost2012_512", "B"}, "tc26-512-C": {"gost2012_512", "C"},
}

type openssl struct{ folder string }

func (o openssl) run(t *testing.T, args ...string) error {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = o.folder
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(o.folder, "gost.cnf"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("openssl %v: %v: %s", args, err, out)
	}
	return err
}

func (o openssl) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (o openssl) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.folder, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

type publicKeyInfo struct {
	Algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters asn1.RawValue
	}
	Key asn1.BitString
}

// TestOpenSSL verifies here what OpenSSL's engine signs, and there what the twin signs, on every set.
func TestOpenSSL(t *testing.T) {
	for _, ps := range gost.Sets() {
		t.Run(ps.Name(), func(t *testing.T) {
			t.Parallel()
			o := openssl{t.TempDir()}
			o.write(t, "gost.cnf", []byte(engine))
			message := []byte("signed on " + ps.Name())
			o.write(t, "message", message)
			name, md, digest := opensslName[ps.Name()], "-md_gost12_256", sum256(message)
			if ps.Bits() == 512 {
				md, digest = "-md_gost12_512", sum512(message)
			}
			for _, args := range [][]string{
				{"genpkey", "-algorithm", name[0], "-pkeyopt", "paramset:" + name[1], "-out", "key"},
				{"pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "public"},
				{"dgst", md, "-sign", "key", "-out", "sig", "message"},
			} {
				if err := o.run(t, args...); err != nil {
					t.Fatal(err)
				}
			}
			info, raw := split(t, o.read(t, "public"))
			k, err := gost.ParsePublicKey(ps, raw)
			if err != nil {
				t.Fatal(err)
			}
			sig := o.read(t, "sig")
			if !k.Verify(digest, sig) || !gost.NewCache(1).Verify(k, digest, sig) {
				t.Error("a signature of OpenSSL is refused")
			}
			sig[0] ^= 1
			if k.Verify(digest, sig) {
				t.Error("a broken signature is accepted")
			}
			o.judge(t, ps, info, md, digest)
		})
	}
}

// judge lets OpenSSL verify a signature of the twin.
func (o openssl) judge(t *testing.T, ps *gost.ParamSet, info publicKeyInfo, md string, digest []byte) {
	t.Helper()
	key, err := gostsign.GenerateKey(ps)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := asn1.Marshal(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	info.Key = asn1.BitString{Bytes: octets, BitLength: 8 * len(octets)}
	der, err := asn1.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, "twin.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	o.write(t, "twin.sig", sig)
	if err := o.run(t, "dgst", md, "-verify", "twin.pem", "-signature", "twin.sig", "message"); err != nil {
		t.Error("OpenSSL refuses a signature of the twin")
	}
}

func split(t *testing.T, der []byte) (info publicKeyInfo, raw []byte) {
	t.Helper()
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(info.Key.Bytes, &raw); err != nil {
		t.Fatal(err)
	}
	return info, raw
}

func sum256(message []byte) []byte { d := streebog.Sum256(message); return slices.Clone(d[:]) }
func sum512(message []byte) []byte { d := streebog.Sum512(message); return slices.Clone(d[:]) }
