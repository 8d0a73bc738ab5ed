// SPDX-License-Identifier: Apache-2.0

package ident

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// PersonName is a person's name in its three parts. Patronymic may be empty.
type PersonName struct{ Surname, Given, Patronymic string }

// String returns the parts with single spaces: "Иванов Иван Иванович".
func (n PersonName) String() string {
	return strings.Join(strings.Fields(n.Surname+" "+n.GivenNames()), " ")
}

// GivenNames returns given name and patronymic as certificates hold them in
// one attribute: "Иван Иванович".
func (n PersonName) GivenNames() string {
	return strings.Join(strings.Fields(n.Given+" "+n.Patronymic), " ")
}

// Same reports whether both name the same person, each part compared by
// [SameName]. Given name and patronymic are compared together, because
// certificates do not tell where one ends. A name without any part is the same
// as none, itself included.
func (n PersonName) Same(other PersonName) bool {
	return n.String() != "" && SameName(n.Surname, other.Surname) && SameName(n.GivenNames(), other.GivenNames())
}

// SplitGivenNames divides a certificate's givenName at its first space: the
// rest is the patronymic ("Али Гасан оглы" gives "Али" and "Гасан оглы").
func SplitGivenNames(s string) (given, patronymic string) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return "", ""
	}
	return words[0], strings.Join(words[1:], " ")
}

// SameName compares two names or parts of one as clerks do: letter case, ё
// against е, repeated spaces, spaces around hyphens and the kind of hyphen do
// not count. Latin letters are never taken for the Cyrillic ones they look like.
func SameName(a, b string) bool { return fold(a) == fold(b) }

func fold(s string) string {
	var out strings.Builder
	space := false // a space is owed before the next letter
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			space = out.Len() > 0
			continue
		case unicode.Is(unicode.Dash, r):
			r, space = '-', false
		}
		if space && !strings.HasSuffix(out.String(), "-") {
			out.WriteByte(' ')
		}
		space = false
		if r = unicode.ToLower(r); r == 'ё' {
			r = 'е'
		}
		out.WriteRune(r)
	}
	return out.String()
}
