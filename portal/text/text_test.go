// SPDX-License-Identifier: Apache-2.0

package text

import (
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func catalogue(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryMessageExistsInEveryLanguage(t *testing.T) {
	c := catalogue(t)
	want := c.IDs(Russian)
	if len(want) == 0 {
		t.Fatal("no messages")
	}
	for _, lang := range Languages() {
		if diff := cmp.Diff(want, c.IDs(lang)); diff != "" {
			t.Errorf("ids of %s differ from Russian (-ru +%s):\n%s", lang, lang, diff)
		}
	}
}

func TestPlacesAreTheSameInEveryLanguage(t *testing.T) {
	c := catalogue(t)
	place := regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)
	places := func(lang Lang, id string) []string {
		var names []string
		for _, m := range place.FindAllStringSubmatch(c.source[lang][id], -1) {
			names = append(names, m[1])
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	for _, id := range c.IDs(Russian) {
		if diff := cmp.Diff(places(Russian, id), places(English, id)); diff != "" {
			t.Errorf("%s: places differ (-ru +en):\n%s", id, diff)
		}
	}
}

func TestNoMessageIsEmpty(t *testing.T) {
	c := catalogue(t)
	for _, lang := range Languages() {
		for _, id := range c.IDs(lang) {
			if c.source[lang][id] == "" {
				t.Errorf("%s is empty in %s", id, lang)
			}
		}
	}
}

func TestRussianIsWrittenInRussian(t *testing.T) {
	c := catalogue(t)
	cyrillic := regexp.MustCompile(`\p{Cyrillic}`)
	for _, id := range c.IDs(English) {
		if cyrillic.MatchString(c.source[English][id]) && !mayHoldCyrillic(id) {
			t.Errorf("English %s holds Russian letters: %q", id, c.source[English][id])
		}
	}
}

// mayHoldCyrillic names the English messages that quote Russian on purpose:
// the wordmark, the name of the language, and the labels as they are printed
// in a Russian document.
func mayHoldCyrillic(id string) bool {
	return slices.Contains([]string{"site.mark", "lang.ru"}, id)
}

func TestLookup(t *testing.T) {
	fsys := fstest.MapFS{
		"files/a.ru.json": {Data: []byte(`{"plain":"просто","who":"Кто: {{.Name}}","tries":{"one":"{{.Count}} попытка","few":"{{.Count}} попытки","many":"{{.Count}} попыток","other":"{{.Count}} попытки"}}`)},
		"files/a.en.json": {Data: []byte(`{"plain":"plain","who":"Who: {{.Name}}","tries":{"one":"{{.Count}} try","other":"{{.Count}} tries"}}`)},
	}
	c, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		lang Lang
		id   string
		args map[string]any
		want string
		ok   bool
	}{
		{Russian, "plain", nil, "просто", true},
		{English, "plain", nil, "plain", true},
		{Russian, "who", map[string]any{"Name": "<b>"}, "Кто: <b>", true},
		{Russian, "who", nil, "", false},
		{Russian, "tries", map[string]any{"Count": 1}, "1 попытка", true},
		{Russian, "tries", map[string]any{"Count": 3}, "3 попытки", true},
		{Russian, "tries", map[string]any{"Count": 5}, "5 попыток", true},
		{English, "tries", map[string]any{"Count": 1}, "1 try", true},
		{English, "tries", map[string]any{"Count": 2}, "2 tries", true},
		{Lang("de"), "plain", nil, "", false},
		{Russian, "absent", nil, "", false},
	}
	for _, tt := range tests {
		got, ok := c.Lookup(tt.lang, tt.id, tt.args)
		if got != tt.want || ok != tt.ok {
			t.Errorf("Lookup(%s, %s, %v) = %q, %v; want %q, %v", tt.lang, tt.id, tt.args, got, ok, tt.want, tt.ok)
		}
	}
}

func TestLoadRefusesBrokenFiles(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"twice":    {"files/a.ru.json": {Data: []byte(`{"x":"1"}`)}, "files/b.ru.json": {Data: []byte(`{"x":"2"}`)}},
		"language": {"files/a.de.json": {Data: []byte(`{"x":"1"}`)}},
		"json":     {"files/a.ru.json": {Data: []byte(`{`)}},
	} {
		if _, err := load(fsys); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestChoose(t *testing.T) {
	for header, want := range map[string]Lang{
		"":                        Russian,
		"ru-RU,ru;q=0.9,en;q=0.8": Russian,
		"en-GB,en;q=0.9":          English,
		"fr-FR,en;q=0.5":          English,
		"ja":                      Russian,
		";;;q=":                   Russian,
	} {
		if got := Choose(header); got != want {
			t.Errorf("Choose(%q) = %s, want %s", header, got, want)
		}
	}
}
