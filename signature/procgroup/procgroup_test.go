// SPDX-License-Identifier: Apache-2.0

package procgroup

import (
	"bufio"
	"io"
	"os/exec"
	"testing"
)

// TestKillReachesChildren: a child that inherited the pipe keeps it open, so its end shows that all have ended.
func TestKillReachesChildren(t *testing.T) {
	for name, lead := range map[string]func(*exec.Cmd){"group": Lead, "session": LeadSession} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 1000 & echo up; wait")
			lead(cmd)
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(pipe)
			if _, err := out.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			Kill(cmd)
			if _, err := io.ReadAll(out); err != nil {
				t.Error(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the command ended well")
			}
		})
	}
}
