// SPDX-License-Identifier: Apache-2.0

// Package xmlread alone owns the strict reading of XML 1.0 with namespaces as
// tokens, for documents that carry signatures: what a canonical form needs and
// nothing that an attacker could use.
//
// Only UTF-8 is read. Document types, and with them entities, are refused.
// Values come as the recommendation defines them: line ends and attribute
// values normalised (XML 1.0 sections 2.11 and 3.3.3), references resolved,
// namespaces resolved and checked (Namespaces in XML 1.0). What is not well
// formed anywhere in the document is an error at the latest when Next has come
// there; a document counts only after io.EOF.
//
// A Reader is used by one goroutine. Reading is linear in time; memory grows
// with depth, not with length. Limits bound length, depth, attributes, names
// and namespaces.
package xmlread

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Codes of *Error. They are stable.
const (
	CodeMalformed = "xml.malformed" // not well-formed XML 1.0 with namespaces
	CodeTooLarge  = "xml.too_large" // over one of the limits
	CodeDoctype   = "xml.doctype"   // a document type declaration
	CodeEncoding  = "xml.encoding"  // not UTF-8, or not XML 1.0
)

// Codes returns every code of this package.
func Codes() []string { return []string{CodeMalformed, CodeTooLarge, CodeDoctype, CodeEncoding} }

// Error says why and where a document was refused. Its text holds nothing of the document.
type Error struct {
	Code   string
	Offset int // byte in the document
	Reason string
}

// Error returns code, place and reason.
func (e *Error) Error() string { return fmt.Sprintf("%s: byte %d: %s", e.Code, e.Offset, e.Reason) }

// XML is the namespace that the prefix xml is bound to, XMLNS that of xmlns.
const (
	XML   = "http://www.w3.org/XML/1998/namespace"
	XMLNS = "http://www.w3.org/2000/xmlns/"
)

// Limits bound a document; a zero field takes the value of DefaultLimits.
type Limits struct {
	Bytes      int // length of the document
	Depth      int // open elements
	Attributes int // attributes of one element, namespace declarations included
	Name       int // bytes of one name or namespace URI
	Namespaces int // declarations in scope at once
}

// DefaultLimits are wide enough for every document that the project reads.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, Depth: 128, Attributes: 128, Name: 1024, Namespaces: 128}
}

// Kind is the kind of a token.
type Kind uint8

// The kinds. An empty element gives Start and End. The XML declaration is no token.
const (
	Start Kind = iota + 1
	End
	Text // character data or a CDATA section; one run of text may come as several tokens
	Comment
	PI
)

// Binding is a namespace declaration: an empty prefix is the default namespace,
// an empty URI takes it away.
type Binding struct{ Prefix, URI string }

// Attr is an attribute that is no namespace declaration.
type Attr struct {
	Space, Prefix, Local string
	Value                []byte // normalised; valid until the next call of Next
}

// Token is one token. Its slices are valid until the next call of Next.
type Token struct {
	Kind Kind
	// Space, Prefix and Local name an element (Start, End); Local is the target of a PI.
	Space, Prefix, Local string
	Attrs                []Attr
	Declared             []Binding
	// Data is the text, the comment's or the PI's content.
	Data []byte
	// From and To bound the token in the document: [From, To).
	From, To int
}

// Is reports whether an element has that name.
func (t *Token) Is(space, local string) bool { return t.Local == local && t.Space == space }

// element is an open element.
type element struct {
	raw                  []byte // name as written
	space, prefix, local string
	bindings             int    // len(Reader.ns) outside of it
	xml                  []Attr // its own xml: attributes, copied
}

// Reader reads one document.
type Reader struct {
	src    []byte
	pos    int
	limits Limits

	open    []element
	ns      []Binding
	names   map[string]string
	root    bool // the document element has begun
	empty   bool // an empty element's End is due
	failed  error
	tok     Token
	scratch []byte
}

// maxNames bounds the names kept to be shared between tokens.
const maxNames = 4096

// New begins to read a document. It is not copied and must not change.
func New(src []byte, limits Limits) *Reader {
	d := DefaultLimits()
	for _, f := range []struct{ set, to *int }{{&limits.Bytes, &d.Bytes}, {&limits.Depth, &d.Depth}, {&limits.Attributes, &d.Attributes},
		{&limits.Name, &d.Name}, {&limits.Namespaces, &d.Namespaces}} {
		if *f.set == 0 {
			*f.set = *f.to
		}
	}
	r := &Reader{src: src, limits: limits, names: make(map[string]string, 64)}
	if len(src) > limits.Bytes {
		r.failed = &Error{CodeTooLarge, limits.Bytes, "document too long"}
		return r
	}
	r.failed = r.begin()
	return r
}

// Clone returns a reader that goes on from the same place on its own.
func (r *Reader) Clone() *Reader {
	c := *r
	c.open, c.ns, c.names = slices.Clone(r.open), slices.Clone(r.ns), maps.Clone(r.names)
	c.scratch = nil
	c.tok.Attrs, c.tok.Declared, c.tok.Data = slices.Clone(r.tok.Attrs), slices.Clone(r.tok.Declared), bytes.Clone(r.tok.Data)
	for i := range c.tok.Attrs {
		c.tok.Attrs[i].Value = bytes.Clone(c.tok.Attrs[i].Value)
	}
	return &c
}

// Depth is the number of open elements; inside the document element it is 1.
// After Start it counts the element, after its End it does not.
func (r *Reader) Depth() int { return len(r.open) }

// Len is the length of the document in bytes.
func (r *Reader) Len() int { return len(r.src) }

// Token is the token that Next returned last.
func (r *Reader) Token() *Token { return &r.tok }

// Lookup returns the URI that a prefix is bound to here, false when it is not.
// An undeclared default namespace is "" and true.
func (r *Reader) Lookup(prefix string) (string, bool) {
	for i := len(r.ns) - 1; i >= 0; i-- {
		if r.ns[i].Prefix == prefix {
			return r.ns[i].URI, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return XML, true
	}
	return "", false
}

// Scope returns the declarations in force here, each prefix once, unsorted,
// without xml and without an empty default.
func (r *Reader) Scope() []Binding {
	var out []Binding
	for i := len(r.ns) - 1; i >= 0; i-- {
		b := r.ns[i]
		if !slices.ContainsFunc(out, func(o Binding) bool { return o.Prefix == b.Prefix }) {
			out = append(out, b)
		}
	}
	return slices.DeleteFunc(out, func(b Binding) bool { return b.URI == "" || b.Prefix == "xml" })
}

// InheritedXML returns the xml: attributes that the innermost open element has
// from the elements around it, the nearest first, each name once.
func (r *Reader) InheritedXML() []Attr {
	var out []Attr
	for i := len(r.open) - 2; i >= 0; i-- {
		for _, a := range r.open[i].xml {
			if !slices.ContainsFunc(out, func(o Attr) bool { return o.Local == a.Local }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Next returns the next token, io.EOF after a whole well-formed document, and
// otherwise *Error, from then on always the same.
func (r *Reader) Next() (*Token, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	err := r.next()
	if err != nil {
		r.failed = err
		return nil, err
	}
	r.tok.To = r.pos
	return &r.tok, nil
}

func (r *Reader) next() error {
	r.tok = Token{Attrs: r.tok.Attrs[:0], Declared: r.tok.Declared[:0], From: r.pos}
	r.scratch = r.scratch[:0]
	if r.empty {
		r.empty = false
		r.end()
		return nil
	}
	if len(r.open) == 0 {
		r.space()
		r.tok.From = r.pos
		if r.pos == len(r.src) {
			if !r.root {
				return r.malformed("no element")
			}
			return io.EOF
		}
	}
	rest := r.src[r.pos:]
	switch {
	case len(rest) == 0:
		return r.malformed("document ends inside an element")
	case rest[0] != '<':
		if len(r.open) == 0 {
			return r.malformed("text outside the document element")
		}
		return r.text()
	case has(rest, "<?"):
		return r.instruction()
	case has(rest, "<!--"):
		return r.comment()
	case has(rest, "<![CDATA[") && len(r.open) > 0:
		return r.cdata()
	case has(rest, "<!DOCTYPE"):
		return &Error{CodeDoctype, r.pos, "document type declarations are not read"}
	case has(rest, "</"):
		return r.endTag()
	case r.root && len(r.open) == 0:
		return r.malformed("second document element")
	default:
		return r.startTag()
	}
}

func has(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func (r *Reader) malformed(reason string) error { return &Error{CodeMalformed, r.pos, reason} }

// space skips white space and reports whether there was some.
func (r *Reader) space() bool {
	from := r.pos
	for r.pos < len(r.src) && isSpace(r.src[r.pos]) {
		r.pos++
	}
	return r.pos > from
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// begin reads byte order mark and XML declaration.
func (r *Reader) begin() error {
	if has(r.src, "\xEF\xBB\xBF") {
		r.pos = 3
	}
	if has(r.src[r.pos:], "\xFE\xFF") || has(r.src[r.pos:], "\xFF\xFE") {
		return &Error{CodeEncoding, r.pos, "not UTF-8"}
	}
	rest := r.src[r.pos:]
	if !has(rest, "<?xml") || len(rest) < 6 || !isSpace(rest[5]) {
		return nil
	}
	end := bytes.Index(rest[:min(len(rest), 256)], []byte("?>"))
	if end < 0 {
		return r.malformed("XML declaration")
	}
	if err := r.declaration(string(rest[5:end])); err != nil {
		return err
	}
	r.pos += end + 2
	return nil
}
