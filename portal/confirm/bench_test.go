// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/method"
	"zaver/portal/store"
	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// cpu is the processor time that this process used so far; PostgreSQL is another process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkConfirmation is one confirmation on the server, from the page's request
// to the committed effect, beside the signature checks in it alone. The person's
// own signature is made outside the clock; revocation answers are cached.
func BenchmarkConfirmation(b *testing.B) {
	for _, kind := range []pki.KeyKind{pki.P256, pki.RSA2048} {
		b.Run(kind.String(), func(b *testing.B) {
			r := newRig(b, func(c *confirm.Config) { c.MaxStarts = 1 << 30 })
			p := people.TokenHolder()
			id, key := r.account(b, p), r.identity(b, pki.Order{Person: p, Keys: kind})
			bare := bareChecks(b, r.sign(b, key, []byte("x")), r.pki)
			var statements, transactions int64
			var each []time.Duration
			run := func() {
				var used time.Duration
				ctx, counter := store.CountStatements(context.Background())
				before := cpu(b)
				started, err := r.service.Start(ctx, confirm.Request{Account: id, Method: method.Token, Lang: "ru"})
				if err != nil {
					b.Fatal(err)
				}
				o := open{Started: started}
				if o.statement, o.submit, err = r.service.Fetch(ctx, o.Request, o.Ticket); err != nil {
					b.Fatal(err)
				}
				used += cpu(b) - before
				b.StopTimer()
				der := r.sign(b, key, o.statement)
				b.StartTimer()
				before = cpu(b)
				if got, err := r.service.Respond(ctx, o.answer(der)); err != nil || got.State != confirm.Confirmed {
					b.Fatalf("%+v, %v", got, err)
				}
				used += cpu(b) - before
				each = append(each, used)
				statements += counter.Statements()
				transactions += counter.Transactions()
				b.StopTimer()
				lower(b, r, id)
				b.StartTimer()
			}
			run() // connections, caches, prepared plans
			statements, transactions, each = 0, 0, nil
			b.ResetTimer()
			for b.Loop() {
				run()
			}
			n := float64(b.N)
			slices.Sort(each)
			b.ReportMetric(float64(each[len(each)/2].Microseconds()), "cpu-µs-p50")
			b.ReportMetric(float64(bare.Nanoseconds())/1e3, "bare-checks-µs")
			b.ReportMetric(float64(statements)/n, "sql/op")
			b.ReportMetric(float64(transactions)/n, "tx/op")
		})
	}
}

// lower takes the level back, so that the next round can raise it.
func lower(b *testing.B, r *rig, id account.ID) {
	b.Helper()
	err := r.store.InTx(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.MoveLevel(ctx, id, account.Confirmed, account.Standard)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// bareChecks is the time of the public-key operations alone: the signature itself
// and those on the certificates of its path.
func bareChecks(b *testing.B, der []byte, p *pki.PKI) time.Duration {
	b.Helper()
	signed, err := cms.Parse(der)
	if err != nil {
		b.Fatal(err)
	}
	leaf := signed.SignerCertificate()
	var path []*cert.Certificate
	for _, name := range []string{pki.CA, pki.Root} {
		c, err := cert.Parse(p.Authority(name).DER())
		if err != nil {
			b.Fatal(err)
		}
		path = append(path, c)
	}
	const rounds = 300
	best := time.Duration(1 << 62)
	for range rounds {
		begin := time.Now()
		if problems := signed.Check(); len(problems) > 0 {
			b.Fatal(problems[0])
		}
		if err := leaf.CheckSignature(path[0]); err != nil {
			b.Fatal(err)
		}
		if err := path[0].CheckSignature(path[1]); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(begin))
	}
	return best
}
