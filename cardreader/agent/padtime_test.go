// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/window"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/windowplay"
)

// The window tells how long a keypad waits, where that is known, and nothing where it is not.
func TestKeypadTime(t *testing.T) {
	for name, c := range map[string]struct {
		entry agent.PINEntry
		waits time.Duration
		want  window.Progress
	}{
		"known":         {agent.PINOnReader, 30 * time.Second, window.Progress{Seconds: 30, Countdown: "Осталось секунд: {n}"}},
		"not known":     {agent.PINOnReader, 0, window.Progress{}},
		"typed here":    {agent.PINTyped, 0, window.Progress{}},
		"no PIN at all": {agent.PINNone, 0, window.Progress{}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			k.credentials[0].Entry, k.credentials[0].EntryTime = c.entry, c.waits
			r, w := windowed(t, k, windowplay.Script{}, &person{answers: []string{"12345678"}[:btoi(c.entry == agent.PINTyped)]})
			if steps := r.run(t, t.Context()); steps[len(steps)-1].State != "confirmed" {
				t.Fatalf("%+v", steps)
			}
			seen(t, w, true)
			all, err := w.Shown()
			if err != nil {
				t.Fatal(err)
			}
			told := 0
			for _, m := range all {
				p := m.Progress
				if p == nil || p.Final {
					continue
				}
				if told++; p.Seconds != c.want.Seconds || p.Countdown != c.want.Countdown {
					t.Errorf("told %+v", p)
				}
			}
			if told == 0 {
				t.Error("the window was told nothing")
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
