// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/notice"
	"zaver/portal/profile"
	"zaver/portal/registry"
	"zaver/signature/ident"
)

// Checks implements registry.Store, and shows the checks to their account.
type Checks struct{ s *Store }

// Checks returns the view of the register checks.
func (s *Store) Checks() Checks { return Checks{s} }

var _ registry.Store = Checks{}

const checkColumns = `id, account_id, submission_id, kind, state, reason, field, created_at, COALESCE(ended_at, 'epoch')`

func scanCheck(r row, more ...any) (registry.Check, error) {
	var c registry.Check
	err := r.Scan(append([]any{&c.ID, &c.Account, &c.Submission, &c.Kind, &c.State, &c.Reason, &c.Field, &c.Created, &c.Ended}, more...)...)
	c.Created, c.Ended = c.Created.UTC(), c.Ended.UTC()
	if !c.State.Ended() {
		c.Ended = time.Time{}
	}
	return c, err
}

// checkResult is what a passed check found; it is sealed.
type checkResult struct {
	INN ident.INN `json:"inn,omitempty"`
}

func (s *Store) foundINN(id string, sealed []byte) (ident.INN, error) {
	if sealed == nil {
		return "", nil
	}
	var r checkResult
	err := openJSON(s.keys, place("checks", "result", id), sealed, &r)
	return r.INN, err
}

// Open implements registry.Store.
func (v Checks) Open(ctx context.Context, id string) (registry.Check, registry.Question, bool, error) {
	check, err := scanCheck(v.s.queryRow(ctx, `SELECT `+checkColumns+` FROM checks WHERE id = $1 AND state IN ('waiting', 'running')`, id))
	if errors.Is(err, ErrNoRow) {
		return registry.Check{}, registry.Question{}, false, nil
	}
	if err != nil {
		return registry.Check{}, registry.Question{}, false, fmt.Errorf("read check: %w", err)
	}
	sub, _, err := v.s.Submission(ctx, check.Submission)
	if err != nil {
		return registry.Check{}, registry.Question{}, false, err
	}
	p := sub.Person
	return check, registry.Question{Name: p.Name, Male: p.Sex == profile.Male, BirthDate: p.BirthDate, BirthPlace: p.BirthPlace,
		SNILS: p.SNILS, Passport: p.Passport, Issued: p.Issued, Division: p.Division}, true, nil
}

// Sent implements registry.Store.
func (v Checks) Sent(ctx context.Context, id string) error {
	return v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var owner string
		err := tx.queryRow(ctx, `UPDATE checks SET state = 'running', sent_at = $2 WHERE id = $1 AND state = 'waiting' RETURNING account_id`,
			id, tx.Now()).Scan(&owner)
		if errors.Is(err, ErrNoRow) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("mark check as sent: %w", err)
		}
		tx.Signal(checksTopic(account.ID(owner)))
		return nil
	})
}

// End implements registry.Store. When another account was checked with the same SNILS meanwhile, this check ends as failed instead.
func (v Checks) End(ctx context.Context, id string, kind registry.Kind, o registry.Outcome) error {
	if !isID(id) {
		return nil // an answer to nothing that was asked here
	}
	end := func(o registry.Outcome) error {
		return v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error { return tx.endCheck(ctx, id, kind, o) })
	}
	err := end(o)
	if errors.Is(err, ErrSNILSTaken) {
		return end(registry.Outcome{Reason: registry.TakenSNILS, Field: profile.FieldSNILS})
	}
	return err
}

// endCheck ends one check. The account's row is locked first: of two checks of one submission that end at once the second sees the end of the first.
func (t *Tx) endCheck(ctx context.Context, id string, kind registry.Kind, o registry.Outcome) error {
	var owner account.ID
	err := t.queryRow(ctx, `SELECT a.id FROM accounts a JOIN checks c ON c.account_id = a.id WHERE c.id = $1 FOR NO KEY UPDATE OF a`, id).Scan(&owner)
	if errors.Is(err, ErrNoRow) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock account: %w", err)
	}
	state := registry.Failed
	var result []byte
	if o.Passed {
		state = registry.Passed
		if result, err = sealJSON(t.s.keys, place("checks", "result", id), checkResult{INN: o.INN}); err != nil {
			return err
		}
	}
	check, err := scanCheck(t.queryRow(ctx, `
		UPDATE checks SET state = $2, reason = $3, field = $4, result = $5, ended_at = $6
		WHERE id = $1 AND state IN ('waiting', 'running') AND ($7 = '' OR kind = $7) RETURNING `+checkColumns,
		id, string(state), string(o.Reason), o.Field, result, t.Now(), string(kind)))
	if errors.Is(err, ErrNoRow) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end check: %w", err)
	}
	t.Signal(checksTopic(owner))
	if check.Kind == registry.INN {
		return nil
	}
	return t.settle(ctx, check)
}

// settle makes true what the end of a deciding check brings: the level standard, or the news that it failed.
func (t *Tx) settle(ctx context.Context, check registry.Check) error {
	states, stopped, err := t.checkStates(ctx, check.Submission)
	if err != nil {
		return err
	}
	standard, ended := registry.Standing(states)
	if !ended {
		return nil
	}
	template := "notice.checks_failed"
	if stopped {
		template = "notice.checks_stopped"
	}
	if standard {
		sub, _, err := t.Submission(ctx, check.Submission)
		if err != nil {
			return err
		}
		if moved, err := t.BindPerson(ctx, check.Account, sub.ID, sub.Person.Name, sub.Person.SNILS); err != nil || !moved {
			return err
		}
		event := account.Event{Account: check.Account, At: t.Now(), Kind: account.EventLevel, Detail: account.Standard.String()}
		if err := t.AddEvent(ctx, event); err != nil {
			return err
		}
		if err := t.lookUpINN(ctx, check); err != nil {
			return err
		}
		template = "notice.checks_passed"
	}
	return t.tellHolder(ctx, check.Account, template, "checks:"+check.Submission)
}

// checkStates reads the states of a submission's checks, and whether those that
// failed found nothing wrong.
func (t *Tx) checkStates(ctx context.Context, submission string) (map[registry.Kind]registry.State, bool, error) {
	rows, err := t.query(ctx, `SELECT kind, state, reason FROM checks WHERE submission_id = $1`, submission)
	if err != nil {
		return nil, false, fmt.Errorf("read checks: %w", err)
	}
	defer rows.Close()
	states, stopped := map[registry.Kind]registry.State{}, true
	for rows.Next() {
		var kind registry.Kind
		var state registry.State
		var reason fault.Code
		if err := rows.Scan(&kind, &state, &reason); err != nil {
			return nil, false, fmt.Errorf("read checks: %w", err)
		}
		states[kind] = state
		stopped = stopped && (state != registry.Failed || registry.Stopped(reason))
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("read checks: %w", err)
	}
	return states, stopped, nil
}

// lookUpINN starts the check that follows a passed submission.
func (t *Tx) lookUpINN(ctx context.Context, check registry.Check) error {
	id, err := newID()
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO checks (id, account_id, submission_id, kind, created_at) VALUES ($1, $2, $3, 'inn', $4)
		ON CONFLICT ON CONSTRAINT checks_kind_unique DO NOTHING`, id, string(check.Account), check.Submission, t.Now())
	if err != nil {
		return fmt.Errorf("start look-up of INN: %w", err)
	}
	if n == 1 {
		t.Enqueue(Job{Kind: JobCheck, Key: id, Payload: CheckJob{ID: id}})
	}
	return nil
}

// tellHolder sends one notice by the contact that the holder knows the account by.
func (t *Tx) tellHolder(ctx context.Context, id account.ID, template, key string) error {
	a, err := t.Account(ctx, id)
	if err != nil {
		return err
	}
	n := notice.Notice{Account: id, Channel: notice.SMS, To: a.Phone, Template: template, Lang: a.Lang, Key: key}
	if a.Phone == "" {
		n.Channel, n.To = notice.Email, a.Email
	}
	return t.AddNotices(ctx, n)
}

// Checks lists the checks of the account's newest submission, in the order of their kinds; none when nothing was sent yet.
func (v Checks) Checks(ctx context.Context, id account.ID) ([]registry.Check, error) {
	rows, err := v.s.query(ctx, `
		SELECT `+checkColumns+`, result FROM checks
		WHERE submission_id = (SELECT id FROM submissions WHERE account_id = $1 ORDER BY number DESC LIMIT 1)
		ORDER BY array_position(ARRAY['snils', 'passport', 'inn'], kind)`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list checks: %w", err)
	}
	defer rows.Close()
	var out []registry.Check
	for rows.Next() {
		var sealed []byte
		c, err := scanCheck(rows, &sealed)
		if err != nil {
			return nil, fmt.Errorf("list checks: %w", err)
		}
		if c.INN, err = v.s.foundINN(c.ID, sealed); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list checks: %w", err)
	}
	return out, nil
}

// WatchChecks receives after each change of the account's checks, until ctx ends; see Watch.
func (v Checks) WatchChecks(ctx context.Context, id account.ID) <-chan struct{} {
	return v.s.Watch(ctx, checksTopic(id))
}

func checksTopic(id account.ID) string { return "checks:" + string(id) }
