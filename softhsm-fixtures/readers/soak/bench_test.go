// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/readers/soak"
	"zaver/softhsm-fixtures/vpcd"
)

// cyclesVariable is the number of cycles with the real daemon, which takes more
// than a second for each: its own poll, twice, and the time of a hand.
const cyclesVariable = "ZAVER_SOAK_CYCLES"

func metrics(b *testing.B, f soak.Figures) {
	b.Helper()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(soak.Quantile(f.Listed, 0.5)), "ms-p50-listed")
	b.ReportMetric(ms(soak.Quantile(f.Listed, 0.95)), "ms-p95-listed")
	b.ReportMetric(ms(soak.Quantile(f.Recovered, 0.5)), "ms-p50-recovered")
	b.ReportMetric(ms(soak.Quantile(f.Recovered, 0.95)), "ms-p95-recovered")
	b.ReportMetric(float64(len(f.Listed)), "cycles")
	b.ReportMetric(float64(len(f.Recovered)), "restarts")
	b.ReportMetric(float64(max(f.After.Goroutines-f.Before.Goroutines, 0)), "goroutines-grown")
	b.ReportMetric(float64(max(f.After.Files-f.Before.Files, 0)), "files-grown")
	b.ReportMetric(float64(max(f.After.Resident-f.Before.Resident, 0))/1024, "KiB-grown")
	b.Log(report(f))
	growth(b, f)
}

// once runs the plan once, however often the benchmark is asked to.
func once(b *testing.B, rig soak.Rig, p soak.Plan) {
	b.Helper()
	var f soak.Figures
	for i := range b.N {
		if i > 0 {
			continue
		}
		var err error
		if f, err = soak.Run(b.Context(), rig, p); err != nil {
			b.Fatal(err)
		}
	}
	metrics(b, f)
}

// BenchmarkScripted is the whole promise, with the scripted daemon.
func BenchmarkScripted(b *testing.B) { once(b, fakeRig(b), whole) }

// BenchmarkReal is pcscd with the virtual reader: a hundred kills, and as many
// cycles as the environment says.
func BenchmarkReal(b *testing.B) {
	d, err := readers.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := d.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := os.Symlink(d.Socket(), place); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.Remove(place) })
	p := soak.Plan{Cycles: 20, Restarts: 100, Warm: 2}
	if s := os.Getenv(cyclesVariable); s != "" {
		if p.Cycles, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	slot := vpcd.NewSlot(d.Slot(0))
	b.Cleanup(slot.Remove)
	once(b, soak.Real(d, slot), p)
}
