// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// ErrDue is wrapped when a new timestamp was signed and written, but something else expires soon and the keys to sign it were not at hand.
var ErrDue = errors.New("has to be signed anew soon")

// below are the roles that sign when one has something new to sign, in this order.
var below = map[string][]string{Targets: {Targets, Snapshot, Timestamp}, Snapshot: {Snapshot, Timestamp}, Timestamp: {Timestamp}}

// Refresh signs a new timestamp, and targets and snapshot where less than thirty days of them are left. It needs the keys of what it signs: the
// timestamp's alone, most days of the year. Where others are needed and not at hand it signs the timestamp all the same, so that clients go on,
// and returns ErrDue. A root that expires soon is ErrDue too: only Rotate signs it.
func (r *Repository) Refresh(keys Keys) error {
	soon := r.now.Add(renewBefore)
	due, until := Timestamp, r.timestamp.Signed.Expires
	if r.snapshot.Signed.Expires.Before(soon) {
		due, until = Snapshot, r.snapshot.Signed.Expires
	}
	if r.targets.Signed.Expires.Before(soon) {
		due, until = Targets, r.targets.Signed.Expires
	}
	var later error
	if short := r.lacking(keys, due); short != nil && due != Timestamp {
		later = fmt.Errorf("refresh: %s, good until %s, %w: %w", due, until.Format(time.DateOnly), ErrDue, short)
		due = Timestamp
	}
	if err := r.signFrom(due, keys); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	if err := r.commit(); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	if root := r.root.Signed.Expires; root.Before(soon) {
		later = errors.Join(later, fmt.Errorf("refresh: root, good until %s, %w: rotate renews it", root.Format(time.DateOnly), ErrDue))
	}
	return later
}

// signFrom signs what the role signs and everything that names it.
func (r *Repository) signFrom(role string, keys Keys) error {
	switch role {
	case Targets:
		return r.signAll(keys)
	case Snapshot:
		return r.signSnapshot(keys)
	}
	return r.signTimestamp(keys)
}

// Rotate makes a new root in which the named roles have new keys, revokes their old ones, and has what these had signed signed anew. Without roles it renews
// the root alone. keys are the old ones at hand: two of the root's at least, and those of the roles that sign and keep theirs. The new root is signed by old and
// new root keys, so that clients can follow, and what the new keys sign is signed by the old ones at hand too: clients that read meanwhile need not
// have met the new root. Everything is written or nothing: a root whose timestamp nobody signed would stop all clients.
func (r *Repository) Rotate(keys Keys, replaced map[string]Keys) error {
	old := former(r.root, Root)
	r.former = map[string]metadata.Role{}
	defer func() { r.former = nil }()
	all := keys
	for _, role := range slices.Sorted(maps.Keys(replaced)) {
		r.former[role] = former(r.root, role)
		if err := r.entitle(role, replaced[role]); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		all = all.with(replaced[role])
	}
	r.root.Signed.Version++
	err := r.signRoot(all, &old)
	for _, role := range []string{Targets, Snapshot, Timestamp} { // the first of them signs the others too
		if replaced[role] == nil {
			continue
		}
		if err == nil {
			err = r.lacking(all, role)
		}
		if err == nil {
			err = r.signFrom(role, all)
		}
		break
	}
	if err == nil {
		err = r.commit()
	}
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	return nil
}

// Rotatable says what would keep Rotate from giving the roles new keys, so that none are made in vain: a role that there is not, or keys that are
// not at hand.
func (r *Repository) Rotatable(keys Keys, roles ...string) error {
	old := r.root.Signed.Roles[Root]
	if have := len(keys.those(old.KeyIDs)); have < old.Threshold {
		return fmt.Errorf("rotate: old role root needs %d of its keys, %d are at hand", old.Threshold, have)
	}
	for _, role := range roles {
		if _, ok := roleKeys[role]; !ok {
			return fmt.Errorf("rotate: unknown role %q", role)
		}
		for _, needed := range below[role] {
			must := r.root.Signed.Roles[needed]
			if have := len(keys.those(must.KeyIDs)); !slices.Contains(roles, needed) && have < must.Threshold {
				return fmt.Errorf("rotate: the keys of %s are needed too: %d of %d at hand", needed, have, must.Threshold)
			}
		}
	}
	return nil
}

// former is a role as the root has it before its keys are replaced.
func former(root *metadata.Metadata[metadata.RootType], role string) metadata.Role {
	had := root.Signed.Roles[role]
	if had == nil {
		return metadata.Role{}
	}
	return metadata.Role{KeyIDs: slices.Clone(had.KeyIDs), Threshold: had.Threshold}
}

// lacking names the keys that are not at hand to sign what the role signs and everything that names it.
func (r *Repository) lacking(keys Keys, role string) error {
	for _, needed := range below[role] {
		must := r.root.Signed.Roles[needed]
		if have := len(keys.those(must.KeyIDs)); have < must.Threshold {
			return fmt.Errorf("the keys of %s are needed too: %d of %d at hand", needed, have, must.Threshold)
		}
	}
	return nil
}
