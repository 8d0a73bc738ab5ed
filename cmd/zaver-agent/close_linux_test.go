// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// No program that the agent starts gets what was open when it was started itself.
func TestKeepDescriptors(t *testing.T) {
	for name, keep := range map[string]func() error{"at once": keepDescriptors, "one by one": markDescriptors} {
		t.Run(name, func(t *testing.T) {
			fd, err := unix.Dup(2) // as a shell leaves it: without FD_CLOEXEC
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := keep(); err != nil {
				t.Fatal(err)
			}
			for at, want := range map[int]int{fd: unix.FD_CLOEXEC, 2: 0} {
				if got, err := unix.FcntlInt(uintptr(at), unix.F_GETFD, 0); err != nil || got&unix.FD_CLOEXEC != want {
					t.Errorf("descriptor %d: flags %d, %v", at, got, err)
				}
			}
		})
	}
}
