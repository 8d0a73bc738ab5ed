// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
)

// Variant is what is right or wrong with a certificate.
type Variant string

// Variants of a holder's certificate.
const (
	Good          Variant = "good"
	Expired       Variant = "expired"        // ended yesterday
	NotYetValid   Variant = "not-yet-valid"  // begins tomorrow
	Revoked       Variant = "revoked"        // revoked an hour ago, reason keyCompromise
	WrongUsage    Variant = "wrong-usage"    // key usage without any right to sign
	WrongSubject  Variant = "wrong-subject"  // the holder's name with another person's SNILS and INN
	NotAccredited Variant = "not-accredited" // issued by RogueCA
	NotQualified  Variant = "not-qualified"  // without the extensions of a qualified certificate
)

// Variants returns every variant.
func Variants() []Variant {
	return []Variant{Good, Expired, NotYetValid, Revoked, WrongUsage, WrongSubject, NotAccredited, NotQualified}
}

// Order asks for one holder's certificate.
type Order struct {
	Person people.Person
	// Variant is Good when empty.
	Variant Variant
	// Authority is chosen as in Template when empty; NotAccredited always goes to RogueCA.
	Authority string
	// PublicKey is the key of a token or card; nil makes a key here.
	PublicKey crypto.PublicKey
	// Keys is the kind of the key made here; P256 when zero.
	Keys KeyKind
}

// Identity is a holder's certificate and, when it was made here, the key.
type Identity struct {
	DER       []byte
	Serial    *big.Int
	Chain     [][]byte // issuing certificates from the issuer up, the self-signed one included
	Authority string
	Key       crypto.Signer // nil when the order brought its own public key
}

// Make issues a certificate of the wanted variant.
func (p *PKI) Make(o Order) (*Identity, error) {
	id := &Identity{Authority: o.Authority}
	pub := o.PublicKey
	if pub == nil {
		kind := o.Keys
		if kind == 0 {
			kind = P256
		}
		key, err := NewKey(kind)
		if err != nil {
			return nil, err
		}
		id.Key, pub = key, key.Public()
	}
	if id.Authority == "" {
		spki, _ := mint.PublicDER(pub) // Issue refuses what is no key
		id.Authority = p.authorityFor(spki)
	}
	t := Template{Subject: subjectOf(o.Person), PublicKey: pub}
	now := p.cfg.Now()
	switch o.Variant {
	case Expired:
		t.NotBefore, t.NotAfter = now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1)
	case NotYetValid:
		t.NotBefore, t.NotAfter = now.AddDate(0, 0, 1), now.AddDate(1, 0, 0)
	case WrongUsage:
		t.KeyUsage = x509.KeyUsageKeyEncipherment
	case WrongSubject:
		other := people.Stranger()
		t.Subject.SNILS, t.Subject.INN = other.SNILS, other.INN
	case NotAccredited:
		id.Authority = RogueCA
	case NotQualified:
		t.NotQualified = true
	case Good, Revoked, "":
	default:
		return nil, fmt.Errorf("make an identity: unknown variant %q", o.Variant)
	}
	t.Authority = id.Authority
	var err error
	if id.DER, err = p.Issue(t); err != nil {
		return nil, err
	}
	if id.Serial, err = Serial(id.DER); err != nil {
		return nil, err
	}
	for a := p.Authority(id.Authority); a != nil; a = a.parent {
		id.Chain = append(id.Chain, a.DER())
	}
	if o.Variant == Revoked {
		return id, p.Authority(id.Authority).Revoke(id.Serial, now.Add(-time.Hour), 1)
	}
	return id, nil
}

// PEM is the certificate.
func (i *Identity) PEM() []byte { return certificatePEM(i.DER) }

// ErrNoKey says that the identity's key lives in a token or card.
var ErrNoKey = errors.New("the key is not here")

// KeyPEM is the private key as PKCS #8; ErrNoKey when the order brought its own.
func (i *Identity) KeyPEM() ([]byte, error) {
	if i.Key == nil {
		return nil, ErrNoKey
	}
	return keyPEM(i.Key)
}

// SignDigest signs a digest, so that an identity can stand for a token in tests of signatures:
// PKCS #1 v1.5 for RSA, ASN.1 DER for ECDSA, s then r for GOST. It returns ErrNoKey when the key is
// elsewhere.
func (i *Identity) SignDigest(_ context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	if i.Key == nil {
		return nil, ErrNoKey
	}
	return i.Key.Sign(rand.Reader, digest, a.Digest.Std)
}
