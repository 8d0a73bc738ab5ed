// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package procgroup

import "os/exec"

// wait leaves the group alone: once the leader is reaped, the group's number may be another's.
func wait(cmd *exec.Cmd) error { return cmd.Wait() }
