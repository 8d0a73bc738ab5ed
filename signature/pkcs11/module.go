// SPDX-License-Identifier: Apache-2.0

// Package pkcs11 alone owns the token as PKCS#11 (OASIS v2.40) shows it: module, slot, session, key.
// It is the only importer of the binding to C.
//
// The code of a module is foreign C code inside this process: it may crash, hang or corrupt memory.
// So the package runs only inside a worker process of package token, and in tests and benchmarks.
//
// A Module has one owner and nothing here is safe for concurrent use. A session is lent to a function
// and closed on every way out of it. What a token says is bounded: MaxSlots, MaxObjects, MaxAttribute.
package pkcs11

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Bounds on what is read from one module.
const (
	MaxSlots     = 64       // slots of a module
	MaxObjects   = 256      // objects of one class on a token
	MaxAttribute = 64 << 10 // bytes of one attribute
)

// Module is a loaded and initialised PKCS#11 library.
type Module struct {
	ctx  *pkcs11.Ctx
	path string
	// swaps says which models of token put r before s; see gostOrder.
	swaps map[string]bool
}

// Open loads the library at path and initialises it. Close must be called.
func Open(path string) (*Module, error) {
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, &Error{Op: "load module"}
	}
	err := ctx.Initialize()
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_CANT_LOCK)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_ARGUMENTS_BAD)) {
		// A module that knows no threads is still good for its single owner.
		err = ctx.Initialize(pkcs11.InitializeWithFlags(0))
	}
	if err != nil {
		ctx.Destroy()
		return nil, wrap("initialise module", err)
	}
	return &Module{ctx: ctx, path: path, swaps: make(map[string]bool)}, nil
}

// Close finalises and unloads the library. It may be called twice.
func (m *Module) Close() error {
	if m.ctx == nil {
		return nil
	}
	err := m.ctx.Finalize()
	m.ctx.Destroy()
	m.ctx = nil
	return wrap("finalise module", err)
}

// Path is what Open was given.
func (m *Module) Path() string { return m.path }

// Slots returns the slots that hold a token. Modules disagree on what the argument of C_GetSlotList
// means, so both lists are asked for and merged. A slot whose token is absent, unknown to the module or not initialised does not
// count; one whose token can't be described for another reason does, so that the reason is seen where it is used.
func (m *Module) Slots() ([]uint, error) {
	with, err1 := m.slotList(true)
	all, err2 := m.slotList(false)
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
	info, err := m.ctx.GetTokenInfo(slot)
	if err != nil {
		return !errors.Is(wrap("describe token", err), ErrRemoved)
	}
	return info.Flags&pkcs11.CKF_TOKEN_INITIALIZED != 0
}

// slotList asks again when a reader was plugged in between the two calls that the binding makes.
func (m *Module) slotList(present bool) (slots []uint, err error) {
	for range 3 {
		slots, err = m.ctx.GetSlotList(present)
		if !errors.Is(err, pkcs11.Error(pkcs11.CKR_BUFFER_TOO_SMALL)) {
			break
		}
	}
	return slots, err
}

// Error is a call of the module that did not return CKR_OK. Callers match ErrRemoved and ErrNoKey with
// errors.Is; everything else is fatal for the operation.
type Error struct {
	Op string // verb phrase
	RV uint   // CK_RV of the call; 0 when the module was not even loaded
}

func (e *Error) Error() string {
	if e.RV == 0 {
		return e.Op
	}
	return fmt.Sprintf("%s: %s", e.Op, pkcs11.Error(e.RV).Error())
}

// Is makes ErrRemoved match every return value by which modules say that the token is gone.
func (e *Error) Is(target error) bool {
	if target != ErrRemoved {
		return false
	}
	switch e.RV {
	case pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SESSION_HANDLE_INVALID,
		pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_SLOT_ID_INVALID:
		return true
	}
	return false
}

// What callers may match.
var (
	// ErrRemoved says that the token is no longer there.
	ErrRemoved = errors.New("token removed")
	// ErrNoKey says that the token holds no private key for that certificate.
	ErrNoKey = errors.New("no private key for the certificate")
)

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	var rv pkcs11.Error
	if errors.As(err, &rv) {
		return &Error{Op: op, RV: uint(rv)}
	}
	return fmt.Errorf("%s: %w", op, err)
}
