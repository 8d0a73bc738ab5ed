// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"errors"
	"io"
	"slices"

	"zaver/signature/algo"
	"zaver/signature/pin"
)

type operation string

const (
	opList    operation = "list"
	opSign    operation = "sign"
	opChange  operation = "change"
	opUnblock operation = "unblock"
	opBegin   operation = "begin" // the answer to Begun: the PIN may be set
)

// changes says that the operation sets a PIN.
func (o operation) changes() bool { return o == opChange || o == opUnblock }

// request is what the host asks. A PIN frame follows it where PIN is set, and another where Fresh is.
type request struct {
	Op         operation `json:"op"`
	Module     string    `json:"module"`
	Parameters string    `json:"parameters,omitempty"` // for C_Initialize
	Token      *which    `json:"token,omitempty"`      // all but list
	Sign       *signing  `json:"sign,omitempty"`
	PIN        bool      `json:"pin,omitempty"`
	Fresh      bool      `json:"fresh,omitempty"` // the PIN to be set
}

// which is the token that the person chose.
type which struct {
	Slot    uint   `json:"slot"`
	Label   string `json:"label"`
	Serial  string `json:"serial"`
	LastTry bool   `json:"last_try"` // the person knows that this is the last try
	// Shows is the SHA-256 of a certificate that it shows without a login, by which it is told from a twin; empty: it shows none.
	Shows []byte `json:"shows,omitempty"`
}

type signing struct {
	ID        []byte `json:"id"`
	SPKI      []byte `json:"spki"`
	Algorithm string `json:"algorithm"`
	Salt      int    `json:"salt,omitempty"` // SaltLength of an algorithm with one
	Digest    []byte `json:"digest"`
}

// secrets are the PINs that go with a request; both may be nil.
type secrets struct{ pin, fresh *pin.PIN }

func (s secrets) wipe() {
	s.pin.Wipe()
	s.fresh.Wipe()
}

// reply is what the worker answers: any number with a Token, or one with Begun, then one with Done or Failure.
type reply struct {
	Token     *tokenReply `json:"token,omitempty"`
	Signature []byte      `json:"signature,omitempty"`
	Begun     bool        `json:"begun,omitempty"` // the worker waits for opBegin; from then on the PIN may be another
	Done      bool        `json:"done,omitempty"`
	Failure   *failure    `json:"failure,omitempty"`
}

type tokenReply struct {
	Slot          uint        `json:"slot"`
	Label         string      `json:"label"`
	Manufacturer  string      `json:"manufacturer"`
	Model         string      `json:"model"`
	Serial        string      `json:"serial"`
	Tries         pin.Tries   `json:"tries"`
	CountLow      bool        `json:"count_low"`
	Problem       pin.Reason  `json:"problem"`
	SOTries       pin.Tries   `json:"so_tries"`
	SOCountLow    bool        `json:"so_count_low"`
	SOProblem     pin.Reason  `json:"so_problem"`
	MinPIN        int         `json:"min_pin"`
	MaxPIN        int         `json:"max_pin"`
	Reader        string      `json:"reader"`
	LoginRequired bool        `json:"login_required"`
	ProtectedPath bool        `json:"protected_path"`
	Certificates  []certReply `json:"certificates"`
	Keys          []keyReply  `json:"keys"`
	Data          []string    `json:"data"` // names of data objects, where there is neither certificate nor key
}

type certReply struct {
	ID    []byte `json:"id"`
	Label string `json:"label"`
	DER   []byte `json:"der"`
}

type keyReply struct {
	ID    []byte       `json:"id"`
	Label string       `json:"label"`
	Kind  algo.KeyKind `json:"kind"`
	SPKI  []byte       `json:"spki"`
}

// failure carries a *pin.Error (Reason is set) or an Error (Code is set).
type failure struct {
	Code   string     `json:"code,omitempty"`
	Reason pin.Reason `json:"reason,omitempty"`
	Tries  pin.Tries  `json:"tries"`
	Ref    string     `json:"ref,omitempty"`
	Detail string     `json:"detail,omitempty"`
}

// err is the failure as callers see it. The worker may be in the hands of its module: what it says counts only as far as it is known here.
func (f *failure) err(module string) error {
	var cause error
	if f.Detail != "" {
		cause = errors.New(line(f.Detail, maxDetail))
	}
	if f.Reason != "" && slices.Contains(pin.Codes(), "pin."+string(f.Reason)) {
		ref := f.Ref
		if ref != PINSO && ref != PINNew {
			ref = PINUser
		}
		return &pin.Error{Reason: f.Reason, Tries: f.Tries, Ref: ref, Cause: cause}
	}
	code := f.Code
	if !slices.Contains(Codes(), code) {
		code = CodeModule
	}
	return &Error{Code: code, Module: module, Cause: cause}
}

// readRequest reads a request and the PINs that belong to it; the caller wipes them.
func readRequest(r io.Reader) (q request, s secrets, err error) {
	if err := readJSON(r, &q); err != nil {
		return q, s, err
	}
	if !q.whole() {
		return q, s, errFrame
	}
	if q.PIN {
		if s.pin, err = readPIN(r); err != nil {
			return q, secrets{}, err
		}
	}
	if q.Fresh {
		if s.fresh, err = readPIN(r); err != nil {
			s.wipe()
			return q, secrets{}, err
		}
	}
	return q, s, nil
}

// whole reports whether a request has what its operation needs.
func (q *request) whole() bool {
	switch q.Op {
	case opList, opBegin:
		return true
	case opSign:
		return q.Token != nil && q.Sign != nil && len(q.Token.Shows) == sha256.Size
	case opChange, opUnblock:
		return q.Token != nil && (len(q.Token.Shows) == 0 || len(q.Token.Shows) == sha256.Size)
	}
	return false
}

func writeRequest(w io.Writer, q request, s secrets) error {
	q.PIN, q.Fresh = s.pin.Len() > 0, s.fresh.Len() > 0
	if err := writeJSON(w, q); err != nil {
		return err
	}
	if q.PIN {
		if err := writePIN(w, s.pin); err != nil {
			return err
		}
	}
	if q.Fresh {
		return writePIN(w, s.fresh)
	}
	return nil
}
