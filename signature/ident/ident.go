// SPDX-License-Identifier: Apache-2.0

// Package ident alone owns the identifiers by which the Russian state knows a
// person or an organisation: their form, their check digits and how two of
// them compare. A value of one of its types has passed the form and the check
// digits; whether the number was ever issued only a register can say.
//
// The package is pure: no I/O, no clock, no state; everything in it may be
// used from many goroutines at once. Errors never repeat the value refused,
// so they may be logged.
package ident

// Error says why an identifier was refused. It carries no personal data.
type Error struct {
	// Code is stable, for example "ident.snils.format" or "ident.snils.check".
	Code string
	// Reason is an English phrase for developers.
	Reason string
}

// Error returns the code and the reason.
func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, &ident.Error{Code: "ident.inn.check"}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func refuse(code, reason string) error { return &Error{Code: code, Reason: reason} }

// Codes returns every code that an [Error] of this package may carry.
func Codes() []string {
	return []string{
		"ident.snils.format", "ident.snils.check",
		"ident.inn.format", "ident.inn.check", "ident.inn.legal",
		"ident.innle.format", "ident.innle.check",
		"ident.ogrn.format", "ident.ogrn.check",
		"ident.ogrnip.format", "ident.ogrnip.check",
		"ident.kpp.format",
		"ident.passport.series", "ident.passport.number",
		"ident.division.format",
	}
}
