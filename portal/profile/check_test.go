// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/signature/ident"
)

// today is in the evening, when it is tomorrow already in Moscow: the 23rd.
var today = time.Date(2026, 11, 22, 21, 30, 0, 0, time.UTC)

func whole() Form {
	return Form{
		"surname": "Иванова", "given": "Анна", "patronymic": "Петровна", "sex": "female", "birth_date": "1990-05-01",
		"birth_place": "гор. Тверь", "citizenship": "RU",
		"passport_series": "45 09", "passport_number": "123456", "passport_issued": "12.06.2010", "division_code": "770-001",
		"issued_by": "ОВД «Хамовники» г. Москвы", "snils": "112-233-445 95",
	}
}

func TestWholeFormIsRead(t *testing.T) {
	got, faults := Check(whole(), today)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	want := Person{
		Name: ident.PersonName{Surname: "Иванова", Given: "Анна", Patronymic: "Петровна"}, Sex: Female,
		BirthDate: time.Date(1990, 5, 1, 0, 0, 0, 0, time.UTC), BirthPlace: "гор. Тверь", Citizenship: "RU",
		Passport: ident.Passport{Series: "4509", Number: "123456"}, Issued: time.Date(2010, 6, 12, 0, 0, 0, 0, time.UTC),
		IssuedBy: "ОВД «Хамовники» г. Москвы", Division: "770001", SNILS: "11223344595",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachRule_B1(t *testing.T) {
	for _, c := range []struct {
		name, field, value string
		want               fault.Code // empty: accepted
	}{
		{"Latin letters", "surname", "Ivanova", account.BadName},
		{"no surname", "surname", "", account.Missing},
		{"no given name", "given", " ", account.Missing},
		{"long name", "given", strings.Repeat("а", 101), account.TooLong},
		{"neither patronymic nor none", "patronymic", "", account.Missing},
		{"no sex", "sex", "", account.Missing},
		{"odd sex", "sex", "other", BadSex},
		{"no birth date", "birth_date", "--", account.Missing},
		{"30 February", "birth_date", "1990-02-30", BadDate},
		{"words for a date", "birth_date", "first of May", BadDate},
		{"one digit", "birth_date", "1.5.1990", ""},
		{"born tomorrow", "birth_date", "2026-11-24", BirthFuture},
		{"born today", "birth_date", "2026-11-23", TooYoung},
		{"14 tomorrow", "birth_date", "2012-11-24", TooYoung},
		{"over 120", "birth_date", "1906-11-22", TooOld},
		{"no birth place", "birth_place", "", account.Missing},
		{"Latin birth place", "birth_place", "Tver", BadText},
		{"long birth place", "birth_place", strings.Repeat("а", 256), account.TooLong},
		{"other citizenship", "citizenship", "KZ", BadCitizenship},
		{"no citizenship", "citizenship", "", account.Missing},
		{"three digits of series", "passport_series", "450", "ident.passport.series"},
		{"no series", "passport_series", "", account.Missing},
		{"five digits of number", "passport_number", "12345", "ident.passport.number"},
		{"no number", "passport_number", "", account.Missing},
		{"issued tomorrow", "passport_issued", "2026-11-24", IssuedFuture},
		{"issued in the Soviet Union", "passport_issued", "1991-01-01", IssuedBefore},
		{"issued at 13", "passport_issued", "2004-04-30", IssuedEarly},
		{"issued at 14, is 36", "passport_issued", "2004-05-01", PassportOver},
		{"issued on the 20th birthday", "passport_issued", "2010-05-01", ""},
		{"issued the day before", "passport_issued", "2010-04-30", PassportOver},
		{"no issue date", "passport_issued", "", account.Missing},
		{"short division code", "division_code", "77-001", "ident.division.format"},
		{"no division code", "division_code", "", account.Missing},
		{"no issuer", "issued_by", "", account.Missing},
		{"script", "issued_by", "<script>", BadText},
		{"wrong check digits", "snils", "112-233-445 94", "ident.snils.check"},
		{"ten digits", "snils", "1122334459", "ident.snils.format"},
		{"no SNILS", "snils", "", account.Missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := whole()
			f[c.field] = c.value
			_, faults := Check(f, today)
			switch {
			case c.want == "" && len(faults) > 0:
				t.Errorf("faults = %v", faults)
			case c.want != "" && (len(faults) != 1 || faults[0].Field != c.field || faults[0].Code != c.want):
				t.Errorf("faults = %v, want %s at %s", faults, c.want, c.field)
			}
			if step := CheckStep(StepOf(c.field), f, today); cmp.Diff(faults.Error(), step.Error()) != "" {
				t.Errorf("the step says %v, the whole form %v", step, faults)
			}
		})
	}
}

func TestPatronymic_B1(t *testing.T) {
	f := whole()
	f["no_patronymic"] = "yes"
	if _, faults := Check(f, today); len(faults) != 1 || faults[0].Code != PatronymicBoth || faults[0].Field != "patronymic" {
		t.Errorf("both: %v", faults)
	}
	f["patronymic"] = ""
	if p, faults := Check(f, today); len(faults) != 0 || p.Name.Patronymic != "" {
		t.Errorf("none: %v", faults)
	}
}

func TestPassportAges(t *testing.T) {
	for _, c := range []struct {
		name, birth, issued string
		want                fault.Code
	}{
		{"14 today", "2012-11-23", "2026-11-23", ""},
		{"on the 14th birthday", "2012-05-01", "2026-05-01", ""},
		{"20 and in the grace of 90 days", "2006-09-01", "2020-10-01", ""},
		{"20 and past it", "2006-08-20", "2020-10-01", PassportOver},
		{"45 and in the grace", "1981-10-01", "2005-01-01", ""},
		{"45 and past it", "1981-05-01", "2005-01-01", PassportOver},
		{"45, renewed", "1981-05-01", "2026-05-02", ""},
		{"born on a leap day", "2012-02-29", "2026-03-01", ""},
		{"the day before", "2012-02-29", "2026-02-28", IssuedEarly},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := whole()
			f["birth_date"], f["passport_issued"] = c.birth, c.issued
			_, faults := Check(f, today)
			got := fault.Code("")
			if len(faults) > 0 {
				got = faults[0].Code
			}
			if got != c.want || len(faults) > 1 {
				t.Errorf("faults = %v, want %q", faults, c.want)
			}
		})
	}
}

func TestEmptyFormNamesEveryField(t *testing.T) {
	_, faults := Check(nil, today)
	got := map[string]bool{}
	for _, e := range faults {
		if e.Code != account.Missing || got[e.Field] {
			t.Errorf("fault %v", e)
		}
		got[e.Field] = true
	}
	for _, step := range Steps() {
		for _, field := range step.Fields() {
			if !got[field] && field != FieldNoPatronymic {
				t.Errorf("%s is not named", field)
			}
		}
	}
}

func TestMergeTakesOnlyTheStep(t *testing.T) {
	f := Form{"snils": "1", "surname": "А"}
	got := f.Merge(StepPerson, Form{"surname": "Б", "snils": "2", "admin": "yes", "birth_place": strings.Repeat("x", maxValue+1)})
	if got["surname"] != "Б" || got["snils"] != "1" || got["admin"] != "" || got["birth_place"] != "" || f["surname"] != "А" {
		t.Errorf("merged = %v", got)
	}
	if StepOf("admin") != "" {
		t.Error("an unknown field has a step")
	}
}

func FuzzCheck(f *testing.F) {
	for field, value := range whole() {
		f.Add(field, value)
	}
	f.Add("birth_date", "0000-00-00")
	f.Fuzz(func(t *testing.T, field, value string) {
		form := maps.Clone(whole())
		form[field] = value
		p, faults := Check(form, today)
		if len(faults) == 0 && (p.BirthDate.IsZero() || p.Issued.Before(p.BirthDate) || p.Name.Surname == "" || len(p.SNILS) != 11) {
			t.Errorf("%s=%q was accepted as %+v", field, value, p)
		}
	})
}
