// SPDX-License-Identifier: Apache-2.0

// Package mirror is the emulated server of updates: a publisher with all keys at hand, its repository, and a web server that serves it as it is, as it was,
// or as an attacker would have it. Signing is the real publisher's code; only what is served, and how, is bent here.
//
// One Mirror may be told and asked by many goroutines.
package mirror

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
)

// Package is the name by which faults know packages; metadata go by their roles.
const Package = "package"

// Config says what a mirror is.
type Config struct {
	Dir   string           // an empty folder for keys, repository and packages
	Now   func() time.Time // the publisher's clock
	Plain bool             // serve http, not https
}

// Mirror is the server.
type Mirror struct {
	cfg    Config
	server *httptest.Server
	gone   chan struct{} // closed by Close: whatever stalls ends

	mu     sync.Mutex
	keys   map[string]publish.Keys
	folder int               // of keys, counted
	faults map[string]Fault  // by role, Package or file name
	served map[string][]byte // what is served in the place of a file
	asked  []string          // paths, in the order of asking
	root   []byte            // the first one
	old    map[string][]byte // nil, or the whole repository as it was
}

// Start makes a publisher with new keys and an empty repository, and serves it on a free loopback port.
func Start(c Config) (*Mirror, error) {
	m := &Mirror{cfg: c, gone: make(chan struct{}), faults: map[string]Fault{}, served: map[string][]byte{}}
	keys, err := m.newKeys(publish.Roles()...)
	if err != nil {
		return nil, err
	}
	m.keys = keys
	r, err := publish.Create(m.repository(), keys, c.Now())
	if err != nil {
		return nil, err
	}
	if m.root, err = os.ReadFile(r.RootPath()); err != nil {
		return nil, err
	}
	if c.Plain {
		m.server = httptest.NewServer(m)
	} else {
		m.server = httptest.NewTLSServer(m)
	}
	return m, nil
}

// Close ends the server, and whatever stalls in it.
func (m *Mirror) Close() {
	close(m.gone)
	m.server.CloseClientConnections()
	m.server.Close()
}

// URL is the repository's address.
func (m *Mirror) URL() string { return m.server.URL + "/" }

// Transport trusts the server's certificate.
func (m *Mirror) Transport() http.RoundTripper { return m.server.Client().Transport }

// Certificate is the server's own; nil when it is plain.
func (m *Mirror) Certificate() *x509.Certificate { return m.server.Certificate() }

// Root is the first root: what a package would ship.
func (m *Mirror) Root() []byte { return m.root }

// Keys are those of a role at this time.
func (m *Mirror) Keys(role string) publish.Keys {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[role]
}

// Dir is the folder of the repository.
func (m *Mirror) Dir() string { return m.repository() }

func (m *Mirror) repository() string { return filepath.Join(m.cfg.Dir, "repository") }

func (m *Mirror) newKeys(roles ...string) (map[string]publish.Keys, error) {
	m.folder++
	return publish.Generate(filepath.Join(m.cfg.Dir, fmt.Sprintf("keys-%d", m.folder)), roles...)
}

func (m *Mirror) all() publish.Keys {
	all := publish.Keys{}
	for _, keys := range m.keys {
		for id, k := range keys {
			all[id] = k
		}
	}
	return all
}

// Files are the names of the packages of a version, deb and rpm.
func Files(version, arch, rpmArch string) []string {
	return []string{fmt.Sprintf("zaver-agent_%s-1_%s.deb", version, arch), fmt.Sprintf("zaver-agent-%s-1.%s.rpm", version, rpmArch)}
}

// Release publishes a version for amd64: a deb and an rpm with the content given.
func (m *Mirror) Release(version, content string, notes update.Notes) error {
	return m.ReleaseFor(version, content, "amd64", "x86_64", notes)
}

// ReleaseFor publishes a version for a processor, by deb's and rpm's name for it.
func (m *Mirror) ReleaseFor(version, content, arch, rpmArch string, notes update.Notes) error {
	return m.change(func(r *publish.Repository) error {
		dir := filepath.Join(m.cfg.Dir, "packages")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		var paths []string
		for _, name := range Files(version, arch, rpmArch) {
			p := filepath.Join(dir, name)
			if err := os.WriteFile(p, []byte(content+" as "+name), 0o600); err != nil {
				return err
			}
			paths = append(paths, p)
		}
		return r.Publish(m.all(), notes, paths...)
	})
}

// Refresh signs a new timestamp.
func (m *Mirror) Refresh() error {
	return m.change(func(r *publish.Repository) error { return r.Refresh(m.all()) })
}

// Rotate gives the roles new keys.
func (m *Mirror) Rotate(roles ...string) error {
	return m.change(func(r *publish.Repository) error {
		fresh, err := m.newKeys(roles...)
		if err != nil {
			return err
		}
		if err := r.Rotate(m.all(), fresh); err != nil {
			return err
		}
		for role, k := range fresh {
			m.keys[role] = k
		}
		return nil
	})
}

func (m *Mirror) change(do func(*publish.Repository) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := publish.Open(m.repository(), m.cfg.Now())
	if err != nil {
		return err
	}
	return do(r)
}

// Current is the content of the newest file of a role, and its name.
func (m *Mirror) Current(role string) (name string, content []byte) {
	name = "timestamp.json"
	for n := 1; role != metadata.TIMESTAMP; n++ {
		next := fmt.Sprintf("%d.%s.json", n, role)
		if _, err := os.Stat(filepath.Join(m.repository(), next)); err != nil {
			break
		}
		name = next
	}
	content, err := os.ReadFile(filepath.Join(m.repository(), name))
	if err != nil {
		return name, nil // nothing to bend: what the client says of an empty file shows it
	}
	return name, content
}

// roleOf says what a path of the server is.
func roleOf(file string) string {
	if strings.HasPrefix(file, "targets/") {
		return Package
	}
	role := strings.TrimSuffix(path.Base(file), ".json")
	if _, after, found := strings.Cut(role, "."); found {
		role = after
	}
	return role
}

// Asked returns the paths that were asked for since the last call.
func (m *Mirror) Asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.asked
	m.asked = nil
	return out
}
