// SPDX-License-Identifier: Apache-2.0

// Package algo alone owns the table of signature algorithms: which digest goes
// with which key, under which object identifiers and with which parameters. A
// new algorithm is one more row in table.go. What is not in the table (SHA-1,
// MD5, RSA under 2048 bits, DSA) is refused everywhere at once; what is there
// for old data only is marked Legacy.
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
	Unknown  KeyKind = iota
	RSA              // RFC 8017, for PKCS #1 v1.5 and PSS alike
	ECDSA            // P-256, P-384, P-521
	Ed25519          // RFC 8410
	GOST256          // GOST R 34.10-2012 with 256 bits
	GOST512          // GOST R 34.10-2012 with 512 bits
	GOST2001         // GOST R 34.10-2001, for old data only
	RSAPSS           // RSA whose key says that it signs by PSS alone (RFC 4055 section 3)
)

var kindNames = [...]string{
	Unknown: "unknown", RSA: "rsa", ECDSA: "ecdsa", Ed25519: "ed25519",
	GOST256: "gost2012-256", GOST512: "gost2012-512", GOST2001: "gost2001", RSAPSS: "rsa-pss",
}

// String names the kind in lower case: "rsa", "gost2012-256", "unknown".
func (k KeyKind) String() string {
	if int(k) >= len(kindNames) {
		return kindNames[Unknown]
	}
	return kindNames[k]
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
	// Legacy says that the digest may only serve to verify old data.
	Legacy bool
}

// Sum returns the digest of b.
func (d Digest) Sum(b []byte) []byte {
	h := d.New()
	h.Write(b)
	return h.Sum(make([]byte, 0, d.Size))
}

// AnySalt is the SaltLength of a row that takes the length from the signature.
const AnySalt = -1

// Algorithm is one row of the signature table. Two algorithms are the same
// when their names are.
type Algorithm struct {
	// Name is stable, so that it may cross a process border: "rsa-sha256".
	Name string
	// Key is the kind of key that the row is for; see Allows.
	Key KeyKind
	// MinBits and MaxBits bound the key's size, both inclusive.
	MinBits, MaxBits int
	// Digest is the digest under the signature; for WholeMessage rows the one
	// that CMS uses beside it.
	Digest Digest
	// KeyOID identifies the key kind alone, SignatureOID signature and digest.
	KeyOID, SignatureOID asn1.ObjectIdentifier
	// CMSOID is what is written to SignerInfo.signatureAlgorithm, beside
	// CMSParams.
	CMSOID asn1.ObjectIdentifier
	// CMSNull says that CMSParams are NULL.
	CMSNull bool
	// Legacy says that the row may only serve to verify old data: a
	// confirmation made with it must be refused.
	Legacy bool
	// WholeMessage says that the message itself is signed, not its digest.
	WholeMessage bool
	// PSS says that the row is RSASSA-PSS; SaltLength is then the length of the
	// salt in bytes that the parameters name, or AnySalt.
	PSS        bool
	SaltLength int
	// nullAllowed says that NULL parameters are accepted beside SignatureOID.
	nullAllowed bool
}

// ErrUnsupported is wrapped by every look-up that finds no row.
var ErrUnsupported = errors.New("algorithm not supported")

// Allows reports whether a key of that kind and size may be used with the row.
func (a Algorithm) Allows(kind KeyKind, bits int) bool {
	fits := a.Key == kind || a.PSS && kind == RSAPSS
	return a.Name != "" && kind != Unknown && fits && bits >= a.MinBits && bits <= a.MaxBits
}

// Input returns what a key signs and verifies for a message: its digest, or
// the message itself for a WholeMessage row. It may share memory with message.
func (a Algorithm) Input(message []byte) []byte {
	if a.WholeMessage {
		return message
	}
	return a.Digest.Sum(message)
}

// CMSParams returns the whole DER of the parameters written beside CMSOID, nil
// when there are none. For PSS the salt is as long as the digest unless
// SaltLength names another length.
func (a Algorithm) CMSParams() []byte {
	switch {
	case a.CMSNull:
		return []byte{5, 0}
	case a.PSS:
		return a.pssParams()
	default:
		return nil
	}
}

// ForKey returns the algorithm to sign with under a key of that kind and size:
// the first row that allows it. No Legacy row is ever returned.
func ForKey(kind KeyKind, bits int) (Algorithm, error) {
	for i := range preferred {
		if a := &preferred[i]; a.Allows(kind, bits) {
			return ByName(a.Name)
		}
	}
	return Algorithm{}, fmt.Errorf("choose for %v key of %d bits: %w", kind, bits, ErrUnsupported)
}

// ByName returns the row with that stable name.
func ByName(name string) (Algorithm, error) {
	for i := range table {
		if table[i].Name == name {
			return table[i], nil
		}
	}
	return Algorithm{}, fmt.Errorf("look up %q: %w", name, ErrUnsupported)
}

// BySignature finds the row for the digestAlgorithm and signatureAlgorithm of
// a CMS SignerInfo. sigOID may be the key's own identifier or that of
// signature with digest (RFC 5754 section 3, RFC 9215 section 3); the digest
// must agree with both. params is the whole DER of the signature parameters,
// empty when absent.
func BySignature(digestOID, sigOID asn1.ObjectIdentifier, params []byte) (Algorithm, error) {
	for i := range table {
		a := &table[i]
		if a.Digest.OID.Equal(digestOID) && (a.SignatureOID.Equal(sigOID) || a.KeyOID.Equal(sigOID)) {
			if out, ok := a.with(params); ok {
				return out, nil
			}
		}
	}
	return Algorithm{}, fmt.Errorf("look up signature %v with digest %v: %w", sigOID, digestOID, ErrUnsupported)
}

// ByCertificate finds the row for the signatureAlgorithm of a certificate, CRL
// or OCSP answer, where the identifier (for PSS: the parameters) always names
// the digest too.
func ByCertificate(sigOID asn1.ObjectIdentifier, params []byte) (Algorithm, error) {
	for i := range table {
		if a := &table[i]; a.SignatureOID.Equal(sigOID) {
			if out, ok := a.with(params); ok {
				return out, nil
			}
		}
	}
	return Algorithm{}, fmt.Errorf("look up signature %v: %w", sigOID, ErrUnsupported)
}

// DigestByOID finds a digest. params is the whole DER of the parameters:
// absent and NULL are both accepted (RFC 5754 section 2, RFC 9215 section 2).
// The answer may be Legacy.
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

// with returns the row as the parameters complete it; false when they do not
// belong to it.
func (a *Algorithm) with(params []byte) (Algorithm, bool) {
	if a.PSS {
		return a.withPSS(params)
	}
	return *a, len(params) == 0 || a.nullAllowed && isNull(params)
}

func isNull(params []byte) bool { return bytes.Equal(params, []byte{5, 0}) }
