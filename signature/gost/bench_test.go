// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"math/rand/v2"
	"testing"

	"zaver/signature/gost"
)

// bench runs f for each curve with a good signature.
func bench(b *testing.B, f func(b *testing.B, k *gost.PublicKey, digest, sig []byte)) {
	random := rand.NewChaCha8([32]byte{11})
	for _, p := range pairs(b)[2:] {
		b.Run(p.set.Name(), func(b *testing.B) {
			key, digest, sig := p.sign(b, random)
			k := p.parse(b, key.Public())
			k.Verify(digest, sig)
			b.ReportAllocs()
			f(b, k, digest, sig)
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	bench(b, func(b *testing.B, k *gost.PublicKey, digest, sig []byte) {
		for b.Loop() {
			if !k.Verify(digest, sig) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkCached(b *testing.B) {
	bench(b, func(b *testing.B, k *gost.PublicKey, digest, sig []byte) {
		cache := gost.NewCache(1)
		for range 8 {
			cache.Verify(k, digest, sig)
		}
		for b.Loop() {
			if !cache.Verify(k, digest, sig) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkParallel(b *testing.B) {
	bench(b, func(b *testing.B, k *gost.PublicKey, digest, sig []byte) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if !k.Verify(digest, sig) {
					b.Error("refused")
				}
			}
		})
	})
}

func BenchmarkParse(b *testing.B) {
	bench(b, func(b *testing.B, k *gost.PublicKey, _, _ []byte) {
		raw, ps := k.Bytes(), k.ParamSet()
		for b.Loop() {
			if _, err := gost.ParsePublicKey(ps, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTable makes the table of a key, whose size it reports.
func BenchmarkTable(b *testing.B) {
	bench(b, func(b *testing.B, k *gost.PublicKey, _, _ []byte) {
		size := 0
		for b.Loop() {
			size = gost.TableSize(k)
		}
		b.ReportMetric(float64(size), "octets")
	})
}

// TestAllocations keeps verification off the heap: it runs on every certificate, list and answer.
func TestAllocations(t *testing.T) {
	random := rand.NewChaCha8([32]byte{12})
	for _, p := range pairs(t)[2:] {
		key, digest, sig := p.sign(t, random)
		k, cache := p.parse(t, key.Public()), gost.NewCache(1)
		for range 8 {
			cache.Verify(k, digest, sig)
		}
		if n := testing.AllocsPerRun(10, func() { k.Verify(digest, sig) }); n != 0 {
			t.Errorf("%s: Verify allocates %v times", p.set, n)
		}
		if n := testing.AllocsPerRun(10, func() { cache.Verify(k, digest, sig) }); n != 0 {
			t.Errorf("%s: Verify of a cache allocates %v times", p.set, n)
		}
	}
}

// BenchmarkPrivateKey is what a session with a card costs: a signature and an agreement.
func BenchmarkPrivateKey(b *testing.B) {
	for _, name := range []string{"CryptoPro-A", "tc26-256-A", "tc26-512-A"} {
		key := made(b, byName(b, name))
		digest := make([]byte, key.ParamSet().Bits()/8)
		b.Run("sign "+name, func(b *testing.B) {
			for b.Loop() {
				_, _ = key.Sign(nil, digest)
			}
		})
		b.Run("agree "+name, func(b *testing.B) {
			for b.Loop() {
				_, _ = key.VKO(key.Public(), []byte{1})
			}
		})
	}
}
