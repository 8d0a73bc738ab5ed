// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/update"
)

func newUpdateInstallCommand(a *app) *cobra.Command {
	o := updateOptions{administratorIs: true}
	c := leaf("install", "Fetch the newer package and have apt-get, dnf or zypper install it (only as root)", func(ctx context.Context) error {
		return updates(ctx, a, "install", o)
	})
	c.Long = c.Short + ".\n\nThe configuration is the system's (/etc/zaver/agent.json) unless --config names another; it, the trusted root, and the folder of updates\n" +
		"(/var/lib/zaver/updates) must be root's alone.\n\nWith --json: what update check prints.\n" +
		updateExits + fmt.Sprintf(", %d only root may install.", update.ExitNotRoot)
	updateFlags(c, &o)
	return c
}
