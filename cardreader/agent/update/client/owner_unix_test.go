// SPDX-License-Identifier: Apache-2.0

//go:build unix

package client_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// A package that somebody else could still change is none that was checked: it is fetched anew, into a file of one's own.
func TestDownloadTrustsOwnFilesAlone(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"that all may write":     func(path string) error { return os.Chmod(path, 0o666) },
		"that a group may write": func(path string) error { return os.Chmod(path, 0o664) },
		"of another user": func(path string) error {
			if os.Geteuid() != 0 {
				return os.Chmod(path, 0o606)
			}
			return os.Chown(path, 12345, -1)
		},
		"behind a link": func(path string) error {
			moved := path + ".moved"
			return errors.Join(os.Rename(path, moved), os.Symlink(moved, path))
		},
		"in the place of which a pipe is": func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path, err := w.download()
			w.must(err)
			w.must(damage(path))
			w.m.Asked()
			_, err = w.download()
			w.must(err)
			if asked := w.m.Asked(); !strings.HasPrefix(asked[len(asked)-1], "targets/") {
				t.Errorf("asked for %v alone", asked)
			}
			info, err := os.Lstat(path)
			w.must(err)
			if info.Mode() != 0o644 || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
				t.Errorf("%v", info.Mode())
			}
		})
	}
}
