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
	"strings"

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

// longReason bounds one of the portal's reasons, in letters.
const longReason = 600

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
	var busy interface{ HeldBy() string }
	if errors.As(err, &busy) {
		s.HeldBy = busy.HeldBy()
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
		n.Failed(FailureOf(n.language, s))
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
	for _, reason := range s.Said {
		n.line("  %s", words.Clean(reason, longReason))
	}
	codes := make([]string, len(s.Codes))
	for i, code := range s.Codes {
		codes[i] = words.Clean(code, 80)
	}
	if len(codes) > 0 {
		n.line("  [%s]", strings.Join(codes, ", "))
	}
}

// Failed says why it failed.
func (n *Narrator) Failed(f Failure) {
	if n.err == nil {
		n.err = f.WriteText(n.out, n.language)
	}
}

// WriteJSON writes one value for programs, indented.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
