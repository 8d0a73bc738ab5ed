// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/update"
)

func newUpdateCheckCommand(a *app) *cobra.Command {
	var o updateOptions
	c := leaf("check", "Say whether a newer version of this program is out", func(ctx context.Context) error { return updates(ctx, a, "check", o) })
	c.Long = c.Short + ". Nothing but the signed list of versions is asked for, and nothing is told to the server.\n" +
		"For root, the configuration, the trusted root and the folder of updates must be root's alone, as for update install.\n\n" +
		"With --json: {\"format\",\"installed\",\"newest\",\"newer\",\"notes\":{\"ru\",\"en\"},\"checked\",\"expires\"}; of a failure {\"format\",\"code\",\"text\",\"remedy\",\"detail\"}.\n" +
		updateExits + fmt.Sprintf(", %d a newer version is out.", update.ExitNewer)
	updateFlags(c, &o)
	return c
}
