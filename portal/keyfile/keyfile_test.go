// SPDX-License-Identifier: Apache-2.0

package keyfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestCreateAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "note.key")
	if _, err := Read(path, 8); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before it is there: %v", err)
	}
	if err := Create(path, []byte("12345678")); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, 8); err != nil || string(got) != "12345678" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Read(path, 7); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
	if err := Create(path, []byte("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, 8); !errors.Is(err, ErrExposed) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}

func TestCreateAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "note.key")
	var all sync.WaitGroup
	won := make(chan []byte, 16)
	for i := range cap(won) {
		all.Go(func() {
			mine := bytes.Repeat([]byte{byte('a' + i)}, 4096)
			if err := Create(path, mine); err == nil {
				won <- mine
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d won, want one", len(won))
	}
	if got, err := Read(path, 4096); err != nil || !bytes.Equal(got, <-won) {
		t.Errorf("the file is not the winner's: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
