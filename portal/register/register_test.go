// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/notice"
	"zaver/portal/password"
	"zaver/portal/register"
)

func TestRegisterByPhone_A1_A3_A4(t *testing.T) {
	h := start(t, register.DefaultLimits(), newHasher(t))
	h.deliver(t)
	w, err := h.Start(t.Context(), byPhone("8 (900) 123-45-67"))
	if err != nil {
		t.Fatal(err)
	}
	if w.Contact != "+7 900 ***-**-67" || w.State != register.Pending {
		t.Errorf("waiting = %+v", w)
	}
	sms := h.next(t)
	if sms.Channel != notice.SMS || sms.To != "+79001234567" || sms.Template != register.CodeNotice || len(sms.Args["Code"]) != 6 || sms.Args["Link"] != "" {
		t.Errorf("notice = %+v", sms)
	}
	next, err := h.Confirm(t.Context(), w.Handle, " "+sms.Args["Code"][:3]+" "+sms.Args["Code"][3:])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Find(t.Context(), w.Handle); fault.CodeOf(err) != register.Gone {
		t.Errorf("the old handle still opens the registration: %v", err)
	}
	in, err := h.SetPassword(t.Context(), next, goodPassword, goodPassword, here)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.sessions.Check(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if s.Account.Level != account.Simplified || s.Account.Phone != "+79001234567" || s.Account.Name.Surname != "Иванова" || s.ID != in.Session.ID {
		t.Errorf("session = %+v", s)
	}
	if s.Account != in.Session.Account {
		t.Errorf("account as written %+v differs from as read %+v", in.Session.Account, s.Account)
	}
	events, err := h.store.Events(t.Context(), s.Account.ID, 10)
	if err != nil || len(events) != 1 || events[0].Kind != account.EventRegistered || events[0].Client != here || !events[0].At.Equal(h.clock()) {
		t.Errorf("events = %+v, %v", events, err)
	}
	if _, err := h.SetPassword(t.Context(), next, goodPassword, goodPassword, here); fault.CodeOf(err) != register.Gone {
		t.Errorf("a finished registration goes on: %v", err)
	}
	dump := dumpOf(t, h)
	for _, d := range documents {
		if !strings.Contains(dump, "'"+d.Name+"', '"+d.Version+"'") {
			t.Errorf("consent to %s version %s is not recorded", d.Name, d.Version)
		}
	}
}

func TestRegisterByEmail_A2(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	h.deliver(t)
	t.Run("code", func(t *testing.T) {
		s := h.registered(t, byEmail("Anna@Example.org"))
		if s.Session.Account.Email != "anna@example.org" || s.Session.Account.Phone != "" {
			t.Errorf("account = %+v", s.Session.Account)
		}
	})
	t.Run("link", func(t *testing.T) {
		w, err := h.Start(t.Context(), byEmail("boris@example.org"))
		if err != nil {
			t.Fatal(err)
		}
		_, token, ok := strings.Cut(h.next(t).Args["Link"], "https://portal.example/register/link?token=")
		if !ok {
			t.Fatal("no link in the letter")
		}
		for range 2 { // a scanner that follows links uses nothing up
			if _, err := h.FindLink(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		next, err := h.ConfirmLink(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		// Who began the registration may not own the mailbox.
		_, err = h.SetPassword(t.Context(), w.Handle, goodPassword, goodPassword, here)
		wantCode(t, err, register.Gone)
		_, err = h.ConfirmLink(t.Context(), token)
		wantCode(t, err, register.BadLink)
		if _, err := h.SetPassword(t.Context(), next, goodPassword, goodPassword, here); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("late link", func(t *testing.T) {
		if _, err := h.Start(t.Context(), byEmail("vera@example.org")); err != nil {
			t.Fatal(err)
		}
		_, token, _ := strings.Cut(h.next(t).Args["Link"], "token=")
		h.advance(register.CodeLife)
		_, err := h.FindLink(t.Context(), token)
		wantCode(t, err, register.BadLink)
		_, err = h.ConfirmLink(t.Context(), token)
		wantCode(t, err, register.BadLink)
	})
}

func TestTakenContactLooksFree_A6(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	h.deliver(t)
	codes := tapped(h)
	owner := h.registered(t, byPhone("+79001234567"))
	stranger := byPhone("+79001234567")
	stranger.Client.Address = "198.51.100.7"
	free := byPhone("+79007654321")
	free.Client.Address = "198.51.100.8"

	wTaken, errTaken := h.Start(t.Context(), stranger)
	warning := h.next(t)
	wFree, errFree := h.Start(t.Context(), free)
	code := h.next(t)
	if errTaken != nil || errFree != nil {
		t.Fatal(errTaken, errFree)
	}
	if warning.Template != register.TakenNotice || warning.To != "+79001234567" || warning.Account != owner.Session.Account.ID || len(warning.Args) != 0 {
		t.Errorf("the holder's warning = %+v", warning)
	}
	if code.Template != register.CodeNotice {
		t.Errorf("free contact got %+v", code)
	}
	if wTaken.ResendAt != wFree.ResendAt || wTaken.CodeEnds != wFree.CodeEnds || wTaken.State != wFree.State || len(wTaken.Handle) != len(wFree.Handle) {
		t.Errorf("answers differ: %+v and %+v", wTaken, wFree)
	}
	for left := register.CodeTries - 1; left >= 0; left-- {
		_, errTaken := h.Confirm(t.Context(), wTaken.Handle, other(codes.codes[stranger.Phone]))
		_, errFree := h.Confirm(t.Context(), wFree.Handle, other(code.Args["Code"]))
		if errTaken == nil || errTaken.Error() != errFree.Error() {
			t.Fatalf("answers to a wrong code differ: %v and %v", errTaken, errFree)
		}
	}
	h.advance(register.ResendWait)
	if _, err := h.Resend(t.Context(), wTaken.Handle, stranger.Client); err != nil {
		t.Fatal(err)
	}
	if again := h.next(t); again.Template != register.TakenNotice {
		t.Errorf("a second message for a taken contact = %+v", again)
	}
	events, err := h.store.Events(t.Context(), owner.Session.Account.ID, 10)
	if err != nil || len(events) != 3 || events[0].Kind != account.EventContactTried || events[1].Client != stranger.Client {
		t.Errorf("the holder's journal = %+v, %v", events, err)
	}
}

func TestTakenCostsTheSame_A6(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	h.registered(t, byPhone("+79001234567"))
	taken, free := countStart(t, h, "+79001234567"), countStart(t, h, "+79007654321")
	if taken != free {
		t.Errorf("a taken contact costs %d statements, a free one %d", taken, free)
	}
}

func TestCodes_A7(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	w, err := h.Start(t.Context(), byPhone("+79001234567"))
	if err != nil {
		t.Fatal(err)
	}
	code := h.next(t).Args["Code"]
	t.Run("wrong code says how many are left", func(t *testing.T) {
		_, err := h.Confirm(t.Context(), w.Handle, other(code))
		wantCode(t, err, register.WrongCode)
		if e := faultOf(t, err); e.Args["Left"] != 4 || e.Field != "code" {
			t.Errorf("fault = %+v", e)
		}
	})
	t.Run("a slip costs no try", func(t *testing.T) {
		_, err := h.Confirm(t.Context(), w.Handle, "12345")
		wantCode(t, err, register.WrongCode)
		if e := faultOf(t, err); e.Args["Left"] != nil {
			t.Errorf("fault = %+v", e)
		}
	})
	t.Run("fifth wrong code spends it", func(t *testing.T) {
		for range 3 {
			_, err := h.Confirm(t.Context(), w.Handle, other(code))
			wantCode(t, err, register.WrongCode)
		}
		_, err := h.Confirm(t.Context(), w.Handle, other(code))
		wantCode(t, err, register.CodeSpent)
		_, err = h.Confirm(t.Context(), w.Handle, code)
		wantCode(t, err, register.CodeSpent)
	})
	t.Run("a new one only after a minute", func(t *testing.T) {
		_, err := h.Resend(t.Context(), w.Handle, here)
		wantCode(t, err, register.TooSoon)
		if e := faultOf(t, err); e.RetryAfter != register.ResendWait {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		h.advance(register.ResendWait)
		again, err := h.Resend(t.Context(), w.Handle, here)
		if err != nil || !again.CodeEnds.Equal(h.clock().Add(register.CodeLife)) {
			t.Fatalf("resend = %+v, %v", again, err)
		}
	})
	fresh := h.next(t).Args["Code"]
	t.Run("the old code is dead", func(t *testing.T) {
		if fresh == code {
			return // one time in a million
		}
		_, err := h.Confirm(t.Context(), w.Handle, code)
		wantCode(t, err, register.WrongCode)
	})
	t.Run("a late code", func(t *testing.T) {
		h.advance(register.CodeLife)
		_, err := h.Confirm(t.Context(), w.Handle, fresh)
		wantCode(t, err, register.CodeExpired)
	})
	t.Run("a registration of yesterday", func(t *testing.T) {
		h.advance(time.Hour)
		_, err := h.Confirm(t.Context(), w.Handle, fresh)
		wantCode(t, err, register.Gone)
		_, err = h.Find(t.Context(), "x")
		wantCode(t, err, register.Gone)
	})
}

func TestSendLimits_A7(t *testing.T) {
	h := start(t, register.DefaultLimits(), instant{})
	for range 3 {
		if _, err := h.Start(t.Context(), byPhone("+79001234567")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := h.Start(t.Context(), byPhone("+79001234567"))
	wantCode(t, err, fault.Limited)
	if e := faultOf(t, err); e.RetryAfter != time.Hour {
		t.Errorf("retry after %v", e.RetryAfter)
	}
	// Somebody else at the same number is not stopped by that, and the stopped
	// one has used up nothing of theirs.
	elsewhere := byPhone("+79001234567")
	elsewhere.Client.Address = "198.51.100.7"
	for range 3 {
		if _, err := h.Start(t.Context(), elsewhere); err != nil {
			t.Fatal(err)
		}
	}
	h.advance(time.Hour)
	if _, err := h.Start(t.Context(), byPhone("+79001234567")); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestPassword_A3(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	w, err := h.Start(t.Context(), byPhone("+79001234567"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.SetPassword(t.Context(), w.Handle, goodPassword, goodPassword, here)
	wantCode(t, err, register.Gone) // the code is not proven yet
	next, err := h.Confirm(t.Context(), w.Handle, h.next(t).Args["Code"])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, first, second string
		want                fault.Code
		field               string
	}{
		{"short", "аб1", "аб1", password.Short, "password"},
		{"leaked", "password1", "password1", password.Leaked, "password"},
		{"own name", "ивановаанна2026", "ивановаанна2026", password.OwnData, "password"},
		{"differs", goodPassword, goodPassword + "!", password.Differs, "repeat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := h.SetPassword(t.Context(), next, c.first, c.second, here)
			e := faultOf(t, err)
			if e.Code != c.want || e.Field != c.field {
				t.Errorf("fault = %+v, want %s at %s", e, c.want, c.field)
			}
		})
	}
	if _, err := h.SetPassword(t.Context(), next, goodPassword, goodPassword, here); err != nil {
		t.Error(err)
	}
}

func TestStartFields(t *testing.T) {
	h := start(t, loose(), instant{})
	for _, c := range []struct {
		name  string
		edit  func(*register.Start)
		field string
		want  fault.Code
	}{
		{"Latin surname", func(s *register.Start) { s.Surname = "Ivanova" }, "surname", account.BadName},
		{"no given name", func(s *register.Start) { s.Given = " " }, "given", account.Missing},
		{"not a mobile", func(s *register.Start) { s.Phone = "+78001234567" }, "phone", account.BadPhone},
		{"no e-mail", func(s *register.Start) { s.ByEmail, s.Email = true, "anna@" }, "email", account.BadEmail},
		{"old terms", func(s *register.Start) { s.Agreed = []register.Document{{Name: "terms", Version: "0"}} }, "agree", register.NoConsent},
		{"other kind", func(s *register.Start) { s.Kind = account.Organisation }, "kind", register.BadKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := byPhone("+79001234567")
			c.edit(&in)
			_, err := h.Start(t.Context(), in)
			list, ok := err.(fault.List) //nolint:errorlint // the list is the contract
			if !ok || len(list) != 1 || list[0].Field != c.field || list[0].Code != c.want {
				t.Errorf("faults = %v, want %s at %s", err, c.want, c.field)
			}
		})
	}
}

func TestTwoRegistrationsOfOnePhone_A6(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	const n = 8
	handles := make([]string, n)
	for i := range n {
		w, err := h.Start(t.Context(), byPhone("+79001234567"))
		if err != nil {
			t.Fatal(err)
		}
		if handles[i], err = h.Confirm(t.Context(), w.Handle, h.next(t).Args["Code"]); err != nil {
			t.Fatal(err)
		}
	}
	var (
		wg   sync.WaitGroup
		errs = make([]error, n)
	)
	for i := range n {
		wg.Go(func() { _, errs[i] = h.SetPassword(t.Context(), handles[i], goodPassword, goodPassword, here) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantCode(t, err, register.Taken)
		}
	}
	if won != 1 {
		t.Errorf("%d accounts for one phone", won)
	}
}

func TestOneCodeManyProofs_A7(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	w, err := h.Start(t.Context(), byPhone("+79001234567"))
	if err != nil {
		t.Fatal(err)
	}
	code := h.next(t).Args["Code"]
	var (
		wg    sync.WaitGroup
		right = make([]error, 20)
		spent = make([]error, 40)
	)
	for i := range right {
		wg.Go(func() { _, right[i] = h.Confirm(t.Context(), w.Handle, code) })
	}
	wg.Wait()
	if n := successes(right); n != 1 {
		t.Errorf("one code was taken %d times", n)
	}
	w, err = h.Start(t.Context(), byPhone("+79007654321"))
	if err != nil {
		t.Fatal(err)
	}
	code = h.next(t).Args["Code"]
	for i := range spent {
		wg.Go(func() { _, spent[i] = h.Confirm(t.Context(), w.Handle, other(code)) })
	}
	wg.Wait()
	_, err = h.Confirm(t.Context(), w.Handle, code)
	wantCode(t, err, register.CodeSpent)
}
