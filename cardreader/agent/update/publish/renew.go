// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"fmt"
	"maps"
	"slices"
)

// Refresh signs a new timestamp, and targets and snapshot where less than thirty days of them are left. It needs the keys of what it signs: the
// timestamp's alone, most days of the year.
func (r *Repository) Refresh(keys Keys) error {
	soon := r.now.Add(renewBefore)
	var err error
	switch {
	case r.targets.Signed.Expires.Before(soon):
		err = r.signAll(keys)
	case r.snapshot.Signed.Expires.Before(soon):
		err = r.signSnapshot(keys)
	default:
		err = r.signTimestamp(keys)
	}
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	return nil
}

// Rotate makes a new root in which the named roles have new keys, revokes their old ones, and has what these had signed signed anew. Without roles it renews
// the root alone. keys are the old ones at hand: two of the root's at least, and those of the roles that sign and keep theirs. The new root is signed by old and
// new root keys, so that clients can follow.
func (r *Repository) Rotate(keys Keys, replaced map[string]Keys) error {
	old := *r.root.Signed.Roles[Root]
	old.KeyIDs = slices.Clone(old.KeyIDs)
	all := keys
	for _, role := range slices.Sorted(maps.Keys(replaced)) {
		if err := r.entitle(role, replaced[role]); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		all = all.with(replaced[role])
	}
	if err := r.atHand(all, replaced); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	r.root.Signed.Version++
	if err := r.signRoot(all, &old); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	var err error
	switch {
	case replaced[Targets] != nil:
		err = r.signAll(all)
	case replaced[Snapshot] != nil:
		err = r.signSnapshot(all)
	case replaced[Timestamp] != nil:
		err = r.signTimestamp(all)
	}
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	return nil
}

// atHand makes sure, before a new root is written, that everything below it can be signed: a root whose timestamp nobody signed would stop all clients.
func (r *Repository) atHand(all Keys, replaced map[string]Keys) error {
	below := map[string][]string{Targets: {Targets, Snapshot, Timestamp}, Snapshot: {Snapshot, Timestamp}, Timestamp: {Timestamp}}
	for role := range replaced {
		for _, needed := range below[role] {
			must := r.root.Signed.Roles[needed]
			if have := len(all.those(must.KeyIDs)); have < must.Threshold {
				return fmt.Errorf("the keys of %s are needed too: %d of %d at hand", needed, have, must.Threshold)
			}
		}
	}
	return nil
}
