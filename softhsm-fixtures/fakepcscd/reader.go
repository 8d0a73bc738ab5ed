// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import (
	"sync"

	"zaver/softhsm-fixtures/vpcd"
)

// Protocols of a card.
const (
	T0 = 1
	T1 = 2
)

// Reader is one reader. It belongs to the daemon that it was plugged into last.
type Reader struct {
	name     string
	protocol uint32
	pad      *Pad
	attribs  map[uint32][]byte

	exchange sync.Mutex // one command at a time reaches card and keypad; before Daemon.mu

	mu     sync.Mutex // before Daemon.mu
	daemon *Daemon

	// Under the daemon's mutex; while there is none, under mu.
	card      vpcd.Card
	mute      bool
	events    uint32
	shared    int
	exclusive uint32 // the handle, or foreign
	lock      uint32 // the handle in a transaction, or foreign
	depth     int
}

// foreign stands for a handle of a program that is not there.
const foreign = ^uint32(0)

// ReaderOptions describe a reader.
type ReaderOptions struct {
	Name     string // as SCardListReaders gives it, at most 127 bytes
	Protocol uint32 // T0 or T1 (the default)
	Pad      *Pad   // nil: no keypad
	// Attribs answers SCardGetAttrib.
	Attribs map[uint32][]byte
}

// NewReader makes a reader that is not plugged in yet.
func NewReader(o ReaderOptions) *Reader {
	r := &Reader{name: o.Name, protocol: o.Protocol, pad: o.Pad, attribs: o.Attribs}
	if r.protocol == 0 {
		r.protocol = T1
	}
	return r
}

// Name returns the reader's name.
func (r *Reader) Name() string { return r.name }

// Pad returns the reader's keypad, nil when there is none.
func (r *Reader) Pad() *Pad { return r.pad }

func (d *Daemon) adopt(r *Reader) {
	r.mu.Lock()
	r.daemon = d
	r.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readers = append(d.readers, r)
	d.events++
}

// Plug adds a reader, with its card if one is in. It is false when all places
// are taken.
func (d *Daemon) Plug(r *Reader) bool {
	d.mu.Lock()
	full := len(d.readers) >= MaxReaders
	d.mu.Unlock()
	if full {
		return false
	}
	d.adopt(r)
	d.notify()
	return true
}

// Unplug takes a reader away; its handles are worthless.
func (d *Daemon) Unplug(r *Reader) {
	r.release()
	d.mu.Lock()
	for i, other := range d.readers {
		if other == r {
			d.readers = append(d.readers[:i:i], d.readers[i+1:]...)
			d.events++
			break
		}
	}
	for _, h := range d.handles {
		if h.reader == r {
			h.event = RVReaderUnavailable
		}
	}
	r.shared, r.exclusive, r.lock, r.depth = 0, 0, 0, 0
	d.mu.Unlock()
	r.orphan(d)
	d.notify()
}

// orphan ends the reader's belonging to d, if it belongs there still.
func (r *Reader) orphan(d *Daemon) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.daemon == d {
		r.daemon = nil
		r.shared, r.exclusive, r.lock, r.depth = 0, 0, 0, 0
	}
}

// change runs f under the reader's mutex and that of its daemon, if it has one,
// and tells the clients.
func (r *Reader) change(f func(d *Daemon)) {
	r.mu.Lock()
	d := r.daemon
	if d == nil {
		f(nil)
		r.mu.Unlock()
		return
	}
	d.mu.Lock()
	f(d)
	d.mu.Unlock()
	r.mu.Unlock()
	d.notify()
}

// Insert puts a card in; one that is in already is exchanged.
func (r *Reader) Insert(c vpcd.Card) {
	c.PowerOn()
	r.change(func(d *Daemon) { r.putLocked(d, c, false) })
}

// InsertMute puts in a card that does not answer to reset.
func (r *Reader) InsertMute() { r.change(func(d *Daemon) { r.putLocked(d, nil, true) }) }

func (r *Reader) putLocked(d *Daemon, c vpcd.Card, mute bool) {
	if r.card != nil || r.mute {
		r.pullLocked(d)
	}
	r.card, r.mute = c, mute
	r.events++
}

// Remove takes the card out; without one it does nothing.
func (r *Reader) Remove() {
	var out vpcd.Card
	r.change(func(d *Daemon) { out = r.pullLocked(d) })
	if out != nil {
		out.PowerOff()
	}
	r.pad.interrupt()
}

func (r *Reader) pullLocked(d *Daemon) (out vpcd.Card) {
	if r.card == nil && !r.mute {
		return nil
	}
	out, r.card, r.mute = r.card, nil, false
	r.events++
	r.lock, r.depth = 0, 0 // a transaction ends with its card
	if d != nil {
		for _, h := range d.handles {
			if h.reader == r && h.event != RVReaderUnavailable {
				h.event = RVRemovedCard
			}
		}
	}
	return out
}

// Reset is what another program does to the card: every handle is told.
func (r *Reader) Reset() {
	r.change(func(d *Daemon) { r.resetLocked(d, 0) })
}

// resetLocked resets the card; every handle but by is told.
func (r *Reader) resetLocked(d *Daemon, by uint32) {
	if r.card != nil {
		r.card.Reset()
	}
	if d != nil {
		for _, h := range d.handles {
			if h.reader == r && h.id != by && h.event == 0 {
				h.event = RVResetCard
			}
		}
	}
}

// Hold has a program that is not there take the card: for itself alone, or in
// a transaction. LetGo ends it.
func (r *Reader) Hold(exclusive bool) {
	r.change(func(*Daemon) {
		if exclusive {
			r.exclusive = foreign
		} else {
			r.lock, r.depth = foreign, 1
		}
	})
}

// LetGo ends Hold.
func (r *Reader) LetGo() {
	r.change(func(*Daemon) {
		if r.exclusive == foreign {
			r.exclusive = 0
		}
		if r.lock == foreign {
			r.lock, r.depth = 0, 0
		}
	})
}

// release ends whatever hangs in the card or at the keypad.
func (r *Reader) release() {
	r.mu.Lock()
	d := r.daemon
	r.mu.Unlock()
	if d == nil {
		return
	}
	d.mu.Lock()
	c := r.card
	d.mu.Unlock()
	if c != nil {
		c.PowerOff()
	}
	r.pad.interrupt()
}

// stateLocked is the reader's row in the table that clients get.
func (r *Reader) stateLocked() stateMsg {
	s := stateMsg{Events: r.events & 0xFFFF, State: stateAbsent, Sharing: int32(r.shared)}
	copy(s.Name[:nameSize-1], r.name)
	if r.exclusive != 0 {
		s.Sharing = -1
	}
	switch {
	case r.mute:
		s.State = statePresent | stateSwallowed
	case r.card != nil:
		s.State = statePresent | statePowered | stateNegotiable
		s.ATRLength = uint32(copy(s.ATR[:], r.card.ATR()))
		s.Protocol = r.protocol
	}
	return s
}
