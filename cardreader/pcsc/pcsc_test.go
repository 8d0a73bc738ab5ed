// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/readers/soak"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// daemon is the private pcscd of this test binary: the library reads the
// address of the service once per process. Tests against a daemon that lies
// are in softhsm-fixtures/fakepcscd.
var daemon *readers.Daemon

// slots are its readers; each remembers when its last card came out.
var slots [readers.Slots]*vpcd.Slot

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	d, err := readers.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	daemon = d
	for i := range slots {
		slots[i] = vpcd.NewSlot(d.Slot(i))
	}
	defer func() { _ = d.Close() }()
	if err := os.Setenv(readers.SocketVariable, d.Socket()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// patience bounds every wait for an event; pcscd asks the virtual reader only
// every 400 ms.
const patience = time.Minute

func newCard(t testing.TB) *uec.Card {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := uec.New(uec.Config{
		Key: key, PIN1: "1234", PIN2: "123456", KRP: "87654321", Holder: uec.Holder{SNILS: "11223344595"},
		First: time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), Last: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// slot returns the virtual reader i, emptied at the end of the test.
func slot(t testing.TB, i int) *vpcd.Slot {
	t.Helper()
	t.Cleanup(slots[i].Remove)
	return slots[i]
}

func insert(t testing.TB, s *vpcd.Slot, c vpcd.Card) {
	t.Helper()
	if err := s.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// watch starts a watch that ends with the test.
func watch(t testing.TB) <-chan pcsc.Snapshot {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	snapshots := pcsc.New(pcsc.Config{}).Watch(ctx)
	t.Cleanup(func() {
		cancel()
		late := time.After(patience)
		for {
			select {
			case _, open := <-snapshots:
				if !open {
					return
				}
			case <-late:
				t.Fatal("the watch does not end")
			}
		}
	})
	return snapshots
}

// await receives snapshots until one is as wanted.
func await(t testing.TB, snapshots <-chan pcsc.Snapshot, what string, ok func(pcsc.Snapshot) bool) pcsc.Snapshot {
	t.Helper()
	late := time.After(patience)
	var last pcsc.Snapshot
	for {
		select {
		case s, open := <-snapshots:
			if !open {
				t.Fatalf("%s: the watch ended", what)
			}
			if last = s; ok(s) {
				return s
			}
		case <-late:
			t.Fatalf("%s: not within %s; last seen %+v", what, patience, last)
		}
	}
}

func present(i int) func(pcsc.Snapshot) bool {
	return func(s pcsc.Snapshot) bool { return reader(s, i).Present }
}

func absent(i int) func(pcsc.Snapshot) bool {
	return func(s pcsc.Snapshot) bool { r := reader(s, i); return r.Name != "" && !r.Present }
}

func reader(s pcsc.Snapshot, i int) pcsc.Reader {
	for _, r := range s.Readers {
		if r.Name == daemon.Reader(i) {
			return r
		}
	}
	return pcsc.Reader{}
}

func wantReason(t *testing.T, err error, reason card.Reason) {
	t.Helper()
	var e *card.Error
	if !errors.As(err, &e) || e.Reason != reason {
		t.Errorf("error %v, want %s", err, reason)
	}
}

func TestInsertRemoveReinsert(t *testing.T) {
	snapshots, s, c := watch(t), slot(t, 0), newCard(t)
	first := await(t, snapshots, "two empty readers", func(s pcsc.Snapshot) bool { return absent(0)(s) && absent(1)(s) })
	if first.Err != nil || len(first.Readers) != readers.Slots {
		t.Fatalf("%+v", first)
	}
	insert(t, s, c)
	in := await(t, snapshots, "a card", present(0))
	if r := reader(in, 0); !slices.Equal(r.ATR, uec.ATR()) || r.Mute {
		t.Errorf("%+v", r)
	}
	if reader(in, 1).Present {
		t.Error("the card is in both readers")
	}
	s.Remove()
	out := await(t, snapshots, "no card", absent(0))
	if reader(out, 0).ATR != nil {
		t.Error("an empty reader has an ATR")
	}
	insert(t, s, c)
	again := await(t, snapshots, "the card again", present(0))
	if reader(again, 0).Events == reader(in, 0).Events {
		t.Error("two insertions look the same")
	}
}

func TestTwoReaders(t *testing.T) {
	snapshots := watch(t)
	slots := []*vpcd.Slot{slot(t, 0), slot(t, 1)}
	await(t, snapshots, "two empty readers", func(s pcsc.Snapshot) bool { return absent(0)(s) && absent(1)(s) })
	for _, s := range slots {
		insert(t, s, newCard(t))
	}
	await(t, snapshots, "two cards", func(s pcsc.Snapshot) bool { return present(0)(s) && present(1)(s) })
	service := pcsc.New(pcsc.Config{})
	for i := range slots {
		conn, err := service.Connect(t.Context(), daemon.Reader(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, conn, conn.ATR()); err != nil {
			t.Errorf("reader %d: %v", i, err)
		}
		conn.Close()
	}
	slots[0].Remove()
	await(t, snapshots, "one card", func(s pcsc.Snapshot) bool { return absent(0)(s) && present(1)(s) })
}

// TestDaemonDiesAndComesBack kills pcscd under a watch.
func TestDaemonDiesAndComesBack(t *testing.T) {
	snapshots, s, c := watch(t), slot(t, 0), newCard(t)
	await(t, snapshots, "an empty reader", absent(0))
	insert(t, s, c)
	await(t, snapshots, "a card", present(0))
	conn := connect(t, 0)
	files := openFiles(t)
	for range 3 {
		if err := daemon.Kill(); err != nil {
			t.Fatal(err)
		}
		down := await(t, snapshots, "no service", func(s pcsc.Snapshot) bool { return s.Err != nil })
		wantReason(t, down.Err, card.NoService)
		if len(down.Readers) != 0 {
			t.Errorf("readers without a service: %+v", down)
		}
		_, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
		wantReason(t, err, card.NoService)
		_, err = pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(0))
		wantReason(t, err, card.NoService)
		conn.Close()
		<-s.Out()
		if err := daemon.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, snapshots, "the readers again", func(s pcsc.Snapshot) bool { return s.Err == nil && absent(0)(s) && absent(1)(s) })
		insert(t, s, c)
		await(t, snapshots, "a card again", present(0))
		conn = connect(t, 0)
	}
	conn.Close()
	if now := settled(files, func() int { return openFiles(t) }); now > files {
		t.Errorf("%d open files before, %d after three deaths", files, now)
	}
}

// TestWatchEnds: nothing is left running, with and without a service.
func TestWatchEnds(t *testing.T) {
	service := pcsc.New(pcsc.Config{})
	cycle := func() {
		ctx, cancel := context.WithCancel(t.Context())
		snapshots := service.Watch(ctx)
		<-snapshots
		cancel()
		for range snapshots {
		}
	}
	cycle()
	before, files := runtime.NumGoroutine(), openFiles(t)
	for range 50 {
		cycle()
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range service.Watch(cancelled) {
	}
	if now := settled(before, runtime.NumGoroutine); now > before {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
	if now := settled(files, func() int { return openFiles(t) }); now > files {
		t.Errorf("%d open files before, %d after", files, now)
	}
	if err := daemon.Kill(); err != nil {
		t.Fatal(err)
	}
	cycle()
	if err := daemon.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := settled(before, runtime.NumGoroutine); now > before {
		t.Errorf("%d goroutines before, %d after a watch without a service", before, now)
	}
}

// settled counts until no more are there than wanted, for what has ended goes a little later; what was left behind stays.
func settled(want int, count func() int) int {
	look, late := time.NewTicker(5*time.Millisecond), time.After(patience/2)
	defer look.Stop()
	for {
		if n := count(); n <= want {
			return n
		}
		select {
		case <-look.C:
		case <-late:
			return count()
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestManyWatches: watches do not free each other's names in the binding.
func TestManyWatches(t *testing.T) {
	s, c := slot(t, 0), newCard(t)
	var all []<-chan pcsc.Snapshot
	for range 8 {
		all = append(all, watch(t))
	}
	await(t, all[0], "an empty reader", absent(0))
	for range 2 {
		insert(t, s, c)
		for _, snapshots := range all {
			await(t, snapshots, "a card", present(0))
		}
		runtime.GC()
		s.Remove()
		for _, snapshots := range all {
			await(t, snapshots, "no card", absent(0))
		}
	}
}

// TestSlowReceiver: who does not listen finds the newest state.
func TestSlowReceiver(t *testing.T) {
	slow, fast, s, c := watch(t), watch(t), slot(t, 0), newCard(t)
	await(t, fast, "an empty reader", absent(0))
	insert(t, s, c)
	await(t, fast, "a card", present(0))
	s.Remove()
	await(t, fast, "no card", absent(0))
	insert(t, s, c)
	await(t, fast, "a card", present(0))
	await(t, slow, "the last state", present(0))
	select {
	case got := <-slow:
		t.Errorf("more came: %+v", got)
	default:
	}
}

// TestSoak is the short form of the long run in softhsm-fixtures/readers/soak.
func TestSoak(t *testing.T) {
	f, err := soak.Run(t.Context(), soak.Real(daemon, slot(t, 0)), soak.Plan{Cycles: 3, Restarts: 6, Warm: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("listed %s, recovered %s", f.Listed, f.Recovered)
	if got := soak.Quantile(f.Recovered, 1); got > time.Second {
		t.Errorf("recovered after %s", got)
	}
	if f.After.Goroutines > f.Before.Goroutines || f.After.Files > f.Before.Files {
		t.Errorf("goroutines or files grow: %+v, %+v", f.Before, f.After)
	}
}

// TestSuspended: a card that comes while the service stands still, as it does
// in a machine that sleeps, is seen when it goes on.
func TestSuspended(t *testing.T) {
	snapshots, s, c := watch(t), slot(t, 0), newCard(t)
	await(t, snapshots, "an empty reader", absent(0))
	if err := daemon.Freeze(); err != nil {
		t.Fatal(err)
	}
	insert(t, s, c)
	if err := daemon.Thaw(); err != nil {
		t.Fatal(err)
	}
	await(t, snapshots, "the card", present(0))
}

// TestUnplugged: a service without readers is no failure.
func TestUnplugged(t *testing.T) {
	snapshots := watch(t)
	await(t, snapshots, "an empty reader", absent(0))
	if err := daemon.Unplug(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, snapshots, "no reader", func(s pcsc.Snapshot) bool { return s.Err == nil && len(s.Readers) == 0 })
	_, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(0))
	wantReason(t, err, card.NoReader)
	if err := daemon.Plug(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, snapshots, "the readers", func(s pcsc.Snapshot) bool { return absent(0)(s) && absent(1)(s) })
}

// TestNoPad: the virtual reader has no keypad, and says so.
func TestNoPad(t *testing.T) {
	_, _, conn := inserted(t)
	if got := conn.Pad(t.Context()); got != (card.PadState{}) {
		t.Errorf("%+v", got)
	}
	_, err := conn.VerifyOnPad(t.Context(), card.PadEntry{Command: make([]byte, 13), Max: 4})
	wantReason(t, err, card.PadFailed)
}
