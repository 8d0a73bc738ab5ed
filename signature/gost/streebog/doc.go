// SPDX-License-Identifier: Apache-2.0

// Package streebog alone owns the hash function GOST R 34.11-2012 (RFC 6986),
// called Streebog, with digests of 256 and 512 bits.
//
// Digests come out in the byte order that certificates and CMS carry: the
// bytes of the number in RFC 6986 from the lowest to the highest. (RFC 6986
// prints that number from the highest, so its page reads backwards here.)
//
// The functions may be called from many goroutines; a [hash.Hash] belongs to
// one. Nothing here is constant-time: what is hashed is public.
package streebog
