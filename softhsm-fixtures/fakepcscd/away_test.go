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
