// SPDX-License-Identifier: Apache-2.0

package card

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"zaver/cardreader/apdu"
)

// profileChecker turns a file into a profile and remembers the first fault.
type profileChecker struct {
	lines map[string]int
	err   error
}

func (c *profileChecker) fault(field, format string, args ...any) {
	if c.err != nil {
		return
	}
	line, at := 0, field
	for line == 0 { // a missing member is reported at the object that lacks it
		line = c.lines[at]
		if line == 0 && at == "" {
			line = 1
		}
		cut := strings.LastIndexAny(at, ".[")
		at = at[:max(cut, 0)]
	}
	c.err = &ProfileError{Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// bytes reads hexadecimal of least to most bytes.
func (c *profileChecker) bytes(field, s string, least, most int) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	switch {
	case err != nil:
		c.fault(field, "is not hexadecimal")
	case len(b) < least || len(b) > most:
		c.fault(field, "has %d bytes, not %d to %d", len(b), least, most)
	default:
		return b
	}
	return make([]byte, max(least, 1))
}

func (c *profileChecker) tag(field, s string) apdu.Tag {
	tag, err := apdu.ParseTag(s)
	if err != nil {
		c.fault(field, "is not a tag")
	}
	return tag
}

func (c *profileChecker) path(field, s string) TagPath {
	if s == "" {
		return nil
	}
	var path TagPath
	for _, part := range strings.Split(s, "/") {
		path = append(path, c.tag(field, part))
	}
	return path
}

func (c *profileChecker) between(field string, n, least, most int) int {
	if n < least || n > most {
		c.fault(field, "is %d, not %d to %d", n, least, most)
	}
	return n
}

// oneOf demands one of the words.
func (c *profileChecker) oneOf(field, s string, words ...string) {
	if !slices.Contains(words, s) {
		c.fault(field, "is %q, not one of %s", s, strings.Join(words, ", "))
	}
}

// oneOfOr is oneOf for a member that may be left out; it returns the word that counts then.
func (c *profileChecker) oneOfOr(field, s, unless string, words ...string) string {
	if s == "" {
		return unless
	}
	c.oneOf(field, s, words...)
	return s
}

func (c *profileChecker) profile(f *profileFile) *Profile {
	if f.Format != profileFormat {
		c.fault("format", "is %q, not %q", f.Format, profileFormat)
	}
	if f.Name == "" || strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.fault("name", "must be lower-case letters, digits and hyphens")
	}
	for _, lang := range []string{"ru", "en"} {
		if f.Title[lang] == "" {
			c.fault("title", "has no words in %q", lang)
		}
	}
	p := &Profile{
		Name: f.Name, Kind: Kind(f.Kind), Title: f.Title,
		AID:             c.bytes("aid", f.AID, 5, 16),
		SelectP2:        c.bytes("select_p2", f.SelectP2, 1, 1)[0],
		Validity:        ValidityPlaces{First: c.path("validity.first", f.Validity.First), Last: c.path("validity.last", f.Validity.Last)},
		SecureMessaging: f.SecureMessaging,
	}
	c.oneOf("kind", f.Kind, string(KindUEC), string(KindSignature))
	if _, err := suiteNamed(f.SecureMessaging); err != nil {
		c.fault("secure_messaging", "%v", err)
	}
	for i, a := range f.ATRs {
		at := fmt.Sprintf("atr[%d]", i)
		hint := ATRHint{ATR: c.bytes(at+".atr", a.ATR, 2, 33)}
		hint.Mask = c.bytes(at+".mask", a.Mask, len(hint.ATR), len(hint.ATR))
		p.ATRs = append(p.ATRs, hint)
	}
	c.passwords(p, f)
	c.holder(p, f)
	c.certificate(p, f)
	c.signature(p, f)
	c.statusWords(p, f)
	c.secure(p, f)
	return p
}

func (c *profileChecker) statusWords(p *Profile, f *profileFile) {
	p.StatusWords = map[apdu.SW]Reason{}
	for word, reason := range f.StatusWords {
		at := "status_words." + word
		sw := c.bytes(at, word, 2, 2)
		if !slices.Contains(Reasons(), Reason(reason)) {
			c.fault(at, "is not a reason")
		}
		if c.err == nil {
			p.StatusWords[apdu.SW(sw[0])<<8|apdu.SW(sw[1])] = Reason(reason)
		}
	}
}
