// SPDX-License-Identifier: Apache-2.0

package pinentry_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/pinentry"
	fake "zaver/softhsm-fixtures/pinentry"
)

var fakeProgram string

// patience bounds waits for what must come, where the time that it takes is not the subject.
const patience = time.Minute

// limit is how long the person may take over an answer of the script: what hangs is given up soon, and nothing else.
func limit(answer string) time.Duration {
	if answer == fake.Hang {
		return 4 * time.Second // until then the program has written down what it was asked
	}
	return patience
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pinentry")
	if err != nil {
		panic(err)
	}
	if fakeProgram, err = fake.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// scripted has everybody take their time over a question.
func scripted(t *testing.T, s fake.Script) (*pinentry.Program, *fake.Pinentry) {
	t.Helper()
	return timed(t, s, fake.Later())
}

func timed(t *testing.T, s fake.Script, now func() time.Time) (*pinentry.Program, *fake.Pinentry) {
	t.Helper()
	f, err := fake.New(t.TempDir(), fakeProgram, s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pinentry.Find(pinentry.Config{Argv: f.Hurried(), Env: os.Environ(), AnswerLimit: patience, GraceLimit: 200 * time.Millisecond, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return p, f
}

func TestConfirm(t *testing.T) {
	question := pinentry.Dialog{Title: "Завер", Text: "Код: 1234\n100% верно", OK: "Подписать", Cancel: "Отказаться", NotOK: "Другой"}
	for _, c := range []struct {
		answer string
		want   pinentry.Answer
		err    error
	}{
		{answer: fake.OK, want: pinentry.Yes},
		{answer: fake.Cancel, want: pinentry.No},
		{answer: fake.Other, want: pinentry.Other},
		{answer: fake.Timeout, err: pinentry.ErrTimeout},
		{answer: fake.Crash, err: pinentry.ErrBroken},
		{answer: fake.Hang, err: pinentry.ErrBroken},
		{answer: fake.Garbage, err: pinentry.ErrBroken},
	} {
		t.Run(c.answer, func(t *testing.T) {
			t.Parallel()
			p, f := scripted(t, fake.Script{Confirm: []string{c.answer}})
			question := question
			question.Timeout = limit(c.answer)
			got, err := p.Confirm(t.Context(), question)
			if got != c.want || !errors.Is(err, c.err) {
				t.Fatalf("got %v, %v", got, err)
			}
			shown, err := f.Shown()
			if err != nil {
				t.Fatal(err)
			}
			want := []fake.Shown{{Command: "CONFIRM", Title: question.Title, Text: question.Text, OK: question.OK,
				Cancel: question.Cancel, NotOK: question.NotOK, Timeout: strconv.Itoa(int(question.Timeout / time.Second)), Answer: c.answer}}
			if d := cmp.Diff(want, shown); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("second button without a third", func(t *testing.T) {
		p, _ := scripted(t, fake.Script{Confirm: []string{fake.Other}})
		q := question
		q.NotOK = ""
		if got, err := p.Confirm(t.Context(), q); got != pinentry.No || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestPIN(t *testing.T) {
	for _, c := range []struct {
		name, answer, want string
		err                error
	}{
		{name: "digits", answer: "12345678", want: "12345678"},
		{name: "escaped", answer: "1%2 ж\n", want: "1%2 ж\n"},
		{name: "empty", answer: "", want: ""},
		{name: "too long", answer: strings.Repeat("1", 256), err: pinentry.ErrBroken},
		{name: "cancel", answer: fake.Cancel, err: pinentry.ErrCancelled},
		{name: "timeout", answer: fake.Timeout, err: pinentry.ErrTimeout},
		{name: "crash", answer: fake.Crash, err: pinentry.ErrBroken},
		{name: "hang", answer: fake.Hang, err: pinentry.ErrBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, f := scripted(t, fake.Script{PIN: []string{c.answer}})
			got, err := p.PIN(t.Context(), pinentry.Dialog{Text: "ПИН", Prompt: "ПИН-код:", Timeout: limit(c.answer)})
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				defer got.Wipe()
				_ = got.Use(func(b []byte) error {
					if string(b) != c.want {
						t.Errorf("got %d bytes, want %q", len(b), c.want)
					}
					return nil
				})
			}
			files, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Argv()[2]), "*.shown"))
			for _, name := range files {
				if b, _ := os.ReadFile(name); len(c.want) > 3 && strings.Contains(string(b), c.want) {
					t.Error("the transcript holds the PIN")
				}
			}
		})
	}
}

// The caller's context ends a dialog at once, and nothing of the process is left.
func TestContextEndsDialog(t *testing.T) {
	p, f := scripted(t, fake.Script{Confirm: []string{fake.Hang}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.Confirm(ctx, pinentry.Dialog{Text: "x", Timeout: time.Minute})
		done <- err
	}()
	awaitShown(t, f, 1)
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(patience / 2): // the dialog's own limit is a minute
		t.Fatal("dialog outlives its context")
	}
	if out, err := exec.Command("pgrep", "-f", f.Argv()[2]).Output(); err == nil {
		t.Errorf("process left: %s", out)
	}
}

func awaitShown(t *testing.T, f *fake.Pinentry, n int) {
	t.Helper()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		if shown, err := f.Shown(); err == nil && len(shown) >= n {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("dialog was not shown")
		}
	}
}

func TestTooLongText(t *testing.T) {
	p, _ := scripted(t, fake.Script{Confirm: []string{fake.OK}})
	if _, err := p.Confirm(t.Context(), pinentry.Dialog{Text: strings.Repeat("ж", 600)}); !errors.Is(err, pinentry.ErrBroken) {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"pinentry-qt", "pinentry-curses", "pinentry-tty"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	for _, c := range []struct {
		name string
		cfg  pinentry.Config
		want string
	}{
		{"display", pinentry.Config{Env: []string{"DISPLAY=:0", "TERM=xterm"}, TTY: "/dev/pts/1"}, "pinentry-qt"},
		{"wayland", pinentry.Config{Env: []string{"WAYLAND_DISPLAY=wayland-0"}}, "pinentry-qt"},
		{"terminal", pinentry.Config{Env: []string{"TERM=xterm"}, TTY: "/dev/pts/1"}, "pinentry-curses"},
		{"dumb terminal", pinentry.Config{Env: []string{"TERM=dumb"}, TTY: "/dev/pts/1"}, "pinentry-tty"},
		{"configured", pinentry.Config{Argv: []string{filepath.Join(bin, "pinentry-tty")}, Env: []string{"DISPLAY=:0"}}, "pinentry-tty"},
		{"nowhere", pinentry.Config{Env: []string{"TERM=xterm"}}, ""},
		{"configured but missing", pinentry.Config{Argv: []string{"/nonexistent/pinentry"}, Env: []string{"DISPLAY=:0"}}, ""},
	} {
		p, err := pinentry.Find(c.cfg)
		switch {
		case c.want == "" && !errors.Is(err, pinentry.ErrBroken):
			t.Errorf("%s: got %v", c.name, err)
		case c.want != "" && (err != nil || filepath.Base(p.Path()) != c.want):
			t.Errorf("%s: got %v, %v", c.name, p, err)
		}
	}
}
