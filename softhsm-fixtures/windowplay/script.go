// SPDX-License-Identifier: Apache-2.0

// Package windowplay alone owns the scripted window: a program that speaks the protocol of the agent's own window
// (cardreader/agent/window) and answers by a script file instead of a person, and the small library by which tests write that
// script and read what was shown.
//
// A Window may be used from many goroutines; its program may run in several processes, one after another.
package windowplay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"zaver/cardreader/agent/window"
)

// Act is what the made-up person, or a faulty program, does at a moment.
type Act string

// The acts. Those after Wait break the protocol or the program.
const (
	Sign      Act = "sign"   // chooses Script.Row and signs
	Cancel    Act = "cancel" // declines
	Wait      Act = "wait"   // does nothing, and reads on
	Stall     Act = "stall"  // reads nothing and says nothing for ever
	Die       Act = "die"    // ends without a word
	Crash     Act = "crash"  // ends in the middle of a line
	Garbage   Act = "garbage"
	Endless   Act = "endless" // a line that never ends
	Flood     Act = "flood"   // valid answers without end
	Twice     Act = "twice"   // signs twice
	Unknown   Act = "unknown" // an event that there isn't
	Close     Act = "close"   // says that it was closed, though it is time to cancel
	NoDisplay Act = "no_display"
)

// Script says what is done when. An empty act is the good one: show the window, sign with the row that is chosen (or the first usable
// one), wait during progress, close the result at once.
type Script struct {
	AtShow     Act `json:"at_show,omitempty"`
	AtRows     Act `json:"at_rows,omitempty"`
	AtProgress Act `json:"at_progress,omitempty"` // at the first progress after the choice
	AtResult   Act `json:"at_result,omitempty"`
	// Row is the row to sign with; nil takes the chosen one or the first usable one. It may be one that nobody may choose.
	Row *int `json:"row,omitempty"`
}

// Window is a script file with its transcript, and the program that plays it.
type Window struct{ path, program string }

const (
	programName = "fake-window"
	shownExt    = ".shown"
)

// Build compiles the program into dir and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(dir, programName)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, "zaver/softhsm-fixtures/windowplay/cmd/fake-window")
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", programName, err, b)
	}
	return out, nil
}

// New makes the files in dir (which must exist). program is what Build returned; it makes none, so that dir can be removed while a
// window is still open, as one with a result is for a while after its agent is done.
func New(dir, program string, s Script) (*Window, error) {
	w := &Window{path: filepath.Join(dir, "window.json"), program: program}
	return w, errors.Join(w.Forget(), w.Write(s))
}

// Write replaces the script. The transcript stays.
func (w *Window) Write(s Script) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.path+".new", b, 0o600); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return os.Rename(w.path+".new", w.path)
}

// Config is what the agent is configured with: the program, its arguments, and an environment that has a display.
func (w *Window) Config() window.Config {
	return window.Config{Path: w.program, Args: []string{"--script", w.path}, Env: []string{"DISPLAY=:none"}}
}

// Shown returns the messages that the window got so far, oldest first.
func (w *Window) Shown() ([]window.Message, error) {
	b, err := os.ReadFile(w.path + shownExt)
	if err != nil {
		return nil, fmt.Errorf("read transcript: %w", err)
	}
	var out []window.Message
	for line := range strings.Lines(string(b)) {
		line, whole := strings.CutSuffix(line, "\n")
		if !whole {
			break // it is being written
		}
		m, err := window.ParseMessage([]byte(line))
		if err != nil {
			return nil, fmt.Errorf("read transcript: %w", err)
		}
		out = append(out, m)
	}
	return out, nil
}

// Forget empties the transcript.
func (w *Window) Forget() error {
	if err := os.WriteFile(w.path+shownExt, nil, 0o600); err != nil {
		return fmt.Errorf("empty transcript: %w", err)
	}
	return nil
}
