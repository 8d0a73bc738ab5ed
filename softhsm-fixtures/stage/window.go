// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"zaver/softhsm-fixtures/windowplay"
)

// noDisplay makes the agent believe that there is a screen; the scripted window needs none.
const noDisplay = "DISPLAY=:none"

// Window is the scripted window, once the agent was configured with it (AgentSettings.Window); nil before.
func (w *World) Window() *windowplay.Window {
	w.settings.Lock()
	defer w.settings.Unlock()
	return w.window
}

// scriptedWindow makes the program that the agent is configured with; settings is locked.
func (w *World) scriptedWindow(ctx context.Context) (string, error) {
	path := w.path("window", "zaver-window")
	if w.window != nil {
		return path, nil
	}
	dir := w.path("window")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	built, err := windowplay.Build(ctx, dir)
	if err != nil {
		return "", err
	}
	play, err := windowplay.New(dir, built, windowplay.Script{})
	if err != nil {
		return "", err
	}
	c := play.Config()
	script := "#!/bin/sh\nexec " + quote(c.Path)
	for _, a := range c.Args {
		script += " " + quote(a)
	}
	if err := program(path, script+"\n"); err != nil {
		return "", fmt.Errorf("write window: %w", err)
	}
	w.window = play
	return path, nil
}

// Windows are the process ids of the scripted windows that are open, whoever opened them.
func (w *World) Windows() ([]int, error) {
	return findProcesses(0, w.path("window", "window.json"))
}

// NativeHosts are the process ids of the agents that browsers started.
func (w *World) NativeHosts() ([]int, error) {
	return findProcesses(0, "\x00native-host\x00--config\x00"+w.AgentConfig())
}

// Kill ends one of those processes at once, as the system does when memory runs out.
func Kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
