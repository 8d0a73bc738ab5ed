// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/seal"
	"zaver/signature/ident"
)

// accountColumns and accountTables read an account with its contacts; "a" is
// the row of accounts.
const (
	accountColumns = `a.id, a.kind, a.level, a.lang, a.name, a.created_at, cp.id, cp.value, ce.id, ce.value`
	accountTables  = `accounts a
		LEFT JOIN contacts cp ON cp.account_id = a.id AND cp.channel = 'sms'
		LEFT JOIN contacts ce ON ce.account_id = a.id AND ce.channel = 'email'`
)

// accountRow is the row model of accountColumns.
type accountRow struct {
	id, kind, level, lang string
	name                  []byte
	created               time.Time
	phoneID, emailID      *string
	phone, email          []byte
}

func (r *accountRow) dest() []any {
	return []any{&r.id, &r.kind, &r.level, &r.lang, &r.name, &r.created, &r.phoneID, &r.phone, &r.emailID, &r.email}
}

func (r *accountRow) account(k *seal.Keys) (account.Account, error) {
	level, err := account.ParseLevel(r.level)
	if err != nil {
		return account.Account{}, fmt.Errorf("read account: %w", err)
	}
	a := account.Account{
		ID: account.ID(r.id), Kind: account.Kind(r.kind), Level: level, Lang: r.lang, Created: r.created.UTC(),
	}
	if err := openJSON(k, place("accounts", "name", r.id), r.name, &a.Name); err != nil {
		return account.Account{}, err
	}
	if a.Phone, err = openContact(k, r.phoneID, r.phone); err != nil {
		return account.Account{}, err
	}
	if a.Email, err = openContact(k, r.emailID, r.email); err != nil {
		return account.Account{}, err
	}
	return a, nil
}

func openContact(k *seal.Keys, id *string, value []byte) (string, error) {
	if id == nil {
		return "", nil
	}
	plain, err := k.Open(place("contacts", "value", *id), value)
	return string(plain), err
}

// Account reads an account; fault.NotFound when there is none.
func (s *Store) Account(ctx context.Context, id account.ID) (account.Account, error) {
	return readAccount(ctx, s, s.keys, id)
}

// Account is Store.Account inside the transaction.
func (t *Tx) Account(ctx context.Context, id account.ID) (account.Account, error) {
	return readAccount(ctx, t, t.s.keys, id)
}

func readAccount(ctx context.Context, q querier, k *seal.Keys, id account.ID) (account.Account, error) {
	if !isID(string(id)) {
		return account.Account{}, fault.New(fault.NotFound)
	}
	var r accountRow
	err := q.queryRow(ctx, `SELECT `+accountColumns+` FROM `+accountTables+` WHERE a.id = $1`, string(id)).Scan(r.dest()...)
	if errors.Is(err, ErrNoRow) {
		return account.Account{}, fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return account.Account{}, fmt.Errorf("read account: %w", err)
	}
	return r.account(k)
}

// Subject reads an account with the person data that the registers confirmed;
// fault.NotFound when there is no such account.
func (s *Store) Subject(ctx context.Context, id account.ID) (account.Subject, error) {
	return readSubject(ctx, s, s.keys, id)
}

// Subject is Store.Subject inside the transaction.
func (t *Tx) Subject(ctx context.Context, id account.ID) (account.Subject, error) {
	return readSubject(ctx, t, t.s.keys, id)
}

func readSubject(ctx context.Context, q querier, k *seal.Keys, id account.ID) (account.Subject, error) {
	if !isID(string(id)) {
		return account.Subject{}, fault.New(fault.NotFound)
	}
	var (
		r          accountRow
		submission *string
		data       []byte
	)
	err := q.queryRow(ctx, `
		SELECT `+accountColumns+`, s.id, s.data FROM `+accountTables+` LEFT JOIN submissions s ON s.id = a.submission_id
		WHERE a.id = $1`, string(id)).Scan(append(r.dest(), &submission, &data)...)
	if errors.Is(err, ErrNoRow) {
		return account.Subject{}, fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return account.Subject{}, fmt.Errorf("read account: %w", err)
	}
	a, err := r.account(k)
	if err != nil {
		return account.Subject{}, err
	}
	out := account.Subject{Account: a}
	if submission == nil || a.Level < account.Standard {
		return out, nil
	}
	var p profile.Person
	if err := openJSON(k, place("submissions", "data", *submission), data, &p); err != nil {
		return account.Subject{}, err
	}
	out.Name, out.SNILS, out.BirthDate = p.Name, p.SNILS, p.BirthDate
	return out, nil
}

// ErrIllegalMove is returned for a level change that the ladder does not have.
var ErrIllegalMove = errors.New("illegal level change")

// MoveLevel changes an account's level if it still has the level from; false
// when it has another. An illegal move is ErrIllegalMove. The caller writes the
// event that tells of it.
func (t *Tx) MoveLevel(ctx context.Context, id account.ID, from, to account.Level) (bool, error) {
	if !account.MayMove(from, to) {
		return false, fmt.Errorf("move account from %v to %v: %w", from, to, ErrIllegalMove)
	}
	n, err := t.exec(ctx, `UPDATE accounts SET level = $3 WHERE id = $1 AND level = $2`, string(id), from.String(), to.String())
	if err != nil {
		return false, fmt.Errorf("move account from %v to %v: %w", from, to, err)
	}
	return n == 1, nil
}

// ErrSNILSTaken says that another account was checked with the same SNILS.
var ErrSNILSTaken = errors.New("SNILS belongs to another account")

// BindPerson makes the data of a submission those of the account, together
// with the move from simplified to standard: name, SNILS for sign-in, and the
// submission that the registers confirmed. It is false when the account is not
// simplified any more, and ErrSNILSTaken when another account has the SNILS;
// the transaction goes on in either case.
func (t *Tx) BindPerson(ctx context.Context, id account.ID, submission string, name ident.PersonName, snils ident.SNILS) (bool, error) {
	sealed, err := sealJSON(t.s.keys, place("accounts", "name", string(id)), name)
	if err != nil {
		return false, err
	}
	// A look first keeps the transaction usable in the usual case; the
	// constraint decides a race and ends the transaction of its loser.
	hash := t.s.keys.Hash(hashSNILS, snils.String())
	var taken bool
	err = t.queryRow(ctx, `SELECT EXISTS (SELECT FROM accounts WHERE snils_hash = $1 AND id <> $2)`, hash, string(id)).Scan(&taken)
	if err != nil {
		return false, fmt.Errorf("look up SNILS: %w", err)
	}
	if taken {
		return false, ErrSNILSTaken
	}
	n, err := t.exec(ctx, `
		UPDATE accounts SET level = 'standard', name = $3, snils_hash = $4, submission_id = $5
		WHERE id = $1 AND level = $2`,
		string(id), account.Simplified.String(), sealed, hash, submission)
	if violates(err, "accounts_snils_unique") {
		return false, errors.Join(ErrSNILSTaken, err)
	}
	if err != nil {
		return false, fmt.Errorf("bind person: %w", err)
	}
	return n == 1, nil
}

// isID reports whether s has the form of a row id; what comes from outside is
// not sent to PostgreSQL otherwise, whose cast error would end a transaction.
func isID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil
}
