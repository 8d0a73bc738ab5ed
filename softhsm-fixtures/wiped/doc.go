// SPDX-License-Identifier: Apache-2.0

// Package wiped alone owns the proof that a PIN is gone: the real agent with its
// worker processes, its dialogs and real drivers signs, and a tenth of a second
// after the device has answered its memory, its children, its files, its log and
// all that it said are searched for the PIN. It has no code but tests.
package wiped
