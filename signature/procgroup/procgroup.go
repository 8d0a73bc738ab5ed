// SPDX-License-Identifier: Apache-2.0

// Package procgroup alone owns how a child process is kept together with what
// it starts itself, so that one call ends all of them: a wrapper script's
// program, a driver's helper, a dialog's children.
//
// Nothing here keeps state; each command belongs to its caller.
package procgroup

import "os/exec"

// Lead makes the command the leader of a group of its own, to be called before it starts.
func Lead(cmd *exec.Cmd) { cmd.SysProcAttr = lead() }

// LeadSession makes the command the leader of a session of its own, to be called before it starts: it has no controlling
// terminal, so no job control stops it, and what ends its parent's group leaves it alone.
func LeadSession(cmd *exec.Cmd) { cmd.SysProcAttr = leadSession() }

// Kill ends a command that was started after Lead or LeadSession and has not been waited for, with all that it
// started and that did not leave the group. Where the system knows no groups only the command itself ends.
func Kill(cmd *exec.Cmd) {
	if err := killGroup(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill() // it has ended: that is what was wanted
	}
}

// Wait is cmd.Wait for a command that was started after Lead or LeadSession. On Linux it also ends what the command has started and left behind in
// its group, whether it ended well, was killed or crashed.
func Wait(cmd *exec.Cmd) error { return wait(cmd) }
