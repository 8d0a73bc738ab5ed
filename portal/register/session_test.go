// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"strings"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/session"
)

// Sessions are begun by registration and sign-in, so their life is tested here.
func TestSessionLife(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	check := func() error {
		_, err := h.sessions.Check(t.Context(), in.Token)
		return err
	}
	again := func() { in = h.signedIn(t) }
	t.Run("idle", func(t *testing.T) {
		h.advance(session.Idle - time.Second)
		if err := check(); err != nil {
			t.Fatal(err)
		}
		h.advance(session.Idle - time.Second) // the last use was noted
		if err := check(); err != nil {
			t.Fatal(err)
		}
		h.advance(session.Idle)
		wantCode(t, check(), session.None)
	})
	t.Run("looking is no use", func(t *testing.T) {
		again()
		for range 2 {
			h.advance(session.Idle/2 + time.Second)
			_, err := h.sessions.Look(t.Context(), in.Token)
			if want := h.clock().Sub(in.Session.Created) < session.Idle; (err == nil) != want {
				t.Errorf("after %v: %v", h.clock().Sub(in.Session.Created), err)
			}
		}
	})
	t.Run("total", func(t *testing.T) {
		again()
		for began := h.clock(); h.clock().Before(began.Add(session.Total)); h.advance(10 * time.Minute) {
			if err := check(); err != nil {
				t.Fatalf("after %v: %v", h.clock().Sub(began), err)
			}
		}
		wantCode(t, check(), session.None)
	})
	t.Run("sign-out", func(t *testing.T) {
		again()
		for range 2 { // the second time there is nothing to end
			if err := h.sessions.SignOut(t.Context(), in.Token, here); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, check(), session.None)
		events, err := h.store.Events(t.Context(), in.Session.Account.ID, 1)
		if err != nil || len(events) != 1 || events[0].Kind != account.EventSignedOut {
			t.Errorf("events = %+v, %v", events, err)
		}
	})
	t.Run("tokens of nobody", func(t *testing.T) {
		for _, token := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 1<<16), in.Token + "A", in.Token[:42] + "!"} {
			if _, err := h.sessions.Check(t.Context(), token); fault.CodeOf(err) != session.None {
				t.Errorf("Check(%.50q) error = %v", token, err)
			}
			if err := h.sessions.SignOut(t.Context(), token, here); err != nil {
				t.Errorf("SignOut(%.50q) error = %v", token, err)
			}
		}
	})
}

func (h *harness) signedIn(t *testing.T) register.SignedIn {
	t.Helper()
	in, err := h.SignIn(t.Context(), signIn("+79001234567", goodPassword))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	one := h.registered(t, byPhone("+79001234567"))
	h.advance(time.Second)
	elsewhere := signIn("+79001234567", goodPassword)
	elsewhere.Client = account.Client{Address: "198.51.100.7", Device: strings.Repeat("d", 500)}
	two, err := h.SignIn(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	foreign := h.registered(t, byEmail("boris@example.org"))
	id := one.Session.Account.ID

	list, err := h.sessions.List(t.Context(), id)
	if err != nil || len(list) != 2 || list[0].ID != two.Session.ID || list[1].ID != one.Session.ID {
		t.Fatalf("list = %+v, %v", list, err)
	}
	if list[0].Client.Address != "198.51.100.7" || len(list[0].Client.Device) != 200 || list[1].Client != here {
		t.Errorf("clients = %+v", list)
	}
	for _, sid := range []string{foreign.Session.ID, "x", "", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"} {
		if err := h.sessions.EndOther(t.Context(), id, sid, here); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("EndOther(%q) error = %v", sid, err)
		}
	}
	if _, err := h.sessions.Check(t.Context(), foreign.Token); err != nil {
		t.Errorf("another account's session was ended: %v", err)
	}
	if err := h.sessions.EndOther(t.Context(), id, two.Session.ID, here); err != nil {
		t.Fatal(err)
	}
	_, err = h.sessions.Check(t.Context(), two.Token)
	wantCode(t, err, session.None)
	if _, err := h.sessions.Check(t.Context(), one.Token); err != nil {
		t.Error(err)
	}
	if events, err := h.store.Events(t.Context(), id, 1); err != nil || events[0].Kind != account.EventSessionEnded {
		t.Errorf("events = %+v, %v", events, err)
	}
}

func TestSessionCheckIsOneStatement(t *testing.T) {
	h := start(t, loose(), instant{})
	h.deliver(t)
	in := h.registered(t, byPhone("+79001234567"))
	check := func(t *testing.T, ctx counted) {
		if _, err := h.sessions.Check(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
	}
	if n := countSQL(t, check); n != 1 {
		t.Errorf("%d statements", n)
	}
	h.advance(2 * time.Minute)
	if n := countSQL(t, check); n != 2 {
		t.Errorf("%d statements when the last use is noted", n)
	}
	if n := countSQL(t, check); n != 1 {
		t.Errorf("%d statements right after", n)
	}
}
