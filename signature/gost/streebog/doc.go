// SPDX-License-Identifier: Apache-2.0

// Package streebog alone owns the hash function GOST R 34.11-2012 (RFC 6986), called Streebog, with digests of 256 and 512 bits.
package streebog
