// SPDX-License-Identifier: Apache-2.0

package update

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const newPrefix = ".new-" // of files that have no name of their own yet

// WriteFile puts a whole file in the place of what is there, and has it on the disk before it returns.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, newPrefix+"*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write file: %w", err), os.Remove(f.Name()))
	}
	if err := SyncFolder(dir); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

// Sweep removes what writers that were killed left in a folder that nobody else writes into now.
func Sweep(dir string) error {
	return RemoveFiles(dir, func(name string) bool { return strings.HasPrefix(name, newPrefix) })
}

// RemoveFiles removes the plain files whose names are meant from a folder, and whatever else is no folder. One that isn't there is empty.
func RemoveFiles(dir string, meant func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !meant(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// FolderCode is the code of what failed in the state folder: CodeDisk when the disk is full or only to be read, else CodeState.
func FolderCode(err error) string {
	for _, disk := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		if errors.Is(err, disk) {
			return CodeDisk
		}
	}
	return CodeState
}
