// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"errors"
	"strconv"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// PIN is one PIN of a carrier in place, as `pin status --json` prints it.
type PIN struct {
	Number       int              `json:"number"` // by which `pin change` and `pin unblock` are told
	Carrier      string           `json:"carrier"`
	PIN          string           `json:"pin"`
	Tries        pin.Tries        `json:"tries"`
	Problem      pin.Reason       `json:"problem,omitempty"`
	CanChange    bool             `json:"can_change"`
	Unblock      agent.Unblocking `json:"unblock,omitempty"` // "krp", "puk" or "so"
	UnblockTries *pin.Tries       `json:"unblock_tries,omitempty"`
}

// DescribePINs returns what is said of PINs, numbered from 1.
func DescribePINs(l words.Language, all []agent.PINState) []PIN {
	out := make([]PIN, 0, len(all))
	for i, s := range all {
		carrier := s.Carrier
		if carrier == "" {
			carrier = s.Titles[l]
		}
		p := PIN{Number: i + 1, Carrier: words.Clean(carrier, widestCell), PIN: words.Clean(s.Name, widestCell), Tries: s.Tries, Problem: s.Problem, CanChange: s.CanChange, Unblock: s.Unblock}
		if s.Unblock != agent.NoUnblock {
			p.UnblockTries = &s.UnblockTries
		}
		out = append(out, p)
	}
	return out
}

// PINTable is the table of PINs.
func PINTable(l words.Language, all []PIN) *Table {
	t := NewTable(say(l, sayNumber), say(l, sayCarrier), say(l, sayPIN), say(l, sayTriesHead), say(l, sayState), say(l, sayCan))
	for _, p := range all {
		state := say(l, sayUsable)
		if p.Problem != "" {
			state = words.Reason(l, (&pin.Error{Reason: p.Problem}).Code())
		}
		can := ""
		if p.CanChange {
			can = say(l, sayCanChange)
		}
		if p.Unblock != agent.NoUnblock {
			if can != "" {
				can += ", "
			}
			can += say(l, sayCanUnblock, "secret", words.Say(l, words.SecretOf+words.Key(p.Unblock)))
		}
		t.Row(strconv.Itoa(p.Number), p.Carrier, words.PINName(l, p.PIN), triesCell(l, &p.Tries), state, can)
	}
	return t
}

// Errors of Choose.
var (
	ErrNoPIN   = errors.New("no PIN in place can be cared for so")
	ErrManyPIN = errors.New("several PINs can be cared for so")
	ErrNumber  = errors.New("no PIN has that number")
	ErrCannot  = errors.New("the PIN can't be cared for so")
)

// NotChosen puts an error of Choose into words.
func NotChosen(l words.Language, err error) string {
	return say(l, map[error]key{ErrNoPIN: sayChooseNone, ErrManyPIN: sayChooseMany, ErrNumber: sayChooseNumber, ErrCannot: sayChooseCannot}[err])
}

// Choose picks the PIN for a task: the numbered one, or with number 0 the only one that the task fits, or the only one
// among several that is in need of it.
func Choose(all []agent.PINState, task agent.Task, number int) (agent.PINState, error) {
	if number != 0 {
		if number < 1 || number > len(all) {
			return agent.PINState{}, ErrNumber
		}
		s := all[number-1]
		// A PIN with a problem says itself why it can't be changed.
		if task == agent.TaskChange && !s.CanChange && s.Problem == "" || task == agent.TaskUnblock && s.Unblock == agent.NoUnblock {
			return agent.PINState{}, ErrCannot
		}
		return s, nil
	}
	var able, needy []agent.PINState
	for _, s := range all {
		if task == agent.TaskChange && !s.CanChange || task == agent.TaskUnblock && s.Unblock == agent.NoUnblock {
			continue
		}
		able = append(able, s)
		if t, mendable := s.Mendable(); mendable && t == task {
			needy = append(needy, s)
		}
	}
	switch {
	case len(needy) == 1:
		return needy[0], nil
	case len(able) == 1:
		return able[0], nil
	case len(able) == 0:
		return agent.PINState{}, ErrNoPIN
	}
	return agent.PINState{}, ErrManyPIN
}

// TooLate is said after a task that was done though the person interrupted it.
func TooLate(l words.Language) string { return say(l, sayTooLate) }

// SaidOf is what is said after a task was done.
func SaidOf(l words.Language, task agent.Task) string {
	if task == agent.TaskUnblock {
		return say(l, sayUnblocked)
	}
	return say(l, sayChanged)
}
