// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/audit"
	"zaver/portal/confirm"
	"zaver/portal/method"
	"zaver/portal/notice"
	"zaver/portal/profile"
	"zaver/portal/register"
	"zaver/portal/seal"
	"zaver/portal/session"
	"zaver/portal/store"
	"zaver/portal/validate"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pgtest"
	"zaver/softhsm-fixtures/pki"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const portal = "https://portal.example"

// clock is real time moved by an offset; safe for concurrent use.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) forward(d time.Duration) { c.offset.Add(int64(d)) }

// checker is the real validator, which a test may make fail or wait.
type checker struct {
	real   *validate.Validator
	calls  atomic.Int64
	before atomic.Pointer[func(ctx context.Context) error]
}

func (c *checker) Check(ctx context.Context, r validate.Response) (validate.Outcome, error) {
	c.calls.Add(1)
	if f := c.before.Load(); f != nil {
		if err := (*f)(ctx); err != nil {
			return validate.Outcome{}, err
		}
	}
	return c.real.Check(ctx, r)
}

func (c *checker) first(f func(ctx context.Context) error) {
	if f == nil {
		c.before.Store(nil)
		return
	}
	c.before.Store(&f)
}

// rig is a portal's confirmation with everything real behind it.
type rig struct {
	dsn     string
	keys    *seal.Keys
	store   *store.Store
	pki     *pki.PKI
	trust   string
	key     confirm.Key
	clock   *clock
	checker *checker
	service *confirm.Service
	keeper  *audit.Keeper
}

func newRig(tb testing.TB, edit func(*confirm.Config)) *rig {
	tb.Helper()
	r := &rig{clock: &clock{}, trust: tb.TempDir()}
	r.store = pgtest.Open(tb, func(c *store.Config) {
		c.Now = r.clock.now
		r.dsn, r.keys = c.DSN, c.Keys
	})
	var err error
	if r.pki, err = pki.Start(pki.Config{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.pki.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := r.pki.WriteTrust(r.trust); err != nil {
		tb.Fatal(err)
	}
	set, err := trust.Load(r.trust)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := validate.New(validate.Config{
		Trust: func() *trust.Set { return set }, Revocation: revocation.NewChecker(revocation.Config{Timeout: time.Minute}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	r.checker = &checker{real: v}
	if r.key, err = confirm.LoadOrCreateKey(filepath.Join(tb.TempDir(), "statement.key"), "portal.example"); err != nil {
		tb.Fatal(err)
	}
	r.service = r.newService(tb, edit)
	verifier, err := challenge.NewVerifier(r.key.Public)
	if err != nil {
		tb.Fatal(err)
	}
	r.keeper = audit.NewKeeper(r.store.AuditLog(), "portal.example/audit", r.key.Signer, verifier)
	return r
}

func (r *rig) newService(tb testing.TB, edit func(*confirm.Config)) *confirm.Service {
	tb.Helper()
	cfg := confirm.Config{
		Store: r.store.Confirmations(), Checker: r.checker, Key: r.key, Origin: portal, Now: r.clock.now,
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := confirm.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// account registers a person and lets the registers agree.
func (r *rig) account(tb testing.TB, p people.Person) account.ID {
	tb.Helper()
	ctx := context.Background()
	id := r.simplified(tb, p)
	name := ident.PersonName{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}
	sub, err := r.store.Profiles().Submit(ctx, id, profile.Person{Name: name, SNILS: ident.SNILS(p.SNILS), BirthDate: p.BirthDate},
		account.Event{Account: id, At: r.clock.now(), Kind: account.EventDataSent}, profile.SubmitRule())
	if err != nil {
		tb.Fatal(err)
	}
	err = r.store.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.BindPerson(ctx, id, sub.ID, name, ident.SNILS(p.SNILS))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func (r *rig) simplified(tb testing.TB, p people.Person) account.ID {
	tb.Helper()
	ctx, now := context.Background(), r.clock.now()
	reg := r.store.Registrations()
	_, handle, err := session.NewToken()
	if err != nil {
		tb.Fatal(err)
	}
	person := register.Person{Kind: account.Person, Name: ident.PersonName{Surname: p.Surname, Given: p.Given}, Lang: "ru"}
	msg := notice.Notice{Channel: notice.SMS, To: p.Phone, Template: register.CodeNotice, Lang: "ru"}
	err = reg.Open(ctx, register.Opening{
		Handle: handle, Channel: notice.SMS, Contact: p.Phone, Person: person, Expires: now.Add(time.Hour),
		Sending: register.Sending{CodeHash: []byte("code"), Sent: now, CodeEnds: now.Add(time.Minute), Code: msg, Warning: msg},
	})
	if err != nil {
		tb.Fatal(err)
	}
	ok, _, _, err := reg.Confirm(ctx, register.Proof{Handle: handle, CodeHash: []byte("code"), MaxTries: 3, Now: now, NewHandle: handle, Expires: now.Add(time.Hour)})
	if err != nil || !ok {
		tb.Fatalf("confirm contact: %v, %v", ok, err)
	}
	_, fresh, err := session.Begin(account.Client{Address: "192.0.2.1"}, now)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := reg.Finish(ctx, register.Finish{Handle: handle, Now: now, Password: "x", Person: person, Contact: p.Phone, Session: fresh})
	if err != nil {
		tb.Fatal(err)
	}
	return s.Account.ID
}

func (r *rig) identity(tb testing.TB, o pki.Order) *pki.Identity {
	tb.Helper()
	id, err := r.pki.Make(o)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func (r *rig) sign(tb testing.TB, id *pki.Identity, content []byte) []byte {
	tb.Helper()
	parse := func(der []byte) *cert.Certificate {
		c, err := cert.Parse(der)
		if err != nil {
			tb.Fatal(err)
		}
		return c
	}
	req := cms.Request{Content: content, Certificate: parse(id.DER), SigningTime: r.clock.now(), Signer: id}
	for _, der := range id.Chain[:len(id.Chain)-1] {
		req.Chain = append(req.Chain, parse(der))
	}
	der, err := cms.Sign(context.Background(), req)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// open is a started and fetched confirmation.
type open struct {
	confirm.Started
	submit    string
	statement []byte
}

func (r *rig) start(tb testing.TB, id account.ID, m method.ID) open {
	tb.Helper()
	ctx := context.Background()
	started, err := r.service.Start(ctx, confirm.Request{Account: id, Method: m, Lang: "ru", Client: account.Client{Address: "192.0.2.1"}})
	if err != nil {
		tb.Fatal(err)
	}
	o := open{Started: started}
	if o.statement, o.submit, err = r.service.Fetch(ctx, started.Request, started.Ticket); err != nil {
		tb.Fatal(err)
	}
	return o
}

func (o open) answer(der []byte) confirm.Answer {
	return confirm.Answer{Request: o.Request, Submit: o.submit, DER: der, Client: account.Client{Address: "192.0.2.2", Device: "zaver-agent"}}
}

func (r *rig) level(tb testing.TB, id account.ID) account.Level {
	tb.Helper()
	a, err := r.store.Account(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return a.Level
}

func (r *rig) state(tb testing.TB, request string) confirm.Confirmation {
	tb.Helper()
	c, err := r.store.Confirmations().Confirmation(context.Background(), request)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// psql runs SQL behind the portal's back and returns what it prints.
func (r *rig) psql(tb testing.TB, sql string) string {
	tb.Helper()
	cmd := exec.Command("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", r.dsn, "-c", sql) //nolint:gosec // test database
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v: %s", sql, err, out)
	}
	return strings.TrimSpace(string(out))
}
