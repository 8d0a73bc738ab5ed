// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"slices"

	"zaver/signature/gost"
	"zaver/signature/gost/hash94"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint/asn"
)

// Kinds of GOST keys: R 34.10-2012 of 256 and 512 bits by the short names of parameter sets that
// OpenSSL uses (A B C XA XB: CryptoPro; TCA … TCD: tc26-256-A … D; 512: tc26-512), and R 34.10-2001.
const (
	GOST256A    Kind = "gost256-A"
	GOST256B    Kind = "gost256-B"
	GOST256C    Kind = "gost256-C"
	GOST256XA   Kind = "gost256-XA"
	GOST256XB   Kind = "gost256-XB"
	GOST256TCA  Kind = "gost256-TCA"
	GOST256TCB  Kind = "gost256-TCB"
	GOST256TCC  Kind = "gost256-TCC"
	GOST256TCD  Kind = "gost256-TCD"
	GOST512A    Kind = "gost512-A"
	GOST512B    Kind = "gost512-B"
	GOST512C    Kind = "gost512-C"
	GOST2001A   Kind = "gost2001-A"
	GOST2001B   Kind = "gost2001-B"
	GOST2001C   Kind = "gost2001-C"
	GOST2001XA  Kind = "gost2001-XA"
	GOST2001XB  Kind = "gost2001-XB"
	GOST2012256      = GOST256A // what nearly all qualified certificates use
	GOST2012512      = GOST512A
)

// GOSTKinds are the kinds of R 34.10-2012, for tests that walk all of them.
func GOSTKinds() []Kind {
	return []Kind{GOST256A, GOST256B, GOST256C, GOST256XA, GOST256XB, GOST256TCA, GOST256TCB, GOST256TCC, GOST256TCD,
		GOST512A, GOST512B, GOST512C}
}

// GOST2001Kinds are the kinds of R 34.10-2001.
func GOST2001Kinds() []Kind { return []Kind{GOST2001A, GOST2001B, GOST2001C, GOST2001XA, GOST2001XB} }

// Digests of GOST R 34.11-2012 and 34.11-94.
var (
	Streebog256 = Digest{"streebog256", "1.2.643.7.1.1.2.2", 0, streebog.New256}
	Streebog512 = Digest{"streebog512", "1.2.643.7.1.1.2.3", 0, streebog.New512}
	GOST94      = Digest{"gost94", "1.2.643.2.2.9", 0, hash94.New}
)

// family is a public key algorithm of GOST with what goes with it (RFC 9215 section 2, RFC 4491 section 2).
type family struct {
	name, key, signature string
	digest               Digest
	digestParams         string // digestParamSet
}

var families = []family{
	{"gost256", "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.3.2", Streebog256, "1.2.643.7.1.1.2.2"},
	{"gost512", "1.2.643.7.1.1.1.2", "1.2.643.7.1.1.3.3", Streebog512, "1.2.643.7.1.1.2.3"},
	{"gost2001", "1.2.643.2.2.19", "1.2.643.2.2.3", GOST94, "1.2.643.2.2.30.1"},
}

// gostSet is a parameter set by its short name; own table, so that a slip elsewhere shows.
type gostSet struct {
	family int
	oid    string
	digest bool // digestParamSet is written
}

var gostSets = map[Kind]gostSet{
	GOST256A:   {0, "1.2.643.2.2.35.1", true},
	GOST256B:   {0, "1.2.643.2.2.35.2", true},
	GOST256C:   {0, "1.2.643.2.2.35.3", true},
	GOST256XA:  {0, "1.2.643.2.2.36.0", true},
	GOST256XB:  {0, "1.2.643.2.2.36.1", true},
	GOST256TCA: {0, "1.2.643.7.1.2.1.1.1", false},
	GOST256TCB: {0, "1.2.643.7.1.2.1.1.2", false},
	GOST256TCC: {0, "1.2.643.7.1.2.1.1.3", false},
	GOST256TCD: {0, "1.2.643.7.1.2.1.1.4", false},
	GOST512A:   {1, "1.2.643.7.1.2.1.2.1", true},
	GOST512B:   {1, "1.2.643.7.1.2.1.2.2", true},
	GOST512C:   {1, "1.2.643.7.1.2.1.2.3", false},
	GOST2001A:  {2, "1.2.643.2.2.35.1", true},
	GOST2001B:  {2, "1.2.643.2.2.35.2", true},
	GOST2001C:  {2, "1.2.643.2.2.35.3", true},
	GOST2001XA: {2, "1.2.643.2.2.36.0", true},
	GOST2001XB: {2, "1.2.643.2.2.36.1", true},
}

// KeyAlgorithm is the AlgorithmIdentifier in the SubjectPublicKeyInfo of a GOST kind.
func (k Kind) KeyAlgorithm() []byte {
	s, ok := gostSets[k]
	if !ok {
		panic("mint: no GOST kind: " + string(k))
	}
	var digest []byte
	if s.digest {
		digest = asn.OID(families[s.family].digestParams)
	}
	return asn.Algorithm(families[s.family].key, asn.Seq(asn.OID(s.oid), digest))
}

// GOSTSPKI is the SubjectPublicKeyInfo of a point: x then y, each little-endian.
func GOSTSPKI(k Kind, point []byte) []byte {
	return asn.Seq(k.KeyAlgorithm(), asn.Bits(asn.Octets(point)))
}

// ParamSet is the parameter set of a GOST kind.
func (k Kind) ParamSet() *gost.ParamSet {
	for _, ps := range gost.Sets() {
		if ps.OID().String() == gostSets[k].oid {
			return ps
		}
	}
	panic("mint: no GOST kind: " + string(k))
}

// GOSTKey wraps a GOST key that exists already.
func GOSTKey(k Kind, private *gostsign.PrivateKey) *Key {
	f := families[gostSets[k].family]
	spki := GOSTSPKI(k, private.Public())
	return &Key{
		Kind: k, Digest: f.digest, SPKI: spki, Private: gostSigner{private, spki}, public: bitString(spki),
		Algorithm: asn.Algorithm(f.signature), CMSAlgorithm: asn.Algorithm(f.key), opts: crypto.Hash(0),
	}
}

// IsGOST says whether the kind is one of GOST.
func (k Kind) IsGOST() bool {
	_, ok := gostSets[k]
	return ok
}

// SignatureAlgorithm is the AlgorithmIdentifier of signature with digest of a GOST kind; the other
// habit in a SignerInfo.
func (k Kind) SignatureAlgorithm() []byte {
	return asn.Algorithm(families[gostSets[k].family].signature)
}

// SPKI is a SubjectPublicKeyInfo as DER; the public key of GOST keys as a crypto.PublicKey.
type SPKI []byte

// PublicDER is the SubjectPublicKeyInfo of a public key: of the standard library, an SPKI, a *gost.PublicKey
// (taken for one of 2012), or a *Key. False when it is something else.
func PublicDER(pub crypto.PublicKey) ([]byte, bool) {
	switch p := pub.(type) {
	case SPKI:
		_, ok := keyBits(p)
		return p, ok
	case *Key:
		return p.SPKI, true
	case *gost.PublicKey:
		for _, kind := range GOSTKinds() {
			if gostSets[kind].oid == p.ParamSet().OID().String() {
				return GOSTSPKI(kind, p.Bytes()), true
			}
		}
		return nil, false
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	return der, err == nil
}

// IsGOST says whether a SubjectPublicKeyInfo is of a GOST key.
func IsGOST(spki []byte) bool {
	for _, f := range families {
		if bytes.Contains(spki[:min(len(spki), 24)], asn.OID(f.key)) {
			return true
		}
	}
	return false
}

// gostSigner makes a GOST key a crypto.Signer.
type gostSigner struct {
	*gostsign.PrivateKey
	spki []byte
}

// Public is the SPKI.
func (s gostSigner) Public() crypto.PublicKey { return SPKI(s.spki) }

// Sign signs a digest as the hash prints it: s then r, each big-endian.
func (s gostSigner) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.PrivateKey.Sign(digest)
}

// PKCS8 is the private key as OpenSSL with the GOST engine reads it: PrivateKeyInfo around the number,
// little-endian. For GOST keys only; the standard library writes the others.
func (k *Key) PKCS8() []byte {
	s, ok := k.Private.(gostSigner)
	if !ok {
		panic("mint: PKCS8 is for GOST keys")
	}
	d := s.Scalar().FillBytes(make([]byte, s.ParamSet().Bits()/8))
	slices.Reverse(d)
	return asn.Seq(asn.Int(0), k.Kind.KeyAlgorithm(), asn.Octets(d))
}

// GOSTFromPKCS8 reads what PKCS8 wrote, or the GOST engine, and whether it is that.
func GOSTFromPKCS8(der []byte) (*Key, error) {
	for kind := range gostSets {
		head := asn.Join(asn.Int(0), kind.KeyAlgorithm())
		size := kind.ParamSet().Bits() / 8
		if len(der) < size || string(der) != string(asn.Seq(head, asn.Octets(der[len(der)-size:]))) {
			continue
		}
		d := slices.Clone(der[len(der)-size:])
		slices.Reverse(d)
		private, err := gostsign.FromScalar(kind.ParamSet(), new(big.Int).SetBytes(d))
		if err != nil {
			return nil, fmt.Errorf("read a GOST key: %w", err)
		}
		return GOSTKey(kind, private), nil
	}
	return nil, fmt.Errorf("read a GOST key: no PrivateKeyInfo of one")
}
