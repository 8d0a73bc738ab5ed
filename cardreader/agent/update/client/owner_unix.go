// SPDX-License-Identifier: Apache-2.0

//go:build unix

package client

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownAlone refuses a folder that is another user's or that others may look into.
func ownAlone(dir string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is open to others: mode %04o", dir, info.Mode().Perm())
	}
	return nil
}

// ownFile reports whether the file is this user's, and nobody else may write it.
func ownFile(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// openPlain opens what is no link, and does not wait for who would write into a pipe.
func openPlain(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
