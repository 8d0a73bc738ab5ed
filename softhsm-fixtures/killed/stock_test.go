// SPDX-License-Identifier: Apache-2.0

package killed

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zaver/portal/assemble"
	"zaver/portal/audit"
	"zaver/portal/evidence"
	"zaver/portal/localpg"
	"zaver/portal/seal"
	"zaver/portal/store"
)

// settleLimit is longer than every lease: 30 s on a judgement, 20 s on a job,
// and the sweepers' intervals.
const settleLimit = 45 * time.Second

// settled are the things that time brings to an end: none of them may be left.
var settled = []struct{ what, count string }{
	{"confirmations that are being checked", `FROM confirmations WHERE state = 'checking'`},
	{"issued confirmations whose time is over", `FROM confirmations WHERE state = 'issued' AND expires_at < now()`},
	{"checks without an end", `FROM checks WHERE state IN ('waiting', 'running')`},
	{"notices that wait", `FROM notices WHERE state IN ('waiting', 'sending')`},
	{"jobs that run or are due", `FROM river_job WHERE state = 'running' OR state IN ('available', 'retryable') AND scheduled_at < now() - interval '5 s'`},
}

// never are the things that must not be.
var never = []struct{ what, count string }{
	{"accounts whose level and confirmed confirmations disagree",
		`FROM accounts a WHERE (SELECT count(*) FROM confirmations c WHERE c.account_id = a.id AND c.state = 'confirmed') <> CASE level WHEN 'confirmed' THEN 1 ELSE 0 END`},
	{"accounts raised by signature more than once, or without an entry in the journal",
		`FROM accounts a WHERE (SELECT count(*) FROM events e WHERE e.account_id = a.id AND e.kind = 'event.confirmed') <> CASE level WHEN 'confirmed' THEN 1 ELSE 0 END`},
	{"accounts whose level and checks disagree",
		`FROM accounts a WHERE ((SELECT count(*) FROM checks k WHERE k.submission_id = a.submission_id AND k.kind IN ('snils', 'passport') AND k.state = 'passed') = 2) <> (level <> 'simplified')`},
	{"accounts without exactly one confirmed contact", `FROM accounts a WHERE (SELECT count(*) FROM contacts c WHERE c.account_id = a.id AND c.confirmed_at IS NOT NULL) <> 1`},
	{"judged confirmations without exactly one bundle of evidence and one audit record",
		`FROM confirmations c WHERE state IN ('confirmed', 'refused')
			AND ((SELECT count(*) FROM evidence e WHERE e.request = c.request) <> 1 OR (SELECT count(*) FROM audit_records r WHERE r.object = c.request) <> 1)`},
	{"evidence or audit records of what was not judged",
		`FROM (SELECT request FROM evidence UNION ALL SELECT object FROM audit_records) p
			WHERE NOT EXISTS (SELECT FROM confirmations c WHERE c.request = p.request AND c.state IN ('confirmed', 'refused'))`},
	{"evidence without parts", `FROM evidence e WHERE NOT EXISTS (SELECT FROM evidence_parts p WHERE p.request = e.request)`},
	{"notices that could not be sent", `FROM notices WHERE state = 'failed'`},
}

// takeStock holds every account against what was acknowledged and what is proven.
func takeStock(ctx context.Context, t *testing.T, c *crowd) {
	t.Helper()
	abandon(ctx, t, c)
	for _, s := range settled {
		if err := c.none(ctx, s.count, settleLimit); err != nil {
			t.Errorf("%s: %v", s.what, err)
		}
	}
	for _, n := range never {
		if err := c.none(ctx, n.count, 0); err != nil {
			t.Errorf("%s: %v", n.what, err)
		}
	}
	if got, err := c.count(ctx, "FROM accounts"); err != nil || got != len(c.walkers) {
		t.Errorf("%d accounts of %d people: %v", got, len(c.walkers), err)
	}
	for _, k := range c.walkers {
		if err := k.heldTo(ctx); err != nil {
			t.Errorf("%s (%s): %v", k.who.Key, k.method, err)
		}
	}
	if err := c.proofs(ctx); err != nil {
		t.Errorf("proof: %v", err)
	}
}

// abandon has one more person begin a confirmation and go away, and lets its
// time run out: the sweeper must write that down.
func abandon(ctx context.Context, t *testing.T, c *crowd) {
	t.Helper()
	left := *c.walkers[0]
	request := left.requests[len(left.requests)-1]
	_, err := c.w.Query(ctx, `INSERT INTO confirmations (request, account_id, method, state, lang, control_code, statement, submission_id, created_at, issued_at, expires_at, ticket_hash)
		SELECT repeat('0', 32), account_id, method, 'issued', lang, control_code, statement, submission_id, now(), now(), now() + interval '1 s', ticket_hash
		FROM confirmations WHERE request = '`+request+`'`)
	if err != nil {
		t.Error(err)
	}
	if err := c.none(ctx, `FROM confirmations WHERE state = 'issued' AND request = repeat('0', 32)`, settleLimit); err != nil {
		t.Errorf("left confirmation: %v", err)
	}
}

func (c *crowd) count(ctx context.Context, query string) (int, error) {
	s, err := c.w.Query(ctx, "SELECT count(*) "+query)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(s)
}

// none waits until the query counts nothing.
func (c *crowd) none(ctx context.Context, query string, within time.Duration) error {
	end := time.Now().Add(within)
	for {
		n, err := c.count(ctx, query)
		if err != nil || n == 0 {
			return err
		}
		if time.Now().After(end) {
			rows, err := c.w.Query(ctx, "SELECT * "+query+" LIMIT 3")
			return fmt.Errorf("%d are left: %.600s %w", n, rows, err)
		}
		if err := pause(ctx, 2*lookEvery); err != nil {
			return err
		}
	}
}

// heldTo signs the person in anew by the contact that was confirmed, and
// compares with what they were told.
func (k *walker) heldTo(ctx context.Context) error {
	if k.told == "" {
		return fmt.Errorf("was never told of a confirmation (began %v)", k.requests)
	}
	state, err := k.w.Query(ctx, "SELECT c.state, c.method, a.level FROM confirmations c JOIN accounts a ON a.id = c.account_id WHERE c.request = '"+k.told+"'")
	if err != nil || state != "confirmed|"+k.method+"|confirmed" {
		return fmt.Errorf("was told of %s, which is %q: %w", k.told, state, err)
	}
	if k.visitor, err = newVisitor(k.origin); err != nil {
		return err
	}
	for {
		p, err := k.post(ctx, "/sign-in", "login", k.who.Phone, "password", k.who.Password)
		if err != nil {
			return err
		}
		if p.path == "/account" {
			break
		}
		if err := k.expect(ctx, p); err != nil {
			return err
		}
	}
	p, err := k.get(ctx, "/account")
	if err != nil {
		return err
	}
	last := k.who.Phone[len(k.who.Phone)-2:]
	if strings.Count(p.body, "zv-rung--done") != 3 || !strings.Contains(p.body, k.who.Surname) || !strings.Contains(p.body, last) {
		return fmt.Errorf("the account's page says: %s", p)
	}
	return nil
}

// proofs verifies the audit log and every bundle of evidence with the portal's own keys.
func (c *crowd) proofs(ctx context.Context) error {
	keys, err := seal.Load(filepath.Join(c.w.Dir, "portal", "keys", "seal.json"))
	if err != nil {
		return err
	}
	cluster, err := localpg.New(localpg.Config{Dir: filepath.Join(c.w.Dir, "portal", "postgres")})
	if err != nil {
		return err
	}
	opened, err := store.Open(ctx, store.Config{DSN: cluster.DSN(localpg.Database), Keys: keys})
	if err != nil {
		return err
	}
	defer opened.Close()
	host := strings.TrimPrefix(c.w.Origin(), "http://")
	_, checkpoints, err := assemble.LoadKeys(filepath.Join(c.w.Dir, "portal", "keys"), host)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(checkpoints.Public)
	if err != nil {
		return err
	}
	keeper := audit.NewKeeper(opened.AuditLog(), host+"/audit", checkpoints.Signer, verifier)
	if _, _, err := keeper.Sign(ctx, time.Now()); err != nil {
		return fmt.Errorf("sign audit log: %w", err)
	}
	checkpoint, err := keeper.Verify(ctx)
	if err != nil {
		return fmt.Errorf("verify audit log: %w", err)
	}
	if records, err := c.count(ctx, "FROM audit_records"); err != nil || int64(records) != checkpoint.Size {
		return fmt.Errorf("the log has %d records, its checkpoint %d: %w", records, checkpoint.Size, err)
	}
	for _, k := range c.walkers {
		bundle, err := opened.Evidence().Bundle(ctx, k.told)
		if err != nil {
			return fmt.Errorf("evidence of %s: %w", k.told, err)
		}
		decision, err := evidence.Open(bundle.Parts, bundle.Digest)
		if err != nil || decision.State != "confirmed" || decision.Request != k.told {
			return fmt.Errorf("evidence of %s: %+v: %w", k.told, decision, err)
		}
	}
	return nil
}
