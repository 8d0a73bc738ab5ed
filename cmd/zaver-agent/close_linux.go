// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// closeProcess switches core dumps off and closes the process against debuggers and readers of the same user: a PIN passes through it.
// What the caller left open stays with it.
func closeProcess() error {
	if err := keepDescriptors(); err != nil {
		return fmt.Errorf("keep descriptors from workers: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switch core dumps off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("close the process against readers: %w", err)
	}
	return nil
}

// keepDescriptors marks everything above standard error as not for programs that this one starts: a module or a window must not
// reach a file or a socket that a shell or a browser left open here.
func keepDescriptors() error {
	if unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return nil
	}
	return markDescriptors()
}

// markDescriptors does the same one by one: before Linux 5.11, and where a filter of system calls forbids what it does not know.
func markDescriptors() error {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}
