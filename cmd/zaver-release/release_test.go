// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/update/publish"
	"zaver/cmd/internal/boot"
)

var day = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// desk is a publisher's: a folder for keys, one for the repository, one for packages.
type desk struct {
	t               *testing.T
	dir, repo, keys string
	out             bytes.Buffer
	now             time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{t: t, dir: dir, repo: filepath.Join(dir, "repository"), keys: filepath.Join(dir, "keys"), now: day}
	d.must(d.does("keys", "-repository", d.repo, "-keys", d.keys))
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v\n%s", err, d.out.String())
	}
}

func (d *desk) does(args ...string) error {
	d.out.Reset()
	return release(d.t.Context(), args, &d.out, d.now)
}

// on runs a command on the repository with all keys.
func (d *desk) on(command string, more ...string) error {
	return d.does(append([]string{command, "-repository", d.repo, "-keys", d.keys}, more...)...)
}

func (d *desk) pack(name string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	d.must(os.WriteFile(path, []byte(name), 0o600))
	return path
}

func (d *desk) without(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.must(os.Remove(filepath.Join(d.keys, n)))
	}
}

func (d *desk) refuses(want string, err error) {
	d.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		d.t.Errorf("got %v, want something about %q", err, want)
	}
}

func TestKeys(t *testing.T) {
	d := newDesk(t)
	entries, err := os.ReadDir(d.keys)
	d.must(err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		d.must(err)
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "root-1.pem root-2.pem root-3.pem snapshot-1.pem targets-1.pem timestamp-1.pem" {
		t.Errorf("made %s", got)
	}
	for _, want := range []string{"root       good until 2027-11-22", "targets    good until 2027-05-21", "snapshot   good until 2027-05-21", "timestamp  good until 2026-11-29", "1.root.json"} {
		if !strings.Contains(d.out.String(), want) {
			t.Errorf("did not say %q:\n%s", want, d.out.String())
		}
	}
	d.refuses("exist", d.does("keys", "-repository", filepath.Join(d.dir, "other"), "-keys", d.keys))
	d.refuses("not empty", d.does("keys", "-repository", d.repo, "-keys", filepath.Join(d.dir, "more")))
}

func TestPublish(t *testing.T) {
	d := newDesk(t)
	deb, rpm := d.pack("zaver-agent_1.2.0-1_amd64.deb"), d.pack("zaver-agent-1.2.0-1.x86_64.rpm")
	d.must(d.on("publish", "-ru", "Быстрее.", "-en", "Faster.", deb, rpm))
	t.Run("a package has its hash in its name", func(t *testing.T) {
		found, _ := filepath.Glob(filepath.Join(d.repo, "targets", "*.zaver-agent*"))
		if len(found) != 2 {
			t.Errorf("found %v", found)
		}
	})
	t.Run("the same again", func(t *testing.T) {
		d.t = t
		if err := d.on("publish", deb); !errors.Is(err, publish.ErrOlder) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("older", func(t *testing.T) {
		d.t = t
		if err := d.on("publish", d.pack("zaver-agent_1.1.9-1_amd64.deb")); !errors.Is(err, publish.ErrOlder) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("older for another processor", func(t *testing.T) {
		d.t = t
		d.must(d.on("publish", d.pack("zaver-agent_1.1.0-1_arm64.deb")))
	})
	for _, name := range []string{"zaver-agent.deb", "other_1.3.0-1_amd64.deb", "zaver-agent_1.3-1_amd64.deb", "zaver-agent_1.3.0-1_sparc.deb", "zaver-agent_1.3.0-1_amd64.rpm", "zaver-agent_01.3.0-1_amd64.deb"} {
		t.Run("name "+name, func(t *testing.T) {
			d.t = t
			if err := d.on("publish", d.pack(name)); err == nil {
				t.Error("was taken")
			}
		})
	}
	t.Run("empty package", func(t *testing.T) {
		d.t = t
		path := d.pack("zaver-agent_1.4.0-1_amd64.deb")
		d.must(os.Truncate(path, 0))
		d.refuses("0 bytes", d.on("publish", path))
	})
	t.Run("a note too long", func(t *testing.T) {
		d.t = t
		d.refuses("note", d.on("publish", "-en", strings.Repeat("x", 601), d.pack("zaver-agent_1.5.0-1_amd64.deb")))
	})
	t.Run("withdraw", func(t *testing.T) {
		d.t = t
		d.must(d.on("withdraw", "zaver-agent_1.2.0-1_amd64.deb"))
		d.refuses("not published", d.on("withdraw", "zaver-agent_1.2.0-1_amd64.deb"))
	})
}

// Each command needs the keys of what it signs, and no more.
func TestKeysAtHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		without []string
		do      func(d *desk) error
		refused string // empty: done
	}{
		{"refresh with the timestamp's key alone", []string{"root-1.pem", "root-2.pem", "root-3.pem", "targets-1.pem", "snapshot-1.pem"}, func(d *desk) error { return d.on("refresh") }, ""},
		{"refresh without it", []string{"timestamp-1.pem"}, func(d *desk) error { return d.on("refresh") }, "role timestamp needs 1"},
		{"publish without root keys", []string{"root-1.pem", "root-2.pem", "root-3.pem"}, func(d *desk) error { return d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")) }, ""},
		{"publish without the targets' key", []string{"targets-1.pem"}, func(d *desk) error { return d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")) }, "role targets needs 1"},
		{"publish without the snapshot's key", []string{"snapshot-1.pem"}, func(d *desk) error { return d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")) }, "role snapshot needs 1"},
		{"renew the root with two of its keys", []string{"root-2.pem", "targets-1.pem", "snapshot-1.pem", "timestamp-1.pem"}, func(d *desk) error { return d.on("rotate") }, ""},
		{"renew the root with one", []string{"root-1.pem", "root-2.pem"}, func(d *desk) error { return d.on("rotate") }, "role root needs 2"},
		{"new root keys by two old ones", []string{"root-1.pem"}, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "root") }, ""},
		{"new root keys by one old one", []string{"root-1.pem", "root-2.pem"}, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "root") }, "old role root needs 2"},
		{"a lost targets key", []string{"targets-1.pem"}, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "targets") }, ""},
		{"all online keys lost", []string{"targets-1.pem", "snapshot-1.pem", "timestamp-1.pem"}, func(d *desk) error {
			return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "targets", "snapshot", "timestamp")
		}, ""},
		{"new targets key but nobody to sign the timestamp", []string{"timestamp-1.pem"}, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "targets") }, "keys of timestamp are needed too"},
		{"a role that there is not", nil, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "targets", "mirror") }, `unknown role "mirror"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			before, err := publish.Open(d.repo, d.now)
			d.must(err)
			d.without(c.without...)
			err = c.do(d)
			if c.refused == "" {
				d.must(err)
			} else {
				d.refuses(c.refused, err)
			}
			after, err := publish.Open(d.repo, d.now)
			d.must(err)
			if c.refused != "" && after.RootPath() != before.RootPath() {
				t.Error("a refused rotation left a new root")
			}
			if _, err := os.Stat(filepath.Join(d.dir, "new")); c.refused != "" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a refused rotation left new keys, in the way of the next one: %v", err)
			}
		})
	}
	t.Run("keys that others may read", func(t *testing.T) {
		d := newDesk(t)
		d.must(os.Chmod(filepath.Join(d.keys, "timestamp-1.pem"), 0o640))
		d.refuses("open to others", d.on("refresh"))
	})
	t.Run("a key that is none", func(t *testing.T) {
		d := newDesk(t)
		d.must(os.WriteFile(filepath.Join(d.keys, "more.pem"), []byte("secret"), 0o600))
		d.refuses("no single private key", d.on("refresh"))
	})
	t.Run("keys in two folders", func(t *testing.T) {
		d := newDesk(t)
		online := filepath.Join(d.dir, "online")
		d.must(os.Mkdir(online, 0o700))
		d.must(os.Rename(filepath.Join(d.keys, "timestamp-1.pem"), filepath.Join(online, "timestamp-1.pem")))
		d.must(d.does("publish", "-repository", d.repo, "-keys", d.keys+","+online, d.pack("zaver-agent_1.2.0-1_amd64.deb")))
	})
}

// Targets and snapshot are renewed when they are near their end, not before.
func TestRefreshRenews(t *testing.T) {
	d := newDesk(t)
	expiry := func() map[string]time.Time {
		r, err := publish.Open(d.repo, d.now)
		d.must(err)
		return r.Expiry()
	}
	first := expiry()
	d.now = day.AddDate(0, 0, 6)
	d.must(d.on("refresh"))
	if e := expiry(); !e["timestamp"].Equal(day.AddDate(0, 0, 13)) || !e["targets"].Equal(first["targets"]) || !e["snapshot"].Equal(first["snapshot"]) {
		t.Errorf("after six days: %v", e)
	}
	d.now = day.AddDate(0, 0, 160)
	d.must(d.on("refresh"))
	if e := expiry(); !e["targets"].Equal(d.now.AddDate(0, 0, 180)) || !e["snapshot"].Equal(d.now.AddDate(0, 0, 180)) {
		t.Errorf("after 160 days: %v", e)
	}
}

// The timer's machine has the timestamp's key alone: where others are due it says so, and clients go on.
func TestRefreshWithoutKeysThatAreDue(t *testing.T) {
	d := newDesk(t)
	saved := filepath.Join(d.dir, "saved")
	d.must(os.Mkdir(saved, 0o700))
	for _, n := range []string{"root-1.pem", "root-2.pem", "root-3.pem", "targets-1.pem", "snapshot-1.pem"} {
		d.must(os.Rename(filepath.Join(d.keys, n), filepath.Join(saved, n)))
	}
	expiry := func() map[string]time.Time {
		r, err := publish.Open(d.repo, d.now)
		d.must(err)
		return r.Expiry()
	}
	d.now = day.AddDate(0, 0, 160)
	err := d.on("refresh")
	if !errors.Is(err, publish.ErrDue) {
		t.Errorf("got %v", err)
	}
	d.refuses("targets, good until 2027-05-21", err)
	if e := expiry(); !e["timestamp"].Equal(d.now.AddDate(0, 0, 7)) || !e["targets"].Equal(day.AddDate(0, 0, 180)) {
		t.Errorf("after 160 days: %v", e)
	}
	if !strings.Contains(d.out.String(), "timestamp  good until 2027-05-08") {
		t.Errorf("said %s", d.out.String())
	}
	d.must(d.does("refresh", "-repository", d.repo, "-keys", d.keys+","+saved))
	d.must(d.on("refresh"))
	d.now = day.AddDate(0, 0, 340)
	err = d.does("refresh", "-repository", d.repo, "-keys", d.keys+","+saved)
	if !errors.Is(err, publish.ErrDue) {
		t.Errorf("a root near its end: got %v", err)
	}
	d.refuses("root, good until 2027-11-22", err)
	if e := expiry(); !e["timestamp"].Equal(d.now.AddDate(0, 0, 7)) {
		t.Errorf("after 340 days: %v", e)
	}
}

// A computer that woke with its clock years back would put a timestamp that has long expired in the place of a good one: all clients would refuse it.
func TestClockBehind(t *testing.T) {
	for _, c := range []struct {
		name string
		back time.Duration
		do   func(d *desk) error
		err  error
	}{
		{"refresh years back", 10 * 365 * 24 * time.Hour, func(d *desk) error { return d.on("refresh") }, publish.ErrClock},
		{"publish a day back", 24 * time.Hour, func(d *desk) error { return d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")) }, publish.ErrClock},
		{"withdraw a day back", 24 * time.Hour, func(d *desk) error { return d.on("withdraw", "zaver-agent_1.1.0-1_amd64.deb") }, publish.ErrClock},
		{"rotate targets a day back", 24 * time.Hour, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "targets") }, publish.ErrClock},
		{"another machine some minutes back", 10 * time.Minute, func(d *desk) error { return d.on("refresh") }, nil},
		{"rotate the timestamp when the clock was ahead before", 40 * 24 * time.Hour, func(d *desk) error { return d.on("rotate", "-new", filepath.Join(d.dir, "new"), "timestamp") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.must(errors.Join(os.Mkdir(filepath.Join(d.dir, "new"), 0o700), d.on("publish", d.pack("zaver-agent_1.1.0-1_amd64.deb"))))
			path := filepath.Join(d.repo, "timestamp.json")
			before, err := os.ReadFile(path)
			d.must(err)
			d.now = day.Add(-c.back)
			if err := c.do(d); !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			after, err := os.ReadFile(path)
			if d.must(err); bytes.Equal(before, after) != (c.err != nil) {
				t.Errorf("the timestamp was replaced: %v", !bytes.Equal(before, after))
			}
			d.now = day
			d.must(d.does("refresh", "-repository", d.repo, "-keys", d.keys+","+filepath.Join(d.dir, "new")))
		})
	}
}

// What a publisher's program that was killed left of a package goes with the next package.
func TestHalfPackage(t *testing.T) {
	d := newDesk(t)
	half := filepath.Join(d.repo, "targets", ".new-1")
	d.must(os.WriteFile(half, []byte("half"), 0o600))
	d.must(d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")))
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

// Two that write at once would give one number to two files.
func TestOneAtATime(t *testing.T) {
	d := newDesk(t)
	free, err := boot.OneInstance(filepath.Join(d.repo, ".lock"))
	d.must(err)
	d.refuses("another instance", d.on("refresh"))
	d.refuses("another instance", d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")))
	d.must(free())
	d.must(d.on("refresh"))
}

// What lies in the repository is served.
func TestKeysInTheRepository(t *testing.T) {
	d := newDesk(t)
	inside := filepath.Join(d.repo, "keys")
	d.refuses("lies in the repository", d.on("rotate", "-new", inside, "targets"))
	if _, err := os.Stat(inside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keys were made: %v", err)
	}
	link := filepath.Join(d.dir, "link")
	d.must(os.Symlink(d.repo, link))
	d.refuses("lies in the repository", d.on("rotate", "-new", filepath.Join(link, "new"), "targets"))
	d.refuses("lies in the repository", d.does("refresh", "-repository", d.repo, "-keys", d.keys+","+d.repo))
	d.refuses("lies in the repository", d.does("keys", "-repository", filepath.Join(d.dir, "r"), "-keys", filepath.Join(d.dir, "r", "keys")))
}

func TestBrokenRepository(t *testing.T) {
	for name, damage := range map[string]func(d *desk) error{
		"tampered timestamp": func(d *desk) error {
			path := filepath.Join(d.repo, "timestamp.json")
			b, err := os.ReadFile(path)
			d.must(err)
			forged := bytes.Replace(b, []byte(`"expires": "2026-`), []byte(`"expires": "2036-`), 1)
			if bytes.Equal(forged, b) {
				return errors.New("the timestamp has no such day")
			}
			return os.WriteFile(path, forged, 0o644)
		},
		"no timestamp": func(d *desk) error { return os.Remove(filepath.Join(d.repo, "timestamp.json")) },
		"no root":      func(d *desk) error { return os.Remove(filepath.Join(d.repo, "1.root.json")) },
		"no targets":   func(d *desk) error { return os.Remove(filepath.Join(d.repo, "1.targets.json")) },
		"an older list in the place of the newest": func(d *desk) error {
			d.must(d.on("publish", d.pack("zaver-agent_1.2.0-1_amd64.deb")))
			return os.Rename(filepath.Join(d.repo, "1.targets.json"), filepath.Join(d.repo, "2.targets.json"))
		},
		"no JSON": func(d *desk) error { return os.WriteFile(filepath.Join(d.repo, "1.snapshot.json"), nil, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.must(damage(d))
			d.refuses("open repository", d.on("refresh"))
		})
	}
}

func TestWrongLine(t *testing.T) {
	for _, args := range [][]string{{}, {"keys"}, {"keys", "-repository", "x"}, {"publish", "-repository", "x", "-keys", "y"}, {"refresh", "-repository", "x", "-keys", "y", "z"},
		{"rotate", "-repository", "x", "-keys", "y", "targets"}, {"withdraw", "-repository", "x", "-keys", "y"}, {"sell"}, {"keys", "-colour", "red"}, {"-version", "1.2.3"}} {
		var out bytes.Buffer
		err := release(t.Context(), args, &out, day)
		var f *boot.Failure
		if !errors.As(err, &f) || f.Exit != boot.ExitUsage || !strings.Contains(out.String(), "zaver-release") {
			t.Errorf("%v: %v\n%s", args, err, out.String())
		}
	}
}
