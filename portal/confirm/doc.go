// SPDX-License-Identifier: Apache-2.0

// Package confirm owns THE confirmation: its state machine and its use cases. It
// is the only place where an account's level rises to confirmed.
//
// One confirmation is one question to one person: a statement that the portal
// signed, which the person signs in turn with a key in their hands. [Service]
// starts it, hands the statement to the agent for a one-time ticket, takes one
// response, has it checked (package validate, which may ask the network while no
// transaction is open) and judged (package policy), and writes the whole effect in
// one transaction: state, level, evidence, audit record, security event, notices.
//
// The state table is in state.go; every stored change names the state that it
// starts from, so of several racing changes one wins and the others see it.
//
// A Service is safe for concurrent use, in any number of processes over one
// database. Limits: a statement lives for challenge.Life; an account has at most
// Config.MaxOpen open confirmations and Config.MaxStarts new ones in
// Config.StartWindow; a response is at most [MaxResponse] bytes; one check takes at
// most Config.CheckTimeout, after which the sweeper gives the confirmation back.
package confirm
