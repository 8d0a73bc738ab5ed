// SPDX-License-Identifier: Apache-2.0

package c14n

import (
	"slices"
	"strings"

	"zaver/signature/xmldsig/xmlread"
)

// writer is the canonical form so far.
type writer struct {
	m        Method
	limit    int
	out      []byte
	apex     bool              // the next element is the first
	closed   bool              // the document element has ended
	depth    int               // elements open in the form
	rendered []xmlread.Binding // declarations written, of all open elements
	marks    []int             // len(rendered) before each open element
	spaces   []xmlread.Binding // of the element at hand
	attrs    []xmlread.Attr
}

func newWriter(m Method, o Options) *writer {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	return &writer{m: m, limit: o.Limit, apex: true}
}

// token writes one token. The root node is around an element whose own reader is at depth 1.
func (w *writer) token(r *xmlread.Reader, t *xmlread.Token, root bool) error {
	outside := w.depth == 0 && t.Kind != xmlread.Start
	switch t.Kind {
	case xmlread.Start:
		if err := w.start(r, t); err != nil {
			return err
		}
	case xmlread.End:
		w.out = append(appendName(append(w.out, '<', '/'), t.Prefix, t.Local), '>')
		w.depth--
		n := len(w.marks) - 1
		w.rendered, w.marks = w.rendered[:w.marks[n]], w.marks[:n]
		w.closed = w.depth == 0
	case xmlread.Text:
		w.out = appendText(w.out, t.Data)
	case xmlread.Comment, xmlread.PI:
		if t.Kind == xmlread.Comment && !w.m.Comments || outside && root {
			return nil
		}
		if outside && w.closed {
			w.out = append(w.out, '\n')
		}
		if t.Kind == xmlread.Comment {
			w.out = append(append(append(w.out, "<!--"...), t.Data...), "-->"...)
		} else {
			w.out = append(append(w.out, "<?"...), t.Local...)
			if len(t.Data) > 0 {
				w.out = append(append(w.out, ' '), t.Data...)
			}
			w.out = append(w.out, "?>"...)
		}
		if outside && !w.closed {
			w.out = append(w.out, '\n')
		}
	}
	if len(w.out) > w.limit {
		return ErrTooLarge
	}
	return nil
}

// start writes a start tag: declarations sorted by prefix, then attributes
// sorted by namespace and name (Canonical XML 1.0 section 2.3).
func (w *writer) start(r *xmlread.Reader, t *xmlread.Token) error {
	for _, b := range t.Declared {
		if !absolute(b.URI) {
			return ErrNamespace
		}
	}
	w.marks = append(w.marks, len(w.rendered))
	w.spaces = w.spaces[:0]
	if w.m.Kind == Exclusive {
		w.utilised(r, t)
	} else {
		w.declared(r, t)
	}
	slices.SortFunc(w.spaces, func(a, b xmlread.Binding) int { return strings.Compare(a.Prefix, b.Prefix) })
	if err := w.attributes(r, t); err != nil {
		return err
	}
	w.out = append(w.out, '<')
	w.out = appendName(w.out, t.Prefix, t.Local)
	for _, b := range w.spaces {
		if b.Prefix == "" {
			w.out = append(w.out, ` xmlns="`...)
		} else {
			w.out = append(append(append(w.out, ` xmlns:`...), b.Prefix...), `="`...)
		}
		w.out = append(appendValue(w.out, []byte(b.URI)), '"')
	}
	for i := range w.attrs {
		w.out = appendName(append(w.out, ' '), w.attrs[i].Prefix, w.attrs[i].Local)
		w.out = append(appendValue(append(w.out, '=', '"'), w.attrs[i].Value), '"')
	}
	w.out = append(w.out, '>')
	w.rendered = append(w.rendered, w.spaces...)
	w.apex = false
	w.depth++
	return nil
}

func appendName(out []byte, prefix, local string) []byte {
	if prefix != "" {
		out = append(append(out, prefix...), ':')
	}
	return append(out, local...)
}

// declared are the declarations of the inclusive forms: those that change what
// is in force, and at the apex all that are in force.
func (w *writer) declared(r *xmlread.Reader, t *xmlread.Token) {
	if w.apex {
		w.spaces = append(w.spaces, r.Scope()...)
		return
	}
	for _, b := range t.Declared {
		w.render(b)
	}
}

// utilised are the declarations of the exclusive form (Exclusive XML
// Canonicalization section 3): those of prefixes that the tag itself uses, and
// of the listed prefixes.
func (w *writer) utilised(r *xmlread.Reader, t *xmlread.Token) {
	use := func(prefix string) {
		if prefix == "xml" || slices.ContainsFunc(w.spaces, func(b xmlread.Binding) bool { return b.Prefix == prefix }) {
			return
		}
		if uri, ok := r.Lookup(prefix); ok {
			w.render(xmlread.Binding{Prefix: prefix, URI: uri})
		}
	}
	use(t.Prefix)
	for i := range t.Attrs {
		if p := t.Attrs[i].Prefix; p != "" {
			use(p)
		}
	}
	for _, p := range w.m.Prefixes {
		use(p)
	}
}

// render adds a declaration unless the form has it in force already; an empty
// default counts as in force where none was written.
func (w *writer) render(b xmlread.Binding) {
	if b.Prefix == "xml" {
		return
	}
	for i := len(w.rendered) - 1; i >= 0; i-- {
		if w.rendered[i].Prefix == b.Prefix {
			if w.rendered[i].URI != b.URI {
				w.spaces = append(w.spaces, b)
			}
			return
		}
	}
	if b.URI != "" {
		w.spaces = append(w.spaces, b)
	}
}

// attributes collects and sorts the attributes; the apex of an inclusive form
// takes over xml: attributes from outside (Canonical XML 1.0 and 1.1 section 2.4).
func (w *writer) attributes(r *xmlread.Reader, t *xmlread.Token) error {
	w.attrs = append(w.attrs[:0], t.Attrs...)
	if w.apex && w.m.Kind != Exclusive {
		for _, a := range r.InheritedXML() {
			if w.m.Kind == Inclusive11 && a.Local == "base" {
				return ErrBase
			}
			if w.m.Kind == Inclusive11 && a.Local != "lang" && a.Local != "space" {
				continue
			}
			own := slices.ContainsFunc(t.Attrs, func(o xmlread.Attr) bool { return o.Space == a.Space && o.Local == a.Local })
			if !own {
				w.attrs = append(w.attrs, a)
			}
		}
	}
	slices.SortFunc(w.attrs, func(a, b xmlread.Attr) int {
		if c := strings.Compare(a.Space, b.Space); c != 0 {
			return c
		}
		return strings.Compare(a.Local, b.Local)
	})
	return nil
}

// absolute reports whether a namespace URI is empty or begins with a scheme (RFC 3986 section 3.1).
func absolute(uri string) bool {
	for i, c := range []byte(uri) {
		switch letter := c|0x20 >= 'a' && c|0x20 <= 'z'; {
		case c == ':':
			return i > 0
		case letter, i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return uri == ""
}

// appendText writes character data (Canonical XML 1.0 section 2.3, text nodes).
func appendText(out, s []byte) []byte {
	from := 0
	for i, c := range s {
		var as string
		switch c {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		case '\r':
			as = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), as...)
		from = i + 1
	}
	return append(out, s[from:]...)
}

// appendValue writes an attribute's value (the same, attribute nodes).
func appendValue(out, s []byte) []byte {
	from := 0
	for i, c := range s {
		var as string
		switch c {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '"':
			as = "&quot;"
		case '\t':
			as = "&#x9;"
		case '\n':
			as = "&#xA;"
		case '\r':
			as = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), as...)
		from = i + 1
	}
	return append(out, s[from:]...)
}
