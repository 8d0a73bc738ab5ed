// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

func TestHardened(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(self, asHardened).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "0 0 0 <nil>" {
		t.Errorf("dumpable and core limits: %q, %v; want all zero", got, err)
	}
}

// mask keeps the wanted digits out of the memory that is searched for them.
const mask = 0x5A

// secret is a PIN of digits that this process keeps only masked.
type secret struct{ masked []byte }

func newSecret() secret {
	masked := make([]byte, 24)
	_, _ = rand.Read(masked)
	for i := range masked {
		masked[i] = ('0' + masked[i]%10) ^ mask
	}
	return secret{masked}
}

// pin makes the PIN, whose bytes lie in its own memory alone from the first: a stack that grows or shrinks leaves copies of what was on it.
func (s secret) pin(t *testing.T) *pin.PIN {
	t.Helper()
	p := pin.Empty()
	t.Cleanup(p.Wipe)
	for _, b := range s.masked {
		if err := p.Append(b ^ mask); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// forms are what a program may have made of the PIN, masked: as it is, in UTF-16, in BCD.
func (s secret) forms() map[string][]byte {
	forms := map[string][]byte{"ASCII": s.masked}
	for i, b := range s.masked {
		forms["UTF-16LE"] = append(forms["UTF-16LE"], b, mask)
		forms["UTF-16BE"] = append(forms["UTF-16BE"], mask, b)
		if i%2 == 1 {
			high, low := (s.masked[i-1]^mask)-'0', (b^mask)-'0'
			forms["BCD"] = append(forms["BCD"], (high<<4|low)^mask)
		}
	}
	return forms
}

// TestPINLeavesNoTrace searches the whole memory of this process for PINs, in every form, a tenth of a second after the answer; the worker is gone by then or
// soon after, and with it all that the module kept.
func TestPINLeavesNoTrace(t *testing.T) {
	for name, run := range map[string]func(*testing.T, *token.Host, token.Token, token.Credential, *pin.PIN, *pin.PIN) string{
		"sign": func(t *testing.T, h *token.Host, _ token.Token, c token.Credential, p, _ *pin.PIN) string {
			return codeOf(sign(t.Context(), h, c, p))
		},
		"change": func(t *testing.T, h *token.Host, tok token.Token, _ token.Credential, p, fresh *pin.PIN) string {
			return codeOf(h.ChangePIN(t.Context(), tok.Ref, p, fresh))
		},
		"unblock": func(t *testing.T, h *token.Host, tok token.Token, _ token.Credential, p, fresh *pin.PIN) string {
			return codeOf(h.UnblockPIN(t.Context(), tok.Ref, p, fresh))
		},
	} {
		t.Run(name, func(t *testing.T) {
			fault := theRig.install(t)
			h := theRig.host(t, theRig.ownStore(t), fault.Path())
			found := list(t, h)
			c := theRig.credential(t, found, "p256")
			tok := found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == tokenVera })]
			one, two := newSecret(), newSecret()
			p, fresh := one.pin(t), two.pin(t)
			if hits(t, one.forms()["ASCII"])[0] == 0 {
				t.Fatal("the search does not find a PIN that is there")
			}
			if got := run(t, h, tok, c, p, fresh); got != "pin.wrong" {
				t.Fatal(got)
			}
			p.Wipe()
			fresh.Wipe()
			<-time.After(100 * time.Millisecond)
			var forms []string
			var masked [][]byte
			for _, s := range []secret{one, two} {
				for form, m := range s.forms() {
					forms, masked = append(forms, form), append(masked, m)
				}
			}
			for i, n := range hits(t, masked...) {
				if n != 0 {
					t.Errorf("the PIN stands in %s at %d places after it was wiped", forms[i], n)
				}
			}
			waitFor(t, func() bool { return len(workers(t, fault.Path())) == 0 })
		})
	}
}

// overlap is how much of one piece is looked at again with the next: no form is longer.
const overlap = 64

// hits counts where this process's writable memory holds each of the masked forms.
func hits(t *testing.T, forms ...[]byte) []int {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	found := make([]int, len(forms))
	buf := make([]byte, 1<<20)
	defer clear(buf)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var rights string
		if k, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); k != 3 || !strings.HasPrefix(rights, "rw") {
			continue
		}
		if to-from > 1<<30 {
			continue // the race detector's own: nothing else maps so much
		}
		for at := from; at < to; at += int64(len(buf)) - overlap {
			k, err := mem.ReadAt(buf[:min(int64(len(buf)), to-at)], at)
			if err != nil && k == 0 {
				break
			}
			count(buf[:k], forms, found)
			clear(buf[:k])
		}
	}
	return found
}

// count looks for all forms in one pass: the first byte decides which of them are compared.
//
//go:norace
func count(b []byte, forms [][]byte, found []int) {
	var starts [256][]int
	for i, f := range forms {
		first := f[0] ^ mask
		starts[first] = append(starts[first], i)
	}
	for at, c := range b {
		for _, i := range starts[c] {
			if holds(b[at:], forms[i]) {
				found[i]++
			}
		}
	}
}

//go:norace
func holds(b, masked []byte) bool {
	if len(b) < len(masked) {
		return false
	}
	for i, m := range masked {
		if b[i]^mask != m {
			return false
		}
	}
	return true
}

// workers returns the worker processes that serve a module file, seen from outside.
func workers(t *testing.T, module string) (pids []int) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(module)) {
			if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// TestWorkerDies holds that the process that knew the PIN is gone soon after the signature, even when its module hangs while leaving. Where it does not, the
// worker leaves by itself, which takes no grace.
func TestWorkerDies(t *testing.T) {
	for name, orders := range map[string][]faultmodule.Order{"good": nil, "hangs": {faultmodule.Hang("C_Logout")}} {
		t.Run(name, func(t *testing.T) {
			fault := theRig.install(t, orders...)
			h := theRig.host(t, nil, fault.Path())
			c := theRig.credential(t, list(t, h), "p256")
			if os.Getuid() == 0 && len(workers(t, fault.Path())) != 1 {
				t.Fatal("the worker can't be seen") // without root its memory map is closed, which is the point
			}
			if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			waitFor(t, func() bool { return len(workers(t, fault.Path())) == 0 })
			t.Logf("the worker lived for %v after the signature", time.Since(begin)) // 100 ms is the aim; a busy machine may take longer
			calls, err := fault.Calls()
			if left := slices.Contains(calls, "C_Finalize"); err != nil || left != (name == "good") {
				t.Errorf("it left by itself: %t, %v", left, err)
			}
		})
	}
}

// TestEnvironment looks at a worker's environment from outside.
func TestEnvironment(t *testing.T) {
	t.Setenv("LD_DEBUG_OUTPUT", "/nonexistent/zaver")
	t.Setenv("ZAVER_SECRET", "1")
	fault := theRig.install(t)
	h := theRig.host(t, nil, fault.Path())
	list(t, h)
	for _, pid := range workers(t, fault.Path()) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil {
			t.Fatal(err)
		}
		env := strings.Split(string(b), "\x00")
		if !slices.Contains(env, theRig.store.Env()[0]) || strings.Contains(string(b), "ZAVER_SECRET") || strings.Contains(string(b), "LD_DEBUG") {
			t.Errorf("environment %q", env)
		}
	}
}
