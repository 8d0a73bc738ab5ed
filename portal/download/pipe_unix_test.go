// SPDX-License-Identifier: Apache-2.0

//go:build unix

package download

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe with a package's name, into which nobody writes, keeps neither the portal from starting nor a request for ever.
func TestPipe(t *testing.T) {
	const name = "zaver-agent_1.0-1_amd64.deb"
	t.Run("at the start", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("later", func(t *testing.T) {
		dir := folder(t, map[string]string{name: "abc"})
		s, path := shelf(t, dir), filepath.Join(dir, name)
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Take(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("got %v", err)
		}
	})
}
