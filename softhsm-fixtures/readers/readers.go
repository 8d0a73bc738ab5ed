// SPDX-License-Identifier: Apache-2.0

// Package readers alone owns the private smart-card service of tests and the
// demo: a real pcscd with the virtual reader driver, on a socket and on TCP
// ports of its own, beside whatever the machine runs.
//
// pcscd has its socket's place compiled in, so it is started in a mount
// namespace where that place is a directory of ours: as root by unshare -m, as
// anyone else by unshare -Urm. Clients reach it when PCSCLITE_CSOCK_NAME holds
// [Daemon.Socket]; libpcsclite reads that variable once per process, before
// its first call. The driver cannot be told to listen on loopback alone.
//
// A Daemon may be used from several goroutines. Several daemons, of several
// processes, run at once: each locks its ports (package ports).
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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"zaver/softhsm-fixtures/ports"
)

// SocketVariable is the environment variable by which clients find the daemon.
const SocketVariable = "PCSCLITE_CSOCK_NAME"

// Slots is the number of virtual readers of one daemon; the driver has them
// compiled in, on consecutive ports.
const Slots = 2

// Waiting for the daemon.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
	lookEvery    = 2 * time.Millisecond
)

// Daemon is one private pcscd.
type Daemon struct {
	dir     string // ours alone: configuration, log, socket directory
	port    int    // of slot 0
	readers string // configuration of the readers
	unlock  func()

	mu      sync.Mutex
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
	waitErr error
}

// Start makes the daemon and waits until it answers. The caller must Close it.
func Start(ctx context.Context) (*Daemon, error) {
	driver, err := findDriver(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pcscd-") // short: a socket's path has at most 107 bytes
	if err != nil {
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	d := &Daemon{dir: dir}
	if d.port, d.unlock, err = ports.Lock(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	d.readers = fmt.Sprintf("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:%#x\nLIBPATH %s\nCHANNELID %#x\n", d.port, driver, d.port)
	if err := d.Plug(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Daemon) config() string { return filepath.Join(d.dir, "reader.conf") }
func (d *Daemon) run() string    { return filepath.Join(d.dir, "run") }

// Socket returns the value of SocketVariable for clients.
func (d *Daemon) Socket() string { return filepath.Join(d.run(), "pcscd.comm") }

// Env returns the environment entry for clients: "PCSCLITE_CSOCK_NAME=…".
func (d *Daemon) Env() string { return SocketVariable + "=" + d.Socket() }

// Slot returns the address where a card for reader i (0 to Slots-1) connects.
func (d *Daemon) Slot(i int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port+i)) }

// Reader returns the name under which PC/SC lists reader i.
func (d *Daemon) Reader(i int) string { return fmt.Sprintf("Virtual PCD 00 %02d", i) }

// Log returns what the daemons have written so far.
func (d *Daemon) Log() string {
	b, err := os.ReadFile(filepath.Join(d.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// PID returns the process id of the running daemon, 0 when none runs.
func (d *Daemon) PID() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return 0
	}
	return d.cmd.Process.Pid
}

// script gives the daemon its own place for the socket and becomes the daemon.
// Where the place does not exist it is made in a memory file system over /run,
// seen by the daemon alone. The daemon dies with the thread that started it:
// setpriv says so after unshare, whose new credentials would cancel it.
const script = `set -e
[ -d /run/pcscd ] || { mount -t tmpfs none /run; mkdir /run/pcscd; }
mount --bind "$1" /run/pcscd
exec setpriv --pdeathsig KILL "$2" --foreground --config "$3"`

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
	program, err := exec.LookPath("pcscd")
	if err != nil {
		program = "/usr/sbin/pcscd" // not on the path of ordinary users
	}
	flags := "-m"
	if os.Geteuid() != 0 {
		flags = "-Urm"
	}
	cmd := exec.Command("unshare", flags, "sh", "-c", script, "sh", d.run(), program, d.config())
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

// Close ends the daemon and removes everything that Start made.
func (d *Daemon) Close() error {
	err := d.Stop()
	d.unlock()
	return errors.Join(err, os.RemoveAll(d.dir))
}

// findDriver finds the reader driver where the Debian package put it.
func findDriver(ctx context.Context) (string, error) {
	const place = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	out, err := exec.CommandContext(ctx, "dpkg", "-L", "vsmartcard-vpcd").Output()
	if err == nil {
		for line := range bytes.Lines(out) {
			path := strings.TrimSpace(string(line))
			if strings.HasSuffix(path, "/libifdvpcd.so") {
				return path, nil
			}
		}
	}
	if _, err := os.Stat(place); err != nil {
		return "", fmt.Errorf("find the virtual reader driver (Debian package vsmartcard-vpcd): %w", err)
	}
	return place, nil
}
