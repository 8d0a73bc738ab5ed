// SPDX-License-Identifier: Apache-2.0

// Package window alone owns the agent's own window as seen from the agent: the program that draws it (cmd/zaver-window),
// its process, and the protocol spoken with it. It knows nothing of portals, cards or PINs; every word that is shown comes
// from the caller, and no PIN ever passes through here.
//
// The protocol is JSON lines: messages to the window on its standard input (see [Message], at most 256 KiB a line), answers on
// its standard output (see [Answer], at most 256 bytes a line, at most 32 in all). Both sides refuse what they don't know. The
// window ends when its input ends, unless it shows a result: that stays for a bounded time of its own.
//
// A Program may be used from many goroutines, and a Session too; the newest session takes the place of an older one's result.
package window

import (
	"errors"
	"time"
)

// Errors that callers may match.
var (
	// ErrCancelled: the person declined, pressed Escape or closed the window.
	ErrCancelled = errors.New("window was cancelled")
	// ErrNotShown: there is no program or display, or the program ended or was silent before the window was on the screen.
	// Nothing was asked; another way to ask may be taken.
	ErrNotShown = errors.New("window was not shown")
	// ErrBroken: the program died, hangs or answered what it may not, after the window was shown.
	ErrBroken = errors.New("window does not work")
)

// Fact is one line about the request: a label and its value.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
	// Strong values are to be compared by the person: they stand out.
	Strong bool `json:"strong,omitempty"`
}

// Code is the control code: drawn large, digit by digit.
type Code struct {
	Label string `json:"label"`
	Value string `json:"value"`
	// Spoken is what a screen reader says instead of the number.
	Spoken string `json:"spoken"`
}

// Form is what the window shows from its beginning. Labels of buttons may have a mnemonic behind an underscore.
type Form struct {
	Title   string `json:"title"`
	Heading string `json:"heading"`
	Facts   []Fact `json:"facts"`
	Code    Code   `json:"code"`
	// Hint says when to sign; it stands beside the buttons.
	Hint string `json:"hint"`
	// Choose is the heading of the list of certificates.
	Choose  string `json:"choose"`
	Sign    string `json:"sign"`
	Decline string `json:"decline"`
	Close   string `json:"close"`
	// Progress is shown until the first rows come.
	Progress Progress `json:"progress"`
}

// Row is one certificate.
type Row struct {
	Title string   `json:"title"`
	Lines []string `json:"lines,omitempty"`
	// Note is a warning, or the reason why the row can't be chosen.
	Note string `json:"note,omitempty"`
	// Usable rows can be chosen; the others are grey.
	Usable bool `json:"usable,omitempty"`
	// Chosen is the row that is chosen at first; at most one may be.
	Chosen bool `json:"chosen,omitempty"`
}

// Progress is what goes on while the person need not, or can't, do anything in this window.
type Progress struct {
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
	// Seconds is the time that is left for this step, 1 to 600, which the window counts down by itself; 0 tells none. Countdown is
	// how that is said, with [Left] in the place of the number.
	Seconds   int    `json:"seconds,omitempty"`
	Countdown string `json:"countdown,omitempty"`
	// Final says that it is too late to cancel: the button closes the window only.
	Final bool `json:"final,omitempty"`
}

// Left stands for the number in Progress.Countdown.
const Left = "{n}"

// Tone is how a result is drawn.
type Tone string

// The tones.
const (
	Good Tone = "good" // confirmed
	Bad  Tone = "bad"  // refused or failed
)

// Result is the last thing that the window shows.
type Result struct {
	Tone  Tone     `json:"tone"`
	Text  string   `json:"text"`
	Lines []string `json:"lines,omitempty"`
	// Stay is after how many seconds the window closes by itself, 1 to 600.
	Stay int `json:"stay"`
}

// Defaults of Config, and how long a program may take to end.
const (
	readyLimit = 10 * time.Second
	goodStay   = 30 * time.Second
	graceLimit = 3 * time.Second
	tellLimit  = 500 * time.Millisecond
)
