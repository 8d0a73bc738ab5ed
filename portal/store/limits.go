// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"

	"zaver/portal/limit"
)

// Limits counts tries; it implements limit.Counter.
type Limits struct{ s *Store }

// Limits returns the counters.
func (s *Store) Limits() Limits { return Limits{s} }

func (s *Store) limitHash(k limit.Key) []byte {
	return s.keys.Hash(hashLimit, k.Rule.Name+"\x00"+strings.Join(k.Subject, "\x00"))
}

// takeSQL counts all outer keys and, unless one of them is used up, all inner
// ones. Rows are locked in the order of their keys, so that two requests with
// keys in common don't wait for each other.
const takeSQL = `
	WITH asked AS MATERIALIZED (
		SELECT * FROM unnest($1::bytea[], $2::integer[], $3::float8[], $4::boolean[]) AS k(key, most, secs, inside)
	), outside AS (
		INSERT INTO limits AS l (key, count, ends_at)
		SELECT key, 1, $5::timestamptz + make_interval(secs => secs) FROM asked WHERE NOT inside ORDER BY key
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN l.ends_at <= $5 THEN 1 ELSE l.count + 1 END,
			ends_at = CASE WHEN l.ends_at <= $5 THEN EXCLUDED.ends_at ELSE l.ends_at END
		RETURNING key, count, ends_at
	), inside AS (
		INSERT INTO limits AS l (key, count, ends_at)
		SELECT key, 1, $5::timestamptz + make_interval(secs => secs) FROM asked
		WHERE inside AND NOT EXISTS (SELECT FROM outside o JOIN asked a USING (key) WHERE o.count > a.most)
		ORDER BY key
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN l.ends_at <= $5 THEN 1 ELSE l.count + 1 END,
			ends_at = CASE WHEN l.ends_at <= $5 THEN EXCLUDED.ends_at ELSE l.ends_at END
		RETURNING key, count, ends_at
	)
	SELECT max(c.ends_at) FROM (SELECT * FROM outside UNION ALL SELECT * FROM inside) c JOIN asked a USING (key)
	WHERE c.count > a.most`

// Take implements limit.Counter with one statement.
func (l Limits) Take(ctx context.Context, outer, inner []limit.Key) (time.Duration, error) {
	n := len(outer) + len(inner)
	keys, most, secs, inside := make([][]byte, n), make([]int64, n), make([]float64, n), make([]bool, n)
	for i := range n {
		k, in := limit.Key{}, i >= len(outer)
		if in {
			k = inner[i-len(outer)]
		} else {
			k = outer[i]
		}
		keys[i], most[i], secs[i], inside[i] = l.s.limitHash(k), int64(k.Rule.Max), k.Rule.Window.Seconds(), in
	}
	now := l.s.now()
	var until *time.Time
	err := l.s.queryRow(ctx, takeSQL, pq.ByteaArray(keys), pq.Int64Array(most), pq.Float64Array(secs), pq.BoolArray(inside), now).Scan(&until)
	if err != nil {
		return 0, fmt.Errorf("count tries: %w", err)
	}
	if until == nil {
		return 0, nil
	}
	return max(until.Sub(now), time.Second), nil
}
