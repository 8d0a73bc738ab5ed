// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"testing"
	"time"

	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
)

// facts are what is reported as signed, and by whom.
type facts struct {
	content, attributes, certificate []byte
	algorithm, kind                  string
	at                               time.Time
}

func factsOf(s *cms.SignedData) facts {
	return facts{s.Content, s.Signer.RawSignedAttributes, s.SignerCertificate().Raw, s.Signer.Algorithm.Name, s.ContentType.String(), s.Signer.SigningTime}
}

// TestEveryByteFlipped changes each byte of a signature in two ways. It is
// refused, or what is reported as signed stays the same: the sets of
// certificates and unsigned attributes are not under the signature. The signer's
// certificate is bound by signing-certificate-v2.
func TestEveryByteFlipped(t *testing.T) {
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256, mint.Ed25519, mint.GOST2012256, mint.GOST2012512} {
		w := newWorld(k)
		der := w.sign(t)
		s, err := cms.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		der, err = cms.WithTimestamp(der, token(s, w.authority(mint.P256)))
		if err != nil {
			t.Fatal(err)
		}
		want := factsOf(s)
		stamp := bytes.LastIndex(der, s.Signer.Signature) + len(s.Signer.Signature) // the token follows
		root := bytes.Index(der, w.root.DER)
		passed := 0
		for i := range der {
			// Of the root and of the token nothing is reported here: few samples do.
			if (i > root && i < root+len(w.root.DER) || i > stamp) && i%16 != 0 {
				continue
			}
			for _, flip := range []byte{1, 0x80} {
				changed := bytes.Clone(der)
				changed[i] ^= flip
				got, err := cms.Open(changed, cms.Options{})
				if err != nil || len(got.Check()) > 0 {
					if c, err := cms.Parse(changed); err == nil && len(c.Check()) == 0 {
						t.Fatalf("%s: byte %d of %d ^ %#x passes for a confirmation alone", k, i, len(der), flip)
					}
					continue
				}
				passed++
				if !same(factsOf(got), want) {
					t.Fatalf("%s: byte %d of %d ^ %#x passes and changes what is signed", k, i, len(der), flip)
				}
			}
		}
		t.Logf("%s: %d bytes, %d changes without effect", k, len(der), passed)
	}
}

func same(a, b facts) bool {
	return bytes.Equal(a.content, b.content) && bytes.Equal(a.attributes, b.attributes) && bytes.Equal(a.certificate, b.certificate) &&
		a.algorithm == b.algorithm && a.kind == b.kind && a.at.Equal(b.at)
}
