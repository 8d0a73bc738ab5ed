// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// guarded refuses a path that anybody but root could lead elsewhere: the file, each folder above it, and the same where links lead. A folder with the
// sticky bit (/tmp) is taken: nobody there can move what is another's.
func guarded(path string, root int) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, each := range []string{path, real} {
		for p := each; ; p = filepath.Dir(p) {
			if err := own(p, root); err != nil {
				return err
			}
			if p == filepath.Dir(p) {
				break
			}
		}
	}
	return nil
}

func own(path string, root int) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(s.Uid) != root && s.Uid != 0 {
		return fmt.Errorf("%s is not root's", path)
	}
	open := info.Mode().Perm()&0o022 != 0
	if open && info.Mode()&fs.ModeSymlink == 0 && (!info.IsDir() || info.Mode()&fs.ModeSticky == 0) {
		return fmt.Errorf("%s can be changed by others: mode %04o", path, info.Mode().Perm())
	}
	return nil
}
