// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bench is a directory with a party's files for the openssl program.
type bench struct {
	t   *testing.T
	dir string
}

func newBench(t *testing.T, p party) bench {
	t.Helper()
	b := bench{t, t.TempDir()}
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	b.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	b.write("leaf.pem", p.leaf.PEM())
	b.write("root.pem", p.root.PEM())
	b.write("content", content)
	return b
}

func (b bench) write(name string, data []byte) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) read(name string) []byte {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func (b bench) openssl(args string) (string, error) {
	cmd := exec.CommandContext(b.t.Context(), "openssl", strings.Fields(args)...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestOpenSSLVerifiesOurs(t *testing.T) {
	const verify = "cms -verify -cades -inform DER -in sig.der -CAfile root.pem -out got"
	for name, p := range parties(t) {
		b := newBench(t, p)
		b.write("sig.der", sign(t, p.request()))
		if out, err := b.openssl(verify); err != nil || !bytes.Equal(b.read("got"), content) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		// That it does verify, and does not just answer yes:
		changed := bytes.Replace(sign(t, p.request()), []byte("zaver"), []byte("Zaver"), 1)
		b.write("sig.der", changed)
		if out, err := b.openssl(verify); err == nil {
			t.Errorf("%s: openssl accepts changed content\n%s", name, out)
		}
	}
}

// TestOpenSSLSigns reads what the openssl program writes, in the right form
// and in forms that must be refused.
func TestOpenSSLSigns(t *testing.T) {
	const good = "cms -sign -cades -binary -nosmimecap -nodetach -md sha256 -outform DER -in content -signer leaf.pem -inkey key.pem -out sig.der"
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, p := range map[string]party{"rsa": rsaParty(t, 2048), "ec": parties(t)["p-256"]} {
		b := newBench(t, p)
		for _, r := range []struct{ args, want string }{
			{good, ""},
			{good + " -certfile root.pem", ""},
			{swap("sha256", "sha384"), ""},
			{swap("sha256", "sha512"), ""},
			{swap(" -nosmimecap", ""), ""},
			{swap("sha256", "sha1"), codeAlgorithm},
			{swap(" -cades", ""), codeAttributes},
			{swap(" -cades", " -noattr"), codeAttributes},
			{swap(" -nodetach", ""), codeDetached},
			{good + " -nocerts", codeCertificate},
			{good + " -keyid", codeSigners},
			{good + " -stream", codeNotDER},
			{good + " -econtent_type pkcs7-signedData", codeContentType},
			{good + " -signer root.pem -inkey other.pem", codeSigners},
			{swap("-outform DER", "-outform PEM"), codeMalformed},
			{swap("key.pem", "key.pem -keyopt rsa_padding_mode:pss"), ""},
		} {
			if name == "ec" && strings.Contains(r.args, "pss") {
				continue
			}
			if strings.Contains(r.args, "other.pem") {
				r.args = b.secondSigner(r.args)
			}
			if out, err := b.openssl(r.args); err != nil {
				t.Errorf("%s: %s: %v\n%s", name, r.args, err, out)
				continue
			}
			want := []string{r.want}
			if r.want == "" {
				want = nil
			}
			if got := verdict(b.read("sig.der")); !slices.Equal(got, want) {
				t.Errorf("%s: %s: got %v, want %v", name, r.args, got, want)
			}
		}
	}
}

// secondSigner makes one more key with a certificate of its own.
func (b bench) secondSigner(args string) string {
	b.t.Helper()
	if out, err := b.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=second -keyout other.pem -out second.pem"); err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	return strings.Replace(args, "-signer root.pem", "-signer second.pem", 1)
}
