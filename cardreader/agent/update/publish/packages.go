// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
)

// The names that the packager gives: name_version-release_arch.deb and name-version-release.arch.rpm.
var (
	debName = regexp.MustCompile(`^zaver-agent_([0-9.]+)-\d+_([a-z0-9]+)\.deb$`)
	rpmName = regexp.MustCompile(`^zaver-agent-([0-9.]+)-\d+\.([a-z0-9_]+)\.rpm$`)
)

// arches are processors by the names that packages have for them.
var arches = map[string]string{"amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64"}

// ErrOlder is wrapped when a package is not newer than those of its platform and kind that are published.
var ErrOlder = errors.New("not newer than what is published")

// platform reads what the name of a package says.
func platform(name string) (update.Custom, error) {
	c := update.Custom{OS: "linux"}
	m := debName.FindStringSubmatch(name)
	if c.Kind = update.Deb; m == nil {
		m, c.Kind = rpmName.FindStringSubmatch(name), update.RPM
	}
	if m == nil || arches[m[2]] == "" {
		return c, fmt.Errorf("%s is not named as make packages names packages", name)
	}
	c.Version, c.Arch = m[1], arches[m[2]]
	return c, c.Check()
}

// Publish adds packages, each a file as make packages made it, and signs targets, snapshot and timestamp. A package must be newer than those that
// are there for its platform and kind (ErrOlder): clients would never take it.
func (r *Repository) Publish(keys Keys, notes update.Notes, packages ...string) error {
	if len(packages) == 0 {
		return errors.New("publish: no packages")
	}
	if err := update.Sweep(filepath.Join(r.dir, packagesFolder)); err != nil { // of one that was killed: they may be large, and are served
		return fmt.Errorf("publish: %w", err)
	}
	for _, path := range packages {
		if err := r.add(path, notes); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if len(r.targets.Signed.Targets) > update.MaxTargets {
		return fmt.Errorf("publish: more than %d packages; withdraw old ones", update.MaxTargets)
	}
	if err := r.signAndCommit(keys); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (r *Repository) add(path string, notes update.Notes) error {
	name := filepath.Base(path)
	c, err := platform(name)
	if err != nil {
		return err
	}
	c.Released, c.Notes = r.now, notes
	if err := c.Check(); err != nil {
		return err
	}
	for there, t := range r.targets.Signed.Targets {
		var had update.Custom
		if t.Custom == nil || json.Unmarshal(*t.Custom, &had) != nil {
			return fmt.Errorf("%s: its description can't be read", there)
		}
		if had.OS == c.OS && had.Arch == c.Arch && had.Kind == c.Kind && !update.Newer(c.Version, had.Version) {
			return fmt.Errorf("%s: %w (%s)", name, ErrOlder, had.Version)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < 1 || info.Size() > update.MaxPackage {
		return fmt.Errorf("%s has %d bytes", name, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	if err := update.WriteFile(filepath.Join(r.dir, packagesFolder, hexHash(sum)+"."+name), b, 0o644); err != nil {
		return err
	}
	said, err := json.Marshal(c)
	if err != nil {
		return err
	}
	raw := json.RawMessage(said)
	r.targets.Signed.Targets[name] = &metadata.TargetFiles{Length: int64(len(b)), Hashes: metadata.Hashes{"sha256": sum[:]}, Custom: &raw, Path: name}
	return nil
}

// Withdraw takes packages by name out of the list and signs anew. Their files stay: clients in the middle of a download finish it.
func (r *Repository) Withdraw(keys Keys, names ...string) error {
	for _, name := range names {
		if r.targets.Signed.Targets[name] == nil {
			return fmt.Errorf("withdraw: %s is not published", name)
		}
		delete(r.targets.Signed.Targets, name)
	}
	if err := r.signAndCommit(keys); err != nil {
		return fmt.Errorf("withdraw: %w", err)
	}
	return nil
}

// signAndCommit signs everything below the root and writes it.
func (r *Repository) signAndCommit(keys Keys) error {
	if err := r.signAll(keys); err != nil {
		return err
	}
	return r.commit()
}
