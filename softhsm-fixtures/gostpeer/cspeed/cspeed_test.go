// SPDX-License-Identifier: Apache-2.0

package cspeed_test

import (
	"os"
	"testing"
	"time"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostpeer/cspeed"
)

func TestFigures(t *testing.T) {
	f, err := cspeed.Run(t.Context())
	if err != nil {
		t.Fatal(err)
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

// BenchmarkRatio prints the comparison of signature/gost with the engine.
func BenchmarkRatio(b *testing.B) {
	for b.Loop() {
		c, err := cspeed.Compare(b.Context(), 15, 8*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		c.Write(os.Stdout)
	}
}
