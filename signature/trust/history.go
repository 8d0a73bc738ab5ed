// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"slices"
	"strings"
	"time"
)

// accredited is how a status begins that counts; all others, unknown ones too, do not.
const accredited = "Действует"

// ended are how the other known statuses begin.
var ended = []string{"Прекращен", "Аннулирован", "Приостановлен", "Досрочно прекращен", "Исключен", "Истек"}

func counts(status string) bool { return strings.HasPrefix(status, accredited) }

func known(status string) bool {
	return counts(status) || slices.ContainsFunc(ended, func(p string) bool { return strings.HasPrefix(status, p) })
}

// periods turns a history into times of accreditation: each status holds from its moment to the
// next. Of two at one moment the one that does not count wins.
func periods(history []Status) []Period {
	h := slices.Clone(history)
	sortStatuses(h)
	var out []Period
	for i, s := range h {
		open := len(out) > 0 && out[len(out)-1].Until.IsZero()
		last := i+1 == len(h) || !h[i+1].From.Equal(s.From)
		switch {
		case !last: // another status at the same moment stands behind it
		case counts(s.Text) && !open:
			out = append(out, Period{From: s.From})
		case !counts(s.Text) && open:
			out[len(out)-1].Until = s.From
		}
	}
	return merge(out)
}

// sortStatuses sorts by time; at one moment those that count stand first.
func sortStatuses(h []Status) {
	slices.SortStableFunc(h, func(a, b Status) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		switch x, y := counts(a.Text), counts(b.Text); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
}

// merge sorts periods and joins those that overlap or touch; empty ones go.
func merge(list []Period) []Period {
	list = slices.DeleteFunc(slices.Clone(list), func(p Period) bool { return !p.Until.IsZero() && !p.From.Before(p.Until) })
	slices.SortFunc(list, func(a, b Period) int { return a.From.Compare(b.From) })
	var out []Period
	for _, p := range list {
		if n := len(out) - 1; n >= 0 && (out[n].Until.IsZero() || !out[n].Until.Before(p.From)) {
			if p.Until.IsZero() || !out[n].Until.IsZero() && p.Until.After(out[n].Until) {
				out[n].Until = p.Until
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

// parseMoment reads an xs:dateTime or xs:date. One without a zone is Moscow's: four hours before
// Greenwich from 27.03.2011 to 26.10.2014, the time of the first accreditations, and three since.
func parseMoment(s string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02Z07:00"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), plausible(t)
		}
	}
	for _, form := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02"} {
		t, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		offset := 3 * time.Hour
		if !t.Before(time.Date(2011, 3, 27, 2, 0, 0, 0, time.UTC)) && t.Before(time.Date(2014, 10, 26, 2, 0, 0, 0, time.UTC)) {
			offset = 4 * time.Hour
		}
		return t.Add(-offset), plausible(t)
	}
	return time.Time{}, false
}

// plausible keeps out years that no list has.
func plausible(t time.Time) bool { return t.Year() >= 1990 && t.Year() < 2200 }
