// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import "time"

// Fault is what goes wrong with one command. Fields combine in their order.
type Fault struct {
	Command Command // zero: any
	Skip    int     // commands of this kind that still go well
	Times   int     // commands that go wrong; zero means one, negative all

	Before func()                     // is called first: "and then the card is pulled"
	Hang   bool                       // nothing is ever answered
	Delay  time.Duration              // the answer comes late
	RV     uint32                     // is the result; nothing is carried out
	After  func()                     // is called when the command was carried out, before its answer
	Edit   func(answer []byte) []byte // changes the answer
	Cut    bool                       // the connection breaks after At bytes of the answer
	At     int
	Unread bool // the connection breaks when the next command has come, which nobody reads, as of a daemon that is killed
}

// Inject adds faults; the first that fits a command applies.
func (d *Daemon) Inject(faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		d.faults = append(d.faults, &f)
	}
}

// fault takes the fault for a command; without one, a zero Fault.
func (d *Daemon) fault(c Command) Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.faults {
		switch {
		case f.Command != 0 && f.Command != c || f.Times == 0:
			continue
		case f.Skip > 0:
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return *f
	}
	return Fault{}
}
