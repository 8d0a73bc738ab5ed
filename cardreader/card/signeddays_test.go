// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/card"
	"zaver/softhsm-fixtures/uec"
)

// TestDaysInTheMiddle: the answer to SELECT comes in the open, and who stands between reader and card may give an expired one other days. Those that the
// issuer signed count, as soon as the card has proved its key, and before a PIN is asked for.
func TestDaysInTheMiddle(t *testing.T) {
	day := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct{ signed, told, want card.Validity }{
		"the same":             {card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: firstDay, Last: lastDay}},
		"an expired card":      {card.Validity{First: day(2020), Last: day(2025)}, card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: firstDay, Last: day(2025)}},
		"not yet valid":        {card.Validity{First: day(2030), Last: day(2035)}, card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: day(2030), Last: lastDay}},
		"told of fewer days":   {card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: day(2025), Last: day(2026)}, card.Validity{First: day(2025), Last: day(2026)}},
		"no day at all common": {card.Validity{First: day(2020), Last: day(2021)}, card.Validity{First: firstDay, Last: lastDay}, card.Validity{First: firstDay, Last: day(2021)}},
	} {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, func(cfg *uec.Config) { cfg.First, cfg.Last = c.signed.First, c.signed.Last })
			v.SetValidity(c.told.First, c.told.Last)
			opened, _ := openCard(t, v)
			if diff := cmp.Diff(c.told, opened.Validity()); diff != "" {
				t.Errorf("before the proof (-want +got):\n%s", diff)
			}
			before := len(v.Commands())
			if _, err := opened.Opening(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, opened.Validity()); diff != "" {
				t.Errorf("after the proof (-want +got):\n%s", diff)
			}
			noPIN(t, v, before)
		})
	}
}
