// SPDX-License-Identifier: Apache-2.0

// Package der alone owns the reading of DER primitives that certificates and
// signatures share and that the standard readers take too liberally: whole-tree
// canonical form, times, algorithm identifiers. It sits below every parser of
// this tree and knows no type of theirs.
//
// The package is pure. Depth and count of elements are bounded by the caller's
// size limit and [MaxDepth].
package der

import (
	"encoding/asn1"
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxDepth is how deep elements may be nested; real signatures reach 12.
const MaxDepth = 32

// ErrNotDER is returned for bytes that are no DER: indefinite or overlong
// lengths, constructed strings, padded integers, bytes behind the end.
var ErrNotDER = errors.New("not DER")

// Valid reports whether b is exactly one element in DER, down to its leaves.
// It does not know schemas: the order of SET OF and the omission of defaults
// are the parsers' to judge.
func Valid(b []byte) error {
	s := cryptobyte.String(b)
	if !valid(&s, 0) || !s.Empty() {
		return ErrNotDER
	}
	return nil
}

func valid(s *cryptobyte.String, depth int) bool {
	var content cryptobyte.String
	var tag casn1.Tag
	if depth == MaxDepth || !s.ReadAnyASN1(&content, &tag) {
		return false
	}
	const constructed, classes = 0x20, 0xc0
	if tag&constructed != 0 {
		if tag&classes == 0 && tag != casn1.SEQUENCE && tag != casn1.SET {
			return false // strings in pieces are BER
		}
		for !content.Empty() {
			if !valid(&content, depth+1) {
				return false
			}
		}
		return true
	}
	return leaf(tag, content)
}

func leaf(tag casn1.Tag, content []byte) bool {
	switch tag {
	case casn1.SEQUENCE &^ 0x20, casn1.SET &^ 0x20, 0:
		return false // these are always constructed; 0 ends BER's indefinite lengths
	case casn1.BOOLEAN:
		return len(content) == 1 && (content[0] == 0 || content[0] == 0xff)
	case casn1.NULL:
		return len(content) == 0
	case casn1.INTEGER, casn1.ENUM:
		return Integer(content)
	case casn1.BIT_STRING:
		return BitString(content)
	case casn1.OBJECT_IDENTIFIER:
		return objectIdentifier(content)
	default:
		return true
	}
}

// Integer reports whether content is the shortest form of an INTEGER.
func Integer(content []byte) bool {
	if len(content) == 0 {
		return false
	}
	return len(content) == 1 || (content[0] != 0 || content[1] >= 0x80) && (content[0] != 0xff || content[1] < 0x80)
}

// BitString reports whether content is a BIT STRING in DER.
func BitString(content []byte) bool {
	if len(content) == 0 || content[0] > 7 || len(content) == 1 && content[0] != 0 {
		return false
	}
	return content[len(content)-1]&(1<<content[0]-1) == 0 || len(content) == 1
}

func objectIdentifier(content []byte) bool {
	start := true // of an arc, which must not begin with a zero group
	for _, c := range content {
		if start && c == 0x80 {
			return false
		}
		start = c < 0x80
	}
	return len(content) > 0 && start
}

// ReadAlgorithm reads an AlgorithmIdentifier. params is the whole DER of the
// parameters, nil when absent.
func ReadAlgorithm(s *cryptobyte.String) (oid asn1.ObjectIdentifier, params []byte, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	if body.Empty() {
		return oid, nil, true
	}
	var one cryptobyte.String
	var tag casn1.Tag
	if !body.ReadAnyASN1Element(&one, &tag) || !body.Empty() {
		return nil, nil, false
	}
	return oid, one, true
}

// ReadTime reads a Time (RFC 5280 section 4.1.2.5): UTCTime or GeneralizedTime
// in UTC with seconds and without fraction. Whether the right one of the two
// was chosen for the year is not judged: see [WrongChoice].
func ReadTime(s *cryptobyte.String) (t time.Time, tag casn1.Tag, ok bool) {
	var content cryptobyte.String
	if !s.ReadAnyASN1(&content, &tag) {
		return time.Time{}, 0, false
	}
	switch tag {
	case casn1.UTCTime:
		t, ok = parseTime("060102150405Z", string(content))
		if ok && t.Year() >= 2050 { // two-digit years 50 to 99 are of the last century
			t = t.AddDate(-100, 0, 0)
		}
	case casn1.GeneralizedTime:
		t, ok = parseTime("20060102150405Z", string(content))
	}
	return t, tag, ok
}

// WrongChoice reports a time that RFC 5280 and RFC 5652 want in the other
// type: UTCTime serves 1950 to 2049, GeneralizedTime the rest.
func WrongChoice(t time.Time, tag casn1.Tag) bool {
	return tag == casn1.GeneralizedTime && t.Year() >= 1950 && t.Year() < 2050
}

// ParseGeneralized reads the content of a GeneralizedTime in UTC.
func ParseGeneralized(content []byte) (time.Time, bool) {
	return parseTime("20060102150405Z", string(content))
}

// parseTime reads digits in the order of the layout, which is one of the two
// above, and Z. It does without time.Parse, which takes fractions too.
func parseTime(layout, s string) (time.Time, bool) {
	if len(s) != len(layout) || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	pair := func(i int) int {
		hi, lo := s[i]-'0', s[i+1]-'0'
		if hi > 9 || lo > 9 {
			return -1
		}
		return int(hi)*10 + int(lo)
	}
	century, rest := 20, 0
	if len(s) == 15 {
		century, rest = pair(0), 2
	}
	var f [6]int // year of the century, month, day, hour, minute, second
	for i := range f {
		if f[i] = pair(rest + 2*i); f[i] < 0 {
			return time.Time{}, false
		}
	}
	if century < 0 || f[3] > 23 || f[4] > 59 || f[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(century*100+f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], 0, time.UTC)
	// A month or day that does not exist would have moved.
	return t, int(t.Month()) == f[1] && t.Day() == f[2]
}
