// SPDX-License-Identifier: Apache-2.0

// Package policy owns the judgement: from the facts about a signature, the person
// whom the account names and the method's row it makes either a new level or
// ordered reasons why not.
//
// It is pure: no I/O, no clock, no logging; the same case always gives the same
// decision, so a judgement can be repeated from evidence. Everything is refused
// that isn't proved: a finding that fails refuses, one that is unknown refuses, and
// a report that lacks a fact which the method needs refuses too.
//
// Who may stand for the person: the holder kinds of the method's row. The
// certificate of an entrepreneur or of a legal entity's head carries the SNILS and
// full name of the person who signs, whom the centre identified, so with the token
// method it proves that person as a private person's certificate does. It gives the
// person's own account nothing of the organisation.
package policy

import (
	"time"

	"zaver/portal/account"
	"zaver/portal/method"
	"zaver/signature/verify"
)

// Codes of the reasons that this package finds itself; the others are the codes of
// the report's findings. They are stable.
const (
	CodeLevel       = "confirm.level"        // the account is not at the level that the method needs
	CodeAccountKind = "confirm.account_kind" // the method raises no account of this kind
	CodeStatement   = "statement.content"    // what was signed is not what the portal issued
	CodeHolderKind  = "confirm.holder_kind"  // the certificate stands for no person
	CodeNoSNILS     = "confirm.no_snils"     // the certificate names no SNILS to compare
	CodeOtherPerson = "confirm.other_person" // the SNILS is another one
	CodeNameDiffers = "confirm.name_differs" // same SNILS, another name; Args hold both, masked
	CodeNotUEC      = "confirm.not_uec"      // card method, certificate of no card centre
	CodeNotToken    = "confirm.not_token"    // token method, certificate of a card centre
	CodeIncomplete  = "sig.incomplete"       // the report lacks a fact that the method needs
)

// Codes lists the codes of this package.
func Codes() []string {
	return []string{
		CodeLevel, CodeAccountKind, CodeStatement, CodeHolderKind, CodeNoSNILS, CodeOtherPerson, CodeNameDiffers,
		CodeNotUEC, CodeNotToken, CodeIncomplete,
	}
}

// Case is everything that is judged.
type Case struct {
	Method method.Method
	// Report is what was found out about the response.
	Report *verify.Report
	// SameStatement reports whether the signed bytes are those that were issued.
	SameStatement bool
	Subject       account.Subject
	// At is the moment of judgement; it must be that of the report.
	At time.Time
}

// Reason is one reason to refuse.
type Reason struct {
	Code string `json:"code"`
	// Retry says that the same key may succeed later: nothing was found wrong, only
	// something could not be found out.
	Retry bool `json:"retry,omitempty"`
	// Args fill the places of the reason's words: masked names, never more.
	Args map[string]string `json:"args,omitempty"`
}

// Decision is what follows from a case.
type Decision struct {
	// Raises reports whether the account rises, and Level to what.
	Raises bool
	Level  account.Level
	// Reasons say why not, the main one first; empty when Raises is set.
	Reasons []Reason
}

// Codes lists the codes of the reasons, in their order.
func (d Decision) Codes() []string {
	out := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		out[i] = r.Code
	}
	return out
}

// Retry reports whether nothing but time stands in the way.
func (d Decision) Retry() bool {
	for _, r := range d.Reasons {
		if !r.Retry {
			return false
		}
	}
	return len(d.Reasons) > 0
}

// Refuse is the decision to refuse for a reason found elsewhere.
func Refuse(code string) Decision { return Decision{Reasons: []Reason{{Code: code}}} }

// Judge decides the case. The order of reasons: what the account lacks, what was
// signed, the signature and its certificate in the order of the report, whose
// certificate it is, and last what could not be found out.
func Judge(c Case) Decision {
	var why reasons
	why.account(c)
	if c.Report == nil {
		why.add(CodeIncomplete)
		return why.decision(c)
	}
	holds := why.signature(c)
	// What a certificate says counts only when its key has signed.
	if holds {
		why.path(c)
		why.holder(c)
	}
	why.unknown(c)
	return why.decision(c)
}

// reasons collects, each code once.
type reasons struct{ list []Reason }

func (w *reasons) add(code string) { w.put(Reason{Code: code}) }

func (w *reasons) put(r Reason) {
	for _, have := range w.list {
		if have.Code == r.Code {
			return
		}
	}
	w.list = append(w.list, r)
}

func (w *reasons) decision(c Case) Decision {
	if len(w.list) > 0 {
		return Decision{Reasons: w.list}
	}
	return Decision{Raises: true, Level: c.Method.Gives}
}

func (w *reasons) account(c Case) {
	if c.Method.Raises(c.Subject.Kind, c.Subject.Level) {
		return
	}
	for _, k := range c.Method.Accounts {
		if k == c.Subject.Kind {
			w.add(CodeLevel)
			return
		}
	}
	w.add(CodeAccountKind)
}
