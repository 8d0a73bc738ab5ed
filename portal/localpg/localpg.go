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
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// Start makes the cluster when there is none, starts the server unless it
// runs already, and makes the database Database. It returns once the server
// answers.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.initialise(ctx); err != nil {
		return err
	}
	if c.answers(ctx) {
		return c.ensureDatabase(ctx)
	}
	if err := c.launchPatiently(ctx); err != nil {
		return err
	}
	return c.ensureDatabase(ctx)
}

// transient are the words of a server that refuses to start for what passes:
// the workers of a killed one notice its death only after a while, its process
// stays until its parent's successor has waited for it, and one that a killed
// portal began to start does not answer yet.
var transient = []string{"shared memory block", `lock file "postmaster.pid" already exists`}

// launchPatiently waits for what a killed server or portal left.
func (c *Cluster) launchPatiently(ctx context.Context) error {
	wait := time.NewTicker(100 * time.Millisecond)
	defer wait.Stop()
	for try := 0; ; try++ {
		err := c.launch(ctx)
		passes := err != nil && slices.ContainsFunc(transient, func(words string) bool { return strings.Contains(err.Error(), words) })
		if !passes || try >= 100 {
			return err
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return err
		}
	}
}

// initialise runs initdb once. It works in a folder beside and moves it in
// place, so that a crash in the middle leaves nothing half made.
func (c *Cluster) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return nil
	}
	fresh := filepath.Join(c.cfg.Dir, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear half-made cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make cluster folder: %w", err)
	}
	if err := c.give(fresh); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"}
	if c.cfg.Disposable {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "initdb", args...); err != nil {
		return fmt.Errorf("make cluster: %w", err)
	}
	if err := os.Remove(c.data()); err != nil { // empty, made by prepare
		return fmt.Errorf("place cluster: %w", err)
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("place cluster: %w", err)
	}
	return nil
}

// settings are the server's options beyond its defaults.
func (c *Cluster) settings() []string {
	s := []string{
		"listen_addresses=", "unix_socket_directories=" + c.Socket(), "unix_socket_permissions=0700",
		"port=" + port, "max_connections=64", "shared_buffers=64MB", "jit=off",
		"log_min_messages=warning", "log_min_error_statement=panic", // statements may hold personal data
		"log_parameter_max_length_on_error=0",
	}
	if c.cfg.Disposable {
		s = append(s, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200",
			"autovacuum=off", "max_wal_size=2GB", "wal_level=minimal", "max_wal_senders=0")
	}
	return s
}

// launch starts the server and waits until it answers.
func (c *Cluster) launch(ctx context.Context) error {
	args := []string{"-D", c.data()}
	for _, s := range c.settings() {
		args = append(args, "-c", s)
	}
	p, err := c.spawn(args)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.answers(ctx) {
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("start PostgreSQL: it ended at once, its log %s says: %s", c.Log(), tail(c.Log()))
		case <-ctx.Done():
			p.signal(syscall.SIGQUIT)
			<-p.ended
			return fmt.Errorf("start PostgreSQL: %w", ctx.Err())
		}
	}
	c.server = p
	return nil
}

// Running reports whether a server of this data directory runs, whoever started it.
func (c *Cluster) Running() (bool, error) {
	pid, err := c.pid()
	return pid != 0, err
}

// Stop ends the server, the found one too, and waits until it is gone: first
// in its fast mode (clients are cut, a checkpoint is written), and when ctx
// ends before, at once (the next start replays the log).
func (c *Cluster) Stop(ctx context.Context) error {
	pid, err := c.pid()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	if err := c.gone(ctx, pid); err == nil {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return c.gone(hard, pid)
}

// gone waits for a server to end: through its process when it is ours, else
// by looking.
func (c *Cluster) gone(ctx context.Context, pid int) error {
	var ended <-chan struct{}
	if c.server != nil && c.server.pid == pid {
		ended = c.server.ended
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return nil
		case <-tick.C:
			if ended == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("stop PostgreSQL: %w", ctx.Err())
		}
	}
}

// pid is the server's process by its pid file, 0 when none runs. A pid file
// that a crash left is told from a live one by the server's own check: the
// process must be a postgres of this data directory.
func (c *Cluster) pid() (int, error) {
	raw, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 1 && c.sits(pid) {
		return pid, nil
	}
	return 0, nil
}

// sits reports a process in the data directory: a server is; one that has its number now is not.
func (c *Cluster) sits(pid int) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return err == nil && cwd == c.data()
}

func tail(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}
