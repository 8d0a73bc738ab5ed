// SPDX-License-Identifier: Apache-2.0

package ident

import "strings"

// SNILS is the insurance number of a person's individual account: 11 digits,
// of which the last two are check digits.
type SNILS string

// INN is the taxpayer number of a person or an individual entrepreneur: 12 digits.
type INN string

// INNLE is the taxpayer number of a legal entity: 10 digits.
type INNLE string

// OGRN is the main state registration number of a legal entity: 13 digits.
type OGRN string

// OGRNIP is the main state registration number of an individual entrepreneur: 15 digits.
type OGRNIP string

// KPP is the reason-for-registration code of a legal entity: four digits, two
// of [0-9A-Z], three digits. It has no check digit.
type KPP string

// lastUnchecked is the first nine digits of the last SNILS that was issued
// before check digits were introduced.
const lastUnchecked = "001001998"

// ParseSNILS reads 11 digits, either bare or with a dash or a space after the
// third, sixth and ninth ("112-233-445 95"). Codes: ident.snils.format,
// ident.snils.check. Numbers up to 001-001-998 have no check digits and are
// accepted with any; see [SNILS.Unchecked].
func ParseSNILS(s string) (SNILS, error) {
	d, ok := ungroup(strings.TrimSpace(s), 3, 6, 9)
	if !ok || !digits(d, 11) {
		return "", refuse("ident.snils.format", "not 11 digits")
	}
	if zeros(d[:9]) {
		return "", refuse("ident.snils.check", "all zeros is a placeholder")
	}
	if n := SNILS(d); n.Unchecked() {
		return n, nil
	}
	sum := weigh(d[:9], 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101 % 100
	if int(d[9]-'0')*10+int(d[10]-'0') != sum {
		return "", refuse("ident.snils.check", "check digits do not match")
	}
	return SNILS(d), nil
}

// String returns the 11 digits.
func (s SNILS) String() string { return string(s) }

// Formatted returns the number as people write it, "112-233-445 95". The zero
// value gives "".
func (s SNILS) Formatted() string {
	if len(s) != 11 {
		return string(s)
	}
	return string(s[:3] + "-" + s[3:6] + "-" + s[6:9] + " " + s[9:])
}

// Unchecked reports a number up to 001-001-998, whose check digits prove nothing.
func (s SNILS) Unchecked() bool { return len(s) == 11 && string(s[:9]) <= lastUnchecked }

// ParseINN reads the 12 digits of a person. Codes: ident.inn.format,
// ident.inn.check, and ident.inn.legal for a legal entity's number, bare or
// padded with "00" to 12 digits (use [ParseINNLE]).
func ParseINN(s string) (INN, error) {
	s = strings.TrimSpace(s)
	if digits(s, 10) {
		return "", refuse("ident.inn.legal", "10 digits are a legal entity's number")
	}
	if !digits(s, 12) {
		return "", refuse("ident.inn.format", "not 12 digits")
	}
	if zeros(s) {
		return "", refuse("ident.inn.check", "all zeros is a placeholder")
	}
	if s[:2] == "00" {
		return "", refuse("ident.inn.legal", "padded with 00: a legal entity's number")
	}
	if weigh(s[:10], 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 != int(s[10]-'0') ||
		weigh(s[:11], 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 != int(s[11]-'0') {
		return "", refuse("ident.inn.check", "check digits do not match")
	}
	return INN(s), nil
}

// String returns the 12 digits.
func (i INN) String() string { return string(i) }

// ParseINNLE reads the 10 digits of a legal entity, also when they are padded
// with "00" to 12 as certificates did before 2022. Codes: ident.innle.format,
// ident.innle.check.
func ParseINNLE(s string) (INNLE, error) {
	s = strings.TrimSpace(s)
	if digits(s, 12) && s[:2] == "00" {
		s = s[2:]
	}
	if !digits(s, 10) {
		return "", refuse("ident.innle.format", "not 10 digits")
	}
	if zeros(s) || weigh(s[:9], 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 != int(s[9]-'0') {
		return "", refuse("ident.innle.check", "check digit does not match")
	}
	return INNLE(s), nil
}

// String returns the 10 digits.
func (i INNLE) String() string { return string(i) }

// ParseOGRN reads 13 digits. Codes: ident.ogrn.format, ident.ogrn.check.
func ParseOGRN(s string) (OGRN, error) {
	s = strings.TrimSpace(s)
	if !digits(s, 13) {
		return "", refuse("ident.ogrn.format", "not 13 digits")
	}
	if zeros(s) || remainder(s[:12], 11)%10 != int(s[12]-'0') {
		return "", refuse("ident.ogrn.check", "check digit does not match")
	}
	return OGRN(s), nil
}

// String returns the 13 digits.
func (o OGRN) String() string { return string(o) }

// ParseOGRNIP reads 15 digits. Codes: ident.ogrnip.format, ident.ogrnip.check.
func ParseOGRNIP(s string) (OGRNIP, error) {
	s = strings.TrimSpace(s)
	if !digits(s, 15) {
		return "", refuse("ident.ogrnip.format", "not 15 digits")
	}
	if zeros(s) || remainder(s[:14], 13)%10 != int(s[14]-'0') {
		return "", refuse("ident.ogrnip.check", "check digit does not match")
	}
	return OGRNIP(s), nil
}

// String returns the 15 digits.
func (o OGRNIP) String() string { return string(o) }

// ParseKPP reads a KPP in its official form. Code: ident.kpp.format.
func ParseKPP(s string) (KPP, error) {
	s = strings.TrimSpace(s)
	if len(s) != 9 || !digits(s[:4], 4) || !digits(s[6:], 3) {
		return "", refuse("ident.kpp.format", "not 4 digits, 2 characters, 3 digits")
	}
	for _, c := range []byte(s[4:6]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", refuse("ident.kpp.format", "characters 5 and 6 are not of 0-9A-Z")
		}
	}
	return KPP(s), nil
}

// String returns the 9 characters.
func (k KPP) String() string { return string(k) }

// ungroup drops one dash or space found exactly after each of the given counts
// of digits; ok is false when only some of them are there.
func ungroup(s string, after ...int) (string, bool) {
	if !strings.ContainsAny(s, "- ") {
		return s, true
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if len(after) > 0 && out.Len() == after[0] {
			if s[i] != '-' && s[i] != ' ' {
				return "", false
			}
			after = after[1:]
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String(), len(after) == 0
}

func digits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func zeros(s string) bool { return strings.Trim(s, "0") == "" }

func weigh(s string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return sum
}

func remainder(s string, m int) int {
	r := 0
	for i := 0; i < len(s); i++ {
		r = (r*10 + int(s[i]-'0')) % m
	}
	return r
}
