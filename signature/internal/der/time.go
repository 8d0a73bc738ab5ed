// SPDX-License-Identifier: Apache-2.0

package der

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

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
		t, ok = parseTime(content, false)
	case casn1.GeneralizedTime:
		t, ok = parseTime(content, true)
	}
	return t, tag, ok
}

// WrongChoice reports a time that RFC 5280 and RFC 5652 want in the other
// type: UTCTime serves 1950 to 2049, GeneralizedTime the rest.
func WrongChoice(t time.Time, tag casn1.Tag) bool {
	return tag == casn1.GeneralizedTime && t.Year() >= 1950 && t.Year() < 2050
}

// ParseGeneralized reads the content of a GeneralizedTime in UTC.
func ParseGeneralized(content []byte) (time.Time, bool) { return parseTime(content, true) }

// parseTime reads YYMMDDHHMMSSZ, or YYYYMMDDHHMMSSZ when four digits are asked
// for. It does without time.Parse, which takes fractions too.
func parseTime(b []byte, four bool) (time.Time, bool) {
	century := 0
	if four {
		if len(b) != 15 {
			return time.Time{}, false
		}
		century, b = pair(b), b[2:]
	}
	if len(b) != 13 || b[12] != 'Z' || century < 0 {
		return time.Time{}, false
	}
	var f [6]int // year of the century, month, day, hour, minute, second
	for i := range f {
		if f[i] = pair(b[2*i:]); f[i] < 0 {
			return time.Time{}, false
		}
	}
	switch {
	case four:
	case f[0] >= 50: // two-digit years 50 to 99 are of the last century
		century = 19
	default:
		century = 20
	}
	if f[3] > 23 || f[4] > 59 || f[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(century*100+f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], 0, time.UTC)
	// A month or day that does not exist would have moved.
	return t, int(t.Month()) == f[1] && t.Day() == f[2]
}

// pair reads two digits, -1 for other characters.
func pair(b []byte) int {
	hi, lo := b[0]-'0', b[1]-'0'
	if hi > 9 || lo > 9 {
		return -1
	}
	return int(hi)*10 + int(lo)
}
