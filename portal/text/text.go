// SPDX-License-Identifier: Apache-2.0

// Package text owns the words that people read: the catalogue of messages by
// id and language. Pages, notices and answers to the agent hold ids and codes;
// only this package knows the sentences.
//
// The messages are JSON files named area.language.json, embedded in the
// binary. Every stable code of the system (fault, agent, token, card, pin,
// statement, sig, cms, chain …) has two messages: the code itself, which says
// what happened, and the code with the suffix ".do", which says what to do.
//
// A Catalogue is read-only after Load and safe for concurrent use.
package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed files/*.json
var files embed.FS

// Lang names a language of the catalogue by its BCP 47 tag.
type Lang string

// The languages in which every message exists. Russian is the default.
const (
	Russian Lang = "ru"
	English Lang = "en"
)

// Languages lists every language of the catalogue, the default first.
func Languages() []Lang { return []Lang{Russian, English} }

// ParseLang says whether s names a language of the catalogue.
func ParseLang(s string) (Lang, bool) {
	l := Lang(s)
	return l, slices.Contains(Languages(), l)
}

// Choose picks the language for the value of an Accept-Language header
// (RFC 9110 section 12.5.4). An absent, overlong or broken header gives
// Russian.
func Choose(acceptLanguage string) Lang {
	if acceptLanguage == "" || len(acceptLanguage) > 256 {
		return Russian
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Russian
	}
	_, index, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return Russian
	}
	return Languages()[index]
}

var matcher = language.NewMatcher([]language.Tag{language.Russian, language.English})

// Catalogue holds the messages of all languages.
type Catalogue struct {
	localizers map[Lang]*i18n.Localizer
	source     map[Lang]map[string]string
}

// Load reads the embedded messages. It fails when a file is malformed or an id
// is defined twice.
func Load() (*Catalogue, error) {
	return load(files)
}

func load(fsys fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "files/*.json")
	if err != nil {
		return nil, fmt.Errorf("list message files: %w", err)
	}
	sort.Strings(names)
	bundle := i18n.NewBundle(language.Russian)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	c := &Catalogue{localizers: map[Lang]*i18n.Localizer{}, source: map[Lang]map[string]string{}}
	for _, name := range names {
		if err := c.read(fsys, bundle, name); err != nil {
			return nil, err
		}
	}
	for lang := range c.source {
		c.localizers[lang] = i18n.NewLocalizer(bundle, string(lang))
	}
	return c, nil
}

func (c *Catalogue) read(fsys fs.FS, bundle *i18n.Bundle, name string) error {
	file, err := bundle.LoadMessageFileFS(fsys, name)
	if err != nil {
		return fmt.Errorf("read messages of %s: %w", name, err)
	}
	lang, ok := ParseLang(file.Tag.String())
	if !ok {
		return fmt.Errorf("read messages of %s: unknown language %s", name, file.Tag)
	}
	if c.source[lang] == nil {
		c.source[lang] = map[string]string{}
	}
	for _, m := range file.Messages {
		if _, twice := c.source[lang][m.ID]; twice {
			return fmt.Errorf("read messages of %s: %s is defined twice", name, m.ID)
		}
		c.source[lang][m.ID] = m.Zero + m.One + m.Two + m.Few + m.Many + m.Other
	}
	return nil
}

// Lookup gives the words of a message. The second result is false when the
// language or the id is unknown or an argument is missing. Args fill the
// places {{.Name}}; a numeric argument named Count also chooses the plural
// form. The result is plain text and must be escaped for where it is put.
func (c *Catalogue) Lookup(lang Lang, id string, args map[string]any) (string, bool) {
	raw, ok := c.source[lang][id]
	if !ok {
		return "", false
	}
	count, counted := args["Count"]
	if !counted && !strings.Contains(raw, "{{") {
		return raw, true
	}
	config := &i18n.LocalizeConfig{MessageID: id, TemplateData: args}
	if counted {
		config.PluralCount = count
	}
	words, err := c.localizers[lang].Localize(config)
	if err != nil || strings.Contains(words, "<no value>") {
		return "", false
	}
	return words, true
}

// Text is Lookup for places that must show something: an unknown message is
// shown as its id in brackets, which the page tests look for.
func (c *Catalogue) Text(lang Lang, id string, args map[string]any) string {
	words, ok := c.Lookup(lang, id, args)
	if !ok {
		return "[" + id + "]"
	}
	return words
}

// Code gives what happened and what to do for a stable code. A code that the
// catalogue doesn't know (from a newer agent, say) gets the words of
// "internal".
func (c *Catalogue) Code(lang Lang, code string, args map[string]any) (happened, advice string) {
	happened, ok := c.Lookup(lang, code, args)
	if !ok {
		code = "internal"
		happened = c.Text(lang, code, args)
	}
	advice, _ = c.Lookup(lang, code+".do", args)
	return happened, advice
}

// Has says whether the message exists in the language.
func (c *Catalogue) Has(lang Lang, id string) bool {
	_, ok := c.source[lang][id]
	return ok
}

// IDs lists the ids of a language in order.
func (c *Catalogue) IDs(lang Lang) []string {
	ids := make([]string, 0, len(c.source[lang]))
	for id := range c.source[lang] {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}
