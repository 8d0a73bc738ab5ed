// SPDX-License-Identifier: Apache-2.0

package ident

import "strings"

// Passport is the number of a passport of a citizen of the Russian Federation.
type Passport struct {
	Series string // 4 digits
	Number string // 6 digits
}

// ParsePassport reads a series of 4 digits ("4509" or "45 09") and a number of
// 6. Codes: ident.passport.series, ident.passport.number.
func ParsePassport(series, number string) (Passport, error) {
	s, ok := ungroup(strings.TrimSpace(series), 2)
	if !ok || !digits(s, 4) {
		return Passport{}, refuse("ident.passport.series", "not 4 digits")
	}
	n := strings.TrimSpace(number)
	if !digits(n, 6) {
		return Passport{}, refuse("ident.passport.number", "not 6 digits")
	}
	return Passport{Series: s, Number: n}, nil
}

// String returns series and number with one space, "4509 123456".
func (p Passport) String() string {
	if p == (Passport{}) {
		return ""
	}
	return p.Series + " " + p.Number
}

// DivisionCode is the code of the body that issued a passport: 6 digits.
type DivisionCode string

// ParseDivisionCode reads "770-001" or "770001". Code: ident.division.format.
func ParseDivisionCode(s string) (DivisionCode, error) {
	d, ok := ungroup(strings.TrimSpace(s), 3)
	if !ok || !digits(d, 6) {
		return "", refuse("ident.division.format", "not 6 digits")
	}
	return DivisionCode(d), nil
}

// String returns the 6 digits.
func (c DivisionCode) String() string { return string(c) }

// Formatted returns the code as passports show it, "770-001".
func (c DivisionCode) Formatted() string {
	if len(c) != 6 {
		return string(c)
	}
	return string(c[:3] + "-" + c[3:])
}
