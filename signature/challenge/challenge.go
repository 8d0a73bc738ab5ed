// SPDX-License-Identifier: Apache-2.0

// Package challenge alone owns THE statement that a person signs: its fields,
// its words, its bytes, and the portal's signature on them.
//
// A statement is a signed note (golang.org/x/mod/sumdb/note): a first line with
// name and version, header lines in fixed order, a blank line, one sentence in
// Russian, and the portal's Ed25519 signature line. The bytes shown are the
// bytes signed. Every byte but the signature is determined by the [Statement]:
// [Open] refuses whatever [Sign] would not have written, so two readers never
// see two meanings.
//
// The package is pure: no I/O, no clock, no randomness besides [GenerateKey];
// everything may be used from many goroutines at once. A statement is at most
// [MaxSize] bytes.
package challenge

import (
	"fmt"
	"time"

	"zaver/signature/ident"
)

const (
	// Life is the longest time from Issued to Expires.
	Life = 5 * time.Minute
	// Skew is how far the reader's clock may run behind the portal's.
	Skew = time.Minute
	// MaxSize bounds a signed statement in bytes.
	MaxSize = 8 << 10
)

// Purpose says what the person's signature is for. It decides the sentence,
// and whether a person (SNILS) or an organisation (OGRN) is named.
type Purpose string

const (
	// ConfirmIdentity raises the level of a person's account.
	ConfirmIdentity Purpose = "confirm-identity"
	// ConfirmOrganisation proves that the signer may act for an organisation.
	ConfirmOrganisation Purpose = "confirm-organisation"
)

// Statement is what is signed. All fields are required, of SNILS and OGRN the
// one that the purpose asks for.
type Statement struct {
	Purpose Purpose
	// Origin is the portal's web origin: "https://portal.example", "http://127.0.0.1:8080".
	Origin string
	// Request names the request: 16 to 64 of [A-Za-z0-9_-].
	Request string
	// Nonce is fresh random bytes; all zeros are refused.
	Nonce [32]byte
	// Issued and Expires are whole seconds; at most Life apart.
	Issued, Expires time.Time
	// Account is the account as its owner knows it, in full, so that it can be told from a stranger's: at most 254 bytes.
	Account string
	// Holder is the person's or the organisation's name: at most 512 bytes.
	Holder string
	SNILS  ident.SNILS
	OGRN   ident.OGRN
	// ControlCode is 4 digits that page and agent both show.
	ControlCode string
}

// Error is why a statement was not made, read or accepted. Its texts hold no
// personal data.
type Error struct {
	// Code is stable: see [Codes].
	Code string
	// Reason is an English phrase for developers.
	Reason string
	// Cause may be nil.
	Cause error
}

// Error returns code, reason and cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Reason
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

const (
	codeForged    = "statement.forged"
	codeMalformed = "statement.malformed"
	codeOrigin    = "statement.origin"
	codePurpose   = "statement.purpose"
	codeRequest   = "statement.request"
	codeEarly     = "statement.early"
	codeExpired   = "statement.expired"
)

// Codes returns every code that an [Error] may carry.
func Codes() []string {
	return []string{codeForged, codeMalformed, codeOrigin, codePurpose, codeRequest, codeEarly, codeExpired}
}

func malformed(format string, args ...any) error {
	return &Error{Code: codeMalformed, Reason: fmt.Sprintf(format, args...)}
}

// Check compares an opened statement with what its reader expects. Codes:
// statement.origin, statement.purpose, statement.request, statement.early (more
// than Skew before Issued), statement.expired (Expires reached).
func (s Statement) Check(origin, request string, p Purpose, now time.Time) error {
	switch {
	case s.Origin != origin:
		return &Error{Code: codeOrigin, Reason: "made for another portal"}
	case s.Purpose != p:
		return &Error{Code: codePurpose, Reason: "made for another purpose"}
	case s.Request != request:
		return &Error{Code: codeRequest, Reason: "made for another request"}
	case now.Before(s.Issued.Add(-Skew)):
		return &Error{Code: codeEarly, Reason: "issued in the future"}
	case !now.Before(s.Expires):
		return &Error{Code: codeExpired, Reason: "its time is over"}
	}
	return nil
}
