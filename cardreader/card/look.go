// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"errors"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
)

// Opening is what the card tells a terminal that it trusts, before any PIN.
type Opening struct {
	// Greeting is the pass phrase that the holder chose: shown before the PIN, it tells the holder that
	// this is the own card, and that card and terminal trust each other. Empty when the card has none.
	Greeting string
	// Number is the card's number, digits; empty when the card has none or says that its data are inconsistent.
	Number string
	// Inconsistent says that the application calls its own data inconsistent (a personalisation that did not end).
	Inconsistent bool
}

// Opening reads what the profile names of the card's greeting, number and state.
func (c *Card) Opening(ctx context.Context) (Opening, error) {
	var o Opening
	err := c.section(ctx, false, func(s *session) (err error) {
		o, err = s.opening(ctx)
		return err
	})
	return o, err
}

func (s *session) opening(ctx context.Context) (o Opening, err error) {
	p := &s.card.profile.Secure
	state, err := s.object(ctx, "read the application's state", p.Status)
	if err != nil {
		return o, err
	}
	o.Inconsistent = p.Status.Tag != 0 && !bytes.Equal(state, []byte{p.Consistent})
	greeting, err := s.object(ctx, "read the greeting", p.Greeting)
	if err != nil {
		return o, err
	}
	if o.Greeting, err = decodeText(greeting); err != nil {
		return o, &Error{Reason: Protocol, Op: "read the greeting", Cause: err}
	}
	if o.Inconsistent {
		return o, nil
	}
	number, err := s.object(ctx, "read the card's number", p.Number)
	if err != nil {
		return o, err
	}
	if o.Number, err = apdu.DecodeCN(number); err != nil {
		return o, &Error{Reason: Protocol, Op: "read the card's number", Cause: err}
	}
	return o, nil
}

// object reads one data object; nil when the profile names none or the card has none.
func (s *session) object(ctx context.Context, op string, o Object) ([]byte, error) {
	if o.Tag == 0 {
		return nil, nil
	}
	r, err := s.channel.Exchange(ctx, apdu.Command{INS: 0xCA, P1: byte(o.Tag >> 8), P2: byte(o.Tag), Le: apdu.MaxShortLe})
	if err != nil {
		return nil, wrap(op, err)
	}
	if r.SW.Meaning() == apdu.NotFound {
		return nil, nil
	}
	if !r.SW.OK() {
		return nil, s.card.statusError(op, r.SW)
	}
	objects, err := apdu.ParseTLV(r.Data)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	object, ok := apdu.Find(objects, o.Tag)
	if !ok || len(object.Value) > o.Max {
		return nil, &Error{Reason: Protocol, Op: op, Cause: errors.New("another data object, or a longer one than the profile allows")}
	}
	return object.Value, nil
}

// held is the key under which a context carries the section of a card.
type held struct{ card *Card }

// Together runs work in one section: the card is taken once, the application
// selected once and secure messaging opened once for all operations that work
// makes on this card with the context it is given. Work must make them one after another. If one of them
// ends the session, those after it fail with reason [Insecure].
func (c *Card) Together(ctx context.Context, work func(ctx context.Context) error) error {
	return c.section(ctx, false, func(s *session) error {
		return work(context.WithValue(ctx, held{c}, s))
	})
}

// permits returns an error of reason [NoTerminal] where the card would refuse
// the terminal, so that no PIN is shown in vain.
func (c *Card) permits(op string, right cvc.Rights) error {
	if _, plain := c.suite.(plainSuite); plain || c.terminal == nil {
		return nil // without a terminal the section says so itself
	}
	if c.terminal.Rights()&right == 0 || right == cvc.UseSigning && !c.terminal.MaySign() {
		return &Error{Reason: NoTerminal, Op: op, Cause: errors.New("the terminal's certificates do not permit it")}
	}
	return nil
}
