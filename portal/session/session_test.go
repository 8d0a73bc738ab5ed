// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
)

// The life of sessions is tested over the real store, in package register.

func TestTokens(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		token, hash, err := NewToken()
		if err != nil || seen[token] {
			t.Fatalf("token %q seen before: %v, %v", token, seen[token], err)
		}
		seen[token] = true
		if got, ok := HashToken(token); !ok || got != hash || hash == sha256.Sum256([]byte(token)) {
			t.Errorf("HashToken(%q) = %x, %v", token, got, ok)
		}
	}
	for _, bad := range []string{"", "x", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("A", 42) + "=", strings.Repeat("A", 42) + "B", strings.Repeat("я", 43)} {
		if _, ok := HashToken(bad); ok {
			t.Errorf("HashToken(%q) was taken", bad)
		}
	}
}

// broken fails in one of its calls.
type broken struct {
	Store
	find, touch error
	seen        time.Time
}

func (b broken) Find(context.Context, Hash, time.Time, time.Time) (Session, error) {
	return Session{Account: account.Account{ID: "a"}, Seen: b.seen}, b.find
}
func (b broken) Touch(context.Context, Hash, time.Time) error { return b.touch }

func TestOutageIsNoSignOut(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	outage := errors.New("connection refused")
	token, _, err := NewToken()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		store broken
		want  fault.Code
	}{
		{"live", broken{seen: now}, ""},
		{"none", broken{find: fault.New(fault.NotFound)}, None},
		{"find fails", broken{find: outage}, fault.Internal},
		{"touch fails", broken{touch: outage, seen: now.Add(-touchAfter)}, fault.Internal},
		{"nothing to touch", broken{touch: outage, seen: now.Add(-touchAfter + 1)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.store, func() time.Time { return now }).Check(t.Context(), token)
			if got := fault.CodeOf(err); got != c.want {
				t.Errorf("fault = %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

func FuzzHashToken(f *testing.F) {
	f.Add(strings.Repeat("A", 43))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := HashToken(s); ok && len(s) != 43 {
			t.Errorf("HashToken(%q) was taken", s)
		}
	})
}
