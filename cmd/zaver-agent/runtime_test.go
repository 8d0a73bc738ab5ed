// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"zaver/cardreader/agent"
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
	open := t.TempDir() // as /tmp is
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	t.Chdir(runtime)
	if err := os.Mkdir("relative", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, missing := range []string{"", filepath.Join(runtime, "gone"), open, foreignFolder(t), "relative"} {
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

// foreignFolder is a folder of another user's.
func foreignFolder(t *testing.T) string {
	t.Helper()
	dir := "/"
	if os.Geteuid() == 0 {
		dir = t.TempDir()
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Where no turn can be taken because of a fault, nobody is told that another confirmation is open.
func TestTurnThatCannotBeTaken(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	release, err := turn()
	if err != nil {
		t.Fatal(err)
	}
	_, held := turn()
	release()
	if f, ok := errors.AsType[*boot.Failure](held); !ok || f.Exit != boot.ExitRunning {
		t.Errorf("held: %v", held)
	}
	if err := errors.Join(os.Remove(filepath.Join(runtime, "zaver-agent-turn.lock")), os.Mkdir(filepath.Join(runtime, "zaver-agent-turn.lock"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := turn(); agent.CodeOf(err) != agent.CodeInternal {
		t.Errorf("no file: %v", err)
	}
}
