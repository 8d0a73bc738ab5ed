// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// clock is a time that tests move.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	c.set(moment)
	return c
}

func (c *clock) set(t time.Time) { c.at.Store(&t) }
func (c *clock) now() time.Time  { return *c.at.Load() }

// TestCacheLife keeps an answer until the nearer of nextUpdate and the maximum.
func TestCacheLife(t *testing.T) {
	for _, tt := range []struct {
		name           string
		life, maxCache time.Duration
		after          time.Duration
		requests       int
	}{
		{"inside both", time.Hour, 10 * time.Minute, 9 * time.Minute, 1},
		{"past the maximum", time.Hour, 10 * time.Minute, 10 * time.Minute, 2},
		{"past nextUpdate", 5 * time.Minute, 10 * time.Minute, 5 * time.Minute, 2},
		{"keeps nothing", time.Hour, -1, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := newClock()
			p := start(t, pki.Config{Now: clock.now, OCSPLife: tt.life})
			c, issuer, _ := pair(t, p, pki.Order{})
			k := checker(t, revocation.Config{Now: clock.now, MaxCache: tt.maxCache})
			first := k.Check(t.Context(), ask(c, issuer, clock.now()))
			clock.set(moment.Add(tt.after))
			if r, ok := k.Kept(t.Context(), ask(c, issuer, clock.now())); ok != (tt.requests == 1) || ok && r.Status != revocation.Good {
				t.Errorf("kept: %v %v", ok, r)
			}
			second := k.Check(t.Context(), ask(c, issuer, clock.now()))
			if first.Status != revocation.Good || second.Status != revocation.Good {
				t.Fatal(first.Problems, second.Problems)
			}
			if got := p.Authority(pki.CA).Requests(pki.OCSP); got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
		})
	}
}

// TestRevokedSeenAfterCache shows how long a revocation can stay unseen, and no longer.
func TestRevokedSeenAfterCache(t *testing.T) {
	clock := newClock()
	p := start(t, pki.Config{Now: clock.now})
	c, issuer, id := pair(t, p, pki.Order{})
	k := checker(t, revocation.Config{Now: clock.now, MaxCache: time.Minute})
	if r := k.Check(t.Context(), ask(c, issuer, clock.now())); r.Status != revocation.Good {
		t.Fatal(r.Problems)
	}
	if err := p.Authority(pki.CA).Revoke(id.Serial, moment, 1); err != nil {
		t.Fatal(err)
	}
	clock.set(moment.Add(time.Minute))
	if r := k.Check(t.Context(), ask(c, issuer, clock.now())); r.Status != revocation.Revoked {
		t.Errorf("%s, %v", r.Status, r.Problems)
	}
}

// TestUnknownNotKept asks again at once after an outage.
func TestUnknownNotKept(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	k := checker(t, revocation.Config{})
	p.SetFault(pki.OCSP, pki.Fail)
	p.SetFault(pki.CRL, pki.Fail)
	if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Unknown {
		t.Fatal(r.Status)
	}
	p.SetFault(pki.OCSP, pki.None)
	if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Good {
		t.Error(r.Problems)
	}
}

// TestCacheMoment does not answer from the cache for a moment that the answer does not cover.
func TestCacheMoment(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	k := checker(t, revocation.Config{})
	if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Good {
		t.Fatal(r.Problems)
	}
	if r := k.Check(t.Context(), ask(c, issuer, moment.AddDate(0, -1, 0))); r.Status != revocation.Unknown {
		t.Errorf("a month before: %s", r.Status)
	}
}

// TestListShared downloads a CRL once for many certificates of one authority.
func TestListShared(t *testing.T) {
	p := start(t, pki.Config{})
	p.SetFault(pki.OCSP, pki.Fail)
	k := checker(t, revocation.Config{})
	for _, person := range people.All() {
		c, issuer, _ := pair(t, p, pki.Order{Person: person})
		if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Good {
			t.Fatal(r.Problems)
		}
	}
	if got := p.Authority(pki.CA).Requests(pki.CRL); got != 1 {
		t.Errorf("%d downloads", got)
	}
}

// TestCacheBound keeps no more answers than allowed.
func TestCacheBound(t *testing.T) {
	p := start(t, pki.Config{})
	k := checker(t, revocation.Config{MaxEntries: 2})
	for _, person := range people.All() {
		c, issuer, _ := pair(t, p, pki.Order{Person: person})
		for range 2 {
			if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Good {
				t.Fatal(r.Problems)
			}
		}
	}
	if got := p.Authority(pki.CA).Requests(pki.OCSP); got != len(people.All()) {
		t.Errorf("%d requests for %d people", got, len(people.All()))
	}
}

// TestMerged asks the same question from 200 goroutines at once: one request leaves.
func TestMerged(t *testing.T) {
	const askers = 200
	for _, ocsp := range []pki.Fault{pki.None, pki.Fail} {
		p := start(t, pki.Config{})
		c, issuer, _ := pair(t, p, pki.Order{})
		a := p.Authority(pki.CA)
		service := pki.OCSP
		if ocsp != pki.None {
			a.SetFault(pki.OCSP, ocsp)
			service = pki.CRL
		}
		k := checker(t, revocation.Config{})
		begin := make(chan struct{})
		var wait sync.WaitGroup
		var good atomic.Int32
		for range askers {
			wait.Go(func() {
				<-begin
				if r := k.Check(t.Context(), ask(c, issuer, moment)); r.Status == revocation.Good {
					good.Add(1)
				}
			})
		}
		close(begin)
		wait.Wait()
		if got := good.Load(); got != askers {
			t.Errorf("%d of %d got an answer", got, askers)
		}
		if got := a.Requests(service); got != 1 {
			t.Errorf("%d %s requests", got, service)
		}
	}
}

// TestLooksOnceMore is about an asker who looks before an answer has come and asks after it has. His look is
// one by a clock at which nothing that is kept is good any more; the looks after it find what is kept.
func TestLooksOnceMore(t *testing.T) {
	for look := range int32(5) {
		for _, service := range []pki.Service{pki.OCSP, pki.CRL} {
			p := start(t, pki.Config{})
			var until atomic.Int32
			k := checker(t, revocation.Config{Now: func() time.Time {
				if until.Add(-1) == 0 {
					return moment.Add(time.Hour)
				}
				return moment
			}})
			c, issuer, _ := pair(t, p, pki.Order{})
			questions := []revocation.Question{ask(c, issuer, moment), ask(c, issuer, moment)}
			if service == pki.CRL { // another certificate, which is in the same list
				p.SetFault(pki.OCSP, pki.Fail)
				other, _, _ := pair(t, p, pki.Order{Person: people.Head()})
				questions = append(questions, ask(other, issuer, moment))
			}
			for i, q := range questions {
				if i > 0 {
					until.Store(look + 1)
				}
				if r := k.Check(t.Context(), q); r.Status != revocation.Good {
					t.Fatal(r.Problems)
				}
			}
			if got := p.Authority(pki.CA).Requests(service); got != 1 {
				t.Errorf("look %d too early: %d %s requests", look+1, got, service)
			}
		}
	}
}

// TestAskerLeaves lets the first asker go while the server is silent; the second one, who joined
// the same question, still gets its answer.
func TestAskerLeaves(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	a := p.Authority(pki.CA)
	gate := holding{reached: make(chan struct{}, 1), release: make(chan struct{})}
	k := checker(t, revocation.Config{Transport: gate})
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan revocation.Result, 1)
	go func() { first <- k.Check(ctx, ask(c, issuer, moment)) }()
	<-gate.reached
	leave()
	if r := <-first; r.Status != revocation.Unknown || codes(r)[0] != revocation.CodeTimeout {
		t.Errorf("the one who left got %s %v", r.Status, r.Problems)
	}
	second := make(chan revocation.Result, 1)
	go func() { second <- k.Check(t.Context(), ask(c, issuer, moment)) }()
	close(gate.release)
	if r := <-second; r.Status != revocation.Good {
		t.Errorf("%s, %v", r.Status, r.Problems)
	}
	if got := a.Requests(pki.OCSP); got != 1 {
		t.Errorf("%d requests", got)
	}
}

// holding is a transport that says when a request has come and holds it until released.
type holding struct{ reached, release chan struct{} }

func (h holding) RoundTrip(r *http.Request) (*http.Response, error) {
	h.reached <- struct{}{}
	<-h.release
	return http.DefaultTransport.RoundTrip(r)
}
