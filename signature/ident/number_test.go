// SPDX-License-Identifier: Apache-2.0

package ident

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// row is one identifier: want is the value kept, code the refusal.
type row struct{ in, want, code string }

func run[T ~string](t *testing.T, parse func(string) (T, error), rows []row) {
	t.Helper()
	for _, r := range rows {
		got, err := parse(r.in)
		if string(got) != r.want {
			t.Errorf("%q: got %q, want %q (%v)", r.in, got, r.want, err)
		}
		var e *Error
		switch {
		case r.code == "" && err != nil:
			t.Errorf("%q: %v", r.in, err)
		case r.code != "" && (!errors.As(err, &e) || e.Code != r.code):
			t.Errorf("%q: got error %v, want code %s", r.in, err, r.code)
		case r.code != "" && !slices.Contains(Codes(), r.code):
			t.Errorf("code %s is not in Codes", r.code)
		case err != nil && len(r.in) > 4 && strings.Contains(err.Error(), r.in):
			t.Errorf("%q: the error repeats the value", r.in)
		}
	}
}

func TestSNILS(t *testing.T) {
	const format, check = "ident.snils.format", "ident.snils.check"
	run(t, ParseSNILS, []row{
		{"112-233-445 95", "11223344595", ""},
		{"11223344595", "11223344595", ""},
		{" 112-233-445-95 ", "11223344595", ""},
		{"987-654-321 83", "98765432183", ""},
		{"002-008-999 00", "00200899900", ""}, // sum 100
		{"002-009-899 00", "00200989900", ""}, // sum 101
		{"200-899-999 00", "20089999900", ""}, // sum 201, remainder 100
		{"200-989-999 00", "20098999900", ""}, // sum 202, remainder 0
		{"002-000-000 14", "00200000014", ""},
		{"123-456-789 64", "12345678964", ""},
		{"001-001-999 65", "00100199965", ""},
		{"000-000-600 06", "00000060006", ""}, // unchecked range
		{"001-001-998 99", "00100199899", ""}, // last of it
		{"112-233-445 94", "", check},
		{"987-654-321 38", "", check},
		{"002-000-000 07", "", check},
		{"123-456-789 00", "", check},
		{"001-001-999 00", "", check}, // first number under the rule
		{"000-000-000 00", "", check},
		{"1122334459", "", format},
		{"112233445950", "", format},
		{"1122-33-445 95", "", format},
		{"112-233-44595", "", format},
		{"112--233-445 95", "", format},
		{"112-233-445 9х", "", format},
		{"１１２２３３４４５９５", "", format}, // full-width digits
		{"", "", format},
	})
	for in, want := range map[string]bool{"000-000-600 06": true, "001-001-998 00": true, "001-001-999 65": false, "112-233-445 95": false} {
		s, err := ParseSNILS(in)
		if err != nil || s.Unchecked() != want {
			t.Errorf("%s: Unchecked %v, want %v (%v)", in, s.Unchecked(), want, err)
		}
		if s.Formatted() != in {
			t.Errorf("Formatted %q, want %q", s.Formatted(), in)
		}
	}
	if SNILS("").Formatted() != "" || SNILS("").Unchecked() {
		t.Error("the zero SNILS is shown")
	}
}

func TestINN(t *testing.T) {
	const format, check, legal = "ident.inn.format", "ident.inn.check", "ident.inn.legal"
	run(t, ParseINN, []row{
		{"500100732259", "500100732259", ""},
		{"770000000156", "770000000156", ""},
		{"123456789047", "123456789047", ""},
		{"770000000300", "770000000300", ""}, // first remainder 10
		{"500100732258", "", check},
		{"500100732295", "", check},
		{"510100732259", "", check},
		{"007710474375", "", legal},
		{"7710474375", "", legal},
		{"000000000000", "", check},
		{"50010073225", "", format},
		{"5001 0073 2259", "", format},
		{"", "", format},
	})
}

func TestINNLE(t *testing.T) {
	const format, check = "ident.innle.format", "ident.innle.check"
	run(t, ParseINNLE, []row{
		{"7710474375", "7710474375", ""},
		{"5001007329", "5001007329", ""},
		{"1234567894", "1234567894", ""},
		{"7700000070", "7700000070", ""}, // remainder 10
		{"007710474375", "7710474375", ""},
		{"007710474374", "", check},
		{"7710474374", "", check},
		{"7710474365", "", check},
		{"0000000000", "", check},
		{"771047437", "", format},
		{"500100732259", "", format},
	})
}

func TestOGRN(t *testing.T) {
	const format, check = "ident.ogrn.format", "ident.ogrn.check"
	run(t, ParseOGRN, []row{
		{"1027700132195", "1027700132195", ""},
		{"1047702026701", "1047702026701", ""},
		{"1187746000001", "1187746000001", ""},
		{"1027700000020", "1027700000020", ""}, // remainder 10
		{"1027700132194", "", check},
		{"1047702026710", "", check},
		{"0000000000000", "", check},
		{"104770202670", "", format},
		{"304500116000157", "", format},
	})
}

func TestOGRNIP(t *testing.T) {
	const format, check = "ident.ogrnip.format", "ident.ogrnip.check"
	run(t, ParseOGRNIP, []row{
		{"304500116000157", "304500116000157", ""},
		{"316774600000009", "316774600000009", ""},
		{"304770000000031", "304770000000031", ""}, // remainder 11
		{"304770000000042", "304770000000042", ""}, // remainder 12
		{"304500116000158", "", check},
		{"304500116000175", "", check},
		{"316774600000001", "", check},
		{"000000000000000", "", check},
		{"1027700132195", "", format},
	})
}

func TestKPP(t *testing.T) {
	const format = "ident.kpp.format"
	run(t, ParseKPP, []row{
		{"770701001", "770701001", ""},
		{"7707AB001", "7707AB001", ""},
		{"997950001", "997950001", ""},
		{"77070100", "", format},
		{"770701A01", "", format},
		{"77-070100", "", format},
		{"7707ab001", "", format},
	})
}

func TestPassport(t *testing.T) {
	for _, r := range []struct{ series, number, want, code string }{
		{"4509", "123456", "4509 123456", ""},
		{"45 09", " 123456 ", "4509 123456", ""},
		{"0304", "000001", "0304 000001", ""},
		{"6021", "999999", "6021 999999", ""},
		{"450", "123456", "", "ident.passport.series"},
		{"4 509", "123456", "", "ident.passport.series"},
		{"4509", "12345", "", "ident.passport.number"},
		{"4509", "12345a", "", "ident.passport.number"},
	} {
		p, err := ParsePassport(r.series, r.number)
		if p.String() != r.want || !matches(err, r.code) {
			t.Errorf("%s %s: got %q, %v; want %q, %s", r.series, r.number, p, err, r.want, r.code)
		}
	}
}

func TestDivisionCode(t *testing.T) {
	run(t, ParseDivisionCode, []row{
		{"770-001", "770001", ""},
		{"230000", "230000", ""},
		{"610-005", "610005", ""},
		{"77-001", "", "ident.division.format"},
		{"77-0001", "", "ident.division.format"},
	})
	if got := DivisionCode("770001").Formatted(); got != "770-001" {
		t.Errorf("Formatted: %q", got)
	}
}

func TestErrorIs(t *testing.T) {
	_, err := ParseINN("7710474375")
	if !errors.Is(err, &Error{Code: "ident.inn.legal"}) || errors.Is(err, &Error{Code: "ident.inn.check"}) {
		t.Errorf("errors.Is does not tell codes apart: %v", err)
	}
}

func matches(err error, code string) bool {
	var e *Error
	if code == "" {
		return err == nil
	}
	return errors.As(err, &e) && e.Code == code && slices.Contains(Codes(), code)
}

// FuzzNumbers proves that what was accepted is accepted again unchanged, and
// that what people see parses back.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"112-233-445 95", "500100732259", "007710474375", "1027700132195", "304500116000157", "7707AB001", "770-001", "- - ", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseSNILS(s); err == nil {
			again(t, v, ParseSNILS)
			if w, err := ParseSNILS(v.Formatted()); err != nil || w != v {
				t.Errorf("%q does not read back: %v", v.Formatted(), err)
			}
		}
		if v, err := ParseINN(s); err == nil {
			again(t, v, ParseINN)
		}
		if v, err := ParseINNLE(s); err == nil {
			again(t, v, ParseINNLE)
		}
		if v, err := ParseOGRN(s); err == nil {
			again(t, v, ParseOGRN)
		}
		if v, err := ParseOGRNIP(s); err == nil {
			again(t, v, ParseOGRNIP)
		}
		if v, err := ParseKPP(s); err == nil {
			again(t, v, ParseKPP)
		}
		if v, err := ParseDivisionCode(s); err == nil {
			again(t, v, ParseDivisionCode)
		}
		_, _ = ParsePassport(s, s)
	})
}

func again[T ~string](t *testing.T, v T, parse func(string) (T, error)) {
	t.Helper()
	if w, err := parse(string(v)); err != nil || w != v {
		t.Errorf("%q is not stable: %q, %v", v, w, err)
	}
}
