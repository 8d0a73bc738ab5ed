// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/update"
	"zaver/cmd/internal/boot"
)

// updateProgram fetches updates. It is found beside the agent or where packages put it, never on PATH.
const updateProgram = "zaver-update"

var updateFolders = []string{"/usr/libexec/zaver", "/usr/lib/zaver", "/usr/local/libexec/zaver"}

// updateGrace is how long the program has to end in order when the person interrupts.
const updateGrace = 5 * time.Second

// updateExits tells the exit codes that the commands of updates share.
var updateExits = fmt.Sprintf("Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration, 4 another update is at work, %d refused: what the server gave is not to be trusted,\n"+
	"%d the server can't be reached, %d this build has no updates", update.ExitRefused, update.ExitUnreachable, update.ExitNone)

// updateOptions are those of one command.
type updateOptions struct {
	json            bool
	language        string
	kind, dir       string
	administratorIs bool // the configuration is the system's, never a person's
}

func newUpdateCommand(a *app) *cobra.Command {
	group := &cobra.Command{Use: "update", Short: "See, fetch and install newer versions of this program; nothing is looked for unless you ask", Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "update: no command given")
			}
			return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "update: unknown command %q", args[0])
		}}
	group.AddCommand(newUpdateCheckCommand(a), newUpdateDownloadCommand(a), newUpdateInstallCommand(a))
	return group
}

func updateFlags(c *cobra.Command, o *updateOptions) {
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	languageFlag(c, &o.language)
}

// updates hands one command over to the program that fetches updates. What failed was said by it; only the exit code is left.
func updates(ctx context.Context, a *app, command string, o updateOptions) error {
	named := a.config
	if named == "" && o.administratorIs {
		named = systemConfig
	}
	c, err := loadConfig(named, false)
	if err != nil {
		return err
	}
	language, err := chooseLanguage(o.language, c.Language)
	if err != nil {
		return err
	}
	fail := func(code string, cause error) error {
		answer := update.Failed(language, update.Fail(code, cause))
		write, to := answer.WriteFailure, a.stderr
		if o.json {
			write, to = answer.WriteJSON, a.stdout
		}
		if err := write(to); err != nil {
			return err
		}
		return &boot.Failure{Exit: update.Exit(code)}
	}
	if c.Updates.URL == "" {
		return fail(update.CodeNone, nil)
	}
	program, err := findUpdateProgram()
	if err != nil {
		return fail(update.CodeProgram, err)
	}
	path, err := configPath(named)
	if err != nil {
		return err
	}
	args := []string{command, "-url", c.Updates.URL, "-config", path, "-lang", string(language)}
	for _, f := range [][2]string{{"-root", c.Updates.Root}, {"-kind", o.kind}, {"-dir", o.dir}} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	if o.json {
		args = append(args, "-json")
	}
	return runUpdate(ctx, a, program, args)
}

func runUpdate(ctx context.Context, a *app, program string, args []string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if args[0] != "install" {
		cmd.WaitDelay = updateGrace // a package manager at work is waited for
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &boot.Failure{Exit: exit.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

func findUpdateProgram() (string, error) {
	var looked []string
	if self, err := os.Executable(); err == nil {
		looked = append(looked, filepath.Join(filepath.Dir(self), updateProgram))
	}
	for _, dir := range updateFolders {
		looked = append(looked, filepath.Join(dir, updateProgram))
	}
	for _, path := range looked {
		if s, err := os.Stat(path); err == nil && s.Mode().IsRegular() && s.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no such program: %s", strings.Join(looked, ", "))
}
