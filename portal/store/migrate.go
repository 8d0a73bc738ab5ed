// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateTimeout bounds one statement of a migration.
const migrateTimeout = 10 * time.Minute

// Migrate brings the schema of the database at dsn to this version: first the
// job tables, then ours. Several processes may call it at once; one works, the
// others wait. On a schema that is up to date it only reads.
func Migrate(ctx context.Context, dsn string) error {
	return withMigrationDB(dsn, func(db *sql.DB) error {
		river, err := rivermigrate.New(riverdatabasesql.New(db), nil)
		if err != nil {
			return fmt.Errorf("prepare job tables: %w", err)
		}
		p, err := provider(db)
		if err != nil {
			return err
		}
		valid, err := river.Validate(ctx)
		if err != nil {
			return fmt.Errorf("check job tables: %w", err)
		}
		pending, err := p.HasPending(ctx)
		if err != nil {
			return fmt.Errorf("check schema: %w", err)
		}
		if valid.OK && !pending {
			return nil
		}
		return locked(ctx, db, func() error {
			if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
				return fmt.Errorf("make job tables: %w", err)
			}
			if _, err := p.Up(ctx); err != nil {
				return fmt.Errorf("migrate schema: %w", err)
			}
			return nil
		})
	})
}

// MigrateDownTo takes our schema back to a version; 0 removes it all. The job
// tables stay. For tests and for an operator who must go back.
func MigrateDownTo(ctx context.Context, dsn string, version int64) error {
	return withMigrationDB(dsn, func(db *sql.DB) error {
		p, err := provider(db)
		if err != nil {
			return err
		}
		if _, err := p.DownTo(ctx, version); err != nil {
			return fmt.Errorf("migrate schema down to %d: %w", version, err)
		}
		return nil
	})
}

// locked keeps other processes from migrating at the same time.
func locked(ctx context.Context, db *sql.DB, work func() error) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("prepare migration lock: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("lock schema: %w", err)
	}
	defer locker.SessionUnlock(context.WithoutCancel(ctx), conn) //nolint:errcheck // closing the connection frees the lock too
	return work()
}

func withMigrationDB(dsn string, work func(*sql.DB) error) error {
	db, err := openPool(dsn, 3, migrateTimeout)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return work(db)
}

func provider(db *sql.DB) (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
