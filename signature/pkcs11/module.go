// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Module is a loaded and initialised PKCS#11 library.
type Module struct {
	lib  *library
	path string
	// forms says how models of token write the halves of a GOST signature; see gostOrder.
	forms map[string]int
}

// Open loads the library at path and initialises it with parameters in the field of CK_C_INITIALIZE_ARGS that the standard reserves: NSS and
// p11-kit's x-init-reserved use it; empty for none. Close must be called.
func Open(path, parameters string) (*Module, error) {
	lib, err := load(path)
	if err != nil {
		return nil, wrap("load module", err)
	}
	err = lib.initialize(pkcs11.CKF_OS_LOCKING_OK, parameters)
	if errors.Is(err, rv(pkcs11.CKR_CANT_LOCK)) || errors.Is(err, rv(pkcs11.CKR_ARGUMENTS_BAD)) {
		// A module that knows no threads is still good for its single owner.
		err = lib.initialize(0, parameters)
	}
	if err != nil {
		lib.free()
		return nil, wrap("initialise module", err)
	}
	return &Module{lib: lib, path: path, forms: make(map[string]int)}, nil
}

// Close finalises and unloads the library. It may be called twice.
func (m *Module) Close() error {
	if m.lib == nil {
		return nil
	}
	err := m.lib.finalize()
	m.lib.free()
	m.lib = nil
	return wrap("finalise module", err)
}

// Path is what Open was given.
func (m *Module) Path() string { return m.path }

// Slots returns the slots that hold a token. Modules disagree on what the argument of C_GetSlotList
// means, so both lists are asked for and merged. A slot whose token is absent, unknown to the module or not initialised does not
// count; one whose token can't be described for another reason does, so that the reason is seen where it is used.
func (m *Module) Slots() ([]uint, error) {
	with, err1 := m.lib.slots(true)
	all, err2 := m.lib.slots(false)
	if err1 != nil && err2 != nil {
		return nil, wrap("list slots", err1)
	}
	var slots []uint
	seen := make(map[uint]bool)
	for _, slot := range append(with, all...) {
		if seen[slot] || len(slots) == MaxSlots {
			continue
		}
		seen[slot] = true
		if m.occupied(slot) {
			slots = append(slots, slot)
		}
	}
	return slots, nil
}

func (m *Module) occupied(slot uint) bool {
	info, err := m.lib.tokenInfo(slot)
	if err != nil {
		return !errors.Is(wrap("describe token", err), ErrRemoved)
	}
	return info.Flags&pkcs11.CKF_TOKEN_INITIALIZED != 0
}

// Error is a call of the module that did not return CKR_OK. Callers match ErrRemoved, ErrNoKey and ErrUnsupported with
// errors.Is; everything else is fatal for the operation.
type Error struct {
	Op string // verb phrase
	RV uint   // CK_RV of the call
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, rv(e.RV)) }

// Is makes ErrRemoved match every return value by which modules say that the token is gone, and ErrUnsupported those by which they say
// that it can't do what was asked.
func (e *Error) Is(target error) bool {
	switch rv(e.RV) {
	case pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_SLOT_ID_INVALID:
		return target == ErrRemoved
	case pkcs11.CKR_FUNCTION_NOT_SUPPORTED, pkcs11.CKR_TOKEN_WRITE_PROTECTED, pkcs11.CKR_SESSION_READ_ONLY, pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_MECHANISM_PARAM_INVALID, pkcs11.CKR_USER_TYPE_INVALID, pkcs11.CKR_ACTION_PROHIBITED:
		return target == ErrUnsupported
	}
	return false
}

// What callers may match.
var (
	// ErrRemoved says that the token is no longer there.
	ErrRemoved = errors.New("token removed")
	// ErrNoKey says that the token holds no private key for that certificate.
	ErrNoKey = errors.New("no private key for the certificate")
	// ErrUnsupported says that the token or its module can't do that.
	ErrUnsupported = errors.New("not supported by the token")
)

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	var v rv
	if errors.As(err, &v) {
		return &Error{Op: op, RV: uint(v)}
	}
	return fmt.Errorf("%s: %w", op, err)
}
