// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/update"
	"zaver/softhsm-fixtures/mirror"
)

func TestFirstRun(t *testing.T) {
	w := newWorld(t)
	f := w.finds("1.2.0")
	if !f.Newer || f.Installed != "1.1.0" || f.Newest.File != "zaver-agent_1.2.0-1_amd64.deb" || f.Newest.Notes != theNote || !f.Newest.Released.Equal(begun) {
		t.Errorf("found %+v", f)
	}
	if !f.Checked.Equal(begun) || !f.Expires.Equal(begun.AddDate(0, 0, 7)) {
		t.Errorf("checked %v, good until %v", f.Checked, f.Expires)
	}
	seen, err := update.ReadSeen(w.cfg.State)
	w.must(err)
	if want := (update.Seen{Format: "zaver.update.seen/v1", Checked: f.Checked, Expires: f.Expires, Newest: "1.2.0"}); seen != want {
		t.Errorf("remembered %+v, want %+v", seen, want)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "trusted.json": 0o600, "seen.json": 0o600} {
		info, err := os.Stat(filepath.Join(w.cfg.State, name))
		w.must(err)
		if info.Mode() != mode {
			t.Errorf("%q has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	if diff := cmp.Diff([]string{"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"}, w.m.Asked()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestSecondRunAsksForLittle(t *testing.T) {
	w := newWorld(t)
	w.finds("1.2.0")
	w.m.Asked()
	w.finds("1.2.0")
	if diff := cmp.Diff([]string{"2.root.json", "timestamp.json"}, w.m.Asked()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestDownload(t *testing.T) {
	for kind, name := range map[string]string{update.Deb: "zaver-agent_1.2.0-1_amd64.deb", update.RPM: "zaver-agent-1.2.0-1.x86_64.rpm"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Kind = kind
			c := w.client()
			f, err := c.Check(t.Context())
			w.must(err)
			var last int64
			path, err := c.Download(t.Context(), f, w.dir, func(n int64) { last = n })
			w.must(err)
			b, err := os.ReadFile(path)
			w.must(err)
			if filepath.Base(path) != name || string(b) != "program 1.2.0 as "+name || last != f.Newest.Length {
				t.Errorf("%s holds %q, progress ended at %d of %d", path, b, last, f.Newest.Length)
			}
			if entries, _ := os.ReadDir(w.dir); len(entries) != 1 {
				t.Errorf("the folder holds %v", entries)
			}
			w.m.Asked()
			if again, err := c.Download(t.Context(), f, w.dir, nil); err != nil || again != path || len(w.m.Asked()) > 0 {
				t.Errorf("what is there is fetched again: %s, %v", again, err)
			}
			w.must(os.WriteFile(path, []byte(strings.Repeat("x", len(b))), 0o644))
			if _, err := c.Download(t.Context(), f, w.dir, nil); err != nil {
				t.Errorf("a file of that name with other content is not replaced: %v", err)
			}
			if again, err := os.ReadFile(path); err != nil || string(again) != string(b) {
				t.Errorf("after replacing: %q, %v", again, err)
			}
		})
	}
}

// What lies at the place of the package is replaced, never written through.
func TestDownloadFollowsNoLink(t *testing.T) {
	w := newWorld(t)
	victim := filepath.Join(t.TempDir(), "victim")
	w.must(os.WriteFile(victim, []byte("precious"), 0o600))
	w.must(os.Symlink(victim, filepath.Join(w.dir, "zaver-agent_1.2.0-1_amd64.deb")))
	path, err := w.download()
	w.must(err)
	if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
		t.Errorf("the link was written through: %q, %v", b, err)
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", path, info.Mode(), err)
	}
}

func TestNewest(t *testing.T) {
	for _, c := range []struct {
		installed string
		newer     bool
	}{{"0.9.9", true}, {"1.1.0", true}, {"1.9.0", true}, {"1.10.0", false}, {"1.10.1", false}, {"2.0.0", false}, {"10.0.0", false}} {
		t.Run(c.installed, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.m.Release("1.10.0", "program 1.10.0", theNote))
			w.cfg.Installed = c.installed
			f := w.finds("1.10.0")
			if f.Newer != c.newer {
				t.Errorf("newer than %s: %t", c.installed, f.Newer)
			}
			if _, err := w.download(); (update.CodeOf(err) != update.CodeCurrent) != c.newer {
				t.Errorf("download: %v", err)
			}
			if !c.newer && len(w.tree(w.dir)) > 0 {
				t.Error("an older version was fetched")
			}
		})
	}
}

func TestOtherPlatforms(t *testing.T) {
	w := newWorld(t)
	w.must(w.m.ReleaseFor("1.5.0", "for ARM", "arm64", "aarch64", theNote))
	t.Run("newer for another processor alone", func(t *testing.T) { w.finds("1.2.0") })
	for _, c := range []struct{ name, os, arch, kind string }{{"processor", "linux", "riscv64", update.Deb}, {"system", "darwin", "amd64", update.Deb}, {"kind", "linux", "amd64", "msi"}} {
		t.Run(c.name, func(t *testing.T) {
			w.cfg.OS, w.cfg.Arch, w.cfg.Kind = c.os, c.arch, c.kind
			if _, err := w.check(); update.CodeOf(err) != update.CodePlatform {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNew(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, url, installed, code string
		root                       []byte
	}{
		{name: "no version", installed: "(devel)", code: update.CodeVersion},
		{name: "version with a tail", installed: "1.2.0-rc1", code: update.CodeVersion},
		{name: "plain http", url: "http://updates.example/", code: update.CodeInsecure},
		{name: "plain http by a name for loopback", url: "http://localhost/", code: update.CodeInsecure},
		{name: "file", url: "file:///srv/updates/", code: update.CodeInsecure},
		{name: "no host", url: "https:///updates/", code: update.CodeInsecure},
		{name: "empty", url: "%", code: update.CodeInsecure},
		{name: "password", url: "https://user:secret@updates.example/", code: update.CodeInsecure},
		{name: "query", url: "https://updates.example/?x=1", code: update.CodeInsecure},
		{name: "no root", root: []byte{}, code: update.CodeRoot},
		{name: "root is no JSON", root: []byte("<html>"), code: update.CodeRoot},
		{name: "root is a timestamp", root: current(w, "timestamp"), code: update.CodeRoot},
		{name: "root without enough signatures", root: forgedRoot(w, nil), code: update.CodeRoot},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := w.cfg
			if c.url != "" {
				cfg.URL = c.url
			}
			if c.installed != "" {
				cfg.Installed = c.installed
			}
			if c.root != nil {
				cfg.Root = c.root
			}
			w := &world{t: t, cfg: cfg}
			if _, err := w.newError(); update.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	t.Run("https and plain loopback are taken", func(t *testing.T) {
		for _, url := range []string{"https://updates.example", "https://updates.example/agent/", "http://127.0.0.1:8080/", "http://[::1]/x"} {
			cfg := w.cfg
			cfg.URL = url
			if _, err := (&world{t: t, cfg: cfg}).newError(); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	})
}

func TestPlainLoopback(t *testing.T) {
	w := newWorld(t)
	m, err := mirror.Start(mirror.Config{Dir: t.TempDir(), Now: w.cfg.Now, Plain: true})
	w.must(err)
	t.Cleanup(m.Close)
	w.must(m.Release("1.3.0", "x", theNote))
	w.cfg.URL, w.cfg.Root, w.cfg.Transport = m.URL(), m.Root(), nil
	w.finds("1.3.0")
}

func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.client().Check(ctx); update.CodeOf(err) != update.CodeInterrupted {
		t.Errorf("got %v", err)
	}
}

// A store of objects that lets nobody list it says 403 of a root that isn't there yet.
func TestForbiddenRoot(t *testing.T) {
	w := newWorld(t)
	w.m.Set("root", mirror.Forbidden)
	w.finds("1.2.0")
}

// What a killed run left of its files goes with the next one.
func TestLeftOvers(t *testing.T) {
	w := newWorld(t)
	w.finds("1.2.0")
	left := filepath.Join(w.cfg.State, ".new-123")
	w.must(os.WriteFile(left, []byte("half"), 0o600))
	w.finds("1.2.0")
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

type before struct {
	http.RoundTripper
	do func(path string)
}

func (b before) RoundTrip(r *http.Request) (*http.Response, error) {
	b.do(r.URL.Path)
	return b.RoundTripper.RoundTrip(r)
}

// What can't be written down is a matter of the disk: to remove the folder, as for a damaged one, would be wrong advice.
func TestNothingWritten(t *testing.T) {
	w := newWorld(t)
	w.cfg.Transport = before{w.m.Transport(), func(path string) {
		if path == "/timestamp.json" {
			w.must(os.RemoveAll(w.cfg.State))
		}
	}}
	if _, err := w.check(); update.CodeOf(err) != update.CodeDisk {
		t.Errorf("got %v", err)
	}
}
