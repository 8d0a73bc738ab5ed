// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/update"
	"zaver/softhsm-fixtures/mirror"
)

// updatable is an agent as a package installs it, with the program that fetches updates beside it, and a mirror.
type updatable struct {
	t      *testing.T
	m      *mirror.Mirror
	dir    string
	config string
	env    []string
}

func newUpdatable(t *testing.T) *updatable {
	t.Helper()
	dir := t.TempDir()
	m, err := mirror.Start(mirror.Config{Dir: t.TempDir(), Now: time.Now, Plain: true})
	must(t, err)
	t.Cleanup(m.Close)
	must(t, m.Release("1.2.0", "program", update.Notes{Russian: "Быстрее.", English: "Faster."}))
	u := &updatable{t: t, m: m, dir: dir, config: filepath.Join(dir, "agent.json")}
	for _, name := range []string{"zaver-agent", "zaver-update"} {
		out, err := exec.Command("go", "build", "-ldflags", "-X main.release=1.1.0", "-o", filepath.Join(dir, name), "zaver/cmd/"+name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "root.json"), m.Root(), 0o600))
	u.configure(m.URL())
	u.env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"), "LC_ALL=C.UTF-8")
	return u
}

func (u *updatable) configure(url string) {
	u.t.Helper()
	b, err := json.Marshal(map[string]any{"updates": map[string]string{"url": url, "root": filepath.Join(u.dir, "root.json")}})
	must(u.t, err)
	must(u.t, os.WriteFile(u.config, b, 0o600))
}

// does runs the agent and returns what it printed and its exit code.
func (u *updatable) does(args ...string) (string, int) {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), filepath.Join(u.dir, "zaver-agent"), append([]string{"--config", u.config, "update"}, args...)...)
	cmd.Env = u.env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (u *updatable) expect(exit int, want string, args ...string) {
	u.t.Helper()
	out, got := u.does(args...)
	if got != exit || !strings.Contains(out, want) {
		u.t.Errorf("update %v: exit %d, want %d with %q:\n%s", args, got, exit, want, out)
	}
}

func TestUpdates(t *testing.T) {
	u := newUpdatable(t)
	u.expect(update.ExitNewer, "Version 1.2.0", "check")
	u.expect(update.ExitNewer, "Вышла версия 1.2.0", "check", "--lang", "ru")
	u.expect(update.ExitNewer, `"newest": "1.2.0"`, "check", "--json")
	u.expect(0, "zaver-agent-1.2.0-1.x86_64.rpm", "download", "--kind", "rpm", "--dir", u.dir)
	if b, err := os.ReadFile(filepath.Join(u.dir, "zaver-agent-1.2.0-1.x86_64.rpm")); err != nil || string(b) != "program as zaver-agent-1.2.0-1.x86_64.rpm" {
		t.Errorf("fetched %q, %v", b, err)
	}
	t.Run("older over restarts", func(t *testing.T) {
		old, err := u.m.Save()
		must(t, err)
		must(t, u.m.Release("1.3.0", "program", update.Notes{}))
		u.expect(update.ExitNewer, "1.3.0", "check")
		u.m.Replay(old)
		defer u.m.Honest()
		u.expect(update.ExitRefused, update.CodeRollback, "check")
		u.expect(update.ExitRefused, update.CodeRollback, "download")
	})
	t.Run("tampered", func(t *testing.T) {
		u.m.Set(mirror.Package, mirror.Tamper)
		defer u.m.Honest()
		u.expect(update.ExitRefused, update.CodePackage, "download")
	})
	t.Run("install asks for more than an open folder", func(t *testing.T) {
		code, exit := update.CodeExposed, 1
		if os.Geteuid() != 0 {
			code, exit = update.CodeNotRoot, update.ExitNotRoot
		}
		must(t, os.Chmod(u.dir, 0o777))
		u.expect(exit, code, "install")
	})
	t.Run("wrong command lines", func(t *testing.T) {
		for _, args := range [][]string{{}, {"remove"}, {"check", "now"}, {"download", "--kind", "msi"}, {"check", "--lang", "fr"}} {
			u.expect(2, "", args...)
		}
	})
	t.Run("doctor tells what was seen", func(t *testing.T) {
		cmd := exec.Command(filepath.Join(u.dir, "zaver-agent"), "--config", u.config, "doctor", "--json")
		cmd.Env = u.env
		out, _ := cmd.Output() // faults of this machine are not our business here
		if !bytes.Contains(out, []byte("doctor.update.newer")) {
			t.Errorf("doctor said:\n%s", out)
		}
	})
	t.Run("no updates in this build", func(t *testing.T) {
		u.configure("")
		u.expect(update.ExitNone, update.CodeNone, "check")
		u.expect(update.ExitNone, `"code": "update.none"`, "check", "--json")
		u.expect(update.ExitNone, update.CodeNone, "install")
		u.configure(u.m.URL())
	})
	t.Run("the program is missing", func(t *testing.T) {
		must(t, os.Remove(filepath.Join(u.dir, "zaver-update")))
		u.expect(1, update.CodeProgram, "check")
	})
}

// An interrupted agent takes the program that it started with it, and nothing is left of the package.
func TestUpdateInterrupted(t *testing.T) {
	u := newUpdatable(t)
	u.m.Set(mirror.Package, mirror.Stall)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(u.dir, "zaver-agent"), "--config", u.config, "update", "download", "--dir", u.dir, "--kind", "deb")
	cmd.Env = u.env
	said, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	line := make([]byte, 1)
	_, err = said.Read(line) // it says what is out, and begins to fetch
	must(t, err)
	must(t, cmd.Process.Signal(os.Interrupt))
	var rest bytes.Buffer
	_, _ = rest.ReadFrom(said)
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted download counts as done")
	}
	if !strings.Contains(rest.String(), update.CodeInterrupted) {
		t.Errorf("said %s", rest.String())
	}
	if left, _ := filepath.Glob(filepath.Join(u.dir, "*.deb")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(u.dir, ".download-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
