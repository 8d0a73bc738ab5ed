// SPDX-License-Identifier: Apache-2.0

package gost

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// worthwhile is the verification of a key at which its table is made: making one costs about as much as that many verifications.
const worthwhile = 6

// Cache keeps tables of the keys that verify often, which are the keys of issuers: with its table a key verifies about three times as fast.
// It is bounded, and safe for many goroutines. A table takes 53 KB on the 256-bit sets (132 KB on tc26-256-A) and 211 KB on the 512-bit
// sets (909 KB on tc26-512-C); one table of the generator for each set in use comes on top, of 0.3 to 1.6 MB.
type Cache struct {
	max int

	mu    sync.Mutex
	keys  map[cacheKey]*list.Element
	order list.List // of *cached, the latest used first
}

type cacheKey struct {
	curve *curve
	raw   [128]byte
}

// cached is what is known of a key. Its table is made once, by whoever comes at the right moment; the others go on without.
type cached struct {
	key   cacheKey
	uses  atomic.Int64
	table atomic.Pointer[table]
}

// NewCache makes a cache of at most max keys; the key that was used longest ago goes first. With max below one nothing is kept.
func NewCache(max int) *Cache { return &Cache{max: max, keys: map[cacheKey]*list.Element{}} }

// Verify does what k.Verify does, faster when the key has verified often before. A nil cache is k.Verify.
func (c *Cache) Verify(k *PublicKey, digest, sig []byte) bool {
	if c == nil || c.max < 1 {
		return k.Verify(digest, sig)
	}
	curve := k.ps.curve
	z1, z2, r, ok := curve.read(digest, sig)
	if !ok {
		return false
	}
	entry := c.find(k)
	if entry.uses.Add(1) == worthwhile {
		made := curve.arithmetic.table(k.point)
		entry.table.Store(&made)
	}
	if t := entry.table.Load(); t != nil {
		return curve.arithmetic.checkTable(z1, z2, *t, r)
	}
	return curve.arithmetic.check(z1, z2, k.point, r)
}

// find gives what is known of the key and makes it the latest used.
func (c *Cache) find(k *PublicKey) *cached {
	key := cacheKey{curve: k.ps.curve}
	copy(key.raw[:], k.raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.keys[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*cached)
	}
	if c.order.Len() >= c.max {
		last := c.order.Back()
		delete(c.keys, last.Value.(*cached).key)
		c.order.Remove(last)
	}
	entry := &cached{key: key}
	c.keys[key] = c.order.PushFront(entry)
	return entry
}

// Len is how many keys the cache knows, with a table or without.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}
