// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"context"
	"errors"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/tokens"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// keeper is a host that remembers how it was asked.
type keeper struct {
	host
	asked token.TokenRef
	what  string
}

func (k *keeper) ChangePIN(_ context.Context, ref token.TokenRef, _, _ *pin.PIN) error {
	k.asked, k.what = ref, "change"
	return k.err
}

func (k *keeper) UnblockPIN(_ context.Context, ref token.TokenRef, _, _ *pin.PIN) error {
	k.asked, k.what = ref, "unblock"
	return k.err
}

func TestPINs(t *testing.T) {
	for _, c := range []struct {
		name  string
		token token.Token
		task  agent.Task
		can   bool
		tries pin.Tries
	}{
		{"good", token.Token{LoginRequired: true, Tries: pin.Left(3)}, "", false, pin.Left(3)},
		{"not told", token.Token{LoginRequired: true}, "", false, pin.Tries{}},
		{"blocked", token.Token{LoginRequired: true, Problem: pin.ReasonBlocked}, agent.TaskUnblock, true, pin.Blocked()},
		{"blocked, administrator too", token.Token{LoginRequired: true, Problem: pin.ReasonBlocked, SOProblem: pin.ReasonBlocked}, agent.TaskUnblock, false, pin.Blocked()},
		{"not initialised", token.Token{LoginRequired: true, Problem: pin.ReasonNotInitialised}, agent.TaskUnblock, true, pin.Tries{}},
		{"must change", token.Token{LoginRequired: true, Problem: pin.ReasonMustChange}, agent.TaskChange, true, pin.Tries{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keeper{host: host{found: []token.Token{c.token, {Label: "no PIN"}}}}
			got, err := tokens.New(k, nil).PINs(t.Context())
			if err != nil || len(got) != 1 {
				t.Fatalf("got %+v, %v", got, err)
			}
			if task, can := got[0].Mendable(); task != c.task || can != c.can || got[0].Tries != c.tries {
				t.Errorf("got %s, %v, %+v", task, can, got[0])
			}
		})
	}
	if _, err := tokens.New(&keeper{}, nil).PINs(t.Context()); agent.CodeOf(err) != "token.none" {
		t.Errorf("no token: %v", err)
	}
}

func TestKeep(t *testing.T) {
	ref := token.TokenRef{Module: "m", Slot: 7, Label: "Мой", Serial: "1", Tries: pin.Left(2), SOTries: pin.Left(5)}
	k := &keeper{host: host{found: []token.Token{{Module: "m", Slot: 7, Label: "Мой", Serial: "1", LoginRequired: true, Tries: pin.Left(2), SOTries: pin.Left(5),
		ProtectedPath: true, MinPIN: 6, MaxPIN: 32, Credentials: []token.Credential{{Usable: true}}}}}}
	s := tokens.New(k, nil)
	pins, err := s.PINs(t.Context())
	if err != nil || pins[0].Min != 6 || pins[0].Max != 32 || pins[0].Entry != agent.PINOnReader || pins[0].UnblockEntry != agent.PINOnReader {
		t.Fatalf("got %+v, %v", pins, err)
	}
	listed, err := s.List(t.Context())
	if err != nil || listed[0].PIN != pins[0].Ref {
		t.Errorf("the credential's PIN is another: %+v, %v", listed, err)
	}
	if err := s.ChangePIN(t.Context(), pins[0], nil, nil); err != nil || k.what != "change" || k.asked != ref {
		t.Errorf("%s %+v, %v", k.what, k.asked, err)
	}
	for _, c := range []struct {
		err  error
		code string
		ref  string
	}{
		{&pin.Error{Reason: pin.ReasonWrong, Ref: token.PINSO, Tries: pin.Left(1)}, "pin.wrong", agent.RefUnblock},
		{&pin.Error{Reason: pin.ReasonFormat, Ref: token.PINNew}, "pin.format", agent.RefNew},
		{&pin.Error{Reason: pin.ReasonBlocked, Ref: token.PINUser}, "pin.blocked", token.PINUser},
		{&token.Error{Code: token.CodeLastTry}, agent.CodeLastTry, ""},
		{&token.Error{Code: token.CodeRemoved}, "token.removed", ""},
		{context.Canceled, agent.CodeCancelled, ""},
	} {
		k.err = c.err
		err := s.UnblockPIN(t.Context(), pins[0], nil, nil)
		if agent.CodeOf(err) != c.code || k.what != "unblock" {
			t.Errorf("%v became %v", c.err, err)
		}
		if refused, ok := errors.AsType[*pin.Error](err); ok && refused.Ref != c.ref {
			t.Errorf("%v speaks of %q", c.err, refused.Ref)
		}
	}
	if s.ChangePIN(t.Context(), agent.PINState{Ref: "card"}, nil, nil) == nil {
		t.Error("a card's PIN was changed on a token")
	}
	bare := tokens.New(&host{found: k.found}, nil)
	if err := bare.ChangePIN(t.Context(), pins[0], nil, nil); agent.CodeOf(err) != "token.unsupported" {
		t.Errorf("a host that keeps none: %v", err)
	}
}
