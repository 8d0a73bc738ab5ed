// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/store"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/pgtest"
)

func dumpOf(t *testing.T, h *harness) string {
	t.Helper()
	return pgtest.Dump(t, h.dsn)
}

// other is a code that differs in its last digit.
func other(code string) string {
	last := byte('0')
	if code[5] == '0' {
		last = '1'
	}
	return code[:5] + string(last)
}

func faultOf(t *testing.T, err error) *fault.Error {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("error %v is no fault", err)
	}
	return e
}

func successes(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

type counted = context.Context

func countSQL(t *testing.T, work func(*testing.T, counted)) int64 {
	t.Helper()
	ctx, counter := store.CountStatements(t.Context())
	work(t, ctx)
	return counter.Statements()
}

func countStart(t *testing.T, h *harness, phone string) int64 {
	t.Helper()
	return countSQL(t, func(t *testing.T, ctx counted) {
		if _, err := h.Start(ctx, byPhone(phone)); err != nil {
			t.Fatal(err)
		}
	})
}

// checked makes an account standard, as the registers' answers do.
func checked(t *testing.T, h *harness, id account.ID, snils ident.SNILS) {
	t.Helper()
	p := profile.Person{Name: ident.PersonName{Surname: "Иванова", Given: "Анна"}, SNILS: snils, BirthDate: time.Date(1990, 5, 1, 0, 0, 0, 0, time.UTC)}
	sub, err := h.store.Profiles().Submit(t.Context(), id, p, account.Event{Account: id, At: h.clock(), Kind: account.EventDataSent, Client: here}, profile.SubmitRule())
	if err != nil {
		t.Fatal(err)
	}
	err = h.store.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		bound, err := tx.BindPerson(ctx, id, sub.ID, p.Name, snils)
		if err == nil && !bound {
			err = errors.New("account did not become standard")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
