// SPDX-License-Identifier: Apache-2.0

package piv

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"math/big"

	"zaver/cardreader/apdu"
)

// authenticate is GENERAL AUTHENTICATE (part 2 section 3.2.4): a signature over
// a challenge (81), or a shared secret from a point (85) under the key-management
// key. P1 is the algorithm, P2 the key.
func (a *application) authenticate(cmd apdu.Command, fresh bool) apdu.Response {
	key := a.keys[cmd.P2]
	if key == nil {
		return sw(apdu.SWReferenceNotFound)
	}
	if id, err := algorithmOf(key); err != nil || id != cmd.P1 {
		return sw(apdu.SWWrongP1P2)
	}
	if !a.mayUse(cmd.P2, fresh) {
		return sw(apdu.SWSecurityStatus)
	}
	content, found, err := apdu.Contents(cmd.Data, 0x7C)
	if err != nil || !found {
		return sw(apdu.SWWrongData)
	}
	objects, err := apdu.Objects(content)
	if err != nil {
		return sw(apdu.SWWrongData)
	}
	if asked, ok := apdu.Find(objects, 0x82); !ok || len(asked.Value) != 0 {
		return sw(apdu.SWWrongData)
	}
	var out []byte
	if challenge, ok := apdu.Find(objects, 0x81); ok {
		out = sign(key, challenge.Value)
	} else if point, ok := apdu.Find(objects, 0x85); ok && cmd.P2 == KeyManagement {
		out = agree(key, point.Value)
	}
	if out == nil {
		return sw(apdu.SWWrongData)
	}
	return data(put(nil, 0x7C, put(nil, 0x82, out...)...))
}

func (a *application) mayUse(ref byte, fresh bool) bool {
	switch ref {
	case CardAuthentication:
		return true
	case DigitalSignature:
		return a.verified && fresh
	}
	return a.verified
}

// sign returns an ECDSA signature in DER over a digest, or the RSA private
// operation over a whole padded block; nil for input of the wrong length.
func sign(key crypto.Signer, input []byte) []byte {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		if size := (k.Curve.Params().BitSize + 7) / 8; len(input) == 0 || len(input) > size {
			return nil
		}
		der, err := ecdsa.SignASN1(rand.Reader, k, input)
		if err != nil {
			return nil
		}
		return der
	case *rsa.PrivateKey:
		m := new(big.Int).SetBytes(input)
		if len(input) != k.Size() || m.Cmp(k.N) >= 0 {
			return nil
		}
		return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size()))
	}
	return nil
}

// agree returns the shared secret's x-coordinate.
func agree(key crypto.Signer, point []byte) []byte {
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil
	}
	private, err := k.ECDH()
	if err != nil {
		return nil
	}
	public, err := private.Curve().NewPublicKey(point)
	if err != nil {
		return nil
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil
	}
	return secret
}
