// SPDX-License-Identifier: Apache-2.0

// Package agent alone owns the conversation with the person at the reader: it
// takes one request at a time from a door (see agent/loopback), fetches the
// portal's statement itself, checks it under the pinned key, lists what could
// sign, shows it, asks the PIN, signs exactly the statement's bytes and sends
// the result. There is no call that signs anything else.
//
// An Agent may be used from many goroutines; at most one Operation exists at a
// time, and an Operation belongs to the goroutine that runs it. Everything read
// from the portal is bounded to 64 KiB, every wait by the statement's expiry.
//
// Logs carry codes, steps, durations and request ids; never a name, an
// account, a certificate or a PIN.
package agent
