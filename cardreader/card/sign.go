// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"

	"zaver/cardreader/apdu"
	"zaver/signature/algo"
	"zaver/signature/pin"
)

// Sign has the card sign a ready digest under the signature password: VERIFY,
// then PSO: COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8 section 11.5). ECDSA
// signatures are returned as ASN.1 DER. It fails with reason [Unsupported] for
// an algorithm that the profile does not name. A wrong, blocked or ill-formed
// PIN is a *[pin.Error]. Validity is the caller's to check: the card has no clock.
func (c *Card) Sign(ctx context.Context, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	sig := &c.profile.Signature
	if !slices.Contains(sig.Algorithms, a.Name) {
		return nil, &Error{Reason: Unsupported, Op: "sign with " + a.Name}
	}
	if len(digest) != a.Digest.Size || len(digest) == 0 {
		return nil, &Error{Reason: Protocol, Op: "sign", Cause: errors.New("digest of the wrong length")}
	}
	pw, err := c.profile.password(sig.Password)
	if err != nil {
		return nil, err
	}
	var raw []byte
	err = c.section(ctx, true, func(s *session) error {
		if err := s.verify(ctx, pw, p); err != nil {
			return err
		}
		if sig.MSE != nil {
			if _, err := s.exchange(ctx, "set the security environment", *sig.MSE); err != nil {
				return err
			}
		}
		r, err := s.exchange(ctx, "compute the signature", apdu.Command{
			INS: 0x2A, P1: 0x9E, P2: 0x9A, Data: digest, Le: apdu.MaxShortLe,
		})
		raw = r.Data
		return err
	})
	if err != nil {
		return nil, err
	}
	der, err := halvesToDER(raw, sig.Size)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: "compute the signature", Cause: err}
	}
	return der, nil
}

// halvesToDER turns r||s of size bytes into ECDSA-Sig-Value (RFC 3279 section 2.2.3).
func halvesToDER(raw []byte, size int) ([]byte, error) {
	if len(raw) != size {
		return nil, errors.New("signature of the wrong length")
	}
	var v struct{ R, S *big.Int }
	v.R = new(big.Int).SetBytes(raw[:size/2])
	v.S = new(big.Int).SetBytes(raw[size/2:])
	if v.R.Sign() == 0 || v.S.Sign() == 0 {
		return nil, errors.New("signature half is zero")
	}
	return asn1.Marshal(v)
}
