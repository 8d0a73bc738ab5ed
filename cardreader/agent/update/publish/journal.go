// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
)

// What one command signed goes into a folder of its own, which gets its second name when all is there. From then on the command has happened: its
// files are moved to their places, by this program or, when it is killed, by the next that opens the repository.
const (
	pending   = ".pending"
	committed = ".committed"
)

// file is one that was signed and not written yet.
type file struct {
	name    string
	content []byte
}

// stage remembers what is to be written.
func stage[T metadata.Roles](r *Repository, name string, m *metadata.Metadata[T]) ([]byte, error) {
	b, err := m.ToBytes(true)
	if err != nil {
		return nil, err
	}
	r.staged = append(r.staged, file{name, b})
	return b, nil
}

// commit writes everything that was staged, or nothing of it.
func (r *Repository) commit() error {
	dir := filepath.Join(r.dir, pending)
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return err
	}
	for _, f := range r.staged {
		if err := write(filepath.Join(dir, f.name), f.content); err != nil {
			return err
		}
	}
	r.staged = nil
	if err := update.SyncFolder(dir); err != nil {
		return err
	}
	if err := os.Rename(dir, filepath.Join(r.dir, committed)); err != nil {
		return err
	}
	return finish(r.dir)
}

// write makes a new file and has its content on the disk.
func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}

// finish moves what was committed to its place: what nobody asks for yet, then the timestamp that names it, then a new root. A client asks the
// other way round, so it meets the old keys with what they signed, or the new root with what the new keys signed. Each turn is on the disk before
// the next: a number that clients saw is not given again after a power failure.
func finish(repository string) error {
	dir := filepath.Join(repository, committed)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for turn := range 3 {
		for _, e := range entries {
			if place(e.Name()) != turn {
				continue
			}
			if err := os.Rename(filepath.Join(dir, e.Name()), filepath.Join(repository, e.Name())); err != nil {
				return fmt.Errorf("finish what was signed: %w", err)
			}
		}
		if err := update.SyncFolder(repository); err != nil {
			return err
		}
	}
	return os.Remove(dir)
}

// place is the turn in which a file is moved.
func place(name string) int {
	switch {
	case strings.HasSuffix(name, "."+Root+".json"):
		return 2
	case name == timestampFile:
		return 1
	}
	return 0
}
