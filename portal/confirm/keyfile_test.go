// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"zaver/portal/confirm"
)

func TestKeyFileIsMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "statement.key")
	var wait sync.WaitGroup
	keys := make([]confirm.Key, 8)
	for i := range keys {
		wait.Go(func() {
			var err error
			if keys[i], err = confirm.LoadOrCreateKey(path, "portal.example"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, k := range keys {
		if k.Public == "" || k.Public != keys[0].Public {
			t.Fatalf("several keys: %q and %q", keys[0].Public, k.Public)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestKeyFileRefusals(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if _, err := confirm.LoadOrCreateKey(good, "portal.example"); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	if _, err := confirm.LoadOrCreateKey(other, "portal.example"); err != nil {
		t.Fatal(err)
	}
	read := func(path string) []string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
	a, b := read(good), read(other)
	for name, text := range map[string]string{
		"empty": "", "private half only": a[0] + "\n", "keys of two pairs": a[0] + "\n" + b[1] + "\n",
		"swapped": a[1] + "\n" + a[0] + "\n", "three lines": strings.Join(a, "\n") + "\nx\n", "long": strings.Repeat("x", 10_000),
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := confirm.LoadOrCreateKey(path, "portal.example")
		if !errors.Is(err, confirm.ErrKeyFile) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(a[0]) > 0 && strings.Contains(err.Error(), a[0]) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
	if err := os.Chmod(good, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := confirm.LoadOrCreateKey(good, "portal.example"); !errors.Is(err, confirm.ErrKeyFile) {
		t.Errorf("readable by others: %v", err)
	}
}
