// SPDX-License-Identifier: Apache-2.0

package words

import "testing"

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
