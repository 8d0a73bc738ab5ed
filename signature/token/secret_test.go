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

// TestPINLeavesNoTrace searches the whole memory of the host for a PIN that it has passed on and wiped.
func TestPINLeavesNoTrace(t *testing.T) {
	h := theRig.host(t, nil, theRig.store.Module())
	c := theRig.credential(t, list(t, h), "p256")
	masked := make([]byte, 24)
	_, _ = rand.Read(masked)
	plain := make([]byte, len(masked))
	for i := range plain {
		plain[i] = 'A' + masked[i]%26
		masked[i] = plain[i] ^ mask
	}
	p := pin.New(plain)
	if n := hits(t, masked); n == 0 {
		t.Fatal("the search does not find a PIN that is there")
	}
	if got := codeOf(sign(context.Background(), h, c, p)); got != "pin.wrong" {
		t.Fatal(got)
	}
	p.Wipe()
	if n := hits(t, masked); n != 0 {
		t.Errorf("the PIN stands at %d places after it was wiped", n)
	}
}

// hits counts where this process's writable memory holds the masked bytes.
func hits(t *testing.T, masked []byte) (n int) {
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
	buf := make([]byte, 1<<20)
	defer clear(buf)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var rights string
		if k, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); k != 3 || !strings.HasPrefix(rights, "rw") {
			continue
		}
		for at := from; at < to; at += int64(len(buf)) - int64(len(masked)) {
			k, err := mem.ReadAt(buf[:min(int64(len(buf)), to-at)], at)
			if err != nil && k == 0 {
				break
			}
			n += count(buf[:k], masked)
			clear(buf[:k])
		}
	}
	return n
}

func count(b, masked []byte) (n int) {
	for i := 0; i+len(masked) <= len(b); i++ {
		j := 0
		for j < len(masked) && b[i+j]^mask == masked[j] {
			j++
		}
		if j == len(masked) {
			n++
		}
	}
	return n
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

// TestWorkerDies holds that the process that knew the PIN is gone soon after the signature, even when its module hangs while leaving.
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
			took := time.Since(begin)
			t.Logf("the worker lived for %v after the signature", took) // 100 ms is the aim; a busy machine may take longer
			if name == "good" && took > time.Second {
				t.Errorf("the worker lived for %v after the signature", took)
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
