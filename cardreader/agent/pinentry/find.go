// SPDX-License-Identifier: Apache-2.0

package pinentry

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// graphical and terminal are the programs to look for, best first. GNOME's comes late among the
// graphical ones: it has no third button.
var (
	graphical = []string{"pinentry-qt", "pinentry-qt6", "pinentry-qt5", "pinentry-gtk-2", "pinentry-fltk", "pinentry-gnome3"}
	terminal  = []string{"pinentry-curses", "pinentry-tty"}
)

// passed are the variables that a pinentry needs; nothing else of the agent's environment reaches it.
var passed = []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS",
	"HOME", "PATH", "LANG", "LANGUAGE", "TERM", "COLUMNS", "LINES", "QT_QPA_PLATFORM", "GTK_THEME"}

// Config says which pinentry to run and where it may show itself.
type Config struct {
	// Argv is the program and its arguments; empty looks for one.
	Argv []string
	// TTY is the terminal for programs without a window, for example "/dev/pts/3"; may be empty.
	TTY string
	// Env is the agent's environment ("NAME=value").
	Env []string
	// AnswerLimit and GraceLimit are for tests; zero means 10 s and 3 s.
	AnswerLimit, GraceLimit time.Duration
	// Now is the clock by which Rest is measured, for tests; nil means time.Now.
	Now func() time.Time
}

// Program is a pinentry program that was found.
type Program struct {
	path          string
	args          []string
	env           []string
	options       []string
	tty           string
	answer, grace time.Duration
	now           func() time.Time
}

// Path returns the program's file.
func (p *Program) Path() string { return p.path }

// Find looks for the program once. The error wraps ErrBroken and names what was looked for.
func Find(c Config) (*Program, error) {
	env := map[string]string{}
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	p := &Program{tty: c.TTY, answer: c.AnswerLimit, grace: c.GraceLimit, now: c.Now}
	if p.now == nil {
		p.now = time.Now
	}
	if p.answer <= 0 {
		p.answer = answerLimit
	}
	if p.grace <= 0 {
		p.grace = graceLimit
	}
	for _, e := range c.Env {
		name, _, _ := strings.Cut(e, "=")
		if slices.Contains(passed, name) || strings.HasPrefix(name, "LC_") {
			p.env = append(p.env, e)
		}
	}
	p.options = options(c.TTY, env)
	names := c.Argv
	if len(names) > 0 {
		p.args, names = slices.Clone(names[1:]), names[:1]
	} else {
		names = candidates(c.TTY, env)
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			p.path = path
			return p, nil
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: neither a display nor a terminal to ask on", ErrBroken)
	}
	return nil, fmt.Errorf("%w: no such program: %s", ErrBroken, strings.Join(names, ", "))
}

func candidates(tty string, env map[string]string) []string {
	var out []string
	if env["DISPLAY"] != "" || env["WAYLAND_DISPLAY"] != "" {
		out = append(out, graphical...)
	}
	if tty == "" {
		return out
	}
	if env["TERM"] == "" || env["TERM"] == "dumb" {
		return append(out, "pinentry-tty")
	}
	return append(out, terminal...)
}

// options tells a pinentry where it is. The locale is forced to UTF-8, since every text is:
// a C locale would turn Russian into question marks or an error.
func options(tty string, env map[string]string) []string {
	var out []string
	if tty != "" {
		term := env["TERM"]
		if term == "" {
			term = "dumb"
		}
		out = append(out, "ttyname="+tty, "ttytype="+term)
	}
	locale := "C.UTF-8"
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env[name]; v != "" {
			if u := strings.ToUpper(v); strings.Contains(u, "UTF-8") || strings.Contains(u, "UTF8") {
				locale = v
			}
			break
		}
	}
	out = append(out, "lc-ctype="+locale)
	if d := env["DISPLAY"]; d != "" {
		out = append(out, "display="+d)
	}
	return out
}

// Greet runs the program, waits for its greeting and ends it: nothing is shown and nobody is asked. The error wraps
// ErrBroken, or is ctx's.
func (p *Program) Greet(ctx context.Context) error {
	s, err := p.start(ctx, Dialog{})
	if err != nil {
		return err
	}
	s.close()
	return nil
}
