// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
	"zaver/softhsm-fixtures/mirror"
)

// world is a publisher, its server and one person's computer.
type world struct {
	t     *testing.T
	m     *mirror.Mirror
	clock time.Time
	cfg   client.Config
	dir   string // of downloads
}

var (
	begun   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	theNote = update.Notes{Russian: "Быстрее.", English: "Faster."}
)

// newWorld has version 1.2.0 published and 1.1.0 installed; nothing was checked yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: begun, dir: t.TempDir()}
	m, err := mirror.Start(mirror.Config{Dir: t.TempDir(), Now: func() time.Time { return w.clock }})
	w.must(err)
	t.Cleanup(m.Close)
	w.m = m
	w.must(m.Release("1.2.0", "program 1.2.0", theNote))
	w.cfg = client.Config{URL: m.URL(), Root: m.Root(), State: filepath.Join(t.TempDir(), "state"), Installed: "1.1.0", OS: "linux", Arch: "amd64", Kind: update.Deb,
		Transport: m.Transport(), Now: func() time.Time { return w.clock }}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is a new process: nothing but the state folder goes over from one to the next.
func (w *world) client() *client.Client {
	w.t.Helper()
	c, err := client.New(w.cfg)
	w.must(err)
	return c
}

func (w *world) check() (client.Found, error) { return w.client().Check(w.t.Context()) }

// finds checks and must find a version.
func (w *world) finds(version string) client.Found {
	w.t.Helper()
	f, err := w.check()
	if err != nil || f.Newest.Version != version {
		w.t.Fatalf("found %q, want %q: %v", f.Newest.Version, version, err)
	}
	return f
}

// download checks and downloads in one go.
func (w *world) download() (string, error) {
	c := w.client()
	f, err := c.Check(w.t.Context())
	if err != nil {
		return "", err
	}
	return c.Download(w.t.Context(), f, w.dir, nil)
}

// refused checks and must be refused with a code, with the state folder and the downloads as they were.
func (w *world) refused(code string) {
	w.t.Helper()
	before, files := w.tree(w.cfg.State), w.tree(w.dir)
	f, err := w.check()
	if got := update.CodeOf(err); err == nil || got != code {
		w.t.Errorf("got %q (%v), found %q, want %s", got, err, f.Newest.Version, code)
	}
	w.same(before, w.tree(w.cfg.State))
	w.same(files, w.tree(w.dir))
}

func (w *world) same(before, after map[string][32]byte) {
	w.t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		w.t.Errorf("something was changed (-before +after):\n%s", diff)
	}
}

// tree is what a folder holds.
func (w *world) tree(dir string) map[string][32]byte {
	w.t.Helper()
	out := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		out[p] = sha256.Sum256(b)
		return err
	})
	if !os.IsNotExist(err) {
		w.must(err)
	}
	return out
}

func (w *world) days(n int) { w.clock = w.clock.AddDate(0, 0, n) }
