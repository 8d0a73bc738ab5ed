// SPDX-License-Identifier: Apache-2.0

package window

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"

	"zaver/signature/procgroup"
)

// Session is one window. Two goroutines serve it: one writes messages, one reads answers and waits for the process.
type Session struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stay    time.Duration
	late    *time.Timer
	unwatch func() bool

	ready  chan struct{} // closed when the window is on the screen
	choice chan int
	done   chan struct{} // closed with err
	gone   chan struct{} // closed when the process was reaped
	out    chan []byte   // messages; closed by Finish
	told   chan struct{} // closed when nothing more is written

	mu       sync.Mutex
	err      error
	rows     []Row // those on the screen
	chosen   bool
	shown    bool
	finished bool
	final    bool        // too late to cancel
	reaped   bool        // its process number may be another's
	leaves   *time.Timer // ends a result that does not go by itself; nil before there is one
}

// Choose shows the certificates and waits for the person's choice: the index of a usable row. It returns ErrNotShown when
// there is no window, ErrCancelled, an error that wraps ErrBroken, or the context's. It is called once.
func (s *Session) Choose(ctx context.Context, rows []Row) (int, error) {
	if err := s.send(Message{Rows: rows}, func() { s.rows = slices.Clone(rows) }); err != nil {
		return 0, err
	}
	select {
	case n := <-s.choice:
		return n, nil
	case <-s.done:
		return 0, s.Err()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Tell shows what goes on. A window that is gone is not told.
func (s *Session) Tell(p Progress) {
	_ = s.send(Message{Progress: &p}, func() { s.final = s.final || p.Final })
}

// Finish shows the result and lets the window go: it closes when the person or its time says so, also after the agent's end. Stay is
// filled in. It returns when the window was told, for the agent's process may end next, or after tellLimit; a window that the person closed
// already stays closed.
func (s *Session) Finish(r Result) {
	stay := s.stay
	if r.Tone != Good {
		stay *= 6
	}
	r.Stay = min(max(int((stay+time.Second-1)/time.Second), 1), maxStay)
	err := s.send(Message{Result: &r}, func() { s.finished = true })
	if err != nil {
		s.end(err)
		return
	}
	s.unwatch()
	s.mu.Lock()
	close(s.out)
	if !s.reaped {
		s.leaves = time.AfterFunc(time.Duration(r.Stay)*time.Second+graceLimit, s.kill)
	}
	s.mu.Unlock()
	late := time.NewTimer(tellLimit)
	defer late.Stop()
	select {
	case <-s.told:
	case <-late.C: // it reads nothing
	}
}

// send puts a message into the queue and notes what it changes.
func (s *Session) send(m Message, note func()) error {
	line, err := Encode(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.finished {
		return fmt.Errorf("%w: it shows a result", ErrBroken)
	}
	note()
	select {
	case s.out <- line:
		return nil
	default:
		return fmt.Errorf("%w: it reads no messages", ErrBroken)
	}
}

// Close closes the window at once, unless it shows a result.
func (s *Session) Close() { s.end(fmt.Errorf("%w: closed by the agent", ErrBroken)) }

// Done is closed when the person cancelled or the window broke; Err then says which.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is nil before Done is closed, then ErrCancelled, an error that wraps ErrNotShown or ErrBroken, or the error of Open's context.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Gone is closed when the window's process has ended.
func (s *Session) Gone() <-chan struct{} { return s.gone }

// end settles why the session is over, once, and ends the process. A result on the screen is left alone.
func (s *Session) end(why error) {
	s.mu.Lock()
	if s.err == nil && !s.finished {
		s.err = why
		close(s.done)
	}
	finished := s.finished
	s.mu.Unlock()
	if !finished {
		s.late.Stop()
		s.unwatch()
		s.kill()
	}
}

// broken ends the session for a fault of the program: before the window was on the screen nothing was asked.
func (s *Session) broken(why error) {
	kind := ErrBroken
	s.mu.Lock()
	if !s.shown {
		kind = ErrNotShown
	}
	s.mu.Unlock()
	s.end(fmt.Errorf("%w: %w", kind, why))
}

func (s *Session) tooLate() {
	s.mu.Lock()
	shown := s.shown
	s.mu.Unlock()
	if shown {
		return
	}
	s.broken(errors.New("no window in time"))
	s.kill() // also when a result waits to be shown
}

// write sends the messages. A window that is gone is noticed by read.
func (s *Session) write() {
	defer close(s.told)
	for {
		select {
		case line, more := <-s.out:
			if !more {
				_ = s.stdin.Close()
				return
			}
			if _, err := s.stdin.Write(line); err != nil {
				_ = s.stdin.Close()
				return
			}
		case <-s.gone:
			return
		}
	}
}

// read takes answers until the program ends or lies.
func (s *Session) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(make([]byte, 0, MaxAnswer), MaxAnswer+1)
	var why error
	for n := 0; why == nil && lines.Scan(); n++ {
		a, err := ParseAnswer(lines.Bytes())
		switch {
		case err != nil:
			why = err
		case n >= MaxAnswers:
			why = fmt.Errorf("%w: too many answers", errProtocol)
		default:
			why = s.take(a)
		}
	}
	switch {
	case errors.Is(why, ErrCancelled):
		s.end(why)
	case why != nil:
		s.broken(why)
		s.kill()
	case lines.Err() != nil:
		s.broken(fmt.Errorf("%w: %w", errProtocol, lines.Err()))
		s.kill()
	default:
		s.broken(errors.New("program ended"))
	}
	s.reap()
}

// take applies one answer; its error ends the reading.
func (s *Session) take(a Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (a.Event == EventReady || a.Event == EventNoDisplay) == s.shown {
		return fmt.Errorf("%w: %s out of turn", errProtocol, a.Event)
	}
	switch a.Event {
	case EventReady:
		s.shown = true
		s.late.Stop()
		close(s.ready)
	case EventNoDisplay:
		return errors.New("no display")
	case EventChoose:
		if s.chosen || s.finished || *a.Row >= len(s.rows) || !s.rows[*a.Row].Usable {
			return fmt.Errorf("%w: a choice that was not offered", errProtocol)
		}
		s.chosen = true
		s.choice <- *a.Row
	case EventCancel:
		return ErrCancelled
	case EventClosed:
		if !s.final && !s.finished {
			return fmt.Errorf("%w: closed without cancelling", errProtocol)
		}
		return ErrCancelled
	}
	return nil
}

// Shown is closed when the window is on the screen.
func (s *Session) Shown() <-chan struct{} { return s.ready }

// kill ends the process and what it started; safe from any goroutine, harmless after the end.
func (s *Session) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reaped {
		return
	}
	procgroup.Kill(s.cmd)
}

// reap takes the process's number back. A program that closed its output and lives on has a short time to end.
func (s *Session) reap() {
	s.late.Stop()
	hanging := time.AfterFunc(graceLimit, s.kill)
	_ = s.cmd.Wait() // its exit code says nothing that it hasn't said
	hanging.Stop()
	s.mu.Lock()
	s.reaped = true
	if s.leaves != nil {
		s.leaves.Stop() // an agent at rest is not woken for nothing
	}
	s.mu.Unlock()
	close(s.gone)
}
