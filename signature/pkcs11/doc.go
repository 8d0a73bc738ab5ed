// SPDX-License-Identifier: Apache-2.0

// Package pkcs11 alone owns the token as PKCS#11 (OASIS v2.40) shows it: module, slot, session, key.
// It is the only importer of the binding to C, beside which keypad.c has the two calls that the binding lacks.
//
// The code of a module is foreign C code inside this process: it may crash, hang or corrupt memory.
// So the package runs only inside a worker process of package token, and in tests and benchmarks.
//
// A Module has one owner and nothing here is safe for concurrent use. A session is lent to a function
// and closed on every way out of it. What a token says is bounded: MaxSlots, MaxObjects, MaxAttribute.
package pkcs11

// Bounds on what is read from one module.
const (
	MaxSlots     = 64       // slots of a module
	MaxObjects   = 256      // objects of one class on a token
	MaxAttribute = 64 << 10 // bytes of one attribute
)

// Names of PINs in pin.Error.
const (
	PINRef    = "user" // the normal user's
	SOPINRef  = "so"   // the security officer's
	NewPINRef = "new"  // the one that is to be set
)
