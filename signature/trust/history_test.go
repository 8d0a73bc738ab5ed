// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/trust"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// TestHistory: what the statuses say about a moment.
func TestHistory(t *testing.T) {
	w := newWorld(t, mint.P256)
	day := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name     string
		statuses []tsl.Status
		yes, no  []time.Time
		finds    []string
	}{
		{"accredited", []tsl.Status{{Text: tsl.Active, From: day(2015)}}, []time.Time{day(2015), today}, []time.Time{day(2015).Add(-1), day(2010)}, nil},
		{"ended", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Ended, From: day(2020)}},
			[]time.Time{day(2015), day(2020).Add(-1)}, []time.Time{day(2014), day(2020), today}, nil},
		{"ended and accredited again", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Ended, From: day(2018)}, {Text: tsl.Active, From: day(2021)}},
			[]time.Time{day(2016), day(2021), today}, []time.Time{day(2014), day(2018), day(2020)}, nil},
		{"suspended for a year", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Suspended, From: day(2018)}, {Text: tsl.Active, From: day(2019)}, {Text: tsl.Annulled, From: day(2022)}},
			[]time.Time{day(2017), day(2020)}, []time.Time{day(2018), day(2022), today}, nil},
		{"out of order", []tsl.Status{{Text: tsl.Ended, From: day(2020)}, {Text: tsl.Active, From: day(2015)}}, []time.Time{day(2016)}, []time.Time{day(2020), today}, nil},
		{"accredited twice in a row", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Active, From: day(2018)}}, []time.Time{day(2016), today}, []time.Time{day(2014)}, nil},
		{"both at one moment", []tsl.Status{{Text: tsl.Ended, From: day(2020)}, {Text: tsl.Active, From: day(2020)}}, nil, []time.Time{day(2019), day(2020), today}, nil},
		{"ended before it began", []tsl.Status{{Text: tsl.Ended, From: day(2015)}}, nil, []time.Time{day(2014), day(2016), today}, nil},
		{"longer text", []tsl.Status{{Text: "  Действует\n с ограничениями", From: day(2015)}}, []time.Time{today}, nil, nil},
		{"annulled, with words behind", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: "Аннулирована по решению суда", From: day(2020)}}, []time.Time{day(2016)}, []time.Time{today}, nil},
		{"unknown status", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: "Проверяется", From: day(2020)}}, []time.Time{day(2016)}, []time.Time{day(2020), today}, []string{trust.FindStatus}},
		{"unknown status that contains the word", []tsl.Status{{Text: "Не Действует", From: day(2015)}}, nil, []time.Time{day(2016), today}, []string{trust.FindStatus}},
		{"other case", []tsl.Status{{Text: "действует", From: day(2015)}}, nil, []time.Time{today}, []string{trust.FindStatus}},
		{"moment that cannot be read", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Ended, RawFrom: "давно"}, {Text: tsl.Active, From: day(2021)}}, nil, []time.Time{day(2016), today}, []string{trust.FindHistory}},
		{"no moment", []tsl.Status{{Text: tsl.Active, RawFrom: "-"}}, nil, []time.Time{today}, []string{trust.FindHistory}},
		{"no status", nil, nil, []time.Time{today}, []string{trust.FindHistory}},
		{"Moscow before 2014", []tsl.Status{{Text: tsl.Active, RawFrom: "2012-07-03T00:00:00"}}, []time.Time{time.Date(2012, 7, 2, 20, 0, 0, 0, time.UTC)}, []time.Time{time.Date(2012, 7, 2, 19, 59, 59, 0, time.UTC)}, nil},
		{"Moscow since", []tsl.Status{{Text: tsl.Active, RawFrom: "2020-07-03"}}, []time.Time{time.Date(2020, 7, 2, 21, 0, 0, 0, time.UTC)}, []time.Time{time.Date(2020, 7, 2, 20, 59, 59, 0, time.UTC)}, nil},
		{"with a zone", []tsl.Status{{Text: tsl.Active, RawFrom: "2020-07-03T00:00:00+05:00"}}, []time.Time{time.Date(2020, 7, 2, 19, 0, 0, 0, time.UTC)}, []time.Time{time.Date(2020, 7, 2, 18, 59, 59, 0, time.UTC)}, nil},
		{"accredited after the present status", []tsl.Status{{Text: tsl.Active, From: day(2015)}, {Text: tsl.Active, From: day(2022)}, {Text: tsl.Ended, From: day(2020)}},
			[]time.Time{day(2016)}, []time.Time{day(2020), day(2023), today}, []string{trust.FindHistory}},
		{"begins in the future", []tsl.Status{{Text: tsl.Active, From: today.AddDate(0, 1, 0)}}, []time.Time{today.AddDate(0, 2, 0)}, []time.Time{today}, nil},
	} {
		l := w.list()
		l.Centres[0].Statuses = tt.statuses
		for _, backwards := range []bool{false, true} {
			l.Centres[0].Backwards = backwards
			got := w.open(t, l)
			set, err := w.set.With(got)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			c, ok := set.FindCentre(parse(t, w.centre.DER))
			if !ok {
				t.Fatalf("%s: the centre is gone", tt.name)
			}
			for _, at := range tt.yes {
				if !c.AccreditedAt(at) {
					t.Errorf("%s: not accredited at %v: %v", tt.name, at, c.Periods)
				}
			}
			for _, at := range tt.no {
				if c.AccreditedAt(at) {
					t.Errorf("%s: accredited at %v: %v", tt.name, at, c.Periods)
				}
			}
			if d := cmp.Diff(tt.finds, findings(got)); d != "" {
				t.Errorf("%s: findings %s", tt.name, d)
			}
		}
	}
}

// TestPeriodsOfBothEntries: a certificate in two entries counts while either is accredited.
func TestPeriodsOfBothEntries(t *testing.T) {
	w := newWorld(t, mint.P256)
	first, second := tsl.Entry("А", "1", since, w.centre.DER), tsl.Entry("Б", "2", since.AddDate(3, 0, 0), w.centre.DER)
	first.Statuses = append(first.Statuses, tsl.Status{Text: tsl.Ended, From: since.AddDate(1, 0, 0)})
	l := w.list()
	l.Centres = []tsl.Centre{second, first}
	set, err := w.set.With(w.open(t, l))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := set.FindCentre(parse(t, w.centre.DER))
	for years, want := range []bool{true, false, false, true, true} {
		if got := c.AccreditedAt(since.AddDate(years, 1, 0)); got != want {
			t.Errorf("after %d years: %v", years, got)
		}
	}
}
