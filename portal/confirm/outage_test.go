// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/portal/store"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pgtest"
	"zaver/softhsm-fixtures/pki"
)

// TestC1OutageIsGivenBackAndCounted: the portal fails, the sweeper gives the
// confirmation back, the same answer succeeds.
func TestC1OutageIsGivenBackAndCounted(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	r.checker.first(func(context.Context) error { return errors.New("disk on fire") })
	_, err := r.service.Respond(t.Context(), o.answer(der))
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != confirm.CodeOutage || f.RetryAfter == 0 {
		t.Fatalf("got %v", err)
	}
	if c := r.state(t, o.Request); c.State != confirm.Checking {
		t.Fatalf("state %s: only the sweeper gives back", c.State)
	}
	if _, err := r.service.Respond(t.Context(), o.answer(der)); code(err) != confirm.CodeOutage {
		t.Errorf("before the sweep: %v", err)
	}
	if n, err := r.service.Sweep(t.Context()); err != nil || n.GivenBack != 1 {
		t.Fatalf("sweep: %+v, %v", n, err)
	}
	if c := r.state(t, o.Request); c.State != confirm.Issued || c.Outages != 1 {
		t.Fatalf("%s after %d outages", c.State, c.Outages)
	}
	r.checker.first(nil)
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestC1ThirdOutageRefuses(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	r.checker.first(func(context.Context) error { return errors.New("disk on fire") })
	for i := range 3 {
		if _, err := r.service.Respond(t.Context(), o.answer([]byte("x"))); code(err) != confirm.CodeOutage {
			t.Fatalf("try %d: %v", i, err)
		}
		n, err := r.service.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := (confirm.Swept{GivenBack: 1}); i < 2 && n != want {
			t.Fatalf("sweep %d: %+v", i, n)
		}
		if want := (confirm.Swept{Refused: 1}); i == 2 && n != want {
			t.Fatalf("last sweep: %+v", n)
		}
	}
	c := r.state(t, o.Request)
	if c.State != confirm.Refused || c.Codes[0] != string(confirm.CodeOutage) || r.level(t, id) != account.Standard {
		t.Fatalf("%s %v", c.State, c.Codes)
	}
	if proofs, err := r.keeper.Prove(t.Context(), o.Request, r.clock.now()); err != nil || len(proofs) != 1 {
		t.Errorf("%d proofs, %v", len(proofs), err)
	}
	if _, err := r.store.Evidence().Bundle(t.Context(), o.Request); code(err) != fault.NotFound {
		t.Errorf("evidence of nothing: %v", err)
	}
}

// TestC1CrashAfterTheClaim abandons a claim as a killed process does.
func TestC1CrashAfterTheClaim(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	dead := confirm.Claim{
		Request: o.Request, SubmitHash: sha256.Sum256([]byte(o.submit)), Digest: sha256.Sum256(der), Lease: "dead",
		Until: r.clock.now().Add(30 * time.Second), Now: r.clock.now(),
	}
	if _, ok, err := r.store.Confirmations().Claim(t.Context(), dead); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	if n, err := r.service.Sweep(t.Context()); err != nil || n != (confirm.Swept{}) {
		t.Fatalf("the lease still lives: %+v, %v", n, err)
	}
	if _, err := r.service.Respond(t.Context(), o.answer(der)); code(err) != confirm.CodeConflict {
		t.Fatalf("during the lease: %v", err)
	}
	r.clock.forward(31 * time.Second)
	if n, err := r.service.Sweep(t.Context()); err != nil || n.GivenBack != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	// Another process takes it; the dead one comes back to life and is late.
	done := make(chan error, 1)
	r.checker.first(func(ctx context.Context) error {
		late, err := r.store.Confirmations().Finish(ctx, confirm.Effect{
			Request: o.Request, Lease: "dead", To: confirm.Refused, Now: r.clock.now(), Account: id,
			Event: account.Event{Account: id, At: r.clock.now(), Kind: account.EventRefused},
		})
		if late != confirm.LeaseLost {
			err = fmt.Errorf("the dead one finished with %v: %w", late, err)
		}
		done <- err
		return nil
	})
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestC1TakeOver: the portal that comes after a killed one, and is alone, gives
// its claims back at the next sweep.
func TestC1TakeOver(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	dead := confirm.Claim{
		Request: o.Request, SubmitHash: sha256.Sum256([]byte(o.submit)), Digest: sha256.Sum256(der), Lease: "dead",
		Until: r.clock.now().Add(30 * time.Second), Now: r.clock.now(),
	}
	if _, ok, err := r.store.Confirmations().Claim(t.Context(), dead); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	if err := r.store.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := r.service.Sweep(t.Context()); err != nil || n.GivenBack != 1 {
		t.Fatalf("sweep: %+v, %v", n, err)
	}
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
}

// TestC1EffectIsWholeOrNothing has PostgreSQL fail at each table of the effect.
func TestC1EffectIsWholeOrNothing(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxOutages = 100 })
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	r.psql(t, `CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
	for _, at := range []string{
		"BEFORE UPDATE OF decided_at ON confirmations", "BEFORE UPDATE ON accounts", "BEFORE INSERT ON evidence",
		"BEFORE INSERT ON evidence_blobs", "BEFORE INSERT ON evidence_parts", "BEFORE INSERT ON events", "BEFORE INSERT ON notices",
		"BEFORE INSERT ON river_job", "BEFORE INSERT ON audit_records", "BEFORE INSERT ON audit_hashes", "BEFORE UPDATE ON audit_head",
		"AFTER UPDATE ON audit_head",
	} {
		t.Run(at, func(t *testing.T) {
			before := traces(t, r)
			r.psql(t, "CREATE TRIGGER broken "+at+" FOR EACH ROW EXECUTE FUNCTION broken()")
			_, err := r.service.Respond(t.Context(), o.answer(der))
			table := at[strings.LastIndex(at, " ")+1:]
			r.psql(t, "DROP TRIGGER broken ON "+table)
			if code(err) != confirm.CodeOutage {
				t.Fatalf("got %v", err)
			}
			if after := traces(t, r); after != before {
				t.Errorf("something stayed:\n%s\n%s", before, after)
			}
			if n, err := r.service.Sweep(t.Context()); err != nil || n.GivenBack != 1 {
				t.Fatalf("sweep: %+v, %v", n, err)
			}
		})
	}
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("in the end: %+v, %v", got, err)
	}
}

// traces is the database without the rows of confirmations, whose lease and
// outage count tell of the failures.
func traces(t *testing.T, r *rig) string {
	t.Helper()
	dump := pgtest.Dump(t, r.dsn)
	var kept []string
	for _, line := range strings.Split(dump, "\n") {
		if strings.HasPrefix(line, "INSERT") && !strings.Contains(line, "public.confirmations ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// TestC1AccountMovedMeanwhile changes the account while the answer is checked.
func TestC1AccountMovedMeanwhile(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	r.checker.first(func(ctx context.Context) error {
		return r.store.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.MoveLevel(ctx, id, account.Standard, account.Simplified)
			return err
		})
	})
	got, err := r.service.Respond(t.Context(), o.answer(der))
	if err != nil || got.State != confirm.Refused || got.Codes[0] != string(confirm.CodeAccountChanged) {
		t.Fatalf("%+v, %v", got, err)
	}
	if l := r.level(t, id); l != account.Simplified {
		t.Errorf("level %v", l)
	}
	b, err := r.store.Evidence().Bundle(t.Context(), o.Request)
	if err != nil || len(b.Parts) == 0 {
		t.Errorf("evidence of the refusal: %v", err)
	}
}

// TestC1AgentHangsUp: the judgement goes on without the one who asked.
func TestC1AgentHangsUp(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	ctx, cancel := context.WithCancel(t.Context())
	r.checker.first(func(context.Context) error { cancel(); return nil })
	if got, err := r.service.Respond(ctx, o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
}
