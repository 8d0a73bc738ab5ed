// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"

	"zaver/cardreader/agent/loopback"
	"zaver/cmd/internal/boot"
)

// run answers pages until ctx ends.
func run(ctx context.Context, a *app, tty string) error {
	c, err := loadConfig(a.config, true)
	if err != nil {
		return err
	}
	// The PIN passes through this process: no core dump, no reader of its memory.
	if err := closeProcess(); err != nil {
		return err
	}
	release, err := boot.OneInstance(lockPath(c.Loopback.Port))
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	log, closeLog, err := boot.OpenLog(c.Log, a.stderr)
	if err != nil {
		return err
	}
	defer func() { _ = closeLog() }()
	tty = firstOf(tty, c.TTY, os.Getenv("GPG_TTY"), ownTerminal())
	made, err := assemble(c, tty, log)
	if err != nil {
		return err
	}
	defer func() { _ = made.close() }()
	handed, err := activation.Listeners() // by the service manager, which listens before anybody needs the agent
	if err != nil {
		return fmt.Errorf("take sockets over: %w", err)
	}
	settings := loopback.Config{Agent: made.agent, Version: version(), Port: c.Loopback.Port, Listeners: handed, Doctor: a.examination, Log: log}
	if len(handed) > 0 { // the service manager goes on listening, and starts the next version
		settings.Outdated = replaced()
	}
	door, err := loopback.Listen(ctx, settings)
	if err != nil {
		f := &boot.Failure{Exit: boot.ExitFailure, Err: err}
		if errors.Is(err, syscall.EADDRINUSE) {
			f.Exit, f.Hint = boot.ExitRunning, "end the program that holds the port, or set loopback.port"
		}
		return f
	}
	log.InfoContext(ctx, "ready", "address", door.Addr(), "portals", strings.Join(made.agent.Origins(), " "), "pinentry", made.asks)
	if _, err := fmt.Fprintf(a.stdout, "zaver-agent: ready on http://%s\n", door.Addr()); err != nil {
		return errors.Join(fmt.Errorf("say that the door is open: %w", err), door.Close())
	}
	err = door.Serve(ctx)
	log.InfoContext(ctx, "ended", "err", err)
	return err
}

// lockPath is per user and port: two users have an agent each, on different ports.
func lockPath(port int) string {
	return runtimeFile(fmt.Sprintf("zaver-agent-%d.lock", port))
}

// ownTerminal is the terminal that the agent was started from, if any.
func ownTerminal() string {
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err == nil && (strings.HasPrefix(name, "/dev/pts/") || strings.HasPrefix(name, "/dev/tty")) {
			return name
		}
	}
	return ""
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}
