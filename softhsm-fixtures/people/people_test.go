// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"strings"
	"testing"
	"time"

	"zaver/signature/ident"
	"zaver/softhsm-fixtures/people"
)

// TestIdentifiers holds every made-up identifier against the parsers that production code uses.
func TestIdentifiers(t *testing.T) {
	for _, p := range append(people.All(), people.Numbered(1), people.Numbered(77), people.Numbered(people.MostNumbered)) {
		t.Run(p.Key, func(t *testing.T) {
			check := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			s, err := ident.ParseSNILS(p.SNILS)
			check("SNILS", err)
			if s.Unchecked() {
				t.Error("SNILS lies in the range without check digits")
			}
			_, err = ident.ParseINN(p.INN)
			check("INN", err)
			_, err = ident.ParsePassport(p.Passport.Series, p.Passport.Number)
			check("passport", err)
			_, err = ident.ParseDivisionCode(p.Passport.Division)
			check("division", err)
			if p.OGRNIP != "" {
				_, err = ident.ParseOGRNIP(p.OGRNIP)
				check("OGRNIP", err)
			}
			if o := p.Organisation; o != nil {
				_, err = ident.ParseOGRN(o.OGRN)
				check("OGRN", err)
				_, err = ident.ParseINNLE(o.INN)
				check("INNLE", err)
				_, err = ident.ParseKPP(o.KPP)
				check("KPP", err)
			}
			if !p.Passport.Issued.After(p.BirthDate.AddDate(14, 0, 0)) {
				t.Error("passport issued before the holder was 14")
			}
			// A passport is replaced at 20 and at 45.
			for _, age := range []int{20, 45} {
				due := p.BirthDate.AddDate(age, 0, 0)
				if due.Before(time.Now().AddDate(0, -3, 0)) && p.Passport.Issued.Before(due) {
					t.Errorf("passport of %v should have been replaced at %d", p.Passport.Issued, age)
				}
			}
			if !strings.HasSuffix(p.Email, "@example.org") || !strings.HasPrefix(p.Phone, "+79") || len(p.Phone) != 12 {
				t.Errorf("contacts %s %s", p.Email, p.Phone)
			}
		})
	}
}

// TestUnique keeps look-ups by any of the identifying values unambiguous.
func TestUnique(t *testing.T) {
	seen := map[string]string{}
	for _, p := range people.All() {
		values := []string{p.Key, p.SNILS, p.INN, p.Passport.Series + p.Passport.Number, p.Phone, p.Email}
		for _, v := range values {
			if other, ok := seen[v]; ok {
				t.Errorf("%s: %q is also of %s", p.Key, v, other)
			}
			seen[v] = p.Key
		}
	}
}

func TestLookup(t *testing.T) {
	for _, want := range people.All() {
		if got, ok := people.ByKey(want.Key); !ok || got.SNILS != want.SNILS {
			t.Errorf("ByKey(%q) = %v, %v", want.Key, got.Key, ok)
		}
		if got, ok := people.BySNILS(want.SNILS); !ok || got.Key != want.Key {
			t.Errorf("BySNILS of %s = %v, %v", want.Key, got.Key, ok)
		}
	}
	if _, ok := people.ByKey("nobody"); ok {
		t.Error("ByKey found nobody")
	}
	if got := people.TokenHolder().FormattedSNILS(); got != "158-476-201 94" {
		t.Errorf("FormattedSNILS = %q", got)
	}
	if got := people.Stranger().FullName(); got != "Ким Алиса" {
		t.Errorf("FullName = %q", got)
	}
}

// TestNumberedAreFound keeps registers able to answer about numbered people.
func TestNumberedAreFound(t *testing.T) {
	for _, n := range []int{1, 2, 10, 101, 12345, people.MostNumbered} {
		p := people.Numbered(n)
		if q, ok := people.BySNILS(p.SNILS); !ok || q.Key != p.Key {
			t.Errorf("%d by SNILS: %v %s", n, ok, q.Key)
		}
		if q, ok := people.ByPassport(p.Passport.Series, p.Passport.Number); !ok || q.Key != p.Key {
			t.Errorf("%d by passport: %v %s", n, ok, q.Key)
		}
	}
	for _, p := range people.All() {
		if q, ok := people.ByPassport(p.Passport.Series, p.Passport.Number); !ok || q.Key != p.Key {
			t.Errorf("%s by passport: %v %s", p.Key, ok, q.Key)
		}
	}
	if _, ok := people.ByPassport("4599", "000000"); ok {
		t.Error("there is a person with number 0")
	}
	if _, ok := people.BySNILS("30000000000"); ok {
		t.Error("there is a person with SNILS number 0")
	}
}
