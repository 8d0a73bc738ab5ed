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
// Every failure is a *card.Error: no_service, no_reader, none, unsupported
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

import (
	"errors"
	"fmt"
	"time"

	"github.com/ebfe/scard"

	"zaver/cardreader/card"
)

// Config tunes a Service; the zero value is what users want.
type Config struct {
	// MinBackoff and MaxBackoff bound the wait before the service is tried
	// again after a failure; zero gives 50 ms and 900 ms.
	MinBackoff, MaxBackoff time.Duration
	// NoPads leaves every keypad unused, and unnoticed.
	NoPads bool
	// PadRules say which keypads are not used; the last that fits a reader
	// decides. Nil means the builtin ones.
	PadRules []PadRule
}

// At most so many connections and watches of one Service are there at a time,
// those included that were given up while the library had not returned.
const (
	maxConnections = 16
	maxWatches     = 32
)

// Service is the smart-card service of this machine, running or not.
type Service struct {
	cfg         Config
	connections chan int // the numbers not in use
	watches     chan int
}

// New makes a Service; it does nothing until used.
func New(cfg Config) *Service {
	if cfg.MinBackoff <= 0 {
		cfg.MinBackoff = 50 * time.Millisecond
	}
	if cfg.MaxBackoff < cfg.MinBackoff {
		cfg.MaxBackoff = max(900*time.Millisecond, cfg.MinBackoff)
	}
	if cfg.PadRules == nil {
		// A test reads the file: it cannot be wrong here.
		cfg.PadRules, _ = BuiltinPadRules()
	}
	return &Service{cfg: cfg, connections: numbers(0, maxConnections), watches: numbers(maxConnections, maxWatches)}
}

func numbers(first, n int) chan int {
	c := make(chan int, n)
	for i := range n {
		c <- first + i
	}
	return c
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
	Err     error // *card.Error of reason no_service while the service is away
	Readers []Reader
}

var reasons = map[scard.Error]card.Reason{
	scard.ErrNoService: card.NoService, scard.ErrServiceStopped: card.NoService, scard.ErrCommError: card.NoService,
	scard.ErrInvalidHandle: card.NoService, scard.ErrShutdown: card.NoService,
	scard.ErrNoReadersAvailable: card.NoReader, scard.ErrUnknownReader: card.NoReader, scard.ErrReaderUnavailable: card.NoReader,
	scard.ErrNoSmartcard: card.None, scard.ErrRemovedCard: card.Removed,
	scard.ErrSharingViolation: card.Busy, scard.ErrResetCard: card.Busy, scard.ErrServerTooBusy: card.Busy,
	scard.ErrProtoMismatch: card.Unsupported, scard.ErrUnsupportedCard: card.Unsupported, scard.ErrCardUnsupported: card.Unsupported,
}

// mapError gives a failure of the library its reason; anything unknown is protocol.
func mapError(op string, err error) *card.Error {
	reason := card.Protocol
	if e := scard.Error(0); errors.As(err, &e) {
		if r, ok := reasons[e]; ok {
			reason = r
		}
	}
	return &card.Error{Reason: reason, Op: op, Cause: err}
}

// busyError names who may hold the card.
func busyError(e *card.Error) *card.Error {
	if e.Reason == card.Busy && e.Holder == "" {
		e.Holder = holders()
	}
	return e
}

// contactless knows the ATR that readers make up for cards without contacts:
// 3B 8n 80 01, n historical bytes and a check octet.
func contactless(atr []byte) bool {
	return len(atr) >= 5 && atr[0] == 0x3B && atr[1]&0xF0 == 0x80 && atr[2] == 0x80 && atr[3] == 0x01 && len(atr) == 5+int(atr[1]&0x0F)
}

// uniqueName is a reader's name for GetStatusChange. The binding keeps the C
// string alive in a table by its Go string, so two calls with one name at a
// time would free each other's. What follows the zero byte is not seen by C
// and makes the names differ. The table never shrinks, so the owners are few:
// the numbers of connections and watches, which are used again.
func (s *Service) uniqueName(name string, owner int) string {
	return fmt.Sprintf("%s\x00%p %d", name, s, owner)
}
