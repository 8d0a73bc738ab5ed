// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/sha256"
	"errors"
	"io"
	"strconv"
	"strings"

	"zaver/signature/xmldsig/xmlread"
)

// Bounds inside a list.
const (
	maxField    = 4096 // bytes of a text
	maxStatuses = 256  // of one centre
)

// listReader reads what was signed. Elements are found by name, in any order; unknown ones are
// passed over, and one that must stand once is refused when it stands twice.
type listReader struct {
	r     *xmlread.Reader
	l     *List
	total int                        // certificates so far
	owner map[[sha256.Size]byte]int  // entry that a certificate was first seen in
	told  map[[sha256.Size]byte]bool // duplicates that were reported
	lost  int                        // findings over the bound
}

func newListReader(content []byte, l *List) *listReader {
	return &listReader{r: xmlread.New(content, xmlread.Limits{Bytes: 2 * MaxListBytes}), l: l,
		owner: map[[sha256.Size]byte]int{}, told: map[[sha256.Size]byte]bool{}}
}

func (p *listReader) find(code, centre, detail string) {
	if len(p.l.Findings) == MaxFindings {
		p.lost++
		p.l.Findings[MaxFindings-1] = Finding{Code: code, Detail: strconv.Itoa(p.lost+1) + " more findings"}
		return
	}
	p.l.Findings = append(p.l.Findings, Finding{code, centre, detail})
}

func malformedList(detail string, cause error) error {
	return &Error{Code: CodeListMalformed, Detail: detail, Cause: cause}
}

// read reads the whole list.
func (p *listReader) read() error {
	for { // what stands before the document element
		t, err := p.r.Next()
		if err != nil {
			return malformedList("read list", err)
		}
		if t.Kind == xmlread.Start {
			break
		}
	}
	if !p.r.Token().Is("", "АккредитованныеУдостоверяющиеЦентры") {
		return malformedList("another document", nil)
	}
	var version, date field
	err := p.children(func(name string) error {
		switch name {
		case "Версия":
			return p.text(&version)
		case "Дата":
			return p.text(&date)
		case "УдостоверяющийЦентр":
			return p.entry()
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	if _, err := p.r.Next(); !errors.Is(err, io.EOF) && err != nil {
		return malformedList("read list", err)
	}
	if p.l.Version, err = strconv.ParseInt(version.value, 10, 64); err != nil || p.l.Version < 1 {
		return malformedList("version", err)
	}
	var ok bool
	if p.l.Date, ok = parseMoment(date.value); !ok {
		return malformedList("date", nil)
	}
	p.l.Centres = len(p.l.Entries)
	return nil
}

// field is the text of an element that may stand once.
type field struct {
	value string
	set   bool
}

// children calls do for each child of the open element; do must read to the child's end.
func (p *listReader) children(do func(name string) error) error {
	depth := p.r.Depth()
	for {
		t, err := p.r.Next()
		switch {
		case err != nil:
			return malformedList("read list", err)
		case t.Kind == xmlread.End && p.r.Depth() < depth:
			return nil
		case t.Kind != xmlread.Start:
			continue
		}
		name := t.Local
		if t.Space != "" {
			name = ""
		}
		if err := do(name); err != nil {
			return err
		}
	}
}

// skip reads to the end of the open element.
func (p *listReader) skip() error {
	return p.children(func(string) error { return p.skip() })
}

// raw reads the text of the open element, which has no children.
func (p *listReader) raw(limit int) ([]byte, error) {
	depth := p.r.Depth()
	var out []byte
	for {
		t, err := p.r.Next()
		switch {
		case err != nil:
			return nil, malformedList("read list", err)
		case t.Kind == xmlread.End && p.r.Depth() < depth:
			return out, nil
		case t.Kind != xmlread.Text:
			return nil, malformedList("an element inside a text", nil)
		case len(out)+len(t.Data) > limit:
			return nil, &Error{Code: CodeListTooLarge, Detail: "text too long"}
		}
		out = append(out, t.Data...)
	}
}

// text reads a text that stands once; spaces around it go, those inside become single.
func (p *listReader) text(f *field) error {
	b, err := p.raw(maxField)
	if err != nil {
		return err
	}
	if f.set {
		return malformedList("an element twice", nil)
	}
	f.value, f.set = strings.Join(strings.Fields(string(b)), " "), true
	return nil
}

// inside goes down the path of names and calls do for each element at its end.
func (p *listReader) inside(do func() error, path ...string) error {
	return p.children(func(name string) error {
		switch {
		case name != path[0]:
			return p.skip()
		case len(path) == 1:
			return do()
		}
		return p.inside(do, path[1:]...)
	})
}
