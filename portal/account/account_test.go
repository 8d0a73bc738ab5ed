// SPDX-License-Identifier: Apache-2.0

package account

import (
	"strings"
	"testing"

	"zaver/portal/fault"
)

// Every pair of levels, written out: a change of the table must change this.
func TestMovesWalkEveryPair(t *testing.T) {
	legal := map[[2]Level]bool{
		{None, Simplified}:      true,
		{Simplified, Standard}:  true,
		{Standard, Confirmed}:   true,
		{Standard, Simplified}:  true,
		{Confirmed, Standard}:   true,
		{Confirmed, Simplified}: true,
	}
	for _, from := range append(Levels(), -1, Confirmed+1) {
		for _, to := range append(Levels(), -1, Confirmed+1) {
			if got := MayMove(from, to); got != legal[[2]Level{from, to}] {
				t.Errorf("MayMove(%v, %v) = %v", from, to, got)
			}
		}
	}
}

func TestLevelNames(t *testing.T) {
	for _, l := range Levels() {
		if got, err := ParseLevel(l.String()); err != nil || got != l {
			t.Errorf("ParseLevel(%q) = %v, %v", l.String(), got, err)
		}
	}
	if _, err := ParseLevel("level(7)"); err == nil {
		t.Error("an unknown level was read")
	}
	if got := Level(7).String(); got != "level(7)" {
		t.Errorf("name = %q", got)
	}
}

func TestParsePhone(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"+7(900)1234567", "+79001234567"},
		{"+7 999 000-00-00", "+79990000000"},
		{"8 926 555 11 22", "+79265551122"},
		{"9265551122", "+79265551122"},
		{"+7(800)1234567", ""}, // not mobile
		{"+7900123456", ""},    // short
		{"+89001234567", ""},   // trunk prefix after a plus
		{"+380501234567", ""},
		{"79001234567x", ""},
		{"7+9001234567", ""},
		{"", ""},
		{strings.Repeat(" ", 50) + "9265551122", ""},
	} {
		got, err := ParsePhone(c.in)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("ParsePhone(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseEmail(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" Anna.Ivanova+gu@Mail.Example.ORG ", "anna.ivanova+gu@mail.example.org"},
		{"a@b.ru", "a@b.ru"},
		{"a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"},
		{"anna", ""}, {"@b.ru", ""}, {"a@", ""}, {"a@b", ""}, {"a..b@c.ru", ""}, {".a@c.ru", ""}, {"a@c..ru", ""},
		{"a@-c.ru", ""}, {"a@c-.ru", ""}, {"a b@c.ru", ""}, {"a@c.ru\r\nBcc: x@y.ru", ""}, {"анна@c.ru", ""}, {"a@b@c.ru", ""},
		{"\"a\"@c.ru", ""}, {"a@[192.0.2.1]", ""},
		{strings.Repeat("a", 65) + "@c.ru", ""},
		{"a@" + strings.Repeat("b", 64) + ".ru", ""},
		{"a@" + strings.Repeat("b.", 140) + "ru", ""},
	} {
		got, err := ParseEmail(c.in)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("ParseEmail(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseName(t *testing.T) {
	for _, c := range []struct {
		in, want string
		code     fault.Code
	}{
		{"  Петрова-Водкина ", "Петрова-Водкина", ""},
		{"Мамин  Сибиряк", "Мамин Сибиряк", ""},
		{"О’Коннор", "О’Коннор", ""},
		{"Ё", "Ё", ""},
		{"Анна Б. ", "Анна Б.", ""},
		{"", "", Missing},
		{"  ", "", Missing},
		{"Ivanova", "", BadName},
		{"Ивановa", "", BadName}, // the last letter is Latin
		{"-Анна", "", BadName},
		{"Анна-", "", BadName},
		{"Анна--Мария", "", BadName},
		{"Анна2", "", BadName},
		{"<b>", "", BadName},
		{strings.Repeat("а", 101), "", TooLong},
		{strings.Repeat("а", 1000), "", TooLong},
	} {
		got, err := ParseName(c.in)
		if (err == nil && got != c.want) || fault.CodeOf(err) != c.code {
			t.Errorf("ParseName(%.20q) = %q, %v, want %q, %q", c.in, got, err, c.want, c.code)
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{MaskPhone("+79001234567"), "+7 900 ***-**-67"},
		{MaskPhone("9001234567"), "***"},
		{MaskPhone(""), "***"},
		{MaskEmail("anna@example.ru"), "a***@example.ru"},
		{MaskEmail("яна@example.ru"), "я***@example.ru"},
		{MaskEmail("@example.ru"), "***"},
		{MaskEmail(""), "***"},
		{Account{Phone: "+79001234567", Email: "a@b.ru"}.Contact(), "+7 900 ***-**-67"},
		{Account{Email: "a@b.ru"}.Contact(), "a***@b.ru"},
		{Account{Phone: "+79001234567", Email: "a@b.ru"}.Own(), "+7 900 123-45-67"},
		{Account{Phone: "+4930123456", Email: "a@b.ru"}.Own(), "+4930123456"},
		{Account{Email: "anna@example.ru"}.Own(), "anna@example.ru"},
	} {
		if c.got != c.want {
			t.Errorf("masked %q, want %q", c.got, c.want)
		}
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{"+7 900 123-45-67", "a@b.ru", "Иванова-Петрова", "\x00", "8" + strings.Repeat("9", 60)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (string, error){"phone": ParsePhone, "email": ParseEmail, "name": ParseName} {
			out, err := parse(s)
			if err != nil {
				continue
			}
			if again, err := parse(out); err != nil || again != out {
				t.Errorf("%s: %q reads as %q, which reads as %q, %v", name, s, out, again, err)
			}
		}
	})
}
