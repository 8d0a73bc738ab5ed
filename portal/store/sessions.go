// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/session"
)

// Sessions implements session.Store.
type Sessions struct{ s *Store }

// Sessions returns the view of the sessions.
func (s *Store) Sessions() Sessions { return Sessions{s} }

// Find implements session.Store with one SELECT by primary key.
func (v Sessions) Find(ctx context.Context, h session.Hash, now, idle time.Time) (session.Session, error) {
	var (
		out session.Session
		r   accountRow
	)
	err := v.s.queryRow(ctx, `
		SELECT s.id, s.created_at, s.seen_at, s.expires_at, `+accountColumns+`
		FROM sessions s JOIN `+accountTables+` ON a.id = s.account_id
		WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.seen_at > $3`, h[:], now, idle).
		Scan(append([]any{&out.ID, &out.Created, &out.Seen, &out.Expires}, r.dest()...)...)
	if errors.Is(err, ErrNoRow) {
		return session.Session{}, fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return session.Session{}, fmt.Errorf("find session: %w", err)
	}
	out.Created, out.Seen, out.Expires = out.Created.UTC(), out.Seen.UTC(), out.Expires.UTC()
	out.Account, err = r.account(v.s.keys)
	return out, err
}

// Touch implements session.Store.
func (v Sessions) Touch(ctx context.Context, h session.Hash, now time.Time) error {
	// Many requests of one page may come at once: the first writes.
	_, err := v.s.exec(ctx, `UPDATE sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2 AND ended_at IS NULL`, h[:], now)
	if err != nil {
		return fmt.Errorf("note use of session: %w", err)
	}
	return nil
}

// End implements session.Store.
func (v Sessions) End(ctx context.Context, by session.Ending) (bool, error) {
	where, who := `token_hash = $2`, []any{by.Hash[:]}
	if by.ID != "" {
		if !isID(by.ID) {
			return false, nil
		}
		where, who = `id = $2 AND account_id = $3`, []any{by.ID, string(by.Account)}
	}
	ended := false
	err := v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var owner string
		err := tx.queryRow(ctx, `UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL AND `+where+` RETURNING account_id`,
			append([]any{by.Event.At}, who...)...).Scan(&owner)
		if errors.Is(err, ErrNoRow) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		ended = true
		by.Event.Account = account.ID(owner)
		return tx.AddEvent(ctx, by.Event)
	})
	return ended && err == nil, err
}

// maxSessions bounds the list of live sessions.
const maxSessions = 100

// Live implements session.Store.
func (v Sessions) Live(ctx context.Context, id account.ID, now, idle time.Time) ([]session.Listed, error) {
	rows, err := v.s.query(ctx, `
		SELECT id, created_at, seen_at, client FROM sessions
		WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 AND seen_at > $3
		ORDER BY created_at DESC LIMIT $4`, string(id), now, idle, maxSessions)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var out []session.Listed
	for rows.Next() {
		var (
			l      session.Listed
			client []byte
		)
		if err := rows.Scan(&l.ID, &l.Created, &l.Seen, &client); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		if l.Client, err = openClient(v.s.keys, place("sessions", "client", l.ID), client); err != nil {
			return nil, err
		}
		l.Created, l.Seen = l.Created.UTC(), l.Seen.UTC()
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}
