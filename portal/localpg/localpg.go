// SPDX-License-Identifier: Apache-2.0

// Package localpg owns the portal's private PostgreSQL cluster: it finds the
// installed binaries, makes a data directory, and starts and stops the server,
// so that a portal without a configured database needs no hand to set one up.
//
// The server listens on a unix socket in a folder of its own that only its
// user (and root) may enter, and on nothing else; within it every connection
// is trusted. Started by root, the server runs as the unprivileged user
// "postgres", which Debian's package makes. A server left running by a killed
// portal is found and used again; the pid file of a server that died is judged
// by PostgreSQL itself.
//
// A Cluster belongs to one goroutine at a time.
package localpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Superuser is the database role that owns the cluster; Database is what Start makes in it.
const (
	Superuser = "zaver"
	Database  = "zaver"
)

// serverUser is who runs the server when root starts it.
const serverUser = "postgres"

// port only names the socket file.
const port = "5432"

// Errors that a caller may match.
var (
	// ErrNoBinaries says that no PostgreSQL server is installed.
	ErrNoBinaries = errors.New("no PostgreSQL server found (Debian: apt-get install postgresql)")
	// ErrNoUser says that root started the portal and the server's user is missing.
	ErrNoUser = errors.New("root may not run PostgreSQL and the user " + serverUser + " does not exist (Debian: apt-get install postgresql)")
	// ErrUnreachable says that the server's user may not enter the data directory.
	ErrUnreachable = errors.New("the user " + serverUser + " may not enter the folder")
)

// Config says where a cluster lives.
type Config struct {
	// Dir holds everything: data, socket, log. It is made when missing.
	Dir string
	// Bin is the folder of the PostgreSQL binaries; empty means the newest
	// under /usr/lib/postgresql, else that of initdb in PATH.
	Bin string
	// Disposable trades safety for speed: no fsync, and the server dies with
	// the process that started it. For tests only.
	Disposable bool
}

// Cluster is a private PostgreSQL cluster.
type Cluster struct {
	cfg    Config
	bin    string
	owner  *owner // nil: the server runs as the caller
	server *process
}

// New checks what is needed and prepares the folders; it starts nothing.
func New(cfg Config) (*Cluster, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("find cluster folder: %w", err)
	}
	cfg.Dir = dir
	c := &Cluster{cfg: cfg}
	if c.bin, err = findBin(cfg.Bin); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if c.owner, err = findOwner(serverUser); err != nil {
			return nil, err
		}
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c, nil
}

func findBin(given string) (string, error) {
	if given != "" {
		if _, err := os.Stat(filepath.Join(given, "initdb")); err != nil {
			return "", fmt.Errorf("find PostgreSQL binaries in %s: %w", given, ErrNoBinaries)
		}
		return given, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", fmt.Errorf("find PostgreSQL binaries: %w", err)
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNoBinaries
	}
	return filepath.Dir(path), nil
}

// version is the number in /usr/lib/postgresql/N/bin/initdb.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

func (c *Cluster) data() string { return filepath.Join(c.cfg.Dir, "data") }

// Socket is the folder of the server's unix socket.
func (c *Cluster) Socket() string { return filepath.Join(c.cfg.Dir, "run") }

// Log is the file that the server writes to.
func (c *Cluster) Log() string { return filepath.Join(c.cfg.Dir, "postgres.log") }

// Bin is the folder of the PostgreSQL binaries in use.
func (c *Cluster) Bin() string { return c.bin }

// DSN is the connection string of a database of the cluster.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("host='%s' port=%s user=%s dbname=%s sslmode=disable",
		strings.ReplaceAll(c.Socket(), "'", `\'`), port, Superuser, database)
}

// maxSocketPath is the length of sun_path in unix(7), without its final zero.
const maxSocketPath = 107

// prepare makes the folders with the right owner and modes.
func (c *Cluster) prepare() error {
	if n := len(filepath.Join(c.Socket(), ".s.PGSQL."+port)); n > maxSocketPath {
		return fmt.Errorf("prepare cluster folder: socket path has %d bytes, the system allows %d: choose a shorter folder than %s",
			n, maxSocketPath, c.cfg.Dir)
	}
	if err := os.MkdirAll(c.cfg.Dir, 0o755); err != nil {
		return fmt.Errorf("make cluster folder: %w", err)
	}
	for _, dir := range []string{c.data(), c.Socket()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make cluster folder: %w", err)
		}
		if err := c.give(dir); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(c.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make server log: %w", err)
	}
	if err := log.Close(); err != nil {
		return fmt.Errorf("make server log: %w", err)
	}
	if err := c.give(c.Log()); err != nil {
		return err
	}
	if c.owner != nil {
		return c.owner.canEnter(c.data())
	}
	return nil
}

func (c *Cluster) give(path string) error {
	if c.owner == nil {
		return nil
	}
	if err := os.Chown(path, int(c.owner.uid), int(c.owner.gid)); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, serverUser, err)
	}
	return nil
}

// transient are the words of a server that refuses to start for what passes:
// the workers of a killed one notice its death only after a while, its process
// stays until its parent's successor has waited for it, and one that a killed
// portal began to start does not answer yet.
var transient = []string{"shared memory block", `lock file "postmaster.pid" already exists`}
