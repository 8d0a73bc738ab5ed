// SPDX-License-Identifier: Apache-2.0

package pinentry

import "golang.org/x/sys/unix"

// flushInput names one queue: 1 is FREAD of sys/fcntl.h, what was typed.
func flushInput(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, 1) }
