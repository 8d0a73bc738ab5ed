// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"time"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
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
	return f.work(now, stdout, func(r *publish.Repository, keys publish.Keys) error {
		return r.Publish(keys, update.Notes{Russian: f.ru, English: f.en}, paths...)
	})
}

// withdraw takes packages out of the list.
func withdraw(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	names, err := f.read("withdraw", args, stdout, nil, 1, most)
	if err != nil {
		return err
	}
	return f.work(now, stdout, func(r *publish.Repository, keys publish.Keys) error { return r.Withdraw(keys, names...) })
}
