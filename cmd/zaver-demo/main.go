// SPDX-License-Identifier: Apache-2.0

// Zaver-demo runs the whole product with everything that surrounds it, emulated on loopback, for a person to try, for a
// walk without hands, and for measurements.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"zaver/cmd/internal/boot"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/stage"
)

const program = "zaver-demo"

// pinentryCommand plays the scripted PIN entry; only this program itself uses it.
const pinentryCommand = "fake-pinentry"

const usage = `Usage: zaver-demo COMMAND [options]

  run      start everything, say what to open and whom to try; Ctrl-C ends it all
  smoke    walk the main road twice, with a token and with a card, without hands
  bench    measure, and print ratios against a baseline of the same run
  help     print this text

Options:
  --dir DIR     run: the folder that keeps database, PKI, tokens and cards
                (default zaver/demo under the user's cache folder; /var/cache/zaver/demo for root)
  --shots DIR   smoke: keep screenshots of every page in this folder
  --only PART   bench: measure only passwords, programs, native, agent, readers, packages or signature;
                readers alone is the long run of twenty minutes
  --gate        bench: fail (exit code 1) when a budget is missed
  --time D      bench: how long to repeat each package benchmark (default 0.5s)

Exit codes: 0 done, 1 failed, 2 wrong command line, 4 a port or the folder is taken.
`

func main() {
	if len(os.Args) == 4 && os.Args[1] == pinentryCommand && os.Args[2] == "--script" {
		os.Exit(pinentry.Play(os.Args[3], false, os.Stdin, os.Stdout))
	}
	ctx, stop := boot.Signals(context.Background())
	err := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(boot.Report(os.Stderr, program, explained(err)))
}

// options are the flags of all commands; each command looks at its own.
type options struct {
	dir, shots, only, time string
	gate                   bool
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return boot.Fail(boot.ExitUsage, "zaver-demo help", "no command given")
	}
	command, args := args[0], args[1:]
	var o options
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var do func(context.Context, options, io.Writer, io.Writer) error
	switch command {
	case "run":
		flags.StringVar(&o.dir, "dir", "", "")
		do = run
	case "smoke":
		flags.StringVar(&o.shots, "shots", "", "")
		do = smoke
	case "bench":
		flags.StringVar(&o.only, "only", "", "")
		flags.StringVar(&o.time, "time", "0.5s", "")
		flags.BoolVar(&o.gate, "gate", false, "")
		do = bench
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return boot.Fail(boot.ExitUsage, "zaver-demo help", "unknown command %q", command)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(stdout, usage)
		return err
	} else if err != nil {
		return boot.Fail(boot.ExitUsage, "zaver-demo help", "%s: %w", command, err)
	}
	if flags.NArg() > 0 {
		return boot.Fail(boot.ExitUsage, "zaver-demo help", "%s: unexpected argument %q", command, flags.Arg(0))
	}
	return do(ctx, o, stdout, stderr)
}

// explained gives what is taken its exit code and hint.
func explained(err error) error {
	if errors.Is(err, stage.ErrTaken) {
		return &boot.Failure{Exit: boot.ExitRunning, Hint: "end the program that holds it (another zaver-demo?), then try again", Err: err}
	}
	return err
}

// cast says which programs the stage runs: those beside this one, else it
// builds them, and this one as the scripted PIN entry.
func cast(cfg stage.Config) (stage.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return cfg, fmt.Errorf("find own program: %w", err)
	}
	cfg.Scripted = []string{self, pinentryCommand}
	dir := filepath.Dir(self)
	for _, name := range []string{"zaver-portal", "zaver-agent"} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return cfg, nil
		} else if err != nil {
			return cfg, fmt.Errorf("find the programs: %w", err)
		}
	}
	cfg.Programs = dir
	return cfg, nil
}
