// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/profile"
)

// Profiles implements profile.Store.
type Profiles struct{ s *Store }

// Profiles returns the view of the personal data.
func (s *Store) Profiles() Profiles { return Profiles{s} }

// Draft implements profile.Store.
func (v Profiles) Draft(ctx context.Context, id account.ID) (profile.Draft, error) {
	var (
		d      profile.Draft
		sealed []byte
	)
	err := v.s.queryRow(ctx, `SELECT version, data, saved_at FROM drafts WHERE account_id = $1`, string(id)).
		Scan(&d.Version, &sealed, &d.Saved)
	if errors.Is(err, ErrNoRow) {
		return profile.Draft{}, nil
	}
	if err != nil {
		return profile.Draft{}, fmt.Errorf("read draft: %w", err)
	}
	d.Saved = d.Saved.UTC()
	err = openJSON(v.s.keys, place("drafts", "data", string(id)), sealed, &d.Form)
	return d, err
}

// SaveDraft implements profile.Store.
func (v Profiles) SaveDraft(ctx context.Context, id account.ID, d profile.Draft) (bool, error) {
	sealed, err := sealJSON(v.s.keys, place("drafts", "data", string(id)), d.Form)
	if err != nil {
		return false, err
	}
	query := `INSERT INTO drafts (account_id, version, data, saved_at) VALUES ($1, $2 + 1, $3, $4) ON CONFLICT (account_id) DO NOTHING`
	if d.Version > 0 {
		query = `UPDATE drafts SET version = $2 + 1, data = $3, saved_at = $4 WHERE account_id = $1 AND version = $2`
	}
	n, err := v.s.exec(ctx, query, string(id), d.Version, sealed, d.Saved)
	if err != nil {
		return false, fmt.Errorf("save draft: %w", err)
	}
	return n == 1, nil
}

// Submit implements profile.Store. The row of the account is locked, so that
// of two submissions at once the second sees the checks of the first.
func (v Profiles) Submit(ctx context.Context, id account.ID, p profile.Person, e account.Event, r limit.Rule) (profile.Submission, error) {
	row, err := newID()
	if err != nil {
		return profile.Submission{}, err
	}
	sealed, err := sealJSON(v.s.keys, place("submissions", "data", row), p)
	if err != nil {
		return profile.Submission{}, err
	}
	out := profile.Submission{ID: row, Sent: e.At.UTC(), Person: p}
	err = v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var level string
		err := tx.queryRow(ctx, `SELECT level FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, string(id)).Scan(&level)
		if errors.Is(err, ErrNoRow) {
			return fault.Wrap(fault.NotFound, err)
		}
		if err != nil {
			return fmt.Errorf("lock account: %w", err)
		}
		if level != account.Simplified.String() {
			return fault.New(profile.Locked)
		}
		err = tx.queryRow(ctx, `
			INSERT INTO submissions (id, account_id, number, data, sent_at)
			SELECT $1, $2, 1 + COALESCE(max(number), 0), $3, $4 FROM submissions WHERE account_id = $2
			RETURNING number`, row, string(id), sealed, e.At).Scan(&out.Number)
		if err != nil {
			return fmt.Errorf("write submission: %w", err)
		}
		if started, err := tx.startChecks(ctx, id, row); err != nil {
			return err
		} else if !started {
			return fault.New(profile.Locked)
		}
		if err := tx.submittedTooOften(ctx, id, e.At, r); err != nil {
			return err
		}
		return tx.AddEvent(ctx, e)
	})
	if err != nil {
		return profile.Submission{}, err
	}
	return out, nil
}

// submittedTooOften counts the account's submissions in the window that ends at
// now, the new one included. The caller has locked the account's row.
func (t *Tx) submittedTooOften(ctx context.Context, id account.ID, now time.Time, r limit.Rule) error {
	var n int
	var first time.Time
	err := t.queryRow(ctx, `SELECT count(*), COALESCE(min(sent_at), $2) FROM submissions WHERE account_id = $1 AND sent_at > $2`,
		string(id), now.Add(-r.Window)).Scan(&n, &first)
	if err != nil {
		return fmt.Errorf("count submissions: %w", err)
	}
	if n > r.Max {
		return fault.New(fault.Limited).After(first.Add(r.Window).Sub(now))
	}
	return nil
}

// maxSubmissions bounds the history that is shown.
const maxSubmissions = 100

// Submissions implements profile.Store.
func (v Profiles) Submissions(ctx context.Context, id account.ID) ([]profile.Submission, error) {
	rows, err := v.s.query(ctx, `SELECT id, number, data, sent_at FROM submissions WHERE account_id = $1 ORDER BY number DESC LIMIT $2`,
		string(id), maxSubmissions)
	if err != nil {
		return nil, fmt.Errorf("list submissions: %w", err)
	}
	defer rows.Close()
	var out []profile.Submission
	for rows.Next() {
		var (
			sub    profile.Submission
			sealed []byte
			sent   time.Time
		)
		if err := rows.Scan(&sub.ID, &sub.Number, &sealed, &sent); err != nil {
			return nil, fmt.Errorf("list submissions: %w", err)
		}
		if err := openJSON(v.s.keys, place("submissions", "data", sub.ID), sealed, &sub.Person); err != nil {
			return nil, err
		}
		sub.Sent = sent.UTC()
		out = append(out, sub)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list submissions: %w", err)
	}
	return out, nil
}

// Submission reads one submission with the account that sent it, inside the
// transaction; fault.NotFound when there is none.
func (t *Tx) Submission(ctx context.Context, id string) (profile.Submission, account.ID, error) {
	return readSubmission(ctx, t, t.s, id)
}

// Submission is Tx.Submission outside of a transaction.
func (s *Store) Submission(ctx context.Context, id string) (profile.Submission, account.ID, error) {
	return readSubmission(ctx, s, s, id)
}

func readSubmission(ctx context.Context, q querier, s *Store, id string) (profile.Submission, account.ID, error) {
	var (
		sub    = profile.Submission{ID: id}
		owner  account.ID
		sealed []byte
	)
	err := q.queryRow(ctx, `SELECT account_id, number, data, sent_at FROM submissions WHERE id = $1`, id).
		Scan(&owner, &sub.Number, &sealed, &sub.Sent)
	if errors.Is(err, ErrNoRow) {
		return profile.Submission{}, "", fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return profile.Submission{}, "", fmt.Errorf("read submission: %w", err)
	}
	sub.Sent = sub.Sent.UTC()
	return sub, owner, openJSON(s.keys, place("submissions", "data", id), sealed, &sub.Person)
}
