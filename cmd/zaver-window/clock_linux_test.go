// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package main

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// clock is the clock of one window, as testdata/clock.c reads it: the real one until it is told otherwise. It makes the window slow enough
// in what it counts as time that no busy machine comes between the clicks of a person who is faster than its sleep.
type clock struct {
	t    *testing.T
	path string
	told *rates
}

// rates are what the file holds.
type rates struct {
	now  atomic.Int64
	list [8]struct{ from, shown, slower int64 }
}

func newClock(t *testing.T) *clock {
	t.Helper()
	c := &clock{t: t, path: filepath.Join(t.TempDir(), "clock")}
	if err := os.WriteFile(c.path, make([]byte, unsafe.Sizeof(*c.told)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, int(unsafe.Sizeof(*c.told)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	c.told = (*rates)(unsafe.Pointer(&b[0])) // the beginning of a page
	c.told.list[0].slower = 1
	return c
}

// slow has the clock go on from what it shows, so many times slower than the real one.
func (c *clock) slow(times int64) {
	c.t.Helper()
	var real unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &real); err != nil {
		c.t.Fatal(err)
	}
	at := c.told.now.Load()
	old, next := &c.told.list[at], &c.told.list[at+1]
	next.from, next.slower = real.Nano(), times
	next.shown = old.shown + (next.from-old.from)/old.slower
	c.told.now.Store(at + 1) // the window sees the whole rate, or the one before
}
