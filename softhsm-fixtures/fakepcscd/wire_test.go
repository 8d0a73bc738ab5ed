// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/fakepcscd"
)

// wire speaks the protocol by itself, byte for byte as it is documented in
// pcsc-lite's winscard_msg.h: the library is no witness for what it never sends.
type wire struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("unix", place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, conn}
}

func words(v ...uint32) []byte {
	var b []byte
	for _, w := range v {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return b
}

func (w *wire) send(c fakepcscd.Command, message []byte, payload ...byte) {
	w.t.Helper()
	b := append(words(uint32(len(message)), uint32(c)), message...)
	if _, err := w.conn.Write(append(b, payload...)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) receive(n int) []byte {
	w.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(w.conn, b); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *wire) wantWords(want ...uint32) {
	w.t.Helper()
	if got := w.receive(4 * len(want)); string(got) != string(words(want...)) {
		w.t.Errorf("got %X, want %X", got, words(want...))
	}
}

func (w *wire) wantDropped() {
	w.t.Helper()
	if n, err := w.conn.Read(make([]byte, 1)); n != 0 || err == nil {
		w.t.Error("the client is not dropped")
	}
}

func TestWire(t *testing.T) {
	connectTo := func(context, share, protocols uint32) []byte {
		name := make([]byte, 128)
		copy(name, "A")
		return append(append(words(context), name...), words(share, protocols, 0, 0, 0)...)
	}
	for _, c := range []struct {
		name string
		o    fakepcscd.Options
		run  func(w *wire, d *fakepcscd.Daemon, a *fakepcscd.Reader)
	}{
		{"version", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.Version, words(4, 4, 0))
			w.wantWords(4, 4, 0)
		}},
		{"another version is refused", fakepcscd.Options{Major: 4, Minor: 5}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.Version, words(4, 4, 0))
			w.wantWords(4, 5, fakepcscd.RVServiceStopped)
		}},
		{"another version is accepted", fakepcscd.Options{Major: 4, Minor: 5, AnyVersion: true}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.Version, words(4, 4, 0))
			w.wantWords(4, 5, 0)
		}},
		{"reader events of 4:5", fakepcscd.Options{Major: 4, Minor: 5}, func(w *wire, d *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.GetReaderEvents, nil)
			w.wantWords(1, 0)
			d.Plug(reader("B"))
			w.send(fakepcscd.GetReaderEvents, nil)
			w.wantWords(2, 0)
		}},
		{"no reader events in 4:4", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.GetReaderEvents, nil)
			w.wantDropped()
		}},
		{"an unknown command", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(0x77, nil)
			w.wantDropped()
		}},
		{"a message of the wrong length", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.Version, words(4, 4))
			w.wantDropped()
		}},
		{"a message without end", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			if _, err := w.conn.Write(words(1<<31, uint32(fakepcscd.Version))); err != nil {
				w.t.Fatal(err)
			}
			w.wantDropped()
		}},
		{"the table of readers", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			a.Insert(newToy())
			w.send(fakepcscd.GetReadersState, nil)
			b := w.receive(16 * 184)
			if got := string(b[:3]); got != "A\x00\x00" {
				w.t.Errorf("name %q", got)
			}
			if got := words(1, 0x34, 0); string(b[128:140]) != string(got) {
				w.t.Errorf("counter, state, sharing %X", b[128:140])
			}
			if got := b[140:184]; string(got[:4]) != "\x3B\x80\x01\x81" || string(got[36:]) != string(words(4, fakepcscd.T1)) {
				w.t.Errorf("ATR %X", got)
			}
		}},
		{"one message for each wait: an event", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			w.send(fakepcscd.WaitStateChange, nil)
			w.receive(16 * 184)
			a.Insert(newToy())
			w.wantWords(0, 0)
			a.Remove()
			w.send(fakepcscd.StopWaiting, nil)
			w.send(fakepcscd.Version, words(4, 4, 0))
			w.wantWords(4, 4, 0)
		}},
		{"one message for each wait: stopped", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			w.send(fakepcscd.WaitStateChange, nil)
			w.receive(16 * 184)
			w.send(fakepcscd.StopWaiting, nil)
			w.wantWords(0, 0)
			a.Insert(newToy())
			w.send(fakepcscd.Version, words(4, 4, 0))
			w.wantWords(4, 4, 0)
		}},
		{"one message for each wait: cancelled", fakepcscd.Options{}, func(w *wire, d *fakepcscd.Daemon, _ *fakepcscd.Reader) {
			w.send(fakepcscd.EstablishContext, words(2, 0, 0))
			w.wantWords(2, 1, 0)
			w.send(fakepcscd.WaitStateChange, nil)
			w.receive(16 * 184)
			if d.Waiting() != 1 {
				w.t.Errorf("%d wait", d.Waiting())
			}
			other := dial(w.t)
			other.send(fakepcscd.Cancel, words(1, 0))
			other.wantWords(1, 0)
			w.wantWords(0, fakepcscd.RVCancelled)
			other.send(fakepcscd.Cancel, words(1, 0))
			other.wantWords(1, fakepcscd.RVInvalidHandle)
		}},
		{"connect, reconnect, disconnect", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			toy := newToy()
			a.Insert(toy)
			w.send(fakepcscd.Connect, connectTo(1, 2, 3))
			b := w.receive(152)
			if got := b[132:]; string(got) != string(words(2, 3, 1, fakepcscd.T1, 0)) {
				w.t.Fatalf("%X", got)
			}
			w.send(fakepcscd.Reconnect, words(1, 2, 3, 1, 0, 0))
			w.wantWords(1, 2, 3, 1, fakepcscd.T1, 0)
			w.send(fakepcscd.Disconnect, words(1, 1, 0))
			w.wantWords(1, 1, 0)
			if _, _, resets := toy.seen(); resets != 2 {
				w.t.Errorf("%d resets", resets)
			}
			w.send(fakepcscd.Status, words(1, 0))
			w.wantDropped()
		}},
		{"exclusive", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			a.Insert(newToy())
			w.send(fakepcscd.Connect, connectTo(1, 1, 3))
			w.receive(152)
			other := dial(w.t)
			other.send(fakepcscd.Connect, connectTo(2, 2, 3))
			if got := other.receive(152)[148:]; string(got) != string(words(fakepcscd.RVSharingViolation)) {
				w.t.Errorf("%X", got)
			}
			_ = w.conn.Close()
		}},
		{"a transaction ends with its client, by a reset", fakepcscd.Options{}, func(w *wire, d *fakepcscd.Daemon, a *fakepcscd.Reader) {
			toy := newToy()
			a.Insert(toy)
			w.send(fakepcscd.Connect, connectTo(1, 2, 3))
			w.receive(152)
			w.send(fakepcscd.BeginTransaction, words(1, 0))
			w.wantWords(1, 0)
			other := dial(w.t)
			other.send(fakepcscd.Connect, connectTo(2, 2, 3))
			other.receive(152)
			other.send(fakepcscd.BeginTransaction, words(2, 0))
			other.wantWords(2, fakepcscd.RVSharingViolation)
			_ = w.conn.Close()
			for d.Clients() > 1 {
				other.send(fakepcscd.Version, words(4, 4, 0))
				other.wantWords(4, 4, 0)
			}
			for rv := uint32(fakepcscd.RVSharingViolation); rv == fakepcscd.RVSharingViolation; {
				other.send(fakepcscd.BeginTransaction, words(2, 0))
				rv = binary.NativeEndian.Uint32(other.receive(8)[4:])
				if rv != fakepcscd.RVSharingViolation && rv != fakepcscd.RVResetCard {
					w.t.Errorf("%X", rv)
				}
			}
			if _, _, resets := toy.seen(); resets != 1 {
				w.t.Errorf("%d resets", resets)
			}
		}},
		{"attributes", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			a.Insert(newToy())
			w.send(fakepcscd.Connect, connectTo(1, 2, 3))
			w.receive(152)
			for _, want := range []struct {
				command        fakepcscd.Command
				id, length, rv uint32
			}{{fakepcscd.GetAttrib, 0x10100, 5, 0}, {fakepcscd.GetAttrib, 7, 0, fakepcscd.RVUnsupportedFeature}, {fakepcscd.SetAttrib, 0x10100, 0, fakepcscd.RVUnsupportedFeature}} {
				w.send(want.command, append(append(words(1, want.id), make([]byte, 264)...), words(0, 0)...))
				if got := w.receive(280)[272:]; string(got) != string(words(want.length, want.rv)) {
					w.t.Errorf("%X", got)
				}
			}
		}},
		{"an answer longer than the client's room", fakepcscd.Options{}, func(w *wire, _ *fakepcscd.Daemon, a *fakepcscd.Reader) {
			a.Insert(newToy())
			w.send(fakepcscd.Connect, connectTo(1, 2, 3))
			w.receive(152)
			w.send(fakepcscd.Transmit, words(1, 2, 16, 4, 0, 0, 1, 0), 0, 0xA4, 4, 0)
			if got := w.receive(32)[24:]; string(got) != string(words(2, fakepcscd.RVInsufficientBuffer)) {
				w.t.Errorf("%X", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Attribs: map[uint32][]byte{0x10100: []byte("Zaver")}})
			d := serve(t, c.o, a)
			c.run(dial(t), d, a)
		})
	}
}

func TestStartRefuses(t *testing.T) {
	d := serve(t, fakepcscd.Options{})
	if _, err := fakepcscd.Start(place, fakepcscd.Options{}); err == nil {
		t.Error("two daemons in one place")
	}
	if _, err := fakepcscd.Start(place+strings.Repeat("x", 200), fakepcscd.Options{}); err == nil {
		t.Error("a place that is too long")
	}
	if _, err := fakepcscd.Start(place+"2", fakepcscd.Options{}, make([]*fakepcscd.Reader, 17)...); err == nil {
		t.Error("seventeen readers")
	}
	d.Kill()
	d.Kill()
}
