// SPDX-License-Identifier: Apache-2.0

// Zaver-agent is the program at the citizen's computer: it answers the portal's page, shows what is to be signed, asks
// the PIN and has the token or card sign. It also lists what is connected.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"zaver/cmd/internal/boot"
	"zaver/signature/token"
)

const program = "zaver-agent"

// workerCommand runs one PKCS #11 module in a process of its own; only the agent itself uses it.
const workerCommand = "pkcs11-worker"

const usage = `Usage: zaver-agent COMMAND [options]

  run       answer the pages of the configured portals, until SIGTERM or Ctrl-C
  tokens    list the signature tokens and their certificates
  cards     list the readers and the cards in them
  version   print the version
  help      print this text

Options:
  --config FILE   configuration (default ~/.config/zaver/agent.json)
  --tty FILE      run: the terminal for pinentry programs without a window
  --json          tokens, cards: print JSON

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration, 4 already running.
`

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerCommand {
		os.Exit(token.ServeWorker(os.Stdin, os.Stdout))
	}
	ctx, stop := boot.Signals(context.Background())
	err := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(boot.Report(os.Stderr, program, err))
}

// options are the flags of all commands; each command looks at its own.
type options struct {
	config string
	tty    string
	json   bool
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return boot.Fail(boot.ExitUsage, "zaver-agent help", "no command given")
	}
	command, args := args[0], args[1:]
	var o options
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	switch command {
	case "run":
		flags.StringVar(&o.config, "config", "", "")
		flags.StringVar(&o.tty, "tty", "", "")
	case "tokens", "cards":
		flags.StringVar(&o.config, "config", "", "")
		flags.BoolVar(&o.json, "json", false, "")
	case "version":
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return boot.Fail(boot.ExitUsage, "zaver-agent help", "unknown command %q", command)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(stdout, usage)
		return err
	} else if err != nil {
		return boot.Fail(boot.ExitUsage, "zaver-agent help", "%s: %w", command, err)
	}
	if flags.NArg() > 0 {
		return boot.Fail(boot.ExitUsage, "zaver-agent help", "%s: unexpected argument %q", command, flags.Arg(0))
	}
	switch command {
	case "run":
		return run(ctx, o, stdout, stderr)
	case "tokens":
		return listTokens(ctx, o, stdout)
	case "cards":
		return listCards(ctx, o, stdout)
	}
	_, err := fmt.Fprintln(stdout, program, version())
	return err
}

// version is what the build recorded.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
