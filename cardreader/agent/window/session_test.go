// SPDX-License-Identifier: Apache-2.0

package window_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zaver/cardreader/agent/window"
	"zaver/softhsm-fixtures/windowplay"
)

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "window")
	if err != nil {
		panic(err)
	}
	if program, err = windowplay.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// patience bounds waits for what must come, where the time that it takes is not the subject.
const patience = time.Minute

// played finds the scripted program, which has time to be ready; one that never shows itself and one that does not go are given up soon.
func played(t *testing.T, s windowplay.Script) (*window.Program, *windowplay.Window) {
	t.Helper()
	w, err := windowplay.New(t.TempDir(), program, s)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Config()
	c.ReadyLimit, c.Stay = patience, patience
	if s.AtShow == windowplay.Stall {
		c.ReadyLimit = time.Second
	}
	if s.AtResult == windowplay.Stall {
		c.Stay = time.Second
	}
	p, err := window.Find(c)
	if err != nil {
		t.Fatal(err)
	}
	return p, w
}

func open(t *testing.T, p *window.Program, ctx context.Context) *window.Session {
	t.Helper()
	s, err := p.Open(ctx, form())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		await(t, s.Gone(), "the process outlives its session")
	})
	return s
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(what)
	}
}

func index(n int) *int { return &n }

// What people and programs do when the choice is on the screen.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name   string
		script windowplay.Script
		row    int
		err    error
	}{
		{"signs with the chosen row", windowplay.Script{}, 0, nil},
		{"signs with another row", windowplay.Script{Row: index(1)}, 1, nil},
		{"declines", windowplay.Script{AtRows: windowplay.Cancel}, 0, window.ErrCancelled},
		{"declines before there is a choice", windowplay.Script{AtShow: windowplay.Cancel}, 0, window.ErrCancelled},
		{"no display", windowplay.Script{AtShow: windowplay.NoDisplay}, 0, window.ErrNotShown},
		{"dies at once", windowplay.Script{AtShow: windowplay.Die}, 0, window.ErrNotShown},
		{"never shows itself", windowplay.Script{AtShow: windowplay.Stall}, 0, window.ErrNotShown},
		{"warns instead of speaking", windowplay.Script{AtShow: windowplay.Garbage}, 0, window.ErrNotShown},
		{"dies with the choice", windowplay.Script{AtRows: windowplay.Die}, 0, window.ErrBroken},
		{"crashes in the middle of an answer", windowplay.Script{AtRows: windowplay.Crash}, 0, window.ErrBroken},
		{"lies: a grey row", windowplay.Script{Row: index(2)}, 0, window.ErrBroken},
		{"lies: a row that isn't there", windowplay.Script{Row: index(3)}, 0, window.ErrBroken},
		{"lies: a negative row", windowplay.Script{Row: index(-1)}, 0, window.ErrBroken},
		{"an event that isn't there", windowplay.Script{AtRows: windowplay.Unknown}, 0, window.ErrBroken},
		{"garbage", windowplay.Script{AtRows: windowplay.Garbage}, 0, window.ErrBroken},
		{"an endless line", windowplay.Script{AtRows: windowplay.Endless}, 0, window.ErrBroken},
		{"a flood", windowplay.Script{AtRows: windowplay.Flood}, 0, window.ErrBroken},
		{"closes without cancelling", windowplay.Script{AtRows: windowplay.Close}, 0, window.ErrBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := played(t, c.script)
			s := open(t, p, t.Context())
			row, err := s.Choose(t.Context(), rows())
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || row != c.row {
				t.Fatalf("got %d, %v", row, err)
			}
			if err != nil {
				await(t, s.Done(), "not done after a failure")
				if !errors.Is(s.Err(), c.err) {
					t.Errorf("Err is %v", s.Err())
				}
			}
		})
	}
}

// A window that signs twice has signed once, and is done away with.
func TestSecondChoice(t *testing.T) {
	p, _ := played(t, windowplay.Script{AtRows: windowplay.Twice})
	s := open(t, p, t.Context())
	await(t, s.Shown(), "not shown")
	if _, err := s.Choose(t.Context(), rows()); err != nil && !errors.Is(err, window.ErrBroken) {
		t.Errorf("got %v", err)
	}
	await(t, s.Done(), "a second choice was taken")
	if !errors.Is(s.Err(), window.ErrBroken) {
		t.Errorf("got %v", s.Err())
	}
}

// After the choice the person may still cancel.
func TestCancelLater(t *testing.T) {
	p, _ := played(t, windowplay.Script{AtProgress: windowplay.Cancel})
	s := open(t, p, t.Context())
	if _, err := s.Choose(t.Context(), rows()); err != nil {
		t.Fatal(err)
	}
	s.Tell(window.Progress{Text: "Введите ПИН-код"})
	await(t, s.Done(), "cancelling was not noticed")
	if !errors.Is(s.Err(), window.ErrCancelled) {
		t.Errorf("got %v", s.Err())
	}
}

// When it is too late to cancel, closing the window is fine.
func TestCloseWhileSending(t *testing.T) {
	p, _ := played(t, windowplay.Script{AtProgress: windowplay.Close})
	s := open(t, p, t.Context())
	if _, err := s.Choose(t.Context(), rows()); err != nil {
		t.Fatal(err)
	}
	s.Tell(window.Progress{Text: "Отправляю", Final: true})
	await(t, s.Done(), "closing was not noticed")
	if !errors.Is(s.Err(), window.ErrCancelled) {
		t.Errorf("got %v", s.Err())
	}
	s.Finish(window.Result{Tone: window.Good, Text: "Готово"}) // finds nobody
}

func TestMessagesInOrder(t *testing.T) {
	p, w := played(t, windowplay.Script{})
	s := open(t, p, t.Context())
	if _, err := s.Choose(t.Context(), rows()); err != nil {
		t.Fatal(err)
	}
	s.Tell(window.Progress{Text: "раз"})
	s.Tell(window.Progress{Text: "два", Final: true})
	s.Finish(window.Result{Tone: window.Good, Text: "Готово"})
	s.Close() // leaves a result alone
	await(t, s.Gone(), "the result was not closed")
	got, err := w.Shown()
	if err != nil {
		t.Fatal(err)
	}
	kinds := make([]string, 0, 5)
	for _, m := range got {
		switch {
		case m.Show != nil:
			kinds = append(kinds, "show")
		case m.Rows != nil:
			kinds = append(kinds, "rows")
		case m.Progress != nil:
			kinds = append(kinds, m.Progress.Text)
		case m.Result != nil:
			kinds = append(kinds, m.Result.Text)
			if m.Result.Stay != int(patience/time.Second) {
				t.Errorf("stays for %d s", m.Result.Stay)
			}
		}
	}
	if want := []string{"show", "rows", "раз", "два", "Готово"}; !slices.Equal(kinds, want) {
		t.Errorf("got %v", kinds)
	}
}

// The end of the context, and Close, end a window that asks.
func TestEnds(t *testing.T) {
	for _, how := range []string{"context", "Close"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p, _ := played(t, windowplay.Script{AtRows: windowplay.Wait})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := open(t, p, ctx)
			await(t, s.Shown(), "not shown")
			done := make(chan error, 1)
			go func() {
				_, err := s.Choose(context.Background(), rows())
				done <- err
			}()
			want := window.ErrBroken
			if how == "context" {
				want = context.Canceled
				cancel()
			} else {
				s.Close()
			}
			if err := <-done; !errors.Is(err, want) {
				t.Errorf("got %v", err)
			}
			await(t, s.Gone(), "the process stays")
		})
	}
	t.Run("context of Choose", func(t *testing.T) {
		t.Parallel()
		p, _ := played(t, windowplay.Script{AtRows: windowplay.Wait})
		s := open(t, p, t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Choose(ctx, rows()); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// A result that nobody closes, in a program that hangs, is ended from outside; one that another request finds is ended at once.
func TestResultGoes(t *testing.T) {
	t.Run("by itself", func(t *testing.T) {
		t.Parallel()
		p, _ := played(t, windowplay.Script{AtResult: windowplay.Stall})
		s := open(t, p, t.Context())
		await(t, s.Shown(), "not shown")
		s.Finish(window.Result{Tone: window.Good, Text: "Готово"})
		await(t, s.Gone(), "a hanging result stays")
	})
	t.Run("for another request", func(t *testing.T) {
		t.Parallel()
		p, _ := played(t, windowplay.Script{AtResult: windowplay.Wait})
		first := open(t, p, t.Context())
		await(t, first.Shown(), "not shown")
		first.Finish(window.Result{Tone: window.Bad, Text: "Отказ"})
		second := open(t, p, t.Context())
		await(t, first.Gone(), "two windows at once")
		await(t, second.Shown(), "the second is not shown")
	})
}

// Nothing wakes an agent for a window that is gone, however it went.
func TestNoTimerOutlivesTheWindow(t *testing.T) {
	for _, c := range []struct {
		name   string
		script windowplay.Script
		result bool
	}{
		{"closed with its result", windowplay.Script{}, true},
		{"crashed with its result", windowplay.Script{AtResult: windowplay.Crash}, true},
		{"cancelled", windowplay.Script{AtRows: windowplay.Cancel}, false},
		{"never shown", windowplay.Script{AtShow: windowplay.NoDisplay}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := played(t, c.script)
			s := open(t, p, t.Context())
			_, _ = s.Choose(t.Context(), rows())
			if c.result {
				s.Finish(window.Result{Tone: window.Bad, Text: "Отказ"})
			}
			await(t, s.Gone(), "the process stays")
			if n := s.Timers(); n != 0 {
				t.Errorf("%d timers are left", n)
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	display := []string{"DISPLAY=:0"}
	for name, c := range map[string]window.Config{
		"no display":      {Path: program, Env: []string{"DISPLAY=", "HOME=/"}},
		"no program":      {Path: filepath.Join(dir, "none"), Env: display},
		"no program file": {Path: dir, Env: display},
		"not executable":  {Path: plain, Env: display},
		"nowhere":         {Env: display},
	} {
		if _, err := window.Find(c); !errors.Is(err, window.ErrNotShown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, env := range []string{"DISPLAY=:0", "WAYLAND_DISPLAY=wayland-0"} {
		if p, err := window.Find(window.Config{Path: program, Env: []string{env}}); err != nil || p.Path() != program {
			t.Errorf("%s: %v", env, err)
		}
	}
	t.Run("too long a form", func(t *testing.T) {
		p, _ := played(t, windowplay.Script{})
		f := form()
		f.Heading = string(make([]rune, 5000))
		if _, err := p.Open(t.Context(), f); !errors.Is(err, window.ErrNotShown) {
			t.Errorf("got %v", err)
		}
	})
}
