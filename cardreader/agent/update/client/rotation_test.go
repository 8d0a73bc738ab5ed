// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
	"zaver/softhsm-fixtures/mirror"
)

func described(version int64, b []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(b)
	return &metadata.MetaFiles{Version: version, Length: int64(len(b)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

// Each role's keys are replaced; the client follows, and what the old ones sign is refused from then on.
func TestRotation(t *testing.T) {
	for _, role := range publish.Roles() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.finds("1.2.0")
			old := w.m.Keys(role)
			w.must(w.m.Rotate(role))
			w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
			w.finds("1.3.0")
			w.resigned(role, old)
			w.refused(update.CodeSignature)
		})
	}
	t.Run("many in a row", func(t *testing.T) {
		w := newWorld(t)
		for range 5 {
			w.must(w.m.Rotate(publish.Root, publish.Timestamp))
		}
		w.finds("1.2.0")
	})
	t.Run("more than any publisher makes", func(t *testing.T) {
		w := newWorld(t)
		keys := some(w.m.Keys(publish.Root), 2)
		for n := int64(2); n < 40; n++ {
			w.m.Serve(name(n), forge(w, w.m.Root(), keys, func(s *metadata.RootType) { s.Version = n }))
		}
		if _, err := w.check(); update.CodeOf(err) != update.CodeTooLong {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the old root's keys did not sign", func(t *testing.T) {
		w := newWorld(t)
		w.must(w.m.Rotate(publish.Root))
		b := current(w, publish.Root)
		w.m.Serve("2.root.json", forge(w, b, w.m.Keys(publish.Root), func(*metadata.RootType) {}))
		w.refused(update.CodeSignature)
	})
	t.Run("the new root's keys did not sign", func(t *testing.T) {
		w := newWorld(t)
		old := w.m.Keys(publish.Root)
		w.must(w.m.Rotate(publish.Root))
		w.m.Serve("2.root.json", forge(w, current(w, publish.Root), old, func(*metadata.RootType) {}))
		w.refused(update.CodeSignature)
	})
	t.Run("an expired root on the way is passed", func(t *testing.T) {
		w := newWorld(t)
		w.days(200)
		w.must(w.m.Rotate(publish.Root))
		w.days(200)
		w.must(w.m.Rotate(publish.Root, publish.Timestamp, publish.Snapshot, publish.Targets))
		w.finds("1.2.0")
	})
}

func name(n int64) string { return fmt.Sprintf("%d.root.json", n) }

// resigned serves a next file of a role that its old keys signed, with everything above it signed rightly.
func (w *world) resigned(role string, old publish.Keys) {
	w.t.Helper()
	keys := func(r string) publish.Keys {
		if r == role {
			return old
		}
		return w.m.Keys(r)
	}
	if role == publish.Root {
		w.m.Serve("3.root.json", forge(w, current(w, publish.Root), old, func(s *metadata.RootType) { s.Version++ }))
		return
	}
	targets := forge(w, current(w, publish.Targets), keys(publish.Targets), func(s *metadata.TargetsType) { s.Version = 50 })
	snapshot := forge(w, current(w, publish.Snapshot), keys(publish.Snapshot), func(s *metadata.SnapshotType) {
		s.Version = 50
		s.Meta["targets.json"] = described(50, targets)
	})
	w.m.Serve("50.targets.json", targets)
	w.m.Serve("50.snapshot.json", snapshot)
	w.m.Serve("timestamp.json", forge(w, current(w, publish.Timestamp), keys(publish.Timestamp), func(s *metadata.TimestampType) {
		s.Version = 50
		s.Meta["snapshot.json"] = described(50, snapshot)
	}))
}

// A root that was accepted stays accepted though all else of that run was refused, and a mirror that hides it later brings no old key back.
func TestHiddenRoot(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(map[bool]string{true: "at the first run", false: "after a good run"}[first], func(t *testing.T) {
			w := newWorld(t)
			if !first {
				w.finds("1.2.0")
			}
			old, err := w.m.Save()
			w.must(err)
			stolen := w.m.Keys(publish.Timestamp)
			w.must(w.m.Rotate(publish.Timestamp))
			w.m.Set(publish.Timestamp, mirror.Fail)
			if _, err := w.check(); update.CodeOf(err) != update.CodeUnreachable {
				t.Fatalf("got %v", err)
			}
			w.m.Honest()
			w.m.Replay(old) // no 2.root.json any more
			w.m.Serve("timestamp.json", forge(w, old["timestamp.json"], stolen, func(s *metadata.TimestampType) { s.Version = 77 }))
			w.refused(update.CodeSignature)
			w.m.Honest()
			w.finds("1.2.0")
		})
	}
}

// Stolen keys wrote versions so high that nothing can follow; new keys let the publisher go on.
func TestFastForward(t *testing.T) {
	for _, roles := range [][]string{{publish.Timestamp}, {publish.Snapshot}, {publish.Timestamp, publish.Snapshot}} {
		t.Run(roles[0]+map[bool]string{true: " and another"}[len(roles) > 1], func(t *testing.T) {
			w := newWorld(t)
			w.finds("1.2.0")
			snapshot := forge(w, current(w, publish.Snapshot), w.m.Keys(publish.Snapshot), func(s *metadata.SnapshotType) { s.Version = 1 << 30 })
			w.m.Serve("1073741824.snapshot.json", snapshot)
			w.m.Serve("timestamp.json", forge(w, current(w, publish.Timestamp), w.m.Keys(publish.Timestamp), func(s *metadata.TimestampType) {
				s.Version = 1 << 30
				s.Meta["snapshot.json"] = described(1<<30, snapshot)
			}))
			w.finds("1.2.0")
			w.m.Honest()
			w.refused(update.CodeRollback)
			w.must(w.m.Rotate(roles...))
			w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
			w.finds("1.3.0")
		})
	}
}

// A package may bring a newer root than the one remembered, and an older one: the newer counts.
func TestShippedRoot(t *testing.T) {
	w := newWorld(t)
	first := w.m.Root()
	w.finds("1.2.0")
	w.must(w.m.Rotate(publish.Root))
	w.cfg.Root = current(w, publish.Root)
	w.m.Set("2.root.json", mirror.Fail) // needed no more
	w.finds("1.2.0")
	w.cfg.Root = first
	w.m.Asked()
	w.finds("1.2.0")
	if asked := w.m.Asked(); asked[0] != "3.root.json" {
		t.Errorf("asked for %v: the older root was taken", asked)
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		name    string
		checked bool // before the clock moves
		by      time.Duration
		code    string // empty: taken
	}{
		{"a little back", true, -5 * time.Minute, ""},
		{"an hour back", true, -time.Hour, update.CodeClock},
		{"years back", true, -30 * 365 * 24 * time.Hour, update.CodeClock},
		{"a month back, never checked", false, -30 * 24 * time.Hour, update.CodeClock},
		{"years back, never checked", false, -30 * 365 * 24 * time.Hour, update.CodeClock},
		{"a month ahead", true, 30 * 24 * time.Hour, update.CodeExpired},
		{"years ahead, never checked", false, 30 * 365 * 24 * time.Hour, update.CodeExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.checked {
				w.finds("1.2.0")
			}
			w.clock = w.clock.Add(c.by)
			if c.code == "" {
				w.finds("1.2.0")
				return
			}
			w.refused(c.code)
			w.clock = begun
			w.finds("1.2.0")
		})
	}
}

func TestStateFolder(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(w *world, dir string) error
	}{
		{"open to others", func(_ *world, dir string) error { return os.Chmod(dir, 0o755) }},
		{"another user's", func(w *world, dir string) error {
			if os.Geteuid() != 0 {
				w.cfg.State = "/usr"
				return nil
			}
			return os.Chown(dir, 12345, -1)
		}},
		{"a file", func(_ *world, dir string) error {
			return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
		}},
		{"a link", func(w *world, dir string) error {
			return errors.Join(os.RemoveAll(dir), os.Symlink(w.t.TempDir(), dir))
		}},
		{"no JSON", func(_ *world, dir string) error {
			return os.WriteFile(filepath.Join(dir, "trusted.json"), []byte("x"), 0o600)
		}},
		{"empty file", func(_ *world, dir string) error { return os.WriteFile(filepath.Join(dir, "trusted.json"), nil, 0o600) }},
		{"another format", func(_ *world, dir string) error {
			return os.WriteFile(filepath.Join(dir, "trusted.json"), []byte(`{"format":"zaver.update.trusted/v9"}`), 0o600)
		}},
		{"without a root", func(_ *world, dir string) error {
			return os.WriteFile(filepath.Join(dir, "trusted.json"), []byte(`{"format":"zaver.update.trusted/v1"}`), 0o600)
		}},
		{"endless file", func(_ *world, dir string) error {
			return os.WriteFile(filepath.Join(dir, "trusted.json"), make([]byte, 8<<20), 0o600)
		}},
		{"a folder in the place of the file", func(_ *world, dir string) error {
			file := filepath.Join(dir, "trusted.json")
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o700))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.finds("1.2.0")
			w.must(c.damage(w, w.cfg.State))
			if _, err := w.check(); update.CodeOf(err) != update.CodeState {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("relative", func(t *testing.T) {
		w := newWorld(t)
		w.cfg.State = "state"
		w.refused(update.CodeState)
	})
}
