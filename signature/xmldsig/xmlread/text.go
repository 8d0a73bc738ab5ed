// SPDX-License-Identifier: Apache-2.0

package xmlread

import (
	"bytes"
	"unicode/utf8"
)

// place says what the rules for characters depend on.
type place uint8

const (
	inText      place = iota // references resolved, "]]>" refused
	inAttribute              // references resolved, white space made spaces, "<" refused
	verbatim                 // CDATA, comments, instructions: only line ends change
)

func (r *Reader) text() error {
	n := bytes.IndexByte(r.src[r.pos:], '<')
	if n < 0 {
		return r.malformed("document ends inside an element")
	}
	var err error
	if r.tok.Data, err = r.chars(r.pos, r.pos+n, inText); err != nil {
		return err
	}
	r.tok.Kind = Text
	r.pos += n
	return nil
}

func (r *Reader) cdata() error {
	from := r.pos + len("<![CDATA[")
	n := bytes.Index(r.src[from:], []byte("]]>"))
	if n < 0 {
		return r.malformed("CDATA section without an end")
	}
	var err error
	if r.tok.Data, err = r.chars(from, from+n, verbatim); err != nil {
		return err
	}
	r.tok.Kind = Text
	r.pos = from + n + 3
	return nil
}

// chars returns the characters of src[from:to]: the source itself where nothing
// changes, else a part of the scratch memory.
func (r *Reader) chars(from, to int, where place) ([]byte, error) {
	s := r.src[from:to]
	n, err := r.plain(s, from, where)
	if err != nil || n == len(s) {
		return s, err
	}
	begin := len(r.scratch)
	for {
		r.scratch = append(r.scratch, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			return r.scratch[begin:len(r.scratch):len(r.scratch)], nil
		}
		at := to - len(s)
		if s[0] == '&' {
			v, size, err := r.reference(s, at)
			if err != nil {
				return nil, err
			}
			r.scratch, s = utf8.AppendRune(r.scratch, v), s[size:]
		} else { // white space that changes
			size := 1
			if has(s, "\r\n") {
				size = 2
			}
			c := byte('\n')
			if where == inAttribute {
				c = ' '
			}
			r.scratch, s = append(r.scratch, c), s[size:]
		}
		if n, err = r.plain(s, to-len(s), where); err != nil {
			return nil, err
		}
	}
}

// ordinary tells, for each place, the ASCII bytes that stand for themselves without a further look.
var ordinary = func() (table [verbatim + 1][256]bool) {
	for c := range byte(utf8.RuneSelf) {
		if c < ' ' && c != '\n' && c != '\t' {
			continue
		}
		table[inText][c] = c != '&' && c != ']'
		table[inAttribute][c] = c != '&' && c != '<' && c != '\n' && c != '\t'
		table[verbatim][c] = true
	}
	return table
}()

// plain returns how many bytes of s stand for themselves. at is the offset of s.
func (r *Reader) plain(s []byte, at int, where place) (int, error) {
	table := &ordinary[where]
	for i := 0; ; {
		for i < len(s) && table[s[i]] {
			i++
		}
		if i == len(s) {
			return i, nil
		}
		n, err := odd(s[i:], at+i, where)
		if n == 0 || err != nil {
			return i, err
		}
		i += n
	}
}

// odd looks at a byte that is not ordinary: it returns the length of a character that stands for
// itself all the same, and 0 for one that something else stands for.
func odd(s []byte, at int, where place) (int, error) {
	c := s[0]
	switch {
	case c >= utf8.RuneSelf:
		v, n := utf8.DecodeRune(s)
		if v == utf8.RuneError && n <= 1 {
			return 0, &Error{CodeEncoding, at, "not UTF-8"}
		}
		if v == 0xFFFE || v == 0xFFFF {
			return 0, &Error{CodeMalformed, at, "character that XML forbids"}
		}
		return n, nil
	case c == '&', c == '\r', c == '\n', c == '\t':
		return 0, nil
	case c == '<':
		return 0, &Error{CodeMalformed, at, "< in an attribute"}
	case c == ']':
		if has(s, "]]>") {
			return 0, &Error{CodeMalformed, at, "]]> in text"}
		}
		return 1, nil
	}
	return 0, &Error{CodeMalformed, at, "character that XML forbids"}
}

// maxReference bounds what stands between & and ; (zeros before a number included).
const maxReference = 16

// reference reads a character reference or one of the five names of XML 1.0 section 4.6.
func (r *Reader) reference(s []byte, at int) (v rune, size int, err error) {
	end := bytes.IndexByte(s[:min(len(s), maxReference)], ';')
	if end < 2 {
		return 0, 0, &Error{CodeMalformed, at, "& without a known name"}
	}
	name := s[1:end]
	switch string(name) {
	case "amp":
		return '&', end + 1, nil
	case "lt":
		return '<', end + 1, nil
	case "gt":
		return '>', end + 1, nil
	case "quot":
		return '"', end + 1, nil
	case "apos":
		return '\'', end + 1, nil
	}
	v, ok := charNumber(name)
	if !ok {
		return 0, 0, &Error{CodeMalformed, at, "& without a known name"}
	}
	return v, end + 1, nil
}

// charNumber reads "#N" or "#xN" that names a character of XML 1.0 production 2.
func charNumber(name []byte) (rune, bool) {
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], rune(10)
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	if len(digits) == 0 {
		return 0, false
	}
	var v rune
	for _, c := range digits {
		var d rune
		switch {
		case c >= '0' && c <= '9':
			d = rune(c - '0')
		case base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f':
			d = rune(c|0x20) - 'a' + 10
		default:
			return 0, false
		}
		if v = v*base + d; v > utf8.MaxRune {
			return 0, false
		}
	}
	legal := v == '\t' || v == '\n' || v == '\r' || v >= 0x20 && v <= 0xD7FF || v >= 0xE000 && v <= 0xFFFD || v >= 0x10000
	return v, legal
}
