// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"
	"time"
)

// PINPad is what a [Transmitter] has besides when its reader may have a
// keypad. A PIN typed there goes from the reader to the card and never reaches
// this machine. The calls need the card's transaction ([Locker]), if there is
// one, and count as commands of it.
//
// Secure messaging and a keypad exclude each other: the reader has no session
// keys. The card layer then takes a typed PIN.
type PINPad interface {
	// Pad says what the keypad can do; no error is reported, for a reader that
	// cannot be asked has no keypad.
	Pad(ctx context.Context) PadState
	// VerifyOnPad lets the reader take a PIN, put it into e.Command and send
	// that to the card, whose answer (at least SW1 SW2) it returns, also when
	// that says "wrong PIN". Failures are:
	//   - *pin.Error cancelled: the person pressed the cancel key, or took
	//     longer than e.Timeout (then errors.Is [ErrPadTimeout] too)
	//   - *pin.Error format: too few or too many digits
	//   - *[Error]: pad_denied, pad_failed, or what a Transmitter reports
	VerifyOnPad(ctx context.Context, e PadEntry) ([]byte, error)
	// ModifyOnPad is the same for a command that sets a new PIN. A new PIN that
	// was repeated differently is *pin.Error format, errors.Is [ErrPadMismatch].
	ModifyOnPad(ctx context.Context, e PadEntry) ([]byte, error)
}

// PadState is what a reader's keypad can do now.
type PadState struct {
	Verify bool // VerifyOnPad works
	Modify bool // ModifyOnPad works
	// Denied: the reader says that it has a keypad, but it is known to lie or to
	// fail; Verify and Modify are false. The PIN may be typed on the keyboard
	// instead, if the person agrees.
	Denied bool
}

// PadFormat says how a keypad writes digits into a PIN block.
type PadFormat uint8

// The formats.
const (
	// PadISO9564 is the format 2 block of ISO 9564-1: 2 and the number of digits
	// in one octet, packed digits, F to the end. Command holds 20 FF FF …
	PadISO9564 PadFormat = iota
	// PadASCII is one octet a digit from the left; what follows stays as Command
	// has it (FF for most cards).
	PadASCII
)

// PadEntry is one entry of a PIN on a keypad (PC/SC part 10, section 2.5).
type PadEntry struct {
	Command []byte // the whole APDU, with PIN blocks as they look without digits; not changed
	Format  PadFormat
	Block   int // octets of one PIN block, 1 to 15; 0 means 8

	// BlockAt is where the block of the PIN (VerifyOnPad) or of the old PIN
	// (ModifyOnPad) begins, NewAt where that of the new PIN does; both count
	// octets of the command's data from 0.
	BlockAt, NewAt int

	Min, Max int  // digits allowed
	Old      bool // ModifyOnPad asks for the old (or unblocking) PIN first
	Confirm  bool // ModifyOnPad asks for the new PIN twice

	Language string        // of the reader's own messages: "ru" or "en"; anything else means "en". A reader may know only one
	Timeout  time.Duration // to the last key; 0 leaves it to the reader, more than 255 s is cut
}

// Reasons that only readers with a keypad have. After either, the same PIN may
// be typed on the keyboard, if the person agrees.
const (
	PadDenied Reason = "pad_denied" // the reader's keypad is known to lie or to fail, and was not used
	PadFailed Reason = "pad_failed" // the keypad failed; whether a try was spent the counter says
)

// Causes of a *pin.Error from a keypad.
var (
	ErrPadTimeout  = errors.New("nothing was entered on the reader's keypad in time")
	ErrPadMismatch = errors.New("the new PIN was not repeated as it was entered")
)
