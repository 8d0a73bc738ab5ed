// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/softhsm-fixtures/fakepcscd"
)

// child runs this test binary as another process, which ends with its standard input.
func child(mode string) int {
	fail := func(err error) int {
		fmt.Println("failed:", err)
		return 1
	}
	switch mode {
	case "hold": // the service's connection of a program that has the card
		conn, err := net.Dial("unix", os.Getenv("PCSCLITE_CSOCK_NAME"))
		if err != nil {
			return fail(err)
		}
		defer conn.Close()
		fmt.Println("ready")
	case "verify": // a PIN on the keypad
		conn, err := service().Connect(context.Background(), "A")
		if err != nil {
			return fail(err)
		}
		defer conn.Close()
		e := verifyEntry()
		e.Max = 12
		answer, err := conn.VerifyOnPad(context.Background(), e)
		if err != nil {
			return fail(err)
		}
		fmt.Printf("%X\n", answer)
	case "session": // whatever the daemon answers, and then an honest one
		s, in := service(), bufio.NewReader(os.Stdin)
		for _, limit := range []time.Duration{hostileTime, patience} {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			for range s.Watch(ctx) {
				break
			}
			err := session(ctx, s)
			cancel()
			fmt.Printf("%q\n", code(err))
			if _, err := in.ReadString('\n'); err != nil {
				return 0
			}
		}
		return 0
	default:
		return 2
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// hostileTime bounds a session with a hostile daemon.
const hostileTime = time.Second

// program is this test binary under another name, as another program.
func program(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// spawn starts a child and returns its first line.
func spawn(t *testing.T, path, mode string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = append(os.Environ(), childVariable+"="+mode)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && line == "" {
		t.Fatalf("the child says nothing: %v", err)
	}
	return cmd, strings.TrimSpace(line)
}

// TestHolderIsNamed: a busy card names the programs that are connected.
func TestHolderIsNamed(t *testing.T) {
	holder := func(t *testing.T) string {
		t.Helper()
		_, err := service().Connect(t.Context(), "A")
		var e *card.Error
		if !errors.As(err, &e) || e.Reason != card.Busy {
			t.Fatalf("%v is not busy", err)
		}
		if e.Holder != "" && !strings.Contains(e.Error(), e.Holder) {
			t.Errorf("%q does not name %q", e, e.Holder)
		}
		return e.Holder
	}
	a := reader("A")
	serve(t, fakepcscd.Options{}, a)
	a.Insert(newToy())
	a.Hold(true)
	t.Run("nobody else", func(t *testing.T) {
		if got := holder(t); got != "" {
			t.Errorf("%q", got)
		}
	})
	t.Run("one", func(t *testing.T) {
		spawn(t, program(t, "scdaemon"), "hold")
		if got := holder(t); got != "scdaemon" {
			t.Errorf("%q", got)
		}
	})
	t.Run("two of three, in order", func(t *testing.T) {
		spawn(t, program(t, "scdaemon"), "hold")
		spawn(t, program(t, "opensc-tool"), "hold")
		spawn(t, program(t, "opensc-tool"), "hold")
		if got := holder(t); got != "opensc-tool, scdaemon" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a name that would disturb", func(t *testing.T) {
		spawn(t, program(t, "x\n<b>зл о"), "hold")
		if got := holder(t); got != "xb" {
			t.Errorf("%q", got)
		}
	})
	t.Run("four are three", func(t *testing.T) {
		for _, name := range []string{"d", "b", "c", "a"} {
			spawn(t, program(t, name), "hold")
		}
		if got := holder(t); got != "a, b, c" {
			t.Errorf("%q", got)
		}
	})
}

// TestPINIsNowhere: what is typed on a keypad is nowhere in the memory of the
// process that asked for it: not as text, not packed.
func TestPINIsNowhere(t *testing.T) {
	const digits = "739105826417"
	forms := map[string]string{
		"ascii":  digits,
		"utf-16": "7\x003\x009\x001\x000\x005\x008\x002\x006\x004\x001\x007\x00",
		"bcd":    "\x73\x91\x05\x82\x64\x17",
	}
	pad := fakepcscd.NewPad(fakepcscd.PadOptions{})
	a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Pad: pad})
	serve(t, fakepcscd.Options{}, a)
	toy := newToy()
	toy.block = "\x2C" + forms["bcd"] + "\xFF"
	a.Insert(toy)
	pad.Person(fakepcscd.Press{Digits: digits})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// This binary has the digits as a constant; a copy of it has them, too, so
	// they are searched in what the child has written, not in its program.
	cmd, answer := spawn(t, self, "verify")
	if answer != "9000" {
		t.Fatalf("answer %s", answer)
	}
	memory := writable(t, cmd.Process.Pid)
	if !strings.Contains(memory, "A\x00") || len(memory) < 1<<20 {
		t.Fatalf("%d bytes of memory read", len(memory))
	}
	for name, form := range forms {
		if strings.Contains(memory, form) {
			t.Errorf("the PIN is there as %s", name)
		}
	}
}

// writable reads a process's memory that it may write, of which its program's
// constants are no part.
func writable(t *testing.T, pid int) string {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var all strings.Builder
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") {
			continue
		}
		buf := make([]byte, min(to-from, 256<<20))
		n, _ := mem.ReadAt(buf, from)
		all.Write(buf[:n])
	}
	return all.String()
}
