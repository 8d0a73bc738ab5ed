// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package pin

// allocate returns n zero bytes; this system has no call of ours to lock them.
func allocate(n int) []byte { return make([]byte, n) }

// release wipes b.
func release(b []byte) { clear(b) }
