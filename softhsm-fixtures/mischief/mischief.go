// SPDX-License-Identifier: Apache-2.0

// Package mischief is how a test tells an emulator to misbehave: fail, lie or stall, once, some times, or until told otherwise.
// One Control belongs to one emulator; it is safe for use by many goroutines. Dying is not here: an emulator dies by its own Close.
package mischief

import (
	"context"
	"sync"
)

// Mode is what the emulator does with its next piece of work.
type Mode int

// The modes. What failing and lying look like on the wire is the emulator's own affair.
const (
	Behave Mode = iota
	Fail        // answer with the protocol's own temporary error
	Refuse      // answer with the protocol's own final error
	Lie         // answer well-formed and wrong
	Stall       // take the work and answer nothing until the asker gives up or Set is called
)

// Control holds the order in force. The zero value behaves.
type Control struct {
	mu      sync.Mutex
	mode    Mode
	times   int
	changed chan struct{}
}

// Forever is the number of times that never runs out.
const Forever = -1

// Set orders mode for the next times pieces of work (Forever: until the next Set) and frees whatever stalls.
func (c *Control) Set(mode Mode, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode, c.times = mode, times
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// Next takes one order. A Stall has been sat out when it returns: it waits for ctx to end or for the next Set, and returns Stall.
func (c *Control) Next(ctx context.Context) Mode {
	mode, changed := c.take()
	if mode == Stall {
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return mode
}

func (c *Control) take() (Mode, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	mode := c.mode
	if c.times > 0 {
		if c.times--; c.times == 0 {
			c.mode = Behave
		}
	}
	return mode, c.changed
}
