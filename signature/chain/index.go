// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"hash/maphash"

	"zaver/signature/cert"
)

// index finds certificates by subject, as RFC 5280 section 7.1 compares names.
type index struct {
	list []*cert.Certificate
	seed maphash.Seed
	last map[uint64]int32 // hash of the subject → 1 + place of the last such certificate
	prev []int32          // the one before it, likewise
}

// scanned is how many certificates are looked through rather than indexed.
const scanned = 4

func newIndex(list []*cert.Certificate) *index {
	x := &index{list: list}
	if len(list) <= scanned {
		return x
	}
	x.seed = maphash.MakeSeed()
	x.last, x.prev = make(map[uint64]int32, len(list)), make([]int32, len(list))
	for i, c := range list {
		h := maphash.String(x.seed, c.Subject.Key())
		x.prev[i] = x.last[h]
		x.last[h] = int32(i + 1)
	}
	return x
}

// each calls f with every certificate of that subject.
func (x *index) each(key string, f func(*cert.Certificate)) {
	if x.last == nil {
		for _, c := range x.list {
			if c.Subject.Key() == key {
				f(c)
			}
		}
		return
	}
	for i := x.last[maphash.String(x.seed, key)]; i > 0; i = x.prev[i-1] {
		if c := x.list[i-1]; c.Subject.Key() == key {
			f(c)
		}
	}
}

// has reports whether this very certificate is in the index.
func (x *index) has(c *cert.Certificate) bool {
	found := false
	x.each(c.Subject.Key(), func(o *cert.Certificate) { found = found || o == c || o.Equal(c) })
	return found
}
