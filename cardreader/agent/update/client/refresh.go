// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"zaver/cardreader/agent/update"
)

const (
	maxRotations = 32 // new roots in one run
	// clockSlack is how far the clock may go back between two runs.
	clockSlack = 10 * time.Minute
)

// run is one refresh under way.
type run struct {
	*Client
	store *store
	set   *trustedmetadata.TrustedMetadata
	kept  trusted // what will be remembered
}

// refresh goes through sections 5.2 to 5.6 of the specification and remembers what it accepted.
func (c *Client) refresh(ctx context.Context, s *store, now time.Time) (*trustedmetadata.TrustedMetadata, error) {
	if now.Before(s.now.Checked.Add(-clockSlack)) {
		return nil, update.Fail(update.CodeClock, fmt.Errorf("it was %s at the last check", s.now.Checked.Format(time.RFC3339)))
	}
	r := &run{Client: c, store: s, kept: s.now}
	if err := r.begin(now); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{r.roots, r.timestamp, r.snapshot, r.targets} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.kept.Checked = now
	return r.set, s.keep(r.kept)
}

// roots follows the chain of roots to its end (5.3). Each is remembered at once, so that a key that it revoked stays revoked.
func (r *run) roots(ctx context.Context) error {
	for range maxRotations {
		name := fmt.Sprintf("%d.root.json", r.set.Root.Signed.Version+1)
		b, err := r.get(ctx, name, maxRoot)
		if errors.Is(err, errAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := parseRoot(b); err != nil {
			return update.Fail(update.CodeMalformed, fmt.Errorf("%s: %w", name, err))
		}
		if _, err := r.set.UpdateRoot(b); err != nil {
			return judged(name, err)
		}
		if err := r.accept(b); err != nil {
			return err
		}
		if err := r.store.keep(r.kept); err != nil {
			return err
		}
	}
	return update.Fail(update.CodeTooLong, fmt.Errorf("more than %d new roots", maxRotations))
}

// timestamp takes the server's word on what is newest (5.4), never older than what was seen.
func (r *run) timestamp(ctx context.Context) error {
	if r.kept.Timestamp != nil {
		// It may have expired, or its key may have been replaced: then it bounds nothing. Loaded, it does.
		if _, err := r.set.UpdateTimestamp(r.kept.Timestamp); err != nil && r.set.Timestamp == nil {
			r.kept.Timestamp = nil
		}
	}
	b, err := r.get(ctx, "timestamp.json", maxTimestamp)
	if err != nil {
		return err
	}
	if err := shapeTimestamp(b); err != nil {
		return update.Fail(update.CodeMalformed, err)
	}
	_, err = r.set.UpdateTimestamp(b)
	switch {
	case errors.Is(err, &metadata.ErrEqualVersionNumber{}): // the one that was seen stays
	case err != nil:
		return judged("timestamp.json", err)
	default:
		r.kept.Timestamp = b
	}
	if expires := r.set.Timestamp.Signed.Expires; expires.Sub(r.set.RefTime) > update.MaxFresh {
		return update.Fail(update.CodeClock, fmt.Errorf("timestamp.json is good until %s, longer than any is made for", expires.Format(time.DateOnly)))
	}
	return nil
}

// snapshot takes the one that the timestamp names (5.5).
func (r *run) snapshot(ctx context.Context) error {
	meta := r.set.Timestamp.Signed.Meta[snapshotFile]
	if r.kept.Snapshot != nil {
		// It bounds what comes, and is what was named when its hash is that too: a number may have been given twice.
		if _, err := r.set.UpdateSnapshot(r.kept.Snapshot, true); err == nil && meta.VerifyLengthHashes(r.kept.Snapshot) == nil {
			return nil
		}
	}
	name := fmt.Sprintf("%d.%s", meta.Version, snapshotFile)
	b, err := r.get(ctx, name, meta.Length)
	if err != nil {
		return err
	}
	if err := meta.VerifyLengthHashes(b); err != nil {
		return judged(name, err)
	}
	if err := shapeSnapshot(b); err != nil {
		return update.Fail(update.CodeMalformed, err)
	}
	if _, err := r.set.UpdateSnapshot(b, false); err != nil {
		return judged(name, err)
	}
	r.kept.Snapshot = b
	return nil
}

// targets takes the list of packages that the snapshot names (5.6).
func (r *run) targets(ctx context.Context) error {
	if r.kept.Targets != nil {
		if _, err := r.set.UpdateTargets(r.kept.Targets); err == nil {
			return nil
		}
	}
	meta := r.set.Snapshot.Signed.Meta[targetsFile]
	name := fmt.Sprintf("%d.%s", meta.Version, targetsFile)
	b, err := r.get(ctx, name, meta.Length)
	if err != nil {
		return err
	}
	if err := meta.VerifyLengthHashes(b); err != nil {
		return judged(name, err)
	}
	if err := shapeTargets(b); err != nil {
		return update.Fail(update.CodeMalformed, err)
	}
	if _, err := r.set.UpdateTargets(b); err != nil {
		return judged(name, err)
	}
	r.kept.Targets = b
	return nil
}

// judged gives what go-tuf refused its code. The narrower kinds come first: each is a kind of ErrRepository too.
func judged(name string, err error) error {
	code := update.CodeMalformed
	switch {
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		code = update.CodeExpired
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		code = update.CodeSignature
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		code = update.CodeRollback
	case errors.Is(err, &metadata.ErrLengthOrHashMismatch{}):
		code = update.CodeMismatch
	}
	return update.Fail(code, fmt.Errorf("%s: %w", name, err))
}

// freshUntil is when the first of the metadata expires.
func freshUntil(set *trustedmetadata.TrustedMetadata) time.Time {
	first := set.Root.Signed.Expires
	for _, t := range []time.Time{set.Timestamp.Signed.Expires, set.Snapshot.Signed.Expires, set.Targets[metadata.TARGETS].Signed.Expires} {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
