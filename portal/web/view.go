// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"zaver/portal/text"
)

// view is the dot of the templates: the page and the words.
type view struct {
	Page
	catalogue *text.Catalogue
}

// T gives the words of a message; pairs are names and values of its places.
func (v view) T(id string, pairs ...any) string {
	var args map[string]any
	if len(pairs) > 0 {
		args = make(map[string]any, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			args[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
	}
	return v.catalogue.Text(v.Lang, id, args)
}

// Has says whether the message exists.
func (v view) Has(id string) bool { return v.catalogue.Has(v.Lang, id) }

// Join glues parts of an id.
func (v view) Join(parts ...string) string { return strings.Join(parts, "") }

// Paragraphs splits a message at its empty lines.
func (v view) Paragraphs(id string) []string { return strings.Split(v.T(id), "\n\n") }

// Happened says what the code means.
func (v view) Happened(code string, args map[string]any) string {
	words, _ := v.catalogue.Code(v.Lang, code, args)
	return words
}

// Advice says what to do about the code; it may be empty.
func (v view) Advice(code string, args map[string]any) string {
	_, words := v.catalogue.Code(v.Lang, code, args)
	return words
}

// Detail gives the words of an event's detail: a level, a method or a code.
// A detail without words is left out.
func (v view) Detail(detail string) string {
	if detail == "" {
		return ""
	}
	if words, ok := v.catalogue.Lookup(v.Lang, "detail."+detail, nil); ok {
		return words
	}
	if v.catalogue.Has(v.Lang, detail+".do") {
		return v.Happened(detail, nil)
	}
	return ""
}

// Problems lists the errors of the form for the summary at the top.
func (v view) Problems() []problem {
	problems := make([]problem, 0, len(v.Form.Errors))
	for _, e := range v.Form.Errors {
		p := problem{Text: v.Happened(e.Code, e.Args), Advice: v.Advice(e.Code, e.Args)}
		if e.RetrySeconds > 0 {
			p.Advice += " " + v.Retry(e.RetrySeconds)
		}
		if e.Field != "" {
			p.Anchor = "#" + anchor(e.Field)
		}
		problems = append(problems, p)
	}
	return problems
}

// ErrorsTitle heads the summary: it speaks of what was typed only where that is at fault.
func (v view) ErrorsTitle() string {
	if slices.ContainsFunc(v.Form.Errors, func(e FieldError) bool { return e.Field != "" }) {
		return v.T("errors.title")
	}
	return v.T("errors.general")
}

// ownWill are the codes that say what the person did on purpose: no failure, and not shown as one.
var ownWill = []string{"agent.declined", "pin.cancelled", "confirm.withdrawn", "confirm.cancelled", "confirm.superseded"}

// Own says whether the code tells of the person's own will.
func (v view) Own(code string) bool { return slices.Contains(ownWill, code) }

// OwnWill lists those codes for a script, with spaces between.
func (v view) OwnWill() string { return strings.Join(ownWill, " ") }

// Retry says how long to wait, in the unit in which people count; never less
// than it is.
func (v view) Retry(seconds int) string {
	switch {
	case seconds < 120:
		return v.T("error.retry", "Count", seconds)
	case seconds < 2*60*60:
		return v.T("error.retry_minutes", "Count", (seconds+59)/60)
	default:
		return v.T("error.retry_hours", "Count", (seconds+3599)/3600)
	}
}

// problem is one line of the error summary.
type problem struct{ Anchor, Text, Advice string }

// anchor is the id of the element that takes the focus for a field.
func anchor(field string) string {
	switch field {
	case "birth_date", "passport_issued":
		return field + "-day"
	case "sex":
		return "sex-female"
	case "kind":
		return "kind-person"
	case "method":
		return "method-first"
	}
	return field
}

// LangLink is the address of this page in another language.
func (v view) LangLink(lang string) string {
	u, err := url.Parse(v.Path)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return "/?lang=" + lang
	}
	q := u.Query()
	q.Set("lang", lang)
	u.RawQuery = q.Encode()
	return u.String()
}

// Here says whether the page lies under the path.
func (v view) Here(prefix string) bool { return strings.HasPrefix(v.Path, prefix) }

// moscow is the zone in which times are shown; fixed, so that no zone data are needed.
var moscow = time.FixedZone("MSK", 3*60*60)

// Time shows a moment in Moscow time.
func (v view) Time(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(moscow)
	if v.Lang == text.English {
		return t.Format("2 January 2006, 15:04") + " (Moscow)"
	}
	return fmt.Sprintf("%d %s %d, %s (мск)", t.Day(), months[t.Month()-1], t.Year(), t.Format("15:04"))
}

var months = [...]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"}

// Machine shows a moment for the attribute datetime.
func (v view) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Unix is a moment in seconds, for scripts.
func (v view) Unix(t time.Time) int64 { return t.Unix() }

// Megabytes shows a size in units of 10⁶ octets, rounded up to tenths.
func (v view) Megabytes(octets int64) string {
	tenths := (octets + 99_999) / 100_000
	point := ","
	if v.Lang == text.English {
		point = "."
	}
	return fmt.Sprintf("%d%s%d", tenths/10, point, tenths%10)
}

// Spaced puts spaces between the signs, so that a screen reader spells a code.
func (v view) Spaced(s string) string { return strings.Join(strings.Split(s, ""), " ") }

// Input is one form field as its template part shows it.
type Input struct {
	ID, Label, Hint, Value, Error, Advice string
	Type, Autocomplete, Mode, Width       string
	// Live names the rule that the script checks while typing; Words are its messages.
	Live, Words string
	// Max is the most characters; 0 means no limit.
	Max int
	// Optional adds the word "optional" to the label.
	Optional string
	// Show, Hide and their long forms are the words of the password switch.
	Show, Hide, ShowLong, HideLong string
	// Day, Month, Year label the parts of a date; Picker labels the calendar.
	Day, Month, Year, Picker        string
	DayValue, MonthValue, YearValue string
	Min, Latest                     string
	Checked                         bool
}

// Input makes the value of a field's template part. Options are "key=value":
// type, auto, mode, width, live, max, optional, from, to.
func (v view) Input(field string, options ...string) (Input, error) {
	in := Input{
		ID: field, Label: v.T("field." + field), Value: v.Form.Value(field), Type: "text",
		Day: v.T("date.day"), Month: v.T("date.month"), Year: v.T("date.year"), Picker: v.T("date.picker"),
		Show: v.T("password.show"), Hide: v.T("password.hide"), ShowLong: v.T("password.show_long"), HideLong: v.T("password.hide_long"),
		DayValue: v.Form.Value(field + "-day"), MonthValue: v.Form.Value(field + "-month"), YearValue: v.Form.Value(field + "-year"),
		Checked: v.Form.Value(field) != "",
	}
	if hint := "field." + field + ".hint"; v.Has(hint) {
		in.Hint = v.T(hint)
	}
	if e, ok := v.Form.find(field); ok {
		in.Error, in.Advice = v.Happened(e.Code, e.Args), v.Advice(e.Code, e.Args)
	}
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "type":
			in.Type = value
		case "auto":
			in.Autocomplete = value
		case "mode":
			in.Mode = value
		case "width":
			in.Width = value
		case "live":
			in.Live, in.Words = value, v.words(value)
		case "max":
			n, err := strconv.Atoi(value)
			if err != nil {
				return Input{}, fmt.Errorf("make field %s: max: %w", field, err)
			}
			in.Max = n
		case "optional":
			in.Optional = v.T("field.optional")
		case "from":
			in.Min = value
		case "to":
			in.Latest = value
		default:
			return Input{}, fmt.Errorf("make field %s: unknown option %q", field, option)
		}
	}
	return in, nil
}

// liveWords lists, for each rule of the script, the messages that it may show.
var liveWords = map[string][]string{
	"name":     {"ident.name.letters"},
	"phone":    {"live.phone"},
	"email":    {"live.email"},
	"snils":    {"ident.snils.format", "ident.snils.check", "live.good"},
	"series":   {"ident.passport.series"},
	"number":   {"ident.passport.number"},
	"division": {"ident.division.format"},
	"birth":    {"live.date", "live.future", "live.age"},
	"issued":   {"live.date", "live.future", "live.issued_early"},
	"code":     {"live.code"},
	"new": {"password.meter", "password.mark_weak", "password.mark_fair", "password.mark_good", "password.hint_short", "password.hint_plain",
		"password.hint_repeat", "password.hint_row", "password.hint_ok"},
	"repeat": {"live.repeat", "live.repeat_ok"},
}

func (v view) words(rule string) string {
	return v.Words(liveWords[rule]...)
}

// Words gives messages as a JSON object for a data attribute that a script reads.
func (v view) Words(ids ...string) string {
	words := make(map[string]string, len(ids))
	for _, id := range ids {
		words[id] = v.T(id)
	}
	out, err := json.Marshal(words)
	if err != nil {
		return "{}"
	}
	return string(out)
}

// AgentWords gives the words of every code that can end a confirmation, each
// with its advice, for the script of the confirmation page.
func (v view) AgentWords() string {
	words := map[string][2]string{}
	for _, id := range v.catalogue.IDs(v.Lang) {
		area, _, dotted := strings.Cut(id, ".")
		if strings.HasSuffix(id, ".do") || (dotted && !agentAreas[area]) || (!dotted && id != "internal") {
			continue
		}
		if v.catalogue.Has(v.Lang, id+".do") {
			happened, advice := v.catalogue.Code(v.Lang, id, nil)
			words[id] = [2]string{happened, advice}
		}
	}
	out, err := json.Marshal(words)
	if err != nil {
		return "{}"
	}
	return string(out)
}

var agentAreas = map[string]bool{"agent": true, "token": true, "card": true, "pin": true, "statement": true, "confirm": true, "cms": true,
	"cert": true, "chain": true, "sig": true}
