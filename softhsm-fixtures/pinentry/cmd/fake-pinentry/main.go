// SPDX-License-Identifier: Apache-2.0

// Fake-pinentry answers an agent's dialogs by a script file: --script FILE [--hurried].
package main

import (
	"flag"
	"fmt"
	"os"

	"zaver/softhsm-fixtures/pinentry"
)

func main() {
	script := flag.String("script", "", "script `file`, as package pinentry writes it")
	hurried := flag.Bool("hurried", false, "say OK to a question at once")
	flag.Parse()
	if *script == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "fake-pinentry: usage: fake-pinentry --script FILE [--hurried]")
		os.Exit(2)
	}
	os.Exit(pinentry.Play(*script, *hurried, os.Stdin, os.Stdout))
}
