// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"zaver/cardreader/agent/update"
)

// Lengths that metadata may have at most, in bytes, and how much may stand in them.
const (
	maxRoot      = 256 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 64 << 10
	maxTargets   = 2 << 20
	maxCustom    = 8 << 10
	maxKeys      = 32
	maxThreshold = 8
	maxSigs      = 32
	maxNumber    = 1 << 31 // of a version of metadata
)

const (
	snapshotFile = metadata.SNAPSHOT + ".json"
	targetsFile  = metadata.TARGETS + ".json"
)

// roles are the four that every root must name.
var roles = []string{metadata.ROOT, metadata.TIMESTAMP, metadata.SNAPSHOT, metadata.TARGETS}

// go-tuf takes what any publisher might write, and trusts whoever signed it not to leave out what it dereferences. The functions below take what a
// publisher of the agent writes and nothing else, so that no key, not even a stolen one, makes the client panic.

// CheckRoot refuses what can't be a trusted root: not of the shape that the publisher writes, or not signed by its own keys.
func CheckRoot(b []byte) error {
	if _, err := parseRoot(b); err != nil {
		return err
	}
	_, err := trustedmetadata.New(b)
	return err
}

func common(number int64, expires time.Time, signatures []metadata.Signature) error {
	switch {
	case number < 1 || number > maxNumber:
		return fmt.Errorf("version %d", number)
	case expires.IsZero():
		return errors.New("no expiry")
	case len(signatures) == 0 || len(signatures) > maxSigs:
		return fmt.Errorf("%d signatures", len(signatures))
	}
	return nil
}

func parseRoot(b []byte) (*metadata.Metadata[metadata.RootType], error) {
	if len(b) > maxRoot {
		return nil, errors.New("root is too long")
	}
	m, err := parse[metadata.RootType](b)
	if err != nil {
		return nil, err
	}
	s := m.Signed
	if err := common(s.Version, s.Expires, m.Signatures); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if !s.ConsistentSnapshot || len(s.Roles) != len(roles) || len(s.Keys) > maxKeys {
		return nil, errors.New("root: snapshots that are not consistent, other roles or too many keys")
	}
	for id, k := range s.Keys {
		if k == nil || k.Type != metadata.KeyTypeEd25519 || k.Scheme != metadata.KeySchemeEd25519 || len(k.Value.PublicKey) != 64 {
			return nil, fmt.Errorf("root: key %.8q is not Ed25519", id)
		}
		if own, err := k.ID(); err != nil || own != id {
			return nil, fmt.Errorf("root: key %.8q has another name", id)
		}
	}
	for _, name := range roles {
		r := s.Roles[name]
		if r == nil || r.Threshold < 1 || r.Threshold > maxThreshold || len(r.KeyIDs) < r.Threshold || len(r.KeyIDs) > maxThreshold {
			return nil, fmt.Errorf("root: role %s", name)
		}
		for _, id := range r.KeyIDs {
			if s.Keys[id] == nil {
				return nil, fmt.Errorf("root: role %s names a key that is not there", name)
			}
		}
	}
	return m, nil
}

// onlyMeta returns what a timestamp or snapshot says of the one file that it may name.
func onlyMeta(meta map[string]*metadata.MetaFiles, file string, limit int64) error {
	m := meta[file]
	if m == nil || len(meta) != 1 {
		return fmt.Errorf("must name %s and nothing else", file)
	}
	if m.Version < 1 || m.Version > maxNumber || m.Length < 1 || m.Length > limit || !sha256Only(m.Hashes) {
		return fmt.Errorf("version, length or hash of %s", file)
	}
	return nil
}

func sha256Only(h metadata.Hashes) bool { return len(h) == 1 && len(h["sha256"]) == 32 }

func shapeTimestamp(b []byte) error {
	m, err := parse[metadata.TimestampType](b)
	if err == nil {
		err = common(m.Signed.Version, m.Signed.Expires, m.Signatures)
	}
	if err == nil {
		err = onlyMeta(m.Signed.Meta, snapshotFile, maxSnapshot)
	}
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	return nil
}

func shapeSnapshot(b []byte) error {
	m, err := parse[metadata.SnapshotType](b)
	if err == nil {
		err = common(m.Signed.Version, m.Signed.Expires, m.Signatures)
	}
	if err == nil {
		err = onlyMeta(m.Signed.Meta, targetsFile, maxTargets)
	}
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

func shapeTargets(b []byte) error {
	m, err := parse[metadata.TargetsType](b)
	if err == nil {
		err = common(m.Signed.Version, m.Signed.Expires, m.Signatures)
	}
	if err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	if m.Signed.Delegations != nil || len(m.Signed.Targets) > update.MaxTargets {
		return errors.New("targets: delegations, or too many packages")
	}
	for name, t := range m.Signed.Targets {
		if _, err := readTarget(name, t); err != nil {
			return fmt.Errorf("targets: %.60q: %w", name, err)
		}
	}
	return nil
}

// readTarget makes a Release of what the metadata say of one package.
func readTarget(name string, t *metadata.TargetFiles) (Release, error) {
	if !update.ValidFile(name) || t == nil || t.Length < 1 || t.Length > update.MaxPackage || !sha256Only(t.Hashes) || t.Custom == nil || len(*t.Custom) > maxCustom {
		return Release{}, errors.New("name, length, hash or description is not what it must be")
	}
	r := Release{File: name, Length: t.Length, sha256: t.Hashes["sha256"]}
	if err := json.Unmarshal(*t.Custom, &r.Custom); err != nil {
		return Release{}, err
	}
	return r, r.Check()
}

// remote is the name by which the server has the package, below "targets/": with its hash, so that what is being replaced never meets what is new.
func (r Release) remote() string { return "targets/" + hex.EncodeToString(r.sha256) + "." + r.File }
