// SPDX-License-Identifier: Apache-2.0

// Package terminal alone owns what the agent says to a person at a terminal and to programs behind a pipe: tables, the
// progress of a confirmation, the words of both languages, the shape of the JSON, and the one line by which a portal's
// page hands a confirmation over without a browser's help.
//
// It reaches no device and no network. Values from outside are cleaned before they are printed: a terminal would obey
// them otherwise. There are no colours. Everything here may be used from many goroutines but a [Table] and a [Narrator].
package terminal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// Exit codes of a confirmation, beside those that all commands share.
const (
	ExitConfirmed = 0
	ExitFailed    = 1
	ExitBusy      = 4 // another confirmation is open
	ExitRefused   = 5 // the portal checked the signature and refused
	ExitDeclined  = 6 // the person said no
)

// Exit returns the exit code of a confirmation that ended with this step.
func Exit(last agent.Step) int {
	switch {
	case last.Step == agent.StepDone && last.State == "confirmed":
		return ExitConfirmed
	case last.Step == agent.StepDone:
		return ExitRefused
	case last.Code == agent.CodeBusy:
		return ExitBusy
	case last.Code == agent.CodeDeclined, last.Code == agent.CodeCancelled, last.Code == "pin.cancelled":
		return ExitDeclined
	}
	return ExitFailed
}

// Failed is the last step of what ended with an error.
func Failed(err error) agent.Step {
	s := agent.Step{Step: agent.StepFailed, Code: agent.CodeOf(err)}
	var p *pin.Error
	if errors.As(err, &p) {
		if n, known := p.Tries.Count(); known {
			s.Tries = &n
		}
	}
	return s
}

// Narrator tells a person how a confirmation goes.
type Narrator struct {
	out      io.Writer
	language words.Language
	err      error
}

// NewNarrator makes a Narrator.
func NewNarrator(out io.Writer, l words.Language) *Narrator { return &Narrator{out: out, language: l} }

// Err returns the first failure of writing.
func (n *Narrator) Err() error { return n.err }

func (n *Narrator) line(format string, args ...any) {
	if n.err == nil {
		_, n.err = fmt.Fprintf(n.out, format+"\n", args...)
	}
}

// Begin says for which portal the confirmation is, and what to compare.
func (n *Narrator) Begin(origin string) {
	n.line("%s", say(n.language, sayPortal, "origin", words.Clean(origin, 120)))
	n.line("%s", say(n.language, sayCompare))
}

// Step says what goes on.
func (n *Narrator) Step(s agent.Step) {
	switch s.Step {
	case agent.StepDone:
		n.done(s)
	case agent.StepFailed:
		n.failed(s)
	case agent.StepConsent:
		n.line("%s", say(n.language, sayConsent))
		if s.Control != "" {
			n.line("%s", say(n.language, sayControl, "code", words.Clean(s.Control, 12)))
		}
	default:
		if t, ok := steps[s.Step]; ok {
			n.line("%s", t.in(n.language))
		}
	}
}

func (n *Narrator) done(s agent.Step) {
	if s.State == "confirmed" {
		n.line("%s", say(n.language, sayConfirmed))
		return
	}
	n.line("%s", say(n.language, sayRefused))
	for _, code := range s.Codes {
		n.line("  %s", words.Clean(code, 80))
	}
}

func (n *Narrator) failed(s agent.Step) {
	what, todo := words.Failure(n.language, s.Code)
	n.line("%s [%s]", what, words.Clean(s.Code, 80))
	if s.Tries != nil {
		n.line("%s", say(n.language, sayTries, "n", fmt.Sprint(*s.Tries)))
	}
	if s.HeldBy != "" {
		n.line("%s", words.Say(n.language, words.ResultHeldBy, "programs", words.Clean(s.HeldBy, 80)))
	}
	if todo != "" {
		n.line("%s", todo)
	}
}

// WriteJSON writes one value for programs, indented.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
