// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"errors"
	"testing"

	"zaver/cardreader/agent"
	"zaver/signature/pin"
)

// state finds a PIN by its name.
func state(t *testing.T, k agent.Keeper, name string) agent.PINState {
	t.Helper()
	all, err := k.PINs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no %s in %+v", name, all)
	return agent.PINState{}
}

func typed(t *testing.T, s string) *pin.PIN {
	t.Helper()
	p := pin.New([]byte(s))
	t.Cleanup(p.Wipe)
	return p
}

// A card's PIN is changed, blocked by wrong tries, unblocked with КРП, and its state is told truly all the way.
func TestKeep(t *testing.T) {
	s := source(t)
	insert(t, s, newCard(t))
	pin2State := state(t, s, "PIN2")
	listed, err := s.List(t.Context())
	if err != nil || len(listed) != 1 || listed[0].PIN != pin2State.Ref {
		t.Fatalf("the credential's PIN is not PIN2: %+v, %v", listed, err)
	}
	full := pin2State.Tries
	if _, known := full.Count(); !known || !pin2State.CanChange || pin2State.Unblock != agent.ByKRP || pin2State.Problem != "" || !pin2State.Digits {
		t.Errorf("at first %+v", pin2State)
	}
	if _, known := pin2State.UnblockTries.Count(); !known {
		t.Error("tries of КРП are not told")
	}
	if err := s.ChangePIN(t.Context(), pin2State, typed(t, pin2), typed(t, "654321")); err != nil {
		t.Fatal(err)
	}
	var refused *pin.Error
	if err := s.ChangePIN(t.Context(), pin2State, typed(t, "654321"), typed(t, "1")); !errors.As(err, &refused) || refused.Reason != pin.ReasonFormat {
		t.Errorf("short new PIN: %v", err)
	}
	if got := state(t, s, "PIN2").Tries; got != full {
		t.Errorf("%v left after a right PIN, %v at first", got, full)
	}
	for {
		now := state(t, s, "PIN2")
		if now.Problem != "" {
			break
		}
		if now.Tries == pin.Left(1) {
			told := now
			told.Tries = pin.Left(2)
			if err := s.ChangePIN(t.Context(), told, typed(t, "000000"), typed(t, "111111")); agent.CodeOf(err) != agent.CodeLastTry {
				t.Fatalf("the last try unsaid: %v", err)
			}
			if state(t, s, "PIN2").Tries != pin.Left(1) {
				t.Fatal("the last try was spent unsaid")
			}
		}
		if err := s.ChangePIN(t.Context(), now, typed(t, "000000"), typed(t, "111111")); !errors.As(err, &refused) {
			t.Fatalf("wrong PIN: %v", err)
		}
	}
	blocked := state(t, s, "PIN2")
	if task, ok := blocked.Mendable(); !ok || task != agent.TaskUnblock || blocked.Problem != pin.ReasonBlocked {
		t.Fatalf("blocked: %+v", blocked)
	}
	if err := s.UnblockPIN(t.Context(), blocked, typed(t, "00000000"), typed(t, "222222")); !errors.As(err, &refused) || refused.Ref != agent.RefUnblock || refused.Reason != pin.ReasonWrong {
		t.Errorf("wrong КРП: %v", err)
	}
	if err := s.UnblockPIN(t.Context(), state(t, s, "PIN2"), typed(t, "87654321"), typed(t, "222222")); err != nil {
		t.Fatal(err)
	}
	if again := state(t, s, "PIN2"); again.Problem != "" || again.Tries != full {
		t.Errorf("after unblocking %+v", again)
	}
}

// Another card in the reader is not shown a PIN.
func TestKeepAnotherCard(t *testing.T) {
	s := source(t)
	slot := insert(t, s, newCard(t))
	old := state(t, s, "PIN2")
	remove(t, s, slot)
	if err := s.ChangePIN(t.Context(), old, typed(t, pin2), typed(t, "654321")); agent.CodeOf(err) != "card.removed" {
		t.Errorf("no card: %v", err)
	}
	insert(t, s, newCard(t))
	if err := s.ChangePIN(t.Context(), old, typed(t, pin2), typed(t, "654321")); agent.CodeOf(err) != "card.removed" {
		t.Errorf("another card: %v", err)
	}
	if err := s.ChangePIN(t.Context(), agent.PINState{Ref: "token"}, nil, nil); err == nil {
		t.Error("a token's PIN was changed on a card")
	}
}
