// SPDX-License-Identifier: Apache-2.0

package procgroup

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"
)

// wait ends the group after its leader has ended and before it is reaped: until then the leader's number, which is the group's, is nobody else's.
func wait(cmd *exec.Cmd) error {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil {
			_ = killGroup(cmd.Process.Pid) // the leader itself is no error and no member to be hurt
		}
		return cmd.Wait()
	}
}
