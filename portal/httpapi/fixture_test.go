// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/session"
	"zaver/portal/text"
	"zaver/portal/web"
	"zaver/signature/ident"
)

// The fakes answer what a test sets; anything else panics, which is a fault
// that the server must survive.

type fakeRegister struct {
	Registrar
	signIn error
}

func (f fakeRegister) Documents() []register.Document {
	return []register.Document{{Name: "terms", Version: "7"}, {Name: "consent", Version: "8"}}
}

func (f fakeRegister) SignIn(context.Context, register.SignIn) (register.SignedIn, error) {
	return register.SignedIn{Token: "tok", Device: "dev"}, f.signIn
}

type fakeSessions struct {
	Sessions
	level account.Level
	fail  error
	used  *int // counts the checks that are a use of the session
}

func (f fakeSessions) Check(_ context.Context, token string) (session.Session, error) {
	if f.used != nil {
		*f.used++
	}
	if f.fail != nil {
		return session.Session{}, f.fail
	}
	if token != "good" {
		return session.Session{}, fault.New(session.None)
	}
	return session.Session{ID: "s1", Account: account.Account{ID: "a1", Kind: account.Person, Level: f.level, Phone: "+79001234567",
		Name: ident.PersonName{Surname: "<Ёлкина>", Given: "Анна"}}}, nil
}

func (f fakeSessions) Look(ctx context.Context, token string) (session.Session, error) {
	return fakeSessions{level: f.level, fail: f.fail}.Check(ctx, token)
}

type fakeChecks struct {
	list []registry.Check
	err  error
}

func (f fakeChecks) Checks(context.Context, account.ID) ([]registry.Check, error) {
	return f.list, f.err
}
func (f fakeChecks) WatchChecks(ctx context.Context, _ account.ID) <-chan struct{} {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	return c
}

type fakeConfirm struct {
	Confirmations
	err    error
	result confirm.Result
	got    *confirm.Answer
	status confirm.Status
}

func (f fakeConfirm) Fetch(_ context.Context, request, ticket string) ([]byte, string, error) {
	return []byte("zaver.statement/v1\n" + request + " " + ticket), "sub", f.err
}

func (f fakeConfirm) Respond(_ context.Context, a confirm.Answer) (confirm.Result, error) {
	*f.got = a
	return f.result, f.err
}
func (f fakeConfirm) Cancel(context.Context, string, string, string) error { return f.err }
func (f fakeConfirm) Status(context.Context, account.ID, string) (confirm.Status, error) {
	return f.status, f.err
}

type fakeJournal struct{}

func (fakeJournal) Events(context.Context, account.ID, int) ([]account.Event, error) {
	return []account.Event{{At: time.Unix(1, 0), Kind: account.EventSignedIn, Client: account.Client{Device: "<script>"}}}, nil
}

func (fakeJournal) Confirmed(context.Context, account.ID) (account.Event, bool, error) {
	return account.Event{At: time.Unix(1, 0), Kind: account.EventConfirmed, Detail: "token"}, true, nil
}

// fixture makes a server whose services a test may replace.
func fixture(t *testing.T, edit func(*Config)) (*Server, *bytes.Buffer) {
	t.Helper()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(texts)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := Config{Register: fakeRegister{}, Sessions: fakeSessions{level: account.Standard}, Profiles: struct{ Profiles }{}, Checks: fakeChecks{}, Journal: fakeJournal{},
		Confirm: fakeConfirm{got: new(confirm.Answer)}, Texts: texts, Pages: pages, Origin: "https://portal.example", Agent: "http://127.0.0.1:24738", StatementKey: "portal+1+k",
		Ready: func(context.Context) error { return nil }, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now}
	if edit != nil {
		edit(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

// ask makes a request; headers are names and values in turn.
func ask(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "portal.example"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const signedIn = "__Host-zaver=good"
