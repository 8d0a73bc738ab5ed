// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/notify"
)

// Outbox is the view of the kept notices that package notify works with.
type Outbox struct{ s *Store }

// Outbox returns the view of the notices.
func (s *Store) Outbox() Outbox { return Outbox{s} }

// Pending loads a notice that still waits to be sent.
func (o Outbox) Pending(ctx context.Context, id string) (notify.Kept, bool, error) {
	var (
		kept     = notify.Kept{ID: id}
		accountT *string
		body     []byte
		created  time.Time
	)
	err := o.s.queryRow(ctx, `
		SELECT account_id, channel, template, lang, body, created_at FROM notices
		WHERE id = $1 AND state = 'waiting' AND body IS NOT NULL`, id).
		Scan(&accountT, &kept.Notice.Channel, &kept.Notice.Template, &kept.Notice.Lang, &body, &created)
	if errors.Is(err, ErrNoRow) {
		return notify.Kept{}, false, nil
	}
	if err != nil {
		return notify.Kept{}, false, fmt.Errorf("load notice: %w", err)
	}
	plain, err := o.s.keys.Open(noticePlace(id), body)
	if err != nil {
		return notify.Kept{}, false, fmt.Errorf("open notice: %w", err)
	}
	var content noticeBody
	if err := json.Unmarshal(plain, &content); err != nil {
		return notify.Kept{}, false, fmt.Errorf("decode notice: %w", err)
	}
	if accountT != nil {
		kept.Notice.Account = account.ID(*accountT)
	}
	kept.Notice.To, kept.Notice.Args, kept.Created = content.To, content.Args, created
	return kept, true, nil
}

// Sent marks a notice as handed over and erases its content.
func (o Outbox) Sent(ctx context.Context, id, providerID string) error {
	return o.end(ctx, id, "sent", providerID)
}

// GaveUp marks a notice that will not be sent and erases its content; why stands in place of the carrier's id.
func (o Outbox) GaveUp(ctx context.Context, id, why string) error {
	return o.end(ctx, id, "failed", why)
}

func (o Outbox) end(ctx context.Context, id, state, outside string) error {
	_, err := o.s.exec(ctx, `
		UPDATE notices SET state = $2, outside_id = $3, body = NULL, ended_at = $4, tries = tries + 1
		WHERE id = $1 AND state = 'waiting'`, id, state, outside, o.s.now().UTC())
	if err != nil {
		return fmt.Errorf("end notice: %w", err)
	}
	return nil
}
