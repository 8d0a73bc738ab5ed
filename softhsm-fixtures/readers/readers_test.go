// SPDX-License-Identifier: Apache-2.0

package readers_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

func start(t *testing.T) *readers.Daemon {
	t.Helper()
	d, err := readers.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(d.Log())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// openscTool runs opensc-tool against the daemon.
func openscTool(t *testing.T, d *readers.Daemon, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "opensc-tool", args...)
	cmd.Env = append(os.Environ(), d.Env())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("opensc-tool %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// awaitCard asks until the tool sees a card in reader i: its own --wait hangs
// when the card is there already.
func awaitCard(t *testing.T, d *readers.Daemon, i int) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		for line := range strings.Lines(openscTool(t, d, "--list-readers")) {
			if strings.Contains(line, d.Reader(i)) && strings.Contains(line, "Yes") {
				return
			}
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("no card in reader %d", i)
		}
	}
}

func insertUEC(t *testing.T, d *readers.Daemon, i int) *uec.Card {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := uec.New(uec.Config{
		Key: key, PIN1: "1234", PIN2: "123456", KRP: "87654321", Holder: uec.Holder{SNILS: "11223344595"},
		First: time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), Last: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	slot := vpcd.NewSlot(d.Slot(i))
	if err := slot.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slot.Remove)
	return c
}

// TestOpenSCTool: a foreign program sees the readers, the card and its answers
// through the private daemon.
func TestOpenSCTool(t *testing.T) {
	d := start(t)
	for i := range readers.Slots {
		if out := openscTool(t, d, "--list-readers"); !strings.Contains(out, d.Reader(i)) {
			t.Errorf("reader %d is not in the list:\n%s", i, out)
		}
	}
	insertUEC(t, d, 0)
	awaitCard(t, d, 0)
	if out := openscTool(t, d, "--reader", "0", "--atr"); !strings.Contains(out, "3b:89:01:5a:41:56:45:52:2d:55:45:43:ac") {
		t.Errorf("ATR:\n%s", out)
	}
	out := openscTool(t, d, "--reader", "0", "--send-apdu", "00A404000AF05A415645525545430100", "--send-apdu", "00200002", "--send-apdu", "00A4040008A00000043290000100")
	for _, want := range []string{"SW1=0x90, SW2=0x00", "SW1=0x69, SW2=0x82", "SW1=0x6A, SW2=0x82", "ZAVERUEC"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the answers:\n%s", want, out)
		}
	}
}

// TestDriversApart: a card in one of many readers is in no other one, though all drivers are one file.
func TestDriversApart(t *testing.T) {
	if _, err := readers.StartMany(t.Context(), readers.MaxDrivers+1); err == nil {
		t.Error("more drivers than pcscd has room for")
	}
	d, err := readers.StartMany(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	names, slots := map[string]bool{}, map[string]bool{}
	for i := range d.Count() {
		names[d.Reader(i)], slots[d.Slot(i)] = true, true
	}
	if len(names) != 3*readers.Slots || len(slots) != len(names) {
		t.Fatalf("readers %v at %v", names, slots)
	}
	insertUEC(t, d, 3)
	awaitCard(t, d, 3)
	for line := range strings.Lines(openscTool(t, d, "--list-readers")) {
		for i := range d.Count() {
			if strings.Contains(line, d.Reader(i)) && strings.Contains(line, "Yes") != (i == 3) {
				t.Errorf("reader %d: %s", i, line)
			}
		}
	}
}

func TestKillAndRestart(t *testing.T) {
	d := start(t)
	insertUEC(t, d, 0)
	insertUEC(t, d, 1)
	awaitCard(t, d, 1)
	before := d.PID()
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	if d.PID() != 0 {
		t.Error("a killed daemon has a process id")
	}
	if err := syscall.Kill(before, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", before, err)
	}
	if err := d.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := openscTool(t, d, "--list-readers"); !strings.Contains(out, d.Reader(1)) {
		t.Errorf("after a restart:\n%s", out)
	}
	insertUEC(t, d, 0)
	awaitCard(t, d, 0)
	if out := openscTool(t, d, "--reader", "0", "--atr"); !strings.Contains(out, "3b:89") {
		t.Errorf("card after a restart:\n%s", out)
	}
}

// TestManyAtOnce: daemons do not get into each other's way, and leave nothing behind.
func TestManyAtOnce(t *testing.T) {
	const many = 4
	var (
		wg, running sync.WaitGroup // running: those that have not been seen to run, at once with the others
		mu          sync.Mutex
		all         = map[string]bool{}
	)
	running.Add(many)
	for range many {
		wg.Go(func() {
			d, err := readers.Start(t.Context())
			if err != nil {
				running.Done()
				t.Error(err)
				return
			}
			if out := openscTool(t, d, "--list-readers"); !strings.Contains(out, d.Reader(0)) {
				t.Errorf("list:\n%s", out)
			}
			mu.Lock()
			if all[d.Slot(0)] {
				t.Error("one port for two daemons")
			}
			all[d.Slot(0)] = true
			mu.Unlock()
			running.Done()
			running.Wait() // the ports of one that is closed are free for the next
			dir := filepath.Dir(filepath.Dir(d.Socket()))
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("%s was left behind: %v", dir, err)
			}
		})
	}
	wg.Wait()
}

// TestOrdinaryUser runs this test binary as nobody when root runs the tests.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		d := start(t)
		if out := openscTool(t, d, "--list-readers"); !strings.Contains(out, d.Reader(0)) {
			t.Errorf("list:\n%s", out)
		}
		return
	}
	const nobody = 65534
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The binary lies where only root may look.
	dir, err := os.MkdirTemp("", "nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "readers.test"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "readers.test"), "-test.run", "^TestOrdinaryUser$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "TMPDIR=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
}
