// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const maxLinks = 40 // on the way to a file, as the kernel has it

// guarded refuses a path that anybody but root could lead elsewhere: the file, and every folder and link on the way to it, wherever links lead. A
// folder with the sticky bit (/tmp) is taken: nobody there can move what is another's. A path that ends nowhere matches fs.ErrNotExist.
func guarded(path string, root int) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	at, rest, links := "/", steps(path), 0
	if _, err := own(at, root); err != nil {
		return err
	}
	for len(rest) > 0 {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		link, err := own(next, root)
		if err != nil {
			return err
		}
		if !link {
			at = next
			continue
		}
		to, err := os.Readlink(next)
		if err != nil {
			return err
		}
		if links++; links > maxLinks {
			return fmt.Errorf("%s: too many links", path)
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		rest = append(steps(to), rest...)
	}
	return nil
}

func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// guardedFolder is guarded for a folder that need not be there yet: what counts then is where it would be made.
func guardedFolder(dir string, root int) error {
	for {
		err := guarded(dir, root)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		if _, there := os.Lstat(dir); there == nil {
			return err // a link to nothing, which whoever makes that decides upon
		}
		dir = filepath.Dir(dir)
	}
}

// own looks at one step of a path and reports whether it is a link.
func own(path string, root int) (link bool, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return false, err
	}
	link = info.Mode()&fs.ModeSymlink != 0
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(s.Uid) != root && s.Uid != 0 {
		return link, fmt.Errorf("%s is not root's", path)
	}
	open := info.Mode().Perm()&0o022 != 0
	if open && !link && (!info.IsDir() || info.Mode()&fs.ModeSticky == 0) {
		return link, fmt.Errorf("%s can be changed by others: mode %04o", path, info.Mode().Perm())
	}
	return link, nil
}

// shared reports whether somebody besides the user and root may exchange the files in a folder: its owner, or anybody where all may write and no
// sticky bit keeps them from what is another's.
func shared(dir string, user int) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false // there is nothing to put anything into, which is said by who tries
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(s.Uid) != user && s.Uid != 0 || info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0
}
