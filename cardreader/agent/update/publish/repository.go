// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// How long what is signed lives.
const (
	rootLife      = 365 * 24 * time.Hour
	targetsLife   = 180 * 24 * time.Hour
	snapshotLife  = 180 * 24 * time.Hour
	timestampLife = 7 * 24 * time.Hour
	// renewBefore is how long before its end Refresh signs targets and snapshot anew.
	renewBefore = 30 * 24 * time.Hour
)

const maxMetadata = 4 << 20 // bytes of one file of the repository

const (
	timestampFile  = Timestamp + ".json"
	packagesFolder = "targets"
)

// clockSlack is how far the clocks of those who sign may be apart.
const clockSlack = time.Hour

// ErrClock is wrapped when the clock is behind the last timestamp's: what would be signed now expires before its time, and clients would refuse it.
var ErrClock = errors.New("the clock is behind")

// Repository is the folder that a web server serves.
type Repository struct {
	dir       string
	now       time.Time
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	staged    []file                   // signed, not written yet
	former    map[string]metadata.Role // in a rotation: the roles whose keys are replaced, as they were
}

// Create makes a repository without packages in a new or empty folder. The keys are those of the four roles, by role, as Generate made them.
func Create(dir string, keys map[string]Keys, now time.Time) (*Repository, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("create repository: %s is not empty", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, packagesFolder), 0o755); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	r := &Repository{dir: dir, now: whole(now)}
	r.root = metadata.Root(r.now.Add(rootLife))
	r.root.Signed.ConsistentSnapshot = true
	all := Keys{}
	for _, role := range Roles() {
		if err := r.entitle(role, keys[role]); err != nil {
			return nil, fmt.Errorf("create repository: %w", err)
		}
		all = all.with(keys[role])
	}
	r.targets, r.snapshot, r.timestamp = metadata.Targets(r.now), metadata.Snapshot(r.now), metadata.Timestamp(r.now)
	r.targets.Signed.Version, r.snapshot.Signed.Version, r.timestamp.Signed.Version = 0, 0, 0 // signing makes each the first
	if err := r.signRoot(all, nil); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	if err := errors.Join(r.signAll(all), r.commit()); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	return r, nil
}

// Open reads a repository, after it ended what a program that was killed had begun to write. What is in it must be signed by the keys that its
// newest root names, and each file must be the one that the next names.
func Open(dir string, now time.Time) (*Repository, error) {
	r := &Repository{dir: dir, now: whole(now)}
	for _, step := range []func() error{func() error { return finish(dir) }, r.readRoots, r.readRest} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("open repository: %w", err)
		}
	}
	return r, nil
}

func (r *Repository) readRoots() error {
	for n := int64(1); ; n++ {
		next, err := read(metadata.Root(), filepath.Join(r.dir, numbered(n, Root)), nil)
		if errors.Is(err, fs.ErrNotExist) && n > 1 {
			return nil
		}
		if err != nil {
			return err
		}
		if n > 1 {
			err = r.root.VerifyDelegate(Root, next)
		}
		if err = errors.Join(err, next.VerifyDelegate(Root, next)); err != nil || next.Signed.Version != n {
			return fmt.Errorf("root %d: %w", n, errors.Join(err, errors.New("chain of roots is broken")))
		}
		r.root = next
	}
}

func (r *Repository) readRest() error {
	var err error
	if r.timestamp, err = read(metadata.Timestamp(), filepath.Join(r.dir, timestampFile), nil); err == nil {
		err = r.root.VerifyDelegate(Timestamp, r.timestamp)
	}
	if meta := r.timestampMeta(); err == nil && meta != nil {
		if r.snapshot, err = read(metadata.Snapshot(), filepath.Join(r.dir, numbered(meta.Version, Snapshot)), meta); err == nil {
			err = r.root.VerifyDelegate(Snapshot, r.snapshot)
		}
	}
	if err == nil && (r.snapshot == nil || r.snapshot.Signed.Meta["targets.json"] == nil) {
		err = errors.New("timestamp or snapshot names nothing")
	}
	if err == nil {
		meta := r.snapshot.Signed.Meta["targets.json"]
		if r.targets, err = read(metadata.Targets(), filepath.Join(r.dir, numbered(meta.Version, Targets)), meta); err == nil {
			err = r.root.VerifyDelegate(Targets, r.targets)
		}
	}
	return err
}

func (r *Repository) timestampMeta() *metadata.MetaFiles {
	if r.timestamp == nil {
		return nil
	}
	return r.timestamp.Signed.Meta["snapshot.json"]
}

// RootPath is the file of the newest root: what a package ships.
func (r *Repository) RootPath() string {
	return filepath.Join(r.dir, numbered(r.root.Signed.Version, Root))
}

// Expiry says until when each role's file is good, by role.
func (r *Repository) Expiry() map[string]time.Time {
	return map[string]time.Time{Root: r.root.Signed.Expires, Targets: r.targets.Signed.Expires, Snapshot: r.snapshot.Signed.Expires, Timestamp: r.timestamp.Signed.Expires}
}

// whole drops what TUF can't write.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func numbered(n int64, role string) string { return fmt.Sprintf("%d.%s.json", n, role) }

// read reads a file; meta, unless nil, is what another says of it.
func read[T metadata.Roles](into *metadata.Metadata[T], path string, meta *metadata.MetaFiles) (*metadata.Metadata[T], error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxMetadata {
		return nil, fmt.Errorf("%s: too long", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if meta != nil {
		if err := meta.VerifyLengthHashes(b); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return into.FromBytes(b)
}

// entitle makes the keys those of a role, in place of all that it had.
func (r *Repository) entitle(role string, keys Keys) error {
	form, ok := roleKeys[role]
	if !ok || len(keys) != form.keys {
		return fmt.Errorf("role %q has %d new keys, not %d", role, len(keys), form.keys)
	}
	if had := r.root.Signed.Roles[role]; had != nil {
		for _, id := range append([]string{}, had.KeyIDs...) {
			if err := r.root.Signed.RevokeKey(id, role); err != nil {
				return err
			}
		}
	}
	for _, k := range keys {
		if err := r.root.Signed.AddKey(k.public, role); err != nil {
			return err
		}
	}
	r.root.Signed.Roles[role].Threshold = form.threshold
	return nil
}

// sign signs with every key at hand that the role has, at least as many as must.
func sign[T metadata.Roles](m *metadata.Metadata[T], role *metadata.Role, name string, keys Keys) error {
	signers := keys.those(role.KeyIDs)
	if len(signers) < role.Threshold {
		return fmt.Errorf("role %s needs %d of its keys, %d are at hand", name, role.Threshold, len(signers))
	}
	for _, k := range signers {
		if signed(m, k.id) {
			continue
		}
		if _, err := m.Sign(k.signer); err != nil {
			return fmt.Errorf("sign %s: %w", name, err)
		}
	}
	return nil
}

// signBelow signs what stands below the root with the role's keys, and in a rotation with those that it had, as far as they are at hand.
func signBelow[T metadata.Roles](r *Repository, m *metadata.Metadata[T], role string, keys Keys) error {
	if err := sign(m, r.root.Signed.Roles[role], role, keys); err != nil {
		return err
	}
	return sign(m, &metadata.Role{KeyIDs: r.former[role].KeyIDs}, role, keys)
}

func signed[T metadata.Roles](m *metadata.Metadata[T], id string) bool {
	for _, s := range m.Signatures {
		if s.KeyID == id {
			return true
		}
	}
	return false
}

// signRoot signs the root with its own keys and, where it has one, with those of the root before it.
func (r *Repository) signRoot(keys Keys, before *metadata.Role) error {
	r.root.ClearSignatures()
	r.root.Signed.Expires = r.now.Add(rootLife)
	if before != nil {
		if err := sign(r.root, before, Root, keys); err != nil {
			return fmt.Errorf("old %w", err)
		}
	}
	if err := sign(r.root, r.root.Signed.Roles[Root], Root, keys); err != nil {
		return err
	}
	_, err := stage(r, numbered(r.root.Signed.Version, Root), r.root)
	return err
}

// signAll signs targets, snapshot and timestamp anew, in this order.
func (r *Repository) signAll(keys Keys) error {
	t := r.targets
	t.ClearSignatures()
	t.Signed.Version++
	t.Signed.Expires = r.now.Add(targetsLife)
	if err := signBelow(r, t, Targets, keys); err != nil {
		return err
	}
	b, err := stage(r, numbered(t.Signed.Version, Targets), t)
	if err != nil {
		return err
	}
	r.snapshot.Signed.Meta = map[string]*metadata.MetaFiles{"targets.json": describe(t.Signed.Version, b)}
	return r.signSnapshot(keys)
}

// signSnapshot signs snapshot and timestamp anew.
func (r *Repository) signSnapshot(keys Keys) error {
	s := r.snapshot
	s.ClearSignatures()
	s.Signed.Version++
	s.Signed.Expires = r.now.Add(snapshotLife)
	if err := signBelow(r, s, Snapshot, keys); err != nil {
		return err
	}
	b, err := stage(r, numbered(s.Signed.Version, Snapshot), s)
	if err != nil {
		return err
	}
	r.timestamp.Signed.Meta = map[string]*metadata.MetaFiles{"snapshot.json": describe(s.Signed.Version, b)}
	return r.signTimestamp(keys)
}

// signTimestamp signs the timestamp anew: from when it is written readers see the new state.
func (r *Repository) signTimestamp(keys Keys) error {
	t := r.timestamp
	last := t.Signed.Expires.Add(-timestampLife)
	if _, begun := r.former[Timestamp]; !begun && r.now.Before(last.Add(-clockSlack)) {
		return fmt.Errorf("%w: it is %s, the last timestamp was signed %s", ErrClock, r.now.Format(time.RFC3339), last.Format(time.RFC3339))
	}
	t.ClearSignatures()
	t.Signed.Version++
	t.Signed.Expires = r.now.Add(timestampLife)
	if err := signBelow(r, t, Timestamp, keys); err != nil {
		return err
	}
	_, err := stage(r, timestampFile, t)
	return err
}

func describe(version int64, b []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(b)
	return &metadata.MetaFiles{Version: version, Length: int64(len(b)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

func hexHash(sum [32]byte) string { return hex.EncodeToString(sum[:]) }
