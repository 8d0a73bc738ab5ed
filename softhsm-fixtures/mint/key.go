// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint/asn"
)

// Kind is the kind of a key.
type Kind string

// Kinds outside GOST.
const (
	RSA1024 Kind = "rsa1024" // too weak for any checker
	RSA2048 Kind = "rsa2048"
	RSA3072 Kind = "rsa3072"
	PSS2048 Kind = "pss2048" // signs with RSASSA-PSS; the key says rsaEncryption
	P224    Kind = "p224"
	P256    Kind = "p256"
	P384    Kind = "p384"
	P521    Kind = "p521"
	Ed25519 Kind = "ed25519"
)

// Key is a private key with everything that is written about it. The exported fields may be changed
// before use to write something else; the methods With, PSS and Lying return changed copies.
type Key struct {
	Kind   Kind
	Digest Digest
	// SPKI is the SubjectPublicKeyInfo for the subject's own certificate.
	SPKI []byte
	// Algorithm is the AlgorithmIdentifier in what the key signs: certificates, CRLs, OCSP answers.
	Algorithm []byte
	// CMSAlgorithm is the AlgorithmIdentifier in a SignerInfo.
	CMSAlgorithm []byte
	// Private signs: of the standard library, or of gostsign for GOST keys.
	Private crypto.Signer

	public []byte            // content of the BIT STRING, for key identifiers
	raw    bool              // the message itself is signed (Ed25519)
	opts   crypto.SignerOpts // nil: the digest
}

// NewKey makes a key that signs with the digest of its strength. RSA keys come in turn from a pool
// of four of each size, made once in the process, because making one takes a tenth of a second.
func NewKey(k Kind) *Key {
	if _, ok := gostSets[k]; ok {
		return GOSTKey(k, must(gostsign.GenerateKey(k.ParamSet())))
	}
	switch k {
	case RSA1024:
		return FromSigner(rsa1024.next())
	case RSA2048:
		return FromSigner(rsa2048.next())
	case RSA3072:
		return FromSigner(rsa3072.next())
	case PSS2048:
		return FromSigner(rsa2048.next()).PSS(SHA256, SHA256.Std.Size())
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return FromSigner(must(key, err))
	}
	curve := map[Kind]elliptic.Curve{P224: elliptic.P224(), P256: elliptic.P256(), P384: elliptic.P384(), P521: elliptic.P521()}[k]
	if curve == nil {
		panic("mint: unknown kind of key " + string(k))
	}
	return FromSigner(must(ecdsa.GenerateKey(curve, rand.Reader)))
}

// FromSigner wraps a key of the standard library or of this package.
func FromSigner(s crypto.Signer) *Key {
	k := &Key{Private: s}
	switch p := s.(type) {
	case *Key:
		return p
	case *rsa.PrivateKey:
		k.Kind = Kind(fmt.Sprintf("rsa%d", p.N.BitLen()))
		k.CMSAlgorithm = asn.Algorithm(oidRSA, asn.Null())
		k = k.With(SHA256)
	case *ecdsa.PrivateKey:
		bits := p.Curve.Params().BitSize
		k.Kind = Kind(fmt.Sprintf("p%d", bits))
		k = k.With(strength(bits))
	case ed25519.PrivateKey:
		k.Kind, k.Digest, k.raw, k.opts = Ed25519, SHA512, true, crypto.Hash(0)
		k.Algorithm, k.CMSAlgorithm = asn.Algorithm(oidEd25519), asn.Algorithm(oidEd25519)
	default:
		panic(fmt.Sprintf("mint: no key to sign with: %T", s))
	}
	k.SPKI = must(x509.MarshalPKIXPublicKey(s.Public()))
	k.public = bitString(k.SPKI)
	return k
}

// strength is the digest that goes with a curve.
func strength(bits int) Digest {
	switch bits {
	case 384:
		return SHA384
	case 521:
		return SHA512
	}
	return SHA256
}

// bitString is the content of the key's BIT STRING in a SubjectPublicKeyInfo.
func bitString(spki []byte) []byte {
	key, ok := keyBits(spki)
	if !ok {
		panic("mint: no SubjectPublicKeyInfo")
	}
	return key
}

func keyBits(spki []byte) (key []byte, ok bool) {
	in := cryptobyte.String(spki)
	ok = in.ReadASN1(&in, cbasn1.SEQUENCE) && in.SkipASN1(cbasn1.SEQUENCE) && in.ReadASN1BitStringAsBytes(&key)
	return key, ok
}

// Object identifiers of keys and signatures (RFC 8017 appendix C, RFC 5758, RFC 8410).
const (
	oidRSA     = "1.2.840.113549.1.1.1"
	oidPSS     = "1.2.840.113549.1.1.10"
	oidMGF1    = "1.2.840.113549.1.1.8"
	oidEd25519 = "1.3.101.112"
)

var (
	rsaSignature = map[string]string{
		"md5": "1.2.840.113549.1.1.4", "sha1": "1.2.840.113549.1.1.5", "sha224": "1.2.840.113549.1.1.14",
		"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13",
	}
	ecdsaSignature = map[string]string{
		"sha1": "1.2.840.10045.4.1", "sha224": "1.2.840.10045.4.3.1", "sha256": "1.2.840.10045.4.3.2",
		"sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4",
	}
)

// With is the key signing with another digest, for RSA (PKCS #1 v1.5) and ECDSA.
func (k *Key) With(d Digest) *Key {
	out := *k
	out.Digest, out.opts = d, nil
	switch k.Private.(type) {
	case *rsa.PrivateKey:
		out.Algorithm = asn.Algorithm(rsaSignature[d.Name], asn.Null())
	case *ecdsa.PrivateKey:
		out.Algorithm = asn.Algorithm(ecdsaSignature[d.Name])
		out.CMSAlgorithm = out.Algorithm
	default:
		panic("mint: GOST and Ed25519 keys have one digest; see As and Key.Digest")
	}
	return &out
}

// PSS is the RSA key signing with RSASSA-PSS, MGF1 of the same digest (RFC 4055 section 3.1).
func (k *Key) PSS(d Digest, salt int) *Key {
	out := *k
	out.Kind = PSS2048
	out.Digest, out.opts = d, &rsa.PSSOptions{SaltLength: salt, Hash: d.Std}
	hash := asn.Algorithm(d.OID, asn.Null())
	out.Algorithm = asn.Algorithm(oidPSS, asn.Seq(
		asn.Explicit(0, hash), asn.Explicit(1, asn.Algorithm(oidMGF1, hash)), asn.Explicit(2, asn.Int(int64(salt)))))
	out.CMSAlgorithm = out.Algorithm
	return &out
}

// As is the key writing another AlgorithmIdentifier (DER) about its signatures than is true.
func (k *Key) As(algorithm []byte) *Key {
	out := *k
	out.Algorithm, out.CMSAlgorithm = algorithm, algorithm
	return &out
}

// Sign makes *Key a crypto.Signer: it signs a digest (the message itself for Ed25519). Random and
// opts are ignored; RSA takes the padding and both RSA and ECDSA the digest that the key is for.
func (k *Key) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	opts := k.opts
	if opts == nil {
		opts = k.Digest.Std
	}
	return k.Private.Sign(rand.Reader, digest, opts)
}

// Public is the public key of the private one.
func (k *Key) Public() crypto.PublicKey { return k.Private.Public() }

// SignMessage signs a message: digest and signature as Algorithm says.
func (k *Key) SignMessage(message []byte) []byte {
	if !k.raw {
		message = k.Digest.Sum(message)
	}
	return must(k.Sign(nil, message, nil))
}

// ID is the key identifier: SHA-1 of the BIT STRING's content (RFC 5280 section 4.2.1.2).
func (k *Key) ID() []byte {
	sum := sha1.Sum(k.public)
	return sum[:]
}

// pool hands out four RSA keys of one size in turn.
type pool struct {
	bits  int
	taken atomic.Uint32
	keys  [4]struct {
		once sync.Once
		key  *rsa.PrivateKey
	}
}

// The pools are the only state of this package.
var rsa1024, rsa2048, rsa3072 = &pool{bits: 1024}, &pool{bits: 2048}, &pool{bits: 3072}

func (p *pool) next() *rsa.PrivateKey {
	k := &p.keys[(p.taken.Add(1)-1)%uint32(len(p.keys))]
	k.once.Do(func() { k.key = must(rsa.GenerateKey(rand.Reader, p.bits)) })
	return k.key
}

// must ends the test's process at a mistake of the test itself, or when there is no randomness.
func must[T any](v T, err error) T {
	if err != nil {
		panic("mint: " + err.Error())
	}
	return v
}
