// SPDX-License-Identifier: Apache-2.0

package chip

import "bytes"

// Action is what a fault does.
type Action uint8

// Actions.
const (
	_          Action = iota
	PullBefore        // the card is out before the command reaches it: nothing happened on it
	PullAfter         // the command was carried out, its answer is lost
	Hang              // no answer until Release or PowerOff
	Answer            // Fault.Answer comes instead, the command is not carried out
)

// Fault happens once, at the first command that it matches. Without an Action it is the application's own.
type Fault struct {
	Nth    int                       // the nth command after Inject, 1 the next; 0 any
	INS    byte                      // only this instruction; 0 any
	Data   bool                      // only commands with data: a VERIFY that carries a PIN
	Match  func(command []byte) bool // only commands of which it says so; nil any. It is called while the card answers
	Own    any                       // handed to the application with the command
	Action Action
	Answer []byte // whole response APDU, or any garbage, for Action Answer
}

// Inject adds faults and starts counting commands anew.
func (c *Chip) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, faults...)
	c.count = 0
}

// Heal drops faults that did not happen yet.
func (c *Chip) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// nextFaultLocked takes the first fault that matches the command.
func (c *Chip) nextFaultLocked(command []byte) Fault {
	for i, f := range c.faults {
		if f.Nth != 0 && f.Nth != c.count || f.INS != 0 && (len(command) < 2 || command[1] != f.INS) || f.Data && len(command) <= 5 ||
			f.Match != nil && !f.Match(command) {
			continue
		}
		c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
		return f
	}
	return Fault{}
}

// Hanging returns a channel that is closed when the next hang begins.
func (c *Chip) Hanging() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hanging
}

// Release ends a hang: the card answers 6F00.
func (c *Chip) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endHangLocked()
}

func (c *Chip) endHangLocked() {
	close(c.release)
	c.release = make(chan struct{})
}

// Commands returns the instruction bytes that came since the card was made.
func (c *Chip) Commands() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.log)
}
