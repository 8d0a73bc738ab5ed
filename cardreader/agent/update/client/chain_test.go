// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
	"zaver/softhsm-fixtures/mirror"
)

// Who lost the root's keys, or had them stolen, begins a repository with new ones and has packages with its root installed by hand: from then on
// nothing of the old chain counts.
func TestAnotherChain(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(w *world)
	}{
		{"lost keys", func(*world) {}},
		{"rotated often", func(w *world) {
			for range 3 {
				w.must(w.m.Rotate(publish.Root, publish.Timestamp))
			}
		}},
		{"stolen keys", func(w *world) {
			stolen := some(w.m.Keys(publish.Root), 2)
			for n := int64(2); n < 9; n++ {
				w.m.Serve(name(n), forge(w, w.m.Root(), stolen, func(s *metadata.RootType) { s.Version = n }))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, fresh := newWorld(t), newWorld(t)
			old := w.cfg
			w.finds("1.2.0")
			c.before(w)
			w.finds("1.2.0")
			fresh.must(fresh.m.Release("1.5.0", "program 1.5.0", theNote))
			w.cfg.URL, w.cfg.Transport = fresh.m.URL(), fresh.m.Transport()
			w.refused(update.CodeSignature) // the same program, another server
			w.cfg.Root = fresh.m.Root()
			w.finds("1.5.0")
			w.finds("1.5.0")
			w.cfg.URL, w.cfg.Transport = old.URL, old.Transport
			w.refused(update.CodeSignature)
		})
	}
}

// An older package of the same publisher, installed by hand, does not bring back what a later root revoked.
func TestOlderPackageOfTheChain(t *testing.T) {
	w := newWorld(t)
	first := w.m.Root()
	old, err := w.m.Save()
	w.must(err)
	w.must(w.m.Rotate(publish.Timestamp))
	w.cfg.Root = current(w, publish.Root)
	w.finds("1.2.0")
	w.cfg.Root = first
	w.m.Replay(old) // hides the root that came since
	w.refused(update.CodeSignature)
	w.m.Honest()
	w.finds("1.2.0")
}

// A publisher who went on from a copy gave the numbers of what was seen to something else: what the timestamp names counts.
func TestNumberGivenTwice(t *testing.T) {
	w := newWorld(t)
	backup, err := w.m.Save()
	w.must(err)
	w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
	w.finds("1.3.0")
	w.put(backup)
	w.must(w.m.Release("1.4.0", "program 1.4.0", theNote))
	w.must(w.m.Refresh())
	w.finds("1.4.0")
}

// put makes the repository what it is told.
func (w *world) put(s mirror.State) {
	w.t.Helper()
	w.must(os.RemoveAll(w.m.Dir()))
	for name, content := range s {
		path := filepath.Join(w.m.Dir(), filepath.FromSlash(name))
		w.must(os.MkdirAll(filepath.Dir(path), 0o755))
		w.must(os.WriteFile(path, content, 0o644))
	}
}

// A publisher's program is killed anywhere in its writing: the next command ends what was begun, and clients meet one state or the other.
func TestKilledPublisher(t *testing.T) {
	for _, c := range []struct {
		name    string
		do      func(w *world) error
		version string
	}{
		{"publish", func(w *world) error { return w.m.Release("1.3.0", "program 1.3.0", theNote) }, "1.3.0"},
		{"refresh", func(w *world) error { return w.m.Refresh() }, "1.2.0"},
		{"rotate the root", func(w *world) error { return w.m.Rotate(publish.Root) }, "1.2.0"},
		{"rotate timestamp", func(w *world) error { return w.m.Rotate(publish.Timestamp) }, "1.2.0"},
		{"rotate snapshot", func(w *world) error { return w.m.Rotate(publish.Snapshot) }, "1.2.0"},
		{"rotate targets", func(w *world) error { return w.m.Rotate(publish.Targets) }, "1.2.0"},
		{"rotate all", func(w *world) error { return w.m.Rotate(publish.Roles()...) }, "1.2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			old, err := w.m.Save()
			w.must(err)
			w.must(c.do(w))
			done, err := w.m.Save()
			w.must(err)
			var moved []string
			for name, content := range done {
				if strings.HasPrefix(name, "targets/") {
					old[name] = content // packages are there before anything names them
				} else if string(old[name]) != string(content) {
					moved = append(moved, name)
				}
			}
			slices.SortFunc(moved, func(a, b string) int { return turn(a) - turn(b) })
			for k := range len(moved) + 1 {
				state := maps.Clone(old)
				for i, name := range moved {
					if i < k {
						state[name] = done[name]
					} else {
						state[".committed/"+name] = done[name]
					}
				}
				w.cfg.State = filepath.Join(t.TempDir(), "state")
				w.put(old)
				w.finds("1.2.0")
				w.put(state)
				if _, err := w.check(); err != nil {
					t.Errorf("after %d of %v: %v", k, moved, err)
				}
				w.must(w.m.Refresh())
				w.finds(c.version)
				if left, _ := filepath.Glob(filepath.Join(w.m.Dir(), ".[cp]*")); len(left) > 0 {
					t.Errorf("left %v", left)
				}
			}
		})
	}
	t.Run("before it began to write", func(t *testing.T) {
		w := newWorld(t)
		s, err := w.m.Save()
		w.must(err)
		s[".pending/timestamp.json"], s[".pending/.new-1"] = []byte("{"), nil
		w.put(s)
		w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
		w.finds("1.3.0")
	})
}

// turn is when a file is moved to its place.
func turn(name string) int {
	switch {
	case strings.HasSuffix(name, ".root.json"):
		return 2
	case name == "timestamp.json":
		return 1
	}
	return 0
}
