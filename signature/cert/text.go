// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"zaver/signature/internal/der"
)

// stringKind says what decodeString found.
type stringKind uint8

const (
	stringGood   stringKind = iota
	stringOdd               // ASCII characters that the type does not have, or no character at all
	stringNone              // no string type
	stringBroken            // bytes that the type cannot hold
)

// decodeString reads the directory string types into UTF-8 (X.680 section 41).
// text is b as a string, returned where it needs no conversion.
func decodeString(tag byte, b []byte, text string) (string, stringKind) {
	kind := stringGood
	if len(b) == 0 {
		kind = stringOdd
	}
	switch tag {
	case der.TagUTF8:
		if !utf8.Valid(b) {
			return "", stringBroken
		}
		return text, kind
	case der.TagPrintable, der.TagNumeric, der.TagIA5, der.TagVisible:
		for _, c := range b {
			if c >= 0x80 {
				return "", stringBroken
			}
			if !inAlphabet(tag, c) {
				kind = stringOdd
			}
		}
		return text, kind
	case der.TagTeletex:
		// Everyone writes Latin-1 here, whatever the standard says.
		r := make([]rune, len(b))
		for i, c := range b {
			r[i] = rune(c)
		}
		return string(r), kind
	case der.TagBMP, der.TagUniversal:
		return decodeWide(tag, b, kind)
	default:
		return "", stringNone
	}
}

// decodeWide reads characters of two or four bytes. Surrogates are no
// characters of either type (X.680 section 41.15).
func decodeWide(tag byte, b []byte, kind stringKind) (string, stringKind) {
	size := 2
	if tag == der.TagUniversal {
		size = 4
	}
	if len(b)%size != 0 {
		return "", stringBroken
	}
	out := make([]byte, 0, len(b))
	for ; len(b) > 0; b = b[size:] {
		var c uint32
		if size == 2 {
			c = uint32(binary.BigEndian.Uint16(b))
		} else {
			c = binary.BigEndian.Uint32(b)
		}
		if c > unicode.MaxRune || !utf8.ValidRune(rune(c)) {
			return "", stringBroken
		}
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out), kind
}

// inAlphabet reports whether an ASCII character belongs to the type.
func inAlphabet(tag, c byte) bool {
	digit := c >= '0' && c <= '9'
	switch tag {
	case der.TagNumeric:
		return digit || c == ' '
	case der.TagPrintable:
		if digit || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return true
		}
		switch c {
		case ' ', '\'', '(', ')', '+', ',', '-', '.', '/', ':', '=', '?':
			return true
		}
		return false
	case der.TagVisible:
		return c >= ' ' && c < 0x7f
	default:
		return true
	}
}
