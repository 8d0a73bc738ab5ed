// SPDX-License-Identifier: Apache-2.0

// Zaver-release is the publisher's program: it makes the packages of the agent (a deb, an rpm, the bill of materials and their hashes), and keeps the
// signed repository from which clients update. It is not shipped.
package main

import (
	"context"
	"io"
	"os"
	"time"

	"zaver/cmd/internal/boot"
)

func main() {
	ctx, stop := boot.Signals(context.Background())
	err := release(ctx, os.Args[1:], os.Stdout, time.Now())
	stop()
	os.Exit(boot.Report(os.Stderr, "zaver-release", err))
}

// release runs the command that the first argument names; without one it makes packages.
func release(ctx context.Context, args []string, stdout io.Writer, now time.Time) error {
	if len(args) > 0 {
		switch args[0] {
		case "keys":
			return keys(args[1:], stdout, now)
		case "publish":
			return publishPackages(args[1:], stdout, now)
		case "withdraw":
			return withdraw(args[1:], stdout, now)
		case "refresh":
			return refresh(args[1:], stdout, now)
		case "rotate":
			return rotate(args[1:], stdout, now)
		}
	}
	return packages(ctx, args, stdout)
}
