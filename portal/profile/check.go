// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/signature/ident"
)

// Ages in years.
const (
	passportAge = 14
	oldest      = 120
)

// renewals are the birthdays after which a passport must be a newer one, and
// grace is how long the old one still serves (90 days from the birthday).
var renewals = []int{20, 45}

const grace = 90 * 24 * time.Hour

// firstPassport is the day from which passports of this kind were issued.
var firstPassport = time.Date(1997, time.October, 1, 0, 0, 0, 0, time.UTC)

// maxPlace bounds free texts in characters.
const maxPlace = 255

// Check checks the whole form on the day of now. Every field at fault is named
// once; the Person is whole only when the list is empty.
func Check(f Form, now time.Time) (Person, fault.List) {
	c := checker{form: f, today: dayOf(now)}
	c.person()
	c.passport()
	c.snils()
	return c.out, c.faults
}

// CheckStep checks the fields of one step; of other steps it uses only what
// fits: a passport's date is compared with the birth date once there is one.
func CheckStep(step Step, f Form, now time.Time) fault.List {
	_, all := Check(f, now)
	var faults fault.List
	for _, e := range all {
		if StepOf(e.Field) == step {
			faults = append(faults, e)
		}
	}
	return faults
}

type checker struct {
	form   Form
	today  time.Time
	out    Person
	faults fault.List
}

func (c *checker) fail(field string, code fault.Code) {
	c.faults = append(c.faults, fault.New(code).For(field))
}

func (c *checker) failWith(field string, err error) {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		c.faults = append(c.faults, e.For(field))
		return
	}
	c.faults = append(c.faults, identFault(field, err))
}

func (c *checker) name(field string) string {
	v, err := account.ParseName(c.form[field])
	if err != nil {
		c.failWith(field, err)
	}
	return v
}

func (c *checker) person() {
	c.out.Name.Surname, c.out.Name.Given = c.name(FieldSurname), c.name(FieldGiven)
	none := c.form[FieldNoPatronymic] != ""
	typed := strings.TrimSpace(c.form[FieldPatronymic]) != ""
	switch {
	case none && typed:
		c.fail(FieldPatronymic, PatronymicBoth)
	case !none:
		c.out.Name.Patronymic = c.name(FieldPatronymic)
	}
	switch sex := Sex(c.form[FieldSex]); sex {
	case Male, Female:
		c.out.Sex = sex
	case "":
		c.fail(FieldSex, account.Missing)
	default:
		c.fail(FieldSex, BadSex)
	}
	c.birthDate()
	c.out.BirthPlace = c.text(FieldBirthPlace)
	switch v := c.form[FieldCitizenship]; v {
	case "RU":
		c.out.Citizenship = v
	case "":
		c.fail(FieldCitizenship, account.Missing)
	default:
		c.fail(FieldCitizenship, BadCitizenship)
	}
}

func (c *checker) birthDate() {
	born, ok := c.date(FieldBirthDate)
	switch {
	case !ok:
	case born.After(c.today):
		c.fail(FieldBirthDate, BirthFuture)
	case birthday(born, passportAge).After(c.today):
		c.fail(FieldBirthDate, TooYoung)
	case birthday(born, oldest).Before(c.today):
		c.fail(FieldBirthDate, TooOld)
	default:
		c.out.BirthDate = born
	}
}

func (c *checker) passport() {
	var err error
	c.out.Passport, err = ident.ParsePassport(c.form[FieldPassportSeries], c.form[FieldPassportNumber])
	if err != nil {
		field := FieldPassportSeries
		if errors.Is(err, &ident.Error{Code: "ident.passport.number"}) {
			field = FieldPassportNumber
		}
		c.identifier(field, err)
		// The series is judged first: say what is wrong with the number too.
		if field == FieldPassportSeries {
			if _, err := ident.ParsePassport("0000", c.form[FieldPassportNumber]); errors.Is(err, &ident.Error{Code: "ident.passport.number"}) {
				c.identifier(FieldPassportNumber, err)
			}
		}
	}
	c.issued()
	c.out.IssuedBy = c.text(FieldIssuedBy)
	if c.out.Division, err = ident.ParseDivisionCode(c.form[FieldDivisionCode]); err != nil {
		c.identifier(FieldDivisionCode, err)
	}
}

// issued checks the date of issue against today and, when it is known, the
// date of birth.
func (c *checker) issued() {
	issued, ok := c.date(FieldPassportIssued)
	born := c.out.BirthDate
	switch {
	case !ok:
	case issued.After(c.today):
		c.fail(FieldPassportIssued, IssuedFuture)
	case issued.Before(firstPassport):
		c.fail(FieldPassportIssued, IssuedBefore)
	case born.IsZero():
		c.out.Issued = issued
	case issued.Before(birthday(born, passportAge)):
		c.fail(FieldPassportIssued, IssuedEarly)
	case over(born, issued, c.today):
		c.fail(FieldPassportIssued, PassportOver)
	default:
		c.out.Issued = issued
	}
}

// over reports whether a passport issued that day should have been renewed.
func over(born, issued, today time.Time) bool {
	for _, age := range renewals {
		at := birthday(born, age)
		if issued.Before(at) && today.After(at.Add(grace)) {
			return true
		}
	}
	return false
}

func (c *checker) snils() {
	var err error
	if c.out.SNILS, err = ident.ParseSNILS(strings.TrimSpace(c.form[FieldSNILS])); err != nil {
		c.identifier(FieldSNILS, err)
	}
}

// identifier notes an identifier's fault; an empty field is missing, whatever
// form it should have.
func (c *checker) identifier(field string, err error) {
	if strings.TrimSpace(c.form[field]) == "" {
		c.fail(field, account.Missing)
		return
	}
	c.failWith(field, err)
}

// text checks a free text as documents hold it: letters of the Russian
// alphabet, digits, and the signs of addresses and offices.
func (c *checker) text(field string) string {
	s := strings.Join(strings.Fields(c.form[field]), " ")
	switch {
	case s == "":
		c.fail(field, account.Missing)
	case utf8.RuneCountInString(s) > maxPlace:
		c.faults = append(c.faults, fault.New(account.TooLong).For(field).With("Max", maxPlace))
	case strings.ContainsFunc(s, func(r rune) bool { return !textRune(r) }):
		c.fail(field, BadText)
	default:
		return s
	}
	return ""
}

func textRune(r rune) bool {
	return unicode.Is(unicode.Cyrillic, r) || r >= '0' && r <= '9' || strings.ContainsRune(" .,;:-–—\"'«»()№/", r)
}

// date reads a field that holds a day.
func (c *checker) date(field string) (time.Time, bool) {
	s := strings.TrimSpace(c.form[field])
	if s == "" || strings.Trim(s, "-.") == "" {
		c.fail(field, account.Missing)
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, "2006-1-2", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1800 && t.Year() < 2200 {
			return t, true
		}
	}
	c.fail(field, BadDate)
	return time.Time{}, false
}

// dayOf is the day in Moscow, whose calendar the registers keep, as midnight UTC.
func dayOf(t time.Time) time.Time {
	t = t.In(moscow)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

var moscow = time.FixedZone("MSK", 3*60*60)

// birthday is the day on which somebody reaches an age; those born on 29
// February do so on 1 March.
func birthday(born time.Time, age int) time.Time { return born.AddDate(age, 0, 0) }
