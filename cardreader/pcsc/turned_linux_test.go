// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pcsc

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTurnedAwayBySocket: a service whose socket is closed to this user is there all the same; one that nobody listens on is not.
func TestTurnedAwayBySocket(t *testing.T) {
	for name, c := range map[string]struct {
		mode   os.FileMode
		closed bool // the service has ended and left its socket
		want   standing
	}{"no rights": {0, false, away}, "no service": {0o777, true, absent}} {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "s")
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			defer l.Close()
			if c.closed {
				err = l.Close()
			}
			if err := errors.Join(err, os.Chmod(socket, c.mode)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PCSCLITE_CSOCK_NAME", socket)
			if os.Geteuid() == 0 && !c.closed { // root may everything, but as somebody else's files see it
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				if err := unix.Setfsuid(65534); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = unix.Setfsuid(0) }()
			}
			if got := ask(); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// TestKilledServiceIsAbsent: a service that is killed hangs up on whom it had not greeted yet, also on the next who came while its socket was still
// there, and then is not there. One that hangs up on everybody turns us away.
func TestKilledServiceIsAbsent(t *testing.T) {
	for name, c := range map[string]struct {
		lives int // connections that it takes and hangs up on
		want  standing
	}{"killed": {1, absent}, "killed, and its socket later": {2, absent}, "turns away": {mostAsked, away}} {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "s")
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			done := make(chan error, 1)
			go func() {
				for n := range c.lives {
					conn, err := l.Accept()
					if err == nil && n == c.lives-1 {
						err = l.Close()
					}
					if err := errors.Join(err, conn.Close()); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			t.Setenv("PCSCLITE_CSOCK_NAME", socket)
			if got := ask(); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
