// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"testing"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/uec"
)

// locked is a connection with an open transaction.
func locked(t *testing.T) (*pcsc.Conn, func(reset bool) error) {
	t.Helper()
	_, _, conn := inserted(t)
	unlock, err := conn.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn, unlock
}

// TestSuspendedInUse: the machine sleeps while a transaction is open.
func TestSuspendedInUse(t *testing.T) {
	for _, c := range []struct {
		name   string
		pulled bool
		want   card.Reason
	}{
		{"the card stays", false, ""},
		{"the card was taken out meanwhile", true, card.Removed},
	} {
		t.Run(c.name, func(t *testing.T) {
			snapshots := watch(t)
			conn, unlock := locked(t)
			await(t, snapshots, "the card", present(0))
			if err := daemon.Freeze(); err != nil {
				t.Fatal(err)
			}
			if c.pulled {
				slots[0].Remove()
			}
			if err := daemon.Thaw(); err != nil {
				t.Fatal(err)
			}
			answer, err := conn.Transmit(t.Context(), []byte{0x00, 0x20, 0x00, 0x02})
			if c.want != "" {
				wantReason(t, err, c.want)
				_ = unlock(true)
				await(t, snapshots, "no card", absent(0))
				return
			}
			if err != nil || len(answer) != 2 {
				t.Errorf("%X, %v", answer, err)
			}
			if err := unlock(true); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReplacedInUse: another daemon takes the place of the one in whose transaction we are, with the same
// readers or with none: the old connection is over, and the same Service finds what is there.
func TestReplacedInUse(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace func(*testing.T) error
		readers bool
	}{
		{"by a like one", func(t *testing.T) error { return daemon.Restart(t.Context()) }, true},
		{"after a crash", func(t *testing.T) error {
			if err := daemon.Kill(); err != nil {
				return err
			}
			return daemon.Restart(t.Context())
		}, true},
		{"by one without readers", func(t *testing.T) error { return daemon.Unplug(t.Context()) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, unlock := locked(t)
			if err := c.replace(t); err != nil {
				t.Fatal(err)
			}
			_, err := conn.Transmit(t.Context(), []byte{0x00, 0x20, 0x00, 0x02})
			wantReason(t, err, card.NoService)
			_ = unlock(true)
			<-slots[0].Out()
			if !c.readers {
				_, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(0))
				wantReason(t, err, card.NoReader)
				if err := daemon.Plug(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			_, v, _ := inserted(t)
			if err := sign(t.Context(), v, "123456"); err != nil {
				t.Errorf("with the new daemon: %v", err)
			}
		})
	}
}

// contactless is a card as a reader without contacts shows it.
type contactless struct{ *uec.Card }

// ATR implements vpcd.Card by PC/SC part 3 section 3.1.3.2.3: no historical bytes.
func (contactless) ATR() []byte { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }

// TestContactlessReader: the daemon takes the answer to reset that such readers make up, and the watch knows it.
func TestContactlessReader(t *testing.T) {
	snapshots, s := watch(t), slot(t, 0)
	await(t, snapshots, "an empty reader", absent(0))
	insert(t, s, contactless{newCard(t)})
	if r := reader(await(t, snapshots, "the card", present(0)), 0); !r.Contactless {
		t.Errorf("%+v", r)
	}
	conn := connect(t, 0)
	unlock, err := conn.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := conn.Transmit(t.Context(), []byte{0x00, 0x20, 0x00, 0x02}); err != nil || len(answer) != 2 {
		t.Errorf("%X, %v", answer, err)
	}
	if err := unlock(true); err != nil {
		t.Error(err)
	}
}
