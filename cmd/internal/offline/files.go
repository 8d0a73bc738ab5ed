// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expand gives the files that a name means: itself, what a pattern matches, or
// what lies in a folder (hidden files and deeper folders left out), in the order
// of names. A folder may be empty; a pattern that matches nothing is a mistake.
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
	return out, nil
}

// read reads a whole file, bounded.
func read(option, name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return nil, usagef("%s: %s is a folder", option, name)
	}
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
