// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"

	"zaver/portal/account"
	"zaver/portal/register"
	"zaver/portal/session"
)

// Credentials implements register.Accounts.
type Credentials struct{ s *Store }

// Credentials returns the view of the accounts for sign-in.
func (s *Store) Credentials() Credentials { return Credentials{s} }

// Credential implements register.Accounts. A login that can't be anything is
// looked for all the same, so that it takes as long.
func (v Credentials) Credential(ctx context.Context, l register.Login) (register.Credential, bool, error) {
	contact := l.Phone
	if contact == "" {
		contact = l.Email
	}
	var c register.Credential
	err := v.s.queryRow(ctx, `
		SELECT a.id, a.password FROM accounts a JOIN (
			SELECT account_id AS id, 1 AS rank FROM contacts WHERE hash = $1
			UNION ALL
			SELECT id, 2 FROM accounts WHERE snils_hash = $2
		) f ON f.id = a.id ORDER BY f.rank LIMIT 1`,
		v.s.keys.Hash(hashContact, contact), v.s.keys.Hash(hashSNILS, l.SNILS.String())).Scan(&c.Account, &c.Password)
	if errors.Is(err, ErrNoRow) {
		return register.Credential{}, false, nil
	}
	if err != nil {
		return register.Credential{}, false, fmt.Errorf("find account: %w", err)
	}
	return c, true, nil
}

// SignIn implements register.Accounts with one statement.
func (v Credentials) SignIn(ctx context.Context, in register.SigningIn) (session.Session, error) {
	f := in.Session
	event, eventClient, err := sealEvent(v.s.keys, account.Event{Client: f.Client})
	if err != nil {
		return session.Session{}, err
	}
	id, err := newID()
	if err != nil {
		return session.Session{}, err
	}
	client, err := sealClient(v.s.keys, place("sessions", "client", id), f.Client)
	if err != nil {
		return session.Session{}, err
	}
	var r accountRow
	err = v.s.queryRow(ctx, `
		WITH forgotten AS (DELETE FROM limits WHERE key = $1),
		begun AS (
			INSERT INTO sessions (token_hash, id, account_id, created_at, seen_at, expires_at, client)
			VALUES ($2, $3, $4, $5, $5, $6, $7)
		), told AS (
			INSERT INTO events (id, account_id, at, kind, detail, client) VALUES ($8, $4, $5, $9, '', $10)
		)
		SELECT `+accountColumns+` FROM `+accountTables+` WHERE a.id = $4`,
		v.s.limitHash(in.Forget), f.Hash[:], id, string(in.Account), f.Created, f.Expires, client,
		event, string(account.EventSignedIn), eventClient).Scan(r.dest()...)
	if err != nil {
		return session.Session{}, fmt.Errorf("sign in: %w", err)
	}
	a, err := r.account(v.s.keys)
	if err != nil {
		return session.Session{}, err
	}
	return session.Session{ID: id, Account: a, Created: f.Created, Seen: f.Created, Expires: f.Expires}, nil
}

// nobody is an id that no account has.
const nobody = "00000000-0000-0000-0000-000000000000"

// Failed implements register.Accounts. The commit does not wait for the disk:
// the wait would tell whether a row was written.
func (v Credentials) Failed(ctx context.Context, e account.Event) error {
	if e.Account == "" {
		e.Account = nobody
	}
	id, client, err := sealEvent(v.s.keys, e)
	if err != nil {
		return err
	}
	_, err = v.s.exec(ctx, `
		WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
		INSERT INTO events (id, account_id, at, kind, detail, client)
		SELECT $1, a.id, $3, $4, $5, $6 FROM quick, accounts a WHERE a.id = $2`,
		id, string(e.Account), e.At, string(e.Kind), e.Detail, client)
	if err != nil {
		return fmt.Errorf("note failed sign-in: %w", err)
	}
	return nil
}
