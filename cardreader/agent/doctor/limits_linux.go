// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"math"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// processLimits asks the kernel.
func processLimits() Limits {
	out := Limits{LockedMemory: math.MaxUint64}
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &l) == nil {
		out.LockedMemory = l.Cur
	}
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if unix.Getrlimit(unix.RLIMIT_CORE, &l) == nil && err == nil {
		// A pattern that begins with a pipe ignores the limit.
		out.CoreDumps = l.Cur > 0 || strings.HasPrefix(string(pattern), "|")
	}
	return out
}

// freeBytes is what an ordinary user may still write where path is.
func freeBytes(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
