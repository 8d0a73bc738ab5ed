// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"time"

	"zaver/cardreader/agent/update/publish"
)

// refresh signs a new timestamp, and what else expires soon.
func refresh(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	if _, err := f.read("refresh", args, stdout, nil, 0, 0); err != nil {
		return err
	}
	return f.work(now, stdout, (*publish.Repository).Refresh)
}

// rotate gives roles new keys, or renews the root alone.
func rotate(args []string, stdout io.Writer, now time.Time) error {
	var f repositoryFlags
	roles, err := f.read("rotate", args, stdout, []string{"new"}, 0, len(publish.Roles()))
	if err != nil {
		return err
	}
	if len(roles) > 0 && f.fresh == "" {
		return wrongLine(stdout, updatesUsage, nil)
	}
	return f.work(now, stdout, func(r *publish.Repository, keys publish.Keys) error {
		if err := r.Rotatable(keys, roles...); err != nil {
			return err
		}
		replaced := map[string]publish.Keys{}
		if len(roles) > 0 {
			if replaced, err = publish.Generate(f.fresh, roles...); err != nil {
				return err
			}
		}
		return r.Rotate(keys, replaced)
	})
}
