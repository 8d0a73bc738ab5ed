// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/update"
	"zaver/cmd/internal/boot"
	"zaver/softhsm-fixtures/mirror"
)

// computer is one that updates: a mirror, a configuration, and a folder that stands for the system's.
type computer struct {
	t        *testing.T
	m        *mirror.Mirror
	sys      system
	state    string
	config   string
	root     string
	ran      [][]string // command lines of package managers
	ranEnv   []string
	failing  error // of package managers
	stdout   bytes.Buffer
	stderr   bytes.Buffer
	language string
}

var day = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newComputer(t *testing.T, managers ...string) *computer {
	t.Helper()
	x := &computer{t: t, state: filepath.Join(t.TempDir(), "updates"), language: "en"}
	now := func() time.Time { return day }
	m, err := mirror.Start(mirror.Config{Dir: t.TempDir(), Now: now})
	x.must(err)
	t.Cleanup(m.Close)
	x.m = m
	x.must(m.Release("1.2.0", "program", update.Notes{Russian: "Быстрее.", English: "Faster."}))
	dir := t.TempDir()
	x.must(os.Chmod(dir, 0o755))
	x.config, x.root = filepath.Join(dir, "agent.json"), filepath.Join(dir, "root.json")
	x.must(os.WriteFile(x.config, []byte("{}"), 0o644))
	x.must(os.WriteFile(x.root, m.Root(), 0o644))
	prefix := t.TempDir()
	for _, path := range managers {
		x.must(os.MkdirAll(filepath.Join(prefix, filepath.Dir(path)), 0o755))
		x.must(os.WriteFile(filepath.Join(prefix, path), nil, 0o755))
	}
	x.sys = system{user: os.Geteuid(), admin: os.Geteuid(), prefix: prefix, installed: "1.1.0", os: "linux", arch: "amd64", home: t.TempDir(),
		env: func(string) string { return "" }, transport: m.Transport(), now: now,
		execute: func(argv, env []string, _ io.Writer) error {
			x.ran, x.ranEnv = append(x.ran, argv), env
			return x.failing
		}}
	return x
}

var debian = []string{"/usr/bin/apt-get", "/etc/debian_version"}

func (x *computer) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// does runs a command and returns its exit code.
func (x *computer) does(args ...string) int {
	x.t.Helper()
	x.stdout.Reset()
	x.stderr.Reset()
	args = append(args, "-url", x.m.URL(), "-root", x.root, "-state", x.state, "-config", x.config, "-lang", x.language)
	return boot.Report(io.Discard, program, run(x.t.Context(), x.sys, args, &x.stdout, &x.stderr))
}

func (x *computer) answers(args ...string) (update.Answer, int) {
	x.t.Helper()
	exit := x.does(append(args, "-json")...)
	var a update.Answer
	if err := json.Unmarshal(x.stdout.Bytes(), &a); err != nil || a.Format != update.Format {
		x.t.Fatalf("no answer: %v\n%s%s", err, x.stdout.String(), x.stderr.String())
	}
	return a, exit
}

func (x *computer) says(want string) {
	x.t.Helper()
	if said := x.stdout.String() + x.stderr.String(); !strings.Contains(said, want) {
		x.t.Errorf("said\n%s\nwithout %q", said, want)
	}
}

func TestCheck(t *testing.T) {
	x := newComputer(t, debian...)
	if exit := x.does("check"); exit != update.ExitNewer {
		t.Errorf("exit %d\n%s", exit, x.stderr.String())
	}
	x.says("Version 1.2.0 of 2026-11-22 is out; 1.1.0 is installed.\nFaster.\n")
	x.says("sudo zaver-agent update install")
	x.language = "ru"
	if exit := x.does("check"); exit != update.ExitNewer {
		t.Errorf("exit %d", exit)
	}
	x.says("Вышла версия 1.2.0 от 2026-11-22; установлена 1.1.0.\nБыстрее.\n")
	a, exit := x.answers("check")
	if exit != update.ExitNewer || !a.Newer || a.Newest != "1.2.0" || a.Installed != "1.1.0" || a.Notes.English != "Faster." || !a.Checked.Equal(day) || !a.Expires.Equal(day.AddDate(0, 0, 7)) || a.Code != "" {
		t.Errorf("exit %d: %+v", exit, a)
	}
	x.sys.installed, x.language = "1.2.0", "en"
	if exit := x.does("check"); exit != 0 {
		t.Errorf("exit %d", exit)
	}
	x.says("There is no newer version: 1.2.0 is installed, the publisher has 1.2.0.")
}

// Every failure has an exit code, says its code, and says in both languages what to do.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name, command, code string
		exit                int
		damage              func(x *computer)
	}{
		{"tampered metadata", "check", update.CodeSignature, 11, func(x *computer) { x.m.Set("timestamp", mirror.Tamper) }},
		{"tampered package", "download", update.CodePackage, 11, func(x *computer) { x.m.Set(mirror.Package, mirror.Tamper) }},
		{"server away", "check", update.CodeUnreachable, 12, func(x *computer) { x.m.Set("timestamp", mirror.Fail) }},
		{"package cut", "download", update.CodeCut, 12, func(x *computer) { x.m.Set(mirror.Package, mirror.Cut) }},
		{"expired", "check", update.CodeExpired, 11, func(x *computer) { x.sys.now = func() time.Time { return day.AddDate(0, 0, 30) } }},
		{"clock behind", "check", update.CodeClock, 1, func(x *computer) { x.sys.now = func() time.Time { return day.AddDate(-1, 0, 0) } }},
		{"no version", "check", update.CodeVersion, 13, func(x *computer) { x.sys.installed = "" }},
		{"no root", "check", update.CodeRoot, 3, func(x *computer) { x.must(os.Remove(x.root)) }},
		{"wrong root", "check", update.CodeRoot, 3, func(x *computer) { x.must(os.WriteFile(x.root, []byte("{}"), 0o644)) }},
		{"open state folder", "check", update.CodeState, 1, func(x *computer) { x.must(os.MkdirAll(x.state, 0o700)); x.must(os.Chmod(x.state, 0o755)) }},
		{"another is at work", "check", update.CodeBusy, 4, func(x *computer) {
			x.must(os.MkdirAll(x.state, 0o700))
			free, err := boot.OneInstance(filepath.Join(x.state, "lock"))
			x.must(err)
			x.t.Cleanup(func() { _ = free() })
		}},
		{"nothing newer to download", "download", update.CodeCurrent, 1, func(x *computer) { x.sys.installed = "1.2.0" }},
		{"older to install", "install", update.CodeCurrent, 1, func(x *computer) { x.sys.installed = "1.3.0" }},
		{"another system", "check", update.CodePlatform, 1, func(x *computer) { x.sys.arch = "riscv64" }},
		{"no administrator", "install", update.CodeNotRoot, 14, func(x *computer) { x.sys.admin = x.sys.user + 1 }},
		{"no package manager", "install", update.CodeInstaller, 1, func(x *computer) { x.sys.prefix = x.t.TempDir() }},
		{"configuration open to others", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(x.config, 0o666)) }},
		{"root open to others", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(x.root, 0o664)) }},
		{"folder of the root open to others", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(filepath.Dir(x.root), 0o777)) }},
		{"folder above the state open to others", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(filepath.Dir(x.state), 0o777)) }},
		{"a link to an open folder", "install", update.CodeExposed, 1, func(x *computer) {
			open := x.t.TempDir()
			x.must(os.Chmod(open, 0o777))
			x.must(os.Rename(x.root, filepath.Join(open, "root.json")))
			x.must(os.Symlink(filepath.Join(open, "root.json"), x.root))
		}},
		{"links over an open folder", "install", update.CodeExposed, 1, func(x *computer) {
			open, moved := x.t.TempDir(), filepath.Join(filepath.Dir(x.root), "moved.json")
			x.must(os.Chmod(open, 0o777))
			x.must(os.Rename(x.root, moved))
			x.must(os.Symlink(moved, filepath.Join(open, "link")))
			x.must(os.Symlink(filepath.Join(open, "link"), x.root))
		}},
		{"links in a circle", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Remove(x.root)); x.must(os.Symlink("root.json", x.root)) }},
		{"the configuration has gone", "install", update.CodeExposed, 1, func(x *computer) { x.must(os.Remove(x.config)) }},
		{"the administrator checks with a configuration open to others", "check", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(x.config, 0o666)) }},
		{"the administrator checks with a root open to others", "check", update.CodeExposed, 1, func(x *computer) { x.must(os.Chmod(filepath.Dir(x.root), 0o777)) }},
		{"the administrator downloads by way of an open folder", "download", update.CodeExposed, 1, func(x *computer) {
			x.must(os.Chmod(filepath.Dir(x.state), 0o777))
			x.state = filepath.Join(filepath.Dir(x.state), "not", "there", "updates")
		}},
		{"package manager fails", "install", update.CodeInstall, 1, func(x *computer) { x.failing = errors.New("dpkg was interrupted") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t, debian...)
			c.damage(x)
			a, exit := x.answers(c.command)
			if a.Code != c.code || exit != c.exit {
				t.Errorf("got %s, exit %d, want %s, exit %d: %s", a.Code, exit, c.code, c.exit, a.Detail)
			}
			if c.code != update.CodeInstall && len(x.ran) > 0 {
				t.Errorf("ran %v", x.ran)
			}
			x.language = "ru"
			if again := x.does(c.command); again != c.exit {
				t.Errorf("without JSON: exit %d", again)
			}
			x.says(c.code)
			x.says("-> ")
			left, _ := filepath.Glob(filepath.Join(x.state, "packages", "*"))
			if c.code != update.CodeInstall && len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestDownload(t *testing.T) {
	for _, c := range []struct {
		name     string
		managers []string
		kind     string
		file     string
		command  []string
	}{
		{"apt-get", debian, "", "zaver-agent_1.2.0-1_amd64.deb", []string{"apt-get", "install"}},
		{"dnf", []string{"/usr/bin/dnf"}, "", "zaver-agent-1.2.0-1.x86_64.rpm", []string{"dnf", "install"}},
		{"zypper", []string{"/usr/bin/zypper"}, "", "zaver-agent-1.2.0-1.x86_64.rpm", []string{"zypper", "install", "--allow-unsigned-rpm"}},
		{"apt-get on a system of rpm", []string{"/usr/bin/apt-get", "/usr/bin/dnf"}, "", "zaver-agent-1.2.0-1.x86_64.rpm", []string{"dnf", "install"}},
		{"none", nil, "", "zaver-agent_1.2.0-1_amd64.deb", nil},
		{"another kind by wish", debian, "rpm", "zaver-agent-1.2.0-1.x86_64.rpm", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t, c.managers...)
			dir := filepath.Join(t.TempDir(), "it's a folder")
			x.must(os.Mkdir(dir, 0o755))
			args := []string{"download", "-dir", dir}
			if c.kind != "" {
				args = append(args, "-kind", c.kind)
			}
			a, exit := x.answers(args...)
			want := c.command
			if want != nil {
				want = append(slices.Clone(want), filepath.Join(dir, c.file))
			}
			if exit != 0 || a.File != filepath.Join(dir, c.file) || cmp.Diff(want, a.Command) != "" {
				t.Errorf("exit %d: %+v", exit, a)
			}
			if b, err := os.ReadFile(a.File); err != nil || string(b) != "program as "+c.file {
				t.Errorf("fetched %q, %v", b, err)
			}
			if exit := x.does(args...); exit != 0 {
				t.Errorf("exit %d", exit)
			}
			x.says(a.File)
			if want != nil {
				x.says(`it'\''s a folder`)
			}
		})
	}
	t.Run("left by others", func(t *testing.T) {
		x := newComputer(t, debian...)
		own := filepath.Join(x.state, "packages")
		x.must(os.MkdirAll(own, 0o700))
		for _, name := range []string{".download-1", "zaver-agent_1.1.5-1_amd64.deb", "notes.txt"} {
			x.must(os.WriteFile(filepath.Join(own, name), []byte("x"), 0o600))
		}
		if exit := x.does("download"); exit != 0 {
			t.Fatalf("exit %d: %s", exit, x.stderr.String())
		}
		var names []string
		entries, err := os.ReadDir(own)
		x.must(err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if diff := cmp.Diff([]string{"notes.txt", "zaver-agent_1.2.0-1_amd64.deb"}, names); diff != "" {
			t.Errorf("in the folder (-want +got):\n%s", diff)
		}
	})
	t.Run("progress", func(t *testing.T) {
		x := newComputer(t, debian...)
		x.does("download")
		x.says("100 %")
		x.says("Faster.")
		if info, err := os.Stat(filepath.Join(x.state, "packages")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("folder of packages: %v, %v", info, err)
		}
	})
}

// What was checked must still be that when it is installed: nobody else may exchange it in the folder that a person names. Root's package is as safe
// as what else root's updates rest on: no folder on the way may be another's.
func TestDownloadFolder(t *testing.T) {
	for _, c := range []struct {
		name       string
		dir, above os.FileMode // modes of the folder, and of the one above
		person     string      // code for an ordinary user; empty: taken
		root       string      // and for root
	}{
		{"one's own", 0o755, 0o755, "", ""},
		{"closed to others", 0o700, 0o700, "", ""},
		{"where anybody may exchange it", 0o777, 0o755, update.CodeDisk, update.CodeExposed},
		{"like /tmp", 0o777 | os.ModeSticky, 0o755, "", ""},
		{"where a group may exchange it", 0o775, 0o755, "", update.CodeExposed},
		{"below one where anybody may exchange it", 0o755, 0o777, "", update.CodeExposed},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t, debian...)
			above := t.TempDir()
			dir := filepath.Join(above, "dir")
			x.must(errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, c.dir), os.Chmod(above, c.above)))
			for admin, code := range map[int]string{x.sys.user: c.root, x.sys.user + 1: c.person} {
				x.sys.admin = admin
				a, _ := x.answers("download", "-dir", dir)
				if a.Code != code {
					t.Errorf("administrator %v: got %s, want %s: %s", admin == x.sys.user, a.Code, code, a.Detail)
				}
				left, err := os.ReadDir(dir)
				if x.must(err); (len(left) == 0) != (code != "") {
					t.Errorf("administrator %v: the folder holds %v", admin == x.sys.user, left)
				}
				x.must(os.RemoveAll(filepath.Join(dir, "zaver-agent_1.2.0-1_amd64.deb")))
			}
		})
	}
	t.Run("that isn't there", func(t *testing.T) {
		x := newComputer(t, debian...)
		if a, exit := x.answers("download", "-dir", filepath.Join(t.TempDir(), "none")); a.Code != update.CodeDisk || exit != 1 {
			t.Errorf("got %s, exit %d", a.Code, exit)
		}
	})
	t.Run("another person's", func(t *testing.T) {
		for user, want := range map[int]bool{os.Geteuid(): false, os.Geteuid() + 1: os.Geteuid() != 0} {
			if got := shared(t.TempDir(), user); got != want {
				t.Errorf("user %d: %v", user, got)
			}
		}
		if os.Geteuid() == 0 {
			dir := t.TempDir()
			if err := os.Chown(dir, 12345, -1); err != nil || !shared(dir, 54321) || shared(dir, 12345) || !shared(dir, 0) {
				t.Errorf("a person's folder: %v", err)
			}
		}
	})
}

func TestInstall(t *testing.T) {
	for _, c := range []struct {
		name     string
		managers []string
		program  string
		own      []string
		file     string
	}{
		{"apt-get", debian, "/usr/bin/apt-get", []string{"install", "--yes", "--no-remove", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"}, "zaver-agent_1.2.0-1_amd64.deb"},
		{"dnf", []string{"/usr/bin/dnf"}, "/usr/bin/dnf", []string{"install", "--assumeyes"}, "zaver-agent-1.2.0-1.x86_64.rpm"},
		{"zypper", []string{"/usr/bin/zypper"}, "/usr/bin/zypper", []string{"--non-interactive", "install", "--allow-unsigned-rpm"}, "zaver-agent-1.2.0-1.x86_64.rpm"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t, c.managers...)
			a, exit := x.answers("install", "-dir", t.TempDir(), "-kind", "rpm") // neither counts here
			if exit != 0 || a.Newest != "1.2.0" || a.Installed != "1.2.0" || a.Newer || a.Code != "" {
				t.Fatalf("exit %d: %+v", exit, a)
			}
			path := filepath.Join(x.state, "packages", c.file)
			want := [][]string{append(append([]string{filepath.Join(x.sys.prefix, c.program)}, c.own...), path)}
			if diff := cmp.Diff(want, x.ran); diff != "" {
				t.Errorf("ran (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(installEnv, x.ranEnv); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the package is left: %v", err)
			}
		})
	}
}

func TestWrongLine(t *testing.T) {
	x := newComputer(t)
	for _, args := range [][]string{{}, {"remove"}, {"check", "-colour", "red"}, {"check", "more"}, {"download", "-kind", "msi"}, {"-json"}} {
		err := run(t.Context(), x.sys, args, &x.stdout, &x.stderr)
		var f *boot.Failure
		if !errors.As(err, &f) || f.Exit != boot.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
	if err := run(t.Context(), x.sys, []string{"check"}, &x.stdout, &x.stderr); boot.Report(io.Discard, program, err) != update.ExitNone {
		t.Errorf("without an address: %v", err)
	}
	x.says(update.CodeNone)
}

// Without -state the folder is the user's own, or the administrator's.
func TestStateFolder(t *testing.T) {
	x := newComputer(t, debian...)
	x.state, x.sys.admin = "", x.sys.user+1
	if exit := x.does("check"); exit != update.ExitNewer {
		t.Fatalf("exit %d: %s", exit, x.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(x.sys.home, ".local/state/zaver/updates/trusted.json")); err != nil {
		t.Error(err)
	}
	x.sys.home = ""
	if a, _ := x.answers("check"); a.Code != update.CodeState {
		t.Errorf("got %s", a.Code)
	}
}
