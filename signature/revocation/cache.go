// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"sync"
	"time"
)

// cache keeps a bounded number of values until a time each.
type cache[V any] struct {
	max int

	mu     sync.Mutex
	values map[string]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

func newCache[V any](limit int) *cache[V] {
	return &cache[V]{max: limit, values: map[string]kept[V]{}}
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

// put keeps a value; when the cache is full the ended ones go, else an arbitrary one: a lost value
// costs one more request, nothing else.
func (c *cache[V]) put(key string, v V, now, until time.Time) {
	if !now.Before(until) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.values[key]; !ok && len(c.values) >= c.max {
		c.makeRoom(now)
	}
	c.values[key] = kept[V]{v, until}
}

func (c *cache[V]) makeRoom(now time.Time) {
	for key, k := range c.values {
		if !now.Before(k.until) {
			delete(c.values, key)
		}
	}
	for key := range c.values {
		if len(c.values) < c.max {
			return
		}
		delete(c.values, key)
	}
}
