// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
)

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot)
	}{
		{"insert and remove", func(_ *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.Insert(newToy())
			see("A+")
			a.Remove()
			see("A-")
		}},
		{"quick re-insert", func(t *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.Insert(newToy())
			first := see("A+").Readers[0].Events
			a.Remove()
			a.Insert(newToy())
			for s := see("A+"); s.Readers[0].Events != first+2; s = see("A+") {
			}
		}},
		{"a card exchanged for another", func(t *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.Insert(newToy())
			see("A+")
			other := newToy()
			other.atr = []byte{0x3B, 0x00}
			a.Insert(other)
			for s := see("A+"); !slices.Equal(s.Readers[0].ATR, other.atr); s = see("A+") {
			}
		}},
		{"a mute card", func(t *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.InsertMute()
			if s := see("A!"); s.Readers[0].ATR != nil {
				t.Errorf("%+v", s)
			}
			_, err := service().Connect(t.Context(), "A")
			wantCode(t, err, "card.protocol")
			a.Remove()
			see("A-")
		}},
		{"a mute card turned over", func(_ *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.InsertMute()
			see("A!")
			a.Insert(newToy())
			see("A+")
		}},
		{"a reader plugged in", func(_ *testing.T, d *fakepcscd.Daemon, _ *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			d.Plug(reader("B"))
			see("A- B-")
		}},
		{"a reader plugged in with its card", func(_ *testing.T, d *fakepcscd.Daemon, _ *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			b := reader("B")
			b.Insert(newToy())
			d.Plug(b)
			see("A- B+")
		}},
		{"a reader unplugged with its card", func(_ *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.Insert(newToy())
			see("A+")
			d.Unplug(a)
			see("")
			d.Plug(a)
			see("A+")
		}},
		{"one reader for another", func(_ *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			d.Unplug(a)
			d.Plug(reader("C"))
			see("C-")
		}},
		{"sixteen readers", func(t *testing.T, d *fakepcscd.Daemon, _ *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			want := []string{"A-"}
			var last *fakepcscd.Reader
			for i := 1; i < fakepcscd.MaxReaders; i++ {
				last = reader(fmt.Sprintf("R%d", i))
				d.Plug(last)
				want = append(want, last.Name()+"-")
			}
			see(strings.Join(want, " "))
			if d.Plug(reader("too many")) {
				t.Error("a seventeenth reader")
			}
			last.Insert(newToy())
			want[15] = "R15+"
			see(strings.Join(want, " "))
			d.Unplug(last)
			see(strings.Join(want[:15], " "))
			d.Plug(last)
			see(strings.Join(want, " "))
		}},
		{"names that are long or alike", func(_ *testing.T, d *fakepcscd.Daemon, _ *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			long, cyrillic := strings.Repeat("x", 127), "Считыватель [№1] 00 00"
			for _, name := range []string{long, cyrillic, "A 00 00", "A 00 01"} {
				d.Plug(reader(name))
			}
			see("A- " + long + "- " + cyrillic + "- A 00 00- A 00 01-")
		}},
		{"another program resets the card", func(t *testing.T, _ *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			a.Insert(newToy())
			see("A+")
			conn := connect(t, service(), "A")
			a.Reset()
			unlock := lock(t, conn)
			if b, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0}); err != nil || len(b) != 2 {
				t.Errorf("%X, %v", b, err)
			}
			if err := unlock(false); err != nil {
				t.Error(err)
			}
		}},
		{"the service frozen and thawed", func(_ *testing.T, d *fakepcscd.Daemon, a *fakepcscd.Reader, see func(string) pcsc.Snapshot) {
			d.Freeze()
			a.Insert(newToy())
			d.Thaw()
			see("A+")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			snapshots := watch(t, service())
			see := func(want string) pcsc.Snapshot { return await(t, snapshots, want, holds(want)) }
			see("A-")
			c.run(t, d, a, see)
		})
	}
}

func TestContactless(t *testing.T) {
	for name, c := range map[string]struct {
		atr  string
		want bool
	}{
		"contactless, no history":    {"3B 80 80 01 01", true},
		"contactless with history":   {"3B 8C 80 01 59 75 62 69 6B 65 79 4E 45 4F 72 33 58", true},
		"contactless storage card":   {"3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 01 00 00 00 00 6A", true},
		"contacts, T=1":              {"3B 89 01 5A 41 56 45 52 2D 55 45 43 AC", false},
		"contacts, T=0":              {"3B 00", false},
		"wrong length":               {"3B 8C 80 01 59", false},
		"inverse convention":         {"3F 80 80 01 01", false},
		"more than one kind of T=15": {"3B 90 80 01 01", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, toy := reader("A"), newToy()
			toy.atr = unhex(c.atr)
			serve(t, fakepcscd.Options{}, a)
			a.Insert(toy)
			s := await(t, watch(t, service()), "a card", holds("A+"))
			if r := s.Readers[0]; r.Contactless != c.want || !slices.Equal(r.ATR, toy.atr) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestDaemons: the service goes, comes back as another, speaks another version.
func TestDaemons(t *testing.T) {
	a := reader("A")
	a.Insert(newToy())
	s := service()
	snapshots := watch(t, s)
	await(t, snapshots, "no service", holds("no service"))
	for _, c := range []struct {
		name string
		o    fakepcscd.Options
		dies func(*fakepcscd.Daemon)
		want string
	}{
		{"4:4", fakepcscd.Options{}, (*fakepcscd.Daemon).Kill, "A+"},
		{"killed, its socket left behind", fakepcscd.Options{}, (*fakepcscd.Daemon).Abandon, "A+"},
		{"4:5 that accepts others", fakepcscd.Options{Major: 4, Minor: 5, AnyVersion: true}, (*fakepcscd.Daemon).Kill, "A+"},
		{"4:3 that refuses others", fakepcscd.Options{Major: 4, Minor: 3}, (*fakepcscd.Daemon).Kill, "no service"},
		{"4:5 that refuses others", fakepcscd.Options{Major: 4, Minor: 5}, (*fakepcscd.Daemon).Kill, "no service"},
		{"5:0 that refuses others", fakepcscd.Options{Major: 5, Minor: 0}, (*fakepcscd.Daemon).Kill, "no service"},
		{"4:4 again", fakepcscd.Options{}, (*fakepcscd.Daemon).Kill, "A+"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := fakepcscd.RemoveSocket(place); err != nil {
				t.Fatal(err)
			}
			d := serve(t, c.o, a)
			began := time.Now()
			if c.want == "no service" {
				_, err := s.Connect(t.Context(), "A")
				wantCode(t, err, "card.no_service")
			} else {
				await(t, snapshots, "the service", holds(c.want))
				if late := time.Since(began); late > time.Second {
					t.Errorf("seen after %s", late)
				}
				connect(t, s, "A").Close()
			}
			c.dies(d)
			if c.want != "no service" {
				await(t, snapshots, "no service", holds("no service"))
			}
		})
	}
}

// TestRefused: what the daemon says no to has its reason.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		command fakepcscd.Command
		rv      uint32
		want    string
	}{
		{"no right to the service", fakepcscd.EstablishContext, fakepcscd.RVSecurityViolation, "card.no_access"},
		{"no right to the card", fakepcscd.Connect, fakepcscd.RVSecurityViolation, "card.no_access"},
		{"the service stops", fakepcscd.EstablishContext, fakepcscd.RVServiceStopped, "card.no_service"},
		{"the reader is gone", fakepcscd.Connect, fakepcscd.RVReaderUnavailable, "card.no_reader"},
		{"an unknown reader", fakepcscd.Connect, fakepcscd.RVUnknownReader, "card.no_reader"},
		{"no card", fakepcscd.Connect, fakepcscd.RVNoSmartcard, "card.none"},
		{"a card without power", fakepcscd.Connect, fakepcscd.RVUnpoweredCard, "card.protocol"},
		{"a card that does not answer", fakepcscd.Connect, fakepcscd.RVUnresponsiveCard, "card.protocol"},
		{"another protocol", fakepcscd.Connect, fakepcscd.RVProtoMismatch, "card.unsupported"},
		{"held by another", fakepcscd.Connect, fakepcscd.RVSharingViolation, "card.busy"},
		{"pulled before the first question", fakepcscd.Status, fakepcscd.RVRemovedCard, "card.removed"},
		{"unplugged before the first question", fakepcscd.Status, fakepcscd.RVReaderUnavailable, "card.no_reader"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			d.Inject(fakepcscd.Fault{Command: c.command, RV: c.rv})
			_, err := service().Connect(t.Context(), "A")
			wantCode(t, err, c.want)
			connect(t, service(), "A") // the next goes well
		})
	}
}

// TestCutAnywhere breaks the connection after each number of bytes of each
// answer: nobody hangs, everybody learns why, and the next one gets through.
func TestCutAnywhere(t *testing.T) {
	for _, c := range []struct {
		name    string
		command fakepcscd.Command
		at      []int
		want    []string
	}{
		{"version", fakepcscd.Version, []int{0, 1, 4, 11}, []string{"card.no_service"}},
		{"context", fakepcscd.EstablishContext, []int{0, 3, 8, 11}, []string{"card.no_service"}},
		{"connect", fakepcscd.Connect, []int{0, 1, 4, 132, 151}, []string{"card.no_service"}},
		{"states", fakepcscd.GetReadersState, []int{0, 1, 128, 184, 2943}, []string{"card.no_service"}},
		{"status", fakepcscd.Status, []int{0, 4, 7}, []string{"card.no_service"}},
		{"begin", fakepcscd.BeginTransaction, []int{0, 4, 7}, []string{"card.no_service"}},
		{"transmit", fakepcscd.Transmit, []int{0, 1, 31, 32, 33}, []string{"card.no_service"}},
		{"features", fakepcscd.Control, []int{0, 1, 23, 24, 30}, []string{"card.no_service"}},
		{"end", fakepcscd.EndTransaction, []int{0, 4, 11}, []string{"card.no_service"}},
	} {
		for _, at := range c.at {
			t.Run(fmt.Sprintf("%s after %d bytes", c.name, at), func(t *testing.T) {
				a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Pad: fakepcscd.NewPad(fakepcscd.PadOptions{})})
				d := serve(t, fakepcscd.Options{}, a)
				a.Insert(newToy())
				a.Pad().Person(fakepcscd.Press{Digits: "1234"}, fakepcscd.Press{Digits: "1234"})
				d.Inject(fakepcscd.Fault{Command: c.command, Cut: true, At: at})
				s := service()
				if got := code(session(t.Context(), s)); !slices.Contains(c.want, got) {
					t.Errorf("%q, want one of %q", got, c.want)
				}
				if err := session(t.Context(), s); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

// session is what the agent does with a card and a keypad.
func session(ctx context.Context, s *pcsc.Service) error {
	conn, err := s.Connect(ctx, "A")
	if err != nil {
		return err
	}
	defer conn.Close()
	unlock, err := conn.Lock(ctx)
	if err != nil {
		return err
	}
	if _, err = conn.Transmit(ctx, []byte{0, 0xA4, 4, 0}); err == nil {
		_, err = conn.VerifyOnPad(ctx, verifyEntry())
	}
	if unlockErr := unlock(true); err == nil {
		err = unlockErr
	}
	return err
}

// TestPulledAnywhere pulls the card before and after each command of a session.
func TestPulledAnywhere(t *testing.T) {
	for _, command := range []fakepcscd.Command{
		fakepcscd.Connect, fakepcscd.Status, fakepcscd.BeginTransaction, fakepcscd.Transmit, fakepcscd.Control, fakepcscd.EndTransaction,
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("command %02X after %t", uint32(command), after), func(t *testing.T) {
				a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Pad: fakepcscd.NewPad(fakepcscd.PadOptions{})})
				d := serve(t, fakepcscd.Options{}, a)
				a.Insert(newToy())
				a.Pad().Person(fakepcscd.Press{Digits: "1234"}, fakepcscd.Press{Digits: "1234"})
				fault := fakepcscd.Fault{Command: command, Before: a.Remove}
				want := []string{"card.removed"}
				if after {
					fault = fakepcscd.Fault{Command: command, After: a.Remove}
				}
				switch {
				case command == fakepcscd.Connect && !after:
					want = []string{"card.none"}
				case command == fakepcscd.EndTransaction && after:
					want = []string{""} // all was done
				}
				d.Inject(fault)
				if got := code(session(t.Context(), service())); !slices.Contains(want, got) {
					t.Errorf("%q, want one of %q", got, want)
				}
				a.Insert(newToy())
				if err := session(t.Context(), service()); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

// TestHangs: a daemon that stops answering costs a caller no more than the
// deadline, and the process no more than a bounded number of threads.
func TestHangs(t *testing.T) {
	for _, command := range []fakepcscd.Command{
		fakepcscd.Version, fakepcscd.EstablishContext, fakepcscd.Connect, fakepcscd.GetReadersState, fakepcscd.Status,
		fakepcscd.BeginTransaction, fakepcscd.Transmit, fakepcscd.Control,
	} {
		t.Run(fmt.Sprintf("command %02X", uint32(command)), func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			d.Inject(fakepcscd.Fault{Command: command, Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := session(ctx, service())
			if took := time.Since(began); took > patience/2 {
				t.Errorf("%s", took)
			}
			if got := code(err); got != "card.busy" && got != "card.protocol" && got != "card.pad_failed" {
				t.Errorf("%q (%v)", got, err)
			}
		})
	}
	t.Run("many callers", func(t *testing.T) {
		a := reader("A")
		d := serve(t, fakepcscd.Options{}, a)
		a.Insert(newToy())
		before := runtime.NumGoroutine()
		d.Freeze()
		s := service()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 100 {
			_, err := s.Connect(ctx, "A")
			wantCode(t, err, "card.busy")
			<-ctx.Done()
		}
		for range 100 {
			quick, stop := context.WithCancel(t.Context())
			s.Watch(quick)
			stop()
		}
		d.Thaw()
		d.Kill()
		look := time.NewTicker(time.Millisecond)
		defer look.Stop()
		late := time.After(patience)
		for runtime.NumGoroutine() > before {
			select {
			case <-look.C:
			case <-late:
				t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
			}
		}
	})
}

// TestWatchEndsWhileFrozen: the channel closes although the library hangs.
func TestWatchEndsWhileFrozen(t *testing.T) {
	a := reader("A")
	d := serve(t, fakepcscd.Options{}, a)
	ctx, cancel := context.WithCancel(t.Context())
	snapshots := service().Watch(ctx)
	await(t, snapshots, "a reader", holds("A-"))
	d.Freeze()
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
}

func TestBusy(t *testing.T) {
	t.Run("for itself", func(t *testing.T) {
		a := reader("A")
		serve(t, fakepcscd.Options{}, a)
		a.Insert(newToy())
		a.Hold(true)
		_, err := service().Connect(t.Context(), "A")
		wantCode(t, err, "card.busy")
		a.LetGo()
		connect(t, service(), "A")
	})
	t.Run("in a transaction", func(t *testing.T) {
		a := reader("A")
		serve(t, fakepcscd.Options{}, a)
		a.Insert(newToy())
		a.Hold(false)
		conn := connect(t, service(), "A")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := conn.Lock(ctx)
		wantCode(t, err, "card.busy")
		a.LetGo()
		lock(t, connect(t, service(), "A"))
	})
	t.Run("let go in time", func(t *testing.T) {
		a := reader("A")
		d := serve(t, fakepcscd.Options{}, a)
		a.Insert(newToy())
		a.Hold(false)
		d.Inject(fakepcscd.Fault{Command: fakepcscd.BeginTransaction, Skip: 1, Before: a.LetGo})
		lock(t, connect(t, service(), "A"))
	})
}
