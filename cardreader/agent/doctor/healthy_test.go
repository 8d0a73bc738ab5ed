// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/softhsm-fixtures/pki"
)

var (
	tookMu sync.Mutex
	took   []time.Duration
)

// note keeps how long a run took, for TestSpeed.
func note(d time.Duration) {
	tookMu.Lock()
	defer tookMu.Unlock()
	took = append(took, d)
}

func TestHealthyComputer(t *testing.T) {
	for _, c := range []struct {
		name   string
		method agent.Method
		card   bool
	}{{"token", agent.MethodToken, false}, {"card", agent.MethodUEC, true}, {"both", "", true}} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t)
			for _, b := range extension.Browsers() {
				x.browser(b)
			}
			x.config.Method = c.method
			if c.card {
				x.insert(uecCard(t, pki.Good, nil))
			}
			r := x.examine()
			for _, l := range r.Lines {
				if l.State == doctor.Fault || l.State == doctor.Warning {
					t.Errorf("%s %s: %s (%s)", l.State, l.Code, l.Text, l.Detail)
				}
			}
			if r.Exit != 0 || r.Equipment.Browsers != 4 || r.Equipment.Portals != 1 || r.Equipment.Readers != 2 || r.Equipment.Certificates == 0 {
				t.Errorf("exit %d, %+v", r.Exit, r.Equipment)
			}
			for _, a := range doctor.Areas() {
				if !slices.ContainsFunc(r.Lines, func(l doctor.Line) bool { return l.Area == a }) {
					t.Errorf("nothing is said of %s", a)
				}
			}
		})
	}
}

// TestSpeed says how long runs on a healthy computer take.
func TestSpeed(t *testing.T) {
	for range 20 {
		newComputer(t).examine()
	}
	tookMu.Lock()
	defer tookMu.Unlock()
	slices.Sort(took)
	t.Logf("%d runs: median %v, p95 %v, longest %v", len(took), took[len(took)/2], took[len(took)*95/100], took[len(took)-1])
}
