// SPDX-License-Identifier: Apache-2.0

// Package pin alone owns a PIN as a value: where its bytes live, that they are
// wiped, that nothing prints them, why a PIN failed and how many tries are left.
//
// The bytes lie in pages of their own, outside the garbage-collected heap, so
// the runtime never copies them; the pages are locked against swapping and left
// out of core dumps where the system permits (best effort: limits on locked
// memory do not stop a person from signing). A PIN is never a string: strings
// cannot be wiped.
//
// A PIN may be used from several goroutines; Use and Wipe exclude each other.
// It holds at most [MaxLen] bytes.
package pin

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// MaxLen is the most bytes that a PIN may hold.
const MaxLen = 255

// hidden is all that anyone ever sees of a PIN.
const hidden = "[PIN]"

var (
	// ErrWiped is returned by Append and Use after Wipe.
	ErrWiped = errors.New("pin was wiped")
	// ErrTooLong is returned by Append beyond MaxLen, and by Use of a PIN made
	// by New from more than MaxLen bytes.
	ErrTooLong = errors.New("pin is too long")
	// errSecret is returned by every marshaller.
	errSecret = errors.New("a pin is never written out")
)

// PIN holds the bytes of one PIN. Make it by [New] or [Empty], Wipe it when
// done; the zero PIN behaves as wiped.
type PIN struct {
	s *secret // a pointer, so that fmt never reaches the bytes by reflection
}

type secret struct {
	mu      sync.Mutex
	memory  []byte // MaxLen bytes or nil once wiped
	n       int
	tooLong bool
	stop    runtime.Cleanup
}

// New copies b into locked memory and wipes b. More than MaxLen bytes give a
// PIN that every Use refuses with ErrTooLong.
func New(b []byte) *PIN {
	p := Empty()
	if len(b) > MaxLen {
		p.s.tooLong = true
	} else {
		p.s.n = copy(p.s.memory, b)
	}
	clear(b)
	return p
}

// Empty returns a PIN without bytes, to be filled by [PIN.Append].
func Empty() *PIN {
	p := &PIN{s: &secret{memory: allocate(MaxLen)}}
	// A PIN that was dropped without Wipe is wiped when it is collected.
	p.s.stop = runtime.AddCleanup(p, release, p.s.memory)
	return p
}

// Scratch returns n zero bytes in memory like that of a PIN, for what a PIN passes through on its way to the device: blocks and commands. free wipes them and
// gives them back; it must be called once, when nobody reads them any more.
func Scratch(n int) (b []byte, free func()) {
	memory := allocate(max(n, 1))
	return memory[:n:n], func() { release(memory) }
}

// Append adds one byte at the end, so that a reader of bytes needs no buffer
// of its own. It fails with ErrTooLong when MaxLen bytes are held and with
// ErrWiped after Wipe.
func (p *PIN) Append(c byte) error {
	if p == nil || p.s == nil {
		return ErrWiped
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	switch {
	case p.s.memory == nil:
		return ErrWiped
	case p.s.tooLong || p.s.n == MaxLen:
		return ErrTooLong
	}
	p.s.memory[p.s.n] = c
	p.s.n++
	return nil
}

// Use lends the bytes to f and returns what f returns. f must keep neither b
// nor a copy, and must not call methods of the same PIN. Use fails with ErrWiped
// after Wipe and with ErrTooLong for a PIN that never fitted.
func (p *PIN) Use(f func(b []byte) error) error {
	if p == nil || p.s == nil {
		return ErrWiped
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	switch {
	case p.s.memory == nil:
		return ErrWiped
	case p.s.tooLong:
		return ErrTooLong
	}
	err := f(p.s.memory[:p.s.n:p.s.n])
	runtime.KeepAlive(p)
	return err
}

// Len returns the number of bytes held, 0 after Wipe.
func (p *PIN) Len() int {
	if p == nil || p.s == nil {
		return 0
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.s.n
}

// Wipe overwrites the bytes with zeros and gives the memory back. It may be
// called any number of times, also on nil.
func (p *PIN) Wipe() {
	if p == nil || p.s == nil {
		return
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.s.memory == nil {
		return
	}
	p.s.stop.Stop()
	release(p.s.memory)
	p.s.memory, p.s.n = nil, 0
}

// Format prints "[PIN]" under every verb and flag.
func (PIN) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String returns "[PIN]".
func (PIN) String() string { return hidden }

// GoString returns "[PIN]".
func (PIN) GoString() string { return hidden }

// MarshalText always fails.
func (PIN) MarshalText() ([]byte, error) { return nil, errSecret }

// MarshalJSON always fails.
func (PIN) MarshalJSON() ([]byte, error) { return nil, errSecret }

// MarshalBinary always fails.
func (PIN) MarshalBinary() ([]byte, error) { return nil, errSecret }

// GobEncode always fails.
func (PIN) GobEncode() ([]byte, error) { return nil, errSecret }
