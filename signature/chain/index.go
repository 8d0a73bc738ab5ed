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
	head map[uint64]int32 // hash of the subject → 1 + place of the first such certificate
	next []int32          // the one after it, likewise
}

// scanned is how many certificates are looked through rather than indexed.
const scanned = 4

func newIndex(list []*cert.Certificate) *index {
	x := &index{list: list}
	if len(list) <= scanned {
		return x
	}
	x.seed = maphash.MakeSeed()
	x.head, x.next = make(map[uint64]int32, len(list)), make([]int32, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		h := maphash.String(x.seed, list[i].Subject.Key())
		x.next[i] = x.head[h]
		x.head[h] = int32(i + 1)
	}
	return x
}

// each calls f with every certificate of that subject, in the order of the list.
func (x *index) each(key string, f func(*cert.Certificate)) {
	if x.head == nil {
		for _, c := range x.list {
			if c.Subject.Key() == key {
				f(c)
			}
		}
		return
	}
	for i := x.head[maphash.String(x.seed, key)]; i > 0; i = x.next[i-1] {
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
