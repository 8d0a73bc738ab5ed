// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"sync"
	"time"

	"github.com/lib/pq"
)

// watchChannel is the one PostgreSQL channel of all signals; the payload is
// the topic.
const watchChannel = "zaver"

// watcher owns the one listening connection of the process.
type watcher struct {
	listener *pq.Listener
	done     chan struct{}

	mu     sync.Mutex // guards topics
	topics map[string]map[chan struct{}]struct{}
}

func newWatcher(dsn string) *watcher {
	w := &watcher{
		listener: pq.NewListener(dsn, 100*time.Millisecond, 5*time.Second, nil),
		done:     make(chan struct{}),
		topics:   make(map[string]map[chan struct{}]struct{}),
	}
	go w.run()
	return w
}

// run hands every signal to those who watch its topic. A nil notification
// says that the connection was lost and is back: signals may have been missed,
// so everyone is woken.
func (w *watcher) run() {
	defer close(w.done)
	// Listen blocks until the first connection is there; Close ends it.
	if err := w.listener.Listen(watchChannel); err != nil {
		return
	}
	w.wake("", true) // what came before the first LISTEN was not heard
	for n := range w.listener.NotificationChannel() {
		if n == nil {
			w.wake("", true)
			continue
		}
		w.wake(n.Extra, false)
	}
}

func (w *watcher) wake(topic string, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, chans := range w.topics {
		if !all && name != topic {
			continue
		}
		for c := range chans {
			select {
			case c <- struct{}{}:
			default: // a signal is waiting already
			}
		}
	}
}

func (w *watcher) close() error {
	err := w.listener.Close()
	<-w.done
	return err
}

// Watch returns a channel that receives whenever a committed transaction
// signalled topic, in any process. Several signals may arrive as one, and one
// may arrive without a change (after a lost connection): read the state again
// each time. The channel is closed when ctx ends. Watch before reading the
// state, so that no change falls between.
func (s *Store) Watch(ctx context.Context, topic string) <-chan struct{} {
	c := make(chan struct{}, 1)
	w := s.watch
	w.mu.Lock()
	if w.topics[topic] == nil {
		w.topics[topic] = make(map[chan struct{}]struct{})
	}
	w.topics[topic][c] = struct{}{}
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.topics[topic], c)
		if len(w.topics[topic]) == 0 {
			delete(w.topics, topic)
		}
		close(c) // nobody sends any more: wake holds the lock and the map is without c
	})
	return c
}
