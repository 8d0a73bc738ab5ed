// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// bench is the folder of a peer with what openssl reads: anchors, intermediates and the CRLs of all authorities.
func bench(t *testing.T, p *pki.PKI) string {
	t.Helper()
	dir := gostpeer.New(t).Dir()
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	anchors := append(p.Authority(pki.Root).PEM(), p.Authority(pki.UEC).PEM()...)
	write("anchors.pem", anchors)
	write("untrusted.pem", append(p.Authority(pki.CA).PEM(), p.Authority(pki.RogueCA).PEM()...))
	var crls []byte
	for _, a := range p.Authorities() {
		der := fetch(t, "GET", a.CRLURL(), nil)
		write(a.Name()+".crl", der)
		out, err := openssl(t, dir, "crl", "-inform", "DER", "-in", a.Name()+".crl")
		if err != nil {
			t.Fatalf("openssl crl: %v\n%s", err, out)
		}
		crls = append(crls, out...)
		write(a.Name()+".pem", a.PEM())
	}
	write("crls.pem", crls)
	return dir
}

func openssl(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(dir, "gost.cnf"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestOpenSSLAgrees holds every variant under every kind of key against OpenSSL: path, CRL, OCSP.
func TestOpenSSLAgrees(t *testing.T) {
	want := map[pki.Variant]struct{ verify, ocsp string }{
		pki.Good:          {"OK", "good"},
		pki.Expired:       {"certificate has expired", "good"},
		pki.NotYetValid:   {"certificate is not yet valid", "good"},
		pki.Revoked:       {"certificate revoked", "revoked"},
		pki.WrongUsage:    {"OK", "good"}, // openssl verify asks for no purpose here
		pki.WrongSubject:  {"OK", "good"},
		pki.NotAccredited: {"unable to get local issuer certificate", ""},
		pki.NotQualified:  {"OK", "good"},
	}
	for _, kind := range append(pki.KeyKinds(), pki.GOSTKinds()...) {
		t.Run(kind.String(), func(t *testing.T) {
			p := start(t, pki.Config{Keys: kind})
			identities := map[pki.Variant]*pki.Identity{}
			for _, v := range pki.Variants() {
				identities[v], _ = makeIdentity(t, p, pki.Order{Person: people.Head(), Variant: v, Keys: kind})
			}
			dir := bench(t, p)
			for _, v := range pki.Variants() {
				t.Run(string(v), func(t *testing.T) {
					id := identities[v]
					leaf := filepath.Join(dir, string(v)+".pem")
					if err := os.WriteFile(leaf, id.PEM(), 0o600); err != nil {
						t.Fatal(err)
					}
					out, _ := openssl(t, dir, "verify", "-x509_strict", "-no-CApath", "-CAfile", "anchors.pem",
						"-untrusted", "untrusted.pem", "-CRLfile", "crls.pem", "-crl_check_all", leaf)
					if !strings.Contains(out, want[v].verify) {
						t.Errorf("openssl verify says\n%s", out)
					}
					if want[v].ocsp == "" {
						return
					}
					out, _ = openssl(t, dir, "ocsp", "-no-CApath", "-CAfile", "anchors.pem", "-verify_other", "untrusted.pem",
						"-issuer", "ca.pem", "-cert", leaf, "-url", p.Authority(pki.CA).OCSPURL())
					if !strings.Contains(out, "Response verify OK") || !strings.Contains(out, ".pem: "+want[v].ocsp) {
						t.Errorf("openssl ocsp says\n%s", out)
					}
				})
			}
		})
	}
}

// TestOpenSSLSeesLies makes sure that the faults are faults for a checker that is not ours.
func TestOpenSSLSeesLies(t *testing.T) {
	p := start(t, pki.Config{})
	id, _ := makeIdentity(t, p, pki.Order{Person: people.TokenHolder()})
	dir := bench(t, p)
	leaf := filepath.Join(dir, "leaf.pem")
	if err := os.WriteFile(leaf, id.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for fault, want := range map[pki.Fault]string{
		pki.WrongSigner:      "Response Verify Failure",
		pki.NoRight:          "Response Verify Failure",
		pki.WrongCertificate: "No Status found",
		pki.Stale:            "Status times invalid",
		pki.Early:            "Status times invalid",
		pki.TryLater:         "trylater",
		pki.Unknown:          ".pem: unknown",
		pki.Fail:             "Error",
		pki.Garbage:          "Error",
		pki.Die:              "Error",
	} {
		t.Run(string(fault), func(t *testing.T) {
			p.Authority(pki.CA).SetFault(pki.OCSP, fault)
			out, _ := openssl(t, dir, "ocsp", "-no-CApath", "-CAfile", "anchors.pem", "-verify_other", "untrusted.pem",
				"-issuer", "ca.pem", "-cert", leaf, "-url", p.Authority(pki.CA).OCSPURL())
			if !strings.Contains(out, want) {
				t.Errorf("openssl ocsp says\n%s", out)
			}
		})
	}
	for fault, want := range map[pki.Fault]string{
		pki.WrongSigner: "CRL signature failure",
		pki.Stale:       "CRL has expired",
		pki.Early:       "CRL is not yet valid",
		pki.Critical:    "unhandled critical CRL extension",
	} {
		t.Run("crl-"+string(fault), func(t *testing.T) {
			p.Authority(pki.CA).SetFault(pki.CRL, fault)
			der := fetch(t, "GET", p.Authority(pki.CA).CRLURL(), nil)
			if err := os.WriteFile(filepath.Join(dir, "lie.crl"), der, 0o600); err != nil {
				t.Fatal(err)
			}
			pem, err := openssl(t, dir, "crl", "-inform", "DER", "-in", "lie.crl")
			if err != nil {
				t.Fatal(pem)
			}
			if err := os.WriteFile(filepath.Join(dir, "lie.pem"), []byte(pem), 0o600); err != nil {
				t.Fatal(err)
			}
			out, _ := openssl(t, dir, "verify", "-no-CApath", "-CAfile", "anchors.pem", "-untrusted", "untrusted.pem",
				"-CRLfile", "lie.pem", "-crl_check", leaf)
			if !strings.Contains(out, want) {
				t.Errorf("openssl verify says\n%s", out)
			}
		})
	}
}
