// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
)

// KeyKind is the kind of a key that the PKI can make.
type KeyKind int

// Kinds of keys.
const (
	P256 KeyKind = iota + 1
	P384
	RSA2048
)

// KeyKinds returns every kind, for tests that walk all of them.
func KeyKinds() []KeyKind { return []KeyKind{P256, P384, RSA2048} }

// String names the kind.
func (k KeyKind) String() string {
	switch k {
	case P256:
		return "p256"
	case P384:
		return "p384"
	case RSA2048:
		return "rsa2048"
	}
	return fmt.Sprintf("KeyKind(%d)", int(k))
}

// NewKey makes a private key of that kind.
func NewKey(k KeyKind) (crypto.Signer, error) {
	switch k {
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("make a key: unknown kind %v", k)
}
