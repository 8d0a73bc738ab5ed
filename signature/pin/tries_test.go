// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
)

func TestTries(t *testing.T) {
	for _, r := range []struct {
		t       Tries
		n       int
		known   bool
		blocked bool
		text    string
	}{
		{Tries{}, 0, false, false, "unknown"},
		{Unknown(), 0, false, false, "unknown"},
		{Left(3), 3, true, false, "3"},
		{Left(1), 1, true, false, "1"},
		{Left(0), 0, true, true, "blocked"},
		{Left(-1), 0, true, true, "blocked"},
		{Left(1000), 255, true, false, "255"},
		{Blocked(), 0, true, true, "blocked"},
	} {
		n, known := r.t.Count()
		if n != r.n || known != r.known || r.t.Blocked() != r.blocked || r.t.String() != r.text {
			t.Errorf("%+v: got %d, %v, %v, %s", r, n, known, r.t.Blocked(), r.t)
		}
		b, err := json.Marshal(r.t)
		if err != nil || string(b) != `"`+r.text+`"` {
			t.Errorf("%s: marshalled %s, %v", r.text, b, err)
		}
		var back Tries
		if err := json.Unmarshal(b, &back); err != nil || back != r.t {
			t.Errorf("%s: read back %v, %v", r.text, back, err)
		}
	}
	for _, s := range []string{"", "0", "-1", "+3", "03", "256", "1e1", "Unknown", "blocked ", "unknown0"} {
		var back Tries
		if err := back.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%q read as %v", s, back)
		}
	}
}

func TestError(t *testing.T) {
	var err error = &Error{Reason: ReasonWrong, Tries: Left(2), Ref: "pin2", Cause: io.EOF}
	if got := err.Error(); got != "pin.wrong (pin2), tries left: 2: EOF" {
		t.Error(got)
	}
	if !errors.Is(err, io.EOF) || !errors.Is(err, &Error{Reason: ReasonWrong}) || errors.Is(err, &Error{Reason: ReasonBlocked}) {
		t.Error("errors.Is does not tell reasons apart")
	}
	if got := (&Error{Reason: ReasonCancelled}).Error(); got != "pin.cancelled, tries left: unknown" {
		t.Error(got)
	}
	if !slices.Contains(Codes(), "pin.must_change") || len(Codes()) != 7 {
		t.Error(Codes())
	}
}

// FuzzTries proves that what is read is written again unchanged.
func FuzzTries(f *testing.F) {
	for _, s := range []string{"unknown", "blocked", "3", "255", "0", "00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var v Tries
		if v.UnmarshalText([]byte(s)) == nil && v.String() != s {
			t.Errorf("%q read as %s", s, v)
		}
	})
}
