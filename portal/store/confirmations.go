// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/portal/seal"
)

// Confirmations is the view for package confirm.
type Confirmations struct{ s *Store }

// Confirmations gives the view for package confirm.
func (s *Store) Confirmations() Confirmations { return Confirmations{s} }

var _ confirm.Store = Confirmations{}

// Watch is Store.Watch.
func (c Confirmations) Watch(ctx context.Context, topic string) <-chan struct{} {
	return c.s.Watch(ctx, topic)
}

// Subject reads the account with its checked data; fault.NotFound when there is none.
func (c Confirmations) Subject(ctx context.Context, id account.ID) (account.Subject, error) {
	return c.s.Subject(ctx, id)
}

// confirmationColumns are what scan reads.
const confirmationColumns = `request, account_id, method, state, lang, control_code, statement, issued_at, expires_at,
	ticket_hash, fetched_at, submit_hash, digest, lease, lease_until, outages, codes, reasons, decided_at`

func statementPlace(request string) seal.Place { return place("confirmations", "statement", request) }
func reasonsPlace(request string) seal.Place   { return place("confirmations", "reasons", request) }

// Confirmation reads one; fault.NotFound when there is none.
func (c Confirmations) Confirmation(ctx context.Context, request string) (confirm.Confirmation, error) {
	row := c.s.queryRow(ctx, `SELECT `+confirmationColumns+` FROM confirmations WHERE request = $1`, request)
	got, err := c.scan(row)
	if errors.Is(err, ErrNoRow) {
		return got, fault.Wrap(fault.NotFound, err)
	}
	return got, err
}

func (c Confirmations) scan(r row) (confirm.Confirmation, error) {
	var (
		v                            confirm.Confirmation
		id, m, state                 string
		statement, reasons           []byte
		ticket, submit, digest       []byte
		lease                        sql.NullString
		fetched, leaseUntil, decided sql.NullTime
	)
	err := r.Scan(&v.Request, &id, &m, &state, &v.Lang, &v.ControlCode, &statement, &v.Issued, &v.Expires,
		&ticket, &fetched, &submit, &digest, &lease, &leaseUntil, &v.Outages, pq.Array(&v.Codes), &reasons, &decided)
	if err != nil {
		return v, fmt.Errorf("read confirmation: %w", err)
	}
	if v.Statement, err = c.s.keys.Open(statementPlace(v.Request), statement); err != nil {
		return v, err
	}
	if reasons != nil {
		if err := openJSON(c.s.keys, reasonsPlace(v.Request), reasons, &v.Reasons); err != nil {
			return v, err
		}
	}
	v.Account, v.Method, v.State = account.ID(id), method.ID(m), confirm.State(state)
	v.Issued, v.Expires = v.Issued.UTC(), v.Expires.UTC()
	v.Fetched, v.LeaseUntil, v.Decided = fetched.Time.UTC(), leaseUntil.Time.UTC(), decided.Time.UTC()
	v.Lease = lease.String
	copy(v.TicketHash[:], ticket)
	copy(v.SubmitHash[:], submit)
	copy(v.Digest[:], digest)
	return v, nil
}

// Open writes a new confirmation. The lock on the account orders the starts of
// one account, so that the bounds hold.
func (c Confirmations) Open(ctx context.Context, o confirm.Opening) (confirm.OpenResult, error) {
	v := o.Confirmation
	m, ok := method.Lookup(v.Method)
	if !ok || v.State != confirm.Issued {
		return 0, fmt.Errorf("open confirmation of method %q in state %q: not legal", v.Method, v.State)
	}
	statement, err := c.s.keys.Seal(statementPlace(v.Request), v.Statement)
	if err != nil {
		return 0, err
	}
	var result confirm.OpenResult
	err = c.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var level string
		var submission sql.NullString
		err := tx.queryRow(ctx, `SELECT level, submission_id::text FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, string(v.Account)).
			Scan(&level, &submission)
		if err != nil {
			return fmt.Errorf("lock account: %w", err)
		}
		if result = confirm.LevelMoved; level != m.Needs.String() {
			return nil
		}
		if result, err = c.room(ctx, tx, o); err != nil || result != confirm.Opened {
			return err
		}
		if err := c.insert(ctx, tx, o, statement, submission); err != nil {
			return err
		}
		return tx.AddEvent(ctx, o.Event)
	})
	return result, err
}

// room holds the bounds of an account.
func (c Confirmations) room(ctx context.Context, tx *Tx, o confirm.Opening) (confirm.OpenResult, error) {
	var lately, checking int
	err := tx.queryRow(ctx, `
		SELECT count(*) FILTER (WHERE created_at > $2), count(*) FILTER (WHERE state = 'checking')
		FROM confirmations WHERE account_id = $1 AND (created_at > $2 OR state = 'checking')`,
		string(o.Confirmation.Account), o.Since).Scan(&lately, &checking)
	switch {
	case err != nil:
		return 0, fmt.Errorf("count confirmations: %w", err)
	case lately >= o.MaxStarts:
		return confirm.TooMany, nil
	case checking >= o.MaxOpen:
		return confirm.AllChecking, nil
	}
	return confirm.Opened, nil
}

// insert writes the new row and cancels the older ones for which there is no room.
func (c Confirmations) insert(ctx context.Context, tx *Tx, o confirm.Opening, statement []byte, submission sql.NullString) error {
	v := o.Confirmation
	_, err := c.move(ctx, tx, confirm.Issued, confirm.Cancelled, confirm.ByPerson, `
		UPDATE confirmations SET state = 'cancelled', decided_at = $9, codes = ARRAY[$12]
		WHERE state = 'issued' AND request IN (
			SELECT request FROM confirmations WHERE account_id = $2 AND state = 'issued' ORDER BY created_at DESC, request
			OFFSET $13 - 1 - (SELECT count(*) FROM confirmations WHERE account_id = $2 AND state = 'checking'))
		RETURNING request
	), added AS (
		INSERT INTO confirmations (request, account_id, method, state, lang, control_code, statement, submission_id,
			created_at, issued_at, expires_at, ticket_hash)
		VALUES ($1, $2, $3, 'issued', $4, $5, $6, $7, $9, $10, $11, $8)`,
		v.Request, string(v.Account), string(v.Method), v.Lang, v.ControlCode, statement, submission, v.TicketHash[:],
		o.Now, v.Issued, v.Expires, o.Superseded, o.MaxOpen)
	if err != nil {
		return fmt.Errorf("insert confirmation: %w", err)
	}
	return nil
}

// move runs one conditional UPDATE that returns the requests it moved, and signals
// each. The pair must be in confirm's table: the statement's states and its
// arguments are written by hand, the table is the one truth.
func (c Confirmations) move(ctx context.Context, q querier, from, to confirm.State, by confirm.Mover, query string, args ...any) (int, error) {
	if !confirm.MayMove(from, to, by) {
		return 0, fmt.Errorf("move confirmation from %s to %s by %s: not legal", from, to, by)
	}
	rows, err := q.query(ctx, signalling(query), args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// signalling wraps an UPDATE … RETURNING request so that it wakes the watchers of
// each request when it commits.
func signalling(update string) string {
	return `WITH moved AS (` + update + `) SELECT request FROM moved, LATERAL ` + notifyMoved
}

// TakeTicket uses a ticket; false when it does not fit any more. No state changes,
// but the page shows that the agent has the statement, so watchers are woken.
func (c Confirmations) TakeTicket(ctx context.Context, request string, ticket, submit [32]byte, now time.Time) ([]byte, bool, error) {
	var sealed []byte
	err := c.s.queryRow(ctx, `
		WITH moved AS (
			UPDATE confirmations SET fetched_at = $4, submit_hash = $3
			WHERE request = $1 AND ticket_hash = $2 AND fetched_at IS NULL AND state = 'issued' AND expires_at > $4
			RETURNING request, statement
		)
		SELECT statement FROM moved, LATERAL `+notifyMoved,
		request, ticket[:], submit[:], now).Scan(&sealed)
	if errors.Is(err, ErrNoRow) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("take ticket: %w", err)
	}
	statement, err := c.s.keys.Open(statementPlace(request), sealed)
	return statement, err == nil, err
}

// notifyMoved wakes the watchers of each request in "moved" when the statement commits.
const notifyMoved = `pg_notify('` + watchChannel + `', 'confirm:' || moved.request) AS told`

// Claim moves issued to checking; false when the condition does not hold.
func (c Confirmations) Claim(ctx context.Context, cl confirm.Claim) (confirm.Confirmation, bool, error) {
	if !confirm.MayMove(confirm.Issued, confirm.Checking, confirm.ByResponse) {
		return confirm.Confirmation{}, false, errors.New("claim confirmation: not legal")
	}
	row := c.s.queryRow(ctx, `
		WITH moved AS (
			UPDATE confirmations SET state = 'checking', digest = $3, lease = $4, lease_until = $5
			WHERE request = $1 AND submit_hash = $2 AND state = 'issued' AND expires_at > $6
			RETURNING `+confirmationColumns+`
		)
		SELECT `+confirmationColumns+` FROM moved, LATERAL `+notifyMoved,
		cl.Request, cl.SubmitHash[:], cl.Digest[:], cl.Lease, cl.Until, cl.Now)
	v, err := c.scan(row)
	if errors.Is(err, ErrNoRow) {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	return v, true, nil
}

// Cancel moves issued to cancelled, with an event; false when the condition does not hold.
func (c Confirmations) Cancel(ctx context.Context, request string, by *[32]byte, code string, now time.Time) (bool, error) {
	if !confirm.MayMove(confirm.Issued, confirm.Cancelled, confirm.ByPerson) {
		return false, errors.New("cancel confirmation: not legal")
	}
	var submit []byte
	if by != nil {
		submit = by[:]
	}
	done := false
	err := c.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var id string
		err := tx.queryRow(ctx, `
			UPDATE confirmations SET state = 'cancelled', decided_at = $4, codes = ARRAY[$3]
			WHERE request = $1 AND ($2::bytea IS NULL OR submit_hash = $2) AND state = 'issued' AND expires_at > $4
			RETURNING account_id`, request, submit, code, now).Scan(&id)
		if done = err == nil; errors.Is(err, ErrNoRow) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cancel confirmation: %w", err)
		}
		tx.Signal(confirm.Topic(request))
		return tx.AddEvent(ctx, account.Event{Account: account.ID(id), At: now, Kind: account.EventCancelled, Detail: code})
	})
	return done && err == nil, err
}

// EndLease ends a lease before its time.
func (c Confirmations) EndLease(ctx context.Context, request, lease string, now time.Time) error {
	_, err := c.s.exec(ctx, `
		UPDATE confirmations SET lease_until = $3
		WHERE request = $1 AND lease = $2 AND state = 'checking' AND lease_until > $3`, request, lease, now)
	if err != nil {
		return fmt.Errorf("end lease: %w", err)
	}
	return nil
}
