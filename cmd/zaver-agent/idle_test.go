// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
)

const (
	restFor     = 40 * time.Second
	ownLook     = 1        // seconds from the first to the last wake of the runtime's own look
	ownSwitches = 8        // of its one thread in that look: four system calls, two of which sleep
	mostMemory  = 25 << 20 // bytes
)

// footprint is what a process has and how often its threads were scheduled.
type footprint struct {
	resident, private int            // bytes
	switches          map[string]int // by thread
}

func look(t *testing.T, pid int) footprint {
	t.Helper()
	f := footprint{switches: map[string]int{}}
	f.resident = figure(t, fmt.Sprintf("/proc/%d/status", pid), "VmRSS:") << 10
	rollup := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	f.private = (figure(t, rollup, "Private_Clean:") + figure(t, rollup, "Private_Dirty:")) << 10
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	must(t, err)
	for _, task := range tasks {
		f.switches[filepath.Base(filepath.Dir(task))] = figure(t, task, "voluntary_ctxt_switches:") + figure(t, task, "nonvoluntary_ctxt_switches:")
	}
	return f
}

// figure reads the number behind a name at the beginning of a line.
func figure(t *testing.T, file, name string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			must(t, err)
			return n
		}
	}
	t.Fatalf("%s has no %s", file, name)
	return 0
}

// TestAtRest: nobody asks the agent, so it does nothing and holds little, before the first request and after one.
func TestAtRest(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{vera.PINs.Token}})
	cmd, log := x.start()
	rests(t, "after the start", cmd.Process.Pid)
	steps := x.confirm()
	if last := steps[len(steps)-1]; last.State != "confirmed" {
		t.Fatalf("got %+v\n%s", steps, log)
	}
	<-x.got
	rests(t, "after a confirmation", cmd.Process.Pid)
}

// rests lets a process come to rest, which is ten seconds without a wake, and then watches it second by second for restFor. Nothing may wake
// it but the Go runtime's own look, which comes once a minute: one thread, in one moment, a few switches.
func rests(t *testing.T, when string, pid int) {
	t.Helper()
	const settled, patience = 10, 60 // seconds
	last := look(t, pid)
	for quiet, n := 0, 0; quiet < settled; n++ {
		if n == patience {
			t.Fatalf("%s: not %d seconds without a wake in %d", when, settled, patience)
		}
		woken, now := watch(t, pid, last)
		if quiet++; woken > 0 {
			t.Logf("%s, second %d: woken %d times", when, n, woken)
			quiet = 0
		}
		last = now
	}
	begun, total := last, 0
	var woke []int
	for n := range int(restFor / time.Second) {
		woken, now := watch(t, pid, last)
		if woken > 0 {
			t.Logf("%s, at rest, second %d: woken %d times", when, n, woken)
			woke, total = append(woke, n), total+woken
		}
		last = now
	}
	t.Logf("%s: %d threads, resident %.1f MiB, private %.1f MiB", when, len(last.switches), float64(last.resident)/(1<<20), float64(last.private)/(1<<20))
	if len(woke) > 0 && woke[len(woke)-1]-woke[0] > ownLook {
		t.Errorf("%s: woken in the seconds %v of %v", when, woke, restFor)
	}
	if threads := stirred(begun, last); len(threads) > 1 || total > ownSwitches {
		t.Errorf("%s: threads %v were woken, %d times in all; the runtime's own look is one thread's, at most %d times", when, threads, total, ownSwitches)
	}
	if last.resident > mostMemory || last.private > mostMemory {
		t.Errorf("%s: holds %d MiB resident, %d MiB private, at most %d", when, last.resident>>20, last.private>>20, mostMemory>>20)
	}
}

// stirred lists the threads that were woken between two looks.
func stirred(before, after footprint) (threads []string) {
	for thread, n := range after.switches {
		if n > before.switches[thread] {
			threads = append(threads, thread)
		}
	}
	return threads
}

// watch counts how often the threads of a process are woken within a second after a look.
func watch(t *testing.T, pid int, before footprint) (woken int, after footprint) {
	t.Helper()
	<-time.After(time.Second)
	after = look(t, pid)
	for thread, n := range after.switches {
		woken += n - before.switches[thread]
	}
	return woken, after
}
