// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
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

// ofStrangers are the events that anybody may cause without being signed in.
const ofStrangers = `('` + string(account.EventSignInFailed) + `', '` + string(account.EventContactTried) + `')`

// Events reads the newest events of an account, at most n (200). Of those that
// strangers cause it takes no more than a quarter: else whoever got in could
// hide it behind a hundred wrong passwords.
func (s *Store) Events(ctx context.Context, id account.ID, n int) ([]account.Event, error) {
	n = min(n, maxEvents)
	rows, err := s.query(ctx, `
		SELECT * FROM (
			(SELECT id, at, kind, detail, client FROM events WHERE account_id = $1 AND kind NOT IN `+ofStrangers+` ORDER BY at DESC, id DESC LIMIT $2)
			UNION ALL
			(SELECT id, at, kind, detail, client FROM events WHERE account_id = $1 AND kind IN `+ofStrangers+` ORDER BY at DESC, id DESC LIMIT $3)
		) e ORDER BY at DESC, id DESC LIMIT $2`,
		string(id), n, max(n/4, 1))
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

// Confirmed reads when and how an account was confirmed last; false when it
// never was. The event's client is left out.
func (s *Store) Confirmed(ctx context.Context, id account.ID) (account.Event, bool, error) {
	e := account.Event{Account: id, Kind: account.EventConfirmed}
	err := s.queryRow(ctx, `SELECT at, detail FROM events WHERE account_id = $1 AND kind = '`+string(account.EventConfirmed)+`' ORDER BY at DESC LIMIT 1`,
		string(id)).Scan(&e.At, &e.Detail)
	if errors.Is(err, ErrNoRow) {
		return account.Event{}, false, nil
	}
	if err != nil {
		return account.Event{}, false, fmt.Errorf("read confirmation event: %w", err)
	}
	e.At = e.At.UTC()
	return e, true, nil
}
