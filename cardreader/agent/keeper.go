// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"

	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// PINState is one PIN of a carrier that is in place, as the carrier tells of it without any PIN.
type PINState struct {
	// Ref is the source's own way to find the PIN again. It is comparable; a Credential whose signature needs this PIN has the same in PIN.
	Ref any
	// Carrier and Titles name the carrier as in Credential.
	Carrier string
	Titles  map[words.Language]string
	// Name is the carrier's own name of the PIN ("PIN1", "PIN2", "user").
	Name string
	// Tries is what is left of it; never invented.
	Tries pin.Tries
	// Problem says why the PIN can't be shown now: blocked, not initialised, must change, or empty.
	Problem pin.Reason
	// Entry says where the old PIN and the new one are typed for a change, UnblockEntry where the secret and the new PIN are.
	Entry, UnblockEntry PINEntry
	// Min and Max bound the length of a new PIN, in characters; zero where the carrier tells none.
	Min, Max int
	// Digits says that a new PIN may have digits only.
	Digits bool
	// CanChange says that ChangePIN may work.
	CanChange bool
	// Unblock says by which secret UnblockPIN works; NoUnblock when it can't.
	Unblock Unblocking
	// UnblockTries is what is left of that secret.
	UnblockTries pin.Tries
}

// Unblocking is the secret that unblocks a PIN.
type Unblocking string

// The secrets.
const (
	NoUnblock Unblocking = ""
	ByKRP     Unblocking = "krp" // the UEC's unblocking code
	ByPUK     Unblocking = "puk" // other cards
	BySOPIN   Unblocking = "so"  // a token's administrator
)

// RefUnblock and RefNew, in pin.Error.Ref of a Keeper and of Guide.Run, say that the failure is the unblocking secret's or the new PIN's;
// any other value means the PIN itself.
const (
	RefUnblock = "unblock"
	RefNew     = "new"
)

// Keeper is the optional power of a Source to care for PINs. Its errors are those of Source.Sign: *pin.Error, errors with a Code, CodeLastTry;
// and *pin.Unsettled, where the command that changes went out and no answer tells what became of the PIN. All others say that the PIN is
// what it was. A context that ends while that command is under way stops nothing: the answer is waited for, up to pin.AnswerWait.
type Keeper interface {
	// PINs lists the PINs of the carriers that are in place. It spends no try.
	PINs(ctx context.Context) ([]PINState, error)
	// ChangePIN replaces a PIN. old and fresh are nil where PINs are typed on the reader; the caller wipes them.
	ChangePIN(ctx context.Context, s PINState, old, fresh *pin.PIN) error
	// UnblockPIN gives a PIN a new value, and its tries back, in the name of the unblocking secret.
	UnblockPIN(ctx context.Context, s PINState, secret, fresh *pin.PIN) error
}

// Mendable reports whether the person can make the PIN usable right here, and how.
func (s PINState) Mendable() (Task, bool) {
	switch s.Problem {
	case pin.ReasonMustChange:
		return TaskChange, s.CanChange
	case pin.ReasonBlocked, pin.ReasonNotInitialised:
		return TaskUnblock, s.Unblock != NoUnblock && !s.UnblockTries.Blocked()
	}
	return "", false
}

// Task is a piece of care for a PIN.
type Task string

// The tasks.
const (
	TaskChange  Task = "change"
	TaskUnblock Task = "unblock"
)
