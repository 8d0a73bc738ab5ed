// SPDX-License-Identifier: Apache-2.0

package cspeed_test

import (
	"testing"
	"time"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostpeer/cspeed"
)

func TestFigures(t *testing.T) {
	rounds := 0
	f, err := cspeed.Between(t.Context(), 2, time.Millisecond, func() { rounds++ })
	if err != nil {
		t.Fatal(err)
	}
	if rounds != 2 {
		t.Errorf("%d rounds of our own, want 2", rounds)
	}
	for _, ps := range gost.Sets() {
		if f.Verify[ps.Name()] <= 0 {
			t.Errorf("no figure for %s", ps)
		}
	}
	for _, name := range []string{"streebog256", "streebog512"} {
		for _, size := range []int{64, 1 << 10, 8 << 10, 1 << 20} {
			if f.Hash[name][size] <= 0 {
				t.Errorf("no figure for %s of %d", name, size)
			}
		}
	}
}
