// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// What a person at a terminal reads never speaks of a button that only a page has.
func TestFailuresSpeakOfNoPage(t *testing.T) {
	for _, code := range agent.Codes() {
		for _, l := range []words.Language{words.Russian, words.English} {
			f := FailureOf(l, agent.Step{Step: agent.StepFailed, Code: code})
			if f.What == "" || f.Do == "" {
				t.Errorf("%s: %+v", code, f)
			}
			for _, button := range []string{"нажмите", "кнопк", "press ", "button", "click", "Проверить ещё раз", "Check again"} {
				if strings.Contains(f.What+f.Do, button) {
					t.Errorf("%s speaks of %q: %s %s", code, button, f.What, f.Do)
				}
			}
		}
	}
}

// A failure that ends several commands claims nothing of what another one may have changed.
func TestDeclinedClaimsNothing(t *testing.T) {
	for _, l := range []words.Language{words.Russian, words.English} {
		f := FailureOf(l, agent.Step{Code: agent.CodeDeclined})
		for _, claim := range []string{"не изменилось", "changed", "подпис", "sign"} {
			if strings.Contains(f.What+f.Do, claim) {
				t.Errorf("claims %q: %s %s", claim, f.What, f.Do)
			}
		}
	}
}

func TestFailureText(t *testing.T) {
	two := 2
	f := FailureOf(words.English, Failed(&card.Error{Reason: card.Busy, Holder: "scdaemon\x1b[2J"}))
	f.Tries, f.Kept = &two, true
	var out strings.Builder
	if err := f.WriteText(&out, words.English); err != nil {
		t.Fatal(err)
	}
	want := "Another program is using the card. [card.busy]\nTries left: 2\nThe card is held by: scdaemon[2J.\nClose other programs that use the card and start again.\nThe PIN is what it was.\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := f.WriteText(brokenPipe{}, words.English); err == nil {
		t.Error("nobody was told of the broken pipe")
	}
	if got := f.Exit(); got != ExitFailed {
		t.Errorf("exit %d", got)
	}
}

func TestNotChosen(t *testing.T) {
	seen := map[string]bool{}
	for _, err := range []error{ErrNoPIN, ErrManyPIN, ErrNumber, ErrCannot} {
		for _, l := range []words.Language{words.Russian, words.English} {
			said := NotChosen(l, err)
			if !strings.Contains(said, "zaver-agent pin status") || seen[said] {
				t.Errorf("%v in %s: %q", err, l, said)
			}
			seen[said] = true
		}
	}
}

// A number names a PIN with which the task is possible, or one that says itself why it isn't now.
func TestChooseWhatCannot(t *testing.T) {
	all := []agent.PINState{{Name: "KRP"}, {Name: "user", Problem: pin.ReasonBlocked, Unblock: agent.BySOPIN}}
	for _, c := range []struct {
		task   agent.Task
		number int
		err    error
	}{{agent.TaskChange, 1, ErrCannot}, {agent.TaskUnblock, 1, ErrCannot}, {agent.TaskChange, 2, nil}, {agent.TaskUnblock, 2, nil}} {
		if _, err := Choose(all, c.task, c.number); !errors.Is(err, c.err) {
			t.Errorf("%s %d: %v", c.task, c.number, err)
		}
	}
}

// A table that the terminal can't hold is written row by row, and one that it can as ever.
func TestTableWithin(t *testing.T) {
	table := NewTable("READER", "TRIES", "STATE")
	table.Row("Virtual PCD 00 00", "3", "usable")
	table.Row("Второй", "", "no card")
	for columns, want := range map[int]string{
		0:  "READER             TRIES  STATE\nVirtual PCD 00 00  3      usable\nВторой             -      no card\n",
		33: "READER             TRIES  STATE\nVirtual PCD 00 00  3      usable\nВторой             -      no card\n",
		32: "READER  Virtual PCD 00 00\nTRIES   3\nSTATE   usable\n\nREADER  Второй\nSTATE   no card\n",
	} {
		var out strings.Builder
		if _, err := table.Within(columns).WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("in %d columns: -want +got:\n%s", columns, diff)
		}
	}
	plain := &Table{}
	plain.Row("Surname", "Светлова")
	var out strings.Builder
	if _, err := plain.Within(5).WriteTo(&out); err != nil || out.String() != "Surname  Светлова\n" {
		t.Errorf("without a heading: %v, %q", err, out.String())
	}
}
