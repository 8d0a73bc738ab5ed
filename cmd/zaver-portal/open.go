// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/portal/localpg"
	"zaver/portal/seal"
	"zaver/portal/store"
)

// stopTime bounds how long a part may take to stop.
const stopTime = 20 * time.Second

// tenure says whose the private database's server is.
type tenure bool

const (
	owner tenure = true  // the portal that serves: it ends the server, also one that a killed portal left
	guest tenure = false // a command: a server that runs already is somebody else's to end
)

// database starts the private cluster when no database is configured. The
// function stops what is to be stopped.
func (c config) database(ctx context.Context, t tenure) (dsn string, stop func() error, err error) {
	if c.Database != "" {
		return c.Database, func() error { return nil }, nil
	}
	if err := c.makeDataDir(); err != nil {
		return "", nil, err
	}
	// One program at a time minds the server: else one would end it under another.
	release, err := boot.OneInstance(filepath.Join(c.DataDir, "database.lock"))
	if held, ok := errors.AsType[*boot.Failure](err); ok && held.Exit == boot.ExitRunning && t == guest {
		release, err = func() error { return nil }, nil
	}
	if err != nil {
		return "", nil, err
	}
	cluster, err := localpg.New(localpg.Config{Dir: filepath.Join(c.DataDir, "postgres")})
	if err != nil {
		return "", nil, join(fmt.Errorf("prepare private database: %w", err), release())
	}
	found, err := cluster.Running()
	if err != nil {
		return "", nil, join(fmt.Errorf("look for private database: %w", err), release())
	}
	if err := cluster.Start(ctx); err != nil {
		return "", nil, join(boot.Fail(boot.ExitFailure, "see "+cluster.Log(), "start private database: %w", err), release())
	}
	stop = func() error {
		if found && t == guest {
			return release()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		return join(cluster.Stop(ctx), release())
	}
	return cluster.DSN(localpg.Database), stop, nil
}

// makeDataDir makes the folder so that the database's user can walk through it.
func (c config) makeDataDir() error {
	if err := os.MkdirAll(c.DataDir, 0o711); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	return nil
}

// keys is the folder of the portal's key files.
func (c config) keys() (string, error) {
	if err := c.makeDataDir(); err != nil {
		return "", err
	}
	dir := filepath.Join(c.DataDir, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make key folder: %w", err)
	}
	return dir, nil
}

// open opens the database with the keys that seal personal data.
func (c config) open(ctx context.Context, t tenure, log *slog.Logger) (*store.Store, *seal.Keys, func() error, error) {
	dir, err := c.keys()
	if err != nil {
		return nil, nil, nil, err
	}
	sealing, err := seal.LoadOrCreate(filepath.Join(dir, "seal.json"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("load data keys: %w", err)
	}
	dsn, stop, err := c.database(ctx, t)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := store.Migrate(ctx, dsn); err != nil {
		return nil, nil, nil, join(fmt.Errorf("migrate database: %w", err), stop())
	}
	opened, err := store.Open(ctx, store.Config{DSN: dsn, Keys: sealing, Log: log})
	if errors.Is(err, store.ErrOtherKeys) {
		err = boot.Fail(boot.ExitConfig, "put back "+filepath.Join(dir, "seal.json")+" that belongs to this database", "%w", err)
	}
	if err != nil {
		return nil, nil, nil, join(fmt.Errorf("open database: %w", err), stop())
	}
	return opened, sealing, func() error { return join(opened.Close(), stop()) }, nil
}
