// SPDX-License-Identifier: Apache-2.0

package streebog

import "hash"

const (
	// Size256 is the length of a Streebog-256 digest in bytes.
	Size256 = 32
	// Size512 is the length of a Streebog-512 digest in bytes.
	Size512 = 64
	// BlockSize is the length of the blocks that both sizes work on, in bytes.
	BlockSize = 64
)

// New256 returns a Streebog-256 (RFC 6986, 256 bits) to be written to.
func New256() hash.Hash { return newDigest(Size256) }

// New512 returns a Streebog-512 (RFC 6986, 512 bits) to be written to.
func New512() hash.Hash { return newDigest(Size512) }
