// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"crypto"
	"fmt"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
)

// PIVCard makes a person's PIV card with a qualified certificate of the variant over its key for signatures: P-256
// (which zero means), P-384 or RSA of 2048 bits. PIN and PUK are those of the person's token and card (PINs.Token, PINs.PUK).
func (w *World) PIVCard(p people.Person, v pki.Variant, k pki.KeyKind) (*piv.Card, error) {
	if k == 0 {
		k = pki.P256
	}
	key, err := pki.NewKey(k)
	if err != nil {
		return nil, fmt.Errorf("make PIV card of %s: %w", p.Key, err)
	}
	if v == "" {
		v = pki.Good
	}
	w.drawer.Lock()
	defer w.drawer.Unlock()
	id, err := w.PKI.Make(pki.Order{Person: p, Variant: v, PublicKey: key.Public()})
	if err != nil {
		return nil, fmt.Errorf("make PIV card of %s: %w", p.Key, err)
	}
	return piv.New(piv.Config{PIN: p.PINs.Token, PUK: p.PINs.PUK,
		Keys: map[byte]crypto.Signer{piv.DigitalSignature: key}, Certificates: map[byte][]byte{piv.DigitalSignature: id.DER}})
}
