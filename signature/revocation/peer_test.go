// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"zaver/signature/revocation"
)

// openssl runs one command in dir and fails the test when it fails.
func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

const opensslConfig = `
[ca]
default_ca = here
[here]
database = index.txt
default_md = sha256
default_crl_days = 1
crlnumber = crlnumber
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[responder]
extendedKeyUsage = OCSPSigning
[leaf]
keyUsage = critical,digitalSignature
`

// TestOpenSSLAnswers lets OpenSSL be the authority: it reads our request, and we read its answers
// and its CRL, for RSA and for both curves.
func TestOpenSSLAnswers(t *testing.T) {
	for _, key := range [][]string{
		{"RSA", "rsa_keygen_bits:2048"}, {"EC", "ec_paramgen_curve:P-256"}, {"EC", "ec_paramgen_curve:P-384"},
	} {
		t.Run(key[1], func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			read := func(name string) []byte {
				t.Helper()
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			write("openssl.cnf", opensslConfig)
			write("crlnumber", "01\n")
			for _, who := range []struct{ name, section, serial string }{
				{"authority", "authority", "1"}, {"responder", "responder", "2"}, {"good", "leaf", "3"}, {"bad", "leaf", "4"},
			} {
				openssl(t, dir, "genpkey", "-algorithm", key[0], "-pkeyopt", key[1], "-out", who.name+".key")
				openssl(t, dir, "req", "-new", "-key", who.name+".key", "-subj", "/CN="+who.name, "-out", who.name+".csr")
				signer := []string{"-CA", "authority.pem", "-CAkey", "authority.key"}
				if who.name == "authority" {
					signer = []string{"-signkey", "authority.key"}
				}
				openssl(t, dir, append([]string{"x509", "-req", "-in", who.name + ".csr", "-set_serial", who.serial, "-days", "2", "-extfile", "openssl.cnf",
					"-extensions", who.section, "-outform", "PEM", "-out", who.name + ".pem"}, signer...)...)
				openssl(t, dir, "x509", "-in", who.name+".pem", "-outform", "DER", "-out", who.name+".der")
			}
			now := time.Now()
			stamp := func(at time.Time) string { return at.UTC().Format("060102150405Z") }
			write("index.txt", fmt.Sprintf("V\t%s\t\t03\tunknown\t/CN=good\nR\t%s\t%s,keyCompromise\t04\tunknown\t/CN=bad\n",
				stamp(now.AddDate(0, 0, 2)), stamp(now.AddDate(0, 0, 2)), stamp(now.Add(-time.Hour))))
			openssl(t, dir, "ca", "-config", "openssl.cnf", "-gencrl", "-cert", "authority.pem", "-keyfile", "authority.key", "-out", "list.pem")
			openssl(t, dir, "crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der")
			issuer := parse(t, read("authority.der"))
			for name, want := range map[string]revocation.Status{"good": revocation.Good, "bad": revocation.Revoked} {
				c := parse(t, read(name+".der"))
				request, err := revocation.NewRequest(c, issuer, nil)
				if err != nil {
					t.Fatal(err)
				}
				write("request.der", string(request))
				openssl(t, dir, "ocsp", "-index", "index.txt", "-CA", "authority.pem", "-rsigner", "responder.pem", "-rkey", "responder.key",
					"-ndays", "1", "-reqin", "request.der", "-respout", "response.der")
				byOCSP, err := revocation.EvaluateOCSP(read("response.der"), ask(c, issuer, now), time.Minute)
				if err != nil || byOCSP.Status != want {
					t.Errorf("%s by OCSP: %s, %v", name, byOCSP.Status, err)
				}
				byCRL, err := revocation.EvaluateCRL(read("list.der"), ask(c, issuer, now), time.Minute)
				if err != nil || byCRL.Status != want {
					t.Errorf("%s by CRL: %s, %v", name, byCRL.Status, err)
				}
				if want == revocation.Revoked && (byOCSP.Reason != 1 || byCRL.Reason != 1 || !byOCSP.RevokedAt.Equal(byCRL.RevokedAt)) {
					t.Errorf("%+v\n%+v", byOCSP, byCRL)
				}
			}
		})
	}
}
