// SPDX-License-Identifier: Apache-2.0

package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// SystemState is the administrator's state folder.
const SystemState = "/var/lib/zaver/updates"

// SystemRoot is where a package puts the root that the client trusts first.
const SystemRoot = "/usr/share/zaver/update/root.json"

// StateFolder is where the client of this user remembers what it saw: below XDG_STATE_HOME where that is set, else the administrator's folder, or
// one below ~/.local/state. Empty when there is no home folder either. What is installed is judged by the administrator's alone.
func StateFolder(administrator bool, home string, env func(string) string) string {
	base := env("XDG_STATE_HOME")
	switch {
	case filepath.IsAbs(base): // the XDG specification wants relative ones ignored
	case administrator:
		return SystemState
	case home == "":
		return ""
	default:
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "zaver", "updates")
}

const (
	seenFile   = "seen.json"
	seenFormat = "zaver.update.seen/v1"
	maxSeen    = 4096 // bytes
)

// Seen is what the last check that succeeded saw. It is told to people and judges nothing.
type Seen struct {
	Format  string    `json:"format"`
	Checked time.Time `json:"checked"`
	Expires time.Time `json:"expires"` // from then on a check must see something fresher
	Newest  string    `json:"newest"`  // of the packages for this system; may be the installed version or an older one
}

// ReadSeen reads what the last check in the folder saw. A folder in which none succeeded yet gives an error that matches fs.ErrNotExist.
func ReadSeen(dir string) (Seen, error) {
	f, err := os.Open(filepath.Join(dir, seenFile))
	if err != nil {
		return Seen{}, fmt.Errorf("read what the last check saw: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSeen+1))
	if err != nil {
		return Seen{}, fmt.Errorf("read what the last check saw: %w", err)
	}
	var s Seen
	if len(b) > maxSeen || json.Unmarshal(b, &s) != nil || s.Format != seenFormat || s.Newest != "" && !ValidVersion(s.Newest) {
		return Seen{}, errors.New("what the last check saw is not written as it must be")
	}
	return s, nil
}

// WriteSeen writes what a check saw into the folder.
func WriteSeen(dir string, s Seen) error {
	s.Format = seenFormat
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write what the check saw: %w", err)
	}
	return WriteFile(filepath.Join(dir, seenFile), append(b, '\n'), 0o600)
}
