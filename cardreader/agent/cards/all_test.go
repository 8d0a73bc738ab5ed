// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/uec"
)

// never is longer than any test runs.
const never = time.Hour

// stage is two readers, A and B, with a card in one or both.
type stage struct {
	cards map[string]*uec.Card
	held  bool // another program holds the card in A
	mute  bool // the card in A answers nothing
}

// Watch implements cards.Readers.
func (s *stage) Watch(context.Context) <-chan pcsc.Snapshot {
	out := make(chan pcsc.Snapshot, 1)
	var seen pcsc.Snapshot
	for _, name := range []string{"A", "B"} {
		if c := s.cards[name]; c != nil {
			seen.Readers = append(seen.Readers, pcsc.Reader{Name: name, Present: true, ATR: c.ATR()})
		}
	}
	out <- seen
	return out
}

// Connect implements cards.Readers.
func (s *stage) Connect(_ context.Context, reader string) (cards.Connection, error) {
	return &seat{Card: s.cards[reader], held: s.held && reader == "A", mute: s.mute && reader == "A"}, nil
}

// seat is a connection as package pcsc makes it: calls are given up when their context ends.
type seat struct {
	*uec.Card
	held, mute bool
}

func (s *seat) Close() {}

func (s *seat) Lock(ctx context.Context) (func(bool) error, error) {
	if s.held {
		<-ctx.Done()
		return nil, &card.Error{Reason: card.Busy, Op: "begin a transaction", Holder: "scdaemon", Cause: ctx.Err()}
	}
	return func(bool) error { return nil }, nil
}

func (s *seat) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.mute {
		<-ctx.Done()
		return nil, &card.Error{Reason: card.Protocol, Op: "transmit", Cause: ctx.Err()}
	}
	type answer struct {
		b   []byte
		err error
	}
	copied, got := append([]byte(nil), command...), make(chan answer, 1)
	go func() {
		b, err := s.Card.Transmit(copied)
		got <- answer{b, err}
	}()
	select {
	case a := <-got:
		return a.b, a.err
	case <-ctx.Done():
		return nil, &card.Error{Reason: card.Protocol, Op: "transmit", Cause: ctx.Err()}
	}
}

// theatre makes a Source of a stage. The card in A is held, or hangs; there is a good one in B.
func theatre(t *testing.T, held bool) *cards.Source {
	t.Helper()
	s := &stage{cards: map[string]*uec.Card{"A": newCard(t), "B": newCard(t)}, held: held}
	for name, c := range s.cards {
		c.PowerOn()
		if name == "A" && !held {
			c.Inject(uec.Fault{INS: 0x84, Action: uec.Hang}, uec.Fault{INS: 0x84, Action: uec.Hang}) // each time that it is listed
			t.Cleanup(c.Release)
		}
	}
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	if err != nil {
		t.Fatal(err)
	}
	return cards.New(s, profiles, nil, nil, card.WithTerminal(terminal))
}

// TestLateCardHidesNoOther: the card in the first reader never answers, and nothing but patience ends the wait for it.
func TestLateCardHidesNoOther(t *testing.T) {
	for name, held := range map[string]bool{"held by another program": true, "hangs": false} {
		t.Run(name, func(t *testing.T) {
			s := theatre(t, held).Within(never, time.Millisecond)
			list, err := s.List(t.Context())
			if err != nil || len(list) != 1 || list[0].Code != "" {
				t.Errorf("%d credentials, %v", len(list), err)
			}
			pins, err := s.PINs(t.Context())
			if err != nil || len(pins) != 3 {
				t.Errorf("%d PINs, %v", len(pins), err)
			}
		})
	}
}

// TestLateCardAlone: it is called off at the limit, and what is wrong with it is told.
func TestLateCardAlone(t *testing.T) {
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		held bool
		code string
	}{"held by another program": {true, "card.busy"}, "hangs": {false, "card.protocol"}} {
		t.Run(name, func(t *testing.T) {
			s := cards.New(&stage{cards: map[string]*uec.Card{"A": newCard(t)}, held: c.held, mute: !c.held}, profiles, nil, nil)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := s.List(t.Context())
				if agent.CodeOf(err) != c.code {
					t.Errorf("%v, want %s", err, c.code)
				}
				if own := (*card.Error)(nil); c.held && (!errors.As(err, &own) || own.HeldBy() != "scdaemon") {
					t.Errorf("%v does not name the holder", err)
				}
				if waited := time.Since(began); waited != 10*time.Second {
					t.Errorf("called off after %v", waited)
				}
			})
		})
	}
}

// TestListEndsWithItsCaller: who called off the request waits for no card.
func TestListEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := theatre(t, true).Within(never, never)
	time.AfterFunc(time.Millisecond, func() { cancel(errors.New("closed")) })
	if _, err := s.List(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
