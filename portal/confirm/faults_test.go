// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

func code(err error) fault.Code { return fault.CodeOf(err) }
func hexOf(b []byte) string     { return hex.EncodeToString(b) }

// TestC1SameAnswer200TimesAtOnce: exactly one is judged.
func TestC1SameAnswer200TimesAtOnce(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	// The one that is judged waits until all others were answered: it is no chance.
	losers := make(chan struct{})
	r.checker.first(func(context.Context) error { <-losers; return nil })
	var wait, lost sync.WaitGroup
	lost.Add(199)
	results := make([]error, 200)
	for i := range results {
		wait.Go(func() {
			got, err := r.service.Respond(context.Background(), o.answer(der))
			results[i] = err
			if err != nil {
				lost.Done()
			} else if got.State != confirm.Confirmed {
				t.Errorf("judged to %+v", got)
			}
		})
	}
	lost.Wait()
	close(losers)
	wait.Wait()
	judged := 0
	for _, err := range results {
		switch {
		case err == nil:
			judged++
		case code(err) != confirm.CodeConflict || retryAfter(err) == 0:
			t.Errorf("loser got %v, to ask again after %v", err, retryAfter(err))
		}
	}
	if judged != 1 || r.checker.calls.Load() != 1 {
		t.Fatalf("%d answered, %d checked", judged, r.checker.calls.Load())
	}
	// Later the same answer is told the result, and nothing happens again.
	if got, err := r.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed || !got.Repeated {
		t.Errorf("later: %+v, %v", got, err)
	}
	if n := r.checker.calls.Load(); n != 1 {
		t.Errorf("%d checks", n)
	}
	if n := r.psql(t, "SELECT (SELECT count(*) FROM evidence), (SELECT count(*) FROM audit_records), (SELECT count(*) FROM notices WHERE template = 'notice.confirmed')"); n != "1|1|1" {
		t.Errorf("traces %s", n)
	}
}

func TestC1Tickets(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	started, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: method.Token})
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(request, ticket string) fault.Code {
		_, _, err := r.service.Fetch(t.Context(), request, ticket)
		return code(err)
	}
	other := strings.Repeat("A", len(started.Ticket))
	for name, got := range map[string]fault.Code{
		"wrong ticket":          fetch(started.Request, other),
		"short ticket":          fetch(started.Request, "x"),
		"no ticket":             fetch(started.Request, ""),
		"unknown request":       fetch(strings.Repeat("0", 32), started.Ticket),
		"request in upper case": fetch(strings.ToUpper(started.Request)+" ", started.Ticket),
		"no request":            fetch("", started.Ticket),
	} {
		if got != confirm.CodeUnknown {
			t.Errorf("%s: %s", name, got)
		}
	}
	// Of many at once with the right ticket one gets the statement.
	var wait sync.WaitGroup
	codes := make([]fault.Code, 20)
	for i := range codes {
		wait.Go(func() { codes[i] = fetch(started.Request, started.Ticket) })
	}
	wait.Wait()
	won := 0
	for _, c := range codes {
		if c == "" {
			won++
		} else if c != confirm.CodeTicketUsed {
			t.Errorf("loser got %s", c)
		}
	}
	if won != 1 {
		t.Fatalf("%d got the statement", won)
	}
	if c := fetch(started.Request, started.Ticket); c != confirm.CodeTicketUsed {
		t.Errorf("second use: %s", c)
	}
	late, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: method.Token})
	if err != nil {
		t.Fatal(err)
	}
	r.clock.forward(5 * time.Minute)
	if c := fetch(late.Request, late.Ticket); c != confirm.CodeExpired {
		t.Errorf("late: %s", c)
	}
	if c := fetch(started.Request, started.Ticket); c != confirm.CodeCancelled {
		t.Errorf("superseded: %s", c)
	}
}

func TestC1LateWrongAndForeignAnswers(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	respond := func(a confirm.Answer) fault.Code {
		_, err := r.service.Respond(t.Context(), a)
		return code(err)
	}
	wrong := o.answer(der)
	wrong.Submit = strings.Repeat("A", len(wrong.Submit))
	ticket := o.answer(der)
	ticket.Submit = o.Ticket
	for name, c := range map[string]struct {
		a    confirm.Answer
		want fault.Code
	}{
		"wrong token":     {wrong, confirm.CodeUnknown},
		"ticket as token": {ticket, confirm.CodeUnknown},
		"no token":        {confirm.Answer{Request: o.Request, DER: der}, confirm.CodeUnknown},
		"unknown request": {confirm.Answer{Request: strings.Repeat("0", 32), Submit: o.submit, DER: der}, confirm.CodeUnknown},
		"nothing":         {o.answer(nil), confirm.CodeTooLarge},
		"too much":        {o.answer(make([]byte, confirm.MaxResponse+1)), confirm.CodeTooLarge},
	} {
		if got := respond(c.a); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	r.clock.forward(5 * time.Minute)
	if got := respond(o.answer(der)); got != confirm.CodeExpired {
		t.Errorf("late, not swept: %s", got)
	}
	if st, err := r.service.Status(t.Context(), id, o.Request); err != nil || st.State != confirm.Expired {
		t.Errorf("status before the sweep: %+v, %v", st, err)
	}
	if n, err := r.service.Sweep(t.Context()); err != nil || n.Expired != 1 {
		t.Errorf("sweep: %+v, %v", n, err)
	}
	if got := respond(o.answer(der)); got != confirm.CodeExpired {
		t.Errorf("late, swept: %s", got)
	}
	if r.checker.calls.Load() != 0 || r.level(t, id) != account.Standard {
		t.Error("something was judged")
	}
}

func TestC1WhoMayStart(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxStarts = 3 })
	start := func(id account.ID, m method.ID) error {
		_, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: m})
		return err
	}
	if err := start(r.simplified(t, people.CardHolder()), method.Token); code(err) != confirm.CodeLevel {
		t.Errorf("simplified: %v", err)
	}
	id := r.account(t, people.TokenHolder())
	if err := start(id, "wish"); code(err) != confirm.CodeMethod {
		t.Errorf("method: %v", err)
	}
	if err := start("11111111-1111-4111-8111-111111111111", method.Token); code(err) != fault.NotFound {
		t.Errorf("nobody: %v", err)
	}
	for range 3 {
		if err := start(id, method.UEC); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(id, method.UEC); code(err) != confirm.CodeLimit {
		t.Errorf("fourth: %v", err)
	}
	r.clock.forward(time.Hour + time.Second)
	if err := start(id, method.UEC); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestC1OlderOnesAreCancelled(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxOpen = 2 })
	id := r.account(t, people.TokenHolder())
	var opened []open
	for range 3 {
		opened = append(opened, r.start(t, id, method.Token))
		r.clock.forward(time.Second)
	}
	for i, want := range []confirm.State{confirm.Cancelled, confirm.Issued, confirm.Issued} {
		if c := r.state(t, opened[i].Request); c.State != want {
			t.Errorf("confirmation %d is %s, want %s", i, c.State, want)
		}
	}
	if c := r.state(t, opened[0].Request); len(c.Codes) != 1 || c.Codes[0] != string(confirm.CodeSuperseded) {
		t.Errorf("codes %v", c.Codes)
	}
	// What is being checked is not cancelled: there is no room until it is judged.
	one := newRig(t, nil)
	id = one.account(t, people.TokenHolder())
	o := one.start(t, id, method.Token)
	der := one.sign(t, one.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
	one.checker.first(func(context.Context) error {
		_, err := one.service.Start(context.Background(), confirm.Request{Account: id, Method: method.Token})
		if code(err) != confirm.CodeBusy {
			t.Errorf("start during a check: %v", err)
		}
		return nil
	})
	if got, err := one.service.Respond(t.Context(), o.answer(der)); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestC1StartsAtOnceHoldTheBound(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxStarts = 8 })
	id := r.account(t, people.TokenHolder())
	var wait sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = r.service.Start(context.Background(), confirm.Request{Account: id, Method: method.Token})
		})
	}
	wait.Wait()
	ok := 0
	for _, err := range errs {
		if err == nil {
			ok++
		} else if code(err) != confirm.CodeLimit {
			t.Errorf("%v", err)
		}
	}
	if n := r.psql(t, "SELECT count(*) FILTER (WHERE state = 'issued'), count(*) FROM confirmations"); ok != 8 || n != "1|8" {
		t.Errorf("%d started, rows %s", ok, n)
	}
}

func TestC9Cancel(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	o := r.start(t, id, method.Token)
	if err := r.service.Cancel(t.Context(), o.Request, strings.Repeat("A", 43), "agent.declined"); code(err) != confirm.CodeUnknown {
		t.Errorf("foreign token: %v", err)
	}
	if err := r.service.Cancel(t.Context(), o.Request, o.submit, "agent.declined"); err != nil {
		t.Fatal(err)
	}
	st, err := r.service.Status(t.Context(), id, o.Request)
	if err != nil || st.State != confirm.Cancelled || st.Codes[0] != "agent.declined" {
		t.Fatalf("%+v, %v", st, err)
	}
	if err := r.service.Cancel(t.Context(), o.Request, o.submit, "agent.declined"); code(err) != confirm.CodeCancelled {
		t.Errorf("again: %v", err)
	}
	events, err := r.store.Events(t.Context(), id, 10)
	if err != nil || events[0].Kind != account.EventCancelled || events[0].Detail != "agent.declined" || events[1].Kind == account.EventCancelled {
		t.Errorf("E5: journal %+v, %v", events, err)
	}
	o = r.start(t, id, method.Token)
	if err := r.service.Cancel(t.Context(), o.Request, o.submit, "<script>"); err != nil {
		t.Fatal(err)
	}
	if c := r.state(t, o.Request); c.Codes[0] != string(confirm.CodeCancelled) {
		t.Errorf("free text was kept: %v", c.Codes)
	}
	o = r.start(t, id, method.Token)
	if err := r.service.Withdraw(t.Context(), "11111111-1111-4111-8111-111111111111", o.Request); code(err) != confirm.CodeUnknown {
		t.Errorf("another account: %v", err)
	}
	if _, err := r.service.Status(t.Context(), "11111111-1111-4111-8111-111111111111", o.Request); code(err) != confirm.CodeUnknown {
		t.Errorf("status for another account: %v", err)
	}
	if err := r.service.Withdraw(t.Context(), id, o.Request); err != nil {
		t.Fatal(err)
	}
	if _, err := r.service.Respond(t.Context(), o.answer([]byte("x"))); code(err) != confirm.CodeCancelled {
		t.Errorf("answer after it: %v", err)
	}
}

// TestC1Races lets an answer, a cancellation, a newer start and the sweeper at
// the end of the statement's life run at once: one wins, and nothing contradicts it.
func TestC1Races(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxStarts = 1000 })
	key := r.identity(t, pki.Order{Person: people.TokenHolder()})
	id := r.account(t, people.TokenHolder())
	seen := map[confirm.State]int{}
	for round := range 25 {
		o := r.start(t, id, method.Token)
		der := r.sign(t, key, o.statement)
		var wait sync.WaitGroup
		var result confirm.Result
		var respondErr, cancelErr error
		wait.Go(func() { result, respondErr = r.service.Respond(context.Background(), o.answer(der)) })
		wait.Go(func() { cancelErr = r.service.Cancel(context.Background(), o.Request, o.submit, "agent.declined") })
		if round%3 == 0 {
			wait.Go(func() {
				_, _ = r.service.Start(context.Background(), confirm.Request{Account: id, Method: method.UEC}) // may win or lose
			})
		}
		if round%5 == 0 {
			r.clock.forward(5 * time.Minute)
			wait.Go(func() {
				if _, err := r.service.Sweep(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		c := r.state(t, o.Request)
		seen[c.State]++
		switch c.State {
		case confirm.Confirmed:
			if respondErr != nil || result.State != confirm.Confirmed || cancelErr == nil || r.level(t, id) != account.Confirmed {
				t.Fatalf("round %d: confirmed, but %v, %v", round, respondErr, cancelErr)
			}
			r.psql(t, "UPDATE accounts SET level = 'standard'")
		case confirm.Cancelled, confirm.Expired, confirm.Issued:
			if respondErr == nil || r.level(t, id) != account.Standard {
				t.Fatalf("round %d: %s, but the answer got %+v", round, c.State, result)
			}
			if (c.State == confirm.Cancelled && c.Codes[0] == "agent.declined") != (cancelErr == nil) {
				t.Fatalf("round %d: %s %v, but cancel got %v", round, c.State, c.Codes, cancelErr)
			}
		default:
			t.Fatalf("round %d: %s", round, c.State)
		}
	}
	t.Logf("ended as %v", seen)
	if _, err := r.keeper.Prove(t.Context(), "x", r.clock.now()); err != nil {
		t.Error(err)
	}
}

func TestC9Watch(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	started, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: method.Token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.service.Watch(t.Context(), "11111111-1111-4111-8111-111111111111", started.Request); code(err) != confirm.CodeUnknown {
		t.Errorf("another account: %v", err)
	}
	ch, err := r.service.Watch(t.Context(), id, started.Request)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	next := func(until func(confirm.Status) bool) {
		t.Helper()
		deadline := time.After(time.Minute)
		for {
			select {
			case st, ok := <-ch:
				if !ok {
					t.Fatalf("closed after %v", told)
				}
				told = append(told, string(st.State))
				if until(st) {
					return
				}
			case <-deadline:
				t.Fatalf("nothing came after %v", told)
			}
		}
	}
	next(func(s confirm.Status) bool {
		return s.State == confirm.Issued && !s.Fetched && s.ControlCode == started.ControlCode
	})
	o := open{Started: started}
	if o.statement, o.submit, err = r.service.Fetch(t.Context(), started.Request, started.Ticket); err != nil {
		t.Fatal(err)
	}
	next(func(s confirm.Status) bool { return s.Fetched })
	checking := make(chan struct{})
	r.checker.first(func(context.Context) error { <-checking; return nil })
	var wait sync.WaitGroup
	wait.Go(func() {
		der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
		if _, err := r.service.Respond(context.Background(), o.answer(der)); err != nil {
			t.Error(err)
		}
	})
	next(func(s confirm.Status) bool { return s.State == confirm.Checking })
	close(checking)
	next(func(s confirm.Status) bool { return s.State == confirm.Confirmed })
	wait.Wait()
	if _, ok := <-ch; ok {
		t.Error("the channel stays open after the end")
	}
}

func retryAfter(err error) time.Duration {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return 0
	}
	return f.RetryAfter
}

// TestC1LostAnswerIsToldAgain: who sends the same bytes once more is told what
// became of them; other bytes, or another token, learn nothing.
func TestC1LostAnswerIsToldAgain(t *testing.T) {
	r := newRig(t, nil)
	p := people.TokenHolder()
	id := r.account(t, p)
	o := r.start(t, id, method.Token)
	stale := r.identity(t, pki.Order{Person: p, Variant: pki.Expired})
	bad := r.sign(t, stale, o.statement)
	first, err := r.service.Respond(t.Context(), o.answer(bad))
	if err != nil || first.State != confirm.Refused || first.Repeated {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := r.service.Respond(t.Context(), o.answer(bad))
	if err != nil || again.State != first.State || !slices.Equal(again.Codes, first.Codes) || !again.Repeated {
		t.Errorf("told %+v first, then %+v, %v", first, again, err)
	}
	good := r.sign(t, r.identity(t, pki.Order{Person: p}), o.statement)
	if _, err := r.service.Respond(t.Context(), o.answer(good)); code(err) != confirm.CodeConflict || retryAfter(err) != 0 {
		t.Errorf("other bytes: %v", err)
	}
	stranger := o.answer(bad)
	stranger.Submit = strings.Repeat("A", len(o.submit))
	if _, err := r.service.Respond(t.Context(), stranger); code(err) != confirm.CodeUnknown {
		t.Errorf("another token: %v", err)
	}
	if err := r.service.Cancel(t.Context(), o.Request, o.submit, "agent.declined"); code(err) != confirm.CodeConflict {
		t.Errorf("cancelled afterwards: %v", err)
	}
	if n := r.psql(t, "SELECT (SELECT count(*) FROM evidence), (SELECT count(*) FROM audit_records)"); n != "1|1" {
		t.Errorf("traces %s", n)
	}
	if l := r.level(t, id); l != account.Standard {
		t.Errorf("level %v", l)
	}
}
