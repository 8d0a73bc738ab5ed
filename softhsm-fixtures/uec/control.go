// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"time"

	"zaver/cardreader/apdu"
	"zaver/softhsm-fixtures/chip"
)

// Action is what a fault does.
type Action uint8

// Actions. The first three are the chip's.
const (
	PullBefore = Action(chip.PullBefore) // the card is out before the command reaches it: nothing happened on it
	PullAfter  = Action(chip.PullAfter)  // the command was carried out, its answer is lost
	Hang       = Action(chip.Hang)       // no answer until Release or PowerOff
	Answer     = Action(chip.Answer)     // Fault.Answer comes instead, sealed in a session unless Open; the command is not carried out
)

// What follows happens to the answer of a sealed command that was carried out, but for DropSession.
const (
	WrongMAC    = Answer + 1 + iota // a bit of the MAC is another
	NoMAC                           // 8E is missing
	Bare                            // data and status come in the open
	Replay                          // the answer before comes once more
	CounterOff                      // sealed under the counter after next
	CutObjects                      // the last bytes are missing
	DropSession                     // the card forgets its keys before the command
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
	planned := make([]chip.Fault, len(faults))
	for i, f := range faults {
		ours := chip.Fault{Nth: f.Nth, Match: f.matches, Own: f}
		if f.Action < Answer {
			ours.Action = chip.Action(f.Action)
		}
		planned[i] = ours
	}
	c.Chip.Inject(planned...)
}

func (f Fault) matches(command []byte) bool {
	switch {
	case f.INS != 0 && (len(command) < 4 || command[1] != f.INS || f.INS == 0x2A && command[3] == 0xBE):
		return false
	case f.P2 != 0 && (len(command) < 4 || command[3] != f.P2):
		return false
	}
	return (!f.Data || hasData(command)) && (!f.Sealed || isSealed(command))
}

func isSealed(command []byte) bool { return len(command) > 5 && command[0]&0x0C == 0x0C }

// hasData looks for a cryptogram where the data are sealed.
func hasData(command []byte) bool {
	return len(command) > 5 && (!isSealed(command) || command[5] == 0x87)
}

// Tries returns the tries left of a password.
func (c *Card) Tries(ref byte) (left int) {
	c.Do(func() {
		if pw := c.pins[ref]; pw != nil {
			left = pw.tries
		}
	})
	return left
}

// SetTries sets the tries left of a password; 0 blocks it.
func (c *Card) SetTries(ref byte, n int) {
	c.Do(func() {
		if pw := c.pins[ref]; pw != nil {
			pw.tries = min(max(n, 0), pw.limit)
			c.keep()
		}
	})
}

// SetValidity changes the days in the answer to SELECT.
func (c *Card) SetValidity(first, last time.Time) {
	c.Do(func() { c.first, c.last = first, last })
}

// Commands returns the instruction bytes carried out since the card was made.
func (c *Card) Commands() (log []byte) {
	c.Do(func() { log = bytes.Clone(c.log) })
	return log
}

// Garbage is an answer that no card gives, for Fault.Answer: TLV with a length
// beyond its end.
func Garbage() []byte {
	return apdu.Response{Data: []byte{0x6F, 0x82, 0xFF, 0xFF, 0x01}, SW: apdu.SWOK}.Bytes()
}
