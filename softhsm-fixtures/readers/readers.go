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
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"zaver/softhsm-fixtures/ports"
)

// SocketVariable is the environment variable by which clients find the daemon.
const SocketVariable = "PCSCLITE_CSOCK_NAME"

// Slots is the number of virtual readers of a driver, and so of a daemon that
// [Start] makes; the driver has them compiled in, on consecutive ports.
const Slots = 2

// MaxDrivers is how many drivers fill pcscd: it has room for 16 readers.
const MaxDrivers = 16 / Slots

// Daemon is one private pcscd.
type Daemon struct {
	dir     string // ours alone: configuration, log, socket directory
	ports   []int  // of slot 0 of each driver
	readers string // configuration of the readers
	program string // pcscd
	freely  bool   // it takes and needs --disable-polkit
	unlock  []func()

	mu      sync.Mutex
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
	waitErr error
}

// Start makes the daemon and waits until it answers. The caller must Close it.
func Start(ctx context.Context) (*Daemon, error) { return StartMany(ctx, 1) }

// StartMany is Start for a daemon with so many drivers, 1 to MaxDrivers, each
// of which brings Slots readers.
func StartMany(ctx context.Context, drivers int) (*Daemon, error) {
	if drivers < 1 || drivers > MaxDrivers {
		return nil, fmt.Errorf("start pcscd: %d drivers", drivers)
	}
	driver, err := findDriver(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pcscd-") // short: a socket's path has at most 107 bytes
	if err != nil {
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	d := &Daemon{dir: dir, program: findProgram()}
	d.freely = asksPolkit(ctx, d.program)
	if err := d.lock(drivers); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	for i, port := range d.ports {
		if i > 0 {
			// The driver keeps its readers in variables of its own, so each pair needs another copy of it.
			if driver, err = another(driver, filepath.Join(dir, fmt.Sprintf("driver%d.so", i))); err != nil {
				return nil, errors.Join(err, d.Close())
			}
		}
		d.readers += fmt.Sprintf("FRIENDLYNAME %q\nDEVICENAME /dev/null:%#x\nLIBPATH %s\nCHANNELID %#x\n", friendly(i), port, driver, port)
	}
	if err := d.Plug(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// another copies a driver to a file that the loader takes for another one.
func another(driver, to string) (string, error) {
	b, err := os.ReadFile(driver)
	if err == nil {
		err = os.WriteFile(to, b, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("copy the virtual reader driver: %w", err)
	}
	return to, nil
}

// lock takes the ports of the drivers.
func (d *Daemon) lock(drivers int) error {
	for len(d.ports) < drivers {
		first, unlock, err := ports.Lock()
		if err != nil {
			return err
		}
		d.unlock = append(d.unlock, unlock)
		for port := first; port < first+ports.Block && len(d.ports) < drivers; port += Slots {
			d.ports = append(d.ports, port)
		}
	}
	return nil
}

// friendly is the name of a driver's readers; pcscd does not make equal names different.
func friendly(driver int) string {
	if driver == 0 {
		return "Virtual PCD"
	}
	return fmt.Sprintf("Virtual PCD %c", 'A'+driver)
}

func (d *Daemon) config() string { return filepath.Join(d.dir, "reader.conf") }
func (d *Daemon) run() string    { return filepath.Join(d.dir, "run") }

// Socket returns the value of SocketVariable for clients.
func (d *Daemon) Socket() string { return filepath.Join(d.run(), "pcscd.comm") }

// Env returns the environment entry for clients: "PCSCLITE_CSOCK_NAME=…".
func (d *Daemon) Env() string { return SocketVariable + "=" + d.Socket() }

// Count returns the number of readers: Slots for each driver.
func (d *Daemon) Count() int { return len(d.ports) * Slots }

// Slot returns the address where a card for reader i (0 to Count-1) connects.
func (d *Daemon) Slot(i int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.ports[i/Slots]+i%Slots))
}

// Reader returns the name under which PC/SC lists reader i.
func (d *Daemon) Reader(i int) string { return fmt.Sprintf("%s 00 %02d", friendly(i/Slots), i%Slots) }

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

// Close ends the daemon and removes everything that Start made.
func (d *Daemon) Close() error {
	err := d.Stop()
	for _, unlock := range d.unlock {
		unlock()
	}
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
