// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"time"

	"zaver/cardreader/agent/words"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
)

// Credential is one certificate that a Source found, with what is known of the
// key behind it. It holds no open handle: the carrier may be gone at any time.
type Credential struct {
	// Ref is the source's own way to find the key again.
	Ref any
	// Carrier is the name of the token or card that people know; shown, never logged.
	Carrier string
	// Titles names a kind of carrier in each language, where it has no name of its own.
	Titles map[words.Language]string
	// Certificate may be nil when it could not be read; Code then says so.
	Certificate *cert.Certificate
	// Chain holds further certificates from the carrier, if any.
	Chain []*cert.Certificate
	// Code is empty for a credential that the source can sign with, else the
	// reason why not ("token.no_key", "card.expired" …).
	Code string
	// Tries is what the carrier says of its PIN, before one is asked.
	Tries pin.Tries
	// Entry says where the PIN is typed. Unless it is PINTyped, Sign gets nil.
	Entry PINEntry
	// KeypadDenied says that the reader has a keypad that is known to lie or to fail: the PIN is typed here instead, and the person is told.
	KeypadDenied bool
	// EntryTime is how long a keypad waits for the PIN, with PINOnReader; 0 when it isn't known.
	EntryTime time.Duration
	// Greeting is the phrase that the holder chose for the card to greet with, where the carrier has one and trusts this terminal; shown
	// before the PIN, so that the holder sees whose carrier it is.
	Greeting string
	// PIN is the Ref of the PINState that the signature needs, where the source is a Keeper; else nil.
	PIN any
}

// PINEntry says where a PIN is typed.
type PINEntry int

// The ways to give a PIN.
const (
	PINTyped    PINEntry = iota // in the agent's dialog
	PINOnReader                 // on the keypad of the reader or token
	PINNone                     // nowhere: the carrier asks for none
)

// Source is one kind of carrier (tokens, cards). Its methods may be called from
// any goroutine, one at a time.
type Source interface {
	// List returns the credentials of the carriers that are in place. An empty list or an error with a
	// Code ("card.no_reader", "card.none", "token.none" …) says that there is nothing; other errors are fatal.
	List(ctx context.Context) ([]Credential, error)
	// Sign makes one signature over a digest that the agent computed, under the PIN. *pin.Error says why a
	// PIN failed and how many tries are left; errors with a Code are shown; all others are fatal. When one try is left
	// and c.Tries doesn't say so, it spends none and answers CodeLastTry.
	Sign(ctx context.Context, c Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error)
}

// Waiter is the optional power of a Source to wait, without polling, for a carrier to be put in.
type Waiter interface {
	// Wait returns nil as soon as a carrier is in place (at once when one is), or the context's error, or an
	// error with a Code when waiting has become pointless ("card.no_reader", "card.no_service").
	Wait(ctx context.Context) error
}
