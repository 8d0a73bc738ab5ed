// SPDX-License-Identifier: Apache-2.0

package pinentry_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/softhsm-fixtures/pinentry"
)

// talk plays one process: the lines sent, the lines answered.
func talk(t *testing.T, p *pinentry.Pinentry, lines ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code := pinentry.Play(p.Argv()[2], true, strings.NewReader(strings.Join(lines, "\n")+"\n"), &out)
	return out.String(), code
}

func TestPlay(t *testing.T) {
	p, err := pinentry.New(t.TempDir(), "unused", pinentry.Script{Confirm: []string{pinentry.OK, pinentry.Other, pinentry.Cancel}, PIN: []string{"12%34", pinentry.Crash}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lines, want string }{
		{"OPTION ttyname=/dev/pts/1\nSETDESC Код: 1234%0A100%25\nCONFIRM\nBYE", "OK Pleased to meet you\nOK\nOK\nOK\nOK closing connection\n"},
		{"CONFIRM", "OK Pleased to meet you\nERR 83886194 Not confirmed\n"},
		{"CONFIRM\nCONFIRM", "OK Pleased to meet you\nERR 83886179 Operation cancelled\nERR 83886179 Operation cancelled\n"},
		{"SETERROR Нет\nGETPIN", "OK Pleased to meet you\nOK\nD 12%2534\nOK\n"},
		{"FROB", "OK Pleased to meet you\nERR 83886355 Unknown IPC command\n"},
		{"GETINFO flavor", "OK Pleased to meet you\nD scripted\nOK\n"},
	} {
		if got, code := talk(t, p, strings.Split(c.lines, "\n")...); got != c.want || code != 0 {
			t.Errorf("%q: got %q, exit %d", c.lines, got, code)
		}
	}
	if got, code := talk(t, p, "GETPIN"); code == 0 || strings.HasSuffix(got, "\n") {
		t.Errorf("crash: got %q, exit %d", got, code)
	}
	shown, err := p.Shown()
	if err != nil {
		t.Fatal(err)
	}
	want := []pinentry.Shown{{Command: "CONFIRM", Text: "Код: 1234\n100%", Answer: "ok"}, {Command: "CONFIRM", Answer: "notok"},
		{Command: "CONFIRM", Answer: "cancel"}, {Command: "CONFIRM", Answer: "cancel"}, {Command: "GETPIN", Error: "Нет", Answer: "pin"}, {Command: "GETPIN", Answer: "crash"}}
	if d := cmp.Diff(want, shown); d != "" {
		t.Error(d)
	}
	if err := p.Write(pinentry.Script{PIN: []string{"1"}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := talk(t, p, "GETPIN"); !strings.Contains(got, "D 1\n") {
		t.Errorf("a new script starts anew: %q", got)
	}
	if err := p.Forget(); err != nil {
		t.Fatal(err)
	}
	if shown, err := p.Shown(); err != nil || len(shown) != 0 {
		t.Errorf("forgotten: %v, %v", shown, err)
	}
}

// A program that is still at work while its folder is removed would leave the folder behind if it made a file there.
func TestPlayMakesNoFiles(t *testing.T) {
	dir := t.TempDir()
	p, err := pinentry.New(dir, "unused", pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{"1"}})
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
		_, _ = talk(t, p, "CONFIRM", "MESSAGE", "GETPIN")
		if _, err := os.Lstat(filepath.Join(dir, f.Name())); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there again: %v", f.Name(), err)
		}
	}
}

// A held dialog goes on when it is released.
func TestHold(t *testing.T) {
	p, err := pinentry.New(t.TempDir(), "unused", pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK)}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		out, _ := talk(t, p, "CONFIRM")
		done <- out
	}()
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "OK Pleased to meet you\nOK\n" {
		t.Errorf("got %q", got)
	}
}
