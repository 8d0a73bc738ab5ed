// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/signature/challenge"
)

// How many letters of a value are shown, and how wide lines are: a window of
// pinentry-curses holds 60 columns on every terminal.
const (
	longValue  = 60
	wholeValue = 254 // of what must be told from something alike
	shortValue = 40
	lineWidth  = 60
)

func (a *asked) say(k words.Key, pairs ...any) string {
	return words.Say(a.request.Language, k, pairs...)
}

// line is one line of the consent window; the higher drop is, the earlier it
// goes when the whole is too long. Zero never goes.
type line struct {
	text string
	drop int
}

// question is the consent window for the i-th of the usable certificates.
func (a *asked) question(usable []Credential, i int) pinentry.Dialog {
	c, st := usable[i], a.statement
	lines := []line{
		{text: a.say(words.ConsentPortal, "name", words.Clean(a.portal.Name, longValue)), drop: 2},
		{text: a.say(words.ConsentAddress, "origin", a.portal.Origin)},
		{text: a.say(words.ConsentPurpose, "purpose", a.purpose())},
		{text: a.say(words.ConsentAccount, "account", words.Clean(st.Account, wholeValue))},
		{text: a.say(words.ConsentHolder, "holder", words.Clean(st.Holder, longValue))},
	}
	if st.Purpose == challenge.ConfirmOrganisation {
		lines = append(lines, line{text: a.say(words.ConsentOGRN, "ogrn", st.OGRN.String())})
	} else {
		lines = append(lines, line{text: a.say(words.ConsentSNILS, "snils", st.SNILS.Formatted()), drop: 5})
	}
	lines = append(lines, line{text: a.say(words.ConsentControl, "code", st.ControlCode)}, line{})
	lines = append(lines, a.aboutCertificate(c, i+1, len(usable))...)
	if c.Code != "" {
		lines = append(lines, line{text: a.say(words.WindowMend, "reason", words.Reason(a.request.Language, c.Code))})
	}
	if otherPerson(c, st) {
		lines = append(lines, line{text: a.say(words.ConsentOther)})
	}
	if len(a.unusable) > 0 {
		lines = append(lines, line{text: a.say(words.ConsentUnusable, "list", a.listUnusable()), drop: 3})
	}
	lines = append(lines, line{}, line{text: a.say(words.ConsentCompare), drop: 1})
	d := asking(a.request.Language, lines)
	d.OK, d.Cancel = a.say(words.ButtonSign), a.say(words.ButtonDecline)
	if len(usable) > 1 {
		d.NotOK = a.say(words.ButtonAnother)
	}
	return d
}

func (a *asked) purpose() string {
	return a.say(words.PurposeOf + words.Key(a.statement.Purpose))
}

func (a *asked) aboutCertificate(c Credential, n, of int) []line {
	x := c.Certificate
	first := a.say(words.ConsentCert, "holder", holderName(c))
	if of > 1 {
		first = a.say(words.ConsentCertOf, "n", n, "of", of, "holder", holderName(c))
	}
	day := "02.01.2006"
	if a.request.Language == words.English {
		day = "2 Jan 2006"
	}
	lines := []line{
		{text: first},
		{text: a.say(words.ConsentIssuer, "issuer", words.Clean(x.Issuer.CommonName(), shortValue)), drop: 4},
		{text: a.say(words.ConsentValid, "from", x.NotBefore.Local().Format(day), "to", x.NotAfter.Local().Format(day))},
		{text: a.say(words.ConsentCarrier, "carrier", a.carrier(c)), drop: 1},
	}
	switch {
	case c.Entry == PINOnReader:
		lines = append(lines, line{text: a.say(words.PINReader), drop: 1})
	case c.KeypadDenied:
		lines = append(lines, line{text: a.say(words.PINDenied)})
	}
	return lines
}

// holderName is the person's name, with the organisation's where there is one.
func holderName(c Credential) string {
	h := c.Certificate.Holder()
	name := h.Name.String()
	if name == "" {
		name = h.CommonName
	}
	if h.Organization != "" && h.Organization != name {
		name = words.Clean(name, shortValue) + ", " + words.Clean(h.Organization, shortValue)
	}
	return words.Clean(name, longValue)
}

func (a *asked) carrier(c Credential) string {
	unnamed := words.CarrierToken
	if a.request.Method == MethodUEC {
		unnamed = words.CarrierCard
	}
	return carrierName(a.request.Language, c.Carrier, c.Titles, unnamed)
}

// carrierName is the carrier's own name, or that of its kind, or unnamed.
func carrierName(l words.Language, own string, titles map[words.Language]string, unnamed words.Key) string {
	switch title := titles[l]; {
	case own != "":
		return words.Quoted(own, shortValue)
	case title != "":
		return words.Quoted(title, longValue)
	}
	return words.Say(l, unnamed)
}

// listUnusable names at most three certificates that can't be used, each with the reason.
func (a *asked) listUnusable() string {
	var parts []string
	for _, c := range a.unusable {
		if len(parts) == 3 {
			parts = append(parts, "…")
			break
		}
		name := a.carrier(c)
		if c.Certificate != nil {
			name = words.Clean(holderName(c), 24)
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", name, words.Reason(a.request.Language, c.Code)))
	}
	return strings.Join(parts, "; ")
}

// pinQuestion is the PIN window; said tells of the try before.
func (a *asked) pinQuestion(c Credential, said string, limit time.Duration) pinentry.Dialog {
	ask := words.PINToken
	if a.request.Method == MethodUEC {
		ask = words.PINCard
	}
	lines := []line{
		{text: a.say(ask, "carrier", a.carrier(c))},
		{text: holderName(c), drop: 1},
	}
	if greeting := words.Quoted(c.Greeting, shortValue); greeting != "" {
		lines = append(lines, line{text: a.say(words.PINGreeting, "greeting", greeting)})
	}
	lines = append(lines, line{text: capital(a.say(words.PINAction, "purpose", a.purpose(), "code", a.statement.ControlCode))})
	if n, known := c.Tries.Count(); known && said == "" {
		lines = append(lines, line{text: a.say(words.PINTries, "n", n)})
	}
	return pinentry.Dialog{Title: a.say(words.Title), Text: fit(lines), Error: said, Prompt: a.say(words.PINPrompt),
		OK: a.say(words.ButtonOK), Cancel: a.say(words.ButtonDecline), Timeout: limit}
}

// wrong says that the last PIN was wrong, with the tries left when they are known.
func (a *asked) wrong(c Credential) string {
	if n, known := c.Tries.Count(); known {
		return a.say(words.PINWrongN, "n", n)
	}
	return a.say(words.PINWrong)
}

func (a *asked) lastTryQuestion(c Credential, limit time.Duration) pinentry.Dialog {
	return a.orStop(words.ButtonLast, limit, line{text: a.say(words.PINLast, "carrier", a.carrier(c))})
}

// typedQuestion asks whether the PIN may be typed here, after the keypad failed.
func (a *asked) typedQuestion(c Credential, limit time.Duration) pinentry.Dialog {
	return a.orStop(words.ButtonTyped, limit, line{text: a.say(words.PINPadFailed, "carrier", a.carrier(c))})
}

// onceMoreQuestion stands between two tries on a keypad.
func (a *asked) onceMoreQuestion(c Credential, said string, limit time.Duration) pinentry.Dialog {
	return a.orStop(words.ButtonAgain, limit, line{text: said}, line{}, line{text: a.say(words.PINOnceMore, "carrier", a.carrier(c))})
}

// orStop is a question whose no stops everything.
func (a *asked) orStop(yes words.Key, limit time.Duration, lines ...line) pinentry.Dialog {
	d := asking(a.request.Language, lines)
	d.OK, d.Cancel, d.Timeout = a.say(yes), a.say(words.ButtonStop), limit
	return d
}

// asking is a question without its buttons, with what is shown when its yes came too soon. The reason goes last of what may be left out.
func asking(l words.Language, lines []line) pinentry.Dialog {
	again := []line{{text: words.Say(l, words.TooSoon) + "\n", drop: 1}}
	for _, x := range lines {
		if x.drop > 0 {
			x.drop++
		}
		again = append(again, x)
	}
	return pinentry.Dialog{Title: words.Say(l, words.Title), Text: fit(lines), Hasty: fit(again)}
}

// fit joins lines, wrapped, and leaves out what may be left out until a dialog can hold them.
func fit(lines []line) string {
	for level := 9; ; level-- {
		kept := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.drop > level })
		var out []string
		for _, l := range kept {
			for part := range strings.SplitSeq(l.text, "\n") {
				out = append(out, wrap(part)...)
			}
		}
		text := strings.Join(out, "\n")
		if pinentry.EscapedLen(text) <= pinentry.MaxText || level == 0 {
			return text
		}
	}
}

// wrap breaks a line at spaces to lineWidth columns, a longer word where it must. What follows a label is indented, so
// that no value can begin a line as a label does.
func wrap(s string) []string {
	indent := 0
	if strings.Contains(s, ": ") {
		indent = 2
	}
	var out []string
	var now []rune
	for _, w := range pieces(s, lineWidth-indent) {
		switch {
		case len(now) > 0 && len(now)+1+len(w) > lineWidth:
			out = append(out, string(now))
			now = []rune(strings.Repeat(" ", indent))
		case len(now) > 0:
			now = append(now, ' ')
		}
		now = append(now, w...)
	}
	return append(out, string(now))
}

// pieces are the words of s; a longer one than a line is cut, so that all of it is seen.
func pieces(s string, width int) [][]rune {
	var out [][]rune
	for word := range strings.FieldsSeq(s) {
		w := []rune(word)
		for len(w) > width {
			out, w = append(out, w[:width]), w[width:]
		}
		out = append(out, w)
	}
	return out
}

func capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return string(unicode.ToUpper(r[0])) + string(r[1:])
}
