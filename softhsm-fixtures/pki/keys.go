// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"zaver/softhsm-fixtures/mint"
)

// KeyKind is the kind of a key that the PKI can make.
type KeyKind int

// Kinds of keys. GOST256 is R 34.10-2012 on CryptoPro-A, GOST512 on tc26-512-A.
const (
	P256 KeyKind = iota + 1
	P384
	RSA2048
	GOST256
	GOST512
)

// KeyKinds returns every kind that the standard library knows, for tests that walk all of them.
func KeyKinds() []KeyKind { return []KeyKind{P256, P384, RSA2048} }

// GOSTKinds returns every kind of GOST.
func GOSTKinds() []KeyKind { return []KeyKind{GOST256, GOST512} }

// String names the kind.
func (k KeyKind) String() string {
	switch k {
	case P256:
		return "p256"
	case P384:
		return "p384"
	case RSA2048:
		return "rsa2048"
	case GOST256:
		return "gost256"
	case GOST512:
		return "gost512"
	}
	return fmt.Sprintf("KeyKind(%d)", int(k))
}

// IsGOST says whether the kind is one of GOST.
func (k KeyKind) IsGOST() bool { return k == GOST256 || k == GOST512 }

// NewKey makes a private key of that kind: *mint.Key for GOST, else of the standard library.
func NewKey(k KeyKind) (crypto.Signer, error) {
	switch k {
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case GOST256:
		return mint.NewKey(mint.GOST256A), nil
	case GOST512:
		return mint.NewKey(mint.GOST512A), nil
	}
	return nil, fmt.Errorf("make a key: unknown kind %v", k)
}

// signable is the key as the standard library or mint made it, without what mint adds.
func signable(k *mint.Key) crypto.Signer {
	switch k.Private.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return k.Private
	}
	return k
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	var der []byte
	var err error
	if k, ok := key.(*mint.Key); ok && k.Kind.IsGOST() {
		der = k.PKCS8()
	} else if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, fmt.Errorf("encode a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func readKey(der []byte) (crypto.Signer, error) {
	if k, err := mint.GOSTFromPKCS8(der); err == nil {
		return k, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	return signer, nil
}
