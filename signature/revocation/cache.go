// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"sync"
	"time"
)

// cache keeps values until a time each, bounded in number and in bytes.
type cache[V any] struct {
	max      int
	maxBytes int64

	mu     sync.Mutex
	bytes  int64
	values map[string]kept[V]
}

type kept[V any] struct {
	value V
	size  int64
	until time.Time
}

// newCache makes a cache of at most limit values; maxBytes zero leaves their bytes uncounted.
func newCache[V any](limit int, maxBytes int64) *cache[V] {
	return &cache[V]{max: limit, maxBytes: maxBytes, values: map[string]kept[V]{}}
}

func (c *cache[V]) get(key string, now time.Time) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.values[key]
	if !ok || !now.Before(k.until) {
		var zero V
		return zero, false
	}
	return k.value, true
}

// ended returns a value whose time may be over: the server may say that it is still the newest.
func (c *cache[V]) ended(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.values[key]
	return k.value, ok
}

// put keeps a value; when the cache is full the ended ones go, else arbitrary ones: a lost value
// costs one more request, nothing else.
func (c *cache[V]) put(key string, v V, size int64, now, until time.Time) {
	if !now.Before(until) || c.maxBytes > 0 && size > c.maxBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
	if c.full(size) {
		c.makeRoom(now, size)
	}
	c.values[key] = kept[V]{v, size, until}
	c.bytes += size
}

func (c *cache[V]) full(size int64) bool {
	return len(c.values) >= c.max || c.maxBytes > 0 && c.bytes+size > c.maxBytes
}

func (c *cache[V]) drop(key string) {
	if k, ok := c.values[key]; ok {
		c.bytes -= k.size
		delete(c.values, key)
	}
}

func (c *cache[V]) makeRoom(now time.Time, size int64) {
	for key, k := range c.values {
		if !now.Before(k.until) {
			c.drop(key)
		}
	}
	for key := range c.values {
		if !c.full(size) {
			return
		}
		c.drop(key)
	}
}
