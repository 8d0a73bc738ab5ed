// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/readers/soak"
)

const idleVariable = "ZAVER_SOAK_IDLE"

// place is where the library looks for the daemon.
var place string

func TestMain(m *testing.M) {
	if os.Getenv(idleVariable) != "" {
		idle()
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	place = filepath.Join(dir, "comm")
	if err := os.Setenv(readers.SocketVariable, place); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// idle is a process that watches and does nothing else, until its input ends.
func idle() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	snapshots := pcsc.New(pcsc.Config{}).Watch(ctx)
	for s := range snapshots {
		if len(s.Readers) == 1 {
			break
		}
	}
	fmt.Println("watching")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// whole is what the house promises.
var whole = soak.Plan{Cycles: 10_000, Restarts: 100, Warm: 1000}

// growth fails when the process has more after a run than before.
func growth(tb testing.TB, f soak.Figures) {
	tb.Helper()
	if f.After.Goroutines > f.Before.Goroutines || f.After.Files > f.Before.Files || f.After.Threads > f.Before.Threads+2 {
		tb.Errorf("goroutines, files or threads grow: %+v, %+v", f.Before, f.After)
	}
	if grown := f.After.Heap - f.Before.Heap - int64(8*cap(f.Listed)); grown > 1<<20 {
		tb.Errorf("the heap has grown by %d bytes", grown)
	}
	if grown := f.After.Resident - f.Before.Resident; grown > 4<<20 {
		tb.Errorf("resident memory has grown by %d bytes", grown)
	}
}

func report(f soak.Figures) string {
	return fmt.Sprintf("%d cycles and %d restarts in %s; listed p50 %s p95 %s max %s; recovered p50 %s p95 %s max %s; before %+v, after %+v",
		len(f.Listed), len(f.Recovered), f.Took.Round(time.Millisecond),
		soak.Quantile(f.Listed, 0.5), soak.Quantile(f.Listed, 0.95), soak.Quantile(f.Listed, 1),
		soak.Quantile(f.Recovered, 0.5), soak.Quantile(f.Recovered, 0.95), soak.Quantile(f.Recovered, 1), f.Before, f.After)
}

func fakeRig(tb testing.TB) soak.Rig {
	tb.Helper()
	rig, err := soak.Fake(place)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := rig.Kill(); err != nil {
			tb.Error(err)
		}
		if err := fakepcscd.RemoveSocket(place); err != nil {
			tb.Error(err)
		}
	})
	return rig
}

// cpu is the processor time that this process took so far.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestTenThousandCycles(t *testing.T) {
	rig, before := fakeRig(t), cpu(t)
	f, err := soak.Run(t.Context(), rig, whole)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report(f))
	took := cpu(t) - before
	if t.Logf("%v of processor time", took); took > time.Minute {
		t.Errorf("%v of processor time", took)
	}
	if len(f.Listed) != whole.Cycles || len(f.Recovered) != whole.Restarts {
		t.Errorf("%d cycles, %d restarts", len(f.Listed), len(f.Recovered))
	}
	if got := soak.Quantile(f.Listed, 0.95); got > 50*time.Millisecond {
		t.Errorf("listed after %s (p95)", got)
	}
	if got := soak.Quantile(f.Listed, 0.5); got > 5*time.Millisecond {
		t.Errorf("listed after %s (p50)", got)
	}
	if got := soak.Quantile(f.Recovered, 1); got > time.Second {
		t.Errorf("recovered after %s", got)
	}
	growth(t, f)
}

// TestIdleDoesNotWake: a process that only watches sleeps.
func TestIdleDoesNotWake(t *testing.T) {
	fakeRig(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), idleVariable+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "watching\n" {
		t.Fatalf("%q, %v", line, err)
	}
	// One look is taken a moment after the first list, and the runtime settles: at rest is who slept for two seconds.
	before := settled(t, cmd.Process.Pid)
	const long = 8 * time.Second
	pause(t, long)
	after, err := soak.Wakeups(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d wake-ups in %s", after-before, long)
	if after-before > 2 {
		t.Errorf("%d wake-ups in %s", after-before, long)
	}
}

// settled waits until a process has slept for two seconds, and gives its wake-ups so far.
func settled(t *testing.T, pid int) int {
	t.Helper()
	last := -1
	for range 30 {
		now, err := soak.Wakeups(pid)
		if err != nil {
			t.Fatal(err)
		}
		if now == last {
			return now
		}
		last = now
		pause(t, 2*time.Second)
	}
	t.Fatal("the process does not come to rest within a minute")
	return 0
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

func TestQuantile(t *testing.T) {
	if soak.Quantile(nil, 0.5) != 0 || soak.Quantile([]time.Duration{1, 2, 3, 4}, 0.5) != 3 || soak.Quantile([]time.Duration{1, 2}, 1) != 2 {
		t.Error("a quantile is wrong")
	}
}
