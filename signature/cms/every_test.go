// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
)

// kinds are one key of each kind and of each GOST curve.
func kinds() []mint.Kind {
	return append([]mint.Kind{mint.RSA2048, mint.P256, mint.P384, mint.P521, mint.Ed25519}, mint.GOSTKinds()...)
}

// TestEveryAlgorithm signs with every row of the table that may sign, under
// every kind of key, attached and detached.
func TestEveryAlgorithm(t *testing.T) {
	used := map[string]bool{}
	for _, k := range kinds() {
		w := newWorld(k)
		key := certificate(t, w.leaf.DER).PublicKey
		for _, a := range algo.All() {
			if a.Legacy || !a.Allows(key.Kind(), key.Bits()) {
				continue
			}
			used[a.Name] = true
			for _, detached := range []bool{false, true} {
				r := w.request(t)
				r.Algorithm, r.Detached = a, detached
				der, err := cms.Sign(t.Context(), r)
				if err != nil {
					t.Errorf("%s under %s: %v", a.Name, k, err)
					continue
				}
				checkMade(t, string(k)+" "+a.Name, der, a, detached)
			}
		}
	}
	for _, a := range algo.All() {
		if !a.Legacy && !used[a.Name] {
			t.Errorf("no key signs with %s", a.Name)
		}
	}
}

func checkMade(t *testing.T, name string, der []byte, a algo.Algorithm, detached bool) {
	t.Helper()
	o := cms.Options{}
	if detached {
		o.Content = text
		if _, err := cms.Parse(der); err == nil || err.(*cms.Problem).Code != "cms.detached" { //nolint:errorlint // the type is promised
			t.Errorf("%s: Parse of the detached form: %v", name, err)
		}
	} else if _, err := cms.Parse(der); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	s, err := cms.Open(der, o)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if p := s.Check(); len(p) > 0 || len(s.Notes)+len(s.Signer.Notes) > 0 {
		t.Errorf("%s: %v, notes %v %v", name, p, s.Notes, s.Signer.Notes)
	}
	if s.Detached != detached || !bytes.Equal(s.Content, text) || s.Signer.Algorithm.Name != a.Name {
		t.Errorf("%s: content, or algorithm %s", name, s.Signer.Algorithm.Name)
	}
	// RFC 5035 section 3: SHA-256 is the default and left out, any other digest is spelt out.
	ref := s.Signer.SigningCertificate[0]
	spelt := bytes.Count(s.Signer.RawSignedAttributes, oidDER(t, a.Digest.OID)) == 1
	if ref.Digest.Name != a.Digest.Name || ref.Serial == nil || spelt == (a.Digest.Name == "sha256") {
		t.Errorf("%s: signing-certificate-v2 by %s, spelt out: %v", name, ref.Digest.Name, spelt)
	}
}

// TestGOSTForm is the form of TC 26: signatureAlgorithm is the key's identifier
// without parameters (RFC 9215 section 3.1: parameters absent).
func TestGOSTForm(t *testing.T) {
	for k, want := range map[mint.Kind]string{
		mint.GOST2012256: "\x30\x0a\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x01\x04\x40",
		mint.GOST2012512: "\x30\x0a\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x02\x04\x81\x80",
	} {
		if der := newWorld(k).sign(t); bytes.Count(der, []byte(want)) != 1 {
			t.Errorf("%s: signatureAlgorithm is not the key's identifier alone", k)
		}
	}
}

// TestTC26 reads the published examples.
func TestTC26(t *testing.T) {
	for _, r := range []struct {
		file, algorithm string
		notes           []string
		attributes      int
	}{
		{"signed_a111.pem", "gost2012-512", []string{"cms.note.no_signing_certificate"}, 4},
		{"signed_a121.pem", "gost2012-256", []string{"cms.note.no_attributes"}, 0},
	} {
		der := readPEM(t, r.file)
		s, err := cms.Open(der, cms.Options{})
		if err != nil {
			t.Fatalf("%s: %v", r.file, err)
		}
		if p := s.Check(); len(p) > 0 {
			t.Errorf("%s: %v", r.file, p)
		}
		if got := codes(s.Signer.Notes); len(got) != 1 || got[0] != r.notes[0] {
			t.Errorf("%s: notes %v", r.file, got)
		}
		if s.Signer.Algorithm.Name != r.algorithm || len(s.Signer.SignedAttributes) != r.attributes || len(s.Content) != 44 {
			t.Errorf("%s: %s, %d attributes, %d bytes", r.file, s.Signer.Algorithm.Name, len(s.Signer.SignedAttributes), len(s.Content))
		}
		changed := bytes.Replace(der, s.Content, append([]byte{s.Content[0] ^ 1}, s.Content[1:]...), 1)
		if p, _ := verdict(changed, cms.Options{}); len(p) == 0 {
			t.Errorf("%s: changed content passes", r.file)
		}
		if _, err := cms.Parse(der); err == nil {
			t.Errorf("%s: passes for a confirmation", r.file)
		}
	}
}
