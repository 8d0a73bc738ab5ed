// SPDX-License-Identifier: Apache-2.0

// Zaver-agent is the program at the citizen's computer: it answers the portal's page, shows what is to be signed, asks
// the PIN and has the token or card sign. It also lists what is connected.
package main

import (
	"context"
	"io"
	"os"

	"zaver/cmd/internal/boot"
	"zaver/signature/token"
)

const program = "zaver-agent"

// workerCommand runs one PKCS #11 module in a process of its own; only the agent itself uses it.
const workerCommand = "pkcs11-worker"

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerCommand {
		os.Exit(token.ServeWorker(os.Stdin, os.Stdout))
	}
	ctx, stop := boot.Signals(context.Background())
	err := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(boot.Report(os.Stderr, program, err))
}

// dispatch finds the command and runs it. Errors are *boot.Failure where they have a hint or an exit code.
func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root := newRoot(&app{stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}
