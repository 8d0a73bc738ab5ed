// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/softhsm-fixtures/memscan"
	"zaver/softhsm-fixtures/pinentry"
)

// nobody is an ordinary user.
const nobody = 65534

// running are the processes of the program under test, workers of agents that have ended included.
func running(t *testing.T) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	var pids []int
	for _, file := range all {
		args, err := os.ReadFile(file)
		var pid int
		if _, scanErr := fmt.Sscanf(file, "/proc/%d/", &pid); err == nil && scanErr == nil && strings.HasPrefix(string(args), program+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// open makes a folder that every user may walk to, with all that is in it theirs.
func open(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		for up := dir; up != os.TempDir() && len(up) > 1; up = filepath.Dir(up) {
			must(t, os.Chmod(up, 0o755))
		}
		must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, nobody, nobody)
		}))
	}
}

// TestProcessesAreClosed: agent and workers of an ordinary user allow neither core dumps nor readers of the same user.
// The kernel gives the files of a process that closed itself to the superuser.
func TestProcessesAreClosed(t *testing.T) {
	user := &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}
	for _, door := range []string{"run", "native-host"} {
		t.Run(door, func(t *testing.T) {
			c := newComputer(t, door, someone(950_001))
			softhsm(c)
			must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{pinentry.Hang}}))
			open(t, filepath.Dir(program))
			c.user = user
			c.start()
			if door == "native-host" { // the other door answers its own user only, who is not that of the test
				c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
				c.shown("GETPIN", 1)
				if len(c.family()) < 2 {
					t.Fatal("no worker runs")
				}
			}
			for _, pid := range c.family() {
				closed(t, pid)
			}
		})
	}
	// The same of a process that has nothing to hide, so that the proof means something.
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	must(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := asNobody("dd", "if="+mem(cmd.Process.Pid), "of=/dev/null", "bs=1", "count=0"); err != nil {
		t.Errorf("an open process is closed, too: %v", err)
	}
}

func mem(pid int) string { return fmt.Sprintf("/proc/%d/mem", pid) }

func asNobody(argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func closed(t *testing.T, pid int) {
	t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	must(t, err)
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok && !strings.HasPrefix(strings.Join(strings.Fields(rest), " "), "0 0") {
			t.Errorf("process %d may leave a core: %s", pid, line)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	if !bytes.Contains(status, []byte(fmt.Sprintf("Uid:\t%d", nobody))) {
		t.Errorf("process %d is not the ordinary user's", pid)
	}
	info, err := os.Stat(mem(pid))
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		t.Errorf("process %d can be dumped: its memory belongs to user %d", pid, owner)
	}
	if err := asNobody("dd", "if="+mem(pid), "of=/dev/null", "bs=1", "count=0"); err == nil {
		t.Errorf("the same user reads the memory of process %d", pid)
	}
}

// TestCrashLeavesNothing kills an agent that has a PIN in the way in which programs leave a core, and in the way in which Go programs tell what
// they were doing: neither core nor log has it.
func TestCrashLeavesNothing(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGQUIT} {
		t.Run(signal.String(), func(t *testing.T) {
			c := newComputer(t, "run", someone(960_001))
			made, secret := card(c)
			must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}))
			c.env = append(c.env, "GOTRACEBACK=crash")
			c.start()
			hanging := made.Hanging()
			made.Inject(hangAtVerify)
			c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
			<-hanging
			must(t, c.cmd.Process.Signal(signal))
			err := c.cmd.Wait()
			made.Release()
			state, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if err == nil || !ok || state.CoreDump() {
				t.Errorf("%v, core: %v", err, state.CoreDump())
			}
			<-time.After(promise)
			found, err := memscan.Files(c.dir, memscan.Forms(secret)) // it is the working folder, too
			must(t, err)
			for _, f := range found {
				t.Error(f)
			}
		})
	}
}
