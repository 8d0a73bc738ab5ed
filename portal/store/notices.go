// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"zaver/portal/notice"
	"zaver/portal/seal"
)

// JobNotice is the kind of the job that sends one notice; its payload is a
// NoticeJob.
const JobNotice = "notice"

// NoticeJob is the payload of a JobNotice.
type NoticeJob struct {
	ID string `json:"id"` // row of table notices
}

// noticeBody is what is sealed of a notice.
type noticeBody struct {
	To   string            `json:"to"`
	Args map[string]string `json:"args,omitempty"`
}

// noticePlace is where the body of a notice is sealed.
func noticePlace(id string) seal.Place {
	return seal.Place{Table: "notices", Column: "body", Row: id}
}

// AddNotices writes notices into the outbox and enqueues their jobs, all with
// the transaction. A notice whose key was used before is left out.
func (t *Tx) AddNotices(ctx context.Context, notices ...notice.Notice) error {
	n := len(notices)
	if n == 0 {
		return nil
	}
	var (
		ids, accounts, channels = make([]string, n), make([]string, n), make([]string, n)
		templates, langs, keys  = make([]string, n), make([]string, n), make([]string, n)
		bodies                  = make([][]byte, n)
	)
	for i, m := range notices {
		id, err := newID()
		if err != nil {
			return err
		}
		plain, err := json.Marshal(noticeBody{To: m.To, Args: m.Args})
		if err != nil {
			return fmt.Errorf("encode notice: %w", err)
		}
		if bodies[i], err = t.s.keys.Seal(noticePlace(id), plain); err != nil {
			return err
		}
		ids[i], accounts[i], channels[i] = id, string(m.Account), string(m.Channel)
		templates[i], langs[i], keys[i] = m.Template, m.Lang, m.Key
	}
	rows, err := t.query(ctx, `
		INSERT INTO notices (id, account_id, channel, template, lang, key, body, created_at, next_at)
		SELECT id, NULLIF(account, '')::uuid, channel, template, lang, NULLIF(key, ''), body, $8, $8
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
			AS n(id, account, channel, template, lang, key, body)
		ON CONFLICT ON CONSTRAINT notices_key_unique DO NOTHING
		RETURNING id`,
		pq.Array(ids), pq.Array(accounts), pq.Array(channels), pq.Array(templates), pq.Array(langs), pq.Array(keys),
		pq.ByteaArray(bodies), t.Now())
	if err != nil {
		return fmt.Errorf("add notices: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("add notices: %w", err)
		}
		t.Enqueue(Job{Kind: JobNotice, Payload: NoticeJob{ID: id}})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("add notices: %w", err)
	}
	return nil
}

// newID makes a primary key. Version 7 begins with the time, so new rows lie
// together at the end of each index however large the table grows.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make row id: %w", err)
	}
	return id.String(), nil
}
