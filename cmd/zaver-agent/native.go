// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/nativemsg"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/cmd/internal/boot"
)

// newNativeHostCommand answers the browser that started this process. Its arguments are the browser's own; a launcher
// puts "--" before them.
func newNativeHostCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "native-host -- ARGUMENTS", Short: "Answer the browser extension over standard input and output (browsers start this)",
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return nativeHost(c.Context(), a, args, os.Stdin) },
	}
}

// nativeHost writes nothing but messages to standard output. What goes wrong before the first message is told to the
// page as a code, too: a browser shows nobody what a program says.
func nativeHost(ctx context.Context, a *app, args []string, in io.Reader) error {
	// A browser that is gone must not end the process before a finished signature is sent.
	signal.Ignore(syscall.SIGPIPE)
	// Before anything is opened: whoever this is, a page of another extension learns nothing.
	if _, err := nativemsg.CheckCaller(args, extension.IDs()); err != nil {
		if len(args) == 0 {
			in = strings.NewReader("") // a person at a terminal, who would not hang up
		}
		return &boot.Failure{Exit: boot.ExitUsage, Hint: "browsers start this command; set them up with: zaver-agent install",
			Err: errors.Join(err, nativemsg.Refuse(in, a.stdout, agent.CodeForbidden))}
	}
	made, end, err := prepareNative(a)
	if err != nil {
		code := agent.CodeOf(err)
		if code == agent.CodeInternal {
			code = agent.CodeConfig
		}
		return errors.Join(err, nativemsg.Refuse(in, a.stdout, code))
	}
	defer end()
	return nativemsg.Serve(ctx, nativemsg.Config{Agent: made.agent, Version: version(), Caller: args, Extensions: extension.IDs(), Doctor: a.nativeExamination, Log: made.log}, in, a.stdout)
}

func prepareNative(a *app) (*assembled, func(), error) {
	c, err := loadConfig(a.config, true)
	if err != nil {
		return nil, nil, err
	}
	// The PIN passes through this process: no core dump, no reader of its memory.
	if err := closeProcess(); err != nil {
		return nil, nil, err
	}
	log, closeLog, err := boot.OpenLog(c.Log, a.stderr)
	if err != nil {
		return nil, nil, err
	}
	// The terminal that a browser happens to have been started from is not where the person looks.
	made, err := assemble(c, firstOf(c.TTY, os.Getenv("GPG_TTY")), log)
	if err != nil {
		return nil, nil, errors.Join(err, closeLog())
	}
	return made, func() { _ = made.close(); _ = closeLog() }, nil
}
