// SPDX-License-Identifier: Apache-2.0

package pinentry_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zaver/cardreader/agent/pinentry"
	fake "zaver/softhsm-fixtures/pinentry"
)

// terminal is a pseudo terminal: its name, and the person's side of it.
type terminal struct {
	name string
	side *os.File
	seen chan string
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	side, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = side.Close() })
	raw, err := side.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n uint32
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed != nil {
			return
		}
		if n, failed = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN); failed != nil {
			return
		}
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	term := &terminal{name: fmt.Sprintf("/dev/pts/%d", n), side: side, seen: make(chan string, 1024)}
	// Keeps the terminal open while pinentry opens and closes it.
	keep, err := os.OpenFile(term.name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keep.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := side.Read(buf)
			if err != nil {
				close(term.seen)
				return
			}
			term.seen <- string(buf[:n])
		}
	}()
	return term
}

// await reads the terminal until it shows want, and returns all that was shown.
func (x *terminal) await(t *testing.T, want string) string {
	t.Helper()
	var all bytes.Buffer
	deadline := time.After(patience)
	for !strings.Contains(all.String(), want) {
		select {
		case s := <-x.seen:
			all.WriteString(s)
		case <-deadline:
			t.Fatalf("terminal never showed %q; it shows %q", want, all.String())
		}
	}
	return all.String()
}

func (x *terminal) typeKeys(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.side.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// leaveLineEnds has the terminal hand Enter over as it is.
func (x *terminal) leaveLineEnds(t *testing.T) {
	t.Helper()
	tty, err := os.OpenFile(x.name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tty.Close() }()
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Iflag &^= unix.ICRNL
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
}

func realPinentry(t *testing.T, name string, x *terminal, now func() time.Time) *pinentry.Program {
	t.Helper()
	// A C locale outside: the texts must still come out in Russian.
	p, err := pinentry.Find(pinentry.Config{Argv: []string{name}, TTY: x.name, Env: []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm", "LANG=C"},
		GraceLimit: patience, Now: now}) // who is late on a slow machine says so all the same
	if err != nil {
		t.Fatalf("%v (Debian packages pinentry-tty, pinentry-curses)", err)
	}
	return p
}

// The real pinentry-tty in a real terminal: Russian text, three buttons, a PIN, a time limit.
func TestRealTTY(t *testing.T) {
	x := openTerminal(t)
	p := realPinentry(t, "pinentry-tty", x, fake.Later())
	question := pinentry.Dialog{Title: "Завер", Text: "Портал: Демо\nКонтрольный код: 1234", OK: "Подписать", Cancel: "Отказаться",
		NotOK: "Другой сертификат", Timeout: 2 * patience}
	for _, c := range []struct {
		key  string
		want pinentry.Answer
	}{{"1", pinentry.Yes}, {"2", pinentry.No}, {"3", pinentry.Other}} {
		got := make(chan pinentry.Answer, 1)
		go func() {
			a, err := p.Confirm(t.Context(), question)
			if err != nil {
				t.Error(err)
			}
			got <- a
		}()
		shown := x.await(t, "]? ")
		for _, part := range []string{"Контрольный код: 1234", "Подписать", "Отказаться", "Другой сертификат"} {
			if !strings.Contains(shown, part) {
				t.Errorf("%q is not shown in %q", part, shown)
			}
		}
		x.typeKeys(t, c.key)
		if a := <-got; a != c.want {
			t.Errorf("key %s: got %v", c.key, a)
		}
	}
	typePIN(t, x, p)
	if _, err := p.PIN(t.Context(), pinentry.Dialog{Text: "ПИН", Prompt: "ПИН-код:", Timeout: time.Second}); err == nil || err.Error() != pinentry.ErrTimeout.Error() {
		t.Errorf("nobody typed: %v", err)
	}
}

func TestRealCurses(t *testing.T) {
	x := openTerminal(t)
	p := realPinentry(t, "pinentry-curses", x, fake.Later())
	typePIN(t, x, p)
	done := make(chan pinentry.Answer, 1)
	go func() {
		a, err := p.Confirm(t.Context(), pinentry.Dialog{Text: "Контрольный код: 1234", OK: "Подписать", Cancel: "Отказаться", Timeout: 2 * patience})
		if err != nil {
			t.Error(err)
		}
		done <- a
	}()
	x.await(t, "1234")
	x.typeKeys(t, "\t\r") // to the second button
	if a := <-done; a != pinentry.No {
		t.Errorf("got %v", a)
	}
}

func typePIN(t *testing.T, x *terminal, p *pinentry.Program) {
	t.Helper()
	done := make(chan string, 1)
	go func() {
		got, err := p.PIN(t.Context(), pinentry.Dialog{Text: "Введите ПИН-код токена", Error: "Неверный ПИН-код.", Prompt: "ПИН-код:",
			OK: "Ввести", Cancel: "Отказаться", Timeout: 2 * patience})
		if err != nil {
			t.Error(err)
			done <- ""
			return
		}
		defer got.Wipe()
		_ = got.Use(func(b []byte) error { done <- string(b); return nil })
	}()
	shown := x.await(t, "ПИН-код:")
	x.typeKeys(t, "48151623\r")
	if got := <-done; got != "48151623" {
		t.Errorf("got %q", got)
	}
	if strings.Contains(shown, "48151623") {
		t.Error("the PIN was shown")
	}
}
