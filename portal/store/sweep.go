// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
)

// JobSweep is the kind of the periodic job that removes what is over.
const JobSweep = "sweep"

// keepEnded is how long ended sessions are kept for the holder's questions.
const keepEnded = 30 * 24 * time.Hour

// removeBatch bounds the rows that one statement removes, removeRounds the
// statements of one sweep: a flood of tries leaves millions of counters.
const (
	removeBatch  = 5000
	removeRounds = 200
)

// SweepHandler is the handler of JobSweep.
func (s *Store) SweepHandler() Handler {
	return Handler{Work: func(ctx context.Context, _ Run) error { return s.Sweep(ctx) }, Every: 5 * time.Minute}
}

// Sweep removes registrations that are over, counters whose window is over and
// sessions that ended long ago, a bounded number of each. They mean nothing any
// more: every query looks at the time itself.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.now()
	for _, step := range []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM registrations WHERE id IN (SELECT id FROM registrations WHERE expires_at <= $1 LIMIT $2)`, now},
		{`DELETE FROM limits WHERE key IN (SELECT key FROM limits WHERE ends_at <= $1 ORDER BY key LIMIT $2 FOR UPDATE SKIP LOCKED)`, now},
		{`DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE expires_at <= $1 LIMIT $2)`, now.Add(-keepEnded)},
	} {
		for range removeRounds {
			n, err := s.exec(ctx, step.query, step.before, removeBatch)
			if err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
			if n < removeBatch {
				break
			}
		}
	}
	return nil
}
