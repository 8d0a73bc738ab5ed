// SPDX-License-Identifier: Apache-2.0

// Command zaver-portal serves the portal and does for its operators and auditors
// what needs no page: it migrates the database, writes out evidence, prints the keys
// that others pin, keeps the list of accredited centres, and checks signatures and
// evidence in files.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"zaver/cmd/internal/boot"
)

const usage = `zaver-portal: the portal

usage:
  zaver-portal serve   -config FILE                       serve until interrupted
  zaver-portal migrate -config FILE                       bring the database up to date
  zaver-portal evidence export -config FILE REQUEST [-o FILE.zip]
                                                          write out the proof of one confirmation
  zaver-portal verify  cms|chain|evidence FILE … | batch   check signatures and evidence in files, offline
  zaver-portal key     -config FILE                       print the public keys that agents and auditors pin
  zaver-portal trust   show|list|refresh -config FILE [--json]
                                                          the list of accredited centres: in force, accepted so far, renew now
  zaver-portal trust   import -config FILE TSL.xml [--json]
                                                          take a list from a file
  zaver-portal trust   restore -config FILE SET [-o FILE.json]
                                                          write out a set that old evidence names
  zaver-portal version
  zaver-portal help

The configuration is strict JSON; config.example.json beside the source is that of a portal behind a
proxy. Without a proxy, "tls" names the files of "certificate" and "key".
Without a database address the portal runs a private PostgreSQL of its own under
its data directory.
`

func main() {
	ctx, stop := boot.Signals(context.Background())
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(errs, usage) // the exit code says it too
		return boot.ExitUsage
	}
	var err error
	switch args[0] {
	case "serve":
		err = serve(ctx, args[1:], out, errs)
	case "migrate":
		err = migrate(ctx, args[1:], out)
	case "evidence":
		err = exportEvidence(ctx, args[1:], out)
	case "verify":
		return verifyFiles(ctx, args[1:], out, errs)
	case "key":
		err = printKeys(args[1:], out)
	case "trust":
		err = trustCommand(ctx, args[1:], out)
	case "version":
		_, err = fmt.Fprintln(out, "zaver-portal", version())
	case "help", "-h", "-help", "--help":
		_, err = io.WriteString(out, usage)
	default:
		err = boot.Fail(boot.ExitUsage, "zaver-portal help lists the commands", "unknown command %q", args[0])
	}
	if err != nil {
		return boot.Report(errs, "zaver-portal", err)
	}
	return boot.ExitOK
}

// version is the module's version, or the commit of a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" {
		return "development"
	}
	return v
}
