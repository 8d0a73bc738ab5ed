// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

func TestListAndSign(t *testing.T) {
	h := theRig.host(t, nil, theRig.store.Module())
	tokens := list(t, h)
	if len(tokens) != 3 {
		t.Fatalf("%d tokens, want 3", len(tokens))
	}
	for _, name := range []string{"rsa", "p256", "p384", "second"} {
		t.Run(name, func(t *testing.T) {
			c := theRig.credential(t, tokens, name)
			if !c.Usable || c.Reason != "" {
				t.Fatalf("not usable: %s", c.Reason)
			}
			if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	tokens := list(t, theRig.host(t, nil, theRig.store.Module()))
	for name, want := range map[string]string{
		"expired": token.ReasonExpired, "early": token.ReasonNotYetValid, "usage": token.ReasonKeyUsage, "keyless": "",
	} {
		if c := theRig.credential(t, tokens, name); c.Reason != want || c.Usable != (want == "") {
			t.Errorf("%s: usable %v, reason %q; want %q", name, c.Usable, c.Reason, want)
		}
	}
	i := slices.IndexFunc(tokens, func(tok token.Token) bool { return tok.Label == tokenOdd })
	byID := make(map[string]token.Credential)
	for _, c := range tokens[i].Credentials {
		byID[hex.EncodeToString(c.ID)] = c
	}
	if c := byID["08"]; c.Reason != token.ReasonCA || c.Usable {
		t.Errorf("authority: %q", c.Reason)
	}
	if c := byID["0a"]; c.Reason != token.ReasonNoCertificate || c.Usable || c.Certificate != nil {
		t.Errorf("key without a certificate: %q", c.Reason)
	}
	if len(tokens[i].Credentials) != 6 {
		t.Errorf("%d credentials, want 6", len(tokens[i].Credentials))
	}
}

// TestTimeIsGiven judges the same certificates at other moments.
func TestTimeIsGiven(t *testing.T) {
	for days, want := range map[int]string{-30: "", 30: token.ReasonExpired} {
		h := theRig.host(t, func(c *token.Config) {
			c.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
		}, theRig.store.Module())
		if c := theRig.credential(t, list(t, h), "expired"); c.Reason != want {
			t.Errorf("%+d days: %q, want %q", days, c.Reason, want)
		}
	}
}

// TestPeer compares with what OpenSC's pkcs11-tool lists.
func TestPeer(t *testing.T) {
	tokens := list(t, theRig.host(t, nil, theRig.store.Module()))
	line := regexp.MustCompile(`(?m)^\s*ID:\s*([0-9a-f]+)\s*$`)
	for _, tok := range tokens {
		out, err := theRig.store.List(context.Background(), tok.Label)
		if err != nil {
			t.Fatal(err)
		}
		var theirs, ours []string
		for _, m := range line.FindAllSubmatch(out, -1) {
			theirs = append(theirs, string(m[1]))
		}
		for _, c := range tok.Credentials {
			if c.Certificate != nil {
				ours = append(ours, hex.EncodeToString(c.ID))
			}
		}
		slices.Sort(theirs)
		slices.Sort(ours)
		if diff := cmp.Diff(theirs, ours); diff != "" || len(ours) == 0 {
			t.Errorf("token %q, pkcs11-tool against ours:\n%s", tok.Label, diff)
		}
	}
}

// TestHang ends a worker after its deadline, and then leaves a module alone that hangs again.
func TestHang(t *testing.T) {
	hang := theRig.install(t, faultmodule.Hang("C_GetSlotList"))
	now := time.Now()
	h := theRig.host(t, func(c *token.Config) {
		c.ListDeadline = 800 * time.Millisecond
		c.Now = func() time.Time { return now }
	}, hang.Path())
	begun := func() int {
		calls, err := hang.Calls()
		if err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(calls, func(c string) bool { return c != "C_GetFunctionList" }))
	}
	listOnce := func() token.ModuleError {
		tokens, problems := h.List(context.Background())
		if len(tokens) != 0 || len(problems) != 1 {
			t.Fatalf("%d tokens, %v", len(tokens), problems)
		}
		h.WorkersEnd() // one that is killed as it reaches its module still writes that down, for this step and not for the next
		return problems[0]
	}
	steps := []struct {
		after   time.Duration
		workers int
	}{
		{0, 1}, {0, 1}, // the first fault may be an accident: the second worker starts at once
		{0, 0}, {900 * time.Millisecond, 0}, {200 * time.Millisecond, 1}, // then one second of peace
		{1100 * time.Millisecond, 0}, {time.Second, 1}, // then two
	}
	for i, s := range steps {
		now = now.Add(s.after)
		said := listOnce()
		if said.Code != token.CodeHung {
			t.Errorf("step %d: %s, want %s", i, said.Code, token.CodeHung)
		}
		// Only a worker that was started can be late; on a busy machine it is so before it has reached its module.
		if alone := strings.Contains(said.Err.Error(), "left alone"); alone != (s.workers == 0) {
			t.Errorf("step %d: %v, want %d workers", i, said.Err, s.workers)
		}
		if n := begun(); n > s.workers {
			t.Errorf("step %d: %d workers were started, want %d", i, n, s.workers)
		}
	}
	h.SetDeadlines(time.Minute, time.Minute) // for what works
	if err := hang.Set(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if tokens := list(t, h); len(tokens) != 3 {
		t.Errorf("%d tokens from the repaired module, want 3", len(tokens))
	}
}

func TestSignFaults(t *testing.T) {
	tests := []struct {
		name   string
		orders []faultmodule.Order
		pin    string
		want   string
	}{
		{"crash in login", []faultmodule.Order{faultmodule.Crash("C_Login")}, userPIN, token.CodeCrashed},
		{"crash in sign", []faultmodule.Order{faultmodule.Crash("C_Sign")}, userPIN, token.CodeCrashed},
		{"quiet exit in sign", []faultmodule.Order{faultmodule.Exit("C_Sign")}, userPIN, token.CodeCrashed},
		{"hang in login", []faultmodule.Order{faultmodule.Hang("C_Login")}, userPIN, token.CodeHung},
		{"hang in sign", []faultmodule.Order{faultmodule.Hang("C_Sign")}, userPIN, token.CodeHung},
		{"hang in search", []faultmodule.Order{faultmodule.Hang("C_FindObjects")}, userPIN, token.CodeHung},
		{"removed in login", []faultmodule.Order{faultmodule.Fail("C_Login", 0x32)}, userPIN, token.CodeRemoved},
		{"removed in sign", []faultmodule.Order{faultmodule.Fail("C_Sign", 0x32)}, userPIN, token.CodeRemoved},
		{"device error", []faultmodule.Order{faultmodule.Fail("C_Sign", 0x30)}, userPIN, token.CodeModule},
		{"halves swapped", []faultmodule.Order{faultmodule.Swapped}, userPIN, token.CodeBadSignature},
		{"wrong PIN", []faultmodule.Order{faultmodule.Tries(3)}, "00000000", "pin.wrong"},
		{"last try", []faultmodule.Order{faultmodule.FlagFinal}, userPIN, token.CodeLastTry},
		{"locked", []faultmodule.Order{faultmodule.FlagLocked}, userPIN, "pin.blocked"},
		{"must change", []faultmodule.Order{faultmodule.FlagChange}, userPIN, "pin.must_change"},
		{"not initialised", []faultmodule.Order{faultmodule.FlagNoPIN}, userPIN, "pin.not_initialised"},
		{"too short", nil, "1", "pin.format"},
		{"no PIN", nil, "", "pin.format"},
		{"cancelled on the pad", []faultmodule.Order{faultmodule.PadCancel}, "", "pin.cancelled"},
		{"pad", []faultmodule.Order{faultmodule.Pad(userPIN)}, "", ""},
		{"chatty", []faultmodule.Order{faultmodule.Chatty}, userPIN, ""},
		{"always", faultmodule.AlwaysAuthenticate(userPIN, false), userPIN, ""},
		{"hang while leaving", []faultmodule.Order{faultmodule.Hang("C_Logout")}, userPIN, ""},
		{"crash while leaving", []faultmodule.Order{faultmodule.Crash("C_Finalize")}, userPIN, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fault, store := theRig.install(t), theRig.ownStore(t)
			h := theRig.host(t, func(c *token.Config) {
				store(c)
				c.ListDeadline = time.Minute
				if tt.want == token.CodeHung { // long enough for a new worker to reach the call, as a rule
					c.SignDeadline = 3 * time.Second
				}
				c.Idle = time.Nanosecond // so that the worker that signs loads the orders anew
			}, fault.Path())
			c := theRig.credential(t, list(t, h), "p256")
			if err := fault.Set(tt.orders...); err != nil {
				t.Fatal(err)
			}
			waitFor(t, func() bool { return h.Rests(fault.Path()) })
			err := sign(context.Background(), h, c, newPIN(t, tt.pin))
			if got := codeOf(err); got != tt.want {
				t.Fatalf("sign: %v, want %q", err, tt.want)
			}
			// Whatever happened, the module works again at once in a new worker.
			if err := fault.Set(); err != nil {
				t.Fatal(err)
			}
			h.SetDeadlines(time.Minute, time.Minute)
			if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

// TestTriesCountDown walks a PIN of three tries into the block, one new listing before each try, as the agent does.
func TestTriesCountDown(t *testing.T) {
	fault := theRig.install(t, faultmodule.Tries(3))
	h := theRig.host(t, nil, fault.Path())
	type seen struct {
		Listed, After pin.Tries
		Low           bool
		Code          string
	}
	try := func(digits string) seen {
		tokens := list(t, h)
		i := slices.IndexFunc(tokens, func(tok token.Token) bool { return tok.Label == tokenVera })
		err := sign(context.Background(), h, theRig.credential(t, tokens, "p256"), newPIN(t, digits))
		s := seen{Listed: tokens[i].Tries, Low: tokens[i].CountLow, Code: codeOf(err)}
		var pinErr *pin.Error
		if errors.As(err, &pinErr) {
			s.After = pinErr.Tries
		}
		return s
	}
	unknown := pin.Unknown()
	for i, step := range []struct {
		digits string
		want   seen
	}{
		{"00000000", seen{unknown, unknown, false, "pin.wrong"}},
		{userPIN, seen{unknown, unknown, true, ""}}, // the right PIN restores the tries
		{"00000000", seen{unknown, unknown, false, "pin.wrong"}},
		{"123", seen{unknown, unknown, true, "pin.format"}}, // costs nothing
		{"00000000", seen{unknown, pin.Left(1), true, "pin.wrong"}},
		{"00000000", seen{pin.Left(1), pin.Blocked(), true, "pin.blocked"}},
		{userPIN, seen{pin.Blocked(), pin.Blocked(), true, "pin.blocked"}},
	} {
		if got := try(step.digits); got != step.want {
			t.Errorf("step %d: got %+v, want %+v", i, got, step.want)
		}
	}
}

// TestLastTry does not spend a last try that the person was not told of.
func TestLastTry(t *testing.T) {
	fault := theRig.install(t, faultmodule.Tries(2))
	h := theRig.host(t, nil, fault.Path())
	stale := theRig.credential(t, list(t, h), "p256")
	if got := codeOf(sign(context.Background(), h, stale, newPIN(t, "00000000"))); got != "pin.wrong" {
		t.Fatalf("first: %s", got)
	}
	if got := codeOf(sign(context.Background(), h, stale, newPIN(t, userPIN))); got != token.CodeLastTry {
		t.Errorf("with what was listed before: %s, want %s", got, token.CodeLastTry)
	}
	if err := sign(context.Background(), h, theRig.credential(t, list(t, h), "p256"), newPIN(t, userPIN)); err != nil {
		t.Errorf("with what is listed now: %v", err)
	}
}

// TestOneLogin counts what reaches the module for one signature.
func TestOneLogin(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"plain":  {"C_Login": 1, "C_SignInit": 1, "C_Logout": 1},
		"always": {"C_Login": 1, "C_Login(context)": 1, "C_SignInit": 1, "C_Logout": 1},
	} {
		t.Run(name, func(t *testing.T) {
			var orders []faultmodule.Order
			if name == "always" {
				orders = faultmodule.AlwaysAuthenticate(userPIN, false)
			}
			fault := theRig.install(t, orders...)
			h := theRig.host(t, nil, fault.Path())
			c := theRig.credential(t, list(t, h), "p256")
			if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
				t.Fatal(err)
			}
			got := make(map[string]int)
			waitFor(t, func() bool {
				calls, err := fault.Calls()
				for _, call := range calls {
					got[call]++
				}
				return err == nil && got["C_Finalize"] > 0
			})
			for _, call := range []string{"C_Login", "C_Login(context)", "C_SignInit", "C_Logout"} {
				if got[call] != want[call] {
					t.Errorf("%d times %s, want %d", got[call], call, want[call])
				}
			}
		})
	}
}

func TestNoKey(t *testing.T) {
	h := theRig.host(t, nil, theRig.store.Module())
	err := sign(context.Background(), h, theRig.credential(t, list(t, h), "keyless"), newPIN(t, userPIN))
	if codeOf(err) != token.CodeNoKey {
		t.Errorf("%v, want %s", err, token.CodeNoKey)
	}
}

// TestOtherToken does not send a PIN to a token that took the place of the chosen one.
func TestOtherToken(t *testing.T) {
	fault := theRig.install(t)
	h := theRig.host(t, nil, fault.Path())
	c := theRig.credential(t, list(t, h), "p256")
	gone := c
	gone.Ref.Serial = "0123456789abcdef"
	if err := sign(context.Background(), h, gone, newPIN(t, userPIN)); codeOf(err) != token.CodeRemoved {
		t.Errorf("%v, want %s", err, token.CodeRemoved)
	}
	if calls, _ := fault.Calls(); slices.Contains(calls, "C_Login") {
		t.Error("the other token was given the PIN")
	}
	moved := c
	moved.Ref.Slot = theRig.credential(t, list(t, h), "second").Ref.Slot
	if err := sign(context.Background(), h, moved, newPIN(t, userPIN)); err != nil {
		t.Errorf("token found in another slot: %v", err)
	}
}

func TestCancel(t *testing.T) {
	fault := theRig.install(t, faultmodule.Hang("C_Login"))
	h := theRig.host(t, nil, fault.Path())
	c := theRig.credential(t, list(t, h), "p256")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sign(ctx, h, c, newPIN(t, userPIN)) }()
	waitFor(t, func() bool {
		calls, _ := fault.Calls()
		return slices.Contains(calls, "C_Login")
	})
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("sign did not return")
	}
	if err := fault.Set(); err != nil {
		t.Fatal(err)
	}
	if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
		t.Errorf("after cancelling: %v", err)
	}
}

func waitFor(t testing.TB, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ready() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}

// TestMerge shows the same tokens through two modules: each certificate is offered once, through the module that is named first, unless its PIN is blocked there.
func TestMerge(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		fault := theRig.install(t)
		want := fault.Path()
		if blocked {
			if err := fault.Set(faultmodule.FlagLocked); err != nil {
				t.Fatal(err)
			}
			want = theRig.store.Module()
		}
		h := theRig.host(t, func(c *token.Config) { c.Patience = time.Minute }, fault.Path(), theRig.store.Module()) // both answer, one after the other
		tokens := list(t, h)
		seen := make(map[[32]byte]int)
		for _, tok := range tokens {
			for _, c := range tok.Credentials {
				if c.Certificate != nil {
					seen[c.Certificate.Fingerprint()]++
				}
			}
		}
		if len(seen) != 9 {
			t.Errorf("%d certificates, want 9", len(seen))
		}
		for _, n := range seen {
			if n != 1 {
				t.Errorf("a certificate is listed %d times", n)
			}
		}
		if c := theRig.credential(t, tokens, "rsa"); c.Ref.Module != want {
			t.Errorf("blocked %v: offered through %s, want %s", blocked, c.Ref.Module, want)
		}
	}
}

func TestListEach(t *testing.T) {
	hang := theRig.install(t, faultmodule.Hang("C_Initialize"))
	h := theRig.host(t, func(c *token.Config) { c.ListDeadline = 5 * time.Second }, hang.Path(), theRig.store.Module()) // within which a busy machine lists the good one
	var order []string
	h.ListEach(context.Background(), func(l token.Listing) { order = append(order, l.Module+" "+codeOf(l.Err)) })
	if diff := cmp.Diff([]string{theRig.store.Module() + " ", hang.Path() + " " + token.CodeHung}, order); diff != "" {
		t.Error(diff)
	}
}

func TestModuleErrors(t *testing.T) {
	broken := theRig.install(t, faultmodule.Fail("C_Initialize", 0x30))
	h := theRig.host(t, nil, "/nonexistent/module.so", "/etc/hostname", broken.Path())
	tokens, problems := h.List(context.Background())
	if len(tokens) != 0 || len(problems) != 3 {
		t.Fatalf("%d tokens, %d problems, want 3", len(tokens), len(problems))
	}
	for _, p := range problems {
		if p.Code != token.CodeModule || p.Err == nil {
			t.Errorf("%s: %s, %v", p.Module, p.Code, p.Err)
		}
	}
}

func TestClosed(t *testing.T) {
	h := theRig.host(t, nil, theRig.store.Module())
	c := theRig.credential(t, list(t, h), "p256")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sign(context.Background(), h, c, newPIN(t, userPIN)); !errors.Is(err, context.Canceled) {
		t.Errorf("sign after Close: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := token.New(token.Config{}); err == nil {
		t.Error("a host without a worker command was made")
	}
}
