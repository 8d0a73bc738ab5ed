// SPDX-License-Identifier: Apache-2.0

package boot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"zaver/cmd/internal/boot"
)

// A child between fork and exec has all descriptors of its parent: a lock that was given back meanwhile is free all the same.
func TestReleaseBesideAChild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := boot.OneInstance(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(copied(t, path))
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := boot.OneInstance(path)
	if err != nil {
		t.Fatalf("not given back: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// copied finds the descriptor of a file that is open here, and copies it as a fork does.
func copied(t *testing.T, path string) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range open {
		var fd int
		if name, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err != nil || name != path {
			continue
		}
		if _, err := fmt.Sscan(e.Name(), &fd); err != nil {
			t.Fatal(err)
		}
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		return copied
	}
	t.Fatalf("%s is not open", path)
	return -1
}
