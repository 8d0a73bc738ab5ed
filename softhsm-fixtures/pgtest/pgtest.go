// SPDX-License-Identifier: Apache-2.0

// Package pgtest gives each test a real PostgreSQL database of its own.
//
// One private cluster runs for a whole test binary, or the one whose socket
// folder the environment variable ZAVER_TEST_POSTGRES names. Its template
// database is migrated once; every test gets a clone, in a time zone that no
// developer lives in. A test binary ends its cluster through Main; when the
// binary is killed the kernel ends it.
//
// Everything may be called from parallel tests.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zaver/portal/localpg"
	"zaver/portal/seal"
	"zaver/portal/store"
)

// Env names the environment variable with the socket folder of a running
// cluster whose superuser is "zaver". Its user must be allowed to connect.
const Env = "ZAVER_TEST_POSTGRES"

// zone is 5:45 ahead of UTC: a place where code forgot the zone is seen.
const zone = "Asia/Kathmandu"

const startTimeout = 60 * time.Second

// cluster is the one of this test binary.
type cluster struct {
	dsn      func(database string) string
	psql     func(ctx context.Context, sql string) error
	template string
	stop     func()
	next     atomic.Int64
}

var shared struct {
	once sync.Once
	c    *cluster
	err  error
}

// Main runs the tests of a package and stops the cluster that they used. Call
// it from TestMain and give its result to os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.c != nil {
		shared.c.stop()
	}
	return code
}

// DSN makes a fresh migrated database and returns its connection string. The
// database is dropped when the test ends.
func DSN(tb testing.TB) string {
	tb.Helper()
	return clone(tb, true)
}

// EmptyDSN is DSN without any table.
func EmptyDSN(tb testing.TB) string {
	tb.Helper()
	return clone(tb, false)
}

// Open makes a fresh migrated database and opens it with fresh keys. Changes
// to the configuration, a clock for example, are made by edit, which may be
// nil.
func Open(tb testing.TB, edit func(*store.Config)) *store.Store {
	tb.Helper()
	keys, err := seal.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	cfg := store.Config{DSN: DSN(tb), Keys: keys}
	if edit != nil {
		edit(&cfg)
	}
	s, err := store.Open(context.Background(), cfg)
	if err != nil {
		tb.Fatalf("open store: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Jobs().Stop(ctx); err != nil {
			tb.Errorf("stop jobs: %v", err)
		}
		if err := s.Close(); err != nil {
			tb.Errorf("close store: %v", err)
		}
	})
	return s
}

// Dump returns the whole database of dsn as pg_dump writes it: what a thief
// of the disk would read.
func Dump(tb testing.TB, dsn string) string {
	tb.Helper()
	out, err := exec.Command("pg_dump", "--data-only", "--inserts", "-d", dsn).Output() //nolint:gosec // test database
	if err != nil {
		tb.Fatalf("dump database: %v", err)
	}
	return string(out)
}

func clone(tb testing.TB, migrated bool) string {
	tb.Helper()
	shared.once.Do(func() { shared.c, shared.err = start() })
	if shared.err != nil {
		tb.Fatalf("start PostgreSQL for tests: %v", shared.err)
	}
	c := shared.c
	name := fmt.Sprintf("t%d_%d", os.Getpid(), c.next.Add(1))
	source := "template0"
	if migrated {
		source = c.template
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := c.create(ctx, name, source); err != nil {
		tb.Fatalf("make test database: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := c.psql(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop test database: %v", err)
		}
	})
	return c.dsn(name)
}

func (c *cluster) create(ctx context.Context, name, source string) error {
	return c.psql(ctx, "CREATE DATABASE "+name+" TEMPLATE "+source)
}

func start() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.psql(ctx, "ALTER ROLE "+localpg.Superuser+" SET timezone = '"+zone+"'"); err != nil {
		c.stop()
		return nil, err
	}
	c.template = fmt.Sprintf("template_%d", os.Getpid())
	if err := c.create(ctx, c.template, "template0"); err != nil {
		c.stop()
		return nil, err
	}
	if err := store.Migrate(ctx, c.dsn(c.template)); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func connect(ctx context.Context) (*cluster, error) {
	if socket := os.Getenv(Env); socket != "" {
		c := &cluster{dsn: func(database string) string {
			return fmt.Sprintf("host='%s' user=%s dbname=%s sslmode=disable", socket, localpg.Superuser, database)
		}}
		c.psql = runner("psql", c.dsn("postgres"))
		c.stop = func() {
			ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
			defer cancel()
			_ = c.psql(ctx, "DROP DATABASE IF EXISTS "+c.template) // the cluster is another's, a template more does no harm
		}
		return c, nil
	}
	sweep()
	dir := filepath.Join(os.TempDir(), dirPrefix+strconv.Itoa(os.Getpid()))
	pg, err := localpg.New(localpg.Config{Dir: dir, Disposable: true})
	if err != nil {
		return nil, err
	}
	if err := pg.Start(ctx); err != nil {
		return nil, err
	}
	return &cluster{
		dsn:  pg.DSN,
		psql: runner(filepath.Join(pg.Bin(), "psql"), pg.DSN("postgres")),
		stop: func() {
			// Nothing in it is wanted any more: no checkpoint.
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			if err := pg.Stop(gone); err != nil {
				fmt.Fprintln(os.Stderr, "pgtest:", err)
			}
			if err := os.RemoveAll(dir); err != nil {
				fmt.Fprintln(os.Stderr, "pgtest:", err)
			}
		},
	}, nil
}

const dirPrefix = "zaver-pgtest-"

// sweep removes what killed test binaries left.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), dirPrefix))
		if err == nil && (pid == os.Getpid() || syscall.Kill(pid, 0) == syscall.ESRCH) { // a former process had our number, too
			_ = os.RemoveAll(dir) // another binary may be removing it
		}
	}
}

func runner(psql, dsn string) func(context.Context, string) error {
	return func(ctx context.Context, sql string) error {
		cmd := exec.CommandContext(ctx, psql, "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", sql) //nolint:gosec // test database
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", sql, err, strings.TrimSpace(string(out)))
		}
		return nil
	}
}
