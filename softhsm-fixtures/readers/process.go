// SPDX-License-Identifier: Apache-2.0

package readers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Waiting for the daemon.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
	lookEvery    = 2 * time.Millisecond
)

// script gives the daemon its own place for the socket and becomes the daemon.
// Where the place does not exist it is made in a memory file system over /run,
// seen by the daemon alone. The daemon dies with the thread that started it:
// setpriv says so after unshare, whose new credentials would cancel it.
const script = `set -e
[ -d /run/pcscd ] || { mount -t tmpfs none /run; mkdir /run/pcscd; }
mount --bind "$1" /run/pcscd
exec setpriv --pdeathsig KILL "$2" --foreground --config "$3" $4`

// Restart starts the daemon anew on the same socket and ports, ending the
// running one if there is one, and waits until it answers.
func (d *Daemon) Restart(ctx context.Context) error {
	if err := d.Stop(); err != nil {
		return err
	}
	// A killed daemon leaves its socket and process id behind.
	if err := os.RemoveAll(d.run()); err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	if err := os.Mkdir(d.run(), 0o755); err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	defer log.Close()
	if err := d.spawn(log); err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	if err := d.awaitSocket(ctx); err != nil {
		return errors.Join(fmt.Errorf("start pcscd: %w; it wrote: %s", err, strings.TrimSpace(d.Log())), d.Kill())
	}
	return nil
}

// Unplug restarts the daemon without any reader; Plug brings them back.
func (d *Daemon) Unplug(ctx context.Context) error { return d.reconfigure(ctx, "") }

// Plug restarts the daemon with its readers.
func (d *Daemon) Plug(ctx context.Context) error { return d.reconfigure(ctx, d.readers) }

func (d *Daemon) reconfigure(ctx context.Context, config string) error {
	if err := os.WriteFile(d.config(), []byte(config), 0o600); err != nil {
		return fmt.Errorf("configure pcscd: %w", err)
	}
	return d.Restart(ctx)
}

func (d *Daemon) spawn(log io.Writer) error {
	flags := "-m"
	if os.Geteuid() != 0 {
		flags = "-Urm"
	}
	cmd := exec.Command("unshare", flags, "sh", "-c", script, "sh", d.run(), d.program, d.config())
	if d.freely {
		cmd.Args = append(cmd.Args, disablePolkit)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the thread must live as long as the daemon
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			d.mu.Lock()
			d.cmd, d.done = cmd, done
			d.mu.Unlock()
		}
		started <- err
		if err != nil {
			return
		}
		err = cmd.Wait()
		d.mu.Lock()
		d.waitErr, d.cmd = err, nil
		d.mu.Unlock()
		close(done)
	}()
	return <-started
}

// awaitSocket waits until the daemon accepts clients; it makes its readers first.
func (d *Daemon) awaitSocket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	d.mu.Lock()
	done := d.done
	d.mu.Unlock()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		conn, err := net.Dial("unix", d.Socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-look.C:
		case <-done:
			d.mu.Lock()
			defer d.mu.Unlock()
			return fmt.Errorf("pcscd ended: %w", orEnded(d.waitErr))
		case <-ctx.Done():
			return fmt.Errorf("pcscd does not answer: %w", ctx.Err())
		}
	}
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}

// Stop ends the daemon in good order and waits; without one it does nothing.
func (d *Daemon) Stop() error { return d.end(syscall.SIGTERM) }

// Kill ends the daemon by SIGKILL and waits: its clients see it vanish.
func (d *Daemon) Kill() error { return d.end(syscall.SIGKILL) }

// Freeze stops the daemon in its tracks (SIGSTOP): clients wait for ever. It
// returns when the last thread stands still.
func (d *Daemon) Freeze() error {
	if err := d.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return nil
	}
	for {
		err := unix.Waitid(unix.P_PID, d.cmd.Process.Pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for pcscd to stand still: %w", err)
		}
	}
}

// Thaw lets a frozen daemon go on.
func (d *Daemon) Thaw() error { return d.signal(syscall.SIGCONT) }

func (d *Daemon) signal(s syscall.Signal) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return nil
	}
	if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal pcscd: %w", err)
	}
	return nil
}

func (d *Daemon) end(s syscall.Signal) error {
	d.mu.Lock()
	done := d.done
	d.mu.Unlock()
	if done == nil {
		return nil
	}
	if err := errors.Join(d.signal(s), d.Thaw()); err != nil {
		return err
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-late.C:
		if err := d.signal(syscall.SIGKILL); err != nil {
			return err
		}
		<-done
		return nil
	}
}

// findProgram finds pcscd, which is not on the path of ordinary users.
func findProgram() string {
	if program, err := exec.LookPath("pcscd"); err == nil {
		return program
	}
	return "/usr/sbin/pcscd"
}

// disablePolkit has pcscd 2 serve everybody, as pcscd 1 does where no polkit
// runs; without it, it serves nobody then.
const disablePolkit = "--disable-polkit"

// asksPolkit reports whether pcscd knows that option: an older one refuses to start with it.
func asksPolkit(ctx context.Context, program string) bool {
	help, err := exec.CommandContext(ctx, program, "--help").CombinedOutput()
	return err == nil && bytes.Contains(help, []byte(disablePolkit))
}
