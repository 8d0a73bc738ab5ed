// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/cmd/internal/delivery"
)

const packagesUsage = `Usage: zaver-release -version 1.2.3 -agent agent.json [options]

  -version V   the version, of the form 1.2.3
  -agent FILE  the agent's configuration that is installed as /etc/zaver/agent.json
  -root FILE   the root that clients of updates trust first, installed as /usr/share/zaver/update/root.json;
               without it the packages have no updates
  -out DIR     where the packages go (default build/packages)
  -source DIR  the root of the source (default .)
  -nfpm CMD    the command line of nfpm (default nfpm)

SOURCE_DATE_EPOCH, in seconds, is the time that everything in the packages carries. The same source, version, configuration,
root and SOURCE_DATE_EPOCH give the same bytes.
`

// packages makes the packages of the agent.
func packages(ctx context.Context, args []string, stdout io.Writer) error {
	c := delivery.Config{Log: stdout}
	flags := quiet("zaver-release")
	flags.StringVar(&c.Version, "version", "", "")
	flags.StringVar(&c.Agent, "agent", "", "")
	flags.StringVar(&c.UpdateRoot, "root", "", "")
	flags.StringVar(&c.Out, "out", "build/packages", "")
	flags.StringVar(&c.Source, "source", ".", "")
	nfpm := flags.String("nfpm", "nfpm", "")
	if err := flags.Parse(args); err != nil || c.Version == "" || c.Agent == "" || flags.NArg() > 0 {
		return wrongLine(stdout, packagesUsage+"\n"+updatesUsage, err)
	}
	c.Nfpm = strings.Fields(*nfpm)
	epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return boot.Fail(boot.ExitUsage, "set it to the time of the last commit: git log -1 --format=%ct", "SOURCE_DATE_EPOCH: %w", err)
	}
	c.Moment = time.Unix(epoch, 0).UTC()
	made, err := delivery.Build(ctx, c)
	for _, f := range made {
		if _, err := fmt.Fprintln(stdout, f); err != nil {
			return err
		}
	}
	return err
}

// quiet is a set of flags that says nothing by itself.
func quiet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// wrongLine prints how the command is used.
func wrongLine(stdout io.Writer, usage string, err error) error {
	if _, err := io.WriteString(stdout, usage); err != nil {
		return err
	}
	if err == nil {
		return boot.Fail(boot.ExitUsage, "see above", "wrong command line")
	}
	return boot.Fail(boot.ExitUsage, "see above", "wrong command line (%w)", err)
}
