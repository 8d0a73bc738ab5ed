// SPDX-License-Identifier: Apache-2.0

// Package words alone owns what the agent says to people, in Russian and
// English. The agent must speak without the portal (it warns of a false one),
// so it has a small catalogue of its own.
//
// The catalogue is never written after start and may be read from many goroutines.
package words

import (
	"fmt"
	"strings"
)

// Language is a language that the agent speaks.
type Language string

// The languages.
const (
	Russian Language = "ru"
	English Language = "en"
)

// Known reports whether the agent speaks l.
func (l Language) Known() bool { return l == Russian || l == English }

// Key names one text.
type Key string

// Say returns the text of k in l (Russian for an unknown language), with
// {name} places filled from pairs of name and value. An unknown key says itself.
func Say(l Language, k Key, pairs ...any) string {
	t, ok := catalogue[k]
	if !ok {
		return string(k)
	}
	s := t.ru
	if l == English {
		s = t.en
	}
	var fill []string
	for i := 0; i+1 < len(pairs); i += 2 {
		fill = append(fill, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(fill...).Replace(s) // one pass: a value with braces fills nothing
}

// Reason returns the short words for a code that makes a certificate unusable,
// the code itself when there are none.
func Reason(l Language, code string) string { return Say(l, Key(code)) }

// PINName is what people call a PIN that a carrier names so: the only one of a token or card is just the PIN, numbered ones have their number.
func PINName(l Language, name string) string {
	plain := map[Language]string{Russian: "ПИН", English: "PIN"}
	own := map[Language]string{Russian: "ПИН-код", English: "PIN"}
	if !l.Known() {
		l = Russian
	}
	number, numbered := strings.CutPrefix(name, "PIN")
	switch {
	case name == "", name == "user", name == "PIN":
		return own[l]
	case name == "KRP" && l == Russian:
		return "КРП"
	case name == "KRP", name == "PUK":
		return name
	case numbered && len(number) == 1 && number >= "0" && number <= "9":
		return plain[l] + number
	}
	return own[l] + " " + Quoted(name, 20)
}

type text struct{ ru, en string }
