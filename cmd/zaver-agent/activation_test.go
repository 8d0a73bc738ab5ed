// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/pinentry"
)

// TestSocketActivation has systemd's own tool listen and start the agent when the page knocks, as the user unit does.
func TestSocketActivation(t *testing.T) {
	x := surround(t, pinentry.Script{})
	cmd := exec.Command("systemd-socket-activate", "--listen=127.0.0.1:"+strconv.Itoa(x.port), "--setenv=XDG_RUNTIME_DIR="+t.TempDir(),
		program, "run", "--config", writeConfig(t, x.config))
	for _, v := range append(os.Environ(), x.env...) {
		if !strings.HasPrefix(v, "XDG_RUNTIME_DIR=") {
			cmd.Env = append(cmd.Env, v)
			name, _, _ := strings.Cut(v, "=")
			cmd.Args = append(cmd.Args[:1:1], append([]string{"--setenv=" + name}, cmd.Args[1:]...)...)
		}
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "Listening on") {
	}
	go func() {
		for lines.Scan() { // a full pipe would stop the agent
		}
	}()
	steps := x.confirm()
	if len(steps) == 0 || steps[0].Step != "statement" {
		t.Errorf("steps: %v", steps)
	}
}
