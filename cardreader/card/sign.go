// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/algo"
	"zaver/signature/pin"
)

// Tags of a dynamic authentication template (ISO/IEC 7816-4 section 11.5.5).
const (
	tagTemplate  apdu.Tag = 0x7C
	tagChallenge apdu.Tag = 0x81
	tagResponse  apdu.Tag = 0x82
)

// Sign has the card sign a ready digest under the signature password. VERIFY
// comes right before the signature, as keys that want the password every time
// demand. The signature is what CMS takes: ASN.1 DER for ECDSA, s || r for GOST,
// PKCS #1 bytes for RSA; it is not checked here. A nil PIN means that it is
// typed on the reader's keypad, see [Card.Pad].
//
// It fails with reason [Unsupported] for an algorithm that the profile does not
// name for the certificate's key. A wrong, blocked or ill-formed PIN is a
// *[pin.Error]. Validity is the caller's to check: the card has no clock.
func (c *Card) Sign(ctx context.Context, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	if len(digest) != a.Digest.Size || len(digest) == 0 {
		return nil, &Error{Reason: Protocol, Op: "sign", Cause: errors.New("digest of the wrong length")}
	}
	row, err := c.signatureRow(ctx, a)
	if err != nil {
		return nil, err
	}
	input, err := row.input(a, digest)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: "sign", Cause: err}
	}
	pw, err := c.profile.password(c.profile.Signature.Password)
	if err != nil {
		return nil, err
	}
	if err := c.permits("sign", cvc.UseSigning); err != nil {
		return nil, err
	}
	var raw []byte
	err = c.section(ctx, true, func(s *session) error {
		if err := s.verify(ctx, pw, p); err != nil {
			return err
		}
		if row.MSE != nil {
			if _, err := s.exchange(ctx, "set the security environment", *row.MSE); err != nil {
				return err
			}
		}
		raw, err = s.computeSignature(ctx, row, input)
		return err
	})
	if err != nil {
		return nil, err
	}
	signature, err := row.signature(a, raw)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: "compute the signature", Cause: err}
	}
	return signature, nil
}

// signatureRow finds the row for the algorithm. Where rows tell keys of several
// sizes apart, the certificate says which key it is.
func (c *Card) signatureRow(ctx context.Context, a algo.Algorithm) (*SignatureAlgorithm, error) {
	rows := c.profile.Signature.Algorithms
	for i := range rows {
		row := &rows[i]
		if row.Name != a.Name {
			continue
		}
		if row.Bits == 0 {
			return row, nil
		}
		certificate, err := c.Certificate(ctx)
		if err != nil {
			return nil, err
		}
		if certificate.PublicKey.Bits() == row.Bits {
			return row, nil
		}
	}
	return nil, &Error{Reason: Unsupported, Op: "sign with " + a.Name}
}

// computeSignature sends the command that the profile names and returns the
// card's bytes.
func (s *session) computeSignature(ctx context.Context, row *SignatureAlgorithm, input []byte) ([]byte, error) {
	const op = "compute the signature"
	if s.card.profile.Signature.Command != GeneralAuthenticate {
		r, err := s.exchange(ctx, op, apdu.Command{INS: 0x2A, P1: 0x9E, P2: 0x9A, Data: input, Le: apdu.MaxShortLe})
		return r.Data, err
	}
	template := apdu.TLV{Tag: tagTemplate, Children: []apdu.TLV{{Tag: tagResponse}, {Tag: tagChallenge, Value: input}}}
	r, err := s.exchange(ctx, op, apdu.Command{
		INS: 0x87, P1: row.ID, P2: row.Key, Data: template.Append(nil), Le: apdu.MaxShortLe,
	})
	if err != nil {
		return nil, err
	}
	response, found, err := apdu.Contents(r.Data, tagTemplate, tagResponse)
	if err == nil && !found {
		err = fmt.Errorf("no %s in %s", tagResponse, tagTemplate)
	}
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return response, nil
}
