// SPDX-License-Identifier: Apache-2.0

// Package card alone owns THE card: which application is on it, what its files
// hold, who may use it and how it signs. Everything that differs between cards
// is data, a [Profile]; the code knows only ISO/IEC 7816-4 and -8.
//
// A card is reached through a one-method [Transmitter], so the package needs
// no reader: package pcsc gives one, recorded scripts and virtual cards give
// others. Every operation is one short section: take the card ([Locker], when
// the carrier has one), select the application anew, work, and let go, with a
// reset if a PIN was shown. So other programs may use the card in between, and
// nobody inherits a verified PIN.
//
// A [Card] may be used from several goroutines; operations take turns. PINs
// come only as [pin.PIN], are lent for the length of one command, and every
// buffer that held one is wiped. A failed exchange is never repeated by this
// package, so a removed card never costs a try.
//
// Failures are *[Error] (what is wrong with the card) or *[pin.Error] (why a
// PIN was refused); both have a Code for people's words.
package card

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"zaver/cardreader/apdu"
	"zaver/signature/cert"
)

// Transmitter carries one command to the card and brings the answer. It must
// not keep or change command, which is wiped when Transmit returns. A removed
// card is reported as *[Error] with reason [Removed]; any other error means
// that the exchange failed and the state of the card is unknown.
type Transmitter interface {
	Transmit(ctx context.Context, command []byte) ([]byte, error)
}

// Locker is what a Transmitter has besides when other programs may use the
// same card: Lock waits until nobody else may interleave commands. The
// returned function lets go and, when reset is true, resets the card so that
// no verified PIN stays behind.
type Locker interface {
	Lock(ctx context.Context) (unlock func(reset bool) error, err error)
}

// Card is one inserted card whose application was recognised.
type Card struct {
	t        Transmitter
	profile  *Profile
	suite    Suite
	terminal *Terminal
	turn     chan struct{}
	proven   []byte // the card's public key once it was proved; touched by who has the turn

	mu       sync.Mutex
	validity Validity
	language string              // of a keypad's own messages
	certs    []*cert.Certificate // read once; a card's certificates do not change while it is in
}

// Open finds the first profile whose application is on the card. The ATR only
// orders the attempts: profiles whose hint matches it are tried first. Without
// a match it fails with reason [Unsupported].
func Open(ctx context.Context, t Transmitter, atr []byte, profiles []*Profile, options ...Option) (*Card, error) {
	unlock := func(bool) error { return nil }
	if l, ok := t.(Locker); ok {
		var err error
		if unlock, err = l.Lock(ctx); err != nil {
			return nil, wrap("take the card", err)
		}
	}
	c, err := recognise(ctx, t, atr, profiles)
	for _, o := range options {
		if c != nil {
			o(c)
		}
	}
	if unlockErr := unlock(false); err == nil && unlockErr != nil {
		return nil, wrap("let the card go", unlockErr)
	}
	return c, err
}

func recognise(ctx context.Context, t Transmitter, atr []byte, profiles []*Profile) (*Card, error) {
	for _, p := range byATR(atr, profiles) {
		suite, err := suiteNamed(p.SecureMessaging)
		if err != nil {
			return nil, err
		}
		c := &Card{t: t, profile: p, suite: suite, turn: make(chan struct{}, 1)}
		plain := &session{card: c, channel: &link{t: t}}
		fci, err := plain.selectApplication(ctx)
		if e := (*Error)(nil); errors.As(err, &e) && e.Reason == Unsupported {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.validity, err = p.readValidity(fci); err != nil {
			return nil, err
		}
		return c, nil
	}
	return nil, &Error{Reason: Unsupported, Op: "find a known application"}
}

// byATR returns the profiles with those whose hint matches first.
func byATR(atr []byte, profiles []*Profile) []*Profile {
	var first, rest []*Profile
	for _, p := range profiles {
		if p.MatchATR(atr) {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	return append(first, rest...)
}

// Profile returns the profile that the card was recognised by; not to be changed.
func (c *Card) Profile() *Profile { return c.profile }

// Validity returns the days between which the application is valid, as read
// before any PIN. What SELECT tells is in the open; once the card has proved
// its key, only days that are also those of its card-verifiable certificate count.
func (c *Card) Validity() Validity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.validity
}

func (c *Card) narrow(signed Validity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.validity = c.validity.within(signed)
}

// session is one section of work with the application selected.
type session struct {
	card    *Card
	channel Channel
	secret  bool // a PIN was shown: the card is reset when the section ends
}

// section runs work with the card locked, the application freshly selected and
// secure messaging open. secret says that work shows a PIN: the card is reset
// afterwards. Once work succeeded, a failure to let go is not reported: what
// was asked for is done, and a card that cannot be reset has lost its power.
func (c *Card) section(ctx context.Context, secret bool, work func(*session) error) error {
	if s, ok := ctx.Value(held{c}).(*session); ok { // within Together
		s.secret = s.secret || secret
		return work(s)
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return &Error{Reason: Busy, Op: "wait for a turn", Cause: ctx.Err()}
	}
	s := &session{card: c, channel: &link{t: c.t}, secret: secret}
	if l, ok := c.t.(Locker); ok {
		unlock, err := l.Lock(ctx)
		if err != nil {
			return wrap("take the card", err)
		}
		defer func() { _ = unlock(s.secret) }()
	}
	if _, err := s.selectApplication(ctx); err != nil {
		return err
	}
	channel, err := c.suite.Open(ctx, Entry{Plain: s.channel, Once: &link{t: c.t, once: true}, Card: c})
	if err != nil {
		return wrap("open secure messaging", err)
	}
	if keys, ok := channel.(interface{ wipe() }); ok {
		defer keys.wipe()
	}
	s.channel = channel
	return work(s)
}

// selectApplication selects by AID and returns the parsed answer. A card
// without the application gives reason Unsupported.
func (s *session) selectApplication(ctx context.Context) ([]apdu.TLV, error) {
	const op = "select the application"
	p := s.card.profile
	r, err := s.channel.Exchange(ctx, apdu.Command{
		INS: 0xA4, P1: 0x04, P2: p.SelectP2, Data: p.AID, Le: apdu.MaxShortLe,
	})
	if err != nil {
		return nil, wrap(op, err)
	}
	switch r.SW.Meaning() {
	case apdu.Success:
	case apdu.NotFound, apdu.Unsupported, apdu.WrongParameters, apdu.Refused, apdu.NeedsPIN:
		return nil, &Error{Reason: Unsupported, Op: op, SW: r.SW}
	default:
		return nil, s.card.statusError(op, r.SW)
	}
	fci, err := apdu.ParseTLV(r.Data)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return fci, nil
}

// selectFile selects by file identifier under the current directory.
func (s *session) selectFile(ctx context.Context, fid []byte, p2 byte) ([]apdu.TLV, error) {
	op := fmt.Sprintf("select file %X", fid)
	r, err := s.exchange(ctx, op, apdu.Command{INS: 0xA4, P2: p2, Data: fid, Le: apdu.MaxShortLe})
	if err != nil {
		return nil, err
	}
	answer, err := apdu.ParseTLV(r.Data)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return answer, nil
}

// exchange sends one command that must succeed.
func (s *session) exchange(ctx context.Context, op string, cmd apdu.Command) (apdu.Response, error) {
	r, err := s.channel.Exchange(ctx, cmd)
	if err != nil {
		return apdu.Response{}, wrap(op, err)
	}
	if !r.SW.OK() {
		return apdu.Response{}, s.card.statusError(op, r.SW)
	}
	return r, nil
}

// statusError is the error for a status word that no rule of the operation
// explains; the profile may give it a reason of its own.
func (c *Card) statusError(op string, sw apdu.SW) *Error {
	if reason, ok := c.profile.StatusWords[sw]; ok {
		return &Error{Reason: reason, Op: op, SW: sw}
	}
	return &Error{Reason: Protocol, Op: op, SW: sw}
}
