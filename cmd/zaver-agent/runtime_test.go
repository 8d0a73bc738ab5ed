// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"zaver/cmd/internal/boot"
)

// The turn is taken in a folder of this person's: a lock in everybody's folder could be made by another user first.
func TestRuntimeFile(t *testing.T) {
	runtime, home := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	if got, want := runtimeFile("a.lock"), filepath.Join(runtime, "a.lock"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, missing := range []string{"", filepath.Join(runtime, "gone")} {
		t.Setenv("XDG_RUNTIME_DIR", missing)
		session := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
		want := filepath.Join(home, ".cache", "zaver", "a.lock")
		if info, err := os.Stat(session); err == nil && info.IsDir() {
			want = filepath.Join(session, "a.lock")
		}
		if got := runtimeFile("a.lock"); got != want {
			t.Errorf("XDG_RUNTIME_DIR=%q: got %s, want %s", missing, got, want)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	release, err := boot.OneInstance(runtimeFile("b.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
