// SPDX-License-Identifier: Apache-2.0

// Package pinentry alone owns the dialogs with the person at the computer: it
// runs a pinentry program (the GnuPG family) and speaks the Assuan protocol
// with it. It knows nothing of portals or signatures.
//
// Each dialog is a process of its own, so that a dead or hanging program costs
// one dialog. A PIN goes from the pipe through one buffer, decoded in place and
// wiped, into a pin.PIN; it is never a string.
//
// A yes that comes sooner than [Rest] after its question was put was meant for
// another window, or came from a key held down: it does not count, and the
// question is put again.
//
// A Program may be used from many goroutines; two dialogs on one terminal at
// the same time would be mixed, which the agent's one-at-a-time rule prevents.
package pinentry

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"zaver/signature/pin"
)

// MaxText is the longest text of a dialog in escaped bytes (see EscapedLen):
// what Assuan's line of 1000 bytes leaves beside the command and a last line feed.
const MaxText = 980

// Rest is how long a question must have been put before a yes to it counts. The program is not ours and does not tell when its window came
// on the screen, so this is longer than the rest of the agent's own window (0.6 s) by the time that a window takes to come.
const Rest = time.Second

// mostPut is how often a question is put whose yes comes too soon each time; then it counts as a no.
const mostPut = 3

// Errors that callers may match; all others mean the same as ErrBroken.
var (
	ErrCancelled = errors.New("dialog was cancelled")
	ErrTimeout   = errors.New("dialog was not answered in time")
	ErrBroken    = errors.New("pinentry does not work")
	// ErrMismatch: a PIN that was to be typed twice was typed differently.
	ErrMismatch = errors.New("the PIN was repeated differently")
)

// Answer is what the person chose.
type Answer int

// The answers of Confirm.
const (
	No    Answer = iota // the cancel button, or the window was closed
	Yes                 // the OK button
	Other               // the third button
)

// Dialog is what is shown. Text and Error may have several lines; NotOK is the
// third button's label, none when empty.
type Dialog struct {
	Title  string
	Text   string
	Error  string // shown loudly, once
	Prompt string // before the PIN field
	OK     string
	Cancel string
	NotOK  string
	// Hasty is shown in place of Text when a question is put again because its yes came within Rest; empty shows Text again.
	Hasty string
	// Repeat asks for a PIN twice: it stands before the second field, or is the prompt of a second dialog where the program has no such
	// field. RepeatError is what a program says by itself of two different ones.
	Repeat      string
	RepeatError string
	// Timeout is how long the person may take; it is rounded up to seconds. Zero means one minute.
	Timeout time.Duration
}

func (d Dialog) limit() time.Duration {
	if d.Timeout <= 0 {
		return time.Minute
	}
	return d.Timeout
}

// Confirm asks for a yes or no (or the third button). A yes within Rest is not taken: the question is put again, with d.Hasty, and after
// three such answers it is a no. It returns ErrTimeout when nobody answered, the context's error, or an error that wraps ErrBroken.
func (p *Program) Confirm(ctx context.Context, d Dialog) (Answer, error) {
	for range mostPut {
		answer, took, err := p.confirmOnce(ctx, d)
		if err != nil || answer != Yes || took >= Rest {
			return answer, err
		}
		if d.Hasty != "" {
			d.Text = d.Hasty
		}
		d.Timeout = max(d.limit()-took, time.Second)
	}
	return No, nil
}

// confirmOnce is one dialog; took is how long after the question the answer came.
func (p *Program) confirmOnce(ctx context.Context, d Dialog) (answer Answer, took time.Duration, err error) {
	s, err := p.start(ctx, d)
	if err != nil {
		return No, 0, err
	}
	defer s.close()
	put := p.now()
	err = s.ask("CONFIRM", d, nil)
	took = p.now().Sub(put)
	var refused *serverError
	switch {
	case err == nil:
		return Yes, took, nil
	case errors.As(err, &refused) && refused.notConfirmed() && d.NotOK != "":
		return Other, took, nil
	case errors.As(err, &refused) && (refused.notConfirmed() || refused.cancelled()):
		return No, took, nil
	}
	return No, took, s.explain(err)
}

// PIN asks for a PIN, twice where the dialog has a Repeat. The caller wipes it. An empty PIN is returned as such. It returns
// ErrCancelled, ErrTimeout, ErrMismatch, the context's error, or an error that wraps ErrBroken.
func (p *Program) PIN(ctx context.Context, d Dialog) (*pin.PIN, error) {
	typed, repeated, err := p.pinOnce(ctx, d)
	if err != nil || d.Repeat == "" || repeated {
		return typed, err
	}
	d.Prompt, d.Error, d.Repeat, d.RepeatError = d.Repeat, "", "", ""
	again, _, err := p.pinOnce(ctx, d)
	if err != nil {
		typed.Wipe()
		return nil, err
	}
	defer again.Wipe()
	same := false
	err = typed.Use(func(a []byte) error {
		return again.Use(func(b []byte) error {
			same = subtle.ConstantTimeCompare(a, b) == 1
			return nil
		})
	})
	if err == nil && !same {
		err = ErrMismatch
	}
	if err != nil {
		typed.Wipe()
		return nil, err
	}
	return typed, nil
}

// pinOnce is one dialog; repeated says that the program had the PIN typed twice.
func (p *Program) pinOnce(ctx context.Context, d Dialog) (typed *pin.PIN, repeated bool, err error) {
	s, err := p.start(ctx, d)
	if err != nil {
		return nil, false, err
	}
	defer s.close()
	buffer, free := pin.Scratch(pin.MaxLen) // an array would move with the stack, and stay where it was
	defer free()
	n := 0
	err = s.ask("GETPIN", d, func(data []byte) error {
		if n+len(data) > len(buffer) {
			return fmt.Errorf("PIN is longer than %d bytes", len(buffer))
		}
		n += copy(buffer[n:], data)
		return nil
	})
	var refused *serverError
	switch {
	case err == nil:
		return pin.New(buffer[:n]), s.repeated, nil
	case errors.As(err, &refused) && (refused.cancelled() || refused.notConfirmed()):
		return nil, false, ErrCancelled
	}
	return nil, false, s.explain(err)
}

// Message shows a text with one button and waits until it is pressed.
func (p *Program) Message(ctx context.Context, d Dialog) error {
	s, err := p.start(ctx, d)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.ask("MESSAGE", d, nil); err != nil {
		return s.explain(err)
	}
	return nil
}
