// SPDX-License-Identifier: Apache-2.0

package window

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"zaver/signature/procgroup"
)

// programName is the file that is looked for.
const programName = "zaver-window"

// libexec are the folders where packages put programs that people don't start themselves. PATH is not searched: what stands first in
// it may be anybody's.
var libexec = []string{"/usr/libexec/zaver", "/usr/lib/zaver", "/usr/local/libexec/zaver"}

// passed are the variables that a window needs; nothing else of the agent's environment reaches it. Variables that load code
// (GTK_MODULES, LD_PRELOAD …) are not among them.
var passed = []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP",
	"XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "AT_SPI_BUS_ADDRESS", "HOME", "LANG", "LANGUAGE", "GTK_THEME", "GDK_SCALE", "GDK_DPI_SCALE", "GDK_BACKEND"}

// Config says which program draws the window and where it may show itself.
type Config struct {
	// Path is the program's file; empty looks for it beside the agent and in the libexec folders.
	Path string
	// Args are further arguments, for tests.
	Args []string
	// Env is the agent's environment ("NAME=value"); a few variables of it reach the program.
	Env []string
	// ReadyLimit is how long the program may take to show the window; zero means 10 s.
	ReadyLimit time.Duration
	// Stay is how long a good result is shown before the window closes by itself (30 s when zero); a bad one stays six times that.
	Stay time.Duration
}

// Program is a window program that was found.
type Program struct {
	cfg Config
	env []string

	mu    sync.Mutex
	shown *Session // the newest; its result goes when another request comes
}

// Find looks for the program. The error wraps ErrNotShown and says what is missing.
func Find(c Config) (*Program, error) {
	if c.ReadyLimit <= 0 {
		c.ReadyLimit = readyLimit
	}
	if c.Stay <= 0 {
		c.Stay = goodStay
	}
	p := &Program{cfg: c, env: []string{"PATH=/usr/bin:/bin"}}
	display := false
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		display = display || value != "" && (name == "DISPLAY" || name == "WAYLAND_DISPLAY")
		if slices.Contains(passed, name) || strings.HasPrefix(name, "LC_") {
			p.env = append(p.env, e)
		}
	}
	if !display {
		return nil, fmt.Errorf("%w: neither DISPLAY nor WAYLAND_DISPLAY is set", ErrNotShown)
	}
	looked := candidates(c.Path)
	for _, path := range looked {
		if s, err := os.Stat(path); err == nil && s.Mode().IsRegular() && s.Mode()&0o111 != 0 {
			p.cfg.Path = path
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: no such program: %s", ErrNotShown, strings.Join(looked, ", "))
}

func candidates(named string) []string {
	if named != "" {
		return []string{named}
	}
	var out []string
	if self, err := os.Executable(); err == nil {
		out = append(out, filepath.Join(filepath.Dir(self), programName))
	}
	for _, dir := range libexec {
		out = append(out, filepath.Join(dir, programName))
	}
	return out
}

// Path returns the program's file.
func (p *Program) Path() string { return p.cfg.Path }

// Open starts the program with a form and returns at once. The end of ctx closes the window, unless it shows a result. The error
// wraps ErrNotShown.
func (p *Program) Open(ctx context.Context, f Form) (*Session, error) {
	line, err := Encode(Message{Show: &f})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotShown, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown != nil {
		p.shown.kill()
	}
	// Killing is ours (see Session.kill): a window that shows a result outlives its request.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.cfg.Path, p.cfg.Args...)
	cmd.Env = p.env
	procgroup.LeadSession(cmd) // a browser that ends its host's group leaves a result on the screen
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotShown, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotShown, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotShown, err)
	}
	s := &Session{cmd: cmd, stdin: stdin, stay: p.cfg.Stay, ready: make(chan struct{}), choice: make(chan int, 1), done: make(chan struct{}),
		gone: make(chan struct{}), told: make(chan struct{}), out: make(chan []byte, 16)}
	s.out <- line
	s.mu.Lock() // whoever ends the session at once finds all of it
	s.late = time.AfterFunc(p.cfg.ReadyLimit, s.tooLate)
	s.unwatch = context.AfterFunc(ctx, func() { s.end(ctx.Err()) })
	s.mu.Unlock()
	go s.write()
	go s.read(stdout)
	p.shown = s
	return s, nil
}
