// SPDX-License-Identifier: Apache-2.0

package algo

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
)

// Key identifiers: RFC 8017 appendix C, RFC 5480 section 2.1.1.
var (
	oidRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// The digests. Identifiers: RFC 5754 section 2.
var (
	SHA256 = Digest{"sha256", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, sha256.Size, crypto.SHA256, sha256.New}
	SHA384 = Digest{"sha384", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, sha512.Size384, crypto.SHA384, sha512.New384}
	SHA512 = Digest{"sha512", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, sha512.Size, crypto.SHA512, sha512.New}

	digests = []Digest{SHA256, SHA384, SHA512}
)

// RSA PKCS #1 v1.5: under 2048 bits a key is too weak, over 8192 checking a
// hostile signature costs too much. Parameters are NULL by RFC 4055 section 5,
// and absent in the work of some signers.
func rsa(name string, d Digest, last int) Algorithm {
	return Algorithm{
		Name: name, Key: RSA, MinBits: 2048, MaxBits: 8192, Digest: d,
		KeyOID:       oidRSA,
		SignatureOID: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last},
		CMSOID:       oidRSA, CMSNull: true, nullAllowed: true,
	}
}

// ECDSA over P-256 and P-384: parameters are absent (RFC 5758 section 3.2).
// The key's curve is part of the key, so a row is for both.
func ecdsa(name string, d Digest, last int) Algorithm {
	oid := asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}
	return Algorithm{
		Name: name, Key: ECDSA, MinBits: 256, MaxBits: 384, Digest: d,
		KeyOID: oidECKey, SignatureOID: oid, CMSOID: oid,
	}
}

var (
	rsaSHA256   = rsa("rsa-sha256", SHA256, 11)
	rsaSHA384   = rsa("rsa-sha384", SHA384, 12)
	rsaSHA512   = rsa("rsa-sha512", SHA512, 13)
	ecdsaSHA256 = ecdsa("ecdsa-sha256", SHA256, 2)
	ecdsaSHA384 = ecdsa("ecdsa-sha384", SHA384, 3)
	ecdsaSHA512 = ecdsa("ecdsa-sha512", SHA512, 4)

	// table is THE list: what is absent is refused.
	table = []Algorithm{rsaSHA256, rsaSHA384, rsaSHA512, ecdsaSHA256, ecdsaSHA384, ecdsaSHA512}

	// preferred is what ForKey offers: the digest that matches the key's strength.
	preferred = []Algorithm{rsaSHA256, limit(ecdsaSHA256, 256), limit(ecdsaSHA384, 384)}
)

// limit narrows what a row is offered for to one key size.
func limit(a Algorithm, bits int) Algorithm {
	a.MinBits, a.MaxBits = bits, bits
	return a
}
