// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"

	"zaver/cardreader/apdu"
)

// Reason says what is wrong between the program and the card.
type Reason string

// The reasons. Their codes, "card." and the reason, are stable.
const (
	NoService   Reason = "no_service"  // the smart-card service does not run
	NoAccess    Reason = "no_access"   // the smart-card service runs, and turns this user away
	NoReader    Reason = "no_reader"   // no reader, or the reader was unplugged
	None        Reason = "none"        // no card in the reader
	Unsupported Reason = "unsupported" // a card, but none that a profile knows
	Removed     Reason = "removed"     // the card was taken out while in use
	Busy        Reason = "busy"        // another program holds the card
	Protocol    Reason = "protocol"    // the card or the reader answered nonsense, or not in time
	Expired     Reason = "expired"     // the application is past its validity, or not yet valid

	NoCertificate Reason = "no_certificate" // the application is there, but holds no certificate of the signature key
	NoTerminal    Reason = "terminal"       // the card demands a terminal's key: none is configured, or the card refuses it
	Insecure      Reason = "insecure"       // an answer was not protected as it must be, or the card did not prove itself
)

// Reasons returns every reason.
func Reasons() []Reason {
	return []Reason{NoService, NoAccess, NoReader, None, Unsupported, Removed, Busy, Protocol, Expired, NoCertificate, NoTerminal, Insecure, PadDenied, PadFailed}
}

// Error is why the card cannot be used. It holds neither PINs nor personal data.
type Error struct {
	Reason Reason
	Op     string  // what was being done, a verb phrase
	SW     apdu.SW // the card's status word, zero when there is none
	// Holder names the programs that may hold a busy card, "scdaemon, firefox-esr";
	// letters, digits and ._-+: only. Empty when unknown.
	Holder string
	Cause  error
}

// Code returns the stable code: "card.removed".
func (e *Error) Code() string { return "card." + string(e.Reason) }

// Error returns the code, the operation and what is known of the cause.
func (e *Error) Error() string {
	s := e.Code()
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.SW != 0 {
		s += " (status " + e.SW.String() + ")"
	}
	if e.Holder != "" {
		s += " (held by " + e.Holder + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// HeldBy names the programs that hold a busy card, "" when that is not known.
func (e *Error) HeldBy() string { return e.Holder }

// Is matches another *Error of the same reason, so that
// errors.Is(err, &card.Error{Reason: card.Removed}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

// wrap names the operation of a failed exchange. An error that is no *Error
// becomes one of reason Protocol.
func wrap(op string, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &Error{Reason: Protocol, Op: op, Cause: err}
}
