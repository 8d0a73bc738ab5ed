// SPDX-License-Identifier: Apache-2.0

// Fake-window plays a scripted person at the agent's window.
package main

import (
	"os"

	"zaver/softhsm-fixtures/windowplay"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != "--script" {
		os.Exit(2)
	}
	os.Exit(windowplay.Play(os.Args[2], os.Stdin, os.Stdout))
}
