// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"zaver/cardreader/agent/update/publish"
)

// keys makes the keys of all roles and an empty repository.
func keys(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	if _, err := f.read("keys", args, stdout, nil, 0, 0); err != nil {
		return err
	}
	made, err := publish.Generate(f.keys, publish.Roles()...)
	if err != nil {
		return err
	}
	r, err := publish.Create(f.dir, made, now)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "The keys are in %s. Take the three of the root away, each to a medium of its own; any two of them sign.\n", f.keys); err != nil {
		return err
	}
	return tell(r, stdout)
}
