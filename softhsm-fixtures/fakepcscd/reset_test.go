// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"context"
	"testing"
	"time"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
)

// TestResetThatFailed: a transaction that should end with a reset and could not end must not leave a verified PIN to the next program:
// the card is reset when the connection closes.
func TestResetThatFailed(t *testing.T) {
	for _, c := range []struct {
		name  string
		reset bool
		fault fakepcscd.Fault
		want  int // resets
	}{
		{"a reset that goes well", true, fakepcscd.Fault{Command: fakepcscd.GetAttrib}, 1},
		{"a reset that fails", true, fakepcscd.Fault{Command: fakepcscd.EndTransaction, RV: fakepcscd.RVInvalidValue}, 1},
		{"no reset wanted", false, fakepcscd.Fault{Command: fakepcscd.EndTransaction, RV: fakepcscd.RVInvalidValue}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, v := reader("A"), newToy()
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(v)
			conn, err := service().Connect(t.Context(), "A")
			if err != nil {
				t.Fatal(err)
			}
			unlock, err := conn.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v.mu.Lock()
			before := v.resets
			v.mu.Unlock()
			d.Inject(c.fault)
			if err := unlock(c.reset); (err != nil) != (c.fault.RV != 0) {
				t.Errorf("the end of the transaction: %v", err)
			}
			conn.Close()
			v.mu.Lock()
			defer v.mu.Unlock()
			if got := v.resets - before; got != c.want {
				t.Errorf("%d resets, want %d", got, c.want)
			}
		})
	}
}

// TestGivenUpLock: who waited in vain for a card that another program holds has done nothing to it, and takes nothing from that program: no reset, no
// transaction left open.
func TestGivenUpLock(t *testing.T) {
	a, v := reader("A"), newToy()
	d := serve(t, fakepcscd.Options{}, a)
	a.Insert(v)
	connect := func() (lock func(context.Context) (func(bool) error, error), done func()) {
		conn, err := service().Connect(t.Context(), "A")
		if err != nil {
			t.Fatal(err)
		}
		return conn.Lock, conn.Close
	}
	hold, leave := connect()
	unlock, err := hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, before := v.seen()
	wait, giveUp := connect()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = wait(ctx)
	wantCode(t, err, "card.busy")
	giveUp()
	if err := unlock(false); err != nil {
		t.Error(err)
	}
	// Only now does the library return to who gave up.
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for d.Count(fakepcscd.Disconnect) == 0 {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the connection that was given up stays")
		}
	}
	if unlock, err = hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := unlock(false); err != nil {
		t.Error(err)
	}
	leave()
	if _, _, resets := v.seen(); resets != before {
		t.Errorf("the card was reset %d times under the other program", resets-before)
	}
}

// TestResetInTransaction: whoever resets the card while our transaction begins, or is open, does not make it last for ever: the service ends no
// transaction of a connection that has taken no note of the reset, and counts the next one on top.
func TestResetInTransaction(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, *fakepcscd.Daemon, *fakepcscd.Reader, *pcsc.Conn) func(bool) error{
		"as it begins": func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader, c *pcsc.Conn) func(bool) error {
			d.Inject(fakepcscd.Fault{Command: fakepcscd.BeginTransaction, After: a.Reset})
			return lock(t, c)
		},
		"while it is open": func(t *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, c *pcsc.Conn) func(bool) error {
			unlock := lock(t, c)
			a.Reset()
			return unlock
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			s := service()
			ours, other := connect(t, s, "A"), connect(t, s, "A")
			unlock := begin(t, d, a, ours)
			if err := unlock(true); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if unlock, err := other.Lock(ctx); err != nil {
				t.Errorf("nobody else reaches the card: %v", err)
			} else if err := unlock(false); err != nil {
				t.Error(err)
			}
		})
	}
}
