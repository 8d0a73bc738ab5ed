// SPDX-License-Identifier: Apache-2.0

package vpcd_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"zaver/softhsm-fixtures/ports"
	"zaver/softhsm-fixtures/vpcd"
)

// toy is a card that writes down what happens to it.
type toy struct {
	mu     sync.Mutex
	events []string
	hang   chan struct{}
	once   sync.Once
}

func (c *toy) note(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, s)
}

func (c *toy) ATR() []byte { return []byte{0x3B, 0x00} }
func (c *toy) PowerOn()    { c.note("on") }
func (c *toy) Reset()      { c.note("reset") }
func (c *toy) PowerOff() {
	c.note("off")
	c.once.Do(func() {
		if c.hang != nil {
			close(c.hang)
		}
	})
}

func (c *toy) Transmit(b []byte) ([]byte, error) {
	switch b[1] {
	case 0xFF:
		return nil, errors.New("pulled")
	case 0xFE:
		<-c.hang
		return nil, errors.New("pulled")
	}
	return append(bytes.Clone(b), 0x90, 0x00), nil
}

// driver listens as the reader driver does.
func driver(t *testing.T) (net.Listener, *vpcd.Slot) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, vpcd.NewSlot(l.Addr().String())
}

func insert(t *testing.T, l net.Listener, s *vpcd.Slot, c vpcd.Card) net.Conn {
	t.Helper()
	if err := s.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, frame ...byte) {
	t.Helper()
	// Length and bytes apart, as the driver sends them.
	if _, err := conn.Write([]byte{byte(len(frame) >> 8), byte(len(frame))}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, conn net.Conn) []byte {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, int(head[0])<<8|int(head[1]))
	if _, err := io.ReadFull(conn, frame); err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestProtocol(t *testing.T) {
	l, slot := driver(t)
	c := &toy{}
	conn := insert(t, l, slot, c)
	send(t, conn, 1)
	send(t, conn, 4)
	if got := receive(t, conn); !bytes.Equal(got, []byte{0x3B, 0}) {
		t.Errorf("ATR %X", got)
	}
	send(t, conn, 2)
	send(t, conn, 0, 0xA4, 4, 0)
	if got := receive(t, conn); !bytes.Equal(got, []byte{0, 0xA4, 4, 0, 0x90, 0}) {
		t.Errorf("answer %X", got)
	}
	send(t, conn, 0)
	if err := slot.Insert(t.Context(), c); err == nil {
		t.Error("two cards in one reader")
	}
	slot.Remove()
	slot.Remove()
	<-slot.Out()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the connection outlives the card")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.events[:3]; got[0] != "on" || got[1] != "reset" || got[2] != "off" {
		t.Errorf("events %v", got)
	}
}

func TestPulledMidCommand(t *testing.T) {
	l, slot := driver(t)
	conn := insert(t, l, slot, &toy{})
	send(t, conn, 0, 0xFF, 0, 0)
	<-slot.Out()
	conn = insert(t, l, slot, &toy{})
	send(t, conn, 4)
	receive(t, conn)
	_ = conn.Close() // the driver dies
	<-slot.Out()
}

// TestExchange: one card goes and another comes in one step.
func TestExchange(t *testing.T) {
	l, slot := driver(t)
	first := insert(t, l, slot, &toy{})
	if err := slot.Exchange(t.Context(), &toy{}); err != nil {
		t.Fatal(err)
	}
	if n, err := first.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the first card is still in")
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	send(t, conn, 4)
	receive(t, conn)
	if err := slot.Insert(t.Context(), &toy{}); err == nil {
		t.Error("two cards in one reader")
	}
	slot.Remove()
	if err := slot.Exchange(t.Context(), &toy{}); err != nil { // without a card it inserts
		t.Error(err)
	}
	slot.Remove()
}

func TestRemoveWhileHanging(t *testing.T) {
	l, slot := driver(t)
	conn := insert(t, l, slot, &toy{hang: make(chan struct{})})
	send(t, conn, 0, 0xFE, 0, 0)
	slot.Remove()
	<-slot.Out()
}

func TestInsertWithoutDriver(t *testing.T) {
	port, release, err := ports.Hold() // nobody else may listen there meanwhile
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	slot := vpcd.NewSlot(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err := slot.Insert(t.Context(), &toy{}); err == nil {
		t.Error("inserted into nothing")
	}
	<-slot.Out()
}
