// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"zaver/portal/account"
	"zaver/portal/confirm"
)

// Errors that roll an effect back without being failures.
var (
	errLeaseLost    = errors.New("lease lost")
	errAccountMoved = errors.New("account moved")
)

// Finish writes the effect of a judgement, whole or not at all. The audit record
// comes last: its lock on the log's head is held for the commit only.
func (c Confirmations) Finish(ctx context.Context, e confirm.Effect) (confirm.FinishResult, error) {
	if !confirm.MayMove(confirm.Checking, e.To, confirm.ByResponse) {
		return 0, fmt.Errorf("finish confirmation with %s: not legal", e.To)
	}
	if e.Raise != (e.To == confirm.Confirmed) {
		return 0, fmt.Errorf("finish confirmation with %s: level and state disagree", e.To)
	}
	err := c.finish(ctx, e)
	if violates(err, "evidence_parts_shared_fkey") {
		c.s.blobs.forget() // a blob that was there is gone: send them all
		err = c.finish(ctx, e)
	}
	switch {
	case errors.Is(err, errLeaseLost):
		return confirm.LeaseLost, nil
	case errors.Is(err, errAccountMoved):
		return confirm.AccountMoved, nil
	case err != nil:
		return 0, fmt.Errorf("finish confirmation: %w", err)
	}
	c.s.blobs.add(e.Parts)
	return confirm.Finished, nil
}

func (c Confirmations) finish(ctx context.Context, e confirm.Effect) error {
	return c.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		if err := c.finishRow(ctx, tx, e); err != nil {
			return err
		}
		if len(e.Parts) > 0 {
			if err := addEvidence(ctx, tx, e); err != nil {
				return err
			}
		}
		if err := tx.AddEvent(ctx, e.Event); err != nil {
			return err
		}
		if err := tx.AddNotices(ctx, e.Notices...); err != nil {
			return err
		}
		tx.Signal(confirm.Topic(e.Request))
		return tx.AppendAudit(ctx, e.Audit)
	})
}

// finishRow moves checking to the final state, if this check still holds it, and
// raises the account, if its level and checked data are still those that the
// statement was written from.
func (c Confirmations) finishRow(ctx context.Context, tx *Tx, e confirm.Effect) error {
	if e.Raise && !account.MayMove(e.From, e.ToLevel) {
		return fmt.Errorf("raise account from %v to %v: %w", e.From, e.ToLevel, ErrIllegalMove)
	}
	var reasons []byte
	if len(e.Reasons) > 0 {
		var err error
		if reasons, err = sealJSON(c.s.keys, reasonsPlace(e.Request), e.Reasons); err != nil {
			return err
		}
	}
	var ended, raised int
	err := tx.queryRow(ctx, `
		WITH ended AS (
			UPDATE confirmations SET state = $3, decided_at = $4, codes = $5, reasons = $6, lease = NULL, lease_until = NULL
			WHERE request = $1 AND state = 'checking' AND lease = $2
			RETURNING account_id, submission_id
		), raised AS (
			UPDATE accounts a SET level = $8 FROM ended
			WHERE $9 AND a.id = ended.account_id AND a.id = $10 AND a.level = $7
				AND a.submission_id IS NOT DISTINCT FROM ended.submission_id
			RETURNING a.id
		)
		SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM raised)`,
		e.Request, e.Lease, string(e.To), e.Now, pq.Array(nonNil(e.Codes)), reasons,
		e.From.String(), e.ToLevel.String(), e.Raise, string(e.Account)).Scan(&ended, &raised)
	switch {
	case err != nil:
		return fmt.Errorf("end confirmation: %w", err)
	case ended != 1:
		return errLeaseLost
	case e.Raise && raised != 1:
		return errAccountMoved
	}
	return nil
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// ExpireDue moves issued to expired where the time is over.
func (c Confirmations) ExpireDue(ctx context.Context, now time.Time) (int, error) {
	return c.move(ctx, c.s, confirm.Issued, confirm.Expired, confirm.BySweeper, `
		UPDATE confirmations SET state = 'expired', decided_at = $1
		WHERE state = 'issued' AND expires_at <= $1 AND request IN (
			SELECT request FROM confirmations WHERE state = 'issued' AND expires_at <= $1
			ORDER BY expires_at LIMIT `+confirmBatch+` FOR UPDATE SKIP LOCKED)
		RETURNING request`, now)
}

// confirmBatch bounds one sweep, so that a backlog never makes one long statement.
const confirmBatch = "1000"

// GiveBack moves checking to issued where the lease ended, and counts the outage.
func (c Confirmations) GiveBack(ctx context.Context, now time.Time, maxOutages int) (int, error) {
	return c.move(ctx, c.s, confirm.Checking, confirm.Issued, confirm.BySweeper, `
		UPDATE confirmations SET state = 'issued', outages = outages + 1, digest = NULL, lease = NULL, lease_until = NULL
		WHERE state = 'checking' AND lease_until <= $1 AND outages + 1 < $2 AND request IN (
			SELECT request FROM confirmations WHERE state = 'checking' AND lease_until <= $1 AND outages + 1 < $2
			ORDER BY lease_until LIMIT `+confirmBatch+` FOR UPDATE SKIP LOCKED)
		RETURNING request`, now, maxOutages)
}

// WornOut lists checking confirmations whose lease ended for the last time.
func (c Confirmations) WornOut(ctx context.Context, now time.Time, maxOutages int) ([]confirm.Confirmation, error) {
	rows, err := c.s.query(ctx, `SELECT `+confirmationColumns+` FROM confirmations
		WHERE state = 'checking' AND lease_until <= $1 AND outages + 1 >= $2 ORDER BY lease_until LIMIT 100`, now, maxOutages)
	if err != nil {
		return nil, fmt.Errorf("list lost checks: %w", err)
	}
	defer rows.Close()
	var out []confirm.Confirmation
	for rows.Next() {
		v, err := c.scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list lost checks: %w", err)
	}
	return out, nil
}
