// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/agent/window"
)

// patience bounds waits for what must come, where the time that it takes is not the subject; stay is how long a good result is shown: longer than
// the person of the tests needs to read it.
const patience, stay = time.Minute, 20 * time.Second

// The size of the screen, in pixels.
const wide, high = 1000, 900

// desk is a screen of its own (Xvfb), a session bus with the accessibility service, and a person who reads and presses keys.
type desk struct {
	program string
	clock   string // the library of testdata/clock.c
	env     []string
	ends    []func()

	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

var seat *desk

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "zaver-window")
	if err != nil {
		panic(err)
	}
	code := 1
	if seat, err = sit(dir); err != nil {
		fmt.Fprintln(os.Stderr, err, "(Debian packages xvfb, dbus, at-spi2-core, gir1.2-atspi-2.0, gir1.2-gtk-3.0, python3-gi, xdotool)")
	} else {
		code = m.Run()
	}
	seat.leave()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// sit builds the program and starts the rest. What was started is in the desk also when it fails.
func sit(dir string) (*desk, error) {
	d := &desk{program: filepath.Join(dir, "zaver-window"), clock: filepath.Join(dir, "clock.so")}
	if b, err := exec.Command("go", "build", "-o", d.program, ".").CombinedOutput(); err != nil {
		return d, fmt.Errorf("build: %w: %s", err, b)
	}
	if b, err := exec.Command("gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", d.clock, "testdata/clock.c").CombinedOutput(); err != nil {
		return d, fmt.Errorf("build: %w: %s", err, b)
	}
	display, err := d.start("Xvfb", []string{"-displayfd", "1", "-screen", "0", fmt.Sprintf("%dx%dx24", wide, high), "-nolisten", "tcp"}, nil)
	if err != nil {
		return d, err
	}
	d.env = []string{"DISPLAY=:" + display, "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "LANG=C.UTF-8", "PATH=/usr/bin:/bin"}
	bus, err := d.start("dbus-daemon", []string{"--session", "--nofork", "--print-address=1"}, d.env)
	if err != nil {
		return d, err
	}
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+bus)
	return d, d.person()
}

// start runs a program until leave, and returns the first line that it prints.
func (d *desk) start(name string, args, env []string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", name, err)
	}
	d.ends = append(d.ends, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s says nothing: %w", name, err)
	}
	return strings.TrimSpace(line), nil
}

func (d *desk) person() error {
	cmd := exec.Command("/usr/bin/python3", "testdata/person.py")
	cmd.Env, cmd.Stderr = d.env, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	d.ends = append(d.ends, func() { _ = in.Close(); _ = cmd.Wait() })
	d.in, d.out = in, bufio.NewReaderSize(out, 1<<20)
	return nil
}

func (d *desk) leave() {
	for i := len(d.ends) - 1; i >= 0; i-- {
		d.ends[i]()
	}
}

// ask gives the person a command and decodes the answer.
func (d *desk) ask(command map[string]string, answer any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := d.in.Write(append(b, '\n')); err != nil {
		return err
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	var got struct {
		OK    json.RawMessage `json:"ok"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(line, &got); err != nil {
		return err
	}
	if got.Error != "" {
		return errors.New(got.Error)
	}
	return json.Unmarshal(got.OK, answer)
}

// node is one thing that a screen reader finds.
type node struct {
	Role, Name, Description              string
	Sensitive, Focused, Checked, Showing bool
	Left, Top, Right, Bottom             int // on the screen, in pixels
}

// await reads the window until a node satisfies ok, and returns it.
func await(t *testing.T, what string, ok func(node) bool) node {
	t.Helper()
	tick, deadline := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer tick.Stop()
	var all []node
	for {
		// A node may go away while it is read: asked again.
		if err := seat.ask(map[string]string{"do": "tree"}, &all); err == nil {
			for _, n := range all {
				if ok(n) {
					return n
				}
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s never came; there is %+v", what, all)
		}
	}
}

func tree(t *testing.T) []node {
	t.Helper()
	var all []node
	if err := seat.ask(map[string]string{"do": "tree"}, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func press(t *testing.T, keys ...string) {
	t.Helper()
	for _, k := range keys {
		done := false
		if err := seat.ask(map[string]string{"do": "key", "key": k}, &done); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is an open window with a choice on the screen.
type shown struct {
	session *window.Session
	row     chan int
	err     chan error
}

// show opens the real program through the agent's own package.
func show(t *testing.T, f window.Form, rows []window.Row) *shown {
	t.Helper()
	return showWith(t, f, rows)
}

// showWith is show with more in the program's environment.
func showWith(t *testing.T, f window.Form, rows []window.Row, env ...string) *shown {
	t.Helper()
	return open(t, window.Config{Path: seat.program, Env: slices.Concat(seat.env, env)}, f, rows)
}

// open opens the window of a configuration, which it completes. The window is gone when the test ends: the next one must not meet it.
func open(t *testing.T, c window.Config, f window.Form, rows []window.Row) *shown {
	t.Helper()
	c.ReadyLimit, c.Stay = patience, stay
	p, err := window.Find(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Open(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	x := &shown{session: s, row: make(chan int, 1), err: make(chan error, 1)}
	t.Cleanup(func() {
		s.Close()
		<-s.Gone()
	})
	select {
	case <-s.Shown():
	case <-s.Done():
		t.Fatal(s.Err())
	}
	if rows != nil {
		go func() {
			n, err := s.Choose(context.WithoutCancel(t.Context()), rows)
			if err != nil {
				x.err <- err
				return
			}
			x.row <- n
		}()
	}
	return x
}

func (x *shown) chosen(t *testing.T) int {
	t.Helper()
	select {
	case n := <-x.row:
		return n
	case err := <-x.err:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("nothing was chosen")
	}
	return -1
}

func (x *shown) cancelled(t *testing.T) {
	t.Helper()
	select {
	case <-x.session.Done():
		if !errors.Is(x.session.Err(), window.ErrCancelled) {
			t.Errorf("ended with %v", x.session.Err())
		}
	case <-time.After(patience):
		t.Fatal("not cancelled")
	}
}
