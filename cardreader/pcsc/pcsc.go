// SPDX-License-Identifier: Apache-2.0

// Package pcsc alone owns PC/SC: which readers there are, what is in them, and
// connections that carry APDUs. It is the only importer of the binding.
//
// Nothing is polled. [Service.Watch] sleeps inside SCardGetStatusChange until
// a card or a reader comes or goes; only while the smart-card service is gone
// does it try again, ever more rarely. [Conn] carries commands in shared mode,
// under short transactions ([Conn.Lock]); it is a card.Transmitter and a
// card.Locker.
//
// A Conn is a card.PINPad too: where the reader has a keypad, it can take the
// PIN, which then never comes into this process. Readers that say so and fail
// are known by rules that are data ([BuiltinPadRules]).
//
// Every failure is a *card.Error: no_service, no_access, no_reader, none, unsupported
// (protocol), removed, busy (with the likely holder), protocol, pad_denied or
// pad_failed; on a keypad also *pin.Error. A command that was under way when
// the card was pulled fails with removed.
//
// Limits: calls into the PC/SC library cannot be interrupted. When a context
// ends during one, the caller gets its answer at once, the connection is
// useless from then on, and its goroutine and thread end when the library
// returns; a [Service] has a bounded number of either. The library believes
// its daemon: one that answers with wrong lengths on purpose can crash the
// process. A Service may be used from many goroutines; commands of one Conn
// take turns.
package pcsc

import "time"

// Config tunes a Service; the zero value is what users want.
type Config struct {
	// MinBackoff and MaxBackoff bound the wait before the service is tried
	// again after a failure; zero gives 50 ms and 600 ms.
	MinBackoff, MaxBackoff time.Duration
	// NoPads leaves every keypad unused, and unnoticed.
	NoPads bool
	// PadRules say which keypads are not used; the last that fits a reader
	// decides. Nil means the builtin ones.
	PadRules []PadRule
}

// Reader is one reader as the service sees it.
type Reader struct {
	Name    string
	Present bool   // a card is in
	ATR     []byte // the card's answer to reset
	Mute    bool   // the card does not answer to reset: damaged, or upside down
	// Events counts insertions and removals since the reader appeared, modulo
	// 65536: two snapshots with different counts show different insertions.
	Events uint16
	// Contactless: the answer to reset has the form that readers give cards
	// without contacts (PC/SC part 3 section 3.1.3.2.3); a few cards with
	// contacts have it, too.
	Contactless bool
}

// Snapshot is what is there at one moment.
type Snapshot struct {
	Err     error // *card.Error of reason no_service while the service is away, no_access while it turns this user away
	Readers []Reader
}
