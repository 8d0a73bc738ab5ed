// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
	"zaver/cardreader/agent/update/publish"
	"zaver/softhsm-fixtures/mirror"
)

func (w *world) newError() (*client.Client, error) { return client.New(w.cfg) }

func current(w *world, role string) []byte {
	w.t.Helper()
	_, b := w.m.Current(role)
	return b
}

// forge is mirror.Forge that must succeed.
func forge[T metadata.Roles](w *world, content []byte, keys publish.Keys, edit func(*T)) []byte {
	w.t.Helper()
	b, err := mirror.Forge(content, keys, edit)
	w.must(err)
	return b
}

func forgedRoot(w *world, keys publish.Keys) []byte {
	return forge(w, w.m.Root(), keys, func(*metadata.RootType) {})
}

// some returns n of the keys.
func some(keys publish.Keys, n int) publish.Keys {
	out := publish.Keys{}
	for id, k := range keys {
		if len(out) < n {
			out[id] = k
		}
	}
	return out
}

// foreign are keys that nobody entitled.
func foreign(w *world) publish.Keys {
	w.t.Helper()
	made, err := publish.Generate(w.t.TempDir(), publish.Root)
	w.must(err)
	return made[publish.Root]
}

// hurried is for servers that send nothing: whatever else is slow then, too, has the same code.
var hurried = client.Limits{Metadata: 300 * time.Millisecond, Stall: 300 * time.Millisecond}

// Each role's file is damaged on the way, at the first run and after good ones. What is refused leaves no trace, and the next honest answer is taken.
func TestDamagedMetadata(t *testing.T) {
	codes := map[mirror.Fault]map[string]string{ // by role; "" is the role's usual
		mirror.Tamper:   {"": update.CodeSignature, "snapshot": update.CodeMismatch, "targets": update.CodeMismatch},
		mirror.Garbage:  {"": update.CodeMalformed, "snapshot": update.CodeMismatch, "targets": update.CodeMismatch},
		mirror.Empty:    {"": update.CodeMalformed, "snapshot": update.CodeMismatch, "targets": update.CodeMismatch},
		mirror.Endless:  {"": update.CodeTooLong},
		mirror.Announce: {"": update.CodeTooLong},
		mirror.Stall:    {"": update.CodeTimeout},
		mirror.Silent:   {"": update.CodeTimeout},
		mirror.Cut:      {"": update.CodeCut},
		mirror.Fail:     {"": update.CodeUnreachable},
		mirror.Redirect: {"": update.CodeInsecure},
		mirror.Circle:   {"": update.CodeInsecure},
		mirror.Absent:   {"": update.CodeUnreachable, "root": ""}, // no newer root is the rule
		// so say stores of objects that let nobody list them
		mirror.Forbidden: {"": update.CodeUnreachable, "root": ""},
	}
	names := map[mirror.Fault]string{mirror.Tamper: "tampered", mirror.Garbage: "garbage", mirror.Empty: "empty", mirror.Endless: "endless", mirror.Announce: "announced too long",
		mirror.Stall: "stalls", mirror.Silent: "silent", mirror.Cut: "cut", mirror.Fail: "status 500", mirror.Redirect: "redirected to http", mirror.Circle: "redirected in a circle", mirror.Absent: "absent", mirror.Forbidden: "forbidden"}
	for _, history := range []string{"first run", "after good runs"} {
		for _, role := range publish.Roles() {
			for fault, byRole := range codes {
				code, own := byRole[role]
				if !own {
					code = byRole[""]
				}
				if code == "" {
					continue
				}
				t.Run(history+"/"+role+"/"+names[fault], func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					if history != "first run" {
						w.finds("1.2.0")
					}
					w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
					if role == publish.Root {
						w.must(w.m.Rotate(publish.Root))
					}
					w.m.Set(role, fault)
					if code == update.CodeTimeout {
						w.cfg.Limits = hurried
					}
					w.refused(code)
					w.m.Honest()
					w.cfg.Limits = client.Limits{}
					w.finds("1.3.0")
				})
			}
		}
	}
}

// The package is damaged on the way: nothing gets its name, nothing is left.
func TestDamagedPackage(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault mirror.Fault
		code  string
	}{
		{"tampered", mirror.Tamper, update.CodePackage},
		{"swapped for one of the same length", mirror.Swap, update.CodePackage},
		{"another page", mirror.Garbage, update.CodePackage},
		{"empty", mirror.Empty, update.CodePackage},
		{"endless", mirror.Endless, update.CodeTooLong},
		{"announced too long", mirror.Announce, update.CodePackage},
		{"stalls", mirror.Stall, update.CodeTimeout},
		{"silent", mirror.Silent, update.CodeTimeout},
		{"dies in the middle", mirror.Cut, update.CodeCut},
		{"status 500", mirror.Fail, update.CodeUnreachable},
		{"absent", mirror.Absent, update.CodeUnreachable},
		{"redirected to http", mirror.Redirect, update.CodeInsecure},
		{"redirected in a circle", mirror.Circle, update.CodeInsecure},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.code == update.CodeTimeout {
				w.cfg.Limits.Stall = hurried.Stall
			}
			w.m.Set(mirror.Package, c.fault)
			if _, err := w.download(); update.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
			w.same(map[string][32]byte{}, w.tree(w.dir))
			w.m.Honest()
			w.cfg.Limits = client.Limits{}
			_, err := w.download()
			w.must(err)
		})
	}
	t.Run("the package of another processor", func(t *testing.T) {
		w := newWorld(t)
		w.must(w.m.ReleaseFor("1.2.0", "program 1.2.0", "arm64", "aarch64", theNote))
		state, err := w.m.Save()
		w.must(err)
		var amd, arm string
		for name := range state {
			switch {
			case len(name) > 73 && name[73:] == "zaver-agent_1.2.0-1_amd64.deb":
				amd = name
			case len(name) > 73 && name[73:] == "zaver-agent_1.2.0-1_arm64.deb":
				arm = name
			}
		}
		if amd == "" || arm == "" {
			t.Fatalf("packages are not where they were expected: %q, %q", amd, arm)
		}
		w.m.Serve(amd, state[arm])
		if _, err := w.download(); update.CodeOf(err) != update.CodePackage {
			t.Errorf("got %v", err)
		}
		w.same(map[string][32]byte{}, w.tree(w.dir))
	})
}

// Files of different states don't go together.
func TestMixAndMatch(t *testing.T) {
	for _, role := range []string{publish.Snapshot, publish.Targets} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, old := w.m.Current(role)
			w.finds("1.2.0")
			w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
			name, _ := w.m.Current(role)
			w.m.Serve(name, old)
			w.refused(update.CodeMismatch)
		})
	}
}

// The server offers, honestly signed, what it offered before.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	old, err := w.m.Save()
	w.must(err)
	w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
	w.finds("1.3.0")
	t.Run("whole repository", func(t *testing.T) {
		w.t = t
		w.m.Replay(old)
		defer w.m.Honest()
		w.refused(update.CodeRollback)
	})
	t.Run("timestamp alone", func(t *testing.T) {
		w.t = t
		w.m.Serve("timestamp.json", old["timestamp.json"])
		defer w.m.Honest()
		w.refused(update.CodeRollback)
	})
	t.Run("root under the next number", func(t *testing.T) {
		w.t = t
		w.m.Serve("2.root.json", w.m.Root())
		defer w.m.Honest()
		w.refused(update.CodeRollback)
	})
	t.Run("after a day, in another process", func(t *testing.T) {
		w.t = t
		w.days(1)
		w.m.Replay(old)
		defer w.m.Honest()
		w.refused(update.CodeRollback)
	})
	t.Run("still refused when what was seen has expired", func(t *testing.T) {
		w.t = t
		w.days(10)
		w.must(w.m.Refresh())
		w.finds("1.3.0")
		_, fresh := w.m.Current(publish.Timestamp)
		w.days(5)
		w.must(w.m.Refresh())
		w.finds("1.3.0")
		w.m.Serve("timestamp.json", fresh)
		defer w.m.Honest()
		w.refused(update.CodeRollback)
	})
}

// The server goes on with what was good once: from the day of expiry on, that is refused.
func TestFreeze(t *testing.T) {
	t.Run("the very same, after its time", func(t *testing.T) {
		w := newWorld(t)
		w.finds("1.2.0")
		w.days(8)
		w.refused(update.CodeExpired)
		w.must(w.m.Refresh())
		w.finds("1.2.0")
	})
	t.Run("at the first run", func(t *testing.T) {
		w := newWorld(t)
		w.days(8)
		w.refused(update.CodeExpired)
	})
	t.Run("one second before", func(t *testing.T) {
		w := newWorld(t)
		w.clock = w.clock.AddDate(0, 0, 7).Add(-time.Second)
		w.finds("1.2.0")
	})
	for role, days := range map[string]int{publish.Snapshot: 181, publish.Targets: 181, publish.Root: 366} {
		t.Run(role+" expired under a fresh timestamp", func(t *testing.T) {
			w := newWorld(t)
			w.finds("1.2.0")
			w.days(days)
			_, b := w.m.Current(publish.Timestamp)
			w.m.Serve("timestamp.json", forge(w, b, w.m.Keys(publish.Timestamp), func(s *metadata.TimestampType) {
				s.Version++
				s.Expires = w.clock.AddDate(0, 0, 7)
			}))
			w.refused(update.CodeExpired)
		})
	}
}

func TestForeignKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		keys func(*world) publish.Keys
	}{{"foreign", foreign}, {"none", func(*world) publish.Keys { return nil }}, {"another role's", func(w *world) publish.Keys { return w.m.Keys(publish.Targets) }}} {
		t.Run("timestamp/"+c.name, func(t *testing.T) {
			w := newWorld(t)
			w.finds("1.2.0")
			want := update.CodeSignature
			if c.name == "none" {
				want = update.CodeMalformed // no signature at all is not even of the form
			}
			w.m.Serve("timestamp.json", forge(w, current(w, publish.Timestamp), c.keys(w), func(s *metadata.TimestampType) { s.Version++ }))
			w.refused(want)
		})
		t.Run("root/"+c.name, func(t *testing.T) {
			w := newWorld(t)
			w.finds("1.2.0")
			want := update.CodeSignature
			if c.name == "none" {
				want = update.CodeMalformed
			}
			w.m.Serve("2.root.json", forge(w, w.m.Root(), c.keys(w), func(s *metadata.RootType) { s.Version = 2 }))
			w.refused(want)
		})
	}
	t.Run("root/one key below the threshold", func(t *testing.T) {
		w := newWorld(t)
		w.m.Serve("2.root.json", forge(w, w.m.Root(), some(w.m.Keys(publish.Root), 1), func(s *metadata.RootType) { s.Version = 2 }))
		w.refused(update.CodeSignature)
	})
	t.Run("root/one key, signed twice", func(t *testing.T) {
		w := newWorld(t)
		one := some(w.m.Keys(publish.Root), 1)
		b := forge(w, w.m.Root(), one, func(s *metadata.RootType) { s.Version = 2 })
		m, err := metadata.Root().FromBytes(b)
		w.must(err)
		m.Signatures = append(m.Signatures, m.Signatures...)
		b, err = m.ToBytes(false)
		w.must(err)
		w.m.Serve("2.root.json", b)
		w.refused(update.CodeMalformed)
	})
	t.Run("root/two keys are enough", func(t *testing.T) {
		w := newWorld(t)
		w.m.Serve("2.root.json", forge(w, w.m.Root(), some(w.m.Keys(publish.Root), 2), func(s *metadata.RootType) { s.Version = 2 }))
		w.finds("1.2.0")
	})
	t.Run("a whole repository of somebody else", func(t *testing.T) {
		w, other := newWorld(t), newWorld(t)
		w.cfg.URL, w.cfg.Transport = other.m.URL(), other.m.Transport()
		w.refused(update.CodeSignature)
	})
}

// A stolen key of one role does not make what that role alone may say older.
func TestStolenKeys(t *testing.T) {
	t.Run("timestamp names an older snapshot", func(t *testing.T) {
		w := newWorld(t)
		_, old := w.m.Current(publish.Timestamp)
		w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
		w.finds("1.3.0")
		w.m.Serve("timestamp.json", forge(w, old, w.m.Keys(publish.Timestamp), func(s *metadata.TimestampType) { s.Version = 99 }))
		w.refused(update.CodeRollback)
	})
	t.Run("timestamp and snapshot name older packages", func(t *testing.T) {
		w := newWorld(t)
		_, old := w.m.Current(publish.Snapshot)
		w.must(w.m.Release("1.3.0", "program 1.3.0", theNote))
		w.finds("1.3.0")
		snapshot := forge(w, old, w.m.Keys(publish.Snapshot), func(s *metadata.SnapshotType) { s.Version = 98 })
		w.m.Serve("98.snapshot.json", snapshot)
		w.m.Serve("timestamp.json", forge(w, current(w, publish.Timestamp), w.m.Keys(publish.Timestamp), func(s *metadata.TimestampType) {
			s.Version = 99
			s.Meta["snapshot.json"] = described(98, snapshot)
		}))
		w.refused(update.CodeRollback)
	})
	t.Run("all but the root publish another package", func(t *testing.T) { // what only the root's holder can end: the rotation below
		w := newWorld(t)
		w.finds("1.2.0")
		stolen := map[string]publish.Keys{}
		for _, role := range []string{publish.Targets, publish.Snapshot, publish.Timestamp} {
			stolen[role] = w.m.Keys(role)
		}
		w.must(w.m.Rotate(publish.Targets, publish.Snapshot, publish.Timestamp))
		w.finds("1.2.0")
		b := current(w, publish.Timestamp)
		w.m.Serve("timestamp.json", forge(w, b, stolen[publish.Timestamp], func(s *metadata.TimestampType) { s.Version = 1000 }))
		w.refused(update.CodeSignature)
	})
}

// What a mirror sends before any key is asked must not end the program, whatever the libraries make of it.
func TestHostileJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for name, content := range map[string]string{
		"null":                `null`,
		"null for a snapshot": `{"signed":{"_type":"timestamp","version":1,"expires":"2026-11-27T12:00:00Z","meta":{"snapshot.json":null}},"signatures":[{"keyid":"a","sig":"00"}]}`,
		"null for a target":   `{"signed":{"_type":"targets","targets":{"a.deb":null}},"signatures":[]}`,
		"null for a key":      `{"signed":{"_type":"root","keys":{"a":null},"roles":{"root":null}},"signatures":[]}`,
		"null signature":      `{"signed":{"_type":"timestamp"},"signatures":[null]}`,
		"two values":          `{}{}`,
		"an array":            `[]`,
		"a number":            `1e999999`,
		"deep":                deep,
		"half":                `{"signed":`,
		"turned brackets":     `]`,
		"nothing signed":      `{"signatures":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.m.Serve("timestamp.json", []byte(content))
			w.refused(update.CodeMalformed)
			w.m.Honest()
			w.m.Serve("2.root.json", []byte(content))
			w.refused(update.CodeMalformed)
		})
	}
}
