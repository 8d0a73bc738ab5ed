// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/vpcd"
)

// seat is one reader of a run, with two cards that take turns.
type seat struct {
	m     *many
	name  string
	slot  *vpcd.Slot
	cards [2]*stamped
	in    *stamped
	done  int // cycles
}

func newSeat(m *many, i int) (*seat, error) {
	s := &seat{m: m, name: m.daemon.Reader(i), slot: vpcd.NewSlot(m.daemon.Slot(i))}
	for k := range s.cards {
		var err error
		if s.cards[k], err = newStamped(fmt.Sprintf("%d %d", i, k)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// cycle puts a card in and has it told; unless it stays, it comes out again.
func (s *seat) cycle(ctx context.Context, stays bool) error {
	c := s.cards[s.done%len(s.cards)]
	s.done++
	c.forget()
	if err := s.slot.Insert(ctx, c); err != nil {
		return err
	}
	s.in = c
	at, err := s.m.hub.await(ctx, s.m.plan.Patience, s.present)
	switch {
	case errors.Is(err, errLate):
		s.m.count(func(f *ManyFigures) { f.miss(fmt.Errorf("%s: insert: %w", s.name, err)) })
	case err != nil:
		return fmt.Errorf("%s: insert: %w", s.name, err)
	default:
		s.read(ctx, c, at)
	}
	if q := s.m.plan.Quick; q > 0 && s.done%q == 0 {
		if err := s.exchange(ctx); err != nil {
			return fmt.Errorf("%s: exchange: %w", s.name, err)
		}
	}
	s.m.count(func(f *ManyFigures) { f.Cycles++ })
	if stays {
		return nil
	}
	return s.out(ctx)
}

// read has the source tell the card, which the watch has shown.
func (s *seat) read(ctx context.Context, c *stamped, shown time.Time) {
	err := s.told(ctx, c)
	now, noticed := time.Now(), c.noticed()
	s.m.count(func(f *ManyFigures) {
		if err != nil {
			f.miss(fmt.Errorf("%s: read: %w", s.name, err))
			return
		}
		f.Listed = append(f.Listed, max(shown.Sub(noticed), 0))
		f.Read = append(f.Read, now.Sub(noticed))
	})
}

// told reads the card in the reader and compares its certificate.
func (s *seat) told(ctx context.Context, c *stamped) error {
	ctx, cancel := context.WithTimeout(ctx, s.m.plan.Patience)
	defer cancel()
	r, _ := s.m.hub.reader(s.name)
	got, err := s.m.source.Read(ctx, r)
	if err != nil {
		return err
	}
	if !bytes.Equal(got.Certificate.Raw, c.certificate) {
		return errors.New("another card")
	}
	return nil
}

// exchange puts another card in the place of the one that is in, faster than
// the daemon looks. The watch may show an empty reader between the two, or only
// that there is another card, or nothing where the daemon saw nothing; what it
// shows last must be a card, and the source must tell it for the other one.
// Nothing is asked of the card before: a command into the gap breaks the virtual
// reader.
func (s *seat) exchange(ctx context.Context) error {
	before, gone := s.m.hub.reader(s.name)
	c := s.cards[s.done%len(s.cards)]
	c.forget()
	if err := s.slot.Exchange(ctx, c); err != nil {
		return err
	}
	s.in = c
	seen := func(now pcsc.Snapshot) bool {
		r, ok := find(now, s.name)
		return ok && r.Present && r.Events-before.Events >= 2
	}
	_, err := s.m.hub.await(ctx, s.m.plan.Patience/2, seen)
	unseen := errors.Is(err, errLate)
	if unseen {
		_, err = s.m.hub.await(ctx, s.m.plan.Patience, s.present)
	}
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	if err == nil {
		err = s.told(ctx, c)
	}
	_, now := s.m.hub.reader(s.name)
	s.m.count(func(f *ManyFigures) {
		f.Quick++
		if now == gone {
			f.Merged++
		}
		if unseen {
			f.Unseen++
		}
		if err != nil {
			f.miss(fmt.Errorf("%s: exchange, unseen %t, from change %d: %w", s.name, unseen, before.Events, err))
		}
	})
	return nil
}

// out takes the card out, if one is in, and waits until that is seen.
func (s *seat) out(ctx context.Context) error {
	if s.in == nil {
		return nil
	}
	s.slot.Remove()
	s.in = nil
	_, err := s.m.hub.await(ctx, s.m.plan.Patience, func(now pcsc.Snapshot) bool {
		r, ok := find(now, s.name)
		return ok && !r.Present
	})
	if err != nil {
		return fmt.Errorf("%s: remove: %w", s.name, err)
	}
	return nil
}

func (s *seat) present(now pcsc.Snapshot) bool {
	r, ok := find(now, s.name)
	return ok && r.Present && !r.Mute
}

func (m *many) count(change func(*ManyFigures)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.figures)
}

// errLate says that nothing came in time.
var errLate = errors.New("not in time")

// hub shares one watch among many who wait.
type hub struct {
	done chan struct{} // closed when the watch has ended

	mu      sync.Mutex
	last    pcsc.Snapshot
	at      time.Time
	empty   map[string]int // snapshots that showed the reader without a card
	changed chan struct{}  // closed at the next snapshot
}

func newHub(snapshots <-chan pcsc.Snapshot) *hub {
	h := &hub{done: make(chan struct{}), empty: map[string]int{}, changed: make(chan struct{})}
	go func() {
		defer close(h.done)
		for s := range snapshots {
			h.mu.Lock()
			h.last, h.at = s, time.Now()
			for _, r := range s.Readers {
				if !r.Present {
					h.empty[r.Name]++
				}
			}
			close(h.changed)
			h.changed = make(chan struct{})
			h.mu.Unlock()
		}
	}()
	return h
}

// reader returns what was shown last of a reader, and how often it was shown empty so far.
func (h *hub) reader(name string) (last pcsc.Reader, empty int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, _ = find(h.last, name)
	return last, h.empty[name]
}

// await waits for a snapshot as wanted, the last one included, and tells when
// it came. It fails with errLate.
func (h *hub) await(ctx context.Context, patience time.Duration, ok func(pcsc.Snapshot) bool) (time.Time, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		h.mu.Lock()
		last, at, changed := h.last, h.at, h.changed
		h.mu.Unlock()
		if !at.IsZero() && ok(last) {
			return at, nil
		}
		select {
		case <-changed:
		case <-h.done:
			return time.Time{}, errEnded
		case <-late.C:
			return time.Time{}, fmt.Errorf("%w: last seen %+v", errLate, last)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

func find(s pcsc.Snapshot, name string) (pcsc.Reader, bool) {
	for _, r := range s.Readers {
		if r.Name == name {
			return r, true
		}
	}
	return pcsc.Reader{}, false
}
