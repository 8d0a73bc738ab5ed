// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"zaver/portal/trustlist"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/pgtest"
)

func acceptedList(version int64) (trustlist.Accepted, trustlist.Kept) {
	id := bytes.Repeat([]byte{byte('a' + version%26)}, 64)
	a := trustlist.Accepted{Source: "file", At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Findings: []trust.Finding{{Code: trust.FindStatus, Centre: "Центр", Detail: "x"}}}
	a.Version, a.Date, a.Digest, a.Centres = version, a.At.Add(-time.Hour), string(bytes.Repeat([]byte("0f"), 32)), 7
	return a, trustlist.Kept{ID: string(id), Base: "base", List: version, Content: []byte("set")}
}

// A version goes forward only, whoever asks.
func TestTrustListVersionsGoForward(t *testing.T) {
	s := pgtest.Open(t, nil)
	lists := s.TrustLists()
	if _, ok, err := lists.InForce(t.Context()); ok || err != nil {
		t.Fatalf("a list before the first: %v", err)
	}
	for _, step := range []struct {
		version int64
		won     bool
	}{{5, true}, {5, false}, {4, false}, {6, true}, {1, false}} {
		a, set := acceptedList(step.version)
		if won, err := lists.Accept(t.Context(), a, []byte("list"), set); err != nil || won != step.won {
			t.Errorf("version %d: %v %v", step.version, won, err)
		}
	}
	want, _ := acceptedList(6)
	got, ok, err := lists.InForce(t.Context())
	if err != nil || !ok || got.Version != 6 || !got.Date.Equal(want.Date) || got.Digest != want.Digest || len(got.Findings) != 1 || got.Findings[0] != want.Findings[0] {
		t.Errorf("%+v %v", got, err)
	}
	if b, err := lists.Document(t.Context(), 5); err != nil || string(b) != "list" {
		t.Errorf("%q %v", b, err)
	}
	if b, err := lists.SetOf(t.Context(), "base", 5); err != nil || string(b) != "set" {
		t.Errorf("%q %v", b, err)
	}
	if _, err := lists.SetOf(t.Context(), "other", 5); !errors.Is(err, trustlist.ErrNoSet) {
		t.Errorf("set of another base: %v", err)
	}
	for _, query := range []string{
		`UPDATE trust_head SET version = 5`, `DELETE FROM trust_head`, `TRUNCATE trust_head`, `INSERT INTO trust_head (version) VALUES (1)`,
		`UPDATE trust_lists SET centres = 0`, `DELETE FROM trust_lists`, `UPDATE trust_sets SET kept_at = now()`, `DELETE FROM trust_sets`,
	} {
		if _, err := s.Exec(t.Context(), query); err == nil {
			t.Errorf("%s is done", query)
		}
	}
}

func TestSetWithoutListIsKeptOnce(t *testing.T) {
	s := pgtest.Open(t, nil)
	_, set := acceptedList(1)
	set.List = 0
	for range 2 {
		if err := s.TrustLists().KeepSet(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := s.TrustLists().SetOf(t.Context(), "base", 0); err != nil || string(b) != "set" {
		t.Errorf("%q %v", b, err)
	}
	if b, err := s.TrustLists().Set(t.Context(), set.ID); err != nil || string(b) != "set" {
		t.Errorf("%q %v", b, err)
	}
}
