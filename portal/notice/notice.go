// SPDX-License-Identifier: Apache-2.0

// Package notice owns the value that asks for a message to a person: which
// template goes where. Domain packages hand notices to their store, which keeps
// them in the transaction of the change they tell of; package notify renders
// and sends them.
//
// Notices are plain values, safe to copy.
package notice

import "zaver/portal/account"

// Channel is the way a notice goes out.
type Channel string

// The channels.
const (
	SMS   Channel = "sms"
	Email Channel = "email"
)

// Notice asks for one message.
type Notice struct {
	// Account is whose notice this is; empty before the account exists.
	Account account.ID
	// Channel and To say where it goes: an E.164 number or an e-mail address.
	Channel Channel
	To      string
	// Template names the message in the catalogue, for example
	// "notice.register_code"; Args fill its places. Args may hold secrets
	// (codes, links): they are sealed at rest and erased once sent.
	Template string
	Args     map[string]string
	// Lang is the language of the message: "ru", "en".
	Lang string
	// Key makes the notice idempotent: of several with one key only the first
	// is kept. Empty means no such rule.
	Key string
}
