// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/update"
	"zaver/cmd/internal/boot"
)

func newUpdateDownloadCommand(a *app) *cobra.Command {
	var o updateOptions
	c := leaf("download", "Fetch the newer package, check it, and say how to install it", func(ctx context.Context) error {
		if o.kind != "" && o.kind != update.Deb && o.kind != update.RPM {
			return boot.Fail(boot.ExitUsage, "use --kind deb or --kind rpm", "update download: unknown kind %q", o.kind)
		}
		return updates(ctx, a, "download", o)
	})
	c.Long = c.Short + ". The file gets its name when its length and hash are those that the publisher signed. A folder where\nsomebody else may exchange files is refused.\n\n" +
		"With --json: what update check prints, and {\"file\",\"command\":[…]}.\n" + updateExits + "."
	c.Flags().StringVar(&o.dir, "dir", "", "the `folder` for the package (default ~/.local/state/zaver/updates/packages)")
	c.Flags().StringVar(&o.kind, "kind", "", "the `kind` of package: deb or rpm (default: this system's)")
	updateFlags(c, &o)
	return c
}
