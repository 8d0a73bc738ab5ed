// SPDX-License-Identifier: Apache-2.0

// Package stage alone owns the whole world on loopback as one value: test PKI,
// list of accredited centres, registers, SMS centre, mail server, inbox, card
// daemon with virtual cards, tokens, and the two products, portal and agent, as
// real child processes with configuration files of their own. Tests and the demo
// start it, break it and end it.
//
// Everything lies in one folder: a temporary one that Close removes, or a kept
// one whose PKI, database, cards and tokens survive a restart. Children log
// into files there, never on the terminal; they die with the process that
// started them.
//
// The methods of a World may be called from several goroutines unless they say
// otherwise; Close once.
package stage
