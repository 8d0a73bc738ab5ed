// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"strings"
	"unicode"

	"github.com/miekg/pkcs11"

	"zaver/signature/pin"
)

// Token describes a token. Everything in it may be read without a PIN and costs no try.
type Token struct {
	Slot                               uint
	Label, Manufacturer, Model, Serial string // printable, trimmed
	Reader                             string // what the slot says of itself; may be empty

	// Tries is what the flags say and never more: LOCKED is blocked, FINAL_TRY is one left, all else is unknown.
	Tries pin.Tries
	// CountLow says that a wrong PIN was entered since the last right one.
	CountLow bool
	// Problem is why a login can't succeed now (blocked, not_initialised, must_change), or empty.
	Problem pin.Reason
	// SOTries, SOCountLow and SOProblem say the same of the security officer's PIN.
	SOTries    pin.Tries
	SOCountLow bool
	SOProblem  pin.Reason
	// LoginRequired says that keys can't be used without a PIN.
	LoginRequired bool
	// ProtectedPath says that the PIN is entered on the reader or token itself.
	ProtectedPath bool
	// MinPIN and MaxPIN bound the PIN's length in bytes; 0 where the module names no bound.
	MinPIN, MaxPIN int
}

// Token describes the token in a slot.
func (m *Module) Token(slot uint) (Token, error) {
	info, err := m.lib.tokenInfo(slot)
	if err != nil {
		return Token{}, wrap("describe token", err)
	}
	t := describe(slot, info)
	if reader, err := m.lib.slotDescription(slot); err == nil {
		t.Reader = printable(reader)
	}
	return t, nil
}

func describe(slot uint, info pkcs11.TokenInfo) Token {
	has := func(flag uint) bool { return info.Flags&flag != 0 }
	t := Token{
		Slot: slot, Label: printable(info.Label), Manufacturer: printable(info.ManufacturerID),
		Model: printable(info.Model), Serial: printable(info.SerialNumber),
		Tries:    tries(has(pkcs11.CKF_USER_PIN_LOCKED), has(pkcs11.CKF_USER_PIN_FINAL_TRY)),
		CountLow: has(pkcs11.CKF_USER_PIN_COUNT_LOW),
		SOTries:  tries(has(pkcs11.CKF_SO_PIN_LOCKED), has(pkcs11.CKF_SO_PIN_FINAL_TRY)), SOCountLow: has(pkcs11.CKF_SO_PIN_COUNT_LOW),
		LoginRequired: has(pkcs11.CKF_LOGIN_REQUIRED),
		ProtectedPath: has(pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH),
		MinPIN:        pinBound(info.MinPinLen), MaxPIN: pinBound(info.MaxPinLen),
	}
	if t.MaxPIN > 0 && t.MinPIN > t.MaxPIN {
		t.MinPIN, t.MaxPIN = 0, 0 // no PIN would fit: the module fills the fields with rubbish
	}
	switch {
	case has(pkcs11.CKF_USER_PIN_LOCKED):
		t.Problem = pin.ReasonBlocked
	case has(pkcs11.CKF_LOGIN_REQUIRED) && !has(pkcs11.CKF_USER_PIN_INITIALIZED):
		t.Problem = pin.ReasonNotInitialised
	case has(pkcs11.CKF_USER_PIN_TO_BE_CHANGED):
		t.Problem = pin.ReasonMustChange
	}
	switch {
	case has(pkcs11.CKF_SO_PIN_LOCKED):
		t.SOProblem = pin.ReasonBlocked
	case has(pkcs11.CKF_SO_PIN_TO_BE_CHANGED):
		t.SOProblem = pin.ReasonMustChange
	}
	return t
}

// tries reads flags of CK_TOKEN_INFO (PKCS#11 v2.40 section 3.2). COUNT_LOW names no number, so neither do we.
func tries(locked, final bool) pin.Tries {
	switch {
	case locked:
		return pin.Blocked()
	case final:
		return pin.Left(1)
	}
	return pin.Unknown()
}

// pinBound drops lengths that no PIN has: modules leave the field at zero, at -1 or unset.
func pinBound(n uint) int {
	if n > pin.MaxLen {
		return 0
	}
	return int(n)
}

// printable keeps what may be shown on one line: fields are blank-padded by the standard, but some modules
// end them with NUL and leave rubbish behind it.
func printable(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}
