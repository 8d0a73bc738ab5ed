// SPDX-License-Identifier: Apache-2.0

// Package corpus alone owns the collection of bad input: signatures, certificates, revocation answers,
// timestamps and lists of centres that must not count, each with the finding that it must give, and
// beside each its good twin, which differs in that one point and must hold.
//
// Cases are described, not kept: a Workshop makes the bytes for one kind of key, from fixed keys,
// names, numbers and times, so that two workshops of a kind make the same bytes. Write lays all of them
// into a folder for checkers other than ours. Cases may be read from many goroutines at once; a
// Workshop belongs to one.
package corpus

import (
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// Moment is the clock of every case, unless Input says otherwise.
var Moment = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Door is where a case goes in.
type Door string

// The doors.
const (
	Document     Door = "document"     // verify.Document: what an auditor asks about a signature
	Confirmation Door = "confirmation" // verify.Verify: what the portal asks about a fresh signature
	Certificate  Door = "certificate"  // verify.Certificate: what an auditor asks about a certificate
	List         Door = "list"         // trust.OpenList: what the portal asks about a list of centres
)

// Case is one bad input.
type Case struct {
	// Name is unique, in words joined by _ behind the door and the area: "document/cms/trailing".
	Name string
	// What says in one line what is wrong, Standard which rule forbids it.
	What, Standard string
	Door           Door
	// Verdict is what the report must come to. It is Valid only for what must be told without taking
	// the worth of a signature away.
	Verdict verify.Verdict

	codes, gostCodes string // in one string; gostCodes for GOST keys when they differ
	kinds            func(mint.Kind) bool
	with, bad, twin  edit
	lists            *listCase
}

// Kinds are the kinds of keys that the corpus is made for.
func Kinds() []mint.Kind {
	return []mint.Kind{mint.P256, mint.RSA2048, mint.GOST2012256, mint.GOST2012512}
}

// All returns every case, in a fixed order.
func All() []Case {
	var list []Case
	for _, area := range [][]Case{
		messageCases(), attributeCases(), referenceCases(), mathematicsCases(), signerCases(),
		formCases(), keyCases(), pathCases(), constraintCases(), policyCases(),
		crlCases(), scopeCases(), ocspCases(), stampCases(), momentCases(), listCases(),
	} {
		list = append(list, area...)
	}
	return list
}

// For says whether the case exists for a kind of key.
func (c Case) For(k mint.Kind) bool { return c.kinds == nil || c.kinds(k) }
