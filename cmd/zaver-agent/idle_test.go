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
	restFor    = 10 * time.Second
	mostMemory = 25 << 20 // bytes
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

// rests lets a process come to rest, which is a whole look without a wake, and then allows it none in the next: a habit of up to
// two looks' length shows. What happens once after some work (memory given back, a thread that parks) belongs to coming to rest.
func rests(t *testing.T, when string, pid int) {
	t.Helper()
	const patience = 5 // looks
	settled := false
	for n := 0; n < patience && !settled; n++ {
		woken, _ := watch(t, when, pid)
		settled = woken == 0
	}
	woken, last := watch(t, when, pid)
	if !settled || woken > 0 {
		t.Errorf("%s: woken %d times in %v (came to rest before: %t)", when, woken, restFor, settled)
	}
	if last.resident > mostMemory || last.private > mostMemory {
		t.Errorf("%s: holds %d MiB resident, %d MiB private, at most %d", when, last.resident>>20, last.private>>20, mostMemory>>20)
	}
}

// watch counts how often the threads of a process are woken within restFor.
func watch(t *testing.T, when string, pid int) (woken int, after footprint) {
	t.Helper()
	before := look(t, pid)
	<-time.After(restFor)
	after = look(t, pid)
	for thread, n := range after.switches {
		woken += n - before.switches[thread]
	}
	t.Logf("%s, within %v: %d times a thread of %d was woken, resident %.1f MiB, private %.1f MiB", when, restFor, woken, len(after.switches),
		float64(after.resident)/(1<<20), float64(after.private)/(1<<20))
	return woken, after
}
