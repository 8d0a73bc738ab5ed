// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zaver/cardreader/agent/update"
)

const (
	trustedFile   = "trusted.json"
	trustedFormat = "zaver.update.trusted/v1"
	maxTrusted    = 2 * (maxRoot + maxTimestamp + maxSnapshot + maxTargets) // in base64
)

// trusted is what is remembered between runs: each file as it was when it was accepted.
type trusted struct {
	Format    string    `json:"format"`
	Checked   time.Time `json:"checked"`
	Root      []byte    `json:"root"`
	Timestamp []byte    `json:"timestamp,omitempty"`
	Snapshot  []byte    `json:"snapshot,omitempty"`
	Targets   []byte    `json:"targets,omitempty"`
	Lineage   []string  `json:"lineage,omitempty"` // SHA-256 of the roots that were accepted one after the other, the newest last
}

// store is the folder that remembers. What stands in it was judged when it was written, and the folder is this user's alone.
type store struct {
	path string
	now  trusted
}

// openStore makes the folder when it isn't there and reads what it remembers. A file that can't be read is an error: to begin anew in silence
// would be to forget what must not come back.
func openStore(dir string) (*store, error) {
	if err := private(dir); err != nil {
		return nil, update.Fail(update.FolderCode(err), err)
	}
	if err := update.Sweep(dir); err != nil {
		return nil, update.Fail(update.FolderCode(err), err)
	}
	s := &store{path: filepath.Join(dir, trustedFile)}
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, update.Fail(update.CodeState, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTrusted+1))
	if err == nil && len(b) > maxTrusted {
		err = errors.New("too long")
	}
	if err == nil {
		err = json.Unmarshal(b, &s.now)
	}
	if err == nil && s.now.Format != trustedFormat {
		err = fmt.Errorf("format %.40q", s.now.Format)
	}
	if err == nil {
		_, err = parseRoot(s.now.Root)
	}
	for _, part := range []struct {
		content []byte
		shape   func([]byte) error
	}{{s.now.Timestamp, shapeTimestamp}, {s.now.Snapshot, shapeSnapshot}, {s.now.Targets, shapeTargets}} {
		if err == nil && part.content != nil {
			err = part.shape(part.content)
		}
	}
	if err != nil {
		return nil, update.Fail(update.CodeState, fmt.Errorf("%s: %w", s.path, err))
	}
	return s, nil
}

// keep remembers all of t at once.
func (s *store) keep(t trusted) error {
	t.Format = trustedFormat
	b, err := json.Marshal(t)
	if err == nil {
		err = update.WriteFile(s.path, b, 0o600)
	}
	if err != nil {
		return update.Fail(update.CodeDisk, err)
	}
	s.now = t
	return nil
}

// private makes a folder of this user alone, and refuses one that is not.
func private(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("folder %q is relative", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	return ownAlone(dir, info)
}
