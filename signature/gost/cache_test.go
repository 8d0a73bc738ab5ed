// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"zaver/signature/gost"
)

// TestCache compares the cache with the key before, at and after the making of its table.
func TestCache(t *testing.T) {
	random := rand.NewChaCha8([32]byte{5})
	for _, p := range pairs(t) {
		cache := gost.NewCache(4)
		key, digest, sig := p.sign(t, random)
		k := p.parse(t, key.Public())
		bad := slices.Clone(sig)
		bad[3] ^= 4
		for i := range 10 {
			if !cache.Verify(k, digest, sig) {
				t.Errorf("%s: good signature refused the %d. time", p.set, i+1)
			}
			if cache.Verify(k, digest, bad) {
				t.Errorf("%s: bad signature accepted the %d. time", p.set, i+1)
			}
			if cache.Verify(k, digest[1:], sig) || cache.Verify(k, digest, sig[1:]) {
				t.Errorf("%s: wrong length accepted the %d. time", p.set, i+1)
			}
		}
		if !gost.HasTable(cache, k) {
			t.Errorf("%s: no table was made", p.set)
		}
	}
}

func TestCacheBounds(t *testing.T) {
	random := rand.NewChaCha8([32]byte{6})
	p := pairs(t)[2]
	cache := gost.NewCache(2)
	type signed struct {
		key         *gost.PublicKey
		digest, sig []byte
	}
	var all []signed
	for range 3 {
		key, digest, sig := p.sign(t, random)
		all = append(all, signed{p.parse(t, key.Public()), digest, sig})
	}
	use := func(i, times int) {
		for range times {
			if !cache.Verify(all[i].key, all[i].digest, all[i].sig) {
				t.Error("good signature refused")
			}
		}
	}
	use(0, 8)
	use(1, 8)
	use(0, 1)
	use(2, 1) // drops 1, which was used longest ago
	if cache.Len() != 2 {
		t.Errorf("%d keys, want 2", cache.Len())
	}
	if !gost.HasTable(cache, all[0].key) || gost.HasTable(cache, all[1].key) || gost.HasTable(cache, all[2].key) {
		t.Error("the cache dropped the wrong key")
	}
	// Another value of the same key finds the same table; the same octets on another set do not.
	if !gost.HasTable(cache, p.parse(t, all[0].key.Bytes())) {
		t.Error("an equal key is unknown")
	}
	var none *gost.Cache
	if !none.Verify(all[0].key, all[0].digest, all[0].sig) || !gost.NewCache(0).Verify(all[0].key, all[0].digest, all[0].sig) {
		t.Error("a cache of nothing refuses a good signature")
	}
}

// TestGoroutines shares keys and one small cache among goroutines, so that tables are made, found and dropped at once. It is for the race
// detector.
func TestGoroutines(t *testing.T) {
	random := rand.NewChaCha8([32]byte{7})
	cache := gost.NewCache(3)
	var all sync.WaitGroup
	for _, p := range pairs(t)[2:] {
		key, digest, sig := p.sign(t, random)
		k := p.parse(t, key.Public())
		bad := slices.Clone(sig)
		bad[7] ^= 1
		for range 4 {
			all.Go(func() {
				for range 5 {
					if !cache.Verify(k, digest, sig) || !k.Verify(digest, sig) {
						t.Errorf("%s: good signature refused", p.set)
					}
					if cache.Verify(k, digest, bad) {
						t.Errorf("%s: bad signature accepted", p.set)
					}
				}
			})
		}
	}
	all.Wait()
	if cache.Len() > 3 {
		t.Errorf("%d keys in a cache of 3", cache.Len())
	}
}
