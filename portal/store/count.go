// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
)

// Counter counts what one piece of work asked of PostgreSQL. It is safe for
// concurrent use.
type Counter struct {
	statements, transactions atomic.Int64
}

// Statements returns the number of SQL statements run so far, without BEGIN,
// COMMIT and ROLLBACK.
func (c *Counter) Statements() int64 { return c.statements.Load() }

// Transactions returns the number of transactions begun so far.
func (c *Counter) Transactions() int64 { return c.transactions.Load() }

type counterKey struct{}

// CountStatements returns a context whose statements are counted.
func CountStatements(ctx context.Context) (context.Context, *Counter) {
	c := new(Counter)
	return context.WithValue(ctx, counterKey{}, c), c
}

func countStatement(ctx context.Context) {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.statements.Add(1)
	}
}

// countingConnector makes connections that count what they run by the context
// of each call.
type countingConnector struct{ driver.Connector }

func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := inner.(pqConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("connect: driver connection %T lacks a needed method", inner), inner.Close())
	}
	return &countingConn{pqConn: conn}, nil
}

// pqConn is what lib/pq's connection can do; the wrapper must offer all of it,
// or database/sql falls back to slower paths.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type countingConn struct{ pqConn }

func (c *countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx)
	return c.pqConn.ExecContext(ctx, query, args)
}

func (c *countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx)
	return c.pqConn.QueryContext(ctx, query, args)
}

// PrepareContext counts as one statement; running what it prepared is not
// counted, and nothing in this package prepares.
func (c *countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	countStatement(ctx)
	return c.pqConn.PrepareContext(ctx, query)
}

func (c *countingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if n, ok := ctx.Value(counterKey{}).(*Counter); ok {
		n.transactions.Add(1)
	}
	return c.pqConn.BeginTx(ctx, opts)
}
