// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"zaver/portal/account"
	"zaver/portal/registry"
)

// JobCheck is the kind of the job that sends one check to its register; its
// payload is a CheckJob.
const JobCheck = "check"

// CheckJob is the payload of a JobCheck.
type CheckJob struct {
	ID string `json:"id"` // row of table checks
}

// startChecks writes the checks that decide about a submission and enqueues
// them; false when checks of the account go on. The caller has locked the
// account's row.
func (t *Tx) startChecks(ctx context.Context, id account.ID, submission string) (bool, error) {
	for _, kind := range registry.Deciding() {
		row, err := newID()
		if err != nil {
			return false, err
		}
		n, err := t.exec(ctx, `
			INSERT INTO checks (id, account_id, submission_id, kind, created_at)
			SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
				SELECT FROM checks WHERE account_id = $2 AND submission_id <> $3 AND state IN ('waiting', 'running') AND kind <> 'inn')`,
			row, string(id), submission, string(kind), t.Now())
		if err != nil {
			return false, fmt.Errorf("start check: %w", err)
		}
		if n == 0 {
			return false, nil
		}
		t.Enqueue(Job{Kind: JobCheck, Key: row, Payload: CheckJob{ID: row}})
	}
	return true, nil
}
