// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/readers"
)

// ManyPlan says how long the readers of one real daemon are kept busy, all at once.
type ManyPlan struct {
	Cycles   int // cards in and out, all readers together
	Restarts int // of the daemon, spread over the cycles, while every reader has its card
	// Warm restarts, with a card in and out of every reader before each, come first and are not counted.
	Warm int
	// Quick is which share of the cycles exchanges the card for another faster than the daemon looks: every so manieth
	// of each reader; zero means none.
	Quick int
	// Patience bounds every wait; zero means 20 s.
	Patience time.Duration
}

// ManyFigures are what Many has measured. Durations are sorted.
type ManyFigures struct {
	Readers int
	Cycles  int // done
	Quick   int // exchanges that were faster than the daemon looks
	Merged  int // of them, shown without the empty reader between the cards
	Unseen  int // of these, shown as no change at all: the daemon saw none
	Lists   int // how often all cards were listed at once
	// Missed counts cards that the watch did not show, or that the source did not tell for what they are, in time.
	Missed int
	Why    []error // of each
	// Listed is from the daemon's having the card's answer to reset to the snapshot with the card, Read to the certificate.
	Listed, Read []time.Duration
	Recovered    []time.Duration // from the new daemon's answer to the snapshot with every reader
	Before       Process
	After        Process
	Took         time.Duration
}

// miss counts a card.
func (f *ManyFigures) miss(why error) {
	f.Missed++
	f.Why = append(f.Why, why)
}

// many is such a run under way.
type many struct {
	daemon *readers.Daemon
	plan   ManyPlan
	source *cards.Source
	hub    *hub
	seats  []*seat

	mu      sync.Mutex // over figures, while seats work
	figures ManyFigures
}

// Many goes through the plan with every reader of a real daemon, which this
// process's PCSCLITE_CSOCK_NAME must name: one watch, and one source of cards,
// which reads the certificate of each card, as the agent does.
func Many(ctx context.Context, d *readers.Daemon, p ManyPlan) (ManyFigures, error) {
	if p.Patience == 0 {
		p.Patience = 20 * time.Second
	}
	m := &many{daemon: d, plan: p, figures: ManyFigures{Readers: d.Count()}}
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		return m.figures, err
	}
	for i := range d.Count() {
		s, err := newSeat(m, i)
		if err != nil {
			return m.figures, err
		}
		defer s.slot.Remove()
		m.seats = append(m.seats, s)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	service := pcsc.New(pcsc.Config{})
	m.source = cards.New(cards.Service(service), profiles, nil, nil)
	m.hub = newHub(service.Watch(ctx))
	err = m.run(ctx)
	cancel()
	<-m.hub.done
	for _, durations := range [][]time.Duration{m.figures.Listed, m.figures.Read, m.figures.Recovered} {
		slices.Sort(durations)
	}
	return m.figures, err
}

func (m *many) run(ctx context.Context) error {
	if _, err := m.hub.await(ctx, m.plan.Patience, m.empty); err != nil {
		return fmt.Errorf("soak: the first look: %w", err)
	}
	for range m.plan.Warm {
		if err := m.round(ctx, len(m.seats), true); err != nil {
			return fmt.Errorf("soak: warming: %w", err)
		}
	}
	m.figures = ManyFigures{Readers: len(m.seats), Before: Look()}
	began := time.Now()
	rounds := max(m.plan.Restarts, 1)
	for i := range rounds {
		cycles := m.plan.Cycles*(i+1)/rounds - m.plan.Cycles*i/rounds
		if err := m.round(ctx, cycles, m.plan.Restarts > 0); err != nil {
			return fmt.Errorf("soak: round %d: %w", i, err)
		}
	}
	m.figures.Took = time.Since(began)
	m.figures.After = Look()
	return nil
}

// round shares the cycles out, has every reader filled in the last of them and
// all cards listed, and ends the daemon over them.
func (m *many) round(ctx context.Context, cycles int, restart bool) error {
	err := m.everywhere(func(i int, s *seat) error {
		mine := cycles*(i+1)/len(m.seats) - cycles*i/len(m.seats)
		for n := range mine {
			if err := s.cycle(ctx, n == mine-1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.list(ctx); err != nil {
		return err
	}
	if restart {
		if err := m.restart(ctx); err != nil {
			return err
		}
	}
	return m.everywhere(func(_ int, s *seat) error { return s.out(ctx) })
}

func (m *many) everywhere(do func(int, *seat) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(m.seats))
	for i, s := range m.seats {
		wg.Go(func() { errs[i] = do(i, s) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// listAgain is the pace at which cards are listed that a list has left out.
const listAgain = 100 * time.Millisecond

// list has the source tell all cards that are in, each by its own certificate. A list does not wait for a card that is late
// where others can be used; on a busy machine the next one has it.
func (m *many) list(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.plan.Patience)
	defer cancel()
	want := map[string]bool{}
	for _, s := range m.seats {
		if s.in != nil {
			want[string(s.in.certificate)] = true
		}
	}
	if len(want) == 0 {
		return nil
	}
	again := time.NewTicker(listAgain)
	defer again.Stop()
	for late := false; len(want) > 0 && !late; {
		all, err := m.source.List(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("list the cards: %w", err)
		}
		for _, c := range all {
			delete(want, string(c.Certificate.Raw))
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			late = true
		}
	}
	m.figures.Lists++
	for range want {
		m.figures.miss(errors.New("not in the list of all"))
	}
	return nil
}

func (m *many) restart(ctx context.Context) error {
	if err := m.daemon.Kill(); err != nil {
		return err
	}
	if _, err := m.hub.await(ctx, m.plan.Patience, func(s pcsc.Snapshot) bool { return s.Err != nil }); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	for _, s := range m.seats {
		<-s.slot.Out()
		s.in = nil
	}
	if err := m.daemon.Restart(ctx); err != nil {
		return err
	}
	began := time.Now()
	at, err := m.hub.await(ctx, m.plan.Patience, m.empty)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	m.figures.Recovered = append(m.figures.Recovered, max(at.Sub(began), 0))
	return nil
}

// empty holds when every reader is there and has no card.
func (m *many) empty(s pcsc.Snapshot) bool {
	if s.Err != nil || len(s.Readers) != len(m.seats) {
		return false
	}
	return !slices.ContainsFunc(s.Readers, func(r pcsc.Reader) bool { return r.Present })
}
