// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"time"

	"zaver/cardreader/apdu"
)

// Action is what a fault does.
type Action uint8

// Actions.
const (
	_          Action = iota
	PullBefore        // the card is out before the command reaches it: nothing happened on it
	PullAfter         // the command was carried out, its answer is lost
	Hang              // no answer until Release or PowerOff
	Answer            // Fault.Answer comes instead, sealed in a session unless Open; the command is not carried out

	// What follows happens to the answer of a sealed command that was carried out, but for DropSession.

	WrongMAC    // a bit of the MAC is another
	NoMAC       // 8E is missing
	Bare        // data and status come in the open
	Replay      // the answer before comes once more
	CounterOff  // sealed under the counter after next
	CutObjects  // the last bytes are missing
	DropSession // the card forgets its keys before the command
)

// Fault happens once, at the first command that it matches.
type Fault struct {
	Nth    int  // the nth command after Inject, 1 the next; 0 any
	INS    byte // only this instruction; 0 any. 2A means COMPUTE DIGITAL SIGNATURE only
	P2     byte // only this second parameter; 0 any
	Data   bool // only commands with data: a VERIFY that carries a PIN
	Sealed bool // only commands under secure messaging
	Open   bool // Answer comes in the open though a session is
	Action Action
	Answer []byte // whole response APDU, or any garbage, for Action Answer
}

// Inject adds faults and starts counting commands anew.
func (c *Card) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, faults...)
	c.count = 0
}

// Heal drops faults that did not happen yet.
func (c *Card) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// nextFaultLocked takes the first fault that matches the command.
func (c *Card) nextFaultLocked(command []byte) Fault {
	for i, f := range c.faults {
		if f.Nth != 0 && f.Nth != c.count {
			continue
		}
		if f.INS != 0 && (len(command) < 4 || command[1] != f.INS || f.INS == 0x2A && command[3] == 0xBE) {
			continue
		}
		if f.P2 != 0 && (len(command) < 4 || command[3] != f.P2) {
			continue
		}
		if f.Data && !hasData(command) || f.Sealed && !isSealed(command) {
			continue
		}
		c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
		return f
	}
	return Fault{}
}

func isSealed(command []byte) bool { return len(command) > 5 && command[0]&0x0C == 0x0C }

// hasData looks for a cryptogram where the data are sealed.
func hasData(command []byte) bool {
	return len(command) > 5 && (!isSealed(command) || command[5] == 0x87)
}

// Hanging returns a channel that is closed when the next hang begins.
func (c *Card) Hanging() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hanging
}

// Release ends a hang: the card answers 6F00.
func (c *Card) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endHangLocked()
}

func (c *Card) endHangLocked() {
	close(c.release)
	c.release = make(chan struct{})
}

// Tries returns the tries left of a password.
func (c *Card) Tries(ref byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pw := c.pins[ref]; pw != nil {
		return pw.tries
	}
	return 0
}

// SetTries sets the tries left of a password; 0 blocks it.
func (c *Card) SetTries(ref byte, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pw := c.pins[ref]; pw != nil {
		pw.tries = min(max(n, 0), pw.limit)
		c.keep()
	}
}

// SetValidity changes the days in the answer to SELECT.
func (c *Card) SetValidity(first, last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.first, c.last = first, last
}

// Commands returns the instruction bytes carried out since the card was made.
func (c *Card) Commands() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.log)
}

// Garbage is an answer that no card gives, for Fault.Answer: TLV with a length
// beyond its end.
func Garbage() []byte {
	return apdu.Response{Data: []byte{0x6F, 0x82, 0xFF, 0xFF, 0x01}, SW: apdu.SWOK}.Bytes()
}
