// SPDX-License-Identifier: Apache-2.0

// Package pinentry alone owns the scripted pinentry: a program that speaks the
// real Assuan dialog to the real agent and answers by a script file instead of
// a person, and the small library by which tests write that script and read
// what was shown.
//
// A Pinentry may be used from many goroutines; its program may run in several
// processes at once (they share the script's cursor under a file lock).
package pinentry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Answers that a script may give, to either question. A PIN answer is any
// other word: it is typed as it is.
const (
	OK       = "ok"      // CONFIRM: yes, as soon as it counts; see Play
	AtOnce   = "at_once" // CONFIRM: yes, without a look at the question
	Cancel   = "cancel"  // the second button, or the window closed
	Other    = "notok"   // CONFIRM: the third button
	Timeout  = "timeout" // the pinentry's own time limit
	Crash    = "crash"   // the process dies in the middle of the answer
	Hang     = "hang"    // the process never answers while its parent lives, and ignores SIGTERM
	Garbage  = "garbage" // an answer that isn't Assuan
	holdMark = "hold:"   // Hold(answer)
	stateExt = ".state"  // beside the script: how many answers were given
	holdExt  = ".hold"   // beside the script: the fifo of Hold
	showsExt = ".shown"  // beside the script: the transcript
	program  = "fake-pinentry"
)

// Hold gives answer only after Pinentry.Release.
func Hold(answer string) string { return holdMark + answer }

// Script is what a made-up person answers: to each CONFIRM the next of
// Confirm, to each GETPIN the next of PIN; the last one is repeated for ever.
type Script struct {
	Confirm []string `json:"confirm"`
	PIN     []string `json:"pin"`
	// NoRepeat makes a program without a second field: where a PIN is asked twice, the script has it twice.
	NoRepeat bool `json:"no_repeat,omitempty"`
}

// Shown is one line of the transcript: everything that a dialog showed, and
// what kind of answer it got. A PIN is never in it ("pin" stands for it).
type Shown struct {
	Command     string `json:"command"` // "CONFIRM", "GETPIN" or "MESSAGE"
	Title       string `json:"title,omitempty"`
	Text        string `json:"text,omitempty"`
	Prompt      string `json:"prompt,omitempty"`
	Error       string `json:"error,omitempty"`
	OK          string `json:"ok,omitempty"`
	Cancel      string `json:"cancel,omitempty"`
	NotOK       string `json:"notok,omitempty"`
	Timeout     string `json:"timeout,omitempty"`
	Repeat      string `json:"repeat,omitempty"`
	RepeatError string `json:"repeat_error,omitempty"`
	Answer      string `json:"answer"`
}

// Pinentry is a script file with its transcript, and the program that plays it.
type Pinentry struct {
	path    string
	program string
}

// New makes the files in dir (which must exist) with a first script. program
// is what Build returned; it makes none, so that dir can be removed while it still runs.
func New(dir, program string, s Script) (*Pinentry, error) {
	p := &Pinentry{path: filepath.Join(dir, "pinentry.json"), program: program}
	return p, errors.Join(p.Forget(), p.Write(s), makeFIFO(p.path+holdExt))
}

// Build compiles the program into dir and returns its path. It takes about a
// second the first time, and needs the Go tool and this module's sources.
func Build(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(dir, program)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, "zaver/softhsm-fixtures/pinentry/cmd/fake-pinentry")
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", program, err, b)
	}
	return out, nil
}

// Argv is what the agent is configured with.
func (p *Pinentry) Argv() []string { return []string{p.program, "--script", p.path} }

// Hurried is Argv of a program that says OK at once, for a client with the clock of [Later].
func (p *Pinentry) Hurried() []string { return append(p.Argv(), "--hurried") }

// Later returns a clock on which a minute goes by between any two looks: whoever measures a person by it finds them slow.
func Later() func() time.Time {
	var looks atomic.Int64
	began := time.Now()
	return func() time.Time { return began.Add(time.Duration(looks.Add(1)) * time.Minute) }
}

// Write replaces the script and starts it from its first answers. The transcript stays.
func (p *Pinentry) Write(s Script) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.path+stateExt, nil, 0o600); err != nil {
		return fmt.Errorf("reset script: %w", err)
	}
	if err := os.WriteFile(p.path+".new", b, 0o600); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return os.Rename(p.path+".new", p.path)
}

// Shown returns the transcript so far, oldest first.
func (p *Pinentry) Shown() ([]Shown, error) {
	b, err := os.ReadFile(p.path + showsExt)
	if err != nil {
		return nil, fmt.Errorf("read transcript: %w", err)
	}
	var out []Shown
	for line := range strings.Lines(string(b)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		var s Shown
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			return nil, fmt.Errorf("read transcript: %w", err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Forget empties the transcript.
func (p *Pinentry) Forget() error {
	if err := os.WriteFile(p.path+showsExt, nil, 0o600); err != nil {
		return fmt.Errorf("empty transcript: %w", err)
	}
	return nil
}

// Release lets the one dialog go on that a Hold answer keeps open; it waits
// until that dialog is there.
func (p *Pinentry) Release() error {
	f, err := os.OpenFile(p.path+holdExt, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("release dialog: %w", err)
	}
	return f.Close()
}
