// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"zaver/cmd/internal/boot"
)

// app is what every command has: where it writes, and the options that all of them know.
type app struct {
	config         string // the configuration file that was named, or ""
	stdout, stderr io.Writer
}

// newRoot is the tree of commands. A new command is one more constructor here, in a file of its own; help, completions
// and man pages are made from the tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   program,
		Short: "Confirms who you are on a state-services portal, with your token or card",
		Long: "Zaver-agent answers the pages of the configured portals, shows what is to be signed, asks the PIN and has the token or card sign.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration, 4 already running. Some commands have more: see their help.",
		Args:          cobra.ArbitraryArgs, // so that an unknown command reaches RunE, and its message is ours
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return boot.Fail(boot.ExitUsage, "zaver-agent help", "no command given")
			}
			return boot.Fail(boot.ExitUsage, "zaver-agent help", "unknown command %q", args[0])
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.PersistentFlags().StringVar(&a.config, "config", "", "configuration `file` (default ~/.config/zaver/agent.json, then /etc/zaver/agent.json)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "%s: %w", c.Name(), err)
	})
	root.SetHelpCommand(newHelpCommand(root))
	root.AddCommand(newRunCommand(a), newConfirmCommand(a), newTokensCommand(a), newCardsCommand(a), newCardCommand(a), newPINCommand(a), newNativeHostCommand(a), newInstallCommand(a), newUninstallCommand(a), newDoctorCommand(a), newUpdateCommand(a), newVersionCommand(a))
	completeStrictly(root)
	return root
}

// newHelpCommand is help that knows what there is no help about.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "help [COMMAND]", Short: "Print help about a command", RunE: func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return boot.Fail(boot.ExitUsage, "zaver-agent help", "help: unknown command %q", strings.Join(args, " "))
		}
		c.InitDefaultHelpFlag()
		return c.Help()
	}}
}

// completeStrictly gives the commands that print completions the exit code of all others for a wrong command line.
func completeStrictly(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short = "Print completions for a shell: bash, zsh, fish or powershell"
		c.Args, c.RunE = cobra.ArbitraryArgs, func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "completion: no shell given")
			}
			return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "completion: unknown shell %q", args[0])
		}
		for _, shell := range c.Commands() {
			shell.Args = noArguments
		}
	}
}

// noArguments refuses arguments with the exit code of a wrong command line.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "%s: unexpected argument %q", c.Name(), args[0])
	}
	return nil
}

// leaf is a command without arguments and without subcommands.
func leaf(use, short string, work func(ctx context.Context) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noArguments, RunE: func(c *cobra.Command, _ []string) error {
		err := work(c.Context())
		if errors.Is(err, context.Canceled) && c.Context().Err() != nil {
			return boot.Fail(boot.ExitFailure, "", "%s was interrupted", strings.TrimPrefix(c.CommandPath(), program+" "))
		}
		return err
	}}
}

func newRunCommand(a *app) *cobra.Command {
	var tty string
	c := leaf("run", "Answer the pages of the configured portals, until SIGTERM or Ctrl-C", func(ctx context.Context) error {
		return run(ctx, a, tty)
	})
	c.Flags().StringVar(&tty, "tty", "", "the `terminal` for pinentry programs without a window")
	return c
}

func newTokensCommand(a *app) *cobra.Command {
	var json bool
	var language string
	c := leaf("tokens", "List the signature tokens and their certificates", func(ctx context.Context) error { return listTokens(ctx, a, json, language) })
	c.Long = c.Short + ".\n\nWith --json: {\"tokens\":[{\"token\",\"model\",\"serial\",\"module\",\"tries\",\"usable\",\"reason\",\"certificate\":{\"holder\",\"issuer\",\"not_before\",\"not_after\",\"sha256\"}}],\n" +
		"\"failed_modules\":[{\"module\",\"code\",\"error\"}]}.\nExit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration."
	c.Flags().BoolVar(&json, "json", false, "print JSON")
	languageFlag(c, &language)
	return c
}

func newCardsCommand(a *app) *cobra.Command {
	var json bool
	var language string
	c := leaf("cards", "List the readers and the cards in them", func(ctx context.Context) error { return listCards(ctx, a, json, language) })
	c.Long = c.Short + ".\n\nWith --json: {\"readers\":[{\"reader\",\"present\",\"card\",\"tries\",\"reason\",\"certificate\":{\"holder\",\"issuer\",\"not_before\",\"not_after\",\"sha256\"}}],\n" +
		"\"profile_problems\":[{\"file\",\"line\",\"field\",\"reason\"}]}; of a failure {\"code\"}.\nExit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration."
	c.Flags().BoolVar(&json, "json", false, "print JSON")
	languageFlag(c, &language)
	return c
}

func newVersionCommand(a *app) *cobra.Command {
	return leaf("version", "Print the version", func(context.Context) error {
		_, err := fmt.Fprintln(a.stdout, program, version())
		return err
	})
}

// release is the version of a packaged agent; the linker sets it.
var release string

// version is what the build recorded.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
