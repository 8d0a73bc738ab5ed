// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
)

// FuzzOpen proves that no bytes take the reader out of its bounds, that each
// refusal is typed, that nothing passes under the test's key but what it signed,
// and that what is extended stays what it was.
func FuzzOpen(f *testing.F) {
	w := newWorld(mint.P256)
	key := certificate(f, w.leaf.DER)
	for _, r := range slices.Concat(messageRules, signerRules, referenceRules, unsignedRules) {
		f.Add(r.make(w).DER(), []byte(nil))
	}
	detached := basic(w)
	detached.Detached = true
	f.Add(detached.DER(), text)
	f.Add(countered(w, mint.Signer{By: w.leaf}), text)
	f.Add(readPEM(f, "signed_a111.pem"), []byte(nil))
	f.Add(readPEM(f, "signed_a121.pem"), []byte(nil))
	f.Fuzz(func(t *testing.T, b, content []byte) {
		s, err := cms.Open(b, cms.Options{Content: content})
		if err != nil {
			var p *cms.Problem
			if !errors.As(err, &p) || !slices.Contains(cms.Codes(), p.Code) || s != nil {
				t.Fatalf("untyped refusal %v", err)
			}
			return
		}
		for _, si := range s.Signers {
			walk(t, s, si, key)
		}
		extended, err := cms.WithValues(b, []*cert.Certificate{key}, nil, nil)
		if err != nil {
			return
		}
		again, err := cms.Open(extended, cms.Options{Content: content})
		if err != nil || !bytes.Equal(again.Content, s.Content) {
			t.Fatalf("extended: %v", err)
		}
	})
}

// walk checks a signer and those above it.
func walk(t *testing.T, s *cms.SignedData, si *cms.SignerInfo, key *cert.Certificate) {
	problems := si.Check(s.CertificateOf(si))
	for _, p := range append(problems, si.Notes...) {
		if !slices.Contains(cms.Codes(), p.Code) {
			t.Fatalf("unknown code %s", p.Code)
		}
	}
	if len(problems) == 0 && s.CertificateOf(si).Equal(key) && si.RawSignedAttributes != nil &&
		!bytes.Equal(si.MessageDigest, si.Algorithm.Digest.Sum(s.Content)) && slices.Contains(s.Signers, si) {
		t.Fatal("other content holds under the key of the test")
	}
	for _, over := range si.CounterSigners {
		walk(t, s, over, key)
	}
}
