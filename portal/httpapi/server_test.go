// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/text"
	"zaver/portal/web"
)

func TestEveryAnswerIsGuarded(t *testing.T) {
	s, _ := fixture(t, nil)
	for _, path := range []string{"/", "/sign-in", "/absent", "/account", "/agent/v1/key", "/healthz", web.AssetPath("page.js")} {
		h := ask(s, http.MethodGet, path, "", "Cookie", signedIn).Header()
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self' http://127.0.0.1:24738", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: policy %q lacks %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q is lax", path, policy)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=31536000"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", path)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	s, _ := fixture(t, nil)
	for name, headers := range map[string][]string{
		"cross-site":     {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"same-site":      {"Sec-Fetch-Site", "same-site", "Origin", "https://other.portal.example"},
		"foreign origin": {"Origin", "https://evil.example"},
		"null origin":    {"Origin", "null"},
	} {
		w := ask(s, http.MethodPost, "/sign-in", "login=a&password=b", headers...)
		if w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d, cookies %v", name, w.Code, w.Result().Cookies())
		}
	}
	if w := ask(s, http.MethodPost, "/sign-in", "login=a&password=b", "Sec-Fetch-Site", "same-origin", "Origin", "https://portal.example"); w.Code != http.StatusSeeOther {
		t.Errorf("own form: %d", w.Code)
	}
	for _, header := range []string{"Origin", "Sec-Fetch-Site"} {
		if w := ask(s, http.MethodGet, "/agent/v1/key", "", header, "cross-site"); w.Code != http.StatusForbidden {
			t.Errorf("agent route with %s: %d", header, w.Code)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	s, _ := fixture(t, nil)
	w := ask(s, http.MethodPost, "/sign-in", "login=a&password=b&next=//evil.example/")
	if w.Header().Get("Location") != "/account" {
		t.Errorf("led to %q", w.Header().Get("Location"))
	}
	for _, c := range w.Result().Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %s is not guarded: %+v", c.Name, c)
		}
		if c.Name == "__Host-zaver" && (c.Path != "/" || c.MaxAge != 0 || c.Value != "tok") {
			t.Errorf("session cookie %+v", c)
		}
	}
	plain, _ := fixture(t, func(c *Config) { c.Origin = "http://127.0.0.1:8080" })
	for _, c := range ask(plain, http.MethodPost, "/sign-in", "login=a&password=b").Result().Cookies() {
		if c.Secure || strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("without TLS: %+v", c)
		}
	}
}

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{"/account": "/account", "": "", "//evil.example": "", "/\\evil.example": "", "https://evil.example": "", "/a\r\nX: y": "", "account": ""} {
		if got := safeNext(next); got != want {
			t.Errorf("safeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestFaultsBecomeAnswers(t *testing.T) {
	secretCause := errors.New("pq: relation surname=Petrov")
	tests := []struct {
		name  string
		err   error
		want  int
		words string
		retry string
	}{
		{"wrong", fault.New(register.WrongSignIn), 422, "login or the password is wrong", ""},
		{"limited", fault.New(fault.Limited).After(90 * time.Second), 429, "try again in 90 seconds", "90"},
		{"busy", fault.New(fault.Busy).After(2 * time.Second), 503, "overloaded", "2"},
		{"internal", secretCause, 500, "went wrong on our side", ""},
		{"deadline", context.DeadlineExceeded, 503, "overloaded", "5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, log := fixture(t, func(c *Config) { c.Register = fakeRegister{signIn: tt.err} })
			w := ask(s, http.MethodPost, "/sign-in", "login=petrov&password=hunter2", "Accept-Language", "en")
			if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.words) || w.Header().Get("Retry-After") != tt.retry {
				t.Errorf("%d, Retry-After %q\n%s", w.Code, w.Header().Get("Retry-After"), w.Body)
			}
			if strings.Contains(w.Body.String(), "Petrov") || strings.Contains(w.Body.String(), "hunter2") {
				t.Error("the answer holds the cause or the password")
			}
			if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "login=") {
				t.Errorf("the log holds what was typed: %s", log)
			}
			if tt.want == 500 && !strings.Contains(log.String(), "surname=Petrov") {
				t.Error("the cause is not logged")
			}
		})
	}
}

func TestPanicBecomesAPage(t *testing.T) {
	s, log := fixture(t, nil)
	w := ask(s, http.MethodGet, "/profile/person", "", "Cookie", signedIn) // no level below standard is drafted: redirected
	if w.Code != http.StatusSeeOther {
		t.Fatalf("locked form: %d", w.Code)
	}
	w = ask(s, http.MethodGet, "/register/link?token=x", "", "Accept-Language", "en") // the fake panics
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "quote this number") || !strings.Contains(log.String(), "panic") {
		t.Errorf("%d\n%s\n%s", w.Code, w.Body, log)
	}
	if w := ask(s, http.MethodGet, "/", ""); w.Code != http.StatusOK {
		t.Errorf("after a panic: %d", w.Code)
	}
}

func TestStrangersAreSentToSignIn(t *testing.T) {
	s, _ := fixture(t, nil)
	w := ask(s, http.MethodGet, "/security", "", "Accept", "text/html")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fsecurity" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	w = ask(s, http.MethodGet, "/account", "", "Accept", "text/html", "Cookie", "__Host-zaver=old")
	if w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("an ended session: %d %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	for _, path := range []string{"/checks/state", "/checks/events", "/confirm/r/state"} {
		if w := ask(s, http.MethodGet, path, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	down, _ := fixture(t, func(c *Config) { c.Sessions = fakeSessions{fail: errors.New("no database")} })
	if w := ask(down, http.MethodGet, "/account", "", "Cookie", signedIn); w.Code != http.StatusInternalServerError {
		t.Errorf("a store that is down: %d", w.Code)
	}
}

func TestChecksThatStoppedAreSentAgain_B5(t *testing.T) {
	for reason, want := range map[fault.Code]string{registry.TimedOut: `href="/profile/check"`, registry.Mismatch: `href="/profile/snils"`} {
		s, _ := fixture(t, func(c *Config) {
			c.Sessions = fakeSessions{level: account.Simplified}
			c.Checks = fakeChecks{list: []registry.Check{{Kind: registry.SNILS, State: registry.Failed, Reason: reason}, {Kind: registry.Passport, State: registry.Passed}}}
		})
		body := ask(s, http.MethodGet, "/checks", "", "Cookie", signedIn, "Accept-Language", "en").Body.String()
		if !strings.Contains(body, want) || strings.Contains(body, "Nothing in your data is wrong") != (reason == registry.TimedOut) {
			t.Errorf("%s: the page lacks %s\n%s", reason, want, body)
		}
	}
}

func TestConfirmedAccountSaysSince(t *testing.T) {
	s, _ := fixture(t, func(c *Config) { c.Sessions = fakeSessions{level: account.Confirmed} })
	body := ask(s, http.MethodGet, "/account", "", "Cookie", signedIn, "Accept-Language", "en").Body.String()
	if !strings.Contains(body, "1 January 1970") { // the journal's newest hundred lines hold other things only
		t.Errorf("the page does not say when the account was confirmed\n%s", body)
	}
}

// A page left open asks for ever: that must not keep its session alive.
func TestOpenPageIsNoUseOfTheSession_E6(t *testing.T) {
	used := 0
	s, _ := fixture(t, func(c *Config) {
		c.Sessions = fakeSessions{level: account.Standard, used: &used}
		c.Confirm = fakeConfirm{status: confirm.Status{Request: "r1", State: confirm.Issued}}
	})
	for _, path := range []string{"/checks/state", "/confirm/r1/state"} {
		if w := ask(s, http.MethodGet, path, "", "Cookie", signedIn); w.Code != http.StatusOK || used != 0 {
			t.Errorf("%s: %d, uses %d", path, w.Code, used)
		}
	}
	if ask(s, http.MethodGet, "/checks", "", "Cookie", signedIn); used != 1 {
		t.Errorf("a page that its reader asked for: uses %d", used)
	}
}

func TestUnknownPagesAreAbsentForEverybody(t *testing.T) {
	s, _ := fixture(t, nil)
	for _, cookie := range []string{"", signedIn} {
		for _, path := range []string{"/absent", "/favicon.ico", "/confirm/r1/absent", "/agent/v2/key"} {
			if w := ask(s, http.MethodGet, path, "", "Accept", "text/html", "Cookie", cookie); w.Code != http.StatusNotFound {
				t.Errorf("%s, cookie %q: %d %s", path, cookie, w.Code, w.Header().Get("Location"))
			}
		}
		if w := ask(s, http.MethodPut, "/sign-in", "", "Cookie", cookie); w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("PUT, cookie %q: %d", cookie, w.Code)
		}
	}
}

func TestPagesEscapeAndSpeakBothLanguages(t *testing.T) {
	s, _ := fixture(t, nil)
	for _, path := range []string{"/", "/who", "/who/foreigner", "/register", "/register/email", "/sign-in", "/terms", "/consent", "/help/agent", "/account", "/security", "/checks", "/confirm"} {
		for lang, header := range map[string]string{"ru": "ru", "en": "en-GB,en"} {
			var cookie string
			if strings.HasPrefix(path, "/account") || strings.HasPrefix(path, "/s") || strings.HasPrefix(path, "/c") {
				cookie = signedIn
			}
			w := ask(s, http.MethodGet, path, "", "Accept-Language", header, "Accept", "text/html", "Cookie", cookie)
			if w.Code == http.StatusSeeOther && path == "/sign-in" {
				continue
			}
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, `<html lang="`+lang+`"`) {
				t.Errorf("%s in %s: %d", path, lang, w.Code)
			}
			if strings.Contains(body, "<Ёлкина>") || strings.Contains(body, "<script>") {
				t.Errorf("%s: not escaped", path)
			}
		}
	}
}

func TestLanguageSwitch(t *testing.T) {
	s, _ := fixture(t, nil)
	w := ask(s, http.MethodGet, "/who?x=1&lang=en", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/who?x=1" || !strings.Contains(w.Header().Get("Set-Cookie"), "zaver-lang=en") {
		t.Errorf("%d %q %q", w.Code, w.Header().Get("Location"), w.Header().Get("Set-Cookie"))
	}
	if w := ask(s, http.MethodGet, "/who", "", "Cookie", "zaver-lang=en", "Accept-Language", "ru"); !strings.Contains(w.Body.String(), `<html lang="en"`) {
		t.Error("the cookie does not choose the language")
	}
	r := httptest.NewRequest(http.MethodGet, "/?lang=en", nil)
	r.URL.Path = "//evil.example"
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	if strings.HasPrefix(rec.Header().Get("Location"), "//") {
		t.Errorf("leads away: %q", rec.Header().Get("Location"))
	}
}

func TestAgentDoor(t *testing.T) {
	got := new(confirm.Answer)
	s, _ := fixture(t, func(c *Config) {
		c.Confirm = fakeConfirm{got: got, result: confirm.Result{State: confirm.Refused, Codes: []string{"sig.cert_revoked"}}}
	})
	if w := ask(s, http.MethodGet, "/agent/v1/key", ""); w.Body.String() != "portal+1+k\n" {
		t.Errorf("key %q", w.Body)
	}
	w := ask(s, http.MethodGet, "/agent/v1/statement/r1", "", "Authorization", "Ticket tick")
	if w.Code != 200 || w.Header().Get("Zaver-Submit") != "sub" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasSuffix(w.Body.String(), "r1 tick") {
		t.Errorf("statement: %d %v %q", w.Code, w.Header(), w.Body)
	}
	w = ask(s, http.MethodPost, "/agent/v1/response/r1", "\x30\x00", "Authorization", "Submit sub", "Content-Type", "application/cms", "Accept-Language", "en")
	var told resultJSON
	if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != 200 || told.State != "refused" || !slices.Equal(told.Codes, []string{"sig.cert_revoked"}) {
		t.Errorf("response: %d %s", w.Code, w.Body)
	}
	if what, do := s.config.Texts.Code(text.English, "sig.cert_revoked", nil); !slices.Equal(told.Said, []saidJSON{{what, do}}) || what == "" {
		t.Errorf("words of the refusal: %+v", told.Said)
	}
	if got.Request != "r1" || got.Submit != "sub" || string(got.DER) != "\x30\x00" {
		t.Errorf("handed over %+v", got)
	}
	for _, code := range []string{"agent.declined", "check.inn_2012.taken"} {
		w = ask(s, http.MethodPost, "/agent/v1/cancel/r1", `{"code":"`+code+`"}`, "Authorization", "Submit sub", "Content-Type", "application/json")
		if w.Code != 200 {
			t.Errorf("cancel with %s: %d %s", code, w.Code, w.Body)
		}
	}
	bad := []struct {
		name, method, path, body string
		want                     int
		code                     string
		headers                  []string
	}{
		{"no ticket", "GET", "/agent/v1/statement/r1", "", 404, "confirm.unknown", nil},
		{"wrong scheme", "GET", "/agent/v1/statement/r1", "", 404, "confirm.unknown", []string{"Authorization", "Bearer x"}},
		{"kind", "POST", "/agent/v1/response/r1", "x", 400, "bad_request", []string{"Authorization", "Submit s", "Content-Type", "text/plain"}},
		{"too large", "POST", "/agent/v1/response/r1", strings.Repeat("x", confirm.MaxResponse+2), 413, "confirm.too_large", []string{"Authorization", "Submit s", "Content-Type", "application/cms"}},
		{"unknown field", "POST", "/agent/v1/cancel/r1", `{"code":"a.b","x":1}`, 400, "bad_request", []string{"Authorization", "Submit s"}},
		{"no code", "POST", "/agent/v1/cancel/r1", `{"code":"<b>"}`, 400, "bad_request", []string{"Authorization", "Submit s"}},
		{"absent", "GET", "/agent/v1/nothing", "", 404, "not_found", nil},
		{"method", "DELETE", "/agent/v1/key", "", 404, "not_found", nil},
	}
	for _, tt := range bad {
		w := ask(s, tt.method, tt.path, tt.body, append(tt.headers, "Accept-Language", "en")...)
		var answer problemJSON
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != tt.want || answer.Code != tt.code || answer.Message == "" {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
	}
}

func TestAgentFaults(t *testing.T) {
	for code, want := range map[fault.Code]int{confirm.CodeUnknown: 404, confirm.CodeTicketUsed: 409, confirm.CodeExpired: 410, confirm.CodeConflict: 409, confirm.CodeOutage: 503} {
		s, _ := fixture(t, func(c *Config) {
			c.Confirm = fakeConfirm{err: fault.New(code).After(time.Second), got: new(confirm.Answer)}
		})
		w := ask(s, http.MethodGet, "/agent/v1/statement/r1", "", "Authorization", "Ticket x")
		if w.Code != want || !strings.Contains(w.Body.String(), string(code)) || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
	}
}

func TestStreamsTellOfChangesAndAreBounded(t *testing.T) {
	s, _ := fixture(t, func(c *Config) { c.MaxStreams = 1 })
	server := httptest.NewServer(s)
	defer server.Close()
	open := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/checks/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", signedIn)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	first := open()
	defer first.Body.Close()
	buf := make([]byte, 0, 256)
	for !strings.Contains(string(buf), "event: change\ndata: {}\n\n") { // to the end of what comes before Drain
		part := make([]byte, 64)
		n, err := first.Body.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		buf = append(buf, part[:n]...)
	}
	second := open()
	defer second.Body.Close()
	if second.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", second.StatusCode)
	}
	s.Drain()
	if _, err := first.Body.Read(make([]byte, 64)); err == nil {
		t.Error("the stream goes on after Drain")
	}
}

func TestOperation(t *testing.T) {
	s, log := fixture(t, func(c *Config) { c.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	if w := ask(s, http.MethodGet, "/readyz", ""); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	if w := ask(s, http.MethodGet, "/metrics", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "zaver_http_request_seconds") {
		t.Errorf("figures: %d", w.Code)
	}
	closed, _ := fixture(t, func(c *Config) { c.Ready = func(context.Context) error { return errors.New("no database") } })
	if w := ask(closed, http.MethodGet, "/metrics", "", "X-Forwarded-For", "127.0.0.1"); w.Code != 404 {
		t.Errorf("figures for a stranger: %d", w.Code)
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "Via"} { // the proxy's own address is in the networks
		if w := ask(s, http.MethodGet, "/metrics", "", header, "192.0.2.7"); w.Code != 404 {
			t.Errorf("figures through a proxy (%s): %d", header, w.Code)
		}
	}
	if w := ask(closed, http.MethodGet, "/readyz", ""); w.Code != 503 {
		t.Errorf("not ready: %d", w.Code)
	}
	ask(s, http.MethodGet, "/who?secret=1", "", "X-Forwarded-For", "203.0.113.9")
	if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "203.0.113.9") || strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("the log holds an address or a query: %s", log)
	}
}

func TestClientAddress(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.1.2.3:99"
	r.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.9")
	if got := clientAddress(nil)(r); got != "10.1.2.3" {
		t.Errorf("without proxies: %s", got)
	}
	if got := clientAddress([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})(r); got != "203.0.113.9" {
		t.Errorf("behind a proxy: %s", got)
	}
	r.RemoteAddr = "172.16.0.1:99"
	if got := clientAddress([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})(r); got != "172.16.0.1" {
		t.Errorf("from elsewhere: %s", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s, _ := fixture(t, nil)
	if w := ask(s, http.MethodPost, "/sign-in", "login="+strings.Repeat("x", bodySize)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", w.Code)
	}
}

func TestRunPageHidesAUsedTicket(t *testing.T) {
	status := confirm.Status{Request: "r1", Method: "token", State: confirm.Issued, ControlCode: "4821", Expires: time.Now().Add(time.Minute)}
	for _, fetched := range []bool{false, true} {
		status.Fetched = fetched
		s, _ := fixture(t, func(c *Config) { c.Confirm = fakeConfirm{status: status} })
		body := ask(s, http.MethodGet, "/confirm/r1", "", "Cookie", signedIn+"; zaver-ticket=tick").Body.String()
		if strings.Contains(body, `data-ticket="tick"`) == fetched {
			t.Errorf("fetched %v: the ticket is handled wrongly", fetched)
		}
		// The line for a terminal is the one that zaver-agent confirm reads.
		if strings.Contains(body, s.config.Origin+"/confirm#token.r1.tick<") == fetched || strings.Contains(body, "confirm-terminal") == fetched {
			t.Errorf("fetched %v: the line for a terminal is handled wrongly", fetched)
		}
	}
	status.State = confirm.Confirmed
	s, _ := fixture(t, func(c *Config) { c.Confirm = fakeConfirm{status: status} })
	if w := ask(s, http.MethodGet, "/confirm/r1", "", "Cookie", signedIn); w.Header().Get("Location") != "/confirm/r1/result" {
		t.Errorf("a final state: %d %s", w.Code, w.Header().Get("Location"))
	}
}

func TestNewRefuses(t *testing.T) {
	for _, origin := range []string{"", "portal.example", "ftp://portal.example", "https://portal.example/path"} {
		if _, err := New(Config{Origin: origin}); err == nil {
			t.Errorf("origin %q was taken", origin)
		}
	}
	if _, err := New(Config{Origin: "https://portal.example"}); err == nil {
		t.Error("a server without services was made")
	}
}

func TestEveryFaultHasAStatus(t *testing.T) {
	for code, status := range statuses {
		if http.StatusText(status) == "" {
			t.Errorf("%s: %d is no status", code, status)
		}
	}
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range append(Codes(), fault.Internal, fault.Busy, fault.Limited, fault.NotFound, fault.Conflict) {
		if !texts.Has(text.Russian, string(code)) || !texts.Has(text.Russian, string(code)+".do") {
			t.Errorf("%s has no words", code)
		}
	}
}

// A page that is left while the database works is no fault of the portal: nothing is logged as one, and the figures tell it apart.
func TestClientGoesAway(t *testing.T) {
	s, log := fixture(t, func(c *Config) {
		c.Checks = fakeChecks{err: errors.New("pq: canceling statement due to user request (57014)")}
	})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/checks/state", nil)
	r.Header.Set("Cookie", signedIn)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != statusClientGone || strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("%d\n%s", w.Code, log)
	}
	if w := ask(s, http.MethodGet, "/checks/state", "", "Cookie", signedIn); w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("with the client there: %d\n%s", w.Code, log)
	}
}
