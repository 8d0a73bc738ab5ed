// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/pgtest"
)

func signIn(login, password string) register.SignIn {
	return register.SignIn{Login: login, Password: password, Client: here}
}

func TestSignIn_E1(t *testing.T) {
	h := start(t, loose(), newHasher(t))
	h.deliver(t)
	h.registered(t, byPhone("+79001234567"))
	h.registered(t, byEmail("anna@example.org"))
	for _, login := range []string{"+7 900 123-45-67", "89001234567", "9001234567", " ANNA@example.org "} {
		t.Run(login, func(t *testing.T) {
			in, err := h.SignIn(t.Context(), signIn(login, goodPassword))
			if err != nil {
				t.Fatal(err)
			}
			s, err := h.sessions.Check(t.Context(), in.Token)
			if err != nil || s.Account.Name.Surname != "Иванова" || s.Account != in.Session.Account {
				t.Errorf("session = %+v, %v", s, err)
			}
			events, err := h.store.Events(t.Context(), s.Account.ID, 1)
			if err != nil || len(events) != 1 || events[0].Kind != account.EventSignedIn {
				t.Errorf("events = %+v, %v", events, err)
			}
		})
	}
}

func TestWrongSignInLooksLikeNoAccount_A6(t *testing.T) {
	h := start(t, loose(), newHasher(t))
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	_, wrong := h.SignIn(t.Context(), signIn("+79001234567", "wrong"))
	_, nobody := h.SignIn(t.Context(), signIn("+79007654321", "wrong"))
	_, odd := h.SignIn(t.Context(), signIn("'; DROP TABLE", strings.Repeat("x", 5000)))
	for _, err := range []error{wrong, nobody, odd} {
		wantCode(t, err, register.WrongSignIn)
		if err.Error() != wrong.Error() {
			t.Errorf("answers differ: %v and %v", err, wrong)
		}
	}
	events, err := h.store.Events(t.Context(), in.Session.Account.ID, 10)
	if err != nil || len(events) != 2 || events[0].Kind != account.EventSignInFailed {
		t.Errorf("events = %+v, %v", events, err)
	}
	known := countSQL(t, func(t *testing.T, c counted) { _, _ = h.SignIn(c, signIn("+79001234567", "wrong")) })
	unknown := countSQL(t, func(t *testing.T, c counted) { _, _ = h.SignIn(c, signIn("+79007654321", "wrong")) })
	if known != unknown {
		t.Errorf("a wrong password costs %d statements, an unknown account %d", known, unknown)
	}
}

// The hash is most of the time of an answer: it must be made for an unknown
// account too. What counts is what this process computes: other work on the
// machine is not in it.
func TestUnknownAccountTakesAsLong_A6(t *testing.T) {
	h := start(t, loose(), newHasher(t))
	h.deliver(t)
	h.registered(t, byPhone("+79001234567"))
	took := func(login string) time.Duration {
		began := cpu()
		_, err := h.SignIn(t.Context(), signIn(login, "wrong password"))
		wantCode(t, err, register.WrongSignIn)
		return cpu() - began
	}
	known, unknown := time.Hour, time.Hour
	for range 7 {
		known, unknown = min(known, took("+79001234567")), min(unknown, took("+79007654321"))
	}
	if ratio := float64(known) / float64(unknown); ratio < 0.5 || ratio > 2 {
		t.Errorf("known account %v, unknown %v", known, unknown)
	}
}

func TestSignInBySNILS_E1(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	_, err := h.SignIn(t.Context(), signIn("112-233-445 95", goodPassword))
	wantCode(t, err, register.WrongSignIn) // nobody's yet
	checked(t, h, in.Session.Account.ID, "11223344595")
	for _, login := range []string{"112-233-445 95", "11223344595"} {
		got, err := h.SignIn(t.Context(), signIn(login, goodPassword))
		if err != nil || got.Session.Account.ID != in.Session.Account.ID || got.Session.Account.Level != account.Standard {
			t.Errorf("sign in by %q = %+v, %v", login, got.Session, err)
		}
	}
}

func TestTwoHundredSignIns(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	h.registered(t, byPhone("+79001234567"))
	const n = 200
	var (
		wg     sync.WaitGroup
		errs   = make([]error, n)
		tokens = make([]string, n)
	)
	for i := range n {
		wg.Go(func() {
			in, err := h.SignIn(t.Context(), signIn("+79001234567", goodPassword))
			tokens[i], errs[i] = in.Token, err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, token := range tokens {
		if _, err := h.sessions.Check(t.Context(), token); err != nil || seen[token] {
			t.Fatalf("token seen before %v, error %v", seen[token], err)
		}
		seen[token] = true
	}
}

func TestSignInLimits_A7(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	h.deliver(t)
	owner := h.registered(t, byPhone("+79001234567"))
	stranger := func(i int) register.SignIn {
		in := signIn("+79001234567", "guess")
		in.Client.Address = fmt.Sprintf("198.51.100.%d", i)
		return in
	}
	t.Run("a pair", func(t *testing.T) {
		for range 5 {
			_, err := h.SignIn(t.Context(), stranger(1))
			wantCode(t, err, register.WrongSignIn)
		}
		_, err := h.SignIn(t.Context(), stranger(1))
		wantCode(t, err, fault.Limited)
		if e := faultOf(t, err); e.RetryAfter != time.Minute {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		in, err := h.SignIn(t.Context(), signIn("+79001234567", goodPassword))
		if err != nil || in.Token == "" {
			t.Errorf("the owner elsewhere: %v", err)
		}
	})
	t.Run("many addresses", func(t *testing.T) {
		limited := false
		for i := 2; i < 100 && !limited; i++ {
			_, err := h.SignIn(t.Context(), stranger(i))
			limited = fault.CodeOf(err) == fault.Limited
		}
		if !limited {
			t.Fatal("guessing from a hundred addresses is not limited")
		}
		known := signIn("+79001234567", goodPassword)
		known.Device = owner.Device
		if _, err := h.SignIn(t.Context(), known); err != nil {
			t.Errorf("the owner's own browser is locked out: %v", err)
		}
		forged := signIn("+79001234567", goodPassword)
		forged.Device, forged.Client.Address = owner.Device[:len(owner.Device)-4]+"AAAA", "203.0.113.9"
		_, err := h.SignIn(t.Context(), forged)
		wantCode(t, err, fault.Limited)
	})
	t.Run("an address", func(t *testing.T) {
		h.advance(time.Hour)
		limited := false
		for i := range 30 {
			in := signIn(fmt.Sprintf("+7900000%04d", i), "guess")
			_, err := h.SignIn(t.Context(), in)
			limited = limited || fault.CodeOf(err) == fault.Limited
		}
		if !limited {
			t.Error("one address guesses at many accounts without end")
		}
	})
}

// One IPv6 subscriber has 2^64 addresses: they count as one.
func TestAddressesOfOneNetworkCountAsOne_A7(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	limited := false
	for i := range 8 {
		in := signIn("+79001234567", "guess")
		in.Client.Address = fmt.Sprintf("2001:db8::%d", i+1)
		_, err := h.SignIn(t.Context(), in)
		limited = limited || fault.CodeOf(err) == fault.Limited
	}
	if !limited {
		t.Error("guessing from many addresses of one network is not limited")
	}
	limited = false
	for i := range 5 {
		in := byPhone("+79001234567")
		in.Client.Address = fmt.Sprintf("2001:db8::%d", i+1)
		_, err := h.Start(t.Context(), in)
		limited = limited || fault.CodeOf(err) == fault.Limited
	}
	if !limited {
		t.Error("messages asked for from many addresses of one network are not limited")
	}
}

// Tries at the phone must not stop a try at the SNILS: that would tell a
// stranger that one account has both.
func TestLimitsDoNotLinkLogins_A6(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	checked(t, h, in.Session.Account.ID, "11223344595")
	for range 5 {
		_, err := h.SignIn(t.Context(), signIn("+79001234567", "guess"))
		wantCode(t, err, register.WrongSignIn)
	}
	_, err := h.SignIn(t.Context(), signIn("+79001234567", "guess"))
	wantCode(t, err, fault.Limited)
	_, err = h.SignIn(t.Context(), signIn("112-233-445 95", "guess"))
	wantCode(t, err, register.WrongSignIn)
}

func TestRightPasswordClearsThePair(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	h.deliver(t)
	h.registered(t, byPhone("+79001234567"))
	for range 4 { // 16 tries from one address, with the right password each fourth
		for range 3 {
			_, err := h.SignIn(t.Context(), signIn("+79001234567", "guess"))
			wantCode(t, err, register.WrongSignIn)
		}
		if _, err := h.SignIn(t.Context(), signIn("+79001234567", goodPassword)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseLogin(t *testing.T) {
	for _, c := range []struct {
		in   string
		want register.Login
	}{
		{"+79001234567", register.Login{Phone: "+79001234567"}},
		{"8 (900) 123 45 67", register.Login{Phone: "+79001234567"}},
		{"Anna@Example.ORG", register.Login{Email: "anna@example.org"}},
		{"112-233-445 95", register.Login{SNILS: "11223344595"}},
		{"11223344594", register.Login{}},
		{"89000000135", register.Login{Phone: "+79000000135", SNILS: both(t, "89000000135")}},
		{"", register.Login{}},
		{strings.Repeat("9", 1000), register.Login{}},
	} {
		if got, _ := register.ParseLogin(c.in); cmp.Diff(c.want, got) != "" {
			t.Errorf("ParseLogin(%q) = %+v, want %+v", c.in, got, c.want)
		}
	}
}

// both returns the digits as a SNILS when they are one as well.
func both(t *testing.T, digits string) ident.SNILS {
	t.Helper()
	s, err := ident.ParseSNILS(digits)
	if err != nil {
		return ""
	}
	return s
}

func TestNothingReadableAtRest(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	h.registered(t, byEmail("anna@example.org"))
	checked(t, h, in.Session.Account.ID, "11223344595")
	if _, err := h.Start(t.Context(), byPhone("+79001234567")); err != nil {
		t.Fatal(err)
	}
	dump := strings.ToLower(pgtest.Dump(t, h.dsn))
	if !strings.Contains(dump, string(in.Session.Account.ID)) {
		t.Fatal("the dump does not hold the account: this test sees nothing")
	}
	for _, secret := range []string{
		"Иванова", "Анна", "9001234567", "anna@example.org", "example.org", "11223344595", "112-233-445", "192.0.2.1", "Firefox",
		in.Token, in.Device,
	} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
			if strings.Contains(dump, strings.ToLower(form)) {
				t.Errorf("%q lies readable in the database", secret)
			}
		}
	}
}
