// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/apdu"
)

// Validity is the first and the last day on which the application may be used.
// Both are midnight UTC of the day; zero means that the card names no such day.
type Validity struct{ First, Last time.Time }

// Check returns an *[Error] of reason [Expired] when the calendar day of at, in
// at's own location, is outside the validity. A card lives by the calendar of
// the place where it is shown.
func (v Validity) Check(at time.Time) error {
	y, m, d := at.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch {
	case !v.First.IsZero() && day.Before(v.First):
		return &Error{Reason: Expired, Op: "check the validity", Cause: fmt.Errorf("valid from %s", v.First.Format(time.DateOnly))}
	case !v.Last.IsZero() && day.After(v.Last):
		return &Error{Reason: Expired, Op: "check the validity", Cause: fmt.Errorf("valid through %s", v.Last.Format(time.DateOnly))}
	}
	return nil
}

// within returns the days that both allow. They may be none: then the last comes
// before the first, and no day is right.
func (v Validity) within(o Validity) Validity {
	if v.First.IsZero() || o.First.After(v.First) {
		v.First = o.First
	}
	if v.Last.IsZero() || !o.Last.IsZero() && o.Last.Before(v.Last) {
		v.Last = o.Last
	}
	return v
}

// readValidity takes the days out of the answer to SELECT. A profile that names
// a place for a day makes the day mandatory: a card that lost it is not trusted.
func (p *Profile) readValidity(fci []apdu.TLV) (Validity, error) {
	var v Validity
	for _, day := range []struct {
		path TagPath
		to   *time.Time
	}{{p.Validity.First, &v.First}, {p.Validity.Last, &v.Last}} {
		if len(day.path) == 0 {
			continue
		}
		object, ok := apdu.Find(fci, day.path...)
		if !ok {
			return v, &Error{Reason: Protocol, Op: "read the validity", Cause: fmt.Errorf("no %s in the answer to SELECT", day.path)}
		}
		t, err := parseYYMMDD(object.Value)
		if err != nil {
			return v, &Error{Reason: Protocol, Op: "read the validity", Cause: fmt.Errorf("%s: %w", day.path, err)}
		}
		*day.to = t
	}
	return v, nil
}

// parseYYMMDD reads a day in three packed bytes; the century is the 21st, for
// no such card is older.
func parseYYMMDD(b []byte) (time.Time, error) {
	digits, err := apdu.DecodeN(b)
	if err != nil || len(digits) != 6 {
		return time.Time{}, errors.New("not a packed day")
	}
	t, err := time.Parse("20060102", "20"+digits)
	if err != nil {
		return time.Time{}, errors.New("no such day")
	}
	return t, nil
}
