// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Waiting for a program.
const (
	startLimit = 60 * time.Second
	stopLimit  = 60 * time.Second
	lookEvery  = 10 * time.Millisecond
)

// Program is one of the products as a child process that can be killed and
// started again.
type Program struct {
	name     string
	argv     []string
	env      []string
	log      string                          // file that takes its output
	ready    func(ctx context.Context) error // nil error: it answers
	orphaned syscall.Signal                  // sent when the parent dies

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process was waited for; nil before the first start
	err   error         // how it ended
}

// Log is the file with everything that the program printed.
func (p *Program) Log() string { return p.log }

// PID is the process id, 0 when it does not run.
func (p *Program) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Ended is closed when the process that was started last has ended, for
// whatever reason. Before the first start it is nil.
func (p *Program) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Start runs the program and waits until it answers. A running one is an error.
func (p *Program) Start(ctx context.Context) error {
	if p.PID() != 0 {
		return fmt.Errorf("start %s: it runs already", p.name)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := p.spawn(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-p.Ended():
			return fmt.Errorf("start %s: it ended at once: %s", p.name, p.Tail())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("start %s: it does not answer: %w: %s", p.name, err, p.Tail()), p.Kill())
		}
	}
}

// spawn starts the process in a group of its own, so that a Ctrl-C in the
// terminal reaches the parent alone, which ends its children in order.
func (p *Program) spawn() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: p.orphaned}
	started := make(chan error, 1)
	go func() {
		// The kernel sends the death signal when the thread that forked ends, so
		// that thread lives as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		ended := make(chan struct{})
		p.mu.Lock()
		p.cmd, p.ended = cmd, ended
		p.mu.Unlock()
		started <- nil
		err := cmd.Wait()
		p.mu.Lock()
		p.cmd, p.err = nil, err
		p.mu.Unlock()
		close(ended)
	}()
	return <-started
}

// Kill ends the process by SIGKILL and waits. Without one it does nothing.
func (p *Program) Kill() error { return p.end(syscall.SIGKILL) }

// Stop ends the process in good order and waits; one that takes too long is killed.
func (p *Program) Stop() error { return p.end(syscall.SIGTERM) }

func (p *Program) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

func (p *Program) end(s syscall.Signal) error {
	ended := p.Ended()
	if ended == nil {
		return nil
	}
	if err := p.signal(s); err != nil {
		return err
	}
	late := time.NewTimer(stopLimit)
	defer late.Stop()
	select {
	case <-ended:
		return nil
	case <-late.C:
		err := p.signal(syscall.SIGKILL)
		<-ended
		return errors.Join(err, fmt.Errorf("stop %s: it had to be killed after %v", p.name, stopLimit))
	}
}

// Tail is the end of what the program printed.
func (p *Program) Tail() string {
	f, err := os.Open(p.log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const most = 2000
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
