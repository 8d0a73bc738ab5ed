// SPDX-License-Identifier: Apache-2.0

package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"zaver/portal/fault"
)

// Faults of contacts and names.
const (
	BadPhone fault.Code = "contact.phone"      // not a mobile number of the Russian plan
	BadEmail fault.Code = "contact.email"      // not an e-mail address
	BadName  fault.Code = "ident.name.letters" // other than Cyrillic letters, hyphen, space, apostrophe
	TooLong  fault.Code = "form.too_long"
	Missing  fault.Code = "form.missing"
)

// ParsePhone reads a Russian mobile number, +7 9xx, with the usual spaces,
// dashes and brackets; the trunk prefix 8 stands for +7. The result is in
// E.164 form: +79001234567.
func ParsePhone(s string) (string, error) {
	if len(s) > 40 {
		return "", fault.New(BadPhone)
	}
	digits := make([]byte, 0, 12)
	plus := false
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r == '+' && i == 0:
			plus = true
		case r == ' ' || r == '-' || r == '(' || r == ')' || r == '\u00a0' || r == '\u2011':
		default:
			return "", fault.New(BadPhone)
		}
	}
	d := string(digits)
	switch {
	case len(d) == 11 && d[0] == '7', len(d) == 11 && d[0] == '8' && !plus:
		d = d[1:]
	case len(d) == 10 && !plus:
	default:
		return "", fault.New(BadPhone)
	}
	if len(d) != 10 || d[0] != '9' {
		return "", fault.New(BadPhone)
	}
	return "+7" + d, nil
}

// ParseEmail reads an e-mail address: a dot-atom, "@" and a domain of at least
// two ASCII labels (RFC 5321 section 4.1.2 without quoted strings and address
// literals). The result is in lower case, so that an address has one form.
func ParseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > 254 || !dotAtom(local, 64, atomByte) || !dotAtom(domain, 253, hostByte) || !strings.Contains(domain, ".") {
		return "", fault.New(BadEmail)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fault.New(BadEmail)
		}
	}
	return s, nil
}

func dotAtom(s string, limit int, allowed func(byte) bool) bool {
	if s == "" || len(s) > limit || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if s[i] != '.' && !allowed(s[i]) {
			return false
		}
	}
	return true
}

func hostByte(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-' }

// atomByte is atext of RFC 5322 section 3.2.3 in lower case.
func atomByte(b byte) bool { return hostByte(b) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", b) >= 0 }

// maxName bounds a name in letters.
const maxName = 100

// ParseName reads one part of a person's name as a Russian document spells it:
// Cyrillic letters in words joined by a hyphen, a space, an apostrophe or a dot.
// Runs of spaces become one.
func ParseName(s string) (string, error) {
	if len(s) > 4*maxName {
		return "", fault.New(TooLong).With("Max", maxName)
	}
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "", fault.New(Missing)
	}
	if utf8.RuneCountInString(s) > maxName {
		return "", fault.New(TooLong).With("Max", maxName)
	}
	joined := true // a joint may not begin a name, nor follow another but a space a dot
	var last rune
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Cyrillic, r) && unicode.IsLetter(r):
			joined = false
		case strings.ContainsRune("- '’.", r):
			if joined && (r != ' ' || last != '.') {
				return "", fault.New(BadName)
			}
			joined = true
		default:
			return "", fault.New(BadName)
		}
		last = r
	}
	if joined && last != '.' {
		return "", fault.New(BadName)
	}
	return s, nil
}
