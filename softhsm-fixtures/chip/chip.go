// SPDX-License-Identifier: Apache-2.0

// Package chip alone owns what every virtual card has whatever runs on it:
// power, reset, and faults at a chosen command. The application behind it is
// asked for answers, one command at a time; its counters are its own and live
// over power-off, as those of a chip do.
//
// A [Chip] is what package vpcd puts into a reader. It serves one reader at a
// time; its control side may be used from other goroutines meanwhile.
package chip

import (
	"bytes"
	"errors"
	"sync"
)

// ErrPulled is returned by Transmit when the card was taken out, and whenever
// it has no power.
var ErrPulled = errors.New("card pulled out")

// Application answers commands. Its methods are called one at a time.
type Application interface {
	// Reset forgets what does not outlive power: selection, verified passwords.
	Reset()
	// Answer carries out one command APDU and returns the response APDU. own is that of the fault that happens to the command, nil without one.
	Answer(command []byte, own any) []byte
}

// Chip is one card.
type Chip struct {
	atr []byte
	app Application

	mu      sync.Mutex // guards the application and everything below
	powered bool
	faults  []Fault
	count   int           // commands since Inject
	release chan struct{} // closed to end a hang
	hanging chan struct{} // closed when a hang begins
	log     []byte        // instruction bytes seen
}

// New makes a card that is out of every reader, without power.
func New(atr []byte, app Application) *Chip {
	return &Chip{atr: bytes.Clone(atr), app: app, release: make(chan struct{}), hanging: make(chan struct{})}
}

// ATR returns the card's answer to reset.
func (c *Chip) ATR() []byte { return bytes.Clone(c.atr) }

// Do runs f while no command is answered: for the application's control side.
func (c *Chip) Do(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// PowerOn puts the card under power.
func (c *Chip) PowerOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.app.Reset()
	c.powered = true
}

// Reset is a warm reset.
func (c *Chip) Reset() { c.Do(c.app.Reset) }

// PowerOff takes the power away. A hang ends at once with ErrPulled.
func (c *Chip) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offLocked()
	c.endHangLocked()
}

func (c *Chip) offLocked() {
	c.powered = false
	c.app.Reset()
}

// Transmit answers one command APDU. The error is always ErrPulled.
func (c *Chip) Transmit(command []byte) ([]byte, error) {
	c.mu.Lock()
	if !c.powered {
		c.mu.Unlock()
		return nil, ErrPulled
	}
	c.count++
	if len(command) > 1 {
		c.log = append(c.log, command[1])
	}
	fault := c.nextFaultLocked(command)
	switch fault.Action {
	case PullBefore:
		c.offLocked()
		c.mu.Unlock()
		return nil, ErrPulled
	case Hang:
		return c.hang()
	case Answer:
		c.mu.Unlock()
		return bytes.Clone(fault.Answer), nil
	}
	defer c.mu.Unlock()
	answer := c.app.Answer(command, fault.Own)
	if fault.Action == PullAfter {
		c.offLocked()
		return nil, ErrPulled
	}
	return answer, nil
}

// hang is entered with the lock held and waits without it.
func (c *Chip) hang() ([]byte, error) {
	release := c.release
	close(c.hanging)
	c.hanging = make(chan struct{})
	c.mu.Unlock()
	<-release
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.powered {
		return nil, ErrPulled
	}
	return []byte{0x6F, 0x00}, nil
}
