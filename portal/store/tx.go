// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"zaver/portal/seal"
)

// ErrNested is returned when the store is used inside its own transaction: the
// work would run outside it, on another connection.
var ErrNested = errors.New("store used inside its own transaction")

// ErrNoRow is returned by a query that found nothing.
var ErrNoRow = sql.ErrNoRows

// txTries bounds how often a transaction is run when PostgreSQL ends it for a
// deadlock or a serialization failure.
const txTries = 3

type inTxKey struct{}

// Tx is an open transaction. It belongs to one goroutine and is dead after the
// function that received it returned.
type Tx struct {
	s      *Store
	tx     *sql.Tx
	jobs   []Job
	topics []string
}

// InTx runs fn in one transaction and commits when it returns nil. Inside, the
// Store itself is unusable with the context given to fn (ErrNested). When
// PostgreSQL breaks a deadlock fn runs again, so it must have no effect but
// through tx. Jobs and signals that fn asked for become visible with the
// commit.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	var err error
	for range txTries {
		if err = s.once(ctx, fn); !again(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (s *Store) once(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	sqlTx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after a commit it says so; before it the first error counts
	tx := &Tx{s: s, tx: sqlTx}
	if err := fn(context.WithValue(ctx, inTxKey{}, true), tx); err != nil {
		return err
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// flush writes the collected jobs and signals: one statement for each kind.
func (t *Tx) flush(ctx context.Context) error {
	if len(t.jobs) > 0 {
		if err := t.s.jobs.insert(ctx, t.tx, t.jobs); err != nil {
			return err
		}
	}
	if len(t.topics) > 0 {
		_, err := t.tx.ExecContext(ctx, `SELECT pg_notify('`+watchChannel+`', t) FROM unnest($1::text[]) AS t`, pq.Array(t.topics))
		if err != nil {
			return fmt.Errorf("signal change: %w", err)
		}
	}
	return nil
}

func (s *Store) usable(ctx context.Context) error {
	if ctx.Value(inTxKey{}) != nil {
		return ErrNested
	}
	return nil
}

func again(err error) bool {
	e, ok := errors.AsType[*pq.Error](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// querier is what Store and Tx have in common: a place to run one statement.
type querier interface {
	queryRow(ctx context.Context, query string, args ...any) row
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	exec(ctx context.Context, query string, args ...any) (int64, error)
}

// row is a result of at most one row.
type row interface{ Scan(dest ...any) error }

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

func (s *Store) queryRow(ctx context.Context, query string, args ...any) row {
	if err := s.usable(ctx); err != nil {
		return failedRow{err}
	}
	return s.db.QueryRowContext(ctx, query, args...)
}

func (s *Store) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.db.QueryContext(ctx, query, args...)
}

func (s *Store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	return affected(s.db.ExecContext(ctx, query, args...))
}

func (t *Tx) queryRow(ctx context.Context, query string, args ...any) row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return affected(t.tx.ExecContext(ctx, query, args...))
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Enqueue adds a job that starts when the transaction commits.
func (t *Tx) Enqueue(j Job) { t.jobs = append(t.jobs, j) }

// Signal wakes everyone who watches topic when the transaction commits.
func (t *Tx) Signal(topic string) { t.topics = append(t.topics, topic) }

// Now is the store's clock.
func (t *Tx) Now() time.Time { return t.s.now().UTC() }

// Keys seal what the transaction writes.
func (t *Tx) Keys() *seal.Keys { return t.s.keys }

// violates reports whether err is the breach of the named unique or check
// constraint.
func violates(err error, constraint string) bool {
	e, ok := errors.AsType[*pq.Error](err)
	return ok && e.Constraint == constraint
}
