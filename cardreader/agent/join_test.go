// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"zaver/cardreader/agent"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// part is a source of a fixed list.
type part struct {
	name string
	list []agent.Credential
	err  error
	wait error
	used *string
}

func (p part) List(context.Context) ([]agent.Credential, error) { return p.list, p.err }
func (p part) Sign(_ context.Context, c agent.Credential, _ *pin.PIN, _ algo.Algorithm, _ []byte) ([]byte, error) {
	*p.used = p.name + " " + c.Ref.(string)
	return nil, nil
}

type waitingPart struct{ part }

func (p waitingPart) Wait(ctx context.Context) error {
	if p.wait != nil {
		return p.wait
	}
	if p.name == "never" {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

type keepingPart struct{ part }

func (p keepingPart) PINs(context.Context) ([]agent.PINState, error) {
	if p.err != nil {
		return nil, p.err
	}
	return []agent.PINState{{Ref: p.name, Name: "user"}}, nil
}
func (p keepingPart) ChangePIN(_ context.Context, s agent.PINState, _, _ *pin.PIN) error {
	*p.used = p.name + " change " + s.Ref.(string)
	return nil
}
func (p keepingPart) UnblockPIN(_ context.Context, s agent.PINState, _, _ *pin.PIN) error {
	*p.used = p.name + " unblock " + s.Ref.(string)
	return nil
}

func certificates(t *testing.T, n int) []*cert.Certificate {
	t.Helper()
	out := make([]*cert.Certificate, n)
	for i := range out {
		id, err := centre.Make(pki.Order{Person: people.TokenHolder()})
		if err != nil {
			t.Fatal(err)
		}
		if out[i], err = cert.Parse(id.DER); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// latePart never answers.
type latePart struct{ part }

func (latePart) List(ctx context.Context) ([]agent.Credential, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestJoinLate: a source whose reader or driver hangs doesn't hide what another has; where there is nothing else, it is waited for.
func TestJoinLate(t *testing.T) {
	x := certificates(t, 1)
	for name, c := range map[string]struct {
		found []agent.Credential
		want  int
	}{
		"beside one that can be used":    {[]agent.Credential{{Certificate: x[0]}}, 1},
		"beside one that can't be used":  {[]agent.Credential{{Certificate: x[0], Code: "pin.blocked"}}, 0},
		"beside a source without a card": {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				begun := time.Now()
				list, err := agent.Join(latePart{}, part{list: c.found}).List(ctx)
				if len(list) != c.want {
					t.Errorf("%d credentials, %v", len(list), err)
				}
				if waited := time.Since(begun); (waited < time.Hour) != (c.want > 0) || c.want > 0 && waited > 3*time.Second {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

func TestJoinMerges(t *testing.T) {
	x := certificates(t, 3)
	one := func(ref string, c *cert.Certificate, code string) agent.Credential {
		return agent.Credential{Ref: ref, Certificate: c, Code: code, PIN: "p" + ref}
	}
	used := ""
	first := part{name: "first", used: &used, list: []agent.Credential{one("a", x[0], ""), one("b", x[1], "pin.blocked"), {Ref: "k", Code: "token.no_certificate"}}}
	second := part{name: "second", used: &used, list: []agent.Credential{one("c", x[0], ""), one("d", x[1], ""), one("e", x[2], ""), {Ref: "l", Code: "token.no_certificate"}}}
	joined := agent.Join(first, second)
	got, err := joined.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"first a", "second d", "first k", "second e", "second l"}
	if len(got) != len(want) {
		t.Fatalf("%d credentials, want %d", len(got), len(want))
	}
	for i, c := range got {
		if _, err := joined.Sign(t.Context(), c, nil, algo.Algorithm{}, nil); err != nil || used != want[i] {
			t.Errorf("%d signed by %q, %v; want %q", i, used, err, want[i])
		}
		if c.PIN == nil && c.Certificate != nil {
			t.Errorf("%d lost its PIN", i)
		}
	}
	if _, err := joined.Sign(t.Context(), agent.Credential{Ref: "foreign"}, nil, algo.Algorithm{}, nil); err == nil {
		t.Error("a foreign credential was signed with")
	}
	if got[0].PIN == got[3].PIN {
		t.Error("PINs of two sources look alike")
	}
}

// When there is nothing, the failure that explains most is told; what one source has hides the other's failure.
func TestJoinTells(t *testing.T) {
	fail := func(code string) part { return part{err: &agent.Error{ErrorCode: code}} }
	for _, c := range []struct {
		name  string
		parts []agent.Source
		want  string
	}{
		{"token.none before card.none", []agent.Source{fail("token.none"), fail("card.none")}, "token.none"},
		{"a crash before nothing", []agent.Source{fail("token.none"), fail("token.crashed")}, "token.crashed"},
		{"the first crash", []agent.Source{fail("token.hung"), fail("token.crashed")}, "token.hung"},
		{"an unsupported card says nothing of tokens", []agent.Source{fail("token.none"), fail("card.unsupported")}, "token.none"},
		{"a driver before an unsupported card", []agent.Source{fail("card.unsupported"), fail("token.module")}, "token.module"},
		{"a busy card before a driver", []agent.Source{fail("token.module"), fail("card.busy")}, "card.busy"},
		{"no service says nothing of tokens", []agent.Source{fail("token.none"), fail("card.no_service")}, "token.none"},
		{"no reader either", []agent.Source{fail("token.none"), fail("card.no_reader")}, "token.none"},
		{"an unknown fault", []agent.Source{fail("token.none"), part{err: errors.New("out of luck")}}, agent.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := agent.Join(c.parts...).List(t.Context()); agent.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if got, err := agent.Join(fail("token.crashed"), part{list: []agent.Credential{{Ref: "x"}}}).List(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("a good source beside a bad one: %v, %v", got, err)
	}
	if got, err := agent.Join(part{}, part{}).List(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("empty sources: %v, %v", got, err)
	}
}

func TestJoinWaits(t *testing.T) {
	never := waitingPart{part{name: "never"}}
	gone := waitingPart{part{wait: &agent.Error{ErrorCode: "card.no_service"}}}
	wait := func(ctx context.Context, parts ...agent.Source) error {
		return agent.Join(parts...).(agent.Waiter).Wait(ctx)
	}
	if err := wait(t.Context(), never, waitingPart{}); err != nil {
		t.Errorf("one has a card: %v", err)
	}
	if err := wait(t.Context(), gone, waitingPart{}); err != nil {
		t.Errorf("one is gone, the other has a card: %v", err)
	}
	if err := wait(t.Context(), part{}, gone); agent.CodeOf(err) != "card.no_service" {
		t.Errorf("nobody left to wait: %v", err)
	}
	if err := wait(t.Context(), part{}); agent.CodeOf(err) != "token.none" {
		t.Errorf("nobody can wait: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := wait(ctx, never, gone); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestJoinKeeps(t *testing.T) {
	used := ""
	k := agent.Join(part{}, keepingPart{part{name: "one", used: &used}}, keepingPart{part{name: "two", used: &used}}).(agent.Keeper)
	pins, err := k.PINs(t.Context())
	if err != nil || len(pins) != 2 {
		t.Fatalf("got %v, %v", pins, err)
	}
	if err := k.ChangePIN(t.Context(), pins[0], nil, nil); err != nil || used != "one change one" {
		t.Errorf("%q, %v", used, err)
	}
	if err := k.UnblockPIN(t.Context(), pins[1], nil, nil); err != nil || used != "two unblock two" {
		t.Errorf("%q, %v", used, err)
	}
	if k.ChangePIN(t.Context(), agent.PINState{Ref: "one"}, nil, nil) == nil || k.UnblockPIN(t.Context(), agent.PINState{}, nil, nil) == nil {
		t.Error("a foreign PIN was worked on")
	}
	bad := agent.Join(keepingPart{part{err: &agent.Error{ErrorCode: "card.busy"}}}).(agent.Keeper)
	if _, err := bad.PINs(t.Context()); agent.CodeOf(err) != "card.busy" {
		t.Errorf("got %v", err)
	}
}
