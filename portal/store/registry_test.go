// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"encoding/json"
	"sync"
	"testing"

	"zaver/portal/account"
	"zaver/portal/profile"
	"zaver/portal/registry"
	"zaver/portal/seal"
	"zaver/portal/store"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/pgtest"
)

// checked is an account that sent its data, with the ids of its two deciding checks.
type checked struct {
	s               *store.Store
	id              account.ID
	snils, passport string
}

func sentForChecks(t *testing.T, s *store.Store, keys *seal.Keys, id string, snils ident.SNILS) checked {
	t.Helper()
	owner := person(t, s, id, "simplified")
	sealed := func(table, column, value string) []byte {
		b, err := keys.Seal(seal.Place{Table: table, Column: column, Row: id}, []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	name, err := json.Marshal(ident.PersonName{Surname: "Иванов", Given: "Иван"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), `UPDATE accounts SET name = $2 WHERE id = $1`, id, sealed("accounts", "name", string(name))); err != nil {
		t.Fatal(err)
	}
	_, err = s.Exec(t.Context(), `INSERT INTO contacts (id, account_id, channel, hash, value, confirmed_at) VALUES ($1, $1, 'sms', $2, $3, now())`,
		id, []byte(id), sealed("contacts", "value", "+79001234567"))
	if err != nil {
		t.Fatal(err)
	}
	submitted(t, s, owner, snils)
	c := checked{s: s, id: owner}
	c.snils, c.passport = c.check(t, registry.SNILS).ID, c.check(t, registry.Passport).ID
	return c
}

func (c checked) check(t *testing.T, kind registry.Kind) registry.Check {
	t.Helper()
	all, err := c.s.Checks().Checks(t.Context(), c.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range all {
		if check.Kind == kind {
			return check
		}
	}
	return registry.Check{}
}

func (c checked) level(t *testing.T) account.Level {
	t.Helper()
	a, err := c.s.Account(t.Context(), c.id)
	if err != nil {
		t.Fatal(err)
	}
	return a.Level
}

func (c checked) end(t *testing.T, id string, o registry.Outcome) {
	t.Helper()
	if err := c.s.Checks().End(t.Context(), id, "", o); err != nil {
		t.Fatal(err)
	}
}

func (c checked) count(t *testing.T, what string) string {
	t.Helper()
	n, err := c.s.Text(t.Context(), `SELECT count(*) FROM `+what)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func checksRig(t *testing.T) (*store.Store, *seal.Keys) {
	t.Helper()
	keys, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return pgtest.Open(t, func(c *store.Config) { c.Keys = keys }), keys
}

const (
	another   = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c"
	goodSNILS = ident.SNILS("11223344595")
)

func TestChecksWalkToStandard(t *testing.T) {
	s, keys := checksRig(t)
	c := sentForChecks(t, s, keys, someone, goodSNILS)
	check, question, open, err := s.Checks().Open(t.Context(), c.snils)
	if err != nil || !open || check.State != registry.Waiting || question.SNILS != goodSNILS {
		t.Fatalf("open: %+v %+v %t %v", check, question, open, err)
	}
	if err := s.Checks().Sent(t.Context(), c.snils); err != nil || c.check(t, registry.SNILS).State != registry.Running {
		t.Fatalf("sent: %v, %+v", err, c.check(t, registry.SNILS))
	}
	c.end(t, c.snils, registry.Outcome{Passed: true})
	if c.level(t) != account.Simplified {
		t.Fatal("one passed check raised the account (B6)")
	}
	for range 3 { // the answer may be delivered again
		c.end(t, c.passport, registry.Outcome{Passed: true})
	}
	if c.level(t) != account.Standard || c.check(t, registry.INN).State != registry.Waiting {
		t.Fatalf("level %v, INN check %+v", c.level(t), c.check(t, registry.INN))
	}
	if n := c.count(t, `notices WHERE template = 'notice.checks_passed'`); n != "1" {
		t.Errorf("%s notices, want one", n)
	}
	if n := c.count(t, `events WHERE kind = 'event.level'`); n != "1" {
		t.Errorf("%s events, want one", n)
	}
	c.end(t, c.check(t, registry.INN).ID, registry.Outcome{Passed: true, INN: "500100732259"})
	if got := c.check(t, registry.INN); got.State != registry.Passed || got.INN != "500100732259" {
		t.Errorf("INN check %+v", got)
	}
	if err := s.Checks().Sent(t.Context(), c.passport); err != nil || c.check(t, registry.Passport).State != registry.Passed {
		t.Error("an ended check went back to running")
	}
}

func TestFailedCheckTellsTheFieldAndLetsCorrect(t *testing.T) {
	s, keys := checksRig(t)
	c := sentForChecks(t, s, keys, someone, goodSNILS)
	c.end(t, c.snils, registry.Outcome{Reason: registry.Mismatch, Field: profile.FieldSNILS})
	if n := c.count(t, `notices`); n != "0" {
		t.Error("the holder was told before all checks had ended")
	}
	c.end(t, c.passport, registry.Outcome{Passed: true})
	c.end(t, c.snils, registry.Outcome{Passed: true}) // a second answer comes too late
	got := c.check(t, registry.SNILS)
	if got.State != registry.Failed || got.Reason != registry.Mismatch || got.Field != profile.FieldSNILS || got.Ended.IsZero() {
		t.Errorf("check %+v", got)
	}
	if c.level(t) != account.Simplified || c.count(t, `notices WHERE template = 'notice.checks_failed'`) != "1" {
		t.Error("a failed check raised the account or told nobody")
	}
	submitted(t, s, c.id, goodSNILS) // corrected and sent again (B5)
	if got := c.check(t, registry.SNILS).State; got != registry.Waiting {
		t.Errorf("after the correction: %s", got)
	}
}

func TestBothChecksEndAtOnce(t *testing.T) {
	s, keys := checksRig(t)
	for i, id := range ids(20) {
		snils := ident.SNILS([]string{"11223344595", "98765432183"}[i%2])
		c := sentForChecks(t, s, keys, id, snils)
		var wg sync.WaitGroup
		for _, check := range []string{c.snils, c.passport} {
			wg.Go(func() { c.end(t, check, registry.Outcome{Passed: true}) })
		}
		wg.Wait()
		if c.level(t) != account.Standard {
			t.Fatalf("run %d: both passed, level %v", i, c.level(t))
		}
		if _, err := s.Exec(t.Context(), `UPDATE accounts SET snils_hash = NULL WHERE id = $1`, id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSNILSOfAnotherAccountFailsTheCheck(t *testing.T) {
	s, keys := checksRig(t)
	first := sentForChecks(t, s, keys, someone, goodSNILS)
	second := sentForChecks(t, s, keys, another, goodSNILS)
	for _, c := range []checked{first, second} {
		c.end(t, c.snils, registry.Outcome{Passed: true})
		c.end(t, c.passport, registry.Outcome{Passed: true})
	}
	if first.level(t) != account.Standard || second.level(t) != account.Simplified {
		t.Fatalf("levels %v and %v", first.level(t), second.level(t))
	}
	if got := second.check(t, registry.Passport); got.Reason != registry.TakenSNILS {
		t.Errorf("the last check of the second account: %+v", got)
	}
}

func TestAnswersToNothing(t *testing.T) {
	s, _ := checksRig(t)
	for _, id := range []string{"not-an-id", another} {
		if err := s.Checks().End(t.Context(), id, "", registry.Outcome{Passed: true}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, _, open, err := s.Checks().Open(t.Context(), another); open || err != nil {
		t.Errorf("open: %t, %v", open, err)
	}
}

// The tax service's answer must not pass the pension fund's check, whatever id it gives.
func TestAnswerOfAnotherRegisterEndsNothing(t *testing.T) {
	s, keys := checksRig(t)
	c := sentForChecks(t, s, keys, someone, goodSNILS)
	for _, id := range []string{c.snils, c.passport} {
		if err := s.Checks().End(t.Context(), id, registry.INN, registry.Outcome{Passed: true}); err != nil {
			t.Fatal(err)
		}
	}
	if c.check(t, registry.SNILS).State.Ended() || c.check(t, registry.Passport).State.Ended() || c.level(t) != account.Simplified {
		t.Error("an answer about an INN ended the deciding checks")
	}
	if err := s.Checks().End(t.Context(), c.snils, registry.SNILS, registry.Outcome{Passed: true}); err != nil || c.check(t, registry.SNILS).State != registry.Passed {
		t.Errorf("the answer of the right register: %v", err)
	}
}

// B4: a register that never answers ends in news that blame nobody's data.
func TestSilentRegistersAreToldAsSuch(t *testing.T) {
	s, keys := checksRig(t)
	c := sentForChecks(t, s, keys, someone, goodSNILS)
	c.end(t, c.passport, registry.Outcome{Passed: true})
	c.end(t, c.snils, registry.Outcome{Reason: registry.TimedOut})
	if c.count(t, `notices WHERE template = 'notice.checks_stopped'`) != "1" || c.count(t, `notices WHERE template = 'notice.checks_failed'`) != "0" {
		t.Error("the holder is told of a mistake in the data")
	}
}
