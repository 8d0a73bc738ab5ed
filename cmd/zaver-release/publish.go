// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"time"

	"zaver/cardreader/agent/update"
)

// most is how many packages or names may stand in one command line.
const most = 100

// publishPackages adds packages to the repository.
func publishPackages(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	paths, err := f.read("publish", args, stdout, []string{"notes"}, 1, most)
	if err != nil {
		return err
	}
	r, keys, err := f.open(now)
	if err != nil {
		return err
	}
	if err := r.Publish(keys, update.Notes{Russian: f.ru, English: f.en}, paths...); err != nil {
		return err
	}
	return tell(r, stdout)
}

// withdraw takes packages out of the list.
func withdraw(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	names, err := f.read("withdraw", args, stdout, nil, 1, most)
	if err != nil {
		return err
	}
	r, keys, err := f.open(now)
	if err != nil {
		return err
	}
	if err := r.Withdraw(keys, names...); err != nil {
		return err
	}
	return tell(r, stdout)
}
