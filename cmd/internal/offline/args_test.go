// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args string
		want Request
		opts Options
	}{
		{"cms s.p7s --anchors a b --content d", Request{Verify: "cms", File: "s.p7s", Anchors: []string{"a", "b"}, Content: "d"}, Options{}},
		{"cms --anchors a --anchors b --json s.p7s", Request{Verify: "cms", File: "s.p7s", Anchors: []string{"a", "b"}}, Options{JSON: true}},
		{"chain --untrusted u --anchors a leaf", Request{Verify: "chain", File: "leaf", Anchors: []string{"a"}, Untrusted: []string{"u"}}, Options{}},
		{"chain leaf --anchors=a --policy 1.2.3 1.2.4 --explicit-policy --inhibit-any-policy --inhibit-mapping --at 0 --lang en",
			Request{Verify: "chain", File: "leaf", Anchors: []string{"a"}, Policy: []string{"1.2.3", "1.2.4"}, At: "0",
				ExplicitPolicy: true, InhibitAnyPolicy: true, InhibitMapping: true}, Options{Lang: "en"}},
		{"chain leaf -anchors a -crl c d", Request{Verify: "chain", File: "leaf", Anchors: []string{"a"}, CRL: []string{"c", "d"}}, Options{}},
		{"evidence e.zip --html out.html", Request{Verify: "evidence", File: "e.zip"}, Options{HTML: "out.html"}},
		{"batch", Request{Verify: "batch"}, Options{}},
		{"--batch", Request{Verify: "batch"}, Options{}},
		{"help", Request{Verify: "help"}, Options{Help: true}},
		{"cms --help", Request{Verify: "cms"}, Options{Help: true}},
	} {
		t.Run(c.args, func(t *testing.T) {
			r, o, err := parse(strings.Fields(c.args))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, r) + cmp.Diff(c.opts, o); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range []string{
		"", "sms", "cms a b --anchors c", "cms a --anchors", "cms a --anchors --json", "cms a --content", "cms a --json=1", "chain a --nonsense",
	} {
		if _, _, err := parse(strings.Fields(args)); !isUsage(err) {
			t.Errorf("%q: %v, want a usage error", args, err)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                          now,
		"1700000000":                time.Unix(1700000000, 0),
		"2026-11-22":                time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		"2026-11-22T12:00:00Z":      time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		"2026-11-22T15:00:00+03:00": time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	} {
		if got, err := moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"yesterday", "-5", "999999999999999", "22.11.2026"} {
		if _, err := moment(s, now); !isUsage(err) {
			t.Errorf("%q: %v, want a usage error", s, err)
		}
	}
}

func TestOIDs(t *testing.T) {
	got, err := oids([]string{"1.2.643.100.113.1,2.5.29.32.0", "anyPolicy"})
	if err != nil || len(got) != 3 || got[0].String() != "1.2.643.100.113.1" || !got[1].Equal(got[2]) {
		t.Errorf("%v, %v", got, err)
	}
	for _, s := range []string{"", "1", "1.", "3.1", "1.40", "1.2.-3", "a.b", "1.2.99999999999"} {
		if _, err := oids([]string{s}); !isUsage(err) {
			t.Errorf("%q: %v, want a usage error", s, err)
		}
	}
}
