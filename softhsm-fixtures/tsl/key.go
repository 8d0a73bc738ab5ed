// SPDX-License-Identifier: Apache-2.0

package tsl

import (
	"fmt"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/xmldsig"
	"zaver/softhsm-fixtures/mint"
)

// key signs XML with what mint made.
type key struct {
	party       *mint.Party
	certificate *cert.Certificate
	algorithm   algo.Algorithm
}

// Key makes a key of mint sign XML.
func Key(p *mint.Party) (xmldsig.Key, error) {
	c, err := cert.Parse(p.DER)
	if err != nil {
		return nil, fmt.Errorf("key for XML: %w", err)
	}
	a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
	if c.PublicKey.Kind() == algo.GOST2001 {
		a, err = algo.ByName("gost2001")
	}
	if err != nil {
		return nil, fmt.Errorf("key for XML: %w", err)
	}
	return key{p, c, a}, nil
}

func (k key) Certificate() *cert.Certificate { return k.certificate }
func (k key) Algorithm() algo.Algorithm      { return k.algorithm }

func (k key) Sign(input []byte) ([]byte, error) {
	sig, err := k.party.Key.Sign(nil, input, nil)
	if err != nil {
		return nil, fmt.Errorf("sign XML: %w", err)
	}
	return sig, nil
}
