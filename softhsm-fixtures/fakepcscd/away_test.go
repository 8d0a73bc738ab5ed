// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"slices"
	"testing"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
)

// TestTurnedAway: a service that hangs up on its users before a word, as pcscd does where the rules
// forbid it, is there all the same; and who may use it later is told.
func TestTurnedAway(t *testing.T) {
	a := reader("A")
	s := service()
	snapshots := watch(t, s)
	await(t, snapshots, "no service", holds("no service"))
	d := serve(t, fakepcscd.Options{Respond: func(fakepcscd.Command, []byte) []byte { return nil }}, a)
	await(t, snapshots, "no access", func(s pcsc.Snapshot) bool { return code(s.Err) == "card.no_access" })
	for range 20 { // the library says it or does not, as chance will have it
		_, err := s.Connect(t.Context(), "A")
		wantCode(t, err, "card.no_access")
	}
	d.Kill()
	await(t, snapshots, "no service", func(s pcsc.Snapshot) bool { return code(s.Err) == "card.no_service" })
	serve(t, fakepcscd.Options{}, a)
	await(t, snapshots, "the reader", holds("A-"))
}

// TestSuspended: a machine sleeps, and so does its service, while a transaction is open, a command is under
// way, or nothing is; what was changed meanwhile is told when it wakes.
func TestSuspended(t *testing.T) {
	other := newToy()
	other.atr = []byte{0x3B, 0x00}
	for _, c := range []struct {
		name    string
		asleep  func(d *fakepcscd.Daemon, a *fakepcscd.Reader)
		want    string // what is there then
		atr     []byte
		code    string // of the next command, empty when it goes well
		changes bool
	}{
		{"nothing changed", func(*fakepcscd.Daemon, *fakepcscd.Reader) {}, "A+", newToy().ATR(), "", false},
		{"the card was taken out", func(_ *fakepcscd.Daemon, a *fakepcscd.Reader) { a.Remove() }, "A-", nil, "card.removed", true},
		{"the card was exchanged", func(_ *fakepcscd.Daemon, a *fakepcscd.Reader) { a.Insert(other) }, "A+", other.atr, "card.removed", true},
		{"the card was reset", func(_ *fakepcscd.Daemon, a *fakepcscd.Reader) { a.Reset() }, "A+", newToy().ATR(), "card.busy", false},
		{"the reader was unplugged", func(d *fakepcscd.Daemon, a *fakepcscd.Reader) { d.Unplug(a) }, "", nil, "card.no_reader", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			s := service()
			snapshots := watch(t, s)
			await(t, snapshots, "the card", holds("A+"))
			conn := connect(t, s, "A")
			unlock := lock(t, conn)
			d.Freeze()
			c.asleep(d, a)
			d.Thaw()
			_, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
			if got := code(err); got != c.code {
				t.Errorf("%q, want %q: %v", got, c.code, err)
			}
			_ = unlock(true)
			// The watch that slept along tells what changed, a new one the same, and a new connection finds it.
			right := func(s pcsc.Snapshot) bool {
				return held(s) == c.want && (c.want == "" || slices.Equal(s.Readers[0].ATR, c.atr))
			}
			if c.changes {
				await(t, snapshots, c.want, right)
			}
			await(t, watch(t, s), c.want, right)
			again, err := s.Connect(t.Context(), "A")
			if err == nil {
				defer again.Close()
			}
			if want := map[string]string{"A+": "", "A-": "card.none", "": "card.no_reader"}[c.want]; code(err) != want {
				t.Errorf("connected anew: %q, want %q", code(err), want)
			}
		})
	}
}

// TestGoneInTransaction: the reader or the daemon goes while a transaction is open. The connection says what went, letting
// go of it harms nobody, and the same Service works with what comes next.
func TestGoneInTransaction(t *testing.T) {
	for _, c := range []struct {
		name string
		// gone takes it away and puts something in its place.
		gone func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) (back func())
		code string
	}{
		{"the reader, plugged in again", func(_ *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) func() {
			d.Unplug(a)
			return func() { d.Plug(a) }
		}, "card.no_reader"},
		{"the reader, another of its name", func(_ *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) func() {
			d.Unplug(a)
			return func() {
				other := reader("A")
				other.Insert(newToy())
				d.Plug(other)
			}
		}, "card.no_reader"},
		{"the daemon, in good order", func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) func() {
			d.Kill()
			return func() { serve(t, fakepcscd.Options{}, a) }
		}, "card.no_service"},
		{"the daemon, by a crash", func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) func() {
			d.Abandon()
			return func() {
				if err := fakepcscd.RemoveSocket(place); err != nil {
					t.Fatal(err)
				}
				serve(t, fakepcscd.Options{}, a)
			}
		}, "card.no_service"},
		{"the daemon, for a newer one", func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader) func() {
			d.Kill()
			return func() { serve(t, fakepcscd.Options{Major: 4, Minor: 6, AnyVersion: true}, a) }
		}, "card.no_service"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			s := service()
			snapshots := watch(t, s)
			await(t, snapshots, "the card", holds("A+"))
			conn := connect(t, s, "A")
			unlock := lock(t, conn)
			back := c.gone(t, d, a)
			_, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
			wantCode(t, err, c.code)
			_ = unlock(true)
			back()
			await(t, watch(t, s), "the card again", holds("A+"))
			again := connect(t, s, "A")
			let := lock(t, again)
			if b, err := again.Transmit(t.Context(), []byte{0, 0xA4, 4, 0}); err != nil || len(b) != 2 {
				t.Errorf("%X, %v", b, err)
			}
			if err := let(true); err != nil {
				t.Error(err)
			}
		})
	}
}
