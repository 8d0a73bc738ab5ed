// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"crypto"
	_ "crypto/md5"    // registers crypto.MD5
	_ "crypto/sha1"   // registers crypto.SHA1
	_ "crypto/sha256" // registers crypto.SHA224 and crypto.SHA256
	_ "crypto/sha512" // registers crypto.SHA384 and crypto.SHA512
	"hash"

	"zaver/softhsm-fixtures/mint/asn"
)

// Digest is a hash function with its identifier; good and bad ones alike.
type Digest struct {
	Name string
	OID  string
	Std  crypto.Hash // zero for what the standard library lacks
	make func() hash.Hash
}

// Digests.
var (
	MD5    = standard("md5", "1.2.840.113549.2.5", crypto.MD5)
	SHA1   = standard("sha1", "1.3.14.3.2.26", crypto.SHA1)
	SHA224 = standard("sha224", "2.16.840.1.101.3.4.2.4", crypto.SHA224)
	SHA256 = standard("sha256", "2.16.840.1.101.3.4.2.1", crypto.SHA256)
	SHA384 = standard("sha384", "2.16.840.1.101.3.4.2.2", crypto.SHA384)
	SHA512 = standard("sha512", "2.16.840.1.101.3.4.2.3", crypto.SHA512)
)

func standard(name, oid string, h crypto.Hash) Digest { return Digest{name, oid, h, h.New} }

// Sum is the digest of the message.
func (d Digest) Sum(message []byte) []byte {
	h := d.make()
	h.Write(message)
	return h.Sum(nil)
}

// Algorithm is the AlgorithmIdentifier without parameters.
func (d Digest) Algorithm() []byte { return asn.Algorithm(d.OID) }
