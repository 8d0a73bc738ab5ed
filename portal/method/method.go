// SPDX-License-Identifier: Apache-2.0

// Package method owns the table of confirmation methods: what each needs, how
// strong it is, and the highest level that it may give.
//
// The package is pure; the table never changes after start and may be read from
// many goroutines. A new method is a new row: its channel says who carries it out,
// its other columns are read by package policy.
package method

import (
	"slices"

	"zaver/portal/account"
	"zaver/signature/cert"
	"zaver/signature/trust"
)

// ID names a method; it is stored with each confirmation and never reused.
type ID string

// The methods.
const (
	// Token is a qualified electronic signature on a PKCS#11 token, through the agent.
	Token ID = "token"
	// UEC is a universal electronic card in a PC/SC reader, through the agent.
	UEC ID = "uec"
)

// Channel is how a method reaches the person, and so which package carries it out.
type Channel string

// The channels.
const (
	// Agent is a signature made through the local agent (package confirm).
	Agent Channel = "agent"
)

// Strength says how much a method proves; services may demand a least one.
// Gaps are left for methods to come (a letter is weaker, a bank in between).
type Strength int

// The strengths.
const (
	Weak        Strength = 10
	Substantial Strength = 20
	High        Strength = 30
)

// Method is one row of the table.
type Method struct {
	ID      ID
	Channel Channel
	// Strength is recorded with what the method gives.
	Strength Strength
	// Needs is the level that the account must hold; Gives the highest that the method may give.
	Needs, Gives account.Level
	// Accounts are the kinds of account that the method may raise.
	Accounts []account.Kind
	// Anchor is the kind of trust anchor that the certificate path must end at.
	Anchor trust.Kind
	// Holders are the kinds of certificate holder that stand for the person.
	Holders []cert.HolderKind
}

// table is in the order in which methods are offered: strongest first.
var table = []Method{
	{
		ID: Token, Channel: Agent, Strength: High, Needs: account.Standard, Gives: account.Confirmed,
		Accounts: []account.Kind{account.Person}, Anchor: trust.Qualified,
		// The certificate of an entrepreneur or of a legal entity's head names the
		// person who signs, by SNILS and full name, as a private person's does, and
		// the centre identified that person: it proves the same person. Impersonal
		// certificates of an organisation name nobody and prove nobody.
		Holders: []cert.HolderKind{cert.Person, cert.Entrepreneur, cert.LegalEntity},
	},
	{
		ID: UEC, Channel: Agent, Strength: High, Needs: account.Standard, Gives: account.Confirmed,
		Accounts: []account.Kind{account.Person}, Anchor: trust.UEC,
		// A card was only ever given to a private person.
		Holders: []cert.HolderKind{cert.Person},
	},
}

// All lists the methods in the order in which they are offered.
func All() []Method {
	out := slices.Clone(table)
	for i := range out {
		out[i].Accounts = slices.Clone(out[i].Accounts)
		out[i].Holders = slices.Clone(out[i].Holders)
	}
	return out
}

// Lookup finds a method by its id.
func Lookup(id ID) (Method, bool) {
	for _, m := range All() {
		if m.ID == id {
			return m, true
		}
	}
	return Method{}, false
}

// Raises reports whether the method may raise an account of this kind and level.
func (m Method) Raises(k account.Kind, l account.Level) bool {
	return slices.Contains(m.Accounts, k) && l == m.Needs && l < m.Gives
}
