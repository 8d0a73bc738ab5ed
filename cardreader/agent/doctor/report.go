// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"zaver/cardreader/agent/words"
)

// Report is what a run found, the cause first.
type Report struct {
	Format   string         `json:"format"`
	Version  string         `json:"version"` // of the program
	Language words.Language `json:"language"`
	Exit     int            `json:"exit"` // the exit code: that of the first fault's area, or 0
	Millis   int64          `json:"millis"`
	Lines    []Line         `json:"lines"`
	// Equipment counts what was found, without names.
	Equipment Equipment `json:"equipment"`
}

// Equipment is what was found, in numbers.
type Equipment struct {
	Readers      int `json:"readers"`
	Cards        int `json:"cards"`
	Modules      int `json:"modules"`
	Tokens       int `json:"tokens"`
	Certificates int `json:"certificates"` // that can be used now
	Portals      int `json:"portals"`
	Browsers     int `json:"browsers"`
}

func newReport(c Config, lines []Line, e Equipment, took time.Duration) Report {
	sortLines(lines)
	r := Report{Format: Format, Version: c.Version, Language: c.Language, Millis: took.Milliseconds(), Lines: lines, Equipment: e}
	if len(lines) > 0 && lines[0].State == Fault {
		r.Exit = lines[0].Area.Exit()
	}
	return r
}

// Public is the report for a page and for support: without Detail, nothing in it tells one computer from another.
func (r Report) Public() Report {
	lines := make([]Line, len(r.Lines))
	for i, l := range r.Lines {
		l.Detail = ""
		lines[i] = l
	}
	r.Lines = lines
	return r
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

var marks = map[State]text{
	Fault:   {"НЕИСПРАВНОСТЬ", "FAULT"},
	Warning: {"ВНИМАНИЕ", "WARNING"},
	Skipped: {"пропущено", "skipped"},
	OK:      {"в порядке", "ok"},
}

var (
	allWell   = text{"Всё в порядке: агент готов к работе.", "All is well: the agent is ready."}
	causeHead = text{"Причина: ", "Cause: "}
)

// WriteText writes the report for people: the cause, then a line for each finding with its remedy below.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	width := 0
	for _, l := range r.Lines {
		width = max(width, len([]rune(marks[l.State].in(r.Language))))
	}
	for _, l := range r.Lines {
		mark := marks[l.State].in(r.Language)
		pad := strings.Repeat(" ", width-len([]rune(mark)))
		fmt.Fprintf(&b, "%s%s  %s  [%s]\n", mark, pad, l.Text, l.Code)
		indent := strings.Repeat(" ", width+2)
		if l.Detail != "" {
			fmt.Fprintf(&b, "%s%s\n", indent, l.Detail)
		}
		if l.Remedy != "" {
			fmt.Fprintf(&b, "%s-> %s\n", indent, l.Remedy)
		}
	}
	last := allWell.in(r.Language)
	if r.Exit != 0 {
		last = causeHead.in(r.Language) + r.Lines[0].Text
	}
	fmt.Fprintf(&b, "%s\n", last)
	_, err := io.WriteString(w, b.String())
	return err
}
