// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"zaver/cardreader/agent/update"
)

// maxLineage is how many roots are remembered by their hash.
const maxLineage = 256

// begin trusts the newest root that is known.
func (r *run) begin(now time.Time) error {
	first, err := r.first()
	if err != nil {
		return err
	}
	if r.set, err = trustedmetadata.New(first); err != nil {
		return update.Fail(update.CodeState, err) // the shipped one was judged when the client was made
	}
	r.set.RefTime = now
	return r.accept(first)
}

// first is the root that came with the package, or a later one that was accepted before. A package whose root does not belong to the chain that is
// remembered begins a chain of its own, and nothing of the old one is trusted any more: that is how a publisher goes on who lost the root's keys,
// or had them stolen. Only who installs packages can do that.
func (r *run) first() ([]byte, error) {
	shipped, err := parseRoot(r.cfg.Root)
	if err != nil {
		return nil, update.Fail(update.CodeRoot, err)
	}
	if r.kept.Root == nil {
		return r.cfg.Root, nil
	}
	stored, err := parseRoot(r.kept.Root)
	if err != nil {
		return nil, update.Fail(update.CodeState, err)
	}
	switch {
	case slices.Contains(r.kept.Lineage, fingerprint(r.cfg.Root)):
		return r.kept.Root, nil
	case shipped.Signed.Version > stored.Signed.Version:
		return r.cfg.Root, nil
	case shipped.VerifyDelegate(metadata.ROOT, stored) == nil:
		return r.kept.Root, nil
	}
	r.kept = trusted{Checked: r.kept.Checked}
	return r.cfg.Root, nil
}

// accept takes a root for what is trusted from here on (5.3.11): where the keys of timestamp or snapshot changed, what was signed by the old ones
// no longer bounds the new, so that a publisher can recover from stolen keys that wrote a version too high.
func (r *run) accept(root []byte) error {
	if r.kept.Root != nil && !bytes.Equal(root, r.kept.Root) {
		before, err := parseRoot(r.kept.Root)
		if err != nil {
			return update.Fail(update.CodeState, err)
		}
		for _, role := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT} {
			if !slices.Equal(sorted(before.Signed.Roles[role].KeyIDs), sorted(r.set.Root.Signed.Roles[role].KeyIDs)) {
				r.kept.Timestamp, r.kept.Snapshot, r.kept.Targets = nil, nil, nil
			}
		}
	}
	r.kept.Root = root
	if sum := fingerprint(root); !slices.Contains(r.kept.Lineage, sum) {
		known := append(slices.Clone(r.kept.Lineage), sum)
		r.kept.Lineage = known[max(0, len(known)-maxLineage):]
	}
	return nil
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

func fingerprint(root []byte) string {
	sum := sha256.Sum256(root)
	return hex.EncodeToString(sum[:])
}
