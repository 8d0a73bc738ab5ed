// SPDX-License-Identifier: Apache-2.0

// Package soak alone owns the long runs of package pcsc: thousands of cards in
// and out, the daemon killed again and again, and nothing done at all, with
// what the process has before and after. The scripted daemon (package
// fakepcscd) has no poll, so ten thousand cycles take seconds; the real daemon
// with the virtual reader takes more than a second for each.
//
// A run is for one goroutine, and for a process in which nobody else uses PC/SC
// meanwhile: it counts the process's goroutines, files and memory.
package soak

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"zaver/cardreader/pcsc"
)

// Rig is a reader and its daemon under test.
type Rig interface {
	Reader() string
	Insert(ctx context.Context) error
	Remove() error
	// Kill ends the daemon as a crash does, Start starts it anew, without a card.
	Kill() error
	Start(ctx context.Context) error
}

// Plan says how long.
type Plan struct {
	Cycles   int // cards in and out
	Restarts int // of the daemon
	// Warm cycles and restarts come first and are not counted; then the process is looked at.
	Warm int
	// Patience bounds every wait; zero means 20 s.
	Patience time.Duration
}

// Process is what the process has.
type Process struct {
	Goroutines, Files, Threads int
	Heap, Resident             int64 // bytes
}

// Figures are what a run has measured.
type Figures struct {
	Listed    []time.Duration // from the order to insert to the snapshot with the card, sorted
	Recovered []time.Duration // from the new daemon's answer to the snapshot without an error, sorted
	Before    Process
	After     Process
	Took      time.Duration
}

// Quantile returns the value below which the share q of sorted durations lies.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// run is a run under way.
type run struct {
	rig       Rig
	service   *pcsc.Service
	snapshots <-chan pcsc.Snapshot
	patience  time.Duration
	figures   *Figures
}

// Run goes through the plan under one watch; each card is connected to once.
func Run(ctx context.Context, rig Rig, p Plan) (Figures, error) {
	var f Figures
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{rig: rig, service: pcsc.New(pcsc.Config{}), patience: p.Patience, figures: &f}
	if r.patience == 0 {
		r.patience = 20 * time.Second
	}
	r.snapshots = r.service.Watch(ctx)
	if _, err := r.await(ctx, r.empty); err != nil {
		return f, fmt.Errorf("soak: the first look: %w", err)
	}
	if err := r.all(ctx, p.Warm, min(p.Warm, 2)); err != nil {
		return f, err
	}
	f.Listed, f.Recovered = nil, nil
	f.Before = Look()
	began := time.Now()
	if err := r.all(ctx, p.Cycles, p.Restarts); err != nil {
		return f, err
	}
	f.Took = time.Since(began)
	f.After = Look()
	slices.Sort(f.Listed)
	slices.Sort(f.Recovered)
	cancel()
	for range r.snapshots {
	}
	return f, nil
}

// all spreads the restarts over the cycles.
func (r *run) all(ctx context.Context, cycles, restarts int) error {
	for i := range cycles {
		if err := r.cycle(ctx); err != nil {
			return fmt.Errorf("soak: cycle %d: %w", i, err)
		}
		if restarts > 0 && (i+1)%max(cycles/restarts, 1) == 0 && (i+1)/max(cycles/restarts, 1) <= restarts {
			if err := r.restart(ctx); err != nil {
				return fmt.Errorf("soak: restart after cycle %d: %w", i, err)
			}
		}
	}
	for i := cycles; i < restarts; i++ { // more restarts than cycles
		if err := r.restart(ctx); err != nil {
			return fmt.Errorf("soak: restart %d: %w", i, err)
		}
	}
	return nil
}

func (r *run) cycle(ctx context.Context) error {
	began := time.Now()
	if err := r.rig.Insert(ctx); err != nil {
		return err
	}
	at, err := r.await(ctx, r.present)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	r.figures.Listed = append(r.figures.Listed, at.Sub(began))
	limited, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	conn, err := r.service.Connect(limited, r.rig.Reader())
	if err != nil {
		return err
	}
	conn.Close()
	if err := r.rig.Remove(); err != nil {
		return err
	}
	if _, err := r.await(ctx, r.empty); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}

func (r *run) restart(ctx context.Context) error {
	if err := r.rig.Kill(); err != nil {
		return err
	}
	if _, err := r.await(ctx, func(s pcsc.Snapshot) bool { return s.Err != nil }); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	if err := r.rig.Start(ctx); err != nil {
		return err
	}
	began := time.Now()
	at, err := r.await(ctx, r.empty)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	r.figures.Recovered = append(r.figures.Recovered, max(at.Sub(began), 0))
	return nil
}

func (r *run) present(s pcsc.Snapshot) bool { at, ok := r.find(s); return ok && at.Present }
func (r *run) empty(s pcsc.Snapshot) bool   { at, ok := r.find(s); return ok && !at.Present }

func (r *run) find(s pcsc.Snapshot) (pcsc.Reader, bool) {
	for _, at := range s.Readers {
		if at.Name == r.rig.Reader() {
			return at, true
		}
	}
	return pcsc.Reader{}, false
}

var errEnded = errors.New("the watch ended")

func (r *run) await(ctx context.Context, ok func(pcsc.Snapshot) bool) (time.Time, error) {
	late := time.NewTimer(r.patience)
	defer late.Stop()
	var last pcsc.Snapshot
	for {
		select {
		case s, open := <-r.snapshots:
			if !open {
				return time.Time{}, errEnded
			}
			if last = s; ok(s) {
				return time.Now(), nil
			}
		case <-late.C:
			return time.Time{}, fmt.Errorf("not within %s; last seen %+v", r.patience, last)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// Look counts what the process has, after a collection of garbage.
func Look() Process {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Process{
		Goroutines: runtime.NumGoroutine(), Files: entries("/proc/self/fd"), Threads: entries("/proc/self/task"),
		Heap: int64(m.HeapAlloc), Resident: resident(),
	}
}

func entries(dir string) int {
	all, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	return len(all)
}

func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// Wakeups counts how often the threads of a process have gone to sleep by
// themselves so far: a thread that wakes must go to sleep again.
func Wakeups(pid int) (n int, err error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) == 0 {
		return 0, fmt.Errorf("count the wake-ups of %d: no threads: %w", pid, errors.Join(err, fs.ErrNotExist))
	}
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(b)) {
			if value, ok := strings.CutPrefix(line, "voluntary_ctxt_switches:"); ok {
				count, err := strconv.Atoi(strings.TrimSpace(value))
				if err != nil {
					return 0, fmt.Errorf("count the wake-ups of %d: %w", pid, err)
				}
				n += count
			}
		}
	}
	return n, nil
}
