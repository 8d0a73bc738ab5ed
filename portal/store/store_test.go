// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/notice"
	"zaver/portal/seal"
	"zaver/portal/store"
	"zaver/softhsm-fixtures/pgtest"
)

const someone = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

// person makes a row of accounts that holds nothing readable.
func person(t *testing.T, s *store.Store, id, level string) account.ID {
	t.Helper()
	_, err := s.Exec(t.Context(), `INSERT INTO accounts (id, kind, level, lang, name, password, created_at)
		VALUES ($1, 'person', $2, 'ru', '', 'x', now())`, id, level)
	if err != nil {
		t.Fatal(err)
	}
	return account.ID(id)
}

func TestInTxKeepsAllOrNothing(t *testing.T) {
	s := pgtest.Open(t, nil)
	broken := errors.New("broken")
	err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO limits (key, count, ends_at) VALUES ('a', 1, now())`); err != nil {
			return err
		}
		tx.Enqueue(store.Job{Kind: "k"})
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error = %v", err)
	}
	for _, table := range []string{"limits", "river_job"} {
		if n, err := s.Text(t.Context(), `SELECT count(*) FROM `+table); n != "0" || err != nil {
			t.Errorf("%s rows in %s, %v", n, table, err)
		}
	}
}

func TestStoreIsUnusableInsideItsTransaction(t *testing.T) {
	s := pgtest.Open(t, nil)
	err := s.InTx(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		if _, err := s.Account(ctx, someone); !errors.Is(err, store.ErrNested) {
			t.Errorf("query error = %v", err)
		}
		return s.InTx(ctx, func(context.Context, *store.Tx) error { return nil })
	})
	if !errors.Is(err, store.ErrNested) {
		t.Errorf("nested transaction error = %v", err)
	}
}

func TestInTxUsesTheCallersContext(t *testing.T) {
	s := pgtest.Open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		cancel()
		_, err := tx.Exec(ctx, `SELECT pg_sleep(10)`)
		return err
	})
	if err == nil {
		t.Error("a cancelled transaction went through")
	}
}

func TestDeadlockIsRunAgain(t *testing.T) {
	s := pgtest.Open(t, nil)
	if _, err := s.Exec(t.Context(), `INSERT INTO limits (key, count, ends_at) VALUES ('a', 0, now()), ('b', 0, now())`); err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		first sync.WaitGroup
		errs  [2]error
		runs  [2]int
	)
	first.Add(2)
	for i, keys := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			errs[i] = s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				const add = `UPDATE limits SET count = count + 1 WHERE key = $1`
				// PostgreSQL looks for a deadlock a second after a wait began, once: the first may have to wait for as long as the second is late.
				for _, bound := range []string{"lock_timeout", "statement_timeout"} {
					if _, err := tx.Exec(ctx, `SET LOCAL `+bound+` = 0`); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(ctx, add, []byte(keys[0])); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					first.Done()
					first.Wait() // both hold one row and want the other's
				}
				_, err := tx.Exec(ctx, add, []byte(keys[1]))
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if sum, err := s.Text(t.Context(), `SELECT sum(count) FROM limits`); sum != "4" || err != nil {
		t.Errorf("sum = %s, %v", sum, err)
	}
}

func TestStatementsAreCounted(t *testing.T) {
	s := pgtest.Open(t, nil)
	ctx, c := store.CountStatements(t.Context())
	err := s.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		tx.Enqueue(store.Job{Kind: "k"})
		tx.Signal("topic")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Statements() != 3 || c.Transactions() != 1 {
		t.Errorf("%d statements, %d transactions; want 3 and 1", c.Statements(), c.Transactions())
	}
}

func TestWatch(t *testing.T) {
	s := pgtest.Open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	mine, others := s.Watch(ctx, "mine"), s.Watch(ctx, "others")
	signal := func(topic string, fail error) {
		t.Helper()
		err := s.InTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
			tx.Signal(topic)
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
	}
	// What begins to listen wakes everybody once, at some time. A signal comes through after that, and in its turn after those before it.
	for _, topic := range []string{"begun", "in turn"} {
		told := s.Watch(ctx, topic)
		signal(topic, nil)
		if !received(told) {
			t.Fatal("listening did not begin")
		}
	}
	for _, c := range []<-chan struct{}{mine, others} {
		select {
		case <-c:
		default:
		}
	}
	signal("mine", errors.New("rolled back"))
	signal("mine", nil)
	if !received(mine) {
		t.Fatal("no signal after the commit")
	}
	select {
	case <-others:
		t.Error("signal of another topic")
	case <-mine:
		t.Error("signal of a rolled back transaction")
	default:
	}
	t.Run("lost connection wakes everyone", func(t *testing.T) {
		_, err := s.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND query ILIKE 'LISTEN%'`)
		if err != nil {
			t.Fatal(err)
		}
		if !received(others) {
			t.Error("a watcher was not woken after the connection came back")
		}
	})
	cancel()
	for range mine { //nolint:revive // until it is closed
	}
}

func received(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

func TestMigrationsDownAndUpWithRows(t *testing.T) {
	var dsn string
	s := pgtest.Open(t, func(c *store.Config) { dsn = c.DSN })
	person(t, s, someone, "simplified")
	for _, query := range []string{
		`INSERT INTO contacts VALUES (gen_random_uuid(), $1, 'sms', 'h', 'v', now())`,
		`INSERT INTO consents VALUES ($1, 'terms', '1', now())`,
		`INSERT INTO events VALUES (gen_random_uuid(), $1, now(), 'k', '', '')`,
		`INSERT INTO sessions VALUES ('t', gen_random_uuid(), $1, now(), now(), now(), NULL, '')`,
		`INSERT INTO drafts VALUES ($1, 1, '', now())`,
		`INSERT INTO submissions VALUES (gen_random_uuid(), $1, 1, '', now())`,
		`INSERT INTO notices (id, account_id, channel, template, lang, body, created_at, next_at) VALUES (gen_random_uuid(), $1, 'sms', 't', 'ru', '', now(), now())`,
	} {
		if _, err := s.Exec(t.Context(), query, someone); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	if _, err := s.Exec(t.Context(), `INSERT INTO registrations VALUES (gen_random_uuid(), 'h', 'pending', 'sms', '', false, '', '', NULL, 0, now(), now(), now(), now())`); err != nil {
		t.Fatal(err)
	}
	if err := store.MigrateDownTo(t.Context(), dsn, 0); err != nil {
		t.Fatal(err)
	}
	left, err := s.Text(t.Context(), `SELECT COALESCE(string_agg(tablename, ' '), '') FROM pg_tables WHERE schemaname = 'public'
		AND tablename NOT LIKE 'river%' AND tablename <> 'goose_db_version'`)
	if err != nil || left != "" {
		t.Errorf("tables left: %s, %v", left, err)
	}
	for range 2 { // the second time there is nothing to do
		if err := store.Migrate(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	}
	person(t, s, someone, "simplified")
}

func TestMigrateFromNothingManyAtOnce(t *testing.T) {
	dsn := pgtest.EmptyDSN(t)
	var (
		wg   sync.WaitGroup
		errs [4]error
	)
	for i := range errs {
		wg.Go(func() { errs[i] = store.Migrate(t.Context(), dsn) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

func TestAppendOnlyTables(t *testing.T) {
	s := pgtest.Open(t, nil)
	id := person(t, s, someone, "simplified")
	err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.AddEvent(ctx, account.Event{Account: id, At: time.Now(), Kind: account.EventSignedIn})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"events", "consents", "submissions"} {
		for _, query := range []string{`DELETE FROM ` + table, `TRUNCATE ` + table + ` CASCADE`, `UPDATE ` + table + ` SET account_id = account_id`} {
			if _, err := s.Exec(t.Context(), query); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
}

func TestNoticeKeyIsUsedOnce(t *testing.T) {
	s := pgtest.Open(t, nil)
	n := notice.Notice{Channel: notice.SMS, To: "+79001234567", Template: "notice.x", Lang: "ru", Key: "once"}
	for range 2 {
		err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			free := n
			free.Key = ""
			return tx.AddNotices(ctx, n, n, free)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, err := s.Text(t.Context(), `SELECT count(*) || ' ' || count(key) FROM notices`)
	if err != nil || rows != "3 1" {
		t.Errorf("notices and keys = %s, %v", rows, err)
	}
	if jobs, err := s.Text(t.Context(), `SELECT count(*) FROM river_job`); err != nil || jobs != "3" {
		t.Errorf("jobs = %s, %v", jobs, err)
	}
}

func TestOpenNeedsKeysAndDatabase(t *testing.T) {
	if _, err := store.Open(t.Context(), store.Config{DSN: "host=/nowhere"}); err == nil {
		t.Error("opened without keys")
	}
	keys, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{DSN: "host=/nowhere", Keys: keys}); err == nil {
		t.Error("opened without a database")
	}
	if _, err := store.Open(t.Context(), store.Config{DSN: "port=many", Keys: keys}); err == nil {
		t.Error("opened with a broken address")
	}
}

// A statement ends by PostgreSQL's own clock, after ten seconds at most.
func TestSlowStatementEnds(t *testing.T) {
	s := pgtest.Open(t, nil)
	bound, err := s.Text(t.Context(), `SELECT setting FROM pg_settings WHERE name = 'statement_timeout' AND unit = 'ms'`)
	if ms, no := strconv.Atoi(bound); err != nil || no != nil || ms < 1 || ms > 10_000 {
		t.Fatalf("bound of %q ms, %v", bound, err)
	}
	if _, err := s.Exec(t.Context(), `SELECT pg_sleep(3600)`); err == nil || !strings.Contains(err.Error(), "statement timeout") {
		t.Errorf("error %v", err)
	}
}

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("0190a1b2-c3d4-7e5f-8a9b-%012d", i)
	}
	return out
}

// A wrong address is told without the password that may stand in it.
func TestAddressErrorsHoldNoPassword(t *testing.T) {
	for _, dsn := range []string{
		"postgres://u:hunter2@host:bad/db", "postgres://u:hunter2%zz@host/db", "postgres://u:hunter2@ho st/db", "postgres://u:hunter2@host/db?sslmode=nope",
		"postgres://u:hunter2@[::1/db", "postgres://u:hunter2/x@host/db", "password=a hunter2", "password='hunter2 host=x", "password=hunter2 host", "host=x password=hunter2 port=y", "host=/nonexistent password=hunter2 sslmode=disable",
		"\x7fpostgres://u:hunter2@host/db",
	} {
		err := store.Migrate(t.Context(), dsn)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", dsn, err)
		}
	}
}

// A key file that went astray must not be replaced in silence: nobody would be
// found again, and everybody could register twice.
func TestOtherKeysAreRefused(t *testing.T) {
	var cfg store.Config
	pgtest.Open(t, func(c *store.Config) { cfg = *c })
	same, err := store.Open(t.Context(), store.Config{DSN: cfg.DSN, Keys: cfg.Keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := same.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{DSN: cfg.DSN, Keys: other}); !errors.Is(err, store.ErrOtherKeys) {
		t.Errorf("other keys: %v", err)
	}
}

// E5: strangers' tries neither hide what was done with the account nor when it was confirmed.
func TestStrangersDoNotFillTheJournal(t *testing.T) {
	s := pgtest.Open(t, nil)
	id := person(t, s, someone, "confirmed")
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	add := func(kind account.EventKind, n int) {
		err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range n {
				at = at.Add(time.Second)
				if err := tx.AddEvent(ctx, account.Event{Account: id, At: at, Kind: kind, Detail: "token"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := s.Confirmed(t.Context(), id); ok || err != nil {
		t.Errorf("never confirmed: %v, %v", ok, err)
	}
	add(account.EventConfirmed, 1)
	confirmed := at
	add(account.EventSignedIn, 150)
	add(account.EventSignInFailed, 150)
	events, err := s.Events(t.Context(), id, 100)
	if err != nil || len(events) != 100 || events[24].Kind != account.EventSignInFailed || events[25].Kind != account.EventSignedIn {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i := range events[1:] {
		if events[i].At.Before(events[i+1].At) {
			t.Errorf("event %d is older than the next", i)
		}
	}
	if e, ok, err := s.Confirmed(t.Context(), id); err != nil || !ok || !e.At.Equal(confirmed) || e.Detail != "token" {
		t.Errorf("confirmed = %+v, %v, %v", e, ok, err)
	}
}
