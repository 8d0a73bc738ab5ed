// SPDX-License-Identifier: Apache-2.0

package token

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxMemory bounds what a worker may take beyond what it begins with, in bytes: its heap, its stacks and those of the module. A module that allocates without end
// loses its worker and nothing else. Address space that is only reserved does not count, which Go and the allocator of C take freely.
const maxMemory = 512 << 20

// harden keeps the PIN inside this process: no core dump, and no debugger or reader of /proc/self/mem of the same user. It also bounds the memory,
// and offers this process first where the whole machine runs out of it.
func harden() error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o600) // best effort: a container may have no /proc
	bound := held() + maxMemory
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: bound, Max: bound}); err != nil {
		return fmt.Errorf("bound memory: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switch core dumps off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("close the process against readers: %w", err)
	}
	return nil
}

// held is the writable memory that this process has mapped already, in bytes: little, but terabytes under the race detector. Zero where nobody tells.
func held() uint64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\nVmData:")
	var kilobytes uint64
	if _, err := fmt.Sscanf(rest, "%d kB", &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}

// detach moves the protocol away from descriptors 0 and 1: a module that reads finds nothing there, and one that prints, prints to
// standard error. Readers and writers that are no files stay as they are.
func detach(in io.Reader, out io.Writer) (io.Reader, io.Writer, error) {
	fin, ok1 := in.(*os.File)
	fout, ok2 := out.(*os.File)
	if !ok1 || !ok2 {
		return in, out, nil
	}
	newIn, err := move(fin)
	if err != nil {
		return nil, nil, err
	}
	newOut, err := move(fout)
	if err != nil {
		return nil, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := unix.Dup3(int(null.Fd()), 0, 0); err != nil {
		return nil, nil, fmt.Errorf("replace standard input: %w", err)
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, nil, fmt.Errorf("replace standard output: %w", err)
	}
	return newIn, newOut, nil
}

// move duplicates a file above the standard descriptors; children of the module do not inherit it.
func move(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("move %s: %w", f.Name(), err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
