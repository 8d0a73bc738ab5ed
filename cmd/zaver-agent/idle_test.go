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

// rests watches a process from the moment on when it has come to rest.
func rests(t *testing.T, when string, pid int) {
	t.Helper()
	for _, still := range []time.Duration{2 * time.Second, restFor} {
		before := look(t, pid)
		<-time.After(still)
		after := look(t, pid)
		woken := 0
		for thread, n := range after.switches {
			woken += n - before.switches[thread]
		}
		t.Logf("%s, within %v: %d times a thread of %d was woken, resident %.1f MiB, private %.1f MiB", when, still, woken, len(after.switches),
			float64(after.resident)/(1<<20), float64(after.private)/(1<<20))
		if still < restFor {
			continue
		}
		if woken > 0 {
			t.Errorf("%s: woken %d times in %v", when, woken, still)
		}
		if after.resident > mostMemory || after.private > mostMemory {
			t.Errorf("%s: holds %d MiB resident, %d MiB private, at most %d", when, after.resident>>20, after.private>>20, mostMemory>>20)
		}
	}
}
