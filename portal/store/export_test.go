// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// RenewLeasesEvery shortens the wait of tests.
func (j *Jobs) RenewLeasesEvery(d time.Duration) { j.renewal = d }

// Exec runs one statement of a test.
func (s *Store) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return s.exec(ctx, query, args...)
}

// Exec runs one statement of a test inside its transaction.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return t.exec(ctx, query, args...)
}

// Text reads one value as text.
func (s *Store) Text(ctx context.Context, query string, args ...any) (out string, err error) {
	err = s.queryRow(ctx, query, args...).Scan(&out)
	return out, err
}
