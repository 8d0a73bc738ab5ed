// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/gost"
)

// gostKind is one of the key identifiers of GOST R 34.10.
type gostKind struct {
	oid  asn1.ObjectIdentifier
	kind algo.KeyKind
	bits int
	// digest is the only digestParamSet that goes with the key.
	digest asn1.ObjectIdentifier
	// digestNeeded and cipherAllowed say which parameters the text demands and
	// allows: RFC 4491 section 2.3.2 for 2001, RFC 9215 section 4.2 for 2012.
	digestNeeded, cipherAllowed bool
}

var gostKinds = [...]gostKind{
	{asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 1}, algo.GOST256, 256, algo.Streebog256.OID, false, false},
	{asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 2}, algo.GOST512, 512, algo.Streebog512.OID, false, false},
	{asn1.ObjectIdentifier{1, 2, 643, 2, 2, 19}, algo.GOST2001, 256, asn1.ObjectIdentifier{1, 2, 643, 2, 2, 30, 1}, true, true},
}

// oidCryptoProCurves is the arc of the parameter sets of RFC 4357: those that
// a key of 2001 may have, .35 for signatures and .36 for exchange.
var oidCryptoProCurves = asn1.ObjectIdentifier{1, 2, 643, 2, 2}

type gostKey struct {
	base
	key   *gost.PublicKey
	cache *gost.Cache
}

func (k gostKey) Equal(o PublicKey) bool {
	other, ok := o.(gostKey)
	return ok && k.kind == other.kind && k.key.Equal(other.key)
}

func (k gostKey) Verify(a algo.Algorithm, digest, sig []byte) error {
	if err := k.allows(a, digest); err != nil {
		return err
	}
	if !k.cache.Verify(k.key, digest, sig) { // without a cache it verifies all the same
		return ErrVerify
	}
	return nil
}

// parse reads the parameters and the point. A set of parameters outside the
// table, the test sets among them, makes an unknown key; one that contradicts
// the key's identifier is malformed.
func (g *gostKind) parse(b base, params, bits []byte, warn func(string)) (PublicKey, error) {
	body, ok := sequence(params)
	if !ok {
		return nil, malformed("parameters of a GOST key")
	}
	set, ok := readOID(&body)
	if !ok || !g.readRest(&body, warn) {
		return nil, malformed("parameters of a GOST key")
	}
	ps, ok := gost.ByOID(set)
	if !ok || g.kind == algo.GOST2001 && (len(set) <= 5 || !set[:5].Equal(oidCryptoProCurves)) {
		return unknownKey{b}, nil
	}
	if ps.Bits() != g.bits {
		return nil, malformed("a GOST key of %d bits on a curve of %d", g.bits, ps.Bits())
	}
	s := cryptobyte.String(bits)
	var point cryptobyte.String
	if !s.ReadASN1(&point, casn1.OCTET_STRING) || !s.Empty() {
		return nil, malformed("GOST key")
	}
	key, err := gost.ParsePublicKey(ps, point)
	if err != nil {
		return nil, &Error{Code: codeMalformed, Reason: "GOST key", Cause: err}
	}
	b.kind, b.bits = g.kind, g.bits
	return gostKey{b, key, nil}, nil
}

// readRest reads digestParamSet and encryptionParamSet behind the curve.
func (g *gostKind) readRest(body *cryptobyte.String, warn func(string)) bool {
	if body.Empty() {
		if g.digestNeeded {
			warn(warnKeyParams)
		}
		return true
	}
	digest, ok := readOID(body)
	if !ok || !digest.Equal(g.digest) {
		return false
	}
	if body.Empty() {
		return true
	}
	if !g.cipherAllowed {
		warn(warnKeyParams)
	}
	_, ok = readOID(body)
	return ok && body.Empty()
}
