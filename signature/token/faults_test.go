// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

// listingCalls are those that a listing makes, in the order in which a module meets them.
var listingCalls = []string{"C_GetFunctionList", "C_Initialize", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_OpenSession", "C_FindObjectsInit", "C_FindObjects",
	"C_FindObjectsFinal", "C_GetAttributeValue", "C_CloseSession"}

// TestBadInEveryCall puts a module that crashes and one that hangs in the same call beside three good tokens: the good ones are listed in under two seconds and sign,
// this process lives, and the bad ones are started a bounded number of times however often they are asked.
func TestBadInEveryCall(t *testing.T) {
	for _, call := range listingCalls {
		t.Run(call, func(t *testing.T) {
			crash, hang := theRig.install(t, faultmodule.Crash(call)), theRig.install(t, faultmodule.Hang(call))
			h := theRig.host(t, theRig.ownStore(t), crash.Path(), hang.Path(), theRig.store.Module())
			found := listBeside(t, h, crash.Path(), hang.Path())
			for _, name := range []string{"rsa", "p256", "second"} {
				if err := sign(t.Context(), h, theRig.credential(t, found, name), newPIN(t, userPIN)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func starts(t *testing.T, m *faultmodule.Module) (n int) {
	t.Helper()
	calls, err := m.Calls()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if c == "C_GetFunctionList" {
			n++
		}
	}
	return n
}

// TestRestartsAreBounded asks a crashing module forty times within one minute of the host's clock.
func TestRestartsAreBounded(t *testing.T) {
	crash := theRig.install(t, faultmodule.Crash("C_Initialize"))
	now := time.Now()
	h := theRig.host(t, func(c *token.Config) { c.Now = func() time.Time { return now } }, crash.Path())
	var last token.ModuleError
	for range 40 {
		_, problems := h.List(t.Context())
		if len(problems) != 1 || problems[0].Code != token.CodeCrashed {
			t.Fatalf("problems %v", problems)
		}
		last = problems[0]
		now = now.Add(1500 * time.Millisecond)
	}
	if n := starts(t, crash); n < 3 || n > 8 {
		t.Errorf("%d workers were started in a minute of 40 questions, want 3 to 8", n)
	}
	t.Logf("%v", last.Err)
}

// TestSignInEveryCall crashes and hangs in what a signature calls, and sees the module work again afterwards.
func TestSignInEveryCall(t *testing.T) {
	for _, call := range []string{"C_OpenSession", "C_Login", "C_FindObjectsInit", "C_GetAttributeValue", "C_SignInit", "C_Sign"} {
		for kind, order := range map[string]faultmodule.Order{token.CodeCrashed: faultmodule.Crash(call), token.CodeHung: faultmodule.Hang(call)} {
			t.Run(call+" "+kind, func(t *testing.T) {
				t.Parallel()
				testOrder(t, order, kind, func(h *token.Host, c token.Credential, _ token.Token) error {
					return sign(context.Background(), h, c, newPIN(t, userPIN))
				})
			})
		}
	}
}

// TestKeepInEveryCall does so for the change of a PIN and for unblocking.
func TestKeepInEveryCall(t *testing.T) {
	change := func(h *token.Host, _ token.Credential, tok token.Token) error {
		return h.ChangePIN(context.Background(), tok.Ref, newPIN(t, userPIN), newPIN(t, userPIN))
	}
	unblock := func(h *token.Host, _ token.Credential, tok token.Token) error {
		return h.UnblockPIN(context.Background(), tok.Ref, newPIN(t, soPIN), newPIN(t, userPIN))
	}
	for _, tt := range []struct {
		call string
		run  func(*token.Host, token.Credential, token.Token) error
	}{{"C_Login", change}, {"C_SetPIN", change}, {"C_Login(so)", unblock}, {"C_InitPIN", unblock}} {
		for kind, order := range map[string]faultmodule.Order{
			token.CodeCrashed: faultmodule.Crash(tt.call), token.CodeHung: faultmodule.Hang(tt.call), token.CodeRemoved: faultmodule.Fail(tt.call, 0x32),
			token.CodeUnsupported: faultmodule.Fail(tt.call, 0x54), token.CodeModule: faultmodule.Fail(tt.call, 0x30),
		} {
			t.Run(tt.call+" "+kind, func(t *testing.T) {
				t.Parallel()
				testOrder(t, order, kind, func(h *token.Host, c token.Credential, tok token.Token) error {
					err := tt.run(h, c, tok)
					if sets := tt.call == "C_SetPIN" || tt.call == "C_InitPIN"; sets && kind != token.CodeUnsupported {
						return settles(err, kind) // nobody knows which PIN there is now
					}
					return err
				})
			})
		}
	}
}

// settles is the failure that a change whose end nobody knows has in its text, nil where the change claims to know.
func settles(err error, code string) error {
	var unsettled *pin.Unsettled
	if !errors.As(err, &unsettled) || codeOf(err) != pin.CodeUnsettled || codeOf(unsettled.Cause) != code {
		return nil
	}
	return unsettled.Cause
}

// TestKeepOfWhoLeaves: until the module is asked to set the PIN, leaving stops everything; then its answer counts, and without one nobody knows.
func TestKeepOfWhoLeaves(t *testing.T) {
	for _, tt := range []struct {
		name, call string
		order      faultmodule.Order
		want       string // "" for done
	}{
		{"before", "C_Login", faultmodule.Hang("C_Login"), "canceled"},
		{"before, unblocking", "C_Login(so)", faultmodule.Hang("C_Login(so)"), "canceled"},
		{"while it is set", "C_SetPIN", faultmodule.Slow("C_SetPIN", 300), ""},
		{"while it is set, unblocking", "C_InitPIN", faultmodule.Slow("C_InitPIN", 300), ""},
		{"no answer", "C_SetPIN", faultmodule.Hang("C_SetPIN"), pin.CodeUnsettled},
		{"no answer, unblocking", "C_InitPIN", faultmodule.Hang("C_InitPIN"), pin.CodeUnsettled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fault := theRig.install(t, tt.order)
			h := theRig.host(t, theRig.ownStore(t), fault.Path())
			find := func() token.TokenRef {
				found := list(t, h)
				return found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })].Ref
			}
			ref := find()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			done := make(chan error, 1)
			go func() {
				if strings.Contains(tt.name, "unblocking") {
					done <- h.UnblockPIN(ctx, ref, newPIN(t, soPIN), newPIN(t, freshPIN))
				} else {
					done <- h.ChangePIN(ctx, ref, newPIN(t, userPIN), newPIN(t, freshPIN))
				}
			}()
			waitFor(t, func() bool {
				calls, _ := fault.Calls()
				return slices.Contains(calls, tt.call)
			})
			leave()
			err := <-done
			got := codeOf(err)
			if errors.Is(err, context.Canceled) {
				got = "canceled"
			}
			if got != tt.want {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if err := fault.Set(); err != nil {
				t.Fatal(err)
			}
			now := freshPIN
			if tt.want == "canceled" {
				now = userPIN
			}
			if tt.want != pin.CodeUnsettled {
				if err := h.ChangePIN(t.Context(), find(), newPIN(t, now), newPIN(t, userPIN)); err != nil {
					t.Errorf("%s does not work: %v", now, err)
				}
			}
		})
	}
}

// testOrder lists by a good module, gives it an order, and runs an operation in a new worker, which the order is for.
func testOrder(t *testing.T, order faultmodule.Order, want string, run func(*token.Host, token.Credential, token.Token) error) {
	fault, store := theRig.install(t), theRig.ownStore(t)
	h := theRig.host(t, func(c *token.Config) {
		store(c)
		c.Idle, c.ListDeadline = time.Nanosecond, time.Minute
		switch {
		case order == faultmodule.Hang("C_SetPIN"), order == faultmodule.Hang("C_InitPIN"): // a worker that is late there on a busy machine has changed nothing
			c.SignDeadline = 10 * time.Second
		case want == token.CodeHung:
			c.SignDeadline = 3 * time.Second
		}
	}, fault.Path())
	found := list(t, h)
	c := theRig.credential(t, found, "p256")
	tok := found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })]
	if err := fault.Set(order); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return h.Rests(fault.Path()) })
	if err := run(h, c, tok); codeOf(err) != want {
		t.Fatalf("%v, want %q", err, want)
	}
	if err := fault.Set(); err != nil {
		t.Fatal(err)
	}
	h.SetDeadlines(time.Minute, time.Minute)
	if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// TestMemoryIsBounded lets a module take memory without end beside good tokens: it loses its worker before the machine loses its memory.
func TestMemoryIsBounded(t *testing.T) {
	for _, call := range []string{"C_Initialize", "C_FindObjects"} {
		t.Run(call, func(t *testing.T) {
			leak := theRig.install(t, faultmodule.Leak(call))
			own := theRig.ownStore(t)
			h := theRig.host(t, func(c *token.Config) {
				own(c)
				c.ListDeadline = time.Minute // it fills all the memory that it may have before it ends
			}, leak.Path(), theRig.store.Module())
			found, _ := h.List(t.Context())
			theRig.credential(t, found, "rsa")
			h.ListEach(t.Context(), func(l token.Listing) {
				if l.Module == leak.Path() && codeOf(l.Err) != token.CodeCrashed {
					t.Errorf("%v, want %q", l.Err, token.CodeCrashed)
				}
			})
		})
	}
}

// TestGarbage reads tokens of modules that say nonsense. Either the worker ends, or the values count as none; a good module beside them is not touched, and
// texts stay fit for a window.
func TestGarbage(t *testing.T) {
	for _, order := range []faultmodule.Order{faultmodule.GarbageShort, faultmodule.GarbageHuge, faultmodule.GarbageBig, faultmodule.GarbageMinus,
		faultmodule.GarbageNegative, faultmodule.GarbageRubbish} {
		t.Run(string(order), func(t *testing.T) {
			bad, own := theRig.install(t, order), theRig.ownStore(t)
			h := theRig.host(t, func(c *token.Config) {
				own(c)
				c.Patience = time.Minute // the bad one answers, too
			}, bad.Path(), theRig.store.Module())
			found, problems := h.List(t.Context())
			if c := theRig.credential(t, found, "rsa"); !c.Usable {
				t.Errorf("the good one: %s", c.Reason)
			}
			for _, tok := range found {
				if tok.Module != bad.Path() {
					continue
				}
				if tok.MinPIN != 0 || tok.MaxPIN != 0 || len(tok.Manufacturer) != 0 {
					t.Errorf("%+v", tok)
				}
				for _, c := range tok.Credentials {
					if c.Usable && order != faultmodule.GarbageShort {
						t.Errorf("a usable certificate out of %s", order)
					}
				}
			}
			for _, p := range problems {
				if p.Module != bad.Path() || p.Code != token.CodeCrashed && p.Code != token.CodeModule {
					t.Errorf("%s: %v", p.Module, p.Err)
				}
			}
		})
	}
}

// TestSlots reads lists that change while they are read.
func TestSlots(t *testing.T) {
	for order, want := range map[faultmodule.Order]int{
		faultmodule.SlotsSplit: 3, faultmodule.SlotsGrowing: 3, faultmodule.SlotsTwice: 3, faultmodule.SlotsGhosts: 3, faultmodule.SlotsShrinking: 1,
		faultmodule.SlotsVanishing: 0,
	} {
		t.Run(string(order), func(t *testing.T) {
			h := theRig.host(t, nil, theRig.install(t, order).Path())
			if found := list(t, h); len(found) != want {
				t.Errorf("%d tokens, want %d", len(found), want)
			}
		})
	}
}

// TestLateAnswer gives up a signature that the module finishes afterwards: the late answer is nobody's.
func TestLateAnswer(t *testing.T) {
	fault := theRig.install(t, faultmodule.Slow("C_Sign", 30_000)) // long after the test has left
	h := theRig.host(t, theRig.ownStore(t), fault.Path())
	c := theRig.credential(t, list(t, h), "p256")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sign(ctx, h, c, newPIN(t, userPIN)) }()
	waitFor(t, func() bool {
		calls, _ := fault.Calls()
		return slices.Contains(calls, "C_Sign")
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if err := fault.Set(); err != nil {
		t.Fatal(err)
	}
	other := theRig.credential(t, list(t, h), "p384")
	if err := sign(t.Context(), h, other, newPIN(t, userPIN)); err != nil {
		t.Errorf("the next signature, with another key: %v", err)
	}
}

// TestFlags shows the state of both PINs as the flags tell it, and refuses what they forbid without a call.
func TestFlags(t *testing.T) {
	type state struct {
		Tries, SOTries     string
		Low, SOLow         bool
		Problem, SOProblem pin.Reason
	}
	for _, tt := range []struct {
		order           faultmodule.Order
		want            state
		change, unblock string
	}{
		{"none", state{Tries: "unknown", SOTries: "unknown"}, "", ""},
		{faultmodule.FlagLow, state{Tries: "unknown", SOTries: "unknown", Low: true}, "", ""},
		{faultmodule.FlagFinal, state{Tries: "1", SOTries: "unknown"}, "", ""},
		{faultmodule.FlagLocked, state{Tries: "blocked", SOTries: "unknown", Problem: pin.ReasonBlocked}, "pin.blocked user", ""},
		{faultmodule.FlagChange, state{Tries: "unknown", SOTries: "unknown", Problem: pin.ReasonMustChange}, "", ""},
		{faultmodule.FlagNoPIN, state{Tries: "unknown", SOTries: "unknown", Problem: pin.ReasonNotInitialised}, "pin.not_initialised user", ""},
		{faultmodule.FlagSOLow, state{Tries: "unknown", SOTries: "unknown", SOLow: true}, "", ""},
		{faultmodule.FlagSOFinal, state{Tries: "unknown", SOTries: "1"}, "", ""},
		{faultmodule.FlagSOLocked, state{Tries: "unknown", SOTries: "blocked", SOProblem: pin.ReasonBlocked}, "", "pin.blocked so"},
		{faultmodule.FlagSOChange, state{Tries: "unknown", SOTries: "unknown", SOProblem: pin.ReasonMustChange}, "", ""},
	} {
		t.Run(string(tt.order), func(t *testing.T) {
			t.Parallel()
			fault := theRig.install(t, tt.order)
			h := theRig.host(t, theRig.ownStore(t), fault.Path())
			find := func() token.Token {
				found := list(t, h)
				return found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })]
			}
			tok := find()
			got := state{tok.Tries.String(), tok.SOTries.String(), tok.CountLow, tok.SOCountLow, tok.Problem, tok.SOProblem}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got := refCode(h.ChangePIN(t.Context(), tok.Ref, newPIN(t, userPIN), newPIN(t, freshPIN))); got != tt.change {
				t.Errorf("change: %q, want %q", got, tt.change)
			}
			if got := refCode(h.UnblockPIN(t.Context(), find().Ref, newPIN(t, soPIN), newPIN(t, userPIN))); got != tt.unblock {
				t.Errorf("unblock: %q, want %q", got, tt.unblock)
			}
		})
	}
}

func refCode(err error) string {
	var p *pin.Error
	if errors.As(err, &p) {
		return p.Code() + " " + p.Ref
	}
	return codeOf(err)
}

// TestKeepTries walks the user's PIN into its lock, the officer's almost, and out again; the last try of either is spent only when it was shown.
func TestKeepTries(t *testing.T) {
	fault := theRig.install(t, faultmodule.Tries(2), faultmodule.SOTries(2))
	h := theRig.host(t, theRig.ownStore(t), fault.Path())
	ref := func() token.TokenRef {
		found := list(t, h)
		return found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })].Ref
	}
	stale := ref()
	change := func(r token.TokenRef, old string) string {
		return refCode(h.ChangePIN(t.Context(), r, newPIN(t, old), newPIN(t, freshPIN)))
	}
	unblock := func(r token.TokenRef, so, fresh string) string {
		return refCode(h.UnblockPIN(t.Context(), r, newPIN(t, so), newPIN(t, fresh)))
	}
	for i, step := range []struct{ got, want string }{
		{change(stale, wrongPIN), "pin.wrong user"},
		{change(stale, userPIN), token.CodeLastTry}, // one is left, and nobody was told
		{change(ref(), wrongPIN), "pin.blocked user"},
		{change(ref(), userPIN), "pin.blocked user"},
		{unblock(ref(), wrongPIN, freshPIN), "pin.wrong so"},
		{unblock(stale, soPIN, freshPIN), token.CodeLastTry},
		{unblock(ref(), soPIN, "1"), "pin.format new"},
		{unblock(ref(), soPIN, freshPIN), ""},
		{change(ref(), freshPIN), ""},
	} {
		if step.got != step.want {
			t.Errorf("step %d: %q, want %q", i, step.got, step.want)
		}
	}
}

// TestKeepOnKeypad types PINs on the token: no PIN comes from here, and NULL reaches the module.
func TestKeepOnKeypad(t *testing.T) {
	for _, tt := range []struct {
		name   string
		orders []faultmodule.Order
		want   [2]string // of change and of unblock
	}{
		{"typed", faultmodule.PadNew(userPIN, soPIN, userPIN), [2]string{"", ""}},
		{"wrong", faultmodule.PadNew(wrongPIN, wrongPIN, userPIN), [2]string{"pin.wrong user", "pin.wrong so"}},
		{"red key", []faultmodule.Order{faultmodule.PadCancel}, [2]string{"pin.cancelled user", "pin.cancelled so"}},
		{"login first", append(faultmodule.PadNew(userPIN, soPIN, userPIN), faultmodule.LoginFirst), [2]string{"", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fault := theRig.install(t, tt.orders...)
			h := theRig.host(t, theRig.ownStore(t), fault.Path())
			found := list(t, h)
			ref := found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })].Ref
			if got := refCode(h.ChangePIN(t.Context(), ref, nil, nil)); got != tt.want[0] {
				t.Errorf("change: %q, want %q", got, tt.want[0])
			}
			if got := refCode(h.UnblockPIN(t.Context(), ref, nil, nil)); got != tt.want[1] {
				t.Errorf("unblock: %q, want %q", got, tt.want[1])
			}
		})
	}
}

// TestCryptoPro names what PKCS#11 does not see.
func TestCryptoPro(t *testing.T) {
	for i, tt := range []struct {
		orders []faultmodule.Order
		want   bool
	}{
		{[]faultmodule.Order{faultmodule.Bare}, false},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Model("Rutoken lite")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Model("Rutoken S")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Model("JaCarta LT")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Model("Rutoken ECP")}, false},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Model("JaCarta GOST 2.0")}, false},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Reader("Rutoken lite 00 00")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Reader("Rutoken SC 00 00")}, false},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Data("header.key")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Data("abcdefgh.000/primary.key")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Data("person.000")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Data("CryptoPro CSP container")}, true},
		{[]faultmodule.Order{faultmodule.Bare, faultmodule.Data("readme.txt")}, false},
		{[]faultmodule.Order{faultmodule.Data("header.key")}, false}, // it has certificates of its own
	} {
		t.Run(fmt.Sprintf("%d %v", i, tt.orders), func(t *testing.T) {
			t.Parallel()
			h := theRig.host(t, theRig.ownStore(t), theRig.install(t, tt.orders...).Path())
			seen := false
			for _, tok := range list(t, h) {
				for _, c := range tok.Credentials {
					seen = seen || c.Reason == token.CodeCryptoPro && !c.Usable
				}
			}
			if seen != tt.want {
				t.Errorf("named %t, want %t", seen, tt.want)
			}
		})
	}
}

// TestCryptoProKey explains a certificate whose key stayed with the CSP.
func TestCryptoProKey(t *testing.T) {
	h := theRig.host(t, theRig.ownStore(t), theRig.install(t, faultmodule.Data("header.key")).Path())
	c := theRig.credential(t, list(t, h), "keyless")
	if got := codeOf(sign(t.Context(), h, c, newPIN(t, userPIN))); got != token.CodeCryptoPro {
		t.Errorf("%q, want %q", got, token.CodeCryptoPro)
	}
}
