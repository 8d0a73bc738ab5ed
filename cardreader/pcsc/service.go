// SPDX-License-Identifier: Apache-2.0

//go:build cgo || windows

package pcsc

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"zaver/cardreader/card"
)

// At most so many connections and watches of one Service are there at a time,
// those included that were given up while the library had not returned. One
// reader gets a part of the connections only: its driver may never answer, and
// the cards in all others must stay within reach.
const (
	maxConnections = 16
	maxPerReader   = 4
	maxWatches     = 32
)

// Service is the smart-card service of this machine, running or not.
type Service struct {
	cfg         Config
	connections chan int // the numbers not in use
	watches     chan int

	mu      sync.Mutex
	readers map[string]chan struct{} // whose connections each holds; see places
}

// New makes a Service; it does nothing until used.
func New(cfg Config) *Service {
	if cfg.MinBackoff <= 0 {
		cfg.MinBackoff = 50 * time.Millisecond
	}
	if cfg.MaxBackoff < cfg.MinBackoff {
		cfg.MaxBackoff = max(600*time.Millisecond, cfg.MinBackoff)
	}
	if cfg.PadRules == nil {
		// A test reads the file: it cannot be wrong here.
		cfg.PadRules, _ = BuiltinPadRules()
	}
	return &Service{cfg: cfg, connections: numbers(0, maxConnections), watches: numbers(maxConnections, maxWatches), readers: map[string]chan struct{}{}}
}

// places holds the connections to one reader. The names are the service's own, and few.
func (s *Service) places(reader string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[reader] == nil {
		s.readers[reader] = make(chan struct{}, maxPerReader)
	}
	return s.readers[reader]
}

func numbers(first, n int) chan int {
	c := make(chan int, n)
	for i := range n {
		c <- first + i
	}
	return c
}

var reasons = map[scard.Error]card.Reason{
	scard.ErrNoService: card.NoService, scard.ErrServiceStopped: card.NoService, scard.ErrCommError: card.NoService,
	scard.ErrInvalidHandle: card.NoService, scard.ErrShutdown: card.NoService,
	scard.ErrNoAccess:           card.NoService, // what the library makes of a connection that broke; see establish
	scard.ErrSecurityViolation:  card.NoAccess,
	scard.ErrNoReadersAvailable: card.NoReader, scard.ErrUnknownReader: card.NoReader, scard.ErrReaderUnavailable: card.NoReader,
	scard.ErrNoSmartcard: card.None, scard.ErrRemovedCard: card.Removed,
	scard.ErrSharingViolation: card.Busy, scard.ErrResetCard: card.Busy, scard.ErrServerTooBusy: card.Busy,
	scard.ErrProtoMismatch: card.Unsupported, scard.ErrUnsupportedCard: card.Unsupported, scard.ErrCardUnsupported: card.Unsupported,
}

// standing is how the service stands to this user.
type standing int

const (
	unknown standing = iota
	absent           // nobody listens
	away             // it listens, and turns this user away
	there            // it answers
)

// establish opens a context of the library. Where the service turns its user
// away by the system's rules, the library says so or calls the service absent,
// as chance will have it; of a service that dies in the middle of the greeting
// it says either, too. So the service is asked. What the service itself answers stands.
func establish() (*scard.Context, error) {
	sc, err := scard.EstablishContext()
	if err == nil {
		return sc, nil
	}
	forbidden := errors.Is(err, scard.ErrSecurityViolation)
	if !forbidden && mapError("", err).Reason != card.NoService {
		return nil, err
	}
	s := ask()
	switch {
	case s == absent && forbidden:
		return nil, scard.ErrNoService
	case s == away, s == unknown && errors.Is(err, scard.ErrNoAccess):
		return nil, scard.ErrSecurityViolation
	}
	return nil, err
}

// refused takes a refusal (SCARD_W_SECURITY_VIOLATION) for the service's own word while that still answers: the library says the same of a
// connection that broke under a command.
func refused(sc *scard.Context, err error) error {
	if errors.Is(err, scard.ErrSecurityViolation) {
		return broken(sc, err)
	}
	return err
}

// broken makes a failure that of the service when the connection with it broke.
func broken(sc *scard.Context, err error) error {
	if _, gone := listReaders(sc); gone != nil {
		return fmt.Errorf("%w: %w", scard.ErrNoService, err)
	}
	return err
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
