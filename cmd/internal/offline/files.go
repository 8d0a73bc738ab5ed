// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// block is one DER value of a file and where it came from.
type block struct {
	DER  []byte
	Type string // PEM type, empty for plain DER
	From string // file, and the block's number where there are several
}

// expand gives the files that a name means: itself, what a pattern matches, or
// what lies in a folder (hidden files and deeper folders left out), in the order
// of names.
func expand(option string, names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		files, err := expandOne(option, name)
		if err != nil {
			return nil, err
		}
		if out = append(out, files...); len(out) > MaxFiles {
			return nil, usagef("%s: more than %d files", option, MaxFiles)
		}
	}
	return out, nil
}

func expandOne(option, name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return folder(option, name)
	case err == nil:
		return []string{name}, nil
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, "*?["):
		return nil, usagef("%s: %v", option, err)
	}
	matches, err := filepath.Glob(name)
	if err != nil {
		return nil, usagef("%s: pattern %q: %v", option, name, err)
	}
	matches = slices.DeleteFunc(matches, func(m string) bool {
		info, err := os.Stat(m)
		return err != nil || info.IsDir()
	})
	if len(matches) == 0 {
		return nil, usagef("%s: no file matches %q", option, name)
	}
	return matches, nil
}

func folder(option, name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, usagef("%s: %v", option, err)
	}
	var out []string
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(name, e.Name()))
		if err == nil && info.Mode().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, filepath.Join(name, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, usagef("%s: no file in %s", option, name)
	}
	return out, nil
}

// read reads a whole file, bounded.
func read(option, name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("%s: %v", option, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return nil, usagef("%s: %v", option, err)
	case len(b) > MaxFile:
		return nil, usagef("%s: %s is larger than %d MiB", option, name, MaxFile>>20)
	}
	return b, nil
}

var pemBegin = []byte("-----BEGIN ")

// blocks splits a file into its DER values: PEM blocks with any text between
// them, or the bytes as they are. A broken block is an error, never skipped.
func blocks(name string, b []byte) ([]block, error) {
	if !bytes.Contains(b, pemBegin) || len(b) > 0 && b[0] == 0x30 && !bytes.HasPrefix(b, pemBegin) {
		return []block{{DER: b, From: name}}, nil
	}
	want := bytes.Count(b, pemBegin)
	var out []block
	for p, rest := pem.Decode(b); p != nil; p, rest = pem.Decode(rest) {
		out = append(out, block{DER: p.Bytes, Type: p.Type, From: name})
	}
	if len(out) != want {
		return nil, usagef("%s: %d of %d PEM blocks cannot be read", name, want-len(out), want)
	}
	if len(out) > 1 {
		for i := range out {
			out[i].From = fmt.Sprintf("%s (block %d)", name, i+1)
		}
	}
	return out, nil
}

// load reads all that an option names, split into DER values.
func load(option string, names []string) ([]block, error) {
	files, err := expand(option, names)
	if err != nil {
		return nil, err
	}
	var out []block
	for _, name := range files {
		b, err := read(option, name)
		if err != nil {
			return nil, err
		}
		list, err := blocks(name, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", option, err)
		}
		out = append(out, list...)
	}
	return out, nil
}
