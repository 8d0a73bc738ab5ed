// SPDX-License-Identifier: Apache-2.0

// Package people alone owns the made-up people that every fixture and the demo share: the test PKI
// writes them into certificates, the card and token emulators carry their data, the emulated
// registers answer about them, and the demo prints whom to try.
//
// Nobody here exists. All identifiers pass their check digits, so production code treats them as it
// treats real ones; mail goes to example.org. Every value is a constant, the functions return fresh
// copies, and all of them may be called from several goroutines.
package people

import "time"

// Person is one made-up citizen with everything that a form, a card, a certificate or a register
// may ask for.
type Person struct {
	// Key is a short ASCII name, unique among the people, fit for file names and command lines.
	Key string
	// About says in one line what this person is for.
	About string

	Surname, Given, Patronymic string
	Gender                     Gender
	BirthDate                  time.Time // midnight UTC of the day
	BirthPlace                 string
	Citizenship                string // OKSM alpha-3

	SNILS    string // 11 digits
	INN      string // 12 digits
	Passport Passport

	Phone    string // E.164
	Email    string
	Address  string
	Password string // what the demo signs in with

	OGRNIP       string        // 15 digits; only an entrepreneur has one
	Organisation *Organisation // only the head of a legal entity has one

	PINs      PINs
	Registers Registers
}

// Gender is the holder's sex in the words of the registers; the number is that of ISO/IEC 5218.
type Gender int

// Values of Gender.
const (
	Male   Gender = 1
	Female Gender = 2
)

// Passport is a passport of a citizen of the Russian Federation.
type Passport struct {
	Series   string // 4 digits
	Number   string // 6 digits
	Issued   time.Time
	IssuedBy string
	Division string // 6 digits, shown as XXX-XXX
}

// Organisation is the legal entity that a person heads.
type Organisation struct {
	Name      string // short name, as in a certificate
	OGRN      string // 13 digits
	INN       string // 10 digits
	KPP       string // 9 characters
	HeadTitle string // the head's position
	Region    string // two-digit code, space, name
	Locality  string
	Street    string
}

// PINs are the secrets of the person's token and card. They are strings on purpose: they protect
// nothing, and production code never sees them in this form.
type PINs struct {
	Token string // user PIN of the token
	SO    string // security officer's PIN of the token
	Card1 string // PIN1 of the card: holder's data
	Card2 string // PIN2 of the card: signature
	PUK   string // КРП of the card: unblocks PINs
}

// Registers says what the emulated state registers answer about the person.
type Registers struct {
	SNILSMatches  bool // the pension fund knows this SNILS with these personal data
	PassportValid bool // the interior ministry lists the passport as valid
	INNMatches    bool // the tax service knows this INN with these personal data
}

// FullName is the name as Russian documents write it: surname, given name, patronymic if any.
func (p Person) FullName() string {
	name := p.Surname + " " + p.Given
	if p.Patronymic != "" {
		name += " " + p.Patronymic
	}
	return name
}

// FormattedSNILS is the SNILS as people write it: 112-233-445 95.
func (p Person) FormattedSNILS() string {
	s := p.SNILS
	if len(s) != 11 {
		return s
	}
	return s[:3] + "-" + s[3:6] + "-" + s[6:9] + " " + s[9:]
}

// All returns every person with a part to play, in a fixed order; see Numbered for more.
func All() []Person {
	return []Person{
		TokenHolder(), CardHolder(), Entrepreneur(), Head(), SNILSRefused(), PassportRefused(), Stranger(),
	}
}

// ByKey finds a person by Key.
func ByKey(key string) (Person, bool) {
	for _, p := range All() {
		if p.Key == key {
			return p, true
		}
	}
	return Person{}, false
}

// BySNILS finds a person, a numbered one too, by the eleven digits of the SNILS.
func BySNILS(snils string) (Person, bool) {
	for _, p := range All() {
		if p.SNILS == snils {
			return p, true
		}
	}
	if len(snils) == 11 {
		if p, ok := numbered(snils[:9], numberedSNILS); ok && p.SNILS == snils {
			return p, true
		}
	}
	return Person{}, false
}

// ByPassport finds a person, a numbered one too, by series and number of the passport.
func ByPassport(series, number string) (Person, bool) {
	for _, p := range All() {
		if p.Passport.Series == series && p.Passport.Number == number {
			return p, true
		}
	}
	if series == numberedSeries && len(number) == 6 {
		return numbered(number, 0)
	}
	return Person{}, false
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
