// SPDX-License-Identifier: Apache-2.0

//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"zaver/cardreader/card"
)

// pnp is the name under which the service reports readers that come and go.
const pnp = `\\?PnP?\Notification`

// settle is how long after a change of the reader list one more look is taken:
// the service compares the number of readers only while a wait is open, so a
// second slot that appears between the list and the wait would stay unseen.
const settle = 300 * time.Millisecond

// cancelEvery is the pace at which a closing watch repeats SCardCancel, which
// has no effect unless the wait is already open.
const cancelEvery = 5 * time.Millisecond

// maxConfusion is how often in a row the service may deny a reader that it
// has just listed before that counts as its failure.
const maxConfusion = 8

// Watch reports what is there now and after every change, until ctx ends; then
// the channel is closed, with nothing left running. A slow receiver misses
// intermediate snapshots, never the last: the channel holds the newest only.
func (s *Service) Watch(ctx context.Context) <-chan Snapshot {
	w := &watcher{service: s, out: make(chan Snapshot, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case w.number = <-s.watches:
			defer func() { s.watches <- w.number }()
			w.run(ctx)
		default: // so many are given up and have not ended: the service does not answer
			w.publish(Snapshot{Err: mapError("watch readers", scard.ErrNoService)})
			<-ctx.Done()
		}
	}()
	go w.end(ctx, done)
	return w.out
}

// end closes the channel when the watch has ended, or when the library has not
// returned for so long after ctx ended that it hangs in its daemon.
func (w *watcher) end(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
	case <-ctx.Done():
		late := time.NewTimer(closeWait)
		defer late.Stop()
		select {
		case <-done:
		case <-late.C:
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	close(w.out)
}

type watcher struct {
	service *Service
	number  int // among the service's watches
	out     chan Snapshot

	limit int // of states at a time; 0 until the library names one
	said  bool
	last  Snapshot

	mu    sync.Mutex // between publish and end
	ended bool
}

func (w *watcher) run(ctx context.Context) {
	wait := w.service.cfg.MinBackoff
	for ctx.Err() == nil {
		met, err := w.live(ctx)
		if ctx.Err() != nil {
			return
		}
		w.publish(Snapshot{Err: mapError("watch readers", serviceGone(err))})
		if met {
			wait = w.service.cfg.MinBackoff
		}
		retry := time.NewTimer(wait)
		select {
		case <-retry.C:
		case <-ctx.Done():
			retry.Stop()
		}
		wait = min(2*wait, w.service.cfg.MaxBackoff)
	}
}

// serviceGone makes any failure of a watch one of the service, away or closed
// to this user: readers and cards are no reason to stop watching.
func serviceGone(err error) error {
	if errors.Is(err, scard.ErrSecurityViolation) && !errors.Is(err, scard.ErrNoService) {
		return err
	}
	if e := scard.Error(0); errors.As(err, &e) {
		return fmt.Errorf("%w: %w", scard.ErrNoService, e)
	}
	return scard.ErrNoService
}

// live watches through one connection with the service until that fails or ctx
// ends; met says whether the service answered at all.
func (w *watcher) live(ctx context.Context) (met bool, err error) {
	sc, err := establish()
	if err != nil {
		return false, err
	}
	defer func() { _ = sc.Release() }() // fails when the service is gone, and frees all the same
	stop := cancelWith(ctx, sc)
	defer stop()
	met, err = w.follow(ctx, sc)
	if errors.Is(err, scard.ErrSecurityViolation) { // it took us: a broken connection, see refused
		err = fmt.Errorf("%w: %w", scard.ErrNoService, err)
	}
	return met, err
}

// follow reports what comes and goes until the connection fails or ctx ends.
func (w *watcher) follow(ctx context.Context, sc *scard.Context) (met bool, err error) {
	known := map[string]scard.StateFlag{}
	pause, confused := settle, 0
	for ctx.Err() == nil {
		names, err := listReaders(sc)
		if err != nil {
			return met, err
		}
		met = true
		if w.limit > 0 {
			names = names[:min(len(names), w.limit)]
		}
		if !sameNames(names, known) {
			clear(known) // ask about every reader anew: the answer comes at once
			pause = settle
		}
		if len(names) == 0 {
			w.publish(Snapshot{})
		}
		states := w.states(names, known)
		switch err := sc.GetStatusChange(states, pause); {
		case err == nil:
			confused = 0
		case errors.Is(err, scard.ErrTimeout):
			pause = -1 // nothing more came: sleep until something does
			continue
		case errors.Is(err, scard.ErrCancelled):
			return met, err
		case errors.Is(err, scard.ErrInvalidParameter) && w.limit == 0:
			w.limit = maxStates
			continue
		case errors.Is(err, scard.ErrUnknownReader), errors.Is(err, scard.ErrReaderUnavailable):
			if confused++; confused < maxConfusion {
				continue
			}
			return met, err
		default:
			return met, err
		}
		known = w.report(states)
	}
	return met, ctx.Err()
}

// cancelWith has SCardCancel called when ctx ends, until stop is called; stop
// waits for it.
func cancelWith(ctx context.Context, sc *scard.Context) (stop func()) {
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
		case <-stopped:
			return
		}
		again := time.NewTicker(cancelEvery)
		defer again.Stop()
		for {
			_ = sc.Cancel() // fails when the service is gone: then the wait has ended
			select {
			case <-again.C:
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-done
	}
}

func sameNames(names []string, known map[string]scard.StateFlag) bool {
	for _, name := range names {
		if _, ok := known[name]; !ok {
			return false
		}
	}
	return len(names) == len(known)
}

// maxStates is the number of readers that the library up to 2.4 asks about at a
// time; later ones have no limit.
const maxStates = 16

// states asks about every listed reader, compared with what is known, and
// about the list itself. Where so many readers leave no room for the list, its
// changes are seen when a reader goes; none can come before.
func (w *watcher) states(names []string, known map[string]scard.StateFlag) []scard.ReaderState {
	states := make([]scard.ReaderState, 0, len(names)+1)
	for _, name := range names {
		states = append(states, scard.ReaderState{Reader: w.service.uniqueName(name, w.number), CurrentState: known[name]})
	}
	if w.limit > 0 && len(states) >= w.limit {
		return states
	}
	// The upper half carries the number of readers for services that compare it.
	return append(states, scard.ReaderState{
		Reader: w.service.uniqueName(pnp, w.number), CurrentState: scard.StateFlag(len(names)) << 16,
	})
}

// report publishes the states and returns what is known from now on.
func (w *watcher) report(states []scard.ReaderState) map[string]scard.StateFlag {
	known := map[string]scard.StateFlag{}
	var readers []Reader
	for _, state := range states {
		name, _, _ := strings.Cut(state.Reader, "\x00")
		if name == pnp {
			continue
		}
		flags := state.EventState
		if flags&(scard.StateUnknown|scard.StateUnavailable) != 0 {
			continue // gone; the next list will say so
		}
		known[name] = flags &^ scard.StateChanged
		r := Reader{Name: name, Events: uint16(flags >> 16), Present: flags&scard.StatePresent != 0}
		if r.Present {
			r.ATR, r.Mute = state.Atr, flags&scard.StateMute != 0
			r.Contactless = contactless(r.ATR)
		}
		readers = append(readers, r)
	}
	w.publish(Snapshot{Readers: readers})
	return known
}

// publish puts the snapshot in place of one not yet received, unless it says
// nothing new.
func (w *watcher) publish(s Snapshot) {
	if w.said && sameReason(s.Err, w.last.Err) && reflect.DeepEqual(s.Readers, w.last.Readers) {
		return
	}
	w.said, w.last = true, s
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	select {
	case <-w.out:
	default:
	}
	w.out <- s // there is room: nobody else sends
}

// sameReason compares what snapshots say of the service; both are nil or *card.Error.
func sameReason(a, b error) bool {
	var one, other *card.Error
	return errors.As(a, &one) == errors.As(b, &other) && (one == nil || one.Reason == other.Reason)
}

// listReaders lists readers; none is no error.
func listReaders(sc *scard.Context) ([]string, error) {
	for range maxConfusion {
		names, err := sc.ListReaders()
		switch {
		case err == nil:
			return names, nil
		case errors.Is(err, scard.ErrNoReadersAvailable):
			return nil, nil
		case !errors.Is(err, scard.ErrInsufficientBuffer): // the list grew between its two halves
			return nil, err
		}
	}
	return nil, scard.ErrInsufficientBuffer
}
