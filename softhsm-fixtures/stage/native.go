// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// runtimeDir is the folder of locks: this world's own, so that agents of several worlds on one machine don't wait for
// each other. Where a person is asked it is theirs, for their windows live there.
func (w *World) runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && w.cfg.Person {
		return dir
	}
	return w.path("run")
}

// NativeHost is the program that a browser's native manifest names: the agent with this world's configuration, cards,
// tokens and locks. It reads the configuration anew for every connection. Its log is NativeLog.
func (w *World) NativeHost() string { return w.path("zaver-native-host") }

// writeNativeHost writes it for the agent's settings.
func (w *World) writeNativeHost(s AgentSettings) error {
	var script strings.Builder
	script.WriteString("#!/bin/sh\nexport")
	for _, variable := range w.environmentOf(s) {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&script, " %s=%s", name, quote(value))
	}
	fmt.Fprintf(&script, "\nexec %s native-host --config %s -- \"$@\" 2>>%s\n",
		quote(filepath.Join(w.programs, "zaver-agent")), quote(w.AgentConfig()), quote(w.NativeLog()))
	if err := program(w.NativeHost(), script.String()); err != nil {
		return fmt.Errorf("write native host: %w", err)
	}
	return nil
}

// program writes a file that can be run.
func program(path, script string) error {
	if err := replace(path, []byte(script)); err != nil {
		return err
	}
	return os.Chmod(path, 0o700)
}

// NativeLog is the log of the agents that browsers start.
func (w *World) NativeLog() string { return w.path("native.log") }

// PortalAddress is the address of the portal's server, "127.0.0.1:8080", for browsers that shall take it for a public one.
func (w *World) PortalAddress() string { return address(w.ports.Portal) }

// quote makes one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
