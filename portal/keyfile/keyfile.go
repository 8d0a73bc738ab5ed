// SPDX-License-Identifier: Apache-2.0

// Package keyfile owns how a file with keys lies on the disk: there whole or not
// at all, once and for good, and for its owner's eyes alone.
//
// It knows nothing of what is in the file. Processes may call it at once: of
// several that create one file, one wins and the others are told.
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrExposed is wrapped by [Read] for a file that others than its owner may use.
var ErrExposed = errors.New("key file is open to others than its owner")

// ErrTooLarge is wrapped by [Read] for a file of more bytes than are allowed.
var ErrTooLarge = errors.New("key file is too large")

// Read returns the content of a file of at most limit bytes. Errors: fs.ErrNotExist
// where there is none, ErrExposed where its mode is wider than 0600, ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("stat key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("check key file %s (mode %v): %w", path, info.Mode().Perm(), ErrExposed)
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("read key file %s: %w", path, ErrTooLarge)
	}
	return raw, nil
}

// Create puts the whole file in place under its name with mode 0600, or fails with
// fs.ErrExist. A crash leaves either no file or a complete one, and what Create
// has put there outlasts a loss of power.
func Create(path string, raw []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("create key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // its other name stays
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return fmt.Errorf("place key file: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("sync key folder: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("sync key folder: %w", err)
	}
	return nil
}
