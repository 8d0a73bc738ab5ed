// SPDX-License-Identifier: Apache-2.0

//go:build unix

package boot

import (
	"errors"
	"os"
	"syscall"
)

// openLock never follows a link: the folder may be everybody's.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
}

// lock takes the whole file, without waiting; held says that another process has it.
func lock(f *os.File) (held bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// unlock gives the file back at once. Closing alone doesn't as long as a child that was begun meanwhile has the descriptor, which it has until it
// becomes another program.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
