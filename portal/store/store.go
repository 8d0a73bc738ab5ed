// SPDX-License-Identifier: Apache-2.0

// Package store owns PostgreSQL: queries, migrations, row models, durable jobs
// and change signals. It is the only importer of database/sql and lib/pq, and
// it decides nothing: every state change is a conditional statement whose old
// state the caller names.
//
// One Store serves a process and is safe for concurrent use. Each domain
// package declares the small interface that it needs; the Store offers a view
// for each (Registrations, Sessions, Profiles …). What must be true together
// is written in one transaction (InTx); no transaction stays open while the
// network is asked. Personal data are sealed before they reach a column.
//
// Limits: statements of requests end after 2.5 s, waiting for a row lock after
// 2 s, a transaction left idle after 10 s; the pools are bounded (Config).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"zaver/portal/seal"
)

// Config says which database to open and how.
type Config struct {
	// DSN is a lib/pq connection string or URL.
	DSN string
	// Keys seal personal data. Required.
	Keys *seal.Keys
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Conns bounds the connections of requests, JobConns those of jobs; zero
	// means 16 and 6. One more connection listens for change signals.
	Conns, JobConns int
	// Log receives what the job runner has to say; nil means nothing is said.
	Log *slog.Logger
}

// Store is an open database.
type Store struct {
	db    *sql.DB // requests
	jobDB *sql.DB // the job runner
	dsn   string
	keys  *seal.Keys
	now   func() time.Time
	log   *slog.Logger
	watch *watcher
	jobs  *Jobs
	blobs blobSet // evidence blobs known to be there
}

const (
	statementTimeout    = 2500 * time.Millisecond
	jobStatementTimeout = 30 * time.Second
	lockTimeout         = 2 * time.Second
	idleTxTimeout       = 10 * time.Second
)

// Open connects to the database of cfg. The schema must be there (Migrate).
// ErrOtherKeys is wrapped when the database was written with other keys. The
// caller closes the Store.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Keys == nil {
		return nil, errors.New("open store: no keys given")
	}
	s := &Store{dsn: cfg.DSN, keys: cfg.Keys, now: cfg.Now, log: cfg.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.db, err = openPool(cfg.DSN, or(cfg.Conns, 16), statementTimeout); err != nil {
		return nil, err
	}
	if s.jobDB, err = openPool(cfg.DSN, or(cfg.JobConns, 6), jobStatementTimeout); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if err := s.db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to PostgreSQL: %w", err), s.db.Close(), s.jobDB.Close())
	}
	if err := s.proveKeys(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close(), s.jobDB.Close())
	}
	s.watch = newWatcher(cfg.DSN)
	if s.jobs, err = newJobs(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func or(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// openPool prepares a bounded pool; it does not connect yet.
func openPool(dsn string, conns int, timeout time.Duration) (*sql.DB, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", withoutAddress(err))
	}
	cfg.BinaryParameters = true // parse, bind and execute in one round trip
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.Runtime == nil {
		cfg.Runtime = make(map[string]string)
	}
	for name, d := range map[string]time.Duration{
		"statement_timeout":                   timeout,
		"lock_timeout":                        lockTimeout,
		"idle_in_transaction_session_timeout": idleTxTimeout,
	} {
		cfg.Runtime[name] = strconv.FormatInt(d.Milliseconds(), 10)
	}
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	db := sql.OpenDB(countingConnector{connector})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// withoutAddress keeps an address that can't be parsed out of its error, since a
// password may stand anywhere in it. What names one wrong option is kept.
func withoutAddress(err error) error {
	if strings.HasPrefix(err.Error(), "pq: wrong value for ") {
		return err
	}
	return errors.New("it is no connection URL and no list of key=value pairs (percent-encode signs of a password in a URL, put quotes around it in a list)")
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("ping PostgreSQL: %w", err)
	}
	return nil
}

// Close ends all connections. Jobs must have been stopped before.
func (s *Store) Close() error {
	var errs []error
	if s.watch != nil {
		errs = append(errs, s.watch.close())
	}
	errs = append(errs, s.db.Close(), s.jobDB.Close())
	return errors.Join(errs...)
}

// Jobs returns the job runner.
func (s *Store) Jobs() *Jobs { return s.jobs }
