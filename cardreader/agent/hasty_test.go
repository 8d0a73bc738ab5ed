// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
)

// slowAt is a clock that is looked at twice for each question: those of the numbers named, from 1, are answered in time, all others at once.
func slowAt(questions ...int) func() time.Time {
	now, looks := time.Now(), 0
	return func() time.Time {
		looks++
		for _, q := range questions {
			if looks == 2*q {
				now = now.Add(time.Hour)
			}
		}
		return now
	}
}

// A yes that comes before anybody could read the question signs nothing, chooses nothing and risks no try. Said again in time it does.
func TestHastyYes(t *testing.T) {
	for _, c := range []struct {
		name             string
		certificates     int
		keypad           bool
		tries            int
		confirm          []string
		slow             []int // questions that are answered in time
		code             string
		questions, signs int
	}{
		{"consent, PIN on the keypad", 1, true, 3, []string{scripted.OK}, nil, agent.CodeDeclined, 3, 0},
		{"consent, then a PIN", 1, false, 3, []string{scripted.OK}, nil, agent.CodeDeclined, 3, 0},
		{"consent in the end", 1, true, 3, []string{scripted.OK}, []int{3}, "", 3, 1},
		{"the second certificate", 2, true, 3, []string{scripted.Other, scripted.OK}, nil, agent.CodeDeclined, 4, 0},
		{"the second certificate in the end", 2, true, 3, []string{scripted.Other, scripted.OK}, []int{3}, "", 3, 1},
		{"the last try", 1, false, 1, []string{scripted.OK}, []int{1}, agent.CodeDeclined, 4, 0},
		{"the last try in the end", 1, false, 1, []string{scripted.OK}, []int{1, 4}, "", 4, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCarrier(t, make([]pki.Variant, c.certificates)...)
			k.tries = c.tries
			if c.keypad {
				for i := range k.credentials {
					k.credentials[i].Entry = agent.PINOnReader
				}
			}
			r := newRig(t, k, scripted.Script{Confirm: c.confirm, PIN: []string{"12345678"}})
			r.now = slowAt(c.slow...)
			steps := r.run(t, t.Context())
			if last := steps[len(steps)-1]; last.Code != c.code || c.code == "" && last.State != "confirmed" {
				t.Errorf("got %+v, want code %q", last, c.code)
			}
			questions, again := 0, 0
			for _, s := range r.shown(t) {
				if s.Command == "CONFIRM" {
					questions++
				}
				if strings.Contains(strings.ReplaceAll(s.Text, "\n", " "), words.Say(words.Russian, words.TooSoon)) {
					again++
				}
			}
			if questions != c.questions || again == 0 || k.signs != c.signs {
				t.Errorf("%d questions, %d of them again, %d signatures; want %d questions and %d signatures", questions, again, k.signs, c.questions, c.signs)
			}
		})
	}
}
