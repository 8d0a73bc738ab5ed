// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"zaver/portal/audit"
	"zaver/portal/confirm"
	"zaver/portal/evidence"
	"zaver/portal/method"
	"zaver/portal/store"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// confirmed carries one confirmation through.
func (r *rig) confirmed(t *testing.T, p people.Person) open {
	t.Helper()
	o := r.start(t, r.account(t, p), method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: p}), o.statement)
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
	return o
}

// TestC10AppendOnly tries to change, by SQL, what must never change.
func TestC10AppendOnly(t *testing.T) {
	r := newRig(t, nil)
	r.confirmed(t, people.TokenHolder())
	if _, _, err := r.keeper.Sign(t.Context(), r.clock.now()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"UPDATE evidence SET digest = digest", "DELETE FROM evidence", "TRUNCATE evidence CASCADE",
		"UPDATE evidence_parts SET name = name", "DELETE FROM evidence_parts", "TRUNCATE evidence_parts",
		"UPDATE evidence_blobs SET data = data", "DELETE FROM evidence_blobs",
		"UPDATE audit_records SET record = record", "DELETE FROM audit_records", "TRUNCATE audit_records",
		"UPDATE audit_hashes SET hash = hash", "DELETE FROM audit_hashes",
		"UPDATE audit_checkpoints SET note = note", "DELETE FROM audit_checkpoints",
		"UPDATE audit_head SET size = size", "UPDATE audit_head SET size = 0", "DELETE FROM audit_head", "TRUNCATE audit_head",
	} {
		out, err := exec.Command("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", r.dsn, "-c", sql).CombinedOutput() //nolint:gosec // test database
		if err == nil || !strings.Contains(string(out), "append-only") && !strings.Contains(string(out), "only grows") {
			t.Errorf("%s: %v %s", sql, err, out)
		}
	}
}

// TestE5ChangedRowsAreFound changes rows as someone who owns the database can.
func TestE5ChangedRowsAreFound(t *testing.T) {
	r := newRig(t, nil)
	first := r.confirmed(t, people.TokenHolder())
	r.confirmed(t, people.Entrepreneur())
	if _, _, err := r.keeper.Sign(t.Context(), r.clock.now()); err != nil {
		t.Fatal(err)
	}
	if c, err := r.keeper.Verify(t.Context()); err != nil || c.Size != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	asOwner := func(sql string) { r.psql(t, "SET session_replication_role = replica; "+sql) }

	asOwner(`UPDATE audit_records SET record = convert_to(replace(convert_from(record, 'UTF8'), 'outcome confirmed', 'outcome refused'), 'UTF8') WHERE seq = 0`)
	if _, err := r.keeper.Verify(t.Context()); !errors.Is(err, audit.ErrProof) {
		t.Errorf("a changed record was not found: %v", err)
	}
	if _, err := r.keeper.Prove(t.Context(), first.Request, r.clock.now()); !errors.Is(err, audit.ErrProof) {
		t.Errorf("a changed record was proved: %v", err)
	}

	asOwner(`UPDATE evidence_blobs SET data = data || '\x00' WHERE digest = (SELECT shared FROM evidence_parts WHERE request = '` + first.Request + `' AND name = 'root.pem')`)
	b, err := r.store.Evidence().Bundle(t.Context(), first.Request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Export(b.Parts, b.Digest); !errors.Is(err, evidence.ErrBundle) {
		t.Errorf("a changed part was exported: %v", err)
	}
	asOwner(`UPDATE evidence_parts SET data = (SELECT data FROM evidence_parts p WHERE p.request <> evidence_parts.request AND p.position = 0) WHERE position = 0`)
	if _, err := r.store.Evidence().Bundle(t.Context(), first.Request); err == nil {
		t.Error("a part moved to another row opened")
	}
}

// TestE5AppendsAtOnce: whoever appends at the same time, the log has no gap and no fork.
func TestE5AppendsAtOnce(t *testing.T) {
	r := newRig(t, nil)
	rollback := errors.New("rolled back")
	var wait sync.WaitGroup
	for i := range 60 {
		wait.Go(func() {
			err := r.store.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.AppendAudit(ctx, audit.Event{Time: r.clock.now(), Kind: "test", Object: "x"}); err != nil {
					return err
				}
				if i%4 == 0 {
					return rollback
				}
				return nil
			})
			if err != nil && !errors.Is(err, rollback) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	c, _, err := r.keeper.Sign(t.Context(), r.clock.now())
	if err != nil || c.Size != 45 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := r.keeper.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestC10SharedPartsAreKeptOnce: two confirmations under one centre.
func TestC10SharedPartsAreKeptOnce(t *testing.T) {
	r := newRig(t, nil)
	r.confirmed(t, people.TokenHolder())
	before := r.psql(t, "SELECT count(*) FROM evidence_blobs")
	o := r.confirmed(t, people.Entrepreneur())
	if after := r.psql(t, "SELECT count(*) FROM evidence_blobs"); after != before || before == "0" {
		t.Errorf("%s blobs, then %s", before, after)
	}
	b, err := r.store.Evidence().Bundle(t.Context(), o.Request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(b.Parts, b.Digest); err != nil {
		t.Fatal(err)
	}
}

// TestC10ALostSharedPartIsWrittenAgain: a database restored from an older backup
// lacks what this process knows to be there.
func TestC10ALostSharedPartIsWrittenAgain(t *testing.T) {
	r := newRig(t, nil)
	r.confirmed(t, people.TokenHolder())
	r.psql(t, "SET session_replication_role = replica; DELETE FROM evidence_blobs; DELETE FROM evidence_parts")
	o := r.confirmed(t, people.Entrepreneur())
	b, err := r.store.Evidence().Bundle(t.Context(), o.Request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(b.Parts, b.Digest); err != nil {
		t.Fatal(err)
	}
}
