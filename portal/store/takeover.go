// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

// TakeOver ends the leases that a killed process left on judgements and jobs, so
// that nobody waits for them to run out. It is for a process that knows that no
// other works on this database, before it starts its own work. Were there one
// after all, its judgement would find its lease lost and write nothing, and its
// job might run twice, which a job must bear anyway.
func (s *Store) TakeOver(ctx context.Context) error {
	now := s.now()
	if _, err := s.exec(ctx, `UPDATE confirmations SET lease_until = $1 WHERE state = 'checking' AND lease_until > $1`, now); err != nil {
		return fmt.Errorf("end leases on judgements: %w", err)
	}
	if _, err := s.exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'running'`); err != nil {
		return fmt.Errorf("free jobs: %w", err)
	}
	return nil
}
