// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"zaver/cardreader/agent/words"
)

const (
	widestCell = 80 // letters
	gap        = "  "
	gapWidth   = len(gap)
)

// Table is what people read: columns as wide as their widest cell, in columns of the terminal. Make it with NewTable.
type Table struct {
	rows    [][]string
	heading bool // the first row is one
	widest  int  // columns of the terminal; 0: as many as the table needs
}

// NewTable makes a table with a heading.
func NewTable(heading ...string) *Table {
	t := &Table{heading: true}
	t.Row(heading...)
	return t
}

// Within bounds the table to a terminal of so many columns, 0 for no bound: a wider table with a heading is written row by row, one cell a line,
// since a terminal would break its lines anywhere.
func (t *Table) Within(columns int) *Table {
	t.widest = columns
	return t
}

// Row adds a row. Cells are cleaned and cut; an empty one becomes a dash.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		if row[i] = words.Clean(c, widestCell); row[i] == "" {
			row[i] = "-"
		}
	}
	t.rows = append(t.rows, row)
}

// WriteTo writes the table.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(c))
		}
	}
	whole := gapWidth * (len(widths) - 1)
	for _, w := range widths {
		whole += w
	}
	if t.heading && t.widest > 0 && whole > t.widest {
		return t.writeRecords(w)
	}
	var b strings.Builder
	for _, row := range t.rows {
		for i, c := range row {
			b.WriteString(c)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-columns(c)) + gap)
			}
		}
		b.WriteString("\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// writeRecords writes each row as lines of heading and cell; cells without a value are left out.
func (t *Table) writeRecords(w io.Writer) (int64, error) {
	head, width := t.rows[0], 0
	for _, h := range head {
		width = max(width, columns(h))
	}
	var b strings.Builder
	for n, row := range t.rows[1:] {
		if n > 0 {
			b.WriteString("\n")
		}
		for i, c := range row {
			if c != "-" {
				b.WriteString(head[i] + strings.Repeat(" ", width-columns(head[i])) + gap + c + "\n")
			}
		}
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// columns is how many columns of a terminal a cleaned text takes: accents take none, wide letters two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
