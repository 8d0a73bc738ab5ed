// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"zaver/portal/account"
	"zaver/portal/seal"
)

// AddEvent writes one line into the journal of an account.
func (t *Tx) AddEvent(ctx context.Context, e account.Event) error {
	id, client, err := sealEvent(t.s.keys, e)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO events (id, account_id, at, kind, detail, client) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, string(e.Account), e.At, string(e.Kind), e.Detail, client)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

// sealEvent makes an event's row id and its sealed column.
func sealEvent(k *seal.Keys, e account.Event) (id string, client []byte, err error) {
	if id, err = newID(); err != nil {
		return "", nil, err
	}
	client, err = sealClient(k, place("events", "client", id), e.Client)
	return id, client, err
}

// maxEvents bounds one page of the journal.
const maxEvents = 200

// Events reads the newest events of an account, at most n (200).
func (s *Store) Events(ctx context.Context, id account.ID, n int) ([]account.Event, error) {
	rows, err := s.query(ctx, `
		SELECT id, at, kind, detail, client FROM events WHERE account_id = $1 ORDER BY at DESC, id DESC LIMIT $2`,
		string(id), min(n, maxEvents))
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	var out []account.Event
	for rows.Next() {
		e := account.Event{Account: id}
		var (
			row    string
			client []byte
		)
		if err := rows.Scan(&row, &e.At, &e.Kind, &e.Detail, &client); err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		if e.Client, err = openClient(s.keys, place("events", "client", row), client); err != nil {
			return nil, err
		}
		e.At = e.At.UTC()
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return out, nil
}
