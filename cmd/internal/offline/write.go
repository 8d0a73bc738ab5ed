// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html.tmpl
var reportPage string

var reportTemplate = template.Must(template.New("report").Parse(reportPage))

// html writes the report as one page that needs nothing else.
func (p *page) html(w io.Writer) error { return reportTemplate.Execute(w, p) }

// Label gives the words of a heading to the template.
func (p *page) Label(id string) string { return p.say("report."+id, nil) }

// text writes the report for a terminal.
func (p *page) text(w *bufio.Writer) {
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) } // Flush reports it
	put("%s: %s\n%s\n\n", p.Title, strings.ToUpper(p.Verdict), p.Means)
	facts(put, p.Facts, "")
	for _, s := range p.Sections {
		in := strings.Repeat("  ", s.Level)
		put("\n%s%s", in, s.Title)
		if s.State != "" {
			put(": %s", p.Label(string(s.State)))
		}
		put("\n")
		facts(put, s.Facts, in+"  ")
		findings(put, s.Findings, in)
		if len(s.Path) > 0 {
			put("%s  %s\n", in, p.Label("path"))
		}
		for _, c := range s.Path {
			role := ""
			if c.Anchor {
				role = " (" + p.Label("anchor") + ")"
			}
			put("%s  %d. %s%s\n%s     %s; %s; %s\n%s     SHA-256 %s\n", in, c.Number, c.Holder, role, in, c.Serial, c.Validity, c.Key, in, c.Hash)
		}
	}
}

func findings(put func(string, ...any), list []line, in string) {
	for _, l := range list {
		about := l.About
		if about != "" {
			about = ", " + about
		}
		put("%s  %s %s [%s%s]\n", in, l.Mark, l.Words, l.Code, about)
		if l.Detail != "" {
			put("%s      %s\n", in, l.Detail)
		}
		if l.Advice != "" {
			put("%s      → %s\n", in, l.Advice)
		}
	}
}

func facts(put func(string, ...any), list []fact, in string) {
	for _, f := range list {
		put("%s%s: %s\n", in, f.Label, f.Value)
	}
}
