// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
	"zaver/softhsm-fixtures/tsl"
)

// Variables by which this test binary runs as the parent that is killed.
const (
	orphanVariable  = "ZAVER_STAGE_ORPHAN"
	programVariable = "ZAVER_STAGE_PROGRAMS"
)

// programs is the folder with the built programs, for all tests.
var programs string

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanVariable); dir != "" {
		beKilled(dir)
		return
	}
	dir, err := os.MkdirTemp("", "zaver-programs-")
	if err != nil {
		panic(err)
	}
	programs = dir
	if out, err := exec.Command("go", "build", "-o", dir+"/", "zaver/cmd/zaver-portal", "zaver/cmd/zaver-agent", "zaver/softhsm-fixtures/pinentry/cmd/fake-pinentry").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the programs: %v: %s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func config(dir string) Config {
	return Config{Dir: dir, Programs: programs, Scripted: []string{filepath.Join(programs, "fake-pinentry")}}
}

// folder is one that every user can walk to, unlike those of testing.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zaver-stage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// processes are the living ones whose command line has the words.
func processes(words string) []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		b, err := os.ReadFile(f)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err == nil && pid != os.Getpid() && bytes.Contains(b, []byte(words)) {
			found = append(found, pid)
		}
	}
	return found
}

// gone waits until no process has the words in its command line.
func gone(t *testing.T, words string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		left := processes(words)
		if len(left) == 0 {
			return
		}
		select {
		case <-look.C:
		case <-late.C:
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", left[0]))
			t.Fatalf("processes %v are left (%s): %q", left, words, b)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	w, err := Start(t.Context(), config(""))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(processes(w.Dir)); n < 3 { // portal, database, agent
		t.Errorf("%d processes run in %s", n, w.Dir)
	}
	if err := errors.Join(w.Agent.Kill(), w.Portal.Kill()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Portal.Start(t.Context()), w.Agent.Start(t.Context())); err != nil {
		t.Fatalf("started again after SIGKILL: %v", err)
	}
	// A killed portal leaves its database behind; the end finds that too.
	if err := w.Portal.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	gone(t, w.Dir)
	if _, err := os.Stat(w.Dir); err == nil {
		t.Errorf("folder %s is left", w.Dir)
	}
}

func TestKeptFolderSurvivesAndIsOnesOwn(t *testing.T) {
	dir := folder(t)
	cfg := config(dir)
	// Certificates carry the PKI's address, so the ports are the test's own over both worlds.
	first, unlock, err := ports.Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
	cfg.Ports = Ports{Portal: first, Inbox: first + 1, PKI: first + 2, Agent: first + 3}
	serials := func() (string, *World) {
		t.Helper()
		w, err := Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		token, err := w.Token(t.Context(), people.TokenHolder(), pki.Good, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, chain, err := w.cardKey(people.CardHolder(), pki.Good)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x %x", token.DER, chain[0]), w
	}
	made, w := serials()
	if _, err := Start(t.Context(), cfg); !errors.Is(err, ErrTaken) {
		t.Errorf("a second world in the same folder: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again, w := serials()
	if made != again {
		t.Error("token or card are others after a restart")
	}
	// The list of centres goes on, too: the portal takes the new one for newer than that of before.
	if v := w.Centres.List().Version; v != tsl.FirstVersion+1 {
		t.Errorf("after a restart list %d is published", v)
	}
	if code, err := w.RefreshCentres(t.Context()); code != "" || err != nil {
		t.Errorf("the list of after the restart: %q, %v", code, err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	gone(t, dir)
}

func TestTakenPortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	cfg := config("")
	cfg.Ports = Ports{Portal: port, Inbox: 1, PKI: 2, Agent: 3}
	w := &World{cfg: cfg, ports: cfg.Ports}
	if err := w.takePorts(t.Context()); !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), strconv.Itoa(port)+" of the portal") {
		t.Errorf("error %v", err)
	}
}

// TestChildrenDieWithTheParent kills the process that started a world.
func TestChildrenDieWithTheParent(t *testing.T) {
	dir := folder(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), orphanVariable+"="+dir, programVariable+"="+programs)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent says %q: %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	gone(t, dir)
	gone(t, strings.TrimSpace(line)) // the card daemon
}

// beKilled starts a world, says where its card daemon lives, and waits for its death.
func beKilled(dir string) {
	programs = os.Getenv(programVariable)
	w, err := Start(context.Background(), config(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(filepath.Dir(filepath.Dir(w.Pcscd.Socket())))
	select {}
}
