// SPDX-License-Identifier: Apache-2.0

package readers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Ports below the range from which the kernel takes ports for outgoing
// connections, so that none of those takes ours between the look and the use.
const (
	firstPort = 21000
	lastPort  = 29000
)

// lockPorts finds Slots consecutive free ports that no other daemon of this
// package has, and keeps them until unlock is called or the process ends.
func lockPorts() (port int, unlock func(), err error) {
	// Start at a place of the process's own: most searches end at the first look.
	const span = (lastPort - firstPort) / Slots
	begin := os.Getpid() % span
	for i := range span {
		port = firstPort + (begin+i)%span*Slots
		unlock, ok := lockFile(port)
		if !ok {
			continue
		}
		if free(port) {
			return port, unlock, nil
		}
		unlock()
	}
	return 0, nil, errors.New("find free ports for virtual readers: none left")
}

// lockFile takes the lock of a port; a file that belongs to somebody else and
// cannot be opened counts as taken.
func lockFile(port int) (unlock func(), ok bool) {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("vpcd-port-%d.lock", port))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, false
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, false
	}
	// The file may have been removed by its last owner between open and lock.
	mine, err := f.Stat()
	now, nowErr := os.Stat(name)
	if err != nil || nowErr != nil || !os.SameFile(mine, now) {
		_ = f.Close()
		return nil, false
	}
	return func() {
		_ = os.Remove(name) // while locked: nobody else can be its owner
		_ = f.Close()
	}, true
}

func free(port int) bool {
	for i := range Slots {
		l, err := net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(port+i)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
