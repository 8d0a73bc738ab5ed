// SPDX-License-Identifier: Apache-2.0

// Package nativemsg alone owns the native-messaging door: a browser starts the
// program for its extension and exchanges messages with it over standard input
// and output. It checks who started the program, reads messages strictly, and
// tells the steps. It decides nothing about statements, cards or PINs.
//
// The messages are flat JSON objects of texts: {"do":"hello"|"doctor"|"confirm"
// |"cancel","sender":origin,…}. The sender's origin is written by the extension,
// which has it from the browser; the rest is what a page hands over, the same
// as at the loopback door. The answers are that door's, too: the greeting, the
// doctor's report, one step after another, or {"code":…}.
//
// One Serve is one connection and one confirmation: after it began, only
// "cancel" may come. The end of input (page closed, browser gone) cancels it.
// Serve belongs to one goroutine; messages in and out, and their number, are bounded.
package nativemsg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/message"
	"zaver/cardreader/agent/words"
)

// maxMessages bounds what one connection may ask.
const maxMessages = 64

// hearing is how long a browser may take to hear a refusal and hang up.
const hearing = 10 * time.Second

// Config is what the door needs.
type Config struct {
	Agent   *agent.Agent
	Version string // of the program, for the greeting
	// Caller is what the browser gave as arguments, Extensions the ids of the extensions that may call.
	Caller, Extensions []string
	// Doctor examines this computer and returns its report as one JSON object, in the language unless that is "".
	// nil means that there is none.
	Doctor func(ctx context.Context, lang words.Language) ([]byte, error)
	Log    *slog.Logger // nil logs nothing
}

// ErrMessage is wrapped when the other side does not keep to the protocol.
var ErrMessage = errors.New("message breaks the protocol")

// Serve answers the browser until in ends, which is no error, or until the one confirmation is over. The end of ctx
// cancels what is open. A caller that may not ask is answered agent.forbidden, and ErrCaller is returned; a reader of in
// may then still be waiting, so the process should end.
func Serve(ctx context.Context, c Config, in io.Reader, out io.Writer) error {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &session{Config: c, out: out}
	id, err := CheckCaller(c.Caller, c.Extensions)
	if err != nil {
		c.Log.Warn("caller refused", "err", err)
		return errors.Join(err, s.refuse(agent.CodeForbidden))
	}
	c.Log.Debug("extension calls", "extension", id)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	messages := make(chan []byte)
	go receive(ctx, stop, in, messages)
	for {
		select {
		case body := <-messages:
			if over, err := s.answer(ctx, stop, body, messages); over || err != nil {
				return err
			}
		case <-ctx.Done():
			return ending(ctx, s)
		}
	}
}

// ending turns the reason of the end into Serve's result.
func ending(ctx context.Context, s *session) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, io.EOF), errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return nil
	case errors.Is(cause, ErrTooLong), errors.Is(cause, ErrMessage):
		return errors.Join(cause, s.refuse(agent.CodeRequest))
	}
	return cause
}

// receive reads messages until the input ends, and ends the session with the reason.
func receive(ctx context.Context, stop context.CancelCauseFunc, in io.Reader, messages chan<- []byte) {
	for range maxMessages {
		body, err := ReadFrame(in, MaxIn)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("read message: %w", err)
			}
			stop(err)
			return
		}
		select {
		case messages <- body:
		case <-ctx.Done():
			return
		}
	}
	stop(fmt.Errorf("%w: more than %d in one connection", ErrMessage, maxMessages))
}

// session is one connection.
type session struct {
	Config
	mu  sync.Mutex // one message at a time goes out
	out io.Writer
}

func (s *session) send(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return WriteFrame(s.out, body)
}

// Refuse answers with a code and nothing else, where no door could be opened, and returns when the browser has hung up, or after hearing:
// a browser that still writes its question while the program ends throws the answer away.
func Refuse(in io.Reader, out io.Writer, code string) error {
	if err := (&session{out: out}).refuse(code); err != nil {
		return err
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		_, _ = io.Copy(io.Discard, in) // it ends, however that is
	}()
	late := time.NewTimer(hearing)
	defer late.Stop()
	select {
	case <-heard:
	case <-late.C:
	}
	return nil
}

func (s *session) refuse(code string) error { return s.send(message.Refusal{Code: code}) }
