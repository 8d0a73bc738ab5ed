// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed padrules.txt
var builtinPadRules []byte

// Bounds of a file of rules.
const (
	maxRulesSize   = 1 << 18
	maxRules       = 2000
	maxRuleLine    = 500
	maxRulePattern = 200
)

// PadRule says whether the keypads of some readers are used, or which language they speak.
type PadRule struct {
	deny           bool
	verify, modify bool
	speaks         string // "ru" or "en"; the rule says nothing else then
	usb            bool
	vendor         uint16
	product        uint16
	pattern        string // of the name, lower case
}

// BuiltinPadRules returns the rules that come with the program: readers known
// to say that they have a keypad and to fail.
func BuiltinPadRules() ([]PadRule, error) { return ParsePadRules(builtinPadRules) }

// ParsePadRules reads a file of rules (see padrules.txt). An error names the
// line. Rules of the user's go behind the builtin ones: the last that fits
// decides.
func ParsePadRules(file []byte) ([]PadRule, error) {
	if len(file) > maxRulesSize {
		return nil, fmt.Errorf("rules for keypads: file of %d bytes, at most %d", len(file), maxRulesSize)
	}
	var rules []PadRule
	n := 0
	for line := range bytes.Lines(file) {
		n++
		words, err := ruleWords(line)
		if err != nil {
			return nil, fmt.Errorf("rules for keypads: line %d: %w", n, err)
		}
		if len(words) == 0 {
			continue
		}
		rule, err := parseRule(words)
		if err != nil {
			return nil, fmt.Errorf("rules for keypads: line %d: %w", n, err)
		}
		if rules = append(rules, rule); len(rules) > maxRules {
			return nil, fmt.Errorf("rules for keypads: line %d: more than %d rules", n, maxRules)
		}
	}
	return rules, nil
}

// ruleWords splits a line into words, of which one may be quoted.
func ruleWords(line []byte) (words []string, err error) {
	if len(line) > maxRuleLine {
		return nil, fmt.Errorf("more than %d bytes", maxRuleLine)
	}
	rest := strings.TrimSpace(string(line))
	for rest != "" && rest[0] != '#' {
		var word string
		if rest[0] == '"' {
			var closed bool
			if word, rest, closed = strings.Cut(rest[1:], `"`); !closed {
				return nil, fmt.Errorf("a quotation mark is missing")
			}
			if rest != "" && rest[0] != ' ' && rest[0] != '\t' && rest[0] != '#' {
				return nil, fmt.Errorf("no space after a quotation mark")
			}
		} else {
			end := strings.IndexAny(rest, " \t#")
			if end < 0 {
				end = len(rest)
			}
			word, rest = rest[:end], rest[end:]
		}
		words = append(words, word)
		rest = strings.TrimLeft(rest, " \t")
	}
	return words, nil
}

func parseRule(words []string) (r PadRule, err error) {
	if len(words) < 3 || len(words) > 4 {
		return r, fmt.Errorf("%d words instead of 3 or 4", len(words))
	}
	switch words[0] {
	case "deny":
		r.deny = true
	case "allow", "language":
	default:
		return r, fmt.Errorf("%q is neither deny, allow nor language", words[0])
	}
	switch words[1] {
	case "usb":
		r.usb = true
		r.vendor, r.product, err = parseUSB(words[2])
	case "name":
		r.pattern = strings.ToLower(words[2])
		if r.pattern == "" || len(r.pattern) > maxRulePattern {
			err = fmt.Errorf("a pattern of %d bytes", len(r.pattern))
		}
	default:
		err = fmt.Errorf("%q is neither usb nor name", words[1])
	}
	if err != nil {
		return r, err
	}
	if words[0] == "language" {
		if len(words) != 4 || words[3] != "ru" && words[3] != "en" {
			return r, fmt.Errorf("language needs ru or en")
		}
		r.speaks = words[3]
		return r, nil
	}
	r.verify, r.modify = true, true
	if len(words) == 4 {
		r.verify, r.modify = words[3] == "verify", words[3] == "modify"
		if !r.verify && !r.modify {
			return r, fmt.Errorf("%q is neither verify nor modify", words[3])
		}
	}
	return r, nil
}

func parseUSB(s string) (vendor, product uint16, err error) {
	v, p, ok := strings.Cut(s, ":")
	if !ok || len(v) != 4 || len(p) != 4 {
		return 0, 0, fmt.Errorf("%q is not of the form 076b:3031", s)
	}
	a, err := strconv.ParseUint(v, 16, 16)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not hexadecimal", v)
	}
	b, err := strconv.ParseUint(p, 16, 16)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not hexadecimal", p)
	}
	return uint16(a), uint16(b), nil
}

// padRules are those that fit one reader, in their order: of each thing that they say the last one decides.
type padRules []PadRule

// rulesFor picks them. Without USB numbers (both zero) only names are compared.
func rulesFor(all []PadRule, name string, vendor, product uint16) padRules {
	name = strings.ToLower(name)
	var fit padRules
	for _, r := range all {
		if r.usb && vendor != 0 && r.vendor == vendor && r.product == product || !r.usb && wildcard(r.pattern, name) {
			fit = append(fit, r)
		}
	}
	return fit
}

func (rules padRules) denied() (verify, modify bool) {
	for _, r := range rules {
		if r.verify {
			verify = r.deny
		}
		if r.modify {
			modify = r.deny
		}
	}
	return verify, modify
}

// language is the only one that the reader speaks; empty when it speaks both.
func (rules padRules) language() (l string) {
	for _, r := range rules {
		l = cmp.Or(r.speaks, l)
	}
	return l
}

// wildcard matches a pattern in which * stands for anything; no other sign is
// special, because names of readers have brackets.
func wildcard(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}
