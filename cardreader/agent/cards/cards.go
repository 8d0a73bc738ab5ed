// SPDX-License-Identifier: Apache-2.0

// Package cards alone owns the agent's view of smart cards: it looks into the
// readers, opens the cards that a profile knows, and turns them into
// credentials. A card is opened anew for each operation and let go after it;
// nothing holds a reader while a person thinks.
//
// A Source may be used from many goroutines.
package cards

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/algo"
	"zaver/signature/pin"
)

// firstLook bounds the wait for the service's first word: a service without
// any reader may have none to say.
const firstLook = 2 * time.Second

// Connection is an open card in a reader.
type Connection interface {
	card.Transmitter
	ATR() []byte
	Close()
}

// Readers is what the package needs of the smart-card service.
type Readers interface {
	// Watch reports what is there, and every change, until ctx ends.
	Watch(ctx context.Context) <-chan pcsc.Snapshot
	// Connect opens the card in a reader.
	Connect(ctx context.Context, reader string) (Connection, error)
}

// Service makes Readers of the machine's smart-card service.
func Service(s *pcsc.Service) Readers { return service{s} }

type service struct{ *pcsc.Service }

// Connect implements Readers.
func (s service) Connect(ctx context.Context, reader string) (Connection, error) {
	c, err := s.Service.Connect(ctx, reader)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Source offers the cards in the readers to the agent.
type Source struct {
	readers  Readers
	profiles []*card.Profile
	options  []card.Option
	now      func() time.Time
	log      *slog.Logger

	limit, patience time.Duration // see fromAll
}

// New makes a Source that knows the cards of the profiles. now and log may be nil. Cards are opened with the options: the terminal,
// where cards demand one.
func New(r Readers, profiles []*card.Profile, now func() time.Time, log *slog.Logger, options ...card.Option) *Source {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Source{readers: r, profiles: profiles, options: options, now: now, log: log, limit: cardLimit, patience: listPatience}
}

// Of returns a Source of the same readers that offers the cards of one kind; to it, others are unsupported.
func (s *Source) Of(k card.Kind) *Source {
	out := *s
	out.profiles = card.OfKind(s.profiles, k)
	return &out
}

// Look returns the readers as they are now. The error is a *card.Error with card.no_service, card.no_access or card.no_reader.
func (s *Source) Look(ctx context.Context) ([]pcsc.Reader, error) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	late := time.NewTimer(firstLook)
	defer late.Stop()
	var seen pcsc.Snapshot
	select {
	case seen = <-s.readers.Watch(watching):
	case <-late.C:
	case <-ctx.Done():
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case seen.Err != nil:
		return nil, seen.Err
	case len(seen.Readers) == 0:
		return nil, &card.Error{Reason: card.NoReader, Op: "look into the readers"}
	}
	return seen.Readers, nil
}

// List returns the certificate of each card that a profile knows. Without one it returns a *card.Error that says
// why: no service, no reader, no card, or what is wrong with the card that is in. A card that another program holds, or
// that does not answer, keeps the others from nothing: it is waited for two seconds where another can be used, else ten.
func (s *Source) List(ctx context.Context) ([]agent.Credential, error) {
	return fromAll(ctx, s, func(ctx context.Context, r pcsc.Reader) ([]agent.Credential, error) {
		c, err := s.Read(ctx, r)
		return []agent.Credential{c}, err
	}, func(c agent.Credential) bool { return c.Code == "" })
}

// worse picks the failure that explains more: a card that is merely of another kind says least.
func worse(a, b error) error {
	none, unsupported := &card.Error{Reason: card.None}, &card.Error{Reason: card.Unsupported}
	if errors.Is(a, none) || errors.Is(a, unsupported) && !errors.Is(b, none) {
		return b
	}
	return a
}

// ref finds a card again: by reader, and then by its certificate.
type ref struct{ reader string }

// Read opens the card in one reader and describes it. No PIN is needed, and none is spent.
func (s *Source) Read(ctx context.Context, r pcsc.Reader) (agent.Credential, error) {
	if r.Mute {
		return agent.Credential{}, &card.Error{Reason: card.Protocol, Op: "wake the card", Cause: errors.New("no answer to reset")}
	}
	conn, c, err := s.open(ctx, r.Name)
	if err != nil {
		return agent.Credential{}, err
	}
	defer conn.Close()
	var out agent.Credential
	err = c.Together(ctx, func(ctx context.Context) (err error) {
		out, err = s.describe(ctx, r, c)
		return err
	})
	return out, err
}

// describe is Read with the card open.
func (s *Source) describe(ctx context.Context, r pcsc.Reader, c *card.Card) (agent.Credential, error) {
	p := c.Profile()
	out := agent.Credential{Ref: ref{r.Name}, Titles: titles(p)}
	all, err := c.Certificates(ctx)
	if err != nil {
		return agent.Credential{}, err
	}
	opening, err := c.Opening(ctx)
	if err != nil {
		return agent.Credential{}, err
	}
	out.Greeting = opening.Greeting
	out.Certificate, out.Chain = all[0], all[1:]
	out.PIN = pinRef{r.Name, p.Signature.Password, all[0].Fingerprint()}
	pad := c.Pad(ctx, p.Signature.Password)
	out.KeypadDenied = pad.Denied
	if pad.Verify {
		out.Entry, out.EntryTime = agent.PINOnReader, card.PadTimeout
	}
	if err := c.Validity().Check(s.now()); err != nil {
		out.Code = agent.CodeOf(err)
		return out, nil
	}
	var refused *pin.Error
	switch out.Tries, err = c.Tries(ctx, p.Signature.Password); {
	case errors.As(err, &refused):
		out.Code = refused.Code()
	case err != nil:
		return agent.Credential{}, err
	case out.Tries.Blocked():
		out.Code = (&pin.Error{Reason: pin.ReasonBlocked}).Code()
	}
	return out, nil
}

func (s *Source) open(ctx context.Context, reader string) (Connection, *card.Card, error) {
	conn, err := s.readers.Connect(ctx, reader)
	if err != nil {
		return nil, nil, err
	}
	c, err := card.Open(ctx, conn, conn.ATR(), s.profiles, append(slices.Clone(s.options), card.WithLanguage(string(words.Of(ctx))))...)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, c, nil
}

// Sign makes one signature with the card of a credential that List returned. A card that was exchanged for another
// meanwhile counts as removed, and its PIN is not shown to the other.
func (s *Source) Sign(ctx context.Context, c agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	at, ok := c.Ref.(ref)
	if !ok {
		return nil, errors.New("credential is not a card's")
	}
	conn, opened, err := s.open(ctx, at.reader)
	if err != nil {
		return nil, gone(err)
	}
	defer conn.Close()
	var signature []byte
	err = opened.Together(ctx, func(ctx context.Context) error {
		there, err := opened.Certificate(ctx)
		if err != nil {
			return gone(err)
		}
		if !there.Equal(c.Certificate) {
			return &card.Error{Reason: card.Removed, Op: "find the card again", Cause: errors.New("another card is in the reader")}
		}
		if err := opened.Validity().Check(s.now()); err != nil {
			return err
		}
		if err := mayTry(ctx, opened, c.Tries); err != nil {
			return gone(err)
		}
		signature, err = opened.Sign(ctx, p, a, digest)
		return err
	})
	return signature, late(err)
}

// late says of a keypad on which nothing was typed that the time is over; nobody has called the request off.
func late(err error) error {
	if errors.Is(err, card.ErrPadTimeout) {
		return &agent.Error{ErrorCode: agent.CodeTimeout, Cause: errors.New(err.Error())} // as text: in the chain it would still be a no
	}
	return err
}

// mayTry refuses the last try where the person was told of more: another program may have spent some since.
func mayTry(ctx context.Context, c *card.Card, told pin.Tries) error {
	left, err := c.Tries(ctx, c.Profile().Signature.Password)
	if err != nil {
		return err
	}
	if left == pin.Left(1) && told != left {
		return &agent.Error{ErrorCode: agent.CodeLastTry}
	}
	return nil
}

// gone says of a card that was there a moment ago that it was removed.
func gone(err error) error {
	if errors.Is(err, &card.Error{Reason: card.None}) {
		return &card.Error{Reason: card.Removed, Op: "find the card again", Cause: err}
	}
	return err
}

// Wait returns nil when a card is in any reader. A service or reader that goes away meanwhile is waited for, too.
func (s *Source) Wait(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	for seen := range s.readers.Watch(watching) {
		for _, r := range seen.Readers {
			if r.Present {
				return nil
			}
		}
	}
	return ctx.Err()
}
