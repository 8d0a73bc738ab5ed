// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"zaver/signature/internal/der"
)

// Equal reports that two names are the same by the rules of RFC 5280 section
// 7.1: values of the string types compare without regard to the type, to letter
// case and to the count of spaces (RFC 4518), others byte for byte; an RDN of
// several attributes is a set.
func (n Name) Equal(o Name) bool { return n.Key() == o.Key() }

// Key returns a string that is the same for names that are [Name.Equal] and
// for no others: the name as a map key. It holds personal data.
func (n Name) Key() string {
	if n.parsed {
		return n.key
	}
	return n.makeKey()
}

// WithinSubtree reports that the name lies in the subtree of base: its first
// RDNs are those of base (RFC 5280 section 7.1). Every name lies within the
// empty one and within itself.
func (n Name) WithinSubtree(base Name) bool {
	// An RDN is written with its length before it, so a prefix ends where an RDN does.
	return strings.HasPrefix(n.Key(), base.Key())
}

// makeKey writes each RDN as its length and its attributes.
func (n Name) makeKey() string {
	var space [512]byte
	out := space[:0]
	for i := 0; i < len(n.Attributes); {
		next := i + 1
		for next < len(n.Attributes) && n.Attributes[next].Joined {
			next++
		}
		at := len(out)
		out = append(out, 0, 0, 0, 0)
		out = appendRDN(out, n.Attributes[i:next])
		binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
		i = next
	}
	return string(out)
}

func appendRDN(out []byte, set []Attribute) []byte {
	if len(set) == 1 {
		return appendAttribute(out, &set[0])
	}
	parts := make([]string, len(set))
	for i := range set {
		parts[i] = string(appendAttribute(nil, &set[i]))
	}
	slices.Sort(parts)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

// appendAttribute writes the type with its count of arcs before it, a mark of
// how the value compares, and the value.
func appendAttribute(out []byte, a *Attribute) []byte {
	out = binary.AppendUvarint(out, uint64(len(a.OID)))
	for _, arc := range a.OID {
		out = binary.AppendUvarint(out, uint64(arc))
	}
	switch byte(a.Tag) {
	case der.TagUTF8, der.TagPrintable, der.TagNumeric, der.TagIA5, der.TagVisible, der.TagTeletex, der.TagBMP, der.TagUniversal:
		return appendFolded(append(out, 's'), a.Value)
	default:
		return append(append(out, 'x', byte(a.Tag)), a.Raw...)
	}
}

// appendFolded writes a value prepared as RFC 4518 section 2 says: mapped, case
// folded, normalised by NFKC, spaces made single and cut off at both ends. What
// that RFC prohibits stays as it is. ASCII and Cyrillic go without the tables.
func appendFolded(out []byte, s string) []byte {
	start, owed := len(out), false // a space is owed before the next character
	for i := 0; i < len(s); {
		c := s[i]
		if c == ' ' {
			owed, i = len(out) > start, i+1
			continue
		}
		var two [2]byte
		n := 1
		switch {
		case c > ' ' && c < 0x7f:
			if two[0] = c; c >= 'A' && c <= 'Z' {
				two[0] = c + 'a' - 'A'
			}
		case i+1 < len(s):
			var ok bool
			if two[0], two[1], ok = foldPair(c, s[i+1]); !ok {
				return appendSlow(out[:start], s)
			}
			n = 2
		default:
			return appendSlow(out[:start], s)
		}
		if owed {
			out, owed = append(out, ' '), false
		}
		out = append(out, two[:n]...)
		i += n
	}
	return out
}

// foldPair folds a letter of the Cyrillic block up to U+045F or one of « and »,
// in UTF-8; other characters are for the tables.
func foldPair(a, b byte) (x, y byte, ok bool) {
	switch {
	case a == 0xc2 && (b == 0xab || b == 0xbb):
		return a, b, true
	case a == 0xd0 && b >= 0x80 && b <= 0x8f: // U+0400 to U+040F
		return 0xd1, b + 0x10, true
	case a == 0xd0 && b >= 0x90 && b <= 0x9f: // А to П
		return 0xd0, b + 0x20, true
	case a == 0xd0 && b >= 0xa0 && b <= 0xaf: // Р to Я
		return 0xd1, b - 0x20, true
	case a == 0xd0 && b >= 0xb0 && b <= 0xbf, a == 0xd1 && b >= 0x80 && b <= 0x9f:
		return a, b, true
	}
	return 0, 0, false
}

// appendSlow is appendFolded for any text.
func appendSlow(out []byte, s string) []byte {
	s = norm.NFKC.String(strings.Map(mapRune, s))
	s = norm.NFKC.String(cases.Fold().String(s))
	owed, start := false, len(out)
	for _, r := range s {
		if unicode.IsSpace(r) {
			owed = len(out) > start
			continue
		}
		if owed {
			out, owed = append(out, ' '), false
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// mapRune is RFC 4518 section 2.2: characters without width or meaning go,
// separators become a space.
func mapRune(r rune) rune {
	switch {
	case r >= 0x09 && r <= 0x0d, r == 0x85, unicode.Is(unicode.Z, r):
		return ' '
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), r == 0x034f, r == 0x1806, r >= 0x180b && r <= 0x180d,
		r >= 0xfe00 && r <= 0xfe0f, r == 0xfffc:
		return -1
	}
	return r
}
