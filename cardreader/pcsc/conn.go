// SPDX-License-Identifier: Apache-2.0

//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ebfe/scard"

	"zaver/cardreader/apdu"
	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// Waiting for the library.
const (
	closeWait   = 2 * time.Second // Close gives up waiting; the rest is cleaned up later
	unlockWait  = 5 * time.Second // the end of a transaction, with a reset of the card
	removalWait = time.Second     // for the service to notice that a card was pulled: its own poll takes 0.4 s
	maxLooks    = 4               // events awaited for that
	maxResets   = 8               // attempts that fail because somebody reset the card
)

// Conn is a connection to the card in one reader, in shared mode. One goroutine
// owns the library's handle; calls are handed to it one after another.
type Conn struct {
	service *Service
	number  int           // among the service's connections
	place   chan struct{} // among the reader's
	reader  string
	atr     []byte
	pad     atomic.Pointer[keypad] // asked once

	calls chan func()
	quit  chan struct{} // closed by Close
	done  chan struct{} // closed when the owner has let everything go
	once  sync.Once
	stuck atomic.Bool // a call was given up
	owed  atomic.Bool // the card must be reset: a command or a reset was given up, or failed

	// The owner's.
	sc   *scard.Context
	card *scard.Card
}

// Connect opens the card in the reader. It fails with none when the reader is
// empty, and with busy when another program holds the card for itself.
func (s *Service) Connect(ctx context.Context, reader string) (*Conn, error) {
	const op = "connect to the card"
	if reader == "" {
		return nil, &card.Error{Reason: card.NoReader, Op: op}
	}
	place := s.places(reader)
	select {
	case place <- struct{}{}:
	case <-ctx.Done():
		return nil, busyError(&card.Error{Reason: card.Busy, Op: op, Cause: ctx.Err()})
	}
	var number int
	select {
	case number = <-s.connections:
	case <-ctx.Done():
		<-place
		return nil, busyError(&card.Error{Reason: card.Busy, Op: op, Cause: ctx.Err()})
	}
	c := &Conn{service: s, number: number, place: place, reader: reader, calls: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	opened := make(chan error, 1)
	go c.own(opened)
	select {
	case err := <-opened:
		if err != nil {
			<-c.done
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		c.once.Do(func() { close(c.quit) }) // the owner cleans up when the library returns
		return nil, busyError(&card.Error{Reason: card.Busy, Op: op, Cause: ctx.Err()})
	}
}

// own is the goroutine that holds the handle from connection to release.
func (c *Conn) own(opened chan<- error) {
	defer close(c.done)
	defer func() {
		c.service.connections <- c.number
		<-c.place
	}()
	err := c.open()
	if err == nil {
		defer c.release()
	}
	opened <- err
	if err != nil {
		return
	}
	for {
		select {
		case <-c.quit:
			return
		case call := <-c.calls:
			call()
		}
	}
}

func (c *Conn) open() error {
	const op = "connect to the card"
	sc, err := establish()
	if err != nil {
		return mapError(op, err)
	}
	handle, err := sc.Connect(c.reader, scard.ShareShared, scard.ProtocolAny)
	if err != nil {
		err = refused(sc, err)
		_ = sc.Release()
		return busyError(mapError(op, err))
	}
	c.sc, c.card = sc, handle
	if err := c.readATR(); err != nil {
		err = refused(sc, err)
		c.release()
		return busyError(mapError(op, err))
	}
	return nil
}

// readATR asks for the answer to reset; a card that another program has just
// reset is connected anew first.
func (c *Conn) readATR() error {
	err := checkProtocol(c.card)
	for range maxResets {
		if err != nil {
			return err
		}
		var status *scard.CardStatus
		if status, err = c.card.Status(); err == nil {
			c.atr = status.Atr
			return nil
		}
		if !errors.Is(err, scard.ErrResetCard) {
			return err
		}
		if err = c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard); err == nil {
			err = checkProtocol(c.card)
		}
	}
	return scard.ErrResetCard
}

// checkProtocol refuses what the binding would panic on later.
func checkProtocol(handle *scard.Card) error {
	switch handle.ActiveProtocol() {
	case scard.ProtocolT0, scard.ProtocolT1:
		return nil
	}
	return scard.ErrProtoMismatch
}

// release lets everything go. After a command that was given up, or a reset
// that failed, the card is reset: a PIN may be verified. After a vain wait for
// a transaction it is not: that would end the other program's work. Errors are
// no news: the card or the service is gone.
func (c *Conn) release() {
	how := scard.LeaveCard
	if c.owed.Load() {
		how = scard.ResetCard
	}
	_ = c.card.Disconnect(how)
	_ = c.sc.Release()
}

// Reader returns the reader's name, ATR the card's answer to reset.
func (c *Conn) Reader() string { return c.reader }

// ATR returns the card's answer to reset; not to be changed.
func (c *Conn) ATR() []byte { return c.atr }

// Close lets the card go, ending an open transaction. It may be called twice.
func (c *Conn) Close() {
	c.once.Do(func() { close(c.quit) })
	if c.stuck.Load() {
		return
	}
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-c.done:
	case <-late.C:
	}
}

// do has the owner run f; taken says whether the owner took it. late is the
// reason reported when ctx ends before f has returned; the connection is
// useless then.
func (c *Conn) do(ctx context.Context, op string, late card.Reason, f func() error) (taken bool, err error) {
	if c.stuck.Load() {
		return false, &card.Error{Reason: card.Busy, Op: op, Cause: errors.New("an earlier call has not returned")}
	}
	if err := ctx.Err(); err != nil {
		return false, &card.Error{Reason: late, Op: op, Cause: err}
	}
	result := make(chan error, 1)
	select {
	case c.calls <- func() { result <- f() }:
	case <-c.quit:
		return false, &card.Error{Reason: card.Protocol, Op: op, Cause: errors.New("the connection is closed")}
	case <-ctx.Done():
		return false, busyError(&card.Error{Reason: card.Busy, Op: op, Cause: ctx.Err()})
	}
	select {
	case err := <-result:
		return true, err
	case <-ctx.Done():
		c.stuck.Store(true)
		if late != card.Busy { // more than a wait for a transaction
			c.owed.Store(true)
		}
		return true, busyError(&card.Error{Reason: late, Op: op, Cause: ctx.Err()})
	}
}

// Transmit carries one command APDU. The caller may wipe command when it
// returns: the library works on a copy that is wiped as soon as it is done.
func (c *Conn) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	const op = "transmit"
	if len(command) < 4 {
		return nil, &card.Error{Reason: card.Protocol, Op: op, Cause: fmt.Errorf("command of %d bytes", len(command))}
	}
	copied, free := copyOf(command)
	answer := make(chan []byte, 1) // not shared memory: an abandoned call must not race
	taken, err := c.do(ctx, op, card.Protocol, func() error {
		defer free()
		b, err := c.card.Transmit(c.forProtocol(copied))
		if err == nil && len(b) < 2 {
			err = errNoAnswer // what some drivers make of a card pulled mid-command
		}
		if err != nil {
			return c.explain(op, err)
		}
		answer <- b
		return nil
	})
	if !taken {
		free()
	}
	if err != nil {
		return nil, err
	}
	return <-answer, nil
}

// copyOf copies a command for the library; free wipes the copy. What may be a PIN lies in locked memory.
func copyOf(command []byte) (copied []byte, free func()) {
	if apdu.CarriesPIN(command[1]) {
		copied, free = pin.Scratch(len(command))
	} else {
		copied = make([]byte, len(command))
		free = func() { clear(copied) }
	}
	copy(copied, command)
	return copied, free
}

// forProtocol leaves out Le where T=0 has no place for it: a short command with
// data. The card announces its answer by 61xx instead (ISO/IEC 7816-3 section 12.2).
func (c *Conn) forProtocol(command []byte) []byte {
	n := len(command)
	if c.card.ActiveProtocol() == scard.ProtocolT0 && n > 6 && command[4] != 0 && n == 6+int(command[4]) {
		return command[:n-1]
	}
	return command
}

var errNoAnswer = errors.New("the card gave no status word")

// explain gives a failure its reason. A reader reports a pulled card as a
// failed exchange or as a reset first; whether it was pulled the service knows
// a moment later, and after a failed exchange that moment is waited for.
func (c *Conn) explain(op string, err error) *card.Error {
	e := busyError(mapError(op, refused(c.sc, err)))
	looks := maxLooks
	switch {
	case errors.Is(err, scard.ErrResetCard):
		looks = 1
	case e.Reason != card.Protocol && e.Reason != card.None:
		return e
	}
	state := scard.ReaderState{Reader: c.service.uniqueName(c.reader, c.number)}
	for range looks { // the first answer comes at once, later ones by events
		states := []scard.ReaderState{state}
		waitErr := c.sc.GetStatusChange(states, removalWait)
		late := errors.Is(waitErr, scard.ErrTimeout)
		if late { // the library keeps one table for all its callers: what another read before may hide what came
			states[0].CurrentState = scard.StateUnaware
			waitErr = c.sc.GetStatusChange(states, removalWait)
		}
		if waitErr != nil {
			if again := mapError(op, waitErr); again.Reason == card.NoReader || again.Reason == card.NoService {
				e.Reason = again.Reason
			}
			return e
		}
		switch flags := states[0].EventState; {
		case flags&(scard.StateUnknown|scard.StateUnavailable) != 0:
			e.Reason = card.NoReader
			return e
		case flags&scard.StateEmpty != 0:
			e.Reason = card.Removed
			return e
		case late:
			return e
		default:
			state.CurrentState = flags &^ scard.StateChanged
		}
	}
	return e
}
