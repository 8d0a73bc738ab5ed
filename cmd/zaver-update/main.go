// SPDX-License-Identifier: Apache-2.0

// Zaver-update finds, fetches and installs newer packages of the agent. The agent starts it for `zaver-agent update`, and nobody else needs to: it is a
// program of its own so that the process through which PINs pass has no part in it.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
)

const program = "zaver-update"

// release is the version of a packaged program; the linker sets it.
var release string

func main() {
	ctx, stop := boot.Signals(context.Background())
	err := run(ctx, thisSystem(), os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(boot.Report(os.Stderr, program, err))
}

// system is the computer that the program works on.
type system struct {
	user      int    // this user's number
	admin     int    // the number of the administrator
	prefix    string // before the paths of package managers and their marks
	installed string
	os, arch  string
	home      string
	env       func(string) string
	transport http.RoundTripper // nil: the client's own
	now       func() time.Time
	execute   func(argv, env []string, out io.Writer) error
}

func thisSystem() system {
	home, _ := os.UserHomeDir() // without one the state folder must be named
	return system{user: os.Geteuid(), installed: release, os: runtime.GOOS, arch: runtime.GOARCH, home: home, env: os.Getenv, now: time.Now, execute: execute}
}

// execute runs a package manager; it is not cut short by the end of our own work.
func execute(argv, env []string, out io.Writer) error {
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	return cmd.Run()
}

// options are those of the command line.
type options struct {
	url, root, state, config string
	kind, dir                string
	language                 words.Language
	json                     bool
}

// job is one command under way.
type job struct {
	system
	options
	stdout, stderr io.Writer
}

// run does one command. What failed was said already when the error is a *boot.Failure without a cause.
func run(ctx context.Context, s system, args []string, stdout, stderr io.Writer) error {
	commands := map[string]func(*job, context.Context) error{"check": (*job).check, "download": (*job).download, "install": (*job).install}
	j := &job{system: s, stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&j.url, "url", "", "")
	flags.StringVar(&j.root, "root", update.SystemRoot, "")
	flags.StringVar(&j.state, "state", "", "")
	flags.StringVar(&j.config, "config", "", "")
	flags.StringVar(&j.kind, "kind", "", "")
	flags.StringVar(&j.dir, "dir", "", "")
	flags.StringVar((*string)(&j.language), "lang", "en", "")
	flags.BoolVar(&j.json, "json", false, "")
	if len(args) == 0 || commands[args[0]] == nil || flags.Parse(args[1:]) != nil || flags.NArg() > 0 || j.kind != "" && j.kind != update.Deb && j.kind != update.RPM {
		return boot.Fail(boot.ExitUsage, "use zaver-agent update", "wrong command line")
	}
	err := commands[args[0]](j, ctx)
	var said *boot.Failure
	if err == nil || errors.As(err, &said) && said.Err == nil {
		return err
	}
	answer := update.Failed(j.language, err)
	answer.Installed = j.installed
	write, to := answer.WriteFailure, stderr
	if j.json {
		write, to = answer.WriteJSON, stdout
	}
	if err := write(to); err != nil {
		return err
	}
	return &boot.Failure{Exit: update.Exit(answer.Code)}
}

// client prepares a client on its state folder, which nobody else uses until the function is called.
func (j *job) client() (*client.Client, func() error, error) {
	if j.url == "" {
		return nil, nil, update.Fail(update.CodeNone, nil)
	}
	if j.state == "" {
		j.state = update.StateFolder(j.user == j.admin, j.home, j.env)
	}
	if j.state == "" {
		return nil, nil, update.Fail(update.CodeState, errors.New("no home folder"))
	}
	if j.user == j.admin {
		if err := j.exposed(); err != nil {
			return nil, nil, err
		}
	}
	root, err := readRoot(j.root)
	if err != nil {
		return nil, nil, update.Fail(update.CodeRoot, err)
	}
	kind := j.kind
	if kind == "" {
		kind, _ = j.manager()
	}
	c, err := client.New(client.Config{URL: j.url, Root: root, State: j.state, Installed: j.installed, OS: j.os, Arch: j.arch, Kind: kind, Transport: j.transport, Now: j.now})
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(j.state, 0o700); err != nil {
		return nil, nil, update.Fail(update.FolderCode(err), err)
	}
	free, err := boot.OneInstance(filepath.Join(j.state, "lock"))
	var held *boot.Failure
	if errors.As(err, &held) && held.Exit == boot.ExitRunning {
		return nil, nil, update.Fail(update.CodeBusy, err)
	}
	if err != nil {
		return nil, nil, update.Fail(update.FolderCode(err), err)
	}
	return c, free, nil
}

const maxRoot = 1 << 20 // bytes that are read of it; the client allows fewer

func readRoot(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRoot))
}
