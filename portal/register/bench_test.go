// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zaver/portal/register"
	"zaver/portal/store"
)

// The budgets of an operation without its password hash, of this process:
// register 1.5 ms and 6 statements, sign-in 1.0 ms and 4, session check
// 0.15 ms and 1.
const (
	maxRegisterSQL = 6
	maxSignInSQL   = 4
)

func TestStatementBudgets(t *testing.T) {
	h := start(t, loose(), instant{})
	codes := tapped(h)
	if n := countSQL(t, func(t *testing.T, ctx counted) { registerOnce(t, ctx, h, codes, "+79001234567") }); n > maxRegisterSQL {
		t.Errorf("register: %d statements", n)
	}
	n := countSQL(t, func(t *testing.T, ctx counted) {
		if _, err := h.SignIn(ctx, signIn("+79001234567", goodPassword)); err != nil {
			t.Fatal(err)
		}
	})
	if n > maxSignInSQL {
		t.Errorf("sign-in: %d statements", n)
	}
}

// tap reads the codes on their way to the store, where they are sealed.
type tap struct {
	register.Store
	mu    sync.Mutex
	codes map[string]string // by contact
}

func (s *tap) Open(ctx context.Context, o register.Opening) error {
	s.mu.Lock()
	s.codes[o.Contact] = o.Code.Args["Code"]
	s.mu.Unlock()
	return s.Store.Open(ctx, o)
}

// tapped rebuilds the harness's service so that codes can be read at once.
func tapped(h *harness) *tap {
	s := &tap{Store: h.store.Registrations(), codes: make(map[string]string)}
	h.config.Store = s
	h.Service = register.New(h.config)
	return s
}

func registerOnce(tb testing.TB, ctx context.Context, h *harness, codes *tap, phone string) {
	tb.Helper()
	w, err := h.Start(ctx, byPhone(phone))
	if err != nil {
		tb.Fatal(err)
	}
	codes.mu.Lock()
	code := codes.codes[phone]
	codes.mu.Unlock()
	next, err := h.Confirm(ctx, w.Handle, code)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := h.SetPassword(ctx, next, goodPassword, goodPassword, here); err != nil {
		tb.Fatal(err)
	}
}

// cpu is the time that this process has computed.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measure(b *testing.B, work func(ctx context.Context, i int)) {
	ctx, counter := store.CountStatements(b.Context())
	began := cpu()
	i := 0
	for b.Loop() {
		work(ctx, i)
		i++
	}
	b.ReportMetric(float64((cpu()-began).Microseconds())/1000/float64(i), "cpu-ms/op")
	b.ReportMetric(float64(counter.Statements())/float64(i), "sql/op")
	b.ReportMetric(float64(counter.Transactions())/float64(i), "tx/op")
}

func BenchmarkRegister(b *testing.B) {
	h := start(b, loose(), instant{})
	codes := tapped(h)
	measure(b, func(ctx context.Context, i int) { registerOnce(b, ctx, h, codes, fmt.Sprintf("+79%09d", i)) })
}

func BenchmarkSignIn(b *testing.B) {
	h := start(b, loose(), instant{})
	registerOnce(b, b.Context(), h, tapped(h), "+79001234567")
	measure(b, func(ctx context.Context, _ int) {
		if _, err := h.SignIn(ctx, signIn("+79001234567", goodPassword)); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSessionCheck(b *testing.B) {
	h := start(b, loose(), instant{})
	registerOnce(b, b.Context(), h, tapped(h), "+79001234567")
	in, err := h.SignIn(b.Context(), signIn("+79001234567", goodPassword))
	if err != nil {
		b.Fatal(err)
	}
	measure(b, func(ctx context.Context, _ int) {
		if _, err := h.sessions.Check(ctx, in.Token); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkRegister8Clients is throughput with eight visitors at once.
func BenchmarkRegister8Clients(b *testing.B) {
	h := start(b, loose(), instant{})
	codes := tapped(h)
	var (
		wg   sync.WaitGroup
		next = make(chan int)
	)
	began := cpu()
	for range 8 {
		wg.Go(func() {
			for i := range next {
				registerOnce(b, b.Context(), h, codes, fmt.Sprintf("+79%09d", i))
			}
		})
	}
	b.ResetTimer()
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	b.ReportMetric(float64((cpu()-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
}

func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"+79001234567", "a@b.ru", "112-233-445 95", "", strings.Repeat("я", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, normal := register.ParseLogin(s)
		again, _ := register.ParseLogin(s + " ")
		if l.Email != "" && l.Phone != "" || l != again && len(s) < 300 || len(normal) > 2000 {
			t.Errorf("ParseLogin(%q) = %+v, %q", s, l, normal)
		}
	})
}
