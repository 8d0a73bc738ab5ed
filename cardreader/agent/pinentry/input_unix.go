// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package pinentry

import "golang.org/x/sys/unix"

// dropInput forgets what was typed on a terminal and not read yet: it was meant for something else. A terminal that can't be opened, or
// on which this process is in the background (it would be stopped), keeps its input; Rest still holds then.
func dropInput(name string) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(fd) }()
	// Fails where the terminal is not this session's own: nothing stops anybody there.
	if front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && front != unix.Getpgrp() {
		return
	}
	_ = flushInput(fd)
}
