// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
)

// wakingDriver is River's driver with an ear: the store's one listening
// connection, on which a trigger of the job table signals each new job. River
// itself signals nothing, which would cost a statement for each insert.
type wakingDriver struct {
	*riverdatabasesql.Driver
	s      *Store
	queues []string
}

// SupportsListener tells River that GetListener works.
func (wakingDriver) SupportsListener() bool { return true }

// SupportsListenNotify tells River to signal nothing.
func (wakingDriver) SupportsListenNotify() bool { return false }

// GetListener makes the listener of the runner.
func (d wakingDriver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return &wakeListener{s: d.s, queues: d.queues}
}

// insertTopic is what River calls the signal of a new job.
const insertTopic = "river_insert"

// wakeListener turns the store's signals into River's. River calls one method
// at a time, but Close may come while WaitForNotification waits.
type wakeListener struct {
	s      *Store
	queues []string

	woken  chan string // queues with something new
	ctx    context.Context
	cancel context.CancelFunc
}

// Connect begins to watch the queues; the connection below is the store's, which renews it by itself.
func (l *wakeListener) Connect(ctx context.Context) error {
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.woken = make(chan string)
	for _, queue := range l.queues {
		signals := l.s.Watch(l.ctx, "jobs:"+queue)
		go pass(l.ctx, signals, queue, l.woken)
	}
	return nil
}

// pass tells out of the queue at each signal, until ctx ends.
func pass(ctx context.Context, signals <-chan struct{}, queue string, out chan<- string) {
	for range signals {
		select {
		case out <- queue:
		case <-ctx.Done():
		}
	}
}

// Close ends the watch.
func (l *wakeListener) Close(context.Context) error {
	l.cancel()
	return nil
}

// WaitForNotification waits for a queue with something new.
func (l *wakeListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case queue := <-l.woken:
		payload, err := json.Marshal(map[string]string{"queue": queue})
		if err != nil {
			return nil, fmt.Errorf("signal new job: %w", err)
		}
		return &riverdriver.Notification{Topic: insertTopic, Payload: string(payload)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, errors.New("wait for new jobs: closed")
	}
}

// Listen and Unlisten have nothing to do: the queues are watched as long as
// the listener is connected, and nothing else is ever signalled.
func (*wakeListener) Listen(context.Context, string) error { return nil }

// Unlisten is as Listen.
func (*wakeListener) Unlisten(context.Context, string) error { return nil }

// Ping has nothing to do: the store keeps its connection alive.
func (*wakeListener) Ping(context.Context) error { return nil }

// Schema is the default one.
func (*wakeListener) Schema() string { return "" }

// SetAfterConnectExec is for River's own tests.
func (*wakeListener) SetAfterConnectExec(string) {}
