// SPDX-License-Identifier: Apache-2.0

package pkcs11

import (
	"errors"
	"unsafe"

	"github.com/miekg/pkcs11"

	"zaver/signature/pin"
)

// Names of PINs in pin.Error.
const (
	PINRef    = "user" // the normal user's
	SOPINRef  = "so"   // the security officer's
	NewPINRef = "new"  // the one that is to be set
)

// Session is an open read-only session with one token. It is valid only inside the function that
// Module.Session lends it to.
type Session struct {
	m        *Module
	h        pkcs11.SessionHandle
	token    Token
	loggedIn bool
}

// Session opens a session, lends it to fn, then logs out and closes it, whatever fn returned.
func (m *Module) Session(slot uint, fn func(*Session) error) error {
	token, err := m.Token(slot)
	if err != nil {
		return err
	}
	h, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return wrap("open session", err)
	}
	s := &Session{m: m, h: h, token: token}
	defer s.end()
	return fn(s)
}

// end can't fail usefully: the result of the work is known, and a token that was pulled out has closed the session itself.
func (s *Session) end() {
	if s.loggedIn {
		_ = s.m.ctx.Logout(s.h)
		s.loggedIn = false
	}
	_ = s.m.ctx.CloseSession(s.h)
}

// Token is the description read when the session was opened.
func (s *Session) Token() Token { return s.token }

// Login opens the private objects. p is not used, and may be nil, where the token needs no login or takes the PIN on its own
// keypad. Errors: *pin.Error, and *Error for the rest. A PIN whose length the token can't accept, and a token
// that is known to refuse, cost no try because the module is not asked.
func (s *Session) Login(p *pin.PIN) error {
	if !s.token.LoginRequired || s.loggedIn {
		return nil
	}
	if s.token.Problem != "" {
		return s.pinError(s.token.Problem, nil)
	}
	if !s.token.ProtectedPath {
		if p == nil || p.Len() == 0 || p.Len() < s.token.MinPIN || s.token.MaxPIN > 0 && p.Len() > s.token.MaxPIN {
			return s.pinError(pin.ReasonFormat, nil)
		}
	}
	err := s.login(pkcs11.CKU_USER, p)
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
		// Somebody's earlier login must not stand for the PIN that the person has entered now.
		_ = s.m.ctx.Logout(s.h)
		err = s.login(pkcs11.CKU_USER, p)
	}
	if err != nil {
		return s.loginError(err)
	}
	s.loggedIn = true
	return nil
}

// login lends the PIN's own bytes to the binding as a string: no copy of them is made in Go's memory. The binding copies them
// into C memory for the time of the call; the worker process ends after the operation, and with it what is left there.
func (s *Session) login(user uint, p *pin.PIN) error {
	if s.token.ProtectedPath {
		return s.m.ctx.Login(s.h, user, "") // the binding turns this into the NULL that asks for the keypad
	}
	if p == nil {
		return pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)
	}
	return p.Use(func(b []byte) error {
		return s.m.ctx.Login(s.h, user, unsafe.String(unsafe.SliceData(b), len(b)))
	})
}

// loginError says why the PIN failed and reads the flags again, because only now they tell what the try has cost.
func (s *Session) loginError(err error) error {
	cause := wrap("log in", err)
	if fresh, infoErr := s.m.Token(s.token.Slot); infoErr == nil {
		s.token = fresh
	}
	var rv pkcs11.Error
	if !errors.As(err, &rv) {
		return cause
	}
	reason, known := loginReasons[uint(rv)]
	if !known {
		return cause
	}
	if reason == pin.ReasonWrong && s.token.Tries.Blocked() {
		reason = pin.ReasonBlocked // that was the last try
	}
	return s.pinError(reason, cause)
}

// loginReasons is what C_Login's return values mean to a person (PKCS#11 v2.40 section 5.1).
var loginReasons = map[uint]pin.Reason{
	pkcs11.CKR_PIN_INCORRECT:            pin.ReasonWrong,
	pkcs11.CKR_PIN_INVALID:              pin.ReasonFormat,
	pkcs11.CKR_PIN_LEN_RANGE:            pin.ReasonFormat,
	pkcs11.CKR_PIN_EXPIRED:              pin.ReasonMustChange,
	pkcs11.CKR_PIN_LOCKED:               pin.ReasonBlocked,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED: pin.ReasonNotInitialised,
	pkcs11.CKR_FUNCTION_CANCELED:        pin.ReasonCancelled,
	pkcs11.CKR_CANCEL:                   pin.ReasonCancelled,
	pkcs11.CKR_FUNCTION_REJECTED:        pin.ReasonCancelled,
}

func (s *Session) pinError(reason pin.Reason, cause error) error {
	tries := s.token.Tries
	if reason == pin.ReasonBlocked {
		tries = pin.Blocked() // PIN_LOCKED is an answer, even of a module that sets no flag
	}
	return &pin.Error{Reason: reason, Tries: tries, Ref: PINRef, Cause: cause}
}
