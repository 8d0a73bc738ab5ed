// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/internal/der"
)

// PublicKey checks signatures. Implementations are immutable.
type PublicKey interface {
	// Kind is algo.Unknown for a key outside the table of algorithms.
	Kind() algo.KeyKind
	// Bits is the size of the modulus or of the curve; 0 for an unknown key.
	Bits() int
	// Verify checks a signature over a digest: PKCS #1 v1.5 bytes for RSA,
	// ASN.1 DER for ECDSA. It fails with algo.ErrUnsupported when a does not
	// allow the key and with ErrVerify when the signature does not hold.
	Verify(a algo.Algorithm, digest, sig []byte) error
	// Equal reports the same key.
	Equal(other PublicKey) bool
	// SPKI is the DER of SubjectPublicKeyInfo.
	SPKI() []byte
}

// ErrVerify is returned by PublicKey.Verify for a signature that does not hold.
var ErrVerify = errors.New("signature does not hold under this key")

// maxModulus bounds what is even parsed; what may verify is algo's.
const maxModulus = 16384

var (
	oidKeyRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidKeyEC  = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidP256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384   = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
)

// base is what all keys share.
type base struct {
	spki []byte
	kind algo.KeyKind
	bits int
}

func (k base) Kind() algo.KeyKind { return k.kind }
func (k base) Bits() int          { return k.bits }
func (k base) SPKI() []byte       { return k.spki }

func (k base) allows(a algo.Algorithm, digest []byte) error {
	if !a.Allows(k.kind, k.bits) || len(digest) != a.Digest.Size {
		return fmt.Errorf("verify %s under %v key of %d bits: %w", a.Name, k.kind, k.bits, algo.ErrUnsupported)
	}
	return nil
}

type rsaKey struct {
	base
	key *rsa.PublicKey
}

func (k rsaKey) Equal(o PublicKey) bool {
	other, ok := o.(rsaKey)
	return ok && k.key.Equal(other.key)
}

func (k rsaKey) Verify(a algo.Algorithm, digest, sig []byte) error {
	if err := k.allows(a, digest); err != nil {
		return err
	}
	if rsa.VerifyPKCS1v15(k.key, a.Digest.Std, digest, sig) != nil {
		return ErrVerify
	}
	return nil
}

type ecdsaKey struct {
	base
	key *ecdsa.PublicKey
}

func (k ecdsaKey) Equal(o PublicKey) bool {
	other, ok := o.(ecdsaKey)
	return ok && k.key.Equal(other.key)
}

func (k ecdsaKey) Verify(a algo.Algorithm, digest, sig []byte) error {
	if err := k.allows(a, digest); err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(k.key, digest, sig) {
		return ErrVerify
	}
	return nil
}

// unknownKey is a key outside the table: listed, compared, of no use.
type unknownKey struct{ base }

func (k unknownKey) Equal(o PublicKey) bool {
	other, ok := o.(unknownKey)
	return ok && bytes.Equal(k.spki, other.spki)
}

func (k unknownKey) Verify(a algo.Algorithm, digest, _ []byte) error { return k.allows(a, digest) }

// ParsePublicKey reads a SubjectPublicKeyInfo. A key of unknown kind or curve
// is no error; a broken key of a known kind is cert.malformed.
func ParsePublicKey(spki []byte) (PublicKey, error) {
	if len(spki) > MaxSize {
		return nil, &Error{Code: codeTooLarge, Reason: "public key"}
	}
	s := cryptobyte.String(spki)
	var body cryptobyte.String
	var bits []byte
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() {
		return nil, malformed("public key is no SEQUENCE")
	}
	oid, params, ok := der.ReadAlgorithm(&body)
	if !ok || !body.ReadASN1BitStringAsBytes(&bits) || !body.Empty() {
		return nil, malformed("public key")
	}
	b := base{spki: bytes.Clone(spki)}
	switch {
	case oid.Equal(oidKeyRSA):
		return parseRSA(b, params, bits)
	case oid.Equal(oidKeyEC):
		return parseEC(b, params, bits)
	default:
		return unknownKey{b}, nil
	}
}

// FromCrypto returns the PublicKey of a standard library key.
func FromCrypto(pub crypto.PublicKey) (PublicKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return ParsePublicKey(spki)
}

func parseRSA(b base, params, bits []byte) (PublicKey, error) {
	if len(params) != 0 && !bytes.Equal(params, []byte{5, 0}) {
		return nil, malformed("RSA key's parameters")
	}
	s := cryptobyte.String(bits)
	var body cryptobyte.String
	n, e := new(big.Int), 0
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() || !body.ReadASN1Integer(n) || !body.ReadASN1Integer(&e) || !body.Empty() {
		return nil, malformed("RSA key")
	}
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() > maxModulus || e < 3 || e&1 == 0 || e > 1<<31-1 {
		return nil, malformed("RSA modulus or exponent out of bounds")
	}
	b.kind, b.bits = algo.RSA, n.BitLen()
	return rsaKey{b, &rsa.PublicKey{N: n, E: e}}, nil
}

func parseEC(b base, params, bits []byte) (PublicKey, error) {
	s := cryptobyte.String(params)
	var oid asn1.ObjectIdentifier
	var curve elliptic.Curve
	if !s.ReadASN1ObjectIdentifier(&oid) || !s.Empty() {
		return unknownKey{b}, nil // explicit curve parameters: never trusted
	}
	switch {
	case oid.Equal(oidP256):
		curve = elliptic.P256()
	case oid.Equal(oidP384):
		curve = elliptic.P384()
	default:
		return unknownKey{b}, nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, bits)
	if err != nil {
		return nil, &Error{Code: codeMalformed, Reason: "EC point", Cause: err}
	}
	b.kind, b.bits = algo.ECDSA, curve.Params().BitSize
	return ecdsaKey{b, key}, nil
}
