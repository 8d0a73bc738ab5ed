// SPDX-License-Identifier: Apache-2.0

package procgroup

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
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

// TestWaitEndsTheGroup: the leader ends by itself, and its child, which holds the pipe open, with it.
func TestWaitEndsTheGroup(t *testing.T) {
	for name, lead := range map[string]func(*exec.Cmd){"group": Lead, "session": LeadSession} {
		for end, code := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -SEGV $$": -1} {
			t.Run(name+" "+end, func(t *testing.T) {
				held, pipe, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer held.Close()
				cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 1000 & "+end)
				cmd.Stdout = pipe
				lead(cmd)
				err = errors.Join(cmd.Start(), pipe.Close())
				if err != nil {
					t.Fatal(err)
				}
				_ = Wait(cmd)
				if got := cmd.ProcessState.ExitCode(); got != code {
					t.Errorf("exit code %d, want %d", got, code)
				}
				if err := held.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(held); err != nil {
					t.Errorf("the child is left: %v", err)
				}
			})
		}
	}
}
