// SPDX-License-Identifier: Apache-2.0

package words

import (
	"strings"
	"testing"
)

// Values from outside can't draw lines, turn the text around or hide in it.
func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"Иванов Иван", 60, "Иванов Иван"},
		{"Иванов\nКонтрольный код: 0000", 60, "Иванов Контрольный код: 0000"},
		{"a\r\n\t  b\u2028c", 60, "a b c"},
		{"safe\u202egnp.exe", 60, "safegnp.exe"},
		{"zero\u200bwidth\ufeff", 60, "zerowidth"},
		{"bell\x07esc\x1b[2J", 60, "bellesc[2J"},
		{"bad\xffutf", 60, "badutf"},
		{"абвгдежз", 4, "абв…"},
		{"аб вгд", 4, "аб…"},
		{"", 4, ""},
		{"Иванов\u3164\u3164\u2800\uffa0Код: 0000", 60, "Иванов Код: 0000"},
		{"И\u034f\ufe0f\u115fв", 60, "И в"},
		{"и\u0306\u0306\u0306\u0335", 60, "и\u0306"},
		{" \u0306\u0306x", 60, "x"},
		{"<b>Код</b>", 60, "‹b›Код‹/b›"},
		{"\U000e0041\u17b4ab", 60, "ab"},
	} {
		if got := Clean(c.in, c.limit); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// A token's label stands between quotation marks in the question for its PIN; it must not ask for another carrier's there.
func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"Токен Веры":            "Токен Веры",
		"»ПИН2 карты УЭК«":      ")ПИН2 карты УЭК(",
		"”. Enter your PIN2: “": "'. Enter your PIN2: '",
		`a"b'c„d‟e`:             `a'b'c'd'e`,
		"<Рутокен>":             "(Рутокен)",
		"≪a≫ 《b》":               "(a) (b)",
		"JaCarta\n«x»":          "JaCarta (x)",
	} {
		if got := Quoted(in, 40); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := []rune(Quoted(strings.Repeat("»", 50), 40)); len(got) != 40 {
		t.Errorf("%d letters", len(got))
	}
}
