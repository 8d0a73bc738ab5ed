// SPDX-License-Identifier: Apache-2.0

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
		want   bool
	}{"no rights": {0, false, true}, "no service": {0o777, true, false}} {
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
			if away, known := turnedAway(); away != c.want || !known {
				t.Errorf("turned away: %t, known: %t", away, known)
			}
		})
	}
}
