// SPDX-License-Identifier: Apache-2.0

package window

import (
	"context"
	"time"
)

// Config says which program draws the window and where it may show itself.
type Config struct {
	// Path is the program's file; empty looks for it beside the agent and in the libexec folders.
	Path string
	// Args are further arguments, for tests.
	Args []string
	// Env is the agent's environment ("NAME=value"); a few variables of it reach the program.
	Env []string
	// ReadyLimit is how long the program may take to show the window; zero means 10 s.
	ReadyLimit time.Duration
	// Stay is how long a good result is shown before the window closes by itself (30 s when zero); a bad one stays six times that.
	Stay time.Duration
}

// Program is a window program that was found.
type Program struct{ cfg Config }

// Find looks for the program. The error wraps ErrNotShown.
func Find(c Config) (*Program, error) { return &Program{cfg: c}, ErrNotShown }

// Path returns the program's file.
func (p *Program) Path() string { return p.cfg.Path }

// Open starts the program with a form and returns at once. The end of ctx closes the window, unless it shows a result. The error wraps ErrNotShown.
func (p *Program) Open(ctx context.Context, f Form) (*Session, error) { return nil, ErrNotShown }

// Session is one window.
type Session struct{}

// Choose shows the certificates and waits for the person's choice: the index of a usable row. It returns ErrNotShown when
// there is no window, ErrCancelled, an error that wraps ErrBroken, or the context's.
func (s *Session) Choose(ctx context.Context, rows []Row) (int, error) { return 0, ErrNotShown }

// Tell shows what goes on.
func (s *Session) Tell(p Progress) {}

// Finish shows the result and lets the window go: it closes when the person or its time says so, also after the agent's end.
func (s *Session) Finish(r Result) {}

// Close closes the window at once. It may be called at any time, also after Finish, which it then leaves alone.
func (s *Session) Close() {}

// Done is closed when the window has ended or the person cancelled; Err then says which.
func (s *Session) Done() <-chan struct{} { return nil }

// Err is nil before Done is closed, then one of the package's errors.
func (s *Session) Err() error { return nil }
