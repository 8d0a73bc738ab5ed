// SPDX-License-Identifier: Apache-2.0

// Package vpcd alone owns the protocol between a virtual card and the virtual
// reader driver of vsmartcard (libifdvpcd): a TCP connection on which the
// driver sends frames of a two-byte length and that many bytes. One byte is
// power off (0), power on (1), reset (2) or a request for the ATR (4); anything
// longer is a command APDU, answered in a frame of the same form.
//
// To connect is to insert the card, to disconnect is to take it out. A [Slot]
// holds one card at a time and may be used from several goroutines.
package vpcd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Card is what can be put into a slot. Transmit fails when the card was pulled
// while it worked; the connection is closed then. PowerOff must end a
// Transmit that hangs.
type Card interface {
	ATR() []byte
	PowerOn()
	PowerOff()
	Reset()
	Transmit(command []byte) ([]byte, error)
}

// dialTimeout bounds the connection to the driver, which is on this machine.
const dialTimeout = 5 * time.Second

// Control bytes of the driver.
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	getATR   = 4
)

// Swap is the least time between a card out and the next card in. pcscd asks
// the driver every 400 ms; a swap within that goes unseen, and one after a card
// was pulled mid-command leaves pcscd sure that the reader is empty. No hand is
// that fast, so neither is Insert.
const Swap = time.Second

// Slot is one virtual reader. Use one Slot per reader for its whole life: it
// remembers when the last card came out.
type Slot struct {
	addr string

	mu  sync.Mutex
	now *insertion
}

type insertion struct {
	card  Card
	conn  net.Conn
	done  chan struct{} // closed when the card is out
	until time.Time     // when the next card may come; valid once done is closed
}

// NewSlot names the driver's listening address: "127.0.0.1:35963".
func NewSlot(addr string) *Slot { return &Slot{addr: addr} }

// Insert puts the card in, not sooner than [Swap] after the last one came out.
// It fails when a card is in already, or when the driver does not listen. The
// reader notices at its own pace: pcscd asks the driver every 400 ms.
func (s *Slot) Insert(ctx context.Context, c Card) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return fmt.Errorf("insert a virtual card: %w", err)
	}
	return s.insert(ctx, c)
}

// Exchange takes out the card that is in and puts another one in at once, faster
// than any hand: pcscd may see both, or only that there is another card. Without
// a card in, it is Insert without the rest before it.
func (s *Slot) Exchange(ctx context.Context, c Card) error {
	s.Remove()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		<-s.now.done
	}
	return s.insert(ctx, c)
}

// ready waits until the next card may come; the caller holds s.mu.
func (s *Slot) ready(ctx context.Context) error {
	if s.now == nil {
		return nil
	}
	select {
	case <-s.now.done:
		return waitUntil(ctx, s.now.until)
	default:
		return errors.New("another is in the reader")
	}
}

// insert connects the card; the caller holds s.mu.
func (s *Slot) insert(ctx context.Context, c Card) error {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("insert a virtual card: %w", err)
	}
	in := &insertion{card: c, conn: conn, done: make(chan struct{})}
	s.now = in
	go in.serve()
	return nil
}

func waitUntil(ctx context.Context, t time.Time) error {
	wait := time.NewTimer(time.Until(t))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Remove takes the card out and waits until it is; without a card it does nothing.
func (s *Slot) Remove() {
	s.mu.Lock()
	in := s.now
	s.mu.Unlock()
	if in == nil {
		return
	}
	_ = in.conn.Close()
	in.card.PowerOff() // ends a hang
	<-in.done
}

// Out returns a channel that is closed when the inserted card is out: removed,
// pulled by a fault of its own, or the driver is gone. Without a card the
// channel is closed already.
func (s *Slot) Out() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return s.now.done
}

// serve answers the driver until the connection ends.
func (in *insertion) serve() {
	defer func() {
		_ = in.conn.Close()
		in.card.PowerOff()
		in.until = time.Now().Add(Swap)
		close(in.done)
	}()
	raw, err := in.conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	for {
		frame, err := readFrame(in.conn, raw)
		if err != nil {
			return
		}
		answer, ok := in.answer(frame)
		if !ok {
			return
		}
		if answer == nil {
			continue
		}
		if len(answer) > 0xFFFF {
			return
		}
		out := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		if _, err := in.conn.Write(out); err != nil {
			return
		}
	}
}

// answer carries out one frame; nil means that nothing is sent, false that the
// card is out.
func (in *insertion) answer(frame []byte) ([]byte, bool) {
	if len(frame) != 1 {
		answer, err := in.card.Transmit(frame)
		return answer, err == nil
	}
	switch frame[0] {
	case powerOff:
		in.card.PowerOff()
	case powerOn:
		in.card.PowerOn()
	case reset:
		in.card.Reset()
	case getATR:
		return in.card.ATR(), true
	}
	return nil, true
}

func readFrame(r io.Reader, raw syscall.RawConn) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	quickAck(raw)
	frame := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(r, frame)
	quickAck(raw)
	return frame, err
}

// quickAck has the kernel acknowledge at once: the driver sends length and
// bytes apart, and without it each command waits 40 ms for Nagle's algorithm.
// The option does not stay, so it is set after every read.
func quickAck(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
}
