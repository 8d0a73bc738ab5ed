// SPDX-License-Identifier: Apache-2.0

package pin

import "strings"

// Reason says why a PIN failed.
type Reason string

// The reasons. Their codes are the same words behind "pin.".
const (
	// ReasonWrong: the device compared and refused; a try was spent.
	ReasonWrong Reason = "wrong"
	// ReasonBlocked: no try is left.
	ReasonBlocked Reason = "blocked"
	// ReasonNotInitialised: the PIN was never set.
	ReasonNotInitialised Reason = "not_initialised"
	// ReasonMustChange: the device wants a new PIN first.
	ReasonMustChange Reason = "must_change"
	// ReasonCancelled: the person said no.
	ReasonCancelled Reason = "cancelled"
	// ReasonFormat: length or characters break the device's rules; no try was spent.
	ReasonFormat Reason = "format"
	// ReasonRemoved: the device went away before it compared; no try was spent.
	ReasonRemoved Reason = "removed"
)

// Error is why a PIN failed and what is left. Callers match it by errors.As,
// or by errors.Is with an Error that holds the Reason alone.
type Error struct {
	Reason Reason
	Tries  Tries
	// Ref names the PIN where there are several: "pin1", "pin2", "user". May be empty.
	Ref string
	// Cause is the device's own error. May be nil.
	Cause error
}

// Code is stable: "pin.wrong", "pin.blocked", …
func (e *Error) Code() string { return "pin." + string(e.Reason) }

// Error returns code, name of the PIN, tries left and cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code())
	if e.Ref != "" {
		b.WriteString(" (" + e.Ref + ")")
	}
	b.WriteString(", tries left: " + e.Tries.String())
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error with the same Reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

// Codes returns every code that an [Error] may carry.
func Codes() []string {
	reasons := []Reason{ReasonWrong, ReasonBlocked, ReasonNotInitialised, ReasonMustChange, ReasonCancelled, ReasonFormat, ReasonRemoved}
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = (&Error{Reason: r}).Code()
	}
	return codes
}
