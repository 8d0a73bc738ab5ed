// SPDX-License-Identifier: Apache-2.0

//go:build unix

package token

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// exposed returns ErrExposed unless the file at an absolute path without symbolic links, and every folder above it, belongs to this user or the
// system and can't be written by everybody. A folder such as /tmp, where everybody may write and change only what is their own, is none.
// What a group may write is the administrator's affair.
func exposed(path string) error {
	for at, file := path, true; ; at, file = filepath.Dir(at), false {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		held := !file && info.Mode()&os.ModeSticky != 0
		if writableByAll(info) && !held || !trusted(info) {
			return fmt.Errorf("%s: %w", at, ErrExposed)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func writableByAll(info os.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }

// trusted reports whether the owner of a file is this user or the system. In a container the system's files may belong to the number of
// those who have none there.
func trusted(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (s.Uid < firstPerson() || int(s.Uid) == os.Geteuid() || s.Uid == nobody && confined())
}

const nobody = 65534

// firstPerson is the least number of a person's account; those below are the system's own.
func firstPerson() uint32 {
	if runtime.GOOS == "darwin" {
		return 501
	}
	return 1000
}

// confined reports whether this process has its own numbers for users, in which the system's are missing.
func confined() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(b)), " ") != "0 0 4294967295"
}
