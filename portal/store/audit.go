// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/lib/pq"

	"zaver/portal/audit"
)

// AppendAudit adds an event to the audit log with the transaction. It locks the
// head of the log until the commit, so it is the last thing that a transaction
// does before it ends.
func (t *Tx) AppendAudit(ctx context.Context, e audit.Event) error {
	head, err := auditHead(ctx, t, " FOR UPDATE")
	if err != nil {
		return err
	}
	a, err := audit.Append(head, e)
	if err != nil {
		return fmt.Errorf("append audit record: %w", err)
	}
	hashes := make([][]byte, len(a.Hashes))
	for i := range a.Hashes {
		hashes[i] = a.Hashes[i][:]
	}
	_, err = t.exec(ctx, `
		WITH record AS (
			INSERT INTO audit_records (seq, object, record) VALUES ($1, $2, $3)
		), hashes AS (
			INSERT INTO audit_hashes (index, hash)
			SELECT $4 + n - 1, h FROM unnest($5::bytea[]) WITH ORDINALITY AS u(h, n)
		)
		UPDATE audit_head SET size = $1 + 1, frontier = $6, last = $7 WHERE size = $1`,
		a.Record.Seq, e.Object, a.Bytes, a.First, pq.ByteaArray(hashes), joinHashes(a.Head.Frontier), a.Head.Last[:])
	if err != nil {
		return fmt.Errorf("append audit record: %w", err)
	}
	return nil
}

func auditHead(ctx context.Context, q querier, lock string) (audit.Head, error) {
	var h audit.Head
	var frontier, last []byte
	err := q.queryRow(ctx, `SELECT size, frontier, last FROM audit_head`+lock).Scan(&h.Size, &frontier, &last)
	if err != nil {
		return h, fmt.Errorf("read head of audit log: %w", err)
	}
	if h.Frontier, err = splitHashes(frontier); err != nil {
		return h, err
	}
	copy(h.Last[:], last)
	return h, nil
}

func joinHashes(hashes []audit.Hash) []byte {
	b := make([]byte, 0, len(hashes)*len(audit.Hash{}))
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

func splitHashes(b []byte) ([]audit.Hash, error) {
	const size = len(audit.Hash{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("read head of audit log: %d bytes of hashes", len(b))
	}
	out := make([]audit.Hash, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		out = append(out, audit.Hash(b[:size]))
	}
	return out, nil
}

// AuditLog is the audit log as package audit reads it.
type AuditLog struct{ s *Store }

// AuditLog gives the view for audit.Keeper.
func (s *Store) AuditLog() AuditLog { return AuditLog{s} }

var _ audit.Log = AuditLog{}

// Head reads the head.
func (l AuditLog) Head(ctx context.Context) (audit.Head, error) { return auditHead(ctx, l.s, "") }

// ReadHashes reads tree hashes by their dense index.
func (l AuditLog) ReadHashes(ctx context.Context, indexes []int64) ([]audit.Hash, error) {
	rows, err := l.s.query(ctx, `
		SELECT h.hash FROM unnest($1::bigint[]) WITH ORDINALITY AS u(i, n) JOIN audit_hashes h ON h.index = u.i ORDER BY u.n`,
		pq.Array(indexes))
	if err != nil {
		return nil, fmt.Errorf("read audit hashes: %w", err)
	}
	defer rows.Close()
	out := make([]audit.Hash, 0, len(indexes))
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("read audit hashes: %w", err)
		}
		out = append(out, audit.Hash(b))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read audit hashes: %w", err)
	}
	if len(out) != len(indexes) {
		return nil, fmt.Errorf("read audit hashes: %d of %d are there", len(out), len(indexes))
	}
	return out, nil
}

// Records reads record bytes from a place on, in order, in pages.
func (l AuditLog) Records(ctx context.Context, from int64) iter.Seq2[[]byte, error] {
	const page = 1000
	return func(yield func([]byte, error) bool) {
		for {
			got, err := l.page(ctx, `SELECT record FROM audit_records WHERE seq >= $1 ORDER BY seq LIMIT $2`, from, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range got {
				if !yield(r, nil) {
					return
				}
			}
			if len(got) < page {
				return
			}
			from += page
		}
	}
}

// RecordsOf reads the records about one object, oldest first; at most 100.
func (l AuditLog) RecordsOf(ctx context.Context, object string) ([][]byte, error) {
	return l.page(ctx, `SELECT record FROM audit_records WHERE object = $1 ORDER BY seq LIMIT 100`, object)
}

func (l AuditLog) page(ctx context.Context, query string, args ...any) ([][]byte, error) {
	rows, err := l.s.query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read audit records: %w", err)
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("read audit records: %w", err)
		}
		out = append(out, b)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read audit records: %w", err)
	}
	return out, nil
}

// Checkpoint reads the newest signed checkpoint; nil when none was signed yet.
func (l AuditLog) Checkpoint(ctx context.Context) ([]byte, error) {
	var msg []byte
	err := l.s.queryRow(ctx, `SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1`).Scan(&msg)
	if errors.Is(err, ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	return msg, nil
}

// SaveCheckpoint keeps a signed checkpoint; of several for one size the first stays.
func (l AuditLog) SaveCheckpoint(ctx context.Context, size int64, msg []byte, at time.Time) error {
	_, err := l.s.exec(ctx, `
		INSERT INTO audit_checkpoints (size, note, signed_at) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`, size, msg, at)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}
