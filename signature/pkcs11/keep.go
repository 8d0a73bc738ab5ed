// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"errors"

	"github.com/miekg/pkcs11"

	"zaver/signature/pin"
)

// SetPIN replaces the user's PIN (C_SetPIN) in a session of Module.Change. Where the token has no keypad, the old PIN logs in first: some
// modules want that, and some say CKR_OK to C_SetPIN with a wrong old PIN and change nothing. old and fresh may be nil where the token has a keypad, on which
// the old PIN is typed once. begin is called before C_SetPIN, which its error forbids: from then on only an answer tells which PIN there is.
// Errors: *pin.Error, which speaks of PINRef or of NewPINRef, and *Error. What flags and lengths already answer costs no try.
func (s *Session) SetPIN(old, fresh *pin.PIN, begin func() error) error {
	if p := s.token.Problem; p == pin.ReasonBlocked || p == pin.ReasonNotInitialised {
		return s.pinError(p, PINRef, nil)
	}
	if !s.fits(old) {
		return s.pinError(pin.ReasonFormat, PINRef, nil)
	}
	if !s.fits(fresh) {
		return s.pinError(pin.ReasonFormat, NewPINRef, nil)
	}
	if !s.token.ProtectedPath {
		switch err := s.enter(pkcs11.CKU_USER, old); {
		case err == nil:
			s.loggedIn = true
		case !errors.Is(err, rv(pkcs11.CKR_PIN_EXPIRED)): // an expired PIN was right, and may do nothing but be changed
			return s.loginError(err, PINRef)
		}
	}
	if err := begin(); err != nil {
		return err
	}
	err := s.setPIN(old, fresh)
	if s.token.ProtectedPath && errors.Is(err, rv(pkcs11.CKR_USER_NOT_LOGGED_IN)) { // nothing was compared yet
		if err := s.enter(pkcs11.CKU_USER, nil); err != nil {
			return s.loginError(err, PINRef)
		}
		s.loggedIn = true
		err = s.setPIN(old, fresh)
	}
	return s.changeError("change PIN", err, PINRef)
}

func (s *Session) setPIN(old, fresh *pin.PIN) error {
	old, err := s.given(old)
	if err != nil {
		return err
	}
	if fresh, err = s.given(fresh); err != nil {
		return err
	}
	return s.m.lib.setPIN(s.h, old, fresh)
}

// InitPIN sets the user's PIN anew in the name of the security officer (C_Login with CKU_SO, then C_InitPIN) in a session of Module.Change,
// upon which the user's tries are full again. so and fresh may be nil where the token has a keypad. Errors: *pin.Error, which speaks of SOPINRef
// or of NewPINRef, and *Error. What flags and lengths already answer costs no try. begin is called before C_InitPIN, as SetPIN does.
func (s *Session) InitPIN(so, fresh *pin.PIN, begin func() error) error {
	if s.token.SOProblem == pin.ReasonBlocked {
		return s.pinError(pin.ReasonBlocked, SOPINRef, nil)
	}
	// The bounds in CK_TOKEN_INFO are those of the user's PIN: the officer's may be longer.
	if !s.token.ProtectedPath && so.Len() == 0 {
		return s.pinError(pin.ReasonFormat, SOPINRef, nil)
	}
	if !s.fits(fresh) {
		return s.pinError(pin.ReasonFormat, NewPINRef, nil)
	}
	if err := s.enter(pkcs11.CKU_SO, so); err != nil {
		return s.loginError(err, SOPINRef)
	}
	s.loggedIn = true
	if err := begin(); err != nil {
		return err
	}
	fresh, err := s.given(fresh)
	if err == nil {
		err = s.m.lib.initPIN(s.h, fresh)
	}
	return s.changeError("set PIN", err, NewPINRef)
}

// changeError tells a refusal of the old PIN from one of the new: values that speak of form mean the new one, because the old one had
// the right length and C_SetPIN says PIN_INCORRECT where it differs.
func (s *Session) changeError(op string, err error, ref string) error {
	if err == nil {
		return nil
	}
	cause := wrap(op, err)
	s.refresh()
	var v rv
	if !errors.As(err, &v) {
		return cause
	}
	switch reason := loginReasons[v]; {
	case reason == "" || ref == NewPINRef && reason == pin.ReasonWrong:
		return cause
	case reason == pin.ReasonFormat:
		return s.pinError(reason, NewPINRef, cause)
	case reason == pin.ReasonWrong && s.triesOf(ref).Blocked():
		return s.pinError(pin.ReasonBlocked, ref, cause)
	default:
		return s.pinError(reason, ref, cause)
	}
}
