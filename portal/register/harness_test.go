// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/notice"
	"zaver/portal/password"
	"zaver/portal/register"
	"zaver/portal/seal"
	"zaver/portal/session"
	"zaver/portal/store"
	"zaver/softhsm-fixtures/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// harness is the service over a real database, with a clock that tests move.
type harness struct {
	*register.Service
	store    *store.Store
	sessions *session.Service
	dsn      string
	config   register.Config
	notices  chan notice.Notice

	mu  sync.Mutex
	now time.Time
}

func (h *harness) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *harness) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// next waits for one notice to come out of the outbox.
func (h *harness) next(t *testing.T) notice.Notice {
	t.Helper()
	select {
	case n := <-h.notices:
		return n
	case <-time.After(time.Minute):
		t.Fatal("no notice came out of the outbox")
		return notice.Notice{}
	}
}

// instant stands in for argon2, whose own tests are in package password.
type instant struct{}

func (instant) Hash(_ context.Context, p string) (string, error) { return "hash of " + p, nil }
func (instant) Matches(_ context.Context, stored, p string) (bool, error) {
	return stored == "hash of "+p, nil
}

var documents = []register.Document{{Name: "terms", Version: "1"}, {Name: "consent", Version: "2"}}

func loose() register.Limits {
	many := func(name string) limit.Rule { return limit.Rule{Name: name, Max: 1 << 20, Window: time.Hour} }
	return register.Limits{
		SendAddress: many("a"), SendPair: many("b"), SendContact: many("c"),
		SignInAddress: many("e"), SignInPair: many("f"), SignInAccount: many("g"), SignInDevice: many("h"),
	}
}

func start(tb testing.TB, limits register.Limits, passwords register.Passwords) *harness {
	tb.Helper()
	h := &harness{notices: make(chan notice.Notice, 1000), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	var keys *seal.Keys
	h.store = pgtest.Open(tb, func(c *store.Config) {
		c.Now = h.clock
		keys, h.dsn = c.Keys, c.DSN
	})
	h.sessions = session.New(h.store.Sessions(), h.clock)
	h.config = register.Config{
		Store: h.store.Registrations(), Accounts: h.store.Credentials(), Counter: h.store.Limits(), Limits: limits,
		Hasher: keys, Passwords: passwords, Now: h.clock, Origin: "https://portal.example", Documents: documents,
	}
	h.Service = register.New(h.config)
	return h
}

// deliver hands what the outbox holds to the test.
func (h *harness) deliver(t *testing.T) {
	t.Helper()
	err := h.store.Jobs().Handle(store.JobNotice, store.Handler{Work: func(ctx context.Context, r store.Run) error {
		var job store.NoticeJob
		if err := r.Decode(&job); err != nil {
			return err
		}
		kept, ok, err := h.store.Outbox().Pending(ctx, job.ID)
		if err != nil || !ok {
			return errors.Join(err, errors.New("notice is not there"))
		}
		h.notices <- kept.Notice
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.Jobs().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var here = account.Client{Address: "192.0.2.1", Device: "Firefox"}

func byPhone(phone string) register.Start {
	return register.Start{Kind: account.Person, Surname: "Иванова", Given: "Анна", Phone: phone, Lang: "ru", Agreed: documents, Client: here}
}

func byEmail(email string) register.Start {
	in := byPhone("")
	in.Email, in.ByEmail = email, true
	return in
}

const goodPassword = "лампа-47-Сугроб"

// registered makes an account and returns its session.
func (h *harness) registered(t *testing.T, in register.Start) register.SignedIn {
	t.Helper()
	w, err := h.Start(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	next, err := h.Confirm(t.Context(), w.Handle, h.next(t).Args["Code"])
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.SetPassword(t.Context(), next, goodPassword, goodPassword, in.Client)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantCode(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Fatalf("fault = %q, want %q (error: %v)", got, want, err)
	}
}

func newHasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}
