// SPDX-License-Identifier: Apache-2.0

// Package ports alone owns the TCP ports of emulators and programs that must
// come back at the same place after they were killed: ports below the range
// from which the kernel takes ports for outgoing connections, so that none of
// those takes ours in between, and locked by files, so that test binaries that
// run at the same time take different ones.
//
// A port for the life of one test is held ([Hold]).
//
// Everything may be called from several goroutines and processes.
package ports

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Ports in question; Block of them are locked together.
const (
	firstPort = 21000
	lastPort  = 29000
	Block     = 4
)

// Lock finds Block consecutive free ports that nobody else who uses this
// package has, and keeps them until unlock is called or the process ends.
func Lock() (first int, unlock func(), err error) {
	// Start at a place of the process's own: most searches end at the first look.
	const span = (lastPort - firstPort) / Block
	begin := os.Getpid() % span
	for i := range span {
		first = firstPort + (begin+i)%span*Block
		unlock, ok := lockFile(first)
		if !ok {
			continue
		}
		if free(first) {
			return first, unlock, nil
		}
		unlock()
	}
	return 0, nil, errors.New("find free ports: none left")
}

// lockFile takes the lock of a block; a file that belongs to somebody else and
// cannot be opened counts as taken.
func lockFile(port int) (unlock func(), ok bool) {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("zaver-port-%d.lock", port))
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

func free(first int) bool {
	// A program that is started meanwhile would have our listener, too, until it runs: the port would be taken after we closed it.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for i := range Block {
		l, err := net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(first+i)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
