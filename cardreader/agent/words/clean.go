// SPDX-License-Identifier: Apache-2.0

package words

import (
	"strings"
	"unicode"
)

// Clean makes a value from outside (a certificate, a token, a statement) fit to be shown in one line of a window or
// a terminal: no control, format (bidirectional), private or blank-looking characters, at most one accent on a letter,
// single spaces, no angle brackets (some dialogs take them for markup), at most limit letters. Values can't draw lines,
// turn the text around, hide in it or paint over it.
func Clean(s string, limit int) string {
	marked := true // a mark needs a letter before it
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), blank(r):
			r = ' '
		case r == '<':
			r = '‹'
		case r == '>':
			r = '›'
		case !unicode.IsPrint(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		if !unicode.Is(unicode.M, r) {
			marked = r == ' '
			return r
		}
		if marked || r > 0x36f {
			return -1
		}
		marked = true
		return r
	}, strings.ToValidUTF8(s, ""))
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > limit {
		return strings.TrimSpace(string(r[:limit-1])) + "…"
	}
	return string(r)
}

// Quoted is Clean for a place between quotation marks: a value can't end them and say something in the agent's name.
func Quoted(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '«', '‹', '⟨', '《', '〈', '≪':
			return '('
		case '»', '›', '⟩', '》', '〉', '≫':
			return ')'
		}
		if unicode.Is(unicode.Quotation_Mark, r) {
			return '\''
		}
		return r
	}, Clean(s, limit))
}

// blank are the letters and symbols that Unicode calls printable and that show nothing.
func blank(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800:
		return true
	}
	return false
}
