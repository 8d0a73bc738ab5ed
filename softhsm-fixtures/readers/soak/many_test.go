// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/readers/soak"
)

// manyVariable is the number of cycles of BenchmarkMany, with a restart of the
// daemon for every hundred of them.
const manyVariable = "ZAVER_SOAK_MANY"

// hall starts the real daemon with as many readers as it can have, at the place
// where the library looks.
func hall(tb testing.TB) *readers.Daemon {
	tb.Helper()
	d, err := readers.StartMany(tb.Context(), readers.MaxDrivers)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := os.Symlink(d.Socket(), place); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.Remove(place) })
	return d
}

func manyReport(f soak.ManyFigures) string {
	q := soak.Quantile
	return fmt.Sprintf("%d readers, %d cycles, %d exchanges at once (%d merged, %d of them unseen), %d lists, %d restarts in %s; missed %d; listed p50 %s p95 %s max %s; read p50 %s p95 %s max %s; recovered p50 %s p95 %s max %s; before %+v, after %+v",
		f.Readers, f.Cycles, f.Quick, f.Merged, f.Unseen, f.Lists, len(f.Recovered), f.Took.Round(time.Millisecond), f.Missed,
		q(f.Listed, 0.5), q(f.Listed, 0.95), q(f.Listed, 1), q(f.Read, 0.5), q(f.Read, 0.95), q(f.Read, 1),
		q(f.Recovered, 0.5), q(f.Recovered, 0.95), q(f.Recovered, 1), f.Before, f.After)
}

// manyHolds checks what must hold however long the run and however slow the machine.
func manyHolds(tb testing.TB, p soak.ManyPlan, f soak.ManyFigures) {
	tb.Helper()
	if f.Readers != 2*readers.MaxDrivers || f.Cycles != p.Cycles || len(f.Recovered) != p.Restarts || f.Lists != max(p.Restarts, 1) {
		tb.Errorf("not all was done: %s", manyReport(f))
	}
	if f.Missed != 0 || len(f.Listed) != p.Cycles {
		tb.Errorf("%d cards missed, %d of %d listed: %v", f.Missed, len(f.Listed), p.Cycles, errors.Join(f.Why...))
	}
	if p.Quick > 0 && f.Quick == 0 {
		tb.Error("no card was exchanged at once")
	}
	if f.After.Goroutines > f.Before.Goroutines || f.After.Files > f.Before.Files {
		tb.Errorf("goroutines or files grow: %+v, %+v", f.Before, f.After)
	}
	// The run's own figures grow with it: three durations for each card.
	if grown := f.After.Heap - f.Before.Heap - int64(8*(cap(f.Listed)+cap(f.Read)+cap(f.Recovered))); grown > 1<<20 {
		tb.Errorf("the heap has grown by %d bytes", grown)
	}
	if grown := f.After.Resident - f.Before.Resident; grown > 4<<20+raceMemory {
		tb.Errorf("resident memory has grown by %d bytes", grown)
	}
}

// TestManyReaders: sixteen readers of the real daemon, busy at once.
func TestManyReaders(t *testing.T) {
	p := soak.ManyPlan{Cycles: 200, Restarts: 2, Warm: 1, Quick: 5}
	f, err := soak.Many(t.Context(), hall(t), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(manyReport(f))
	manyHolds(t, p, f)
}

// BenchmarkMany is the same for longer, where the environment says so.
func BenchmarkMany(b *testing.B) {
	p := soak.ManyPlan{Cycles: 200, Restarts: 2, Warm: 2, Quick: 5}
	if s := os.Getenv(manyVariable); s != "" {
		var err error
		if p.Cycles, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
		p.Restarts = p.Cycles / 100
	}
	d := hall(b)
	var f soak.ManyFigures
	for i := range b.N {
		if i > 0 {
			continue
		}
		var err error
		if f, err = soak.Many(b.Context(), d, p); err != nil {
			b.Fatal(err)
		}
	}
	ms := func(d []time.Duration, q float64) float64 { return float64(soak.Quantile(d, q).Microseconds()) / 1000 }
	for name, v := range map[string]float64{
		"readers": float64(f.Readers), "cycles": float64(f.Cycles), "exchanged": float64(f.Quick), "merged": float64(f.Merged), "unseen": float64(f.Unseen), "missed": float64(f.Missed),
		"restarts": float64(len(f.Recovered)), "minutes": f.Took.Minutes(),
		"ms-p50-listed": ms(f.Listed, 0.5), "ms-p95-listed": ms(f.Listed, 0.95), "ms-p50-read": ms(f.Read, 0.5), "ms-p95-read": ms(f.Read, 0.95),
		"ms-p50-recovered": ms(f.Recovered, 0.5), "ms-p95-recovered": ms(f.Recovered, 0.95),
		"goroutines-before": float64(f.Before.Goroutines), "goroutines-after": float64(f.After.Goroutines),
		"files-before": float64(f.Before.Files), "files-after": float64(f.After.Files),
		"MiB-before": float64(f.Before.Resident) / (1 << 20), "MiB-after": float64(f.After.Resident) / (1 << 20),
	} {
		b.ReportMetric(v, name)
	}
	b.Log(manyReport(f))
	manyHolds(b, p, f)
}
