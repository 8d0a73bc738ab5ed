// SPDX-License-Identifier: Apache-2.0

package algo

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"

	"zaver/signature/gost/hash94"
	"zaver/signature/gost/streebog"
)

// Key identifiers: RFC 8017 appendix C, RFC 5480 section 2.1.1, RFC 8410 section 3, RFC 9215
// section 3.1, RFC 4491 section 2.3.2.
var (
	oidRSA      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidPSS      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidECKey    = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519  = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidGOST256  = asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 1}
	oidGOST512  = asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 2}
	oidGOST2001 = asn1.ObjectIdentifier{1, 2, 643, 2, 2, 19}
)

// The digests. Identifiers: RFC 5754 section 2, RFC 9215 section 2, RFC 4490 section 2.1.
// GOST94 exists to verify old data only.
var (
	SHA256      = Digest{Name: "sha256", OID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Size: sha256.Size, Std: crypto.SHA256, New: sha256.New}
	SHA384      = Digest{Name: "sha384", OID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, Size: sha512.Size384, Std: crypto.SHA384, New: sha512.New384}
	SHA512      = Digest{Name: "sha512", OID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, Size: sha512.Size, Std: crypto.SHA512, New: sha512.New}
	Streebog256 = Digest{Name: "streebog256", OID: asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 2, 2}, Size: streebog.Size256, New: streebog.New256}
	Streebog512 = Digest{Name: "streebog512", OID: asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 2, 3}, Size: streebog.Size512, New: streebog.New512}
	GOST94      = Digest{Name: "gost94", OID: asn1.ObjectIdentifier{1, 2, 643, 2, 2, 9}, Size: hash94.Size, New: hash94.New, Legacy: true}

	digests = []Digest{SHA256, SHA384, SHA512, Streebog256, Streebog512, GOST94}
)

// rsa is RSA PKCS #1 v1.5: under 2048 bits a key is too weak, over 8192 checking a hostile
// signature costs too much. Parameters are NULL by RFC 4055 section 5, and absent in the work of
// some signers.
func rsa(name string, d Digest, last int) Algorithm {
	return Algorithm{
		Name: name, Key: RSA, MinBits: 2048, MaxBits: 8192, Digest: d,
		KeyOID:       oidRSA,
		SignatureOID: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last},
		CMSOID:       oidRSA, CMSNull: true, nullAllowed: true,
	}
}

// pss is RSASSA-PSS (RFC 8017 section 8.1) with MGF1 over the same digest. One identifier serves all
// digests; the parameters tell them apart.
func pss(name string, d Digest) Algorithm {
	return Algorithm{
		Name: name, Key: RSA, MinBits: 2048, MaxBits: 8192, Digest: d,
		KeyOID: oidPSS, SignatureOID: oidPSS, CMSOID: oidPSS, PSS: true, SaltLength: AnySalt,
	}
}

// ecdsa is ECDSA over P-256, P-384 and P-521: parameters are absent (RFC 5758 section 3.2). The
// key's curve is part of the key, so a row is for all.
func ecdsa(name string, d Digest, last int) Algorithm {
	oid := asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}
	return Algorithm{
		Name: name, Key: ECDSA, MinBits: 256, MaxBits: 521, Digest: d,
		KeyOID: oidECKey, SignatureOID: oid, CMSOID: oid,
	}
}

// gost is GOST R 34.10: parameters must be absent (RFC 9215 section 3.1), and are NULL in the work
// of some signers.
func gost(name string, kind KeyKind, bits int, d Digest, key, sig asn1.ObjectIdentifier) Algorithm {
	return Algorithm{
		Name: name, Key: kind, MinBits: bits, MaxBits: bits, Digest: d,
		KeyOID: key, SignatureOID: sig, CMSOID: key, nullAllowed: true,
	}
}

var (
	rsaSHA256   = rsa("rsa-sha256", SHA256, 11)
	rsaSHA384   = rsa("rsa-sha384", SHA384, 12)
	rsaSHA512   = rsa("rsa-sha512", SHA512, 13)
	pssSHA256   = pss("rsa-pss-sha256", SHA256)
	pssSHA384   = pss("rsa-pss-sha384", SHA384)
	pssSHA512   = pss("rsa-pss-sha512", SHA512)
	ecdsaSHA256 = ecdsa("ecdsa-sha256", SHA256, 2)
	ecdsaSHA384 = ecdsa("ecdsa-sha384", SHA384, 3)
	ecdsaSHA512 = ecdsa("ecdsa-sha512", SHA512, 4)
	// ed25519 signs the message itself; the digest is what CMS takes beside it (RFC 8419 section 3).
	ed25519 = Algorithm{
		Name: "ed25519", Key: Ed25519, MinBits: 256, MaxBits: 256, Digest: SHA512,
		KeyOID: oidEd25519, SignatureOID: oidEd25519, CMSOID: oidEd25519, WholeMessage: true,
	}
	gost256  = gost("gost2012-256", GOST256, 256, Streebog256, oidGOST256, asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 3, 2})
	gost512  = gost("gost2012-512", GOST512, 512, Streebog512, oidGOST512, asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 3, 3})
	gost2001 = legacy(gost("gost2001", GOST2001, 256, GOST94, oidGOST2001, asn1.ObjectIdentifier{1, 2, 643, 2, 2, 3}))

	// table is THE list: what is absent is refused.
	table = []Algorithm{
		rsaSHA256, rsaSHA384, rsaSHA512, pssSHA256, pssSHA384, pssSHA512,
		ecdsaSHA256, ecdsaSHA384, ecdsaSHA512, ed25519, gost256, gost512, gost2001,
	}

	// preferred is what ForKey offers: the digest that matches the key's strength.
	preferred = []Algorithm{
		rsaSHA256, pssSHA256, limit(ecdsaSHA256, 256), limit(ecdsaSHA384, 384), limit(ecdsaSHA512, 521), ed25519, gost256, gost512,
	}
)

// limit narrows what a row is offered for to one key size.
func limit(a Algorithm, bits int) Algorithm {
	a.MinBits, a.MaxBits = bits, bits
	return a
}

func legacy(a Algorithm) Algorithm {
	a.Legacy = true
	return a
}
