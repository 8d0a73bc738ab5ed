// SPDX-License-Identifier: Apache-2.0

package nativemsg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/message"
)

// What a message may ask.
const (
	doHello   = "hello"
	doDoctor  = "doctor"
	doConfirm = "confirm"
	doCancel  = "cancel"
)

// allowed are the fields of each kind of message, beside "do".
var allowed = map[string][]string{
	doHello:   {"sender"},
	doDoctor:  {"sender", "lang"},
	doConfirm: {"sender", "origin", "request", "ticket", "method", "lang"},
	doCancel:  {},
}

// parse reads one message strictly: what it asks, and its fields.
func parse(body []byte) (string, map[string]string, error) {
	fields, err := message.Texts(body, "do", "sender", "origin", "request", "ticket", "method", "lang")
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	do := fields["do"]
	names, known := allowed[do]
	if !known {
		return "", nil, fmt.Errorf("%w: it asks for %.20q", ErrMessage, do)
	}
	delete(fields, "do")
	for name := range fields {
		if !slices.Contains(names, name) {
			return "", nil, fmt.Errorf("%w: field %q has no place in %q", ErrMessage, name, do)
		}
	}
	return do, fields, nil
}

// answer does what one message asks. It says whether the connection is over.
func (s *session) answer(ctx context.Context, stop context.CancelCauseFunc, body []byte, more <-chan []byte) (bool, error) {
	do, fields, err := parse(body)
	if err != nil {
		s.Log.Warn("message refused", "err", err)
		return true, errors.Join(err, s.refuse(agent.CodeRequest))
	}
	if do == doCancel {
		return true, nil // nothing is open
	}
	// Who asks comes before what is asked, as at the other door.
	if !slices.Contains(s.Agent.Origins(), fields["sender"]) {
		s.Log.Warn("message refused", "code", agent.CodeOrigin, "sender", clip(fields["sender"]))
		return true, s.refuse(agent.CodeOrigin)
	}
	switch do {
	case doHello:
		return false, s.send(message.NewHello(s.Version, s.Agent.Busy()))
	case doDoctor:
		return false, s.doctor(ctx, fields)
	default:
		return true, s.confirm(ctx, stop, fields, more)
	}
}

func (s *session) doctor(ctx context.Context, fields map[string]string) error {
	lang, err := message.Language(fields)
	if err != nil || s.Doctor == nil {
		return s.refuse(agent.CodeRequest)
	}
	report, err := s.Doctor(ctx, lang)
	if err == nil && (!json.Valid(report) || len(report) > MaxOut) {
		err = errors.New("the report is no JSON or too long")
	}
	if err != nil {
		s.Log.Warn("no report", "err", err)
		return s.refuse(agent.CodeOf(err))
	}
	return s.send(json.RawMessage(report))
}

// confirm does the one confirmation of the connection. Meanwhile only "cancel" may come; anything else, and the end of
// input, cancels too.
func (s *session) confirm(ctx context.Context, stop context.CancelCauseFunc, fields map[string]string, more <-chan []byte) error {
	request, err := message.Request(fields)
	if err != nil {
		s.Log.Warn("message refused", "err", err)
		return errors.Join(fmt.Errorf("%w: %w", ErrMessage, err), s.refuse(agent.CodeRequest))
	}
	op, err := s.Agent.Begin(fields["sender"], request)
	if err != nil {
		s.Log.Info("request not begun", "code", agent.CodeOf(err))
		return s.refuse(agent.CodeOf(err))
	}
	defer op.Close()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case body := <-more:
			if do, _, err := parse(body); err != nil || do != doCancel {
				s.Log.Warn("cancelled by a message that has no place here")
			}
			stop(context.Canceled)
		case <-ctx.Done():
		case <-ended:
		}
	}()
	var told error
	op.Run(ctx, func(step agent.Step) {
		// A browser that is gone reads no more; what is signed still goes to the portal.
		if err := s.send(step); err != nil && told == nil {
			told = err
			s.Log.Debug("step not told", "err", err)
		}
	})
	return nil
}

func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
