// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestCodeOf(t *testing.T) {
	cause := errors.New("disk full")
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{cause, Internal},
		{New(Busy), Busy},
		{fmt.Errorf("sign in: %w", Wrap(NotFound, cause)), NotFound},
		{List{New(Busy).For("a"), New(NotFound)}, Busy},
		{errors.Join(cause, New(Conflict)), Conflict},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestMatching(t *testing.T) {
	cause := errors.New("disk full")
	err := fmt.Errorf("sign in: %w", Wrap(NotFound, cause).For("login"))
	if !errors.Is(err, New(NotFound)) || errors.Is(err, New(Busy)) || !errors.Is(err, cause) {
		t.Errorf("matching of %v", err)
	}
	if got := err.Error(); got != "sign in: login: not_found: disk full" {
		t.Errorf("text = %q", got)
	}
	list := List{New(Busy).For("a"), New(NotFound).For("a"), New(Conflict).For("b")}
	if !errors.Is(list, New(Conflict)) || list.Fields()["a"].Code != Busy || len(list.Fields()) != 2 {
		t.Errorf("list = %v", list.Fields())
	}
	if (List{}).Err() != nil || list.Err() == nil {
		t.Error("an empty list is an error, or a full one is none")
	}
}

func TestCopiesLeaveTheOriginal(t *testing.T) {
	base := New(Limited).With("Seconds", 1)
	changed := base.With("Seconds", 2).For("code").After(time.Minute)
	if base.Args["Seconds"] != 1 || base.Field != "" || base.RetryAfter != 0 {
		t.Errorf("base = %+v", base)
	}
	if changed.Args["Seconds"] != 2 || changed.Field != "code" || changed.RetryAfter != time.Minute {
		t.Errorf("changed = %+v", changed)
	}
}
