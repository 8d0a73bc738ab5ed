// SPDX-License-Identifier: Apache-2.0

// Package algo alone owns the table of signature algorithms: which digest goes
// with which key, under which object identifiers and with which parameters. A
// new algorithm, GOST R 34.10-2012 among them, is one more row in table.go.
// What is not in the table (SHA-1, MD5, RSA under 2048 bits, RSA-PSS) is
// refused everywhere at once.
//
// The table is never written after start; everything may be used from many
// goroutines at once.
package algo

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// KeyKind is the family of a public key.
type KeyKind uint8

// The key kinds of the table. Unknown is the kind of a key outside the table:
// no row exists for it.
const (
	Unknown KeyKind = iota
	RSA
	ECDSA
)

// String names the kind: "rsa", "ecdsa" or "unknown".
func (k KeyKind) String() string {
	switch k {
	case RSA:
		return "rsa"
	case ECDSA:
		return "ecdsa"
	default:
		return "unknown"
	}
}

// Digest is one row of the digest table.
type Digest struct {
	// Name is stable and lower case: "sha256".
	Name string
	// OID is the identifier written to digestAlgorithm.
	OID asn1.ObjectIdentifier
	// Size is the length of the digest in bytes.
	Size int
	// Std is the standard library's number, zero for a digest that it lacks.
	Std crypto.Hash
	// New starts a digest.
	New func() hash.Hash
}

// Sum returns the digest of b.
func (d Digest) Sum(b []byte) []byte {
	h := d.New()
	h.Write(b)
	return h.Sum(nil)
}

// Algorithm is one row of the signature table. Two algorithms are the same
// when their names are.
type Algorithm struct {
	// Name is stable, so that it may cross a process border: "rsa-sha256".
	Name string
	// Key is the kind of key that the row is for.
	Key KeyKind
	// MinBits and MaxBits bound the key's size, both inclusive.
	MinBits, MaxBits int
	// Digest is the digest under the signature.
	Digest Digest
	// KeyOID identifies the key kind alone, SignatureOID signature and digest.
	KeyOID, SignatureOID asn1.ObjectIdentifier
	// CMSOID is what is written to SignerInfo.signatureAlgorithm, beside NULL
	// parameters when CMSNull is set and without parameters otherwise.
	CMSOID  asn1.ObjectIdentifier
	CMSNull bool
	// nullAllowed says that NULL parameters are accepted beside SignatureOID.
	nullAllowed bool
}

// ErrUnsupported is wrapped by every look-up that finds no row.
var ErrUnsupported = errors.New("algorithm not supported")

// Allows reports whether a key of that kind and size may be used with the row.
func (a Algorithm) Allows(kind KeyKind, bits int) bool {
	return a.Name != "" && a.Key == kind && bits >= a.MinBits && bits <= a.MaxBits
}

// ForKey returns the algorithm to sign with under a key of that kind and size:
// the first row that allows it.
func ForKey(kind KeyKind, bits int) (Algorithm, error) {
	for _, a := range preferred {
		if a.Allows(kind, bits) {
			return ByName(a.Name)
		}
	}
	return Algorithm{}, fmt.Errorf("choose for %v key of %d bits: %w", kind, bits, ErrUnsupported)
}

// ByName returns the row with that stable name.
func ByName(name string) (Algorithm, error) {
	for _, a := range table {
		if a.Name == name {
			return a, nil
		}
	}
	return Algorithm{}, fmt.Errorf("look up %q: %w", name, ErrUnsupported)
}

// BySignature finds the row for the digestAlgorithm and signatureAlgorithm of
// a CMS SignerInfo. sigOID may be the key's own identifier or that of
// signature with digest (RFC 5754 section 3); the digest must agree with both.
// params is the whole DER of the signature parameters, empty when absent.
func BySignature(digestOID, sigOID asn1.ObjectIdentifier, params []byte) (Algorithm, error) {
	for _, a := range table {
		if a.Digest.OID.Equal(digestOID) && (a.SignatureOID.Equal(sigOID) || a.KeyOID.Equal(sigOID)) && a.accepts(params) {
			return a, nil
		}
	}
	return Algorithm{}, fmt.Errorf("look up signature %v with digest %v: %w", sigOID, digestOID, ErrUnsupported)
}

// ByCertificate finds the row for the signatureAlgorithm of a certificate, CRL
// or OCSP answer, where the identifier always names the digest too.
func ByCertificate(sigOID asn1.ObjectIdentifier, params []byte) (Algorithm, error) {
	for _, a := range table {
		if a.SignatureOID.Equal(sigOID) && a.accepts(params) {
			return a, nil
		}
	}
	return Algorithm{}, fmt.Errorf("look up signature %v: %w", sigOID, ErrUnsupported)
}

// DigestByOID finds a digest. params is the whole DER of the parameters:
// absent and NULL are both accepted (RFC 5754 section 2).
func DigestByOID(oid asn1.ObjectIdentifier, params []byte) (Digest, error) {
	for _, d := range digests {
		if d.OID.Equal(oid) && (len(params) == 0 || isNull(params)) {
			return d, nil
		}
	}
	return Digest{}, fmt.Errorf("look up digest %v: %w", oid, ErrUnsupported)
}

// All returns a copy of the table.
func All() []Algorithm { return append([]Algorithm(nil), table...) }

func (a Algorithm) accepts(params []byte) bool {
	return len(params) == 0 || a.nullAllowed && isNull(params)
}

func isNull(params []byte) bool { return bytes.Equal(params, []byte{5, 0}) }
