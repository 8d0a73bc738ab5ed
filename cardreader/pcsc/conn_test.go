// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

func profiles(t testing.TB) []*card.Profile {
	t.Helper()
	p, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// terminal is one that every test card of this process trusts.
var terminal = sync.OnceValues(func() (*card.Terminal, error) {
	return card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
})

// opened recognises the card behind a connection.
func opened(t testing.TB, link card.Transmitter, atr []byte) (*card.Card, error) {
	t.Helper()
	trusted, err := terminal()
	if err != nil {
		t.Fatal(err)
	}
	return card.Open(t.Context(), link, atr, profiles(t), card.WithTerminal(trusted))
}

func connect(t testing.TB, i int) *pcsc.Conn {
	t.Helper()
	conn, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(i))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// inserted is a card in reader 0, and the recognised card.
func inserted(t testing.TB) (*uec.Card, *card.Card, *pcsc.Conn) {
	t.Helper()
	snapshots, s, v := watch(t), slot(t, 0), newCard(t)
	await(t, snapshots, "an empty reader", absent(0)) // a swift swap goes unnoticed by pcscd
	insert(t, s, v)
	await(t, snapshots, "a card", present(0))
	conn := connect(t, 0)
	c, err := opened(t, conn, conn.ATR())
	if err != nil {
		t.Fatal(err)
	}
	return v, c, conn
}

func sign(ctx context.Context, c *card.Card, digits string) error {
	a, err := algo.ByName("gost2012-256")
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("statement"))
	_, err = c.Sign(ctx, pin.New([]byte(digits)), a, digest[:])
	return err
}

func TestSignThroughReader(t *testing.T) {
	v, c, conn := inserted(t)
	if conn.Reader() != daemon.Reader(0) {
		t.Errorf("reader %s", conn.Reader())
	}
	for range 3 { // each ends with a reset of the card
		if err := sign(t.Context(), c, "123456"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.ReadHolder(t.Context(), pin.New([]byte("1234"))); err != nil {
		t.Fatal(err)
	}
	// Nobody inherits the verified PIN1.
	unlock, err := conn.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unlock(false) }()
	answer, err := conn.Transmit(t.Context(), []byte{0x00, 0xCA, 0xDF, 0x27, 0x00})
	if err != nil || string(answer) != "\x69\x85" {
		t.Errorf("after the reset: %X, %v", answer, err)
	}
	if got := v.Tries(uec.PIN2); got != uec.PINTries {
		t.Errorf("%d tries", got)
	}
}

// TestPulledMidCommand pulls the card at each command of a signature.
func TestPulledMidCommand(t *testing.T) {
	for name, fault := range map[string]uec.Fault{
		"select": {INS: 0xA4, Action: uec.PullBefore}, "tries": {INS: 0x20, Action: uec.PullBefore},
		"verify": {INS: 0x20, Data: true, Action: uec.PullBefore}, "sign": {INS: 0x2A, Action: uec.PullBefore},
		"signed, answer lost": {INS: 0x2A, Action: uec.PullAfter},
	} {
		t.Run(name, func(t *testing.T) {
			v, c, conn := inserted(t)
			v.Inject(fault)
			err := sign(t.Context(), c, "123456")
			wantReason(t, err, card.Removed)
			if p := (*pin.Error)(nil); errors.As(err, &p) {
				t.Errorf("counts as a PIN failure: %v", err)
			}
			if got := v.Tries(uec.PIN2); got != uec.PINTries {
				t.Errorf("%d tries left", got)
			}
			_, err = conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
			wantReason(t, err, card.Removed)
		})
	}
}

func TestNonsenseIsNotRemoval(t *testing.T) {
	v, c, _ := inserted(t)
	v.Inject(uec.Fault{INS: 0x2A, Action: uec.Answer, Answer: []byte{0x6F, 0x00}})
	wantReason(t, sign(t.Context(), c, "123456"), card.Protocol)
	v.Inject(uec.Fault{INS: 0xA4, Action: uec.Answer, Answer: []byte{0x90}})
	wantReason(t, sign(t.Context(), c, "123456"), card.Protocol)
	if err := sign(t.Context(), c, "123456"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestConnectReasons(t *testing.T) {
	await(t, watch(t), "an empty reader", absent(1))
	service := pcsc.New(pcsc.Config{})
	_, err := service.Connect(t.Context(), daemon.Reader(1))
	wantReason(t, err, card.None)
	_, err = service.Connect(t.Context(), "No such reader 00 00")
	wantReason(t, err, card.NoReader)
	_, c, conn := inserted(t)
	_, err = conn.Transmit(t.Context(), []byte{0})
	wantReason(t, err, card.Protocol)
	conn.Close()
	conn.Close()
	wantReason(t, sign(t.Context(), c, "123456"), card.Protocol)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if late, err := service.Connect(ctx, daemon.Reader(0)); err == nil {
		late.Close() // the service was faster
	} else {
		wantReason(t, err, card.Busy)
	}
}

// TestTransactions: two connections take turns, and one that gives up waiting
// leaves nothing locked.
func TestTransactions(t *testing.T) {
	_, c, first := inserted(t)
	second := connect(t, 0)
	unlock, err := first.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = second.Lock(ctx)
	wantReason(t, err, card.Busy)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not say why", err)
	}
	_, err = second.Lock(t.Context())
	wantReason(t, err, card.Busy) // given up once, useless
	if err := unlock(true); err != nil {
		t.Fatal(err)
	}
	second.Close()
	if err := sign(t.Context(), c, "123456"); err != nil {
		t.Errorf("the card stays locked: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			conn := connect(t, 0)
			other, err := opened(t, conn, conn.ATR())
			if err != nil {
				t.Error(err)
				return
			}
			for range 3 {
				if err := sign(t.Context(), other, "123456"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestHang: a card that does not answer costs its connection, not the caller.
func TestHang(t *testing.T) {
	v, c, conn := inserted(t)
	v.Inject(uec.Fault{INS: 0x2A, Action: uec.Hang})
	hanging := v.Hanging()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-hanging
		cancel()
	}()
	err := sign(ctx, c, "123456")
	wantReason(t, err, card.Protocol)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say why", err)
	}
	_, err = conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
	wantReason(t, err, card.Busy)
	conn.Close() // returns although the library has not
	v.Release()
	again := connect(t, 0)
	unlock, err := again.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unlock(false) }()
	answer, err := again.Transmit(t.Context(), []byte{0x00, 0x20, 0x00, 0x02})
	if err != nil || string(answer) != "\x69\x85" {
		t.Errorf("the card was not reset: %X, %v", answer, err)
	}
}

// TestFrozenService: a service that stops answering costs nobody more than
// their deadline, and everything goes on when it does.
func TestFrozenService(t *testing.T) {
	_, c, conn := inserted(t)
	if err := daemon.Freeze(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := daemon.Thaw(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := sign(ctx, c, "123456")
	wantReason(t, err, card.Busy)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not say why", err)
	}
	conn.Close()
	_, err = pcsc.New(pcsc.Config{}).Connect(ctx, daemon.Reader(0))
	wantReason(t, err, card.Busy)
	if err := daemon.Thaw(); err != nil {
		t.Fatal(err)
	}
	again := connect(t, 0)
	thawed, err := opened(t, again, again.ATR())
	if err != nil {
		t.Fatal(err)
	}
	if err := sign(t.Context(), thawed, "123456"); err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}
