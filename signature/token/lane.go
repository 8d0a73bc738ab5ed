// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"zaver/signature/pin"
)

// lane is one module: its worker, whose turn it is, and how it behaved. Lanes know nothing of each other, so what a module does to
// its lane stays there.
type lane struct {
	host *Host
	path string
	with Setup
	turn chan struct{} // holds one token; its holder owns proc

	proc *process    // nil when no worker runs
	uses uint64      // operations begun
	idle *time.Timer // ends an idle worker

	mu       sync.Mutex // guards what follows
	listing  *listing   // under way, or nil
	failures int        // in a row
	last     *Error     // the latest of them
	retry    time.Time  // no new worker before
}

// listing is one list operation that several callers of List may wait for.
type listing struct {
	done   chan struct{}
	tokens []tokenReply // these two are read after done is closed
	err    error
}

func newLane(h *Host, path string, with Setup) *lane {
	l := &lane{host: h, path: path, with: with, turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l
}

// list starts a listing or joins the one under way. It does not end with its caller: a module that is slow now is known at the next call.
func (l *lane) list() *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listing != nil {
		return l.listing
	}
	g := &listing{done: make(chan struct{})}
	l.listing = g
	go func() {
		ctx, cancel := context.WithTimeout(l.host.life, l.host.cfg.ListDeadline)
		defer cancel()
		g.err = l.do(ctx, request{Op: opList}, secrets{}, func(r *reply) {
			if r.Token != nil {
				g.tokens = append(g.tokens, *r.Token)
			}
		})
		l.mu.Lock()
		l.listing = nil
		l.mu.Unlock()
		close(g.done)
	}()
	return g
}

func (l *lane) sign(ctx context.Context, t *which, s *signing, p *pin.PIN) (sig []byte, err error) {
	err = l.do(ctx, request{Op: opSign, Token: t, Sign: s}, secrets{pin: p}, func(r *reply) { sig = r.Signature })
	return sig, err
}

// do runs one operation in the module's worker, which is started when there is none.
func (l *lane) do(ctx context.Context, q request, s secrets, each func(*reply)) error {
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	case <-ctx.Done():
		return l.interrupted(ctx)
	}
	if ctx.Err() != nil {
		return l.interrupted(ctx)
	}
	if err := l.backingOff(); err != nil {
		return err
	}
	l.uses++
	if l.idle != nil {
		l.idle.Stop()
	}
	if l.proc == nil || !l.proc.alive() {
		if l.proc != nil {
			l.proc.kill() // it ended by itself while idle: close the pipes
		}
		proc, err := start(l.host.cfg.Worker, l.with.environ(l.host.env), l.host.cfg.Stderr)
		if err != nil {
			l.proc = nil
			return &Error{Code: CodeModule, Module: l.path, Cause: err}
		}
		l.proc = proc
		l.host.workers.Go(func() { <-proc.exited })
	}
	q.Module, q.Parameters = l.path, l.with.Parameters
	err := l.proc.call(ctx, q, s, each)
	return l.settle(ctx, q.Op, err)
}

// settle decides what becomes of the worker after an operation, and turns its end into the module's fault.
func (l *lane) settle(ctx context.Context, op operation, err error) error {
	switch {
	case errors.Is(err, errEnded), errors.Is(err, errExpired):
		l.drop()
		code := CodeCrashed
		if errors.Is(err, errExpired) {
			code = CodeHung
		}
		return l.failed(&Error{Code: code, Module: l.path, Cause: err})
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		l.drop()
		return fmt.Errorf("ask module: %w", err)
	}
	l.mu.Lock()
	l.failures, l.last = 0, nil
	l.mu.Unlock()
	if op != opList { // its process knew a PIN
		l.proc.retire()
		l.proc = nil
		return err
	}
	use := l.uses
	l.idle = time.AfterFunc(l.host.cfg.Idle, func() { l.rest(use) })
	return err
}

func (l *lane) drop() {
	l.proc.kill()
	l.proc = nil
}

// rest ends a worker that has been idle since that use.
func (l *lane) rest(use uint64) {
	<-l.turn // every operation has a deadline, so this comes
	if l.uses == use && l.proc != nil {
		l.proc.retire()
		l.proc = nil
	}
	l.turn <- struct{}{}
}

// stop ends the worker for good; the host's life is over, so nobody starts another.
func (l *lane) stop() {
	<-l.turn
	if l.idle != nil {
		l.idle.Stop()
	}
	if l.proc != nil {
		l.proc.retire()
		l.proc = nil
	}
	l.turn <- struct{}{}
}

// backingOff answers with the last fault while a module that fails again and again is left alone.
func (l *lane) backingOff() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.retry.Sub(l.host.cfg.Now())
	if l.last == nil || wait <= 0 {
		return nil
	}
	return &Error{Code: l.last.Code, Module: l.path,
		Cause: fmt.Errorf("left alone for another %v after %d faults in a row: %w", wait.Round(time.Millisecond), l.failures, l.last.Cause)}
}

// failed notes a crash or a hang. The first one may be an accident and is followed by a new worker at once;
// after that the module is left alone for one second, two, four, up to a minute.
func (l *lane) failed(err *Error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures++
	l.last = err
	if n := l.failures - 2; n >= 0 {
		l.retry = l.host.cfg.Now().Add(min(time.Second<<min(n, 6), time.Minute))
	}
	return err
}

func (l *lane) interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Code: CodeHung, Module: l.path, Cause: errors.New("module is still busy with an earlier call")}
	}
	return fmt.Errorf("ask module: %w", ctx.Err())
}
