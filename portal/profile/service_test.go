// SPDX-License-Identifier: Apache-2.0

package profile_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/session"
	"zaver/portal/store"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// signedUp makes an account the way a registration does.
func signedUp(t *testing.T, s *store.Store, phone string) account.Account {
	t.Helper()
	handle, _, err := token(t)
	if err != nil {
		t.Fatal(err)
	}
	ctx, v := t.Context(), s.Registrations()
	err = v.Open(ctx, register.Opening{Handle: handle, Channel: "sms", Contact: phone, Expires: now.Add(time.Hour),
		Sending: register.Sending{CodeHash: []byte("code"), Sent: now, CodeEnds: now.Add(time.Minute)}})
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := token(t)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, _, err := v.Confirm(ctx, register.Proof{Handle: handle, CodeHash: []byte("code"), MaxTries: 5, Now: now, NewHandle: next, Expires: now.Add(time.Hour)}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, fresh, err := session.Begin(account.Client{}, now)
	if err != nil {
		t.Fatal(err)
	}
	in, err := v.Finish(ctx, register.Finish{Handle: next, Now: now, Password: "x", Contact: phone, Session: fresh,
		Person: register.Person{Kind: account.Person, Name: ident.PersonName{Surname: "Иванова", Given: "Анна"}, Lang: "ru"}})
	if err != nil {
		t.Fatal(err)
	}
	return in.Account
}

func token(t *testing.T) (session.Hash, string, error) {
	t.Helper()
	name, hash, err := session.NewToken()
	return hash, name, err
}

var steps = map[profile.Step]profile.Form{
	profile.StepPerson: {"surname": "Иванова", "given": "Анна", "no_patronymic": "yes", "sex": "female", "birth_date": "1990-05-01",
		"birth_place": "гор. Тверь", "citizenship": "RU"},
	profile.StepPassport: {"passport_series": "4509", "passport_number": "123456", "passport_issued": "2010-06-12",
		"division_code": "770-001", "issued_by": "ОВД Хамовники"},
	profile.StepSNILS: {"snils": "112-233-445 95"},
}

func TestDraftThenSubmission_B2_B5(t *testing.T) {
	var dsn string
	s := pgtest.Open(t, func(c *store.Config) { c.Now, dsn = clock, c.DSN })
	p := profile.New(s.Profiles(), clock)
	a := signedUp(t, s, "+79001234567")
	ctx := t.Context()

	d, err := p.Draft(ctx, a)
	if err != nil || d.Version != 0 || d.Form["surname"] != "Иванова" {
		t.Fatalf("first draft = %+v, %v", d, err)
	}
	t.Run("wrong values are kept too", func(t *testing.T) {
		d, err = p.Save(ctx, a, d.Version, profile.StepSNILS, profile.Form{"snils": "112-233-445 94"})
		if fault.CodeOf(err) != "ident.snils.check" {
			t.Errorf("error = %v", err)
		}
		// Days later, on another device.
		if kept, err := profile.New(s.Profiles(), clock).Draft(ctx, a); err != nil || kept.Form["snils"] != "112-233-445 94" || kept.Version != 1 || !kept.Saved.Equal(now) {
			t.Errorf("kept = %+v, %v", kept, err)
		}
	})
	t.Run("half a form is not sent", func(t *testing.T) {
		if _, err := p.Submit(ctx, a, account.Client{}); fault.CodeOf(err) == "" || fault.CodeOf(err) == fault.Internal {
			t.Errorf("error = %v", err)
		}
	})
	for _, step := range profile.Steps() {
		if d, err = p.Save(ctx, a, d.Version, step, steps[step]); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("an old version does not overwrite", func(t *testing.T) {
		if _, err := p.Save(ctx, a, d.Version-1, profile.StepSNILS, profile.Form{"snils": "x"}); fault.CodeOf(err) != profile.DraftMoved {
			t.Errorf("error = %v", err)
		}
	})
	sub, err := p.Submit(ctx, a, account.Client{Address: "192.0.2.1"})
	if err != nil || sub.Number != 1 || sub.Person.SNILS != "11223344595" {
		t.Fatalf("submission = %+v, %v", sub, err)
	}
	t.Run("not twice while checks go on", func(t *testing.T) {
		if _, err := p.Submit(ctx, a, account.Client{}); fault.CodeOf(err) != profile.Locked {
			t.Errorf("error = %v", err)
		}
	})
	list, err := p.Submissions(ctx, a.ID)
	if err != nil || len(list) != 1 || list[0].ID != sub.ID || list[0].Person != sub.Person {
		t.Errorf("submissions = %+v, %v", list, err)
	}
	events, err := s.Events(ctx, a.ID, 1)
	if err != nil || len(events) != 1 || events[0].Kind != account.EventDataSent {
		t.Errorf("events = %+v, %v", events, err)
	}
	t.Run("nothing readable at rest", func(t *testing.T) {
		dump := pgtest.Dump(t, dsn)
		if !strings.Contains(dump, sub.ID) {
			t.Fatal("the dump does not hold the submission")
		}
		for _, secret := range []string{"Иванова", "Тверь", "4509 123456", "11223344595", "112-233", "1990-05-01", "Хамовники"} {
			if strings.Contains(dump, secret) {
				t.Errorf("%q lies readable in the database", secret)
			}
		}
	})
}

func TestManySubmitsAtOnceStartOne(t *testing.T) {
	s := pgtest.Open(t, func(c *store.Config) { c.Now = clock })
	p := profile.New(s.Profiles(), clock)
	a := signedUp(t, s, "+79001234567")
	d := profile.Draft{}
	for _, step := range profile.Steps() {
		var err error
		if d, err = p.Save(t.Context(), a, d.Version, step, steps[step]); err != nil {
			t.Fatal(err)
		}
	}
	var (
		wg   sync.WaitGroup
		errs [20]error
		won  int
	)
	for i := range errs {
		wg.Go(func() { _, errs[i] = p.Submit(t.Context(), a, account.Client{}) })
	}
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case fault.CodeOf(err) != profile.Locked:
			t.Errorf("error = %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d submissions began", won)
	}
}

// The registers' answers must not be had at will: whoever guesses at a stranger's
// data is stopped, and goes on no sooner than the page says.
func TestSubmissionsAreLimited_A7(t *testing.T) {
	at := now
	moving := func() time.Time { return at }
	s := pgtest.Open(t, func(c *store.Config) { c.Now = moving })
	p := profile.New(s.Profiles(), moving)
	a := signedUp(t, s, "+79001234567")
	d := profile.Draft{}
	for _, step := range profile.Steps() {
		var err error
		if d, err = p.Save(t.Context(), a, d.Version, step, steps[step]); err != nil {
			t.Fatal(err)
		}
	}
	for range profile.SubmitRule().Max {
		if _, err := p.Submit(t.Context(), a, account.Client{}); err != nil {
			t.Fatal(err)
		}
		checks, err := s.Checks().Checks(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if err := s.Checks().End(t.Context(), c.ID, c.Kind, registry.Outcome{Reason: registry.Mismatch}); err != nil {
				t.Fatal(err)
			}
		}
		at = at.Add(time.Minute)
	}
	_, err := p.Submit(t.Context(), a, account.Client{})
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != fault.Limited || f.RetryAfter <= 0 {
		t.Fatalf("one too many: %v", err)
	}
	if list, err := p.Submissions(t.Context(), a.ID); err != nil || len(list) != profile.SubmitRule().Max {
		t.Errorf("%d submissions are kept, %v", len(list), err)
	}
	at = at.Add(f.RetryAfter)
	if _, err := p.Submit(t.Context(), a, account.Client{}); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestManySavesAtOnceKeepOne(t *testing.T) {
	s := pgtest.Open(t, func(c *store.Config) { c.Now = clock })
	p := profile.New(s.Profiles(), clock)
	a := signedUp(t, s, "+79001234567")
	for version := range 2 { // of the first draft, which is an INSERT, and of the second
		var (
			wg   sync.WaitGroup
			errs [20]error
			won  int
		)
		for i := range errs {
			wg.Go(func() { _, errs[i] = p.Save(t.Context(), a, version, profile.StepSNILS, steps[profile.StepSNILS]) })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			} else if fault.CodeOf(err) != profile.DraftMoved {
				t.Errorf("error = %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of 20 savings over version %d were kept", won, version)
		}
	}
}

func TestHigherAccountsAreLocked(t *testing.T) {
	s := pgtest.Open(t, func(c *store.Config) { c.Now = clock })
	p := profile.New(s.Profiles(), clock)
	a := signedUp(t, s, "+79001234567")
	a.Level = account.Standard
	if _, err := p.Submit(t.Context(), a, account.Client{}); fault.CodeOf(err) != profile.Locked {
		t.Errorf("error = %v", err)
	}
	a.Level = account.Simplified // as an old page believes
	sub, err := s.Profiles().Submit(t.Context(), a.ID, profile.Person{SNILS: "11223344595"}, account.Event{Account: a.ID, At: now}, profile.SubmitRule())
	if err != nil {
		t.Fatal(err)
	}
	err = s.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.BindPerson(ctx, a.ID, sub.ID, ident.PersonName{}, "11223344595")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Profiles().Submit(t.Context(), a.ID, profile.Person{}, account.Event{Account: a.ID, At: now}, profile.SubmitRule()); fault.CodeOf(err) != profile.Locked {
		t.Errorf("error = %v", err)
	}
}
