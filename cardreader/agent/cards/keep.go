// SPDX-License-Identifier: Apache-2.0

package cards

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/pin"
)

// pinRef finds a card's PIN again: by reader, certificate and the PIN's name in the profile.
type pinRef struct {
	reader, name string
	print        [sha256.Size]byte
}

// PINs returns the PINs of each card that a profile knows. Without one the error is List's. No try is spent.
func (s *Source) PINs(ctx context.Context) ([]agent.PINState, error) {
	return s.pins(ctx, func(*card.Profile, string) bool { return true })
}

// pins returns those PINs that are wanted, by profile and name.
func (s *Source) pins(ctx context.Context, wanted func(*card.Profile, string) bool) ([]agent.PINState, error) {
	return fromAll(ctx, s, func(ctx context.Context, r pcsc.Reader) ([]agent.PINState, error) {
		return s.readPINs(ctx, r, wanted)
	}, func(agent.PINState) bool { return true })
}

func (s *Source) readPINs(ctx context.Context, r pcsc.Reader, wanted func(*card.Profile, string) bool) ([]agent.PINState, error) {
	if r.Mute {
		return nil, &card.Error{Reason: card.Protocol, Op: "wake the card", Cause: errors.New("no answer to reset")}
	}
	conn, c, err := s.open(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var out []agent.PINState
	err = c.Together(ctx, func(ctx context.Context) error {
		print, err := fingerprint(ctx, c)
		if err == nil {
			out, err = describePINs(ctx, c, r.Name, print)
		}
		return err
	})
	return slices.DeleteFunc(out, func(p agent.PINState) bool { return !wanted(c.Profile(), p.Name) }), err
}

// describePINs asks the card for what is left of each of its PINs.
func describePINs(ctx context.Context, c *card.Card, reader string, print [sha256.Size]byte) ([]agent.PINState, error) {
	p := c.Profile()
	tries := make(map[string]pin.Tries)
	problems := make(map[string]pin.Reason)
	for _, pw := range p.Passwords {
		left, err := c.Tries(ctx, pw.Name)
		var refused *pin.Error
		switch {
		case errors.As(err, &refused):
			problems[pw.Name] = refused.Reason
		case err != nil:
			return nil, err
		case left.Blocked():
			problems[pw.Name] = pin.ReasonBlocked
		}
		tries[pw.Name] = left
	}
	out := make([]agent.PINState, 0, len(p.Passwords))
	for _, pw := range p.Passwords {
		st := agent.PINState{Ref: pinRef{reader, pw.Name, print}, Titles: titles(p), Name: pw.Name, Tries: tries[pw.Name], Problem: problems[pw.Name],
			Min: pw.Min, Max: pw.Max, Digits: pw.Characters == card.Digits, CanChange: pw.Change != "", Unblock: unblocking(p, pw),
			UnblockTries: tries[pw.UnblockedBy]}
		if c.Pad(ctx, pw.Name).Modify {
			st.Entry = agent.PINOnReader
		}
		out = append(out, st)
	}
	return out, nil
}

// unblocking names the secret that unblocks a PIN as people know it.
func unblocking(p *card.Profile, pw card.Password) agent.Unblocking {
	switch {
	case pw.UnblockedBy == "":
		return agent.NoUnblock
	case p.Kind == card.KindUEC:
		return agent.ByKRP
	}
	return agent.ByPUK
}

func titles(p *card.Profile) map[words.Language]string {
	return map[words.Language]string{words.Russian: p.Title["ru"], words.English: p.Title["en"]}
}

// fingerprint tells cards apart: by the certificate, and without one by the number that the card tells a terminal. A card with neither has none.
func fingerprint(ctx context.Context, c *card.Card) (out [sha256.Size]byte, err error) {
	x, err := c.Certificate(ctx)
	if err == nil {
		return x.Fingerprint(), nil
	}
	if !errors.Is(err, &card.Error{Reason: card.NoCertificate}) {
		return out, err
	}
	opening, err := c.Opening(ctx)
	if err != nil || opening.Number == "" {
		return out, err
	}
	return sha256.Sum256([]byte("number " + opening.Number)), nil
}

// ChangePIN changes a PIN of a card that PINs returned.
func (s *Source) ChangePIN(ctx context.Context, p agent.PINState, old, fresh *pin.PIN) error {
	return s.keep(ctx, p, func(ctx context.Context, c *card.Card, name string) (string, error) {
		return name, c.ChangePIN(ctx, name, old, fresh)
	}, func(pw card.Password) (string, pin.Tries) { return pw.Name, p.Tries })
}

// UnblockPIN gives a PIN a new value in the name of its unblocking secret.
func (s *Source) UnblockPIN(ctx context.Context, p agent.PINState, secret, fresh *pin.PIN) error {
	return s.keep(ctx, p, func(ctx context.Context, c *card.Card, name string) (string, error) {
		return agent.RefUnblock, c.UnblockPIN(ctx, name, secret, fresh)
	}, func(pw card.Password) (string, pin.Tries) { return pw.UnblockedBy, p.UnblockTries })
}

// keep opens the card again and works on one PIN. shown says which password will be tried, and how many tries the person was told of:
// the last one is not spent unsaid. work says how to call that password in errors.
func (s *Source) keep(ctx context.Context, p agent.PINState, work func(ctx context.Context, c *card.Card, name string) (string, error),
	shown func(card.Password) (string, pin.Tries)) error {
	at, ok := p.Ref.(pinRef)
	if !ok {
		return errors.New("PIN is not a card's")
	}
	conn, c, err := s.open(ctx, at.reader)
	if err != nil {
		return gone(err)
	}
	defer conn.Close()
	var secret string
	err = c.Together(ctx, func(ctx context.Context) error {
		if err := mayKeep(ctx, c, at, shown); err != nil {
			return err
		}
		secret, err = work(ctx, c, at.name)
		return err
	})
	return keptBy(err, at.name, secret)
}

// mayKeep refuses another card, and the last try where the person was told of more.
func mayKeep(ctx context.Context, c *card.Card, at pinRef, shown func(card.Password) (string, pin.Tries)) error {
	print, err := fingerprint(ctx, c)
	if err != nil {
		return err
	}
	if print != at.print {
		return &card.Error{Reason: card.Removed, Op: "find the card again", Cause: errors.New("another card is in the reader")}
	}
	for _, pw := range c.Profile().Passwords {
		if pw.Name != at.name {
			continue
		}
		tried, told := shown(pw)
		left, err := c.Tries(ctx, tried)
		if err != nil {
			return err
		}
		if left == pin.Left(1) && told != left {
			return &agent.Error{ErrorCode: agent.CodeLastTry}
		}
	}
	return nil
}

// keptBy names the secret of a failure as the agent does: a form that is not the tried secret's is the new PIN's.
func keptBy(err error, name, secret string) error {
	var refused *pin.Error
	if !errors.As(err, &refused) {
		return gone(err)
	}
	out := *refused
	switch {
	case refused.Ref != name && refused.Ref != "":
		out.Ref = secret
	case refused.Reason == pin.ReasonFormat && secret == agent.RefUnblock:
		out.Ref = agent.RefNew
	}
	return &out
}
