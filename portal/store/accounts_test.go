// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/profile"
	"zaver/portal/store"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/pgtest"
)

func move(t *testing.T, s *store.Store, id account.ID, from, to account.Level) (moved bool, err error) {
	t.Helper()
	err = s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		moved, err = tx.MoveLevel(ctx, id, from, to)
		return err
	})
	return moved, err
}

// Every pair of levels, from every level that an account really has.
func TestMoveLevelWalksEveryPair(t *testing.T) {
	s := pgtest.Open(t, nil)
	id := person(t, s, someone, "simplified")
	for _, is := range account.Levels()[1:] {
		for _, from := range account.Levels() {
			for _, to := range account.Levels() {
				if _, err := s.Exec(t.Context(), `UPDATE accounts SET level = $1`, is.String()); err != nil {
					t.Fatal(err)
				}
				moved, err := move(t, s, id, from, to)
				legal := account.MayMove(from, to)
				if errors.Is(err, store.ErrIllegalMove) == legal || moved != (legal && from == is) {
					t.Errorf("account at %v: move %v to %v = %v, %v", is, from, to, moved, err)
				}
			}
		}
	}
}

func TestManyMovesAtOnceMoveOnce(t *testing.T) {
	s := pgtest.Open(t, nil)
	id := person(t, s, someone, "standard")
	var (
		wg    sync.WaitGroup
		moved [50]bool
	)
	for i := range moved {
		wg.Go(func() { moved[i], _ = move(t, s, id, account.Standard, account.Confirmed) })
	}
	wg.Wait()
	n := 0
	for _, m := range moved {
		if m {
			n++
		}
	}
	if n != 1 {
		t.Errorf("moved %d times", n)
	}
}

func submitted(t *testing.T, s *store.Store, id account.ID, snils ident.SNILS) profile.Submission {
	t.Helper()
	p := profile.Person{Name: ident.PersonName{Surname: "Иванова", Given: "Анна"}, SNILS: snils}
	sub, err := s.Profiles().Submit(t.Context(), id, p, account.Event{Account: id, At: time.Now(), Kind: account.EventDataSent}, profile.SubmitRule())
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func TestOneSNILSOneAccount(t *testing.T) {
	s := pgtest.Open(t, nil)
	const n = 6
	subs := make([]profile.Submission, n)
	accounts := ids(n)
	for i, id := range accounts {
		subs[i] = submitted(t, s, person(t, s, id, "simplified"), "11223344595")
	}
	var (
		wg   sync.WaitGroup
		errs [n]error
	)
	for i := range n {
		wg.Go(func() {
			errs[i] = s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				bound, err := tx.BindPerson(ctx, account.ID(accounts[i]), subs[i].ID, subs[i].Person.Name, subs[i].Person.SNILS)
				if err == nil && !bound {
					err = errors.New("not bound")
				}
				return err
			})
		})
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			got, err := s.Subject(t.Context(), account.ID(accounts[i]))
			if err != nil || got.Level != account.Standard || got.SNILS != "11223344595" || got.Name.Surname != "Иванова" {
				t.Errorf("subject = %+v, %v", got, err)
			}
		case !errors.Is(err, store.ErrSNILSTaken):
			t.Errorf("error = %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d accounts have one SNILS", won)
	}
}

func TestUnknownAccounts(t *testing.T) {
	s := pgtest.Open(t, nil)
	for _, id := range []account.ID{"", "x", someone, "'; DROP TABLE accounts"} {
		if _, err := s.Account(t.Context(), id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("Account(%q) error = %v", id, err)
		}
		if _, err := s.Subject(t.Context(), id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("Subject(%q) error = %v", id, err)
		}
	}
}

func TestLimitsCountOuterBeforeInner(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s := pgtest.Open(t, func(c *store.Config) { c.Now = func() time.Time { return now } })
	outer := limit.Rule{Name: "outer", Max: 2, Window: time.Minute}
	inner := limit.Rule{Name: "inner", Max: 3, Window: time.Hour}
	take := func(address string) time.Duration {
		t.Helper()
		wait, err := s.Limits().Take(t.Context(), []limit.Key{outer.Of(address)}, []limit.Key{inner.Of("owner")})
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for i, want := range []time.Duration{0, 0, time.Minute, time.Minute, time.Minute} {
		if got := take("a"); got != want {
			t.Errorf("try %d of a: wait %v, want %v", i+1, got, want)
		}
	}
	if got := take("b"); got != 0 {
		t.Errorf("the third of the owner's own three: wait %v", got)
	}
	if got := take("b"); got != time.Hour {
		t.Errorf("the fourth: wait %v", got)
	}
	now = now.Add(time.Minute)
	if got := take("a"); got != 59*time.Minute {
		t.Errorf("a after its window: wait %v", got)
	}
	now = now.Add(time.Hour)
	if got := take("a"); got != 0 {
		t.Errorf("after both windows: wait %v", got)
	}
	now = now.Add(2 * time.Hour)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Text(t.Context(), `SELECT count(*) FROM limits`); n != "0" || err != nil {
		t.Errorf("%s counters left, %v", n, err)
	}
}

// A flood of tries leaves more counters than one statement removes.
func TestSweepRemovesAFlood(t *testing.T) {
	s := pgtest.Open(t, nil)
	if _, err := s.Exec(t.Context(), `INSERT INTO limits SELECT int4send(n), 1, now() - interval '1 hour' FROM generate_series(1, 12001) AS n`); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Text(t.Context(), `SELECT count(*) FROM limits`); n != "0" || err != nil {
		t.Errorf("%s counters left, %v", n, err)
	}
}

func TestLimitsLoseNoTry(t *testing.T) {
	s := pgtest.Open(t, nil)
	rule := limit.Rule{Name: "r", Max: 10, Window: time.Hour}
	var (
		wg    sync.WaitGroup
		waits [60]time.Duration
		errs  [60]error
	)
	for i := range waits {
		wg.Go(func() {
			keys := []limit.Key{rule.Of("a"), rule.Of("b")}
			if i%2 == 1 {
				keys[0], keys[1] = keys[1], keys[0]
			}
			waits[i], errs[i] = s.Limits().Take(t.Context(), keys, nil)
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	free := 0
	for _, w := range waits {
		if w == 0 {
			free++
		}
	}
	if free != 10 {
		t.Errorf("%d of 60 tries at once were allowed, want 10", free)
	}
}
