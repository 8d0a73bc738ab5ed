// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/session"
)

// Registrations implements register.Store.
type Registrations struct{ s *Store }

// Registrations returns the view of the registrations.
func (s *Store) Registrations() Registrations { return Registrations{s} }

// applicant is what is sealed of a registration.
type applicant struct {
	Contact string          `json:"contact"`
	Person  register.Person `json:"person"`
}

// either is two notices of which PostgreSQL keeps one, sealed under one row
// id, and the event that goes with the warning.
type either struct {
	id, event             string
	code, warning, client []byte
}

func (s *Store) sealEither(m register.Sending) (e either, err error) {
	if e.id, err = newID(); err != nil {
		return e, err
	}
	if e.code, err = sealJSON(s.keys, noticePlace(e.id), noticeBody{To: m.Code.To, Args: m.Code.Args}); err != nil {
		return e, err
	}
	if e.warning, err = sealJSON(s.keys, noticePlace(e.id), noticeBody{To: m.Warning.To, Args: m.Warning.Args}); err != nil {
		return e, err
	}
	e.event, e.client, err = sealEvent(s.keys, m.Tried)
	return e, err
}

func linkBytes(h *session.Hash) []byte {
	if h == nil {
		return nil
	}
	return h[:]
}

// Open implements register.Store. A contact that is taken costs the same
// statements; its holder's journal gets one row more.
func (v Registrations) Open(ctx context.Context, o register.Opening) error {
	id, err := newID()
	if err != nil {
		return err
	}
	sealed, err := sealJSON(v.s.keys, place("registrations", "person", id), applicant{Contact: o.Contact, Person: o.Person})
	if err != nil {
		return err
	}
	msg, err := v.s.sealEither(o.Sending)
	if err != nil {
		return err
	}
	return v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `
			WITH holder AS (SELECT account_id FROM contacts WHERE hash = $5),
			made AS (
				INSERT INTO registrations (id, handle_hash, state, channel, contact_hash, decoy, person, code_hash, link_hash,
					tries, sent_at, code_ends_at, expires_at, created_at)
				VALUES ($1, $2, 'pending', $3, $5, EXISTS (SELECT FROM holder), $4, $6, $7, 0, $8, $9, $10, $8)
				RETURNING decoy
			), told AS (
				INSERT INTO events (id, account_id, at, kind, detail, client) SELECT $17, account_id, $8, $18, '', $19 FROM holder
			)
			INSERT INTO notices (id, account_id, channel, template, lang, body, created_at, next_at)
			SELECT $11, (SELECT account_id FROM holder), $3, CASE WHEN decoy THEN $12 ELSE $13 END, $14,
				CASE WHEN decoy THEN $15::bytea ELSE $16::bytea END, $8, $8 FROM made`,
			id, o.Handle[:], string(o.Channel), sealed, v.s.keys.Hash(hashContact, o.Contact), o.CodeHash, linkBytes(o.LinkHash),
			o.Sent, o.CodeEnds, o.Expires,
			msg.id, o.Warning.Template, o.Code.Template, o.Code.Lang, msg.warning, msg.code,
			msg.event, string(o.Tried.Kind), msg.client)
		if err != nil {
			return fmt.Errorf("open registration: %w", err)
		}
		tx.Enqueue(Job{Kind: JobNotice, Payload: NoticeJob{ID: msg.id}})
		return nil
	})
}

const registrationColumns = `id, state, channel, person, tries, sent_at, code_ends_at, expires_at`

// Find implements register.Store.
func (v Registrations) Find(ctx context.Context, handle session.Hash, now time.Time) (register.Registration, error) {
	return v.find(ctx, `handle_hash = $1 AND state <> 'done' AND expires_at > $2`, handle, now)
}

// FindLink implements register.Store.
func (v Registrations) FindLink(ctx context.Context, link session.Hash, now time.Time) (register.Registration, error) {
	return v.find(ctx, `link_hash = $1 AND state = 'pending' AND NOT decoy AND code_ends_at > $2`, link, now)
}

func (v Registrations) find(ctx context.Context, where string, hash session.Hash, now time.Time) (register.Registration, error) {
	var (
		id     string
		sealed []byte
		r      register.Registration
		who    applicant
	)
	err := v.s.queryRow(ctx, `SELECT `+registrationColumns+` FROM registrations WHERE `+where, hash[:], now).
		Scan(&id, &r.State, &r.Channel, &sealed, &r.Tries, &r.Sent, &r.CodeEnds, &r.Expires)
	if errors.Is(err, ErrNoRow) {
		return register.Registration{}, fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return register.Registration{}, fmt.Errorf("find registration: %w", err)
	}
	if err := openJSON(v.s.keys, place("registrations", "person", id), sealed, &who); err != nil {
		return register.Registration{}, err
	}
	r.Contact, r.Person = who.Contact, who.Person
	r.Sent, r.CodeEnds, r.Expires = r.Sent.UTC(), r.CodeEnds.UTC(), r.Expires.UTC()
	return r, nil
}

// Resend implements register.Store.
func (v Registrations) Resend(ctx context.Context, handle session.Hash, notAfter time.Time, m register.Sending) (bool, error) {
	msg, err := v.s.sealEither(m)
	if err != nil {
		return false, err
	}
	sent := false
	err = v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		n, err := tx.exec(ctx, `
			WITH changed AS (
				UPDATE registrations SET code_hash = $3, link_hash = $4, tries = 0, sent_at = $5, code_ends_at = $6
				WHERE handle_hash = $1 AND state = 'pending' AND sent_at <= $2 AND expires_at > $5
				RETURNING channel, contact_hash, decoy
			), told AS (
				INSERT INTO events (id, account_id, at, kind, detail, client)
				SELECT $13, c.account_id, $5, $14, '', $15 FROM changed JOIN contacts c ON c.hash = contact_hash
			)
			INSERT INTO notices (id, account_id, channel, template, lang, body, created_at, next_at)
			SELECT $7, (SELECT account_id FROM contacts WHERE hash = contact_hash), channel,
				CASE WHEN decoy THEN $8 ELSE $9 END, $10, CASE WHEN decoy THEN $11::bytea ELSE $12::bytea END, $5, $5 FROM changed`,
			handle[:], notAfter, m.CodeHash, linkBytes(m.LinkHash), m.Sent, m.CodeEnds,
			msg.id, m.Warning.Template, m.Code.Template, m.Code.Lang, msg.warning, msg.code,
			msg.event, string(m.Tried.Kind), msg.client)
		if err != nil {
			return fmt.Errorf("send code again: %w", err)
		}
		if sent = n == 1; sent {
			tx.Enqueue(Job{Kind: JobNotice, Payload: NoticeJob{ID: msg.id}})
		}
		return nil
	})
	return sent && err == nil, err
}

// Confirm implements register.Store with one conditional UPDATE: of many
// proofs at once one is first, and no wrong code goes uncounted.
func (v Registrations) Confirm(ctx context.Context, p register.Proof) (confirmed, found bool, tries int, err error) {
	const set = ` state = 'confirmed', handle_hash = $2, link_hash = NULL, expires_at = $3`
	if p.CodeHash == nil {
		n, err := v.s.exec(ctx, `UPDATE registrations SET`+set+`
			WHERE link_hash = $1 AND state = 'pending' AND NOT decoy AND code_ends_at > $4`,
			p.Link[:], p.NewHandle[:], p.Expires, p.Now)
		if err != nil {
			return false, false, 0, fmt.Errorf("confirm by link: %w", err)
		}
		return n == 1, n == 1, 0, nil
	}
	var state register.State
	err = v.s.queryRow(ctx, `
		UPDATE registrations SET
			state = CASE WHEN code_hash = $5 AND NOT decoy THEN 'confirmed' ELSE state END,
			handle_hash = CASE WHEN code_hash = $5 AND NOT decoy THEN $2 ELSE handle_hash END,
			link_hash = CASE WHEN code_hash = $5 AND NOT decoy THEN NULL ELSE link_hash END,
			expires_at = CASE WHEN code_hash = $5 AND NOT decoy THEN $3 ELSE expires_at END,
			tries = CASE WHEN code_hash = $5 AND NOT decoy THEN tries ELSE tries + 1 END
		WHERE handle_hash = $1 AND state = 'pending' AND tries < $6 AND code_ends_at > $4
		RETURNING state, tries`,
		p.Handle[:], p.NewHandle[:], p.Expires, p.Now, p.CodeHash, p.MaxTries).Scan(&state, &tries)
	if errors.Is(err, ErrNoRow) {
		return false, false, 0, nil
	}
	if err != nil {
		return false, false, 0, fmt.Errorf("confirm by code: %w", err)
	}
	return state == register.Confirmed, true, tries, nil
}

// Finish implements register.Store with one statement: the account and
// everything that belongs to it, or nothing.
func (v Registrations) Finish(ctx context.Context, f register.Finish) (session.Session, error) {
	row, err := v.s.finishRow(f)
	if err != nil {
		return session.Session{}, err
	}
	n, err := v.s.exec(ctx, finishSQL, row.args(f)...)
	switch {
	case violates(err, "contacts_hash_unique"):
		return session.Session{}, fault.Wrap(register.Taken, err)
	case err != nil:
		return session.Session{}, fmt.Errorf("finish registration: %w", err)
	case n == 0:
		return session.Session{}, fault.New(register.Gone)
	}
	return row.session(f), nil
}

const finishSQL = `
	WITH done AS (
		UPDATE registrations SET state = 'done', person = '', code_hash = ''
		WHERE handle_hash = $1 AND state = 'confirmed' AND expires_at > $2
		RETURNING channel, contact_hash
	), made AS (
		INSERT INTO accounts (id, kind, level, lang, name, password, created_at)
		SELECT $3, $4, 'simplified', $5, $6, $7, $2 FROM done RETURNING id
	), reached AS (
		INSERT INTO contacts (id, account_id, channel, hash, value, confirmed_at)
		SELECT $8, made.id, channel, contact_hash, $9, $2 FROM made, done
	), agreed AS (
		INSERT INTO consents (account_id, document, version, agreed_at)
		SELECT made.id, document, version, agreed_at
		FROM made, unnest($10::text[], $11::text[], $12::timestamptz[]) AS c(document, version, agreed_at)
	), told AS (
		INSERT INTO events (id, account_id, at, kind, detail, client)
		SELECT $13, made.id, $2, $14, '', $15 FROM made
	)
	INSERT INTO sessions (token_hash, id, account_id, created_at, seen_at, expires_at, client)
	SELECT $16, $17, made.id, $2, $2, $18, $19 FROM made`

// arrayTimes gives times the form that they have inside a PostgreSQL array.
func arrayTimes(consents []register.Consent) pq.StringArray {
	out := make(pq.StringArray, len(consents))
	for i, c := range consents {
		out[i] = c.At.UTC().Format(time.RFC3339Nano)
	}
	return out
}
