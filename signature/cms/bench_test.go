// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"fmt"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
)

// BenchmarkParse sets reading and checking a confirmation beside the one bare
// signature check in it.
func BenchmarkParse(b *testing.B) {
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256, mint.GOST2012256, mint.GOST2012512} {
		w := newWorld(k)
		der := w.sign(b)
		s, err := cms.Parse(der)
		if err != nil {
			b.Fatal(err)
		}
		key, a := s.SignerCertificate().PublicKey, s.Signer.Algorithm
		input := a.Input(s.Signer.RawSignedAttributes)
		b.Run(string(k)+"/bare", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if key.Verify(a, input, s.Signer.Signature) != nil {
					b.Fatal("does not hold")
				}
			}
		})
		b.Run(string(k)+"/parse+check", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := cms.Parse(der)
				if err != nil || len(s.Check()) > 0 {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(k)+"/parse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cms.Parse(der); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen grows with the document and with nothing else: bytes per second
// stay the same and allocations do not grow.
func BenchmarkOpen(b *testing.B) {
	w := newWorld(mint.P256)
	for _, size := range []int{1 << 20, 8 << 20, 64 << 20} {
		content := make([]byte, size)
		for _, detached := range []bool{false, true} {
			s := basic(w)
			s.Content, s.Detached = content, detached
			der := s.DER()
			o := cms.Options{}
			if detached {
				o.Content = content
			}
			b.Run(fmt.Sprintf("%dMiB/detached=%v", size>>20, detached), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					s, err := cms.Open(der, o)
					if err != nil || len(s.Check()) > 0 {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkBag has the signer's certificate in a bag of a hundred: what it costs
// beyond a bag of two is parsing the rest.
func BenchmarkBag(b *testing.B) {
	w := newWorld(mint.P256)
	var others [][]byte
	for range 98 {
		others = append(others, mint.Leaf("Чужой", mint.P256, w.root).DER)
	}
	for _, r := range []struct {
		name string
		more [][]byte
	}{{"2", nil}, {"100", others}} {
		s := basic(w)
		s.Certificates = append(s.Certificates, r.more...)
		der := s.DER()
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := cms.Open(der, cms.Options{})
				if err != nil || len(s.Check()) > 0 {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parse-98", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, der := range others {
				if _, err := cert.Parse(der); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
