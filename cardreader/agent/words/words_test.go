// SPDX-License-Identifier: Apache-2.0

package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var place = regexp.MustCompile(`\{[a-z]+\}`)

// Every key has both languages, with the same places to fill, each in its own letters.
func TestCatalogue(t *testing.T) {
	for k, x := range catalogue {
		if x.ru == "" || x.en == "" {
			t.Errorf("%s lacks a language: %q, %q", k, x.ru, x.en)
		}
		ru, en := place.FindAllString(x.ru, -1), place.FindAllString(x.en, -1)
		slices.Sort(ru)
		slices.Sort(en)
		if !slices.Equal(ru, en) {
			t.Errorf("%s fills %v in Russian and %v in English", k, ru, en)
		}
		for _, r := range x.en {
			if unicode.Is(unicode.Cyrillic, r) {
				t.Errorf("%s: Russian letters in the English text %q", k, x.en)
				break
			}
		}
	}
}

// Every key that the package declares is in the catalogue.
func TestEveryKeyHasWords(t *testing.T) {
	var files []*ast.File
	for _, name := range []string{"catalogue.go", "catalogue_window.go", "catalogue_care.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if n := len(dialogTexts) + len(windowTexts) + len(careTexts); n != len(catalogue) {
		t.Errorf("%d texts, %d in the catalogue: a key has two", n, len(catalogue))
	}
	keys := 0
	look := func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Type == nil || len(v.Values) != 1 {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Key" {
			return true
		}
		text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		keys++
		if _, ok := catalogue[Key(text)]; !ok && Key(text) != PurposeOf && Key(text) != SecretOf {
			t.Errorf("%s (%q) has no words", v.Names[0].Name, text)
		}
		return true
	}
	for _, f := range files {
		ast.Inspect(f, look)
	}
	if keys < 90 {
		t.Errorf("found only %d keys", keys)
	}
}

func TestSay(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Say(Russian, PINTries, "n", 2), "Осталось попыток: 2"},
		{Say(English, PINTries, "n", 2), "Tries left: 2"},
		{Say("", ButtonSign), "Подписать"},
		{Say(English, "no.such"), "no.such"},
		{Reason(English, "token.cert_expired"), "expired"},
		{Say(English, PINAction, "purpose", "{code}", "code", "4815"), "{code}, control code 4815"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Every failure has both halves in both languages, each in its own letters; what others say gets general words.
func TestFailures(t *testing.T) {
	if len(failures[Russian]) < 60 || len(failures[Russian]) != len(failures[English]) {
		t.Errorf("%d in Russian, %d in English", len(failures[Russian]), len(failures[English]))
	}
	for code := range failures[Russian] {
		if !HasFailure(code) {
			t.Errorf("%s lacks a language", code)
		}
		for l := range failures {
			what, todo := Failure(l, code)
			if what == "" || todo == "" {
				t.Errorf("%s in %s: %q, %q", code, l, what, todo)
			}
			for _, r := range what + todo {
				if l == English && unicode.Is(unicode.Cyrillic, r) {
					t.Errorf("%s: Russian letters in the English text", code)
					break
				}
			}
		}
	}
	if what, todo := Failure("de", "confirm.ticket_used"); what != "Подтверждение не состоялось" || !strings.Contains(todo, "confirm.ticket_used") {
		t.Errorf("another's code: %q, %q", what, todo)
	}
}

// A carrier that was pulled may have compared the PIN before: only the device knows whether a try was spent, and it is gone.
func TestNothingIsMadeUpOfTries(t *testing.T) {
	for _, code := range []string{"card.removed", "token.removed"} {
		for l, claim := range map[Language]string{Russian: "не потрачена", English: "No PIN try"} {
			if _, todo := Failure(l, code); strings.Contains(todo, claim) {
				t.Errorf("%s: %q", code, todo)
			}
		}
	}
}

// The names that modules and profiles give their PINs are no words of a dialog.
func TestPINName(t *testing.T) {
	for name, want := range map[string][2]string{
		"": {"ПИН-код", "PIN"}, "user": {"ПИН-код", "PIN"}, "PIN": {"ПИН-код", "PIN"}, "PIN1": {"ПИН1", "PIN1"}, "PIN2": {"ПИН2", "PIN2"},
		"PUK": {"PUK", "PUK"}, "KRP": {"КРП", "KRP"}, "PIN12": {"ПИН-код PIN12", "PIN PIN12"}, "PINx": {"ПИН-код PINx", "PIN PINx"},
		"signature\n»": {"ПИН-код signature )", "PIN signature )"},
	} {
		if got := [2]string{PINName(Russian, name), PINName(English, name)}; got != want {
			t.Errorf("%q: got %q", name, got)
		}
	}
	if got := PINName("de", "PIN1"); got != "ПИН1" {
		t.Errorf("unknown language: %q", got)
	}
}
