// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "keypad.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/miekg/pkcs11"

	"zaver/signature/pin"
)

// library is the binding to C with what this package needs of it. What a module returns is checked for size here and for sense nowhere: callers do that.
type library struct {
	ctx      *pkcs11.Ctx
	path     *C.char
	reserved *C.char // must outlive C_Initialize
}

func load(path string) (*library, error) {
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, errors.New("no PKCS #11 library, or one that it needs is missing")
	}
	return &library{ctx: ctx, path: C.CString(path)}, nil
}

func (l *library) free() {
	l.ctx.Destroy()
	C.free(unsafe.Pointer(l.path))
	C.free(unsafe.Pointer(l.reserved))
	l.ctx, l.path, l.reserved = nil, nil, nil
}

// status turns the binding's error into an rv.
func status(err error) error {
	var v pkcs11.Error
	if errors.As(err, &v) {
		return rv(v)
	}
	return err
}

// initialize hands parameters to the module in the field that the standard reserves, where it knows of any.
func (l *library) initialize(flags uint, parameters string) error {
	options := []pkcs11.InitializeOption{pkcs11.InitializeWithFlags(flags)}
	if parameters != "" {
		if l.reserved == nil {
			l.reserved = C.CString(parameters)
		}
		options = append(options, pkcs11.InitializeWithReserved(unsafe.Pointer(l.reserved)))
	}
	return status(l.ctx.Initialize(options...))
}

func (l *library) finalize() error { return status(l.ctx.Finalize()) }

// slots asks again when a reader was plugged in between the two calls that the binding makes.
func (l *library) slots(present bool) (slots []uint, err error) {
	for range 3 {
		slots, err = l.ctx.GetSlotList(present)
		if !errors.Is(err, pkcs11.Error(pkcs11.CKR_BUFFER_TOO_SMALL)) {
			break
		}
	}
	return slots, status(err)
}

func (l *library) tokenInfo(slot uint) (pkcs11.TokenInfo, error) {
	info, err := l.ctx.GetTokenInfo(slot)
	return info, status(err)
}

func (l *library) slotDescription(slot uint) (string, error) {
	info, err := l.ctx.GetSlotInfo(slot)
	return info.SlotDescription, status(err)
}

func (l *library) openSession(slot, flags uint) (pkcs11.SessionHandle, error) {
	h, err := l.ctx.OpenSession(slot, flags)
	return h, status(err)
}

func (l *library) closeSession(h pkcs11.SessionHandle) error { return status(l.ctx.CloseSession(h)) }

// lend hands the PIN's own bytes to the binding as a string: no copy of them is made in Go's memory. The binding copies them into C memory for
// the time of the call; the worker process ends after the operation, and with it what is left there.
func lend(p *pin.PIN, f func(s string) error) error {
	return p.Use(func(b []byte) error { return f(unsafe.String(unsafe.SliceData(b), len(b))) })
}

// login asks the keypad where p is nil: the binding turns the empty string into NULL.
func (l *library) login(h pkcs11.SessionHandle, user uint, p *pin.PIN) error {
	if p == nil {
		return status(l.ctx.Login(h, user, ""))
	}
	return lend(p, func(s string) error { return status(l.ctx.Login(h, user, s)) })
}

func (l *library) logout(h pkcs11.SessionHandle) error { return status(l.ctx.Logout(h)) }

// initPIN asks the keypad where fresh is nil.
func (l *library) initPIN(h pkcs11.SessionHandle, fresh *pin.PIN) error {
	if fresh == nil {
		return keypadStatus(C.zv_keypad_init_pin(l.path, C.ulong(h)))
	}
	return lend(fresh, func(s string) error { return status(l.ctx.InitPIN(h, s)) })
}

// setPIN asks the keypad where both are nil; one is never nil without the other.
func (l *library) setPIN(h pkcs11.SessionHandle, old, fresh *pin.PIN) error {
	if old == nil {
		return keypadStatus(C.zv_keypad_set_pin(l.path, C.ulong(h)))
	}
	return lend(old, func(was string) error {
		return lend(fresh, func(s string) error { return status(l.ctx.SetPIN(h, was, s)) })
	})
}

func keypadStatus(v C.ulong) error {
	if v == 0 {
		return nil
	}
	return rv(v)
}

// attribute returns nil for a value that is not there, of no length, or of more than MaxAttribute bytes.
func (l *library) attribute(h pkcs11.SessionHandle, object pkcs11.ObjectHandle, kind uint) (value []byte) {
	// The binding panics when a module names a length that no slice has. Such a value is none.
	defer func() {
		if recover() != nil {
			value = nil
		}
	}()
	got, err := l.ctx.GetAttributeValue(h, object, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil || len(got) != 1 || len(got[0].Value) == 0 || len(got[0].Value) > MaxAttribute {
		return nil
	}
	return got[0].Value
}

// findInit begins a search for objects of a class, with that CKA_ID unless it is empty.
func (l *library) findInit(h pkcs11.SessionHandle, class uint, id []byte) error {
	template := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}
	if len(id) > 0 {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	}
	return status(l.ctx.FindObjectsInit(h, template))
}

func (l *library) find(h pkcs11.SessionHandle) ([]pkcs11.ObjectHandle, error) {
	batch, _, err := l.ctx.FindObjects(h, findBatch)
	return batch, status(err)
}

func (l *library) findFinal(h pkcs11.SessionHandle) error { return status(l.ctx.FindObjectsFinal(h)) }

func (l *library) signInit(h pkcs11.SessionHandle, key pkcs11.ObjectHandle, m *pkcs11.Mechanism) error {
	return status(l.ctx.SignInit(h, []*pkcs11.Mechanism{m}, key))
}

func (l *library) sign(h pkcs11.SessionHandle, data []byte) ([]byte, error) {
	sig, err := l.ctx.Sign(h, data)
	return sig, status(err)
}
