// SPDX-License-Identifier: Apache-2.0

package faultmodule_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/tokens"
)

// TestPeerMeetsFaults lets OpenSC's pkcs11-tool load the module: what it orders is seen by any client, not by ours alone.
func TestPeerMeetsFaults(t *testing.T) {
	ctx := context.Background()
	store, err := tokens.New(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Add(ctx, tokens.Token{Label: "t", PIN: "1234", SOPIN: "4321"}); err != nil {
		t.Fatal(err)
	}
	c, err := faultmodule.Compile(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		order faultmodule.Order
		args  []string
		fails bool
		says  string
	}{
		{"none", []string{"--login", "--pin", "1234", "--list-objects"}, false, ""},
		{faultmodule.FlagLocked, []string{"--list-slots"}, false, "user PIN locked"},
		{faultmodule.FlagFinal, []string{"--list-slots"}, false, "final user PIN try"},
		{faultmodule.Tries(0), []string{"--login", "--pin", "1234", "--list-objects"}, true, "CKR_PIN_LOCKED"},
		{faultmodule.Fail("C_Login", 0x32), []string{"--login", "--pin", "1234", "--list-objects"}, true, "CKR_DEVICE_REMOVED"},
		{faultmodule.Crash("C_GetSlotList"), []string{"--list-slots"}, true, ""},
		{faultmodule.Chatty, []string{"--list-slots"}, false, "module says: C_GetSlotList was called"},
	}
	for _, tt := range tests {
		t.Run(string(tt.order), func(t *testing.T) {
			m, err := c.Install(filepath.Join(t.TempDir(), "m.so"), store.Module(), tt.order)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(ctx, "pkcs11-tool", append([]string{"--module", m.Path()}, tt.args...)...)
			cmd.Env = append(cmd.Environ(), store.Env()...)
			out, err := cmd.CombinedOutput()
			if (err != nil) != tt.fails || !strings.Contains(string(out), tt.says) {
				t.Errorf("%v: %s", err, out)
			}
			if calls, err := m.Calls(); err != nil || !slices.Contains(calls, "C_GetSlotList") {
				t.Errorf("calls %v, %v", calls, err)
			}
			if calls, _ := m.Calls(); len(calls) != 0 {
				t.Errorf("the same calls once more: %v", calls)
			}
		})
	}
}

// TestSameBytes: two builds in two folders give one library, and it shows nothing but its entry, for several copies live in one process.
func TestSameBytes(t *testing.T) {
	var built [2][]byte
	for i := range built {
		dir := t.TempDir()
		for range 2 { // the second replaces the first
			if _, err := faultmodule.Compile(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "fault.so")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		built[i] = b
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := f.DynamicSymbols()
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		for _, s := range symbols {
			if s.Section != elf.SHN_UNDEF && s.Name != "C_GetFunctionList" {
				t.Errorf("%s is seen from outside", s.Name)
			}
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("two builds differ")
	}
}

// A process that is still at work while the module's folder is removed would leave the folder behind if it made a file there.
func TestMakesNoFiles(t *testing.T) {
	store, err := tokens.New(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Add(t.Context(), tokens.Token{Label: "t", PIN: "1234", SOPIN: "4321"}); err != nil {
		t.Fatal(err)
	}
	c, err := faultmodule.Compile(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m, err := c.Install(filepath.Join(dir, "m.so"), store.Module(), faultmodule.Tries(3))
	if err != nil {
		t.Fatal(err)
	}
	login := func(pin string) error {
		cmd := exec.CommandContext(t.Context(), "pkcs11-tool", "--module", m.Path(), "--login", "--pin", pin, "--list-objects")
		cmd.Env = append(cmd.Environ(), store.Env()...)
		return cmd.Run()
	}
	if err := login("0000"); err == nil || m.Tries() != 2 {
		t.Errorf("a wrong PIN: %v, %d tries are left", err, m.Tries())
	}
	if err := login("1234"); err != nil || m.Tries() != 3 {
		t.Errorf("the right PIN: %v, %d tries are left", err, m.Tries())
	}
	for _, written := range []string{".log", ".tries", ".so_tries"} {
		if err := os.Remove(m.Path() + written); err != nil {
			t.Fatal(err)
		}
	}
	if err := login("0000"); err == nil {
		t.Error("a wrong PIN is taken")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if want := []string{m.Path(), m.Path() + ".faults"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("the folder has %v instead of %v: %v", left, want, err)
	}
}
