// SPDX-License-Identifier: Apache-2.0

package pkcs11

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "ck.h"
*/
import "C"

import (
	"unsafe"

	"zaver/signature/pin"
)

// library is the loaded C code. What it returns is checked for size here and for sense nowhere: callers do that.
type library struct {
	c        *C.zv_library // in C memory, because C keeps pointers in it
	reserved *C.char       // must outlive C_Initialize
}

// load opens a library and takes its function list; it says nothing about why a file is no such library.
func load(path string) (*library, error) {
	l := &library{c: (*C.zv_library)(C.calloc(1, C.sizeof_zv_library))}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if err := status(C.zv_open(l.c, name)); err != nil {
		l.free()
		return nil, err
	}
	return l, nil
}

func (l *library) free() {
	C.free(unsafe.Pointer(l.c))
	C.free(unsafe.Pointer(l.reserved))
	l.c, l.reserved = nil, nil
}

// ulongSize is the size of a CK_ULONG in bytes: 8, and 4 on Windows.
const ulongSize = int(C.sizeof_CK_ULONG)

func status(v C.CK_ULONG) error {
	if v == 0 {
		return nil
	}
	return rv(v)
}

// initialize hands parameters to the module in the field that the standard reserves, where it knows of any.
func (l *library) initialize(flags uint, parameters string) error {
	if parameters != "" && l.reserved == nil {
		l.reserved = C.CString(parameters)
	}
	return status(C.zv_initialize(l.c, C.CK_ULONG(flags), l.reserved))
}

func (l *library) finalize() error { return status(C.zv_finalize(l.c)) }

// slots asks for the size of the list, then for the list, and again when a reader was plugged in between the two.
func (l *library) slots(present bool) ([]uint, error) {
	var flag C.int
	if present {
		flag = 1
	}
	var n C.CK_ULONG
	if err := status(C.zv_slots(l.c, flag, nil, &n)); err != nil || n == 0 {
		return nil, err
	}
	var err error
	for range 3 {
		list := make([]C.CK_ULONG, min(uint64(n)+8, maxSlotList))
		n = C.CK_ULONG(len(list))
		if err = status(C.zv_slots(l.c, flag, &list[0], &n)); err == nil {
			return numbers(list, n), nil
		}
		if err != ckrBufferTooSmall {
			break
		}
	}
	return nil, err
}

func numbers(list []C.CK_ULONG, n C.CK_ULONG) []uint {
	out := make([]uint, min(uint64(n), uint64(len(list)))) // a module may claim more than it was given room for
	for i := range out {
		out[i] = uint(list[i])
	}
	return out
}

// tokenInfo is CK_TOKEN_INFO as far as it is used; texts as the module filled them.
type tokenInfo struct {
	label, manufacturer, model, serial string
	flags, minPIN, maxPIN              uint
}

func (l *library) tokenInfo(slot uint) (tokenInfo, error) {
	var i C.CK_TOKEN_INFO
	err := status(C.zv_token_info(l.c, C.CK_ULONG(slot), &i))
	return tokenInfo{text(i.label[:]), text(i.manufacturer[:]), text(i.model[:]), text(i.serial[:]), uint(i.flags), uint(i.min_pin), uint(i.max_pin)}, err
}

func (l *library) slotDescription(slot uint) (string, error) {
	var i C.CK_SLOT_INFO
	err := status(C.zv_slot_info(l.c, C.CK_ULONG(slot), &i))
	return text(i.description[:]), err
}

func text(b []C.CK_BYTE) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(&b[0])), len(b)))
}

func (l *library) openSession(slot, flags uint) (uint, error) {
	var h C.CK_ULONG
	err := status(C.zv_open_session(l.c, C.CK_ULONG(slot), C.CK_ULONG(flags), &h))
	return uint(h), err
}

func (l *library) closeSession(h uint) error { return status(C.zv_close_session(l.c, C.CK_ULONG(h))) }

// lend hands the PIN's own bytes to f, where they lie; nil asks for the keypad.
func lend(p *pin.PIN, f func(b *C.CK_BYTE, n C.CK_ULONG) error) error {
	if p == nil {
		return f(nil, 0)
	}
	return p.Use(func(b []byte) error {
		return f((*C.CK_BYTE)(unsafe.SliceData(b)), C.CK_ULONG(len(b)))
	})
}

func (l *library) login(h, user uint, p *pin.PIN) error {
	return lend(p, func(b *C.CK_BYTE, n C.CK_ULONG) error {
		return status(C.zv_login(l.c, C.CK_ULONG(h), C.CK_ULONG(user), b, n))
	})
}

func (l *library) logout(h uint) error { return status(C.zv_logout(l.c, C.CK_ULONG(h))) }

func (l *library) initPIN(h uint, fresh *pin.PIN) error {
	return lend(fresh, func(b *C.CK_BYTE, n C.CK_ULONG) error {
		return status(C.zv_init_pin(l.c, C.CK_ULONG(h), b, n))
	})
}

func (l *library) setPIN(h uint, old, fresh *pin.PIN) error {
	return lend(old, func(b *C.CK_BYTE, n C.CK_ULONG) error {
		return lend(fresh, func(b2 *C.CK_BYTE, n2 C.CK_ULONG) error {
			return status(C.zv_set_pin(l.c, C.CK_ULONG(h), b, n, b2, n2))
		})
	})
}

// attribute asks for the length, then for the value. It returns nil for a value of no length or of more than MaxAttribute bytes, and for one
// that grew in between.
func (l *library) attribute(h, object, kind uint) []byte {
	var n C.CK_ULONG
	if C.zv_attribute(l.c, C.CK_ULONG(h), C.CK_ULONG(object), C.CK_ULONG(kind), nil, &n) != 0 || n == 0 || n > MaxAttribute {
		return nil
	}
	value := make([]byte, n)
	if C.zv_attribute(l.c, C.CK_ULONG(h), C.CK_ULONG(object), C.CK_ULONG(kind), (*C.CK_BYTE)(&value[0]), &n) != 0 || n > C.CK_ULONG(len(value)) {
		return nil
	}
	return value[:n]
}

// findInit begins a search for objects of a class, with that CKA_ID unless it is empty.
func (l *library) findInit(h, class uint, id []byte) error {
	return status(C.zv_find_init(l.c, C.CK_ULONG(h), C.CK_ULONG(class), (*C.CK_BYTE)(unsafe.SliceData(id)), C.CK_ULONG(len(id))))
}

func (l *library) find(h uint) ([]uint, error) {
	list := make([]C.CK_ULONG, findBatch)
	var n C.CK_ULONG
	if err := status(C.zv_find(l.c, C.CK_ULONG(h), &list[0], findBatch, &n)); err != nil {
		return nil, err
	}
	return numbers(list, n), nil
}

func (l *library) findFinal(h uint) error { return status(C.zv_find_final(l.c, C.CK_ULONG(h))) }

// mechanism is what C_SignInit takes: hash, mgf and salt are the parameters of PSS and zero for all else.
type mechanism struct {
	kind            uint
	hash, mgf, salt uint
}

func (l *library) signInit(h, key uint, m mechanism) error {
	return status(C.zv_sign_init(l.c, C.CK_ULONG(h), C.CK_ULONG(m.kind), C.CK_ULONG(m.hash), C.CK_ULONG(m.mgf), C.CK_ULONG(m.salt), C.CK_ULONG(key)))
}

// sign makes one C_Sign with room for any signature: asking for the length first would be a second call, and some modules
// end a key's authentication with it.
func (l *library) sign(h uint, data []byte) ([]byte, error) {
	sig := make([]byte, maxSignature)
	n := C.CK_ULONG(len(sig))
	if err := status(C.zv_sign(l.c, C.CK_ULONG(h), (*C.CK_BYTE)(unsafe.SliceData(data)), C.CK_ULONG(len(data)), (*C.CK_BYTE)(&sig[0]), &n)); err != nil {
		return nil, err
	}
	if n > C.CK_ULONG(len(sig)) {
		return nil, rv(ckrGeneralError)
	}
	return sig[:n], nil
}
