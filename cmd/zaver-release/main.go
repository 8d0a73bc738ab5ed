// SPDX-License-Identifier: Apache-2.0

// Zaver-release makes the packages of the agent: a deb, an rpm, the bill of materials and their hashes. It is not shipped.
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

const usage = `Usage: zaver-release -version 1.2.3 -agent agent.json [options]

  -version V   the version, of the form 1.2.3
  -agent FILE  the agent's configuration that is installed as /etc/zaver/agent.json
  -out DIR     where the packages go (default build/packages)
  -source DIR  the root of the source (default .)
  -nfpm CMD    the command line of nfpm (default nfpm)

SOURCE_DATE_EPOCH, in seconds, is the time that everything in the packages carries. The same source, version, configuration
and SOURCE_DATE_EPOCH give the same bytes.
`

func main() {
	ctx, stop := boot.Signals(context.Background())
	err := release(ctx, os.Args[1:], os.Stdout)
	stop()
	os.Exit(boot.Report(os.Stderr, "zaver-release", err))
}

func release(ctx context.Context, args []string, stdout io.Writer) error {
	c := delivery.Config{Log: stdout}
	flags := flag.NewFlagSet("zaver-release", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Version, "version", "", "")
	flags.StringVar(&c.Agent, "agent", "", "")
	flags.StringVar(&c.Out, "out", "build/packages", "")
	flags.StringVar(&c.Source, "source", ".", "")
	nfpm := flags.String("nfpm", "nfpm", "")
	if err := flags.Parse(args); err != nil || c.Version == "" || c.Agent == "" || flags.NArg() > 0 {
		_, err := io.WriteString(stdout, usage)
		return boot.Fail(boot.ExitUsage, "see above", "wrong command line (%v)", err)
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
