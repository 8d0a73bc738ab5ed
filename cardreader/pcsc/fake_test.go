// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"path/filepath"
	"testing"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
)

// serve puts a fake daemon in place of the real one until the test ends.
func serve(t testing.TB, o fakepcscd.Options, readers ...*fakepcscd.Reader) *fakepcscd.Daemon {
	t.Helper()
	socket := filepath.Join(filepath.Dir(place), "fake")
	d, err := fakepcscd.Start(socket, o, readers...)
	if err != nil {
		t.Fatal(err)
	}
	if err := point(socket); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Thaw()
		d.Kill()
		if err := point(daemon.Socket()); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestFakeSmoke(t *testing.T) {
	r := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "Fake 00 00"})
	serve(t, fakepcscd.Options{}, r)
	w := watch(t)
	await(t, w, "a reader", func(s pcsc.Snapshot) bool { return len(s.Readers) == 1 })
	r.Insert(newCard(t))
	s := await(t, w, "a card", func(s pcsc.Snapshot) bool { return len(s.Readers) == 1 && s.Readers[0].Present })
	t.Logf("%+v", s)
	conn, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), "Fake 00 00")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%X", conn.ATR())
	b, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
	t.Logf("%X %v", b, err)
	conn.Close()
	r.Remove()
	await(t, w, "no card", func(s pcsc.Snapshot) bool { return len(s.Readers) == 1 && !s.Readers[0].Present })
}
