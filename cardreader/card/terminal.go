// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/cvc"
	"zaver/signature/gost"
)

// Terminal is who this program is to a card that demands terminal
// authentication: a key, the two certificates that vouch for it, and the root by
// which it knows cards in turn. It is made by [NewTerminal], [ParseTerminal] or
// [LoadTerminal], immutable, and may serve many cards at once.
type Terminal struct {
	key      *gost.PrivateKey
	root     cvc.Authority
	operator *cvc.Certificate
	own      *cvc.Certificate
}

// NewTerminal puts a terminal together and checks that its parts belong
// together: the operator's certificate under the root, the terminal's under the
// operator's, the key under the terminal's. Days are not looked at: [Terminal.Valid].
func NewTerminal(key *gost.PrivateKey, root cvc.Authority, operator, own *cvc.Certificate) (*Terminal, error) {
	if key == nil || operator == nil || own == nil || root.Key == nil || len(root.Name) == 0 {
		return nil, errors.New("a part is missing")
	}
	if err := operator.Check(cvc.Operator, root); err != nil {
		return nil, fmt.Errorf("the operator's certificate: %w", err)
	}
	if err := own.Check(cvc.Terminal, operator.Authority()); err != nil {
		return nil, fmt.Errorf("the terminal's certificate: %w", err)
	}
	if !bytes.Equal(key.Public().Bytes(), own.Key.Bytes()) {
		return nil, errors.New("the key is not that of the terminal's certificate")
	}
	if len(own.Subject) != terminalInfoSize {
		return nil, fmt.Errorf("the terminal's certificate: information of %d bytes, not %d", len(own.Subject), terminalInfoSize)
	}
	return &Terminal{key: key, root: root, operator: operator, own: own}, nil
}

// Terminal information is the subject of the terminal's certificate: 16 bytes,
// one bit of which says that the terminal may have the card sign.
const (
	terminalInfoSize = 16
	signByte         = 14
	signBit          = 0x04
)

// Valid returns an *[Error] of reason [NoTerminal] when a certificate of the
// terminal is not valid on the calendar day of at.
func (t *Terminal) Valid(at time.Time) error {
	for _, c := range []*cvc.Certificate{t.operator, t.own} {
		if err := c.On(at); err != nil {
			return &Error{Reason: NoTerminal, Op: "check the terminal's certificates", Cause: err}
		}
	}
	return nil
}

// Rights returns what both certificates allow, by the rules that the card
// applies too.
func (t *Terminal) Rights() cvc.Rights { return t.operator.Rights & t.own.Rights }

// MaySign reports whether the card will sign for this terminal.
func (t *Terminal) MaySign() bool {
	return t.Rights()&cvc.UseSigning != 0 && t.own.Subject[signByte]&signBit != 0
}

// Option is a part of [Open] that only some cards need.
type Option func(*Card)

// WithTerminal lets Open work with cards that demand terminal authentication.
// Without one, or with nil, such a card fails with reason [NoTerminal].
func WithTerminal(t *Terminal) Option { return func(c *Card) { c.terminal = t } }
