// SPDX-License-Identifier: Apache-2.0

package xmlread

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// startTag reads a start tag or an empty element.
func (r *Reader) startTag() error {
	if len(r.open) >= r.limits.Depth {
		return &Error{CodeTooLarge, r.pos, "elements nested too deeply"}
	}
	r.pos++
	raw, prefix, local, err := r.qname()
	if err != nil {
		return err
	}
	e := element{raw: raw, prefix: prefix, local: local, bindings: len(r.ns)}
	for {
		spaced := r.space()
		if r.pos >= len(r.src) {
			return r.malformed("document ends inside a tag")
		}
		if c := r.src[r.pos]; c == '>' || c == '/' {
			break
		}
		if !spaced {
			return r.malformed("no space before an attribute")
		}
		if err := r.attribute(); err != nil {
			return err
		}
	}
	if r.src[r.pos] == '/' {
		r.empty = true
		r.pos++
	}
	if r.pos >= len(r.src) || r.src[r.pos] != '>' {
		return r.malformed("tag without an end")
	}
	r.pos++
	if err := r.resolve(&e); err != nil {
		return err
	}
	r.root = true
	r.open = append(r.open, e)
	r.tok.Kind, r.tok.Space, r.tok.Prefix, r.tok.Local = Start, e.space, e.prefix, e.local
	return nil
}

// attribute reads one attribute or namespace declaration into the token.
func (r *Reader) attribute() error {
	if len(r.tok.Attrs)+len(r.tok.Declared) >= r.limits.Attributes {
		return &Error{CodeTooLarge, r.pos, "too many attributes"}
	}
	_, prefix, local, err := r.qname()
	if err != nil {
		return err
	}
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != '=' {
		return r.malformed("attribute without a value")
	}
	r.pos++
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != '"' && r.src[r.pos] != '\'' {
		return r.malformed("attribute value without quotes")
	}
	n := bytes.IndexByte(r.src[r.pos+1:], r.src[r.pos])
	if n < 0 {
		return r.malformed("attribute value without an end")
	}
	from := r.pos + 1
	value, err := r.chars(from, from+n, inAttribute)
	if err != nil {
		return err
	}
	switch {
	case prefix == "xmlns":
		err = r.declare(local, value)
	case prefix == "" && local == "xmlns":
		err = r.declare("", value)
	default:
		if slices.ContainsFunc(r.tok.Attrs, func(a Attr) bool { return a.Local == local && a.Prefix == prefix }) {
			return r.malformed("attribute given twice")
		}
		r.tok.Attrs = append(r.tok.Attrs, Attr{Prefix: prefix, Local: local, Value: value})
	}
	r.pos = from + n + 1
	return err
}

// declare takes a namespace declaration (Namespaces in XML 1.0 sections 2.2, 3 and 5).
func (r *Reader) declare(prefix string, value []byte) error {
	if len(value) > r.limits.Name || len(r.ns) >= r.limits.Namespaces {
		return &Error{CodeTooLarge, r.pos, "namespace declarations"}
	}
	uri := r.intern(value)
	switch {
	case prefix == "xmlns" || uri == XMLNS:
		return r.malformed("xmlns is not to be declared")
	case (prefix == "xml") != (uri == XML):
		return r.malformed("xml is bound to its own namespace only")
	case prefix != "" && uri == "":
		return r.malformed("a prefix cannot be taken back")
	case slices.ContainsFunc(r.tok.Declared, func(b Binding) bool { return b.Prefix == prefix }):
		return r.malformed("prefix declared twice")
	}
	b := Binding{prefix, uri}
	r.tok.Declared, r.ns = append(r.tok.Declared, b), append(r.ns, b)
	return nil
}

// resolve finds the namespaces of an element and its attributes.
func (r *Reader) resolve(e *element) error {
	var ok bool
	if e.space, ok = r.Lookup(e.prefix); !ok {
		return r.malformed("prefix without a namespace")
	}
	for i := range r.tok.Attrs {
		a := &r.tok.Attrs[i]
		if a.Prefix == "" { // the default namespace is not for attributes
			continue
		}
		if a.Space, ok = r.Lookup(a.Prefix); !ok {
			return r.malformed("prefix without a namespace")
		}
		for _, o := range r.tok.Attrs[:i] {
			if o.Local == a.Local && o.Space == a.Space {
				return r.malformed("attribute given twice")
			}
		}
		if a.Prefix == "xml" {
			e.xml = append(e.xml, Attr{a.Space, a.Prefix, a.Local, bytes.Clone(a.Value)})
		}
	}
	return nil
}

func (r *Reader) endTag() error {
	if len(r.open) == 0 {
		return r.malformed("end tag without a start")
	}
	raw := r.open[len(r.open)-1].raw
	rest := r.src[r.pos+2:]
	if !bytes.HasPrefix(rest, raw) {
		return r.malformed("end tag of another element")
	}
	r.pos += 2 + len(raw)
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != '>' {
		return r.malformed("end tag of another element")
	}
	r.pos++
	r.end()
	return nil
}

// end closes the innermost element.
func (r *Reader) end() {
	e := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	r.ns = r.ns[:e.bindings]
	r.tok.Kind, r.tok.Space, r.tok.Prefix, r.tok.Local = End, e.space, e.prefix, e.local
}

// qname reads a name with at most one colon.
func (r *Reader) qname() (raw []byte, prefix, local string, err error) {
	from := r.pos
	colon := -1
	for first := true; r.pos < len(r.src); {
		c := r.src[r.pos]
		if c == ':' {
			if colon >= 0 || first {
				return nil, "", "", r.malformed("colon in a name")
			}
			colon, first = r.pos, true
			r.pos++
			continue
		}
		n := nameChar(r.src[r.pos:], first)
		if n == 0 {
			break
		}
		first = false
		r.pos += n
	}
	raw = r.src[from:r.pos]
	switch {
	case len(raw) == 0 || colon == r.pos-1:
		return nil, "", "", r.malformed("name expected")
	case len(raw) > r.limits.Name:
		return nil, "", "", &Error{CodeTooLarge, r.pos, "name too long"}
	case colon < 0:
		return raw, "", r.intern(raw), nil
	}
	return raw, r.intern(raw[:colon-from]), r.intern(raw[colon-from+1:]), nil
}

// intern returns b as a string that equal names share.
func (r *Reader) intern(b []byte) string {
	if s, ok := r.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(r.names) < maxNames {
		r.names[s] = s
	}
	return s
}

// nameChar returns the length of the name character that b begins with (XML 1.0
// productions 4 and 4a, without the colon), 0 when it is none.
func nameChar(b []byte, first bool) int {
	c := b[0]
	if c < utf8.RuneSelf {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || !first && (c >= '0' && c <= '9' || c == '-' || c == '.') {
			return 1
		}
		return 0
	}
	v, n := utf8.DecodeRune(b)
	if v == utf8.RuneError && n <= 1 {
		return 0
	}
	if nameStart(v) || !first && (v == 0xB7 || v >= 0x300 && v <= 0x36F || v == 0x203F || v == 0x2040) {
		return n
	}
	return 0
}

func nameStart(v rune) bool {
	switch {
	case v < 0xC0 || v == 0xD7 || v == 0xF7:
		return false
	case v <= 0x2FF:
		return true
	case v < 0x370 || v == 0x37E:
		return false
	case v <= 0x1FFF:
		return true
	}
	return v == 0x200C || v == 0x200D || v >= 0x2070 && v <= 0x218F || v >= 0x2C00 && v <= 0x2FEF || v >= 0x3001 && v <= 0xD7FF ||
		v >= 0xF900 && v <= 0xFDCF || v >= 0xFDF0 && v <= 0xFFFD || v >= 0x10000 && v <= 0xEFFFF
}

// instruction reads a processing instruction.
func (r *Reader) instruction() error {
	r.pos += 2
	_, prefix, local, err := r.qname()
	if err != nil {
		return err
	}
	if prefix != "" || strings.EqualFold(local, "xml") {
		return r.malformed("target of a processing instruction")
	}
	n := bytes.Index(r.src[r.pos:], []byte("?>"))
	if n < 0 || n > 0 && !isSpace(r.src[r.pos]) {
		return r.malformed("processing instruction without an end")
	}
	end := r.pos + n
	r.space()
	if r.tok.Data, err = r.chars(min(r.pos, end), end, verbatim); err != nil {
		return err
	}
	r.tok.Kind, r.tok.Local = PI, local
	r.pos = end + 2
	return nil
}

// comment reads a comment; two hyphens may only end it.
func (r *Reader) comment() error {
	from := r.pos + 4
	n := bytes.Index(r.src[from:], []byte("--"))
	if n < 0 || !has(r.src[from+n:], "-->") {
		return r.malformed("comment without an end")
	}
	var err error
	if r.tok.Data, err = r.chars(from, from+n, verbatim); err != nil {
		return err
	}
	r.tok.Kind = Comment
	r.pos = from + n + 3
	return nil
}
