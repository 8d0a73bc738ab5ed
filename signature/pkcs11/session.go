// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"errors"

	"github.com/miekg/pkcs11"

	"zaver/signature/pin"
)

// Session is an open session with one token. It is valid only inside the function that
// Module.Session or Module.Change lends it to.
type Session struct {
	m        *Module
	h        pkcs11.SessionHandle
	token    Token
	loggedIn bool
}

// Session opens a read-only session, lends it to fn, then logs out and closes it, whatever fn returned.
func (m *Module) Session(slot uint, fn func(*Session) error) error {
	return m.session(slot, pkcs11.CKF_SERIAL_SESSION, fn)
}

// Change is Session for a session in which SetPIN and InitPIN work.
func (m *Module) Change(slot uint, fn func(*Session) error) error {
	return m.session(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION, fn)
}

func (m *Module) session(slot, flags uint, fn func(*Session) error) error {
	token, err := m.Token(slot)
	if err != nil {
		return err
	}
	h, err := m.lib.openSession(slot, flags)
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
		_ = s.m.lib.logout(s.h)
		s.loggedIn = false
	}
	_ = s.m.lib.closeSession(s.h)
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
		return s.pinError(s.token.Problem, PINRef, nil)
	}
	if !s.fits(p) {
		return s.pinError(pin.ReasonFormat, PINRef, nil)
	}
	if err := s.enter(pkcs11.CKU_USER, p); err != nil {
		return s.loginError(err, PINRef)
	}
	s.loggedIn = true
	return nil
}

// fits reports whether the token could accept a PIN of that length.
func (s *Session) fits(p *pin.PIN) bool {
	return s.token.ProtectedPath || p.Len() > 0 && p.Len() >= s.token.MinPIN && (s.token.MaxPIN == 0 || p.Len() <= s.token.MaxPIN)
}

// enter logs in. Somebody's earlier login must not stand for the PIN that the person has entered now.
func (s *Session) enter(user uint, p *pin.PIN) error {
	err := s.login(user, p)
	if errors.Is(err, rv(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) || errors.Is(err, rv(pkcs11.CKR_USER_ANOTHER_ALREADY_LOGGED_IN)) {
		_ = s.m.lib.logout(s.h)
		err = s.login(user, p)
	}
	return err
}

// login lends the PIN's own bytes to the module: no copy of them is made here. What the module copies ends with the worker process.
func (s *Session) login(user uint, p *pin.PIN) error {
	p, err := s.given(p)
	if err != nil {
		return err
	}
	return s.m.lib.login(s.h, user, p)
}

// given is what a module is handed for a PIN: nil, which asks for the keypad, and only where there is one.
func (s *Session) given(p *pin.PIN) (*pin.PIN, error) {
	switch {
	case s.token.ProtectedPath:
		return nil, nil
	case p.Len() == 0:
		return nil, rv(pkcs11.CKR_PIN_LEN_RANGE)
	}
	return p, nil
}

// loginError says why the PIN failed and reads the flags again, because only now they tell what the try has cost.
func (s *Session) loginError(err error, ref string) error {
	cause := wrap("log in", err)
	s.refresh()
	var v rv
	if !errors.As(err, &v) {
		return cause
	}
	reason, known := loginReasons[v]
	if !known {
		return cause
	}
	if reason == pin.ReasonWrong && s.triesOf(ref).Blocked() {
		reason = pin.ReasonBlocked // that was the last try
	}
	return s.pinError(reason, ref, cause)
}

// used is the error of a call after a login. A PIN that must be changed is let in, and everything but C_SetPIN then says that it has expired
// (PKCS#11 v2.40 section 3.2, CKF_USER_PIN_TO_BE_CHANGED).
func (s *Session) used(op string, err error) error {
	var refused *pin.Error
	switch {
	case errors.As(err, &refused):
		return err
	case errors.Is(err, rv(pkcs11.CKR_PIN_EXPIRED)):
		s.refresh()
		return s.pinError(pin.ReasonMustChange, PINRef, wrap(op, err))
	}
	return wrap(op, err)
}

func (s *Session) refresh() {
	if fresh, err := s.m.Token(s.token.Slot); err == nil {
		s.token = fresh
	}
}

// loginReasons is what return values mean to a person (PKCS#11 v2.40 section 5.1).
var loginReasons = map[rv]pin.Reason{
	pkcs11.CKR_PIN_INCORRECT:            pin.ReasonWrong,
	pkcs11.CKR_PIN_INVALID:              pin.ReasonFormat,
	rv(pkcs11.CKR_PIN_LEN_RANGE):        pin.ReasonFormat,
	pkcs11.CKR_PIN_TOO_WEAK:             pin.ReasonFormat,
	pkcs11.CKR_PIN_EXPIRED:              pin.ReasonMustChange,
	pkcs11.CKR_PIN_LOCKED:               pin.ReasonBlocked,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED: pin.ReasonNotInitialised,
	pkcs11.CKR_FUNCTION_CANCELED:        pin.ReasonCancelled,
	pkcs11.CKR_CANCEL:                   pin.ReasonCancelled,
	pkcs11.CKR_FUNCTION_REJECTED:        pin.ReasonCancelled,
}

func (s *Session) triesOf(ref string) pin.Tries {
	switch ref {
	case PINRef:
		return s.token.Tries
	case SOPINRef:
		return s.token.SOTries
	}
	return pin.Unknown()
}

func (s *Session) pinError(reason pin.Reason, ref string, cause error) error {
	tries := s.triesOf(ref)
	if reason == pin.ReasonBlocked {
		tries = pin.Blocked() // PIN_LOCKED is an answer, even of a module that sets no flag
	}
	return &pin.Error{Reason: reason, Tries: tries, Ref: ref, Cause: cause}
}
