// SPDX-License-Identifier: Apache-2.0

// Package fault owns the portal's one error: a stable code that callers match
// and that the catalogue turns into words, apart from the cause, which is
// logged and never shown.
//
// Errors are values: With, For and After return changed copies, so a fault may
// be shared between goroutines.
package fault

import (
	"errors"
	"maps"
	"strings"
	"time"
)

// Code is a stable name of what went wrong, "area.reason" in lower case.
type Code string

// Codes that belong to no area.
const (
	// Internal is the code of every error that carries none.
	Internal Code = "internal"
	// Busy says that the portal has more work than it takes; RetryAfter is set.
	Busy Code = "busy"
	// Limited says that too many tries were made; RetryAfter is set.
	Limited Code = "rate.limited"
	// NotFound says that there is no such thing, or not for this account.
	NotFound Code = "not_found"
	// Conflict says that another request changed the same thing first.
	Conflict Code = "conflict"
)

// Error is a failure with a stable code. Only Code, Field, Args and RetryAfter
// may reach a person; the cause is for the log.
type Error struct {
	// Code names the failure.
	Code Code
	// Field is the form field at fault, or empty.
	Field string
	// Args fill the places of the message.
	Args map[string]any
	// RetryAfter is how long to wait before another try; zero when waiting does not help.
	RetryAfter time.Duration

	cause error
}

// New returns a fault with the given code and no cause.
func New(code Code) *Error { return &Error{Code: code} }

// Wrap returns a fault with the given code and the cause err, which may be nil.
func Wrap(code Code, err error) *Error { return &Error{Code: code, cause: err} }

// With returns a copy of e with one more argument for its message.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Args = maps.Clone(e.Args)
	if c.Args == nil {
		c.Args = make(map[string]any, 1)
	}
	c.Args[key] = value
	return &c
}

// For returns a copy of e that names the form field at fault.
func (e *Error) For(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// After returns a copy of e that says how long to wait.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Error returns the code, the field and the cause, for logs.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// List is several faults at once, one for each form field at fault. An empty
// List is not an error: return it through Err.
type List []*Error

// Error returns all faults, for logs.
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the faults one by one, so that errors.Is finds each.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err returns l as an error, or nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Fields returns the faults by field; where a field has several the first wins.
func (l List) Fields() map[string]*Error {
	m := make(map[string]*Error, len(l))
	for _, e := range l {
		if _, ok := m[e.Field]; !ok {
			m[e.Field] = e
		}
	}
	return m
}

// CodeOf returns the code of the first fault in err's chain, Internal when
// there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
