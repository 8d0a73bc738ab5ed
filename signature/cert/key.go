// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"

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
	// Verify checks a signature over what a.Input returned, a digest for most
	// algorithms: PKCS #1 v1.5 or PSS bytes for RSA, ASN.1 DER for ECDSA, 64
	// bytes for Ed25519, s || r for GOST (RFC 9215 section 3.2). It fails with
	// algo.ErrUnsupported when a does not allow the key and with ErrVerify when
	// the signature does not hold.
	Verify(a algo.Algorithm, input, sig []byte) error
	// Equal reports the same key.
	Equal(other PublicKey) bool
	// SPKI is the DER of SubjectPublicKeyInfo.
	SPKI() []byte
}

// ErrVerify is returned by PublicKey.Verify for a signature that does not hold.
var ErrVerify = errors.New("signature does not hold under this key")

var (
	oidKeyRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidKeyPSS     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidKeyEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidKeyEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidP256       = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384       = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
	oidP521       = asn1.ObjectIdentifier{1, 3, 132, 0, 35}
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

func (k base) allows(a algo.Algorithm, input []byte) error {
	if !a.Allows(k.kind, k.bits) || !a.WholeMessage && len(input) != a.Digest.Size {
		return fmt.Errorf("verify %s under %v key of %d bits: %w", a.Name, k.kind, k.bits, algo.ErrUnsupported)
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

// ParsePublicKey reads a SubjectPublicKeyInfo. A key of unknown kind, curve or
// set of parameters is no error; a broken key of a known kind is cert.malformed.
func ParsePublicKey(spki []byte) (PublicKey, error) {
	if len(spki) > MaxSize {
		return nil, &Error{Code: codeTooLarge, Reason: "public key"}
	}
	return parseKey(bytes.Clone(spki), func(string) {})
}

// parseKey reads a key that shares memory with spki.
func parseKey(spki []byte, warn func(string)) (PublicKey, error) {
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
	b := base{spki: spki}
	switch {
	case oid.Equal(oidKeyRSA):
		return parseRSA(b, params, bits, warn)
	case oid.Equal(oidKeyPSS):
		return parsePSS(b, params, bits)
	case oid.Equal(oidKeyEC):
		return parseEC(b, params, bits)
	case oid.Equal(oidKeyEd25519):
		return parseEd25519(b, params, bits)
	}
	for i := range gostKinds {
		if gostKinds[i].oid.Equal(oid) {
			return gostKinds[i].parse(b, params, bits, warn)
		}
	}
	return unknownKey{b}, nil
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
	case oid.Equal(oidP521):
		curve = elliptic.P521()
	default:
		return unknownKey{b}, nil
	}
	key, err := parsePoint(curve, bits)
	if err != nil {
		return nil, &Error{Code: codeMalformed, Reason: "EC point", Cause: err}
	}
	b.kind, b.bits = algo.ECDSA, curve.Params().BitSize
	return ecdsaKey{b, key}, nil
}

// parsePoint reads a point in the uncompressed form, and in the compressed one
// that RFC 5480 section 2.2 leaves to choice.
func parsePoint(curve elliptic.Curve, bits []byte) (*ecdsa.PublicKey, error) {
	if len(bits) > 0 && (bits[0] == 2 || bits[0] == 3) {
		x, y := elliptic.UnmarshalCompressed(curve, bits)
		if x == nil {
			return nil, errors.New("no point with this coordinate")
		}
		return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}, nil
	}
	return ecdsa.ParseUncompressedPublicKey(curve, bits)
}

type ed25519Key struct {
	base
	key ed25519.PublicKey
}

func (k ed25519Key) Equal(o PublicKey) bool {
	other, ok := o.(ed25519Key)
	return ok && k.key.Equal(other.key)
}

func (k ed25519Key) Verify(a algo.Algorithm, input, sig []byte) error {
	if err := k.allows(a, input); err != nil {
		return err
	}
	if !ed25519.Verify(k.key, input, sig) {
		return ErrVerify
	}
	return nil
}

// parseEd25519: parameters must be absent (RFC 8410 section 3).
func parseEd25519(b base, params, bits []byte) (PublicKey, error) {
	if len(params) != 0 || len(bits) != ed25519.PublicKeySize {
		return nil, malformed("Ed25519 key")
	}
	b.kind, b.bits = algo.Ed25519, 256
	return ed25519Key{b, ed25519.PublicKey(bits)}, nil
}
