// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"os"
	"strings"
	"testing"
)

// TestC1EveryPairOfStates walks all pairs of states and movers: what is not
// named here must be refused.
func TestC1EveryPairOfStates(t *testing.T) {
	legal := map[string]bool{
		"issued checking response":    true,
		"issued expired sweeper":      true,
		"issued cancelled person":     true,
		"checking confirmed response": true,
		"checking refused response":   true,
		"checking refused sweeper":    true,
		"checking issued sweeper":     true,
	}
	walked := 0
	for _, from := range States() {
		for _, to := range States() {
			for _, by := range []Mover{ByResponse, BySweeper, ByPerson} {
				name := string(from) + " " + string(to) + " " + string(by)
				if MayMove(from, to, by) != legal[name] {
					t.Errorf("%s: MayMove says %v", name, MayMove(from, to, by))
				}
				walked++
			}
		}
	}
	if want := 6 * 6 * 3; walked != want {
		t.Fatalf("walked %d moves, want %d", walked, want)
	}
	if MayMove("", Issued, BySweeper) || MayMove(Issued, "", BySweeper) || MayMove("lost", Checking, ByResponse) {
		t.Error("an unknown state may move")
	}
}

func TestFinalStates(t *testing.T) {
	final := map[State]bool{Confirmed: true, Refused: true, Expired: true, Cancelled: true}
	for _, s := range States() {
		if s.Final() != final[s] {
			t.Errorf("%s: final %v", s, s.Final())
		}
	}
}

// TestDiagramShowsTheTable keeps the picture and the table together.
func TestDiagramShowsTheTable(t *testing.T) {
	data, err := os.ReadFile("STATES.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for m := range moves {
		if line := "    " + string(m.from) + " --> " + string(m.to); !strings.Contains(text, line) {
			t.Errorf("the diagram lacks %q", line)
		}
	}
	arrows := 0
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "-->") && !strings.Contains(line, "[*]") {
			arrows++
		}
	}
	if arrows != len(moves) {
		t.Errorf("the diagram has %d arrows, the table %d", arrows, len(moves))
	}
}
