// SPDX-License-Identifier: Apache-2.0

package download

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func shelf(t *testing.T, dir string) *Shelf {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestOnlyPackagesAreOffered(t *testing.T) {
	s := shelf(t, folder(t, map[string]string{"zaver-agent_0.4.0-1_amd64.deb": "abc", "zaver-agent-0.4.0-1.x86_64.rpm": "r", "SHA256SUMS": "x",
		"zaver-agent.cdx.json": "{}", "zaver-agent_0.4.0-1_amd64.deb.part": "x", "other_1_amd64.deb": "x", "zaver-agent_1;reboot_amd64.deb": "x"}))
	got := s.Packages()
	if len(got) != 2 || got[0].Name != "zaver-agent_0.4.0-1_amd64.deb" || got[1].Name != "zaver-agent-0.4.0-1.x86_64.rpm" {
		t.Fatalf("got %+v", got)
	}
	deb, rpm := got[0], got[1]
	if deb.Kind != Deb || deb.Version != "0.4.0-1" || deb.Arch != "amd64" || deb.Size != 3 ||
		deb.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" { // FIPS 180-2 appendix B.1
		t.Errorf("got %+v", deb)
	}
	if rpm.Kind != RPM || rpm.Version != "0.4.0-1" || rpm.Arch != "x86_64" {
		t.Errorf("got %+v", rpm)
	}
	if deb.Command() != "sudo apt install ./zaver-agent_0.4.0-1_amd64.deb" || rpm.Command() != "sudo dnf install ./zaver-agent-0.4.0-1.x86_64.rpm" {
		t.Errorf("got %q, %q", deb.Command(), rpm.Command())
	}
}

func TestTake(t *testing.T) {
	dir := folder(t, map[string]string{"zaver-agent_1.0-1_amd64.deb": "abc", "secret": "s"})
	s := shelf(t, dir)
	p, f, err := s.Take("zaver-agent_1.0-1_amd64.deb")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "abc" || p.Size != 3 {
		t.Errorf("got %q, %+v, %v", b, p, err)
	}
	for _, name := range []string{"secret", "../secret", "", ".", "zaver-agent_2.0-1_amd64.deb", "/etc/passwd"} {
		if _, _, err := s.Take(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What was told of a package holds for what is handed out.
func TestChangedPackageIsKept(t *testing.T) {
	const name = "zaver-agent_1.0-1_amd64.deb"
	for what, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte("abcd"), 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
		"gone":    os.Remove,
	} {
		t.Run(what, func(t *testing.T) {
			dir := folder(t, map[string]string{name: "abc"})
			s := shelf(t, dir)
			if err := change(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Take(name); !errors.Is(err, ErrUnknown) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	many := map[string]string{}
	for n := range MaxPackages + 1 {
		many[fmt.Sprintf("zaver-agent_1.%d-1_amd64.deb", n)] = "x"
	}
	linked, sub := t.TempDir(), t.TempDir()
	if err := errors.Join(os.Symlink(outside, filepath.Join(linked, "zaver-agent_1.0-1_amd64.deb")),
		os.Mkdir(filepath.Join(sub, "zaver-agent_1.0-1_amd64.deb"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Join(t.TempDir(), "none"):                              "no such file",
		folder(t, map[string]string{"README": "x"}):                     "no package of the agent",
		folder(t, map[string]string{"zaver-agent_1.0-1_amd64.deb": ""}): "is empty",
		folder(t, many): "more than 32 packages",
		linked:          "escapes",
		sub:             "no regular file",
	} {
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", dir, err, want)
		}
	}
}

func TestNoShelf(t *testing.T) {
	var s *Shelf
	if _, _, err := s.Take("zaver-agent_1.0-1_amd64.deb"); s.Packages() != nil || !errors.Is(err, ErrUnknown) || s.Close() != nil {
		t.Errorf("got %v, %v", s.Packages(), err)
	}
}
