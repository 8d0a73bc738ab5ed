// SPDX-License-Identifier: Apache-2.0

//go:build unix

package token

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A driver is given the PIN: one that another user of the computer could exchange is not asked, wherever it is named.
func TestExposedModules(t *testing.T) {
	for _, c := range []struct {
		name          string
		file, folder  os.FileMode
		above         os.FileMode
		linked        bool
		wantedExposed bool
	}{
		{"ordinary", 0o644, 0o755, 0o755, false, false},
		{"a group may write", 0o664, 0o775, 0o775, false, false},
		{"everybody may write the file", 0o646, 0o755, 0o755, false, true},
		{"everybody may write the folder", 0o644, 0o757, 0o755, false, true},
		{"everybody may write a folder above", 0o644, 0o755, 0o777, false, true},
		{"a folder like /tmp", 0o644, 0o777 | os.ModeSticky, 0o755, false, false},
		{"a link to an exposed file", 0o646, 0o755, 0o755, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(root, "above", "folder", "driver.so")
			write(t, path, "")
			for name, mode := range map[string]os.FileMode{path: c.file, filepath.Dir(path): c.folder, filepath.Dir(filepath.Dir(path)): c.above} {
				if err := os.Chmod(name, mode); err != nil {
					t.Fatal(err)
				}
			}
			named := path
			if c.linked {
				named = filepath.Join(root, "link.so")
				if err := os.Symlink(path, named); err != nil {
					t.Fatal(err)
				}
			}
			write(t, filepath.Join(root, "registry", "a.module"), "module: "+named)
			for from, cfg := range map[string]Config{
				"user": {Modules: []string{named}}, "registry": {P11Kit: true, RegistryDirs: []string{filepath.Join(root, "registry")}},
			} {
				h := &Host{cfg: cfg}
				found, problems := h.discover()
				if got := len(found) == 0; got != c.wantedExposed {
					t.Errorf("named by the %s: %d modules", from, len(found))
				}
				if c.wantedExposed && (len(problems) != 1 || problems[0].Code != CodeModule || !errors.Is(problems[0].Err, ErrExposed)) {
					t.Errorf("named by the %s: problems %v", from, problems)
				}
			}
		})
	}
}

// A registry that everybody may change names no drivers.
func TestExposedRegistry(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	driver, registry := filepath.Join(root, "driver.so"), filepath.Join(root, "registry")
	write(t, driver, "")
	write(t, filepath.Join(registry, "a.module"), "module: "+driver)
	h := &Host{cfg: Config{P11Kit: true, RegistryDirs: []string{registry}}}
	if found, _ := h.discover(); len(found) != 1 {
		t.Fatalf("%d modules", len(found))
	}
	if err := os.Chmod(filepath.Join(registry, "a.module"), 0o666); err != nil {
		t.Fatal(err)
	}
	if found, _ := h.discover(); len(found) != 0 {
		t.Errorf("a file that everybody may change was believed")
	}
}

// Another user's file is no driver of ours, whoever may write it.
func TestTrustedOwner(t *testing.T) {
	for path, want := range map[string]bool{"/": true, t.TempDir(): true} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := trusted(info); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if os.Geteuid() != 0 {
		return // only the system can give a file away
	}
	given := filepath.Join(t.TempDir(), "driver.so")
	write(t, given, "")
	if err := os.Chown(given, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if err := exposed(given); !errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), given) {
		t.Errorf("got %v", err)
	}
}
