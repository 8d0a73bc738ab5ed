// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"io"

	"zaver/signature/algo"
	"zaver/signature/pin"
)

type operation string

const (
	opList operation = "list"
	opSign operation = "sign"
)

// request is what the host asks. A PIN frame follows it where PIN is set.
type request struct {
	Op     operation `json:"op"`
	Module string    `json:"module"`
	Sign   *signing  `json:"sign,omitempty"`
	PIN    bool      `json:"pin,omitempty"`
}

type signing struct {
	Slot      uint   `json:"slot"`
	Label     string `json:"label"`
	Serial    string `json:"serial"`
	ID        []byte `json:"id"`
	SPKI      []byte `json:"spki"`
	Algorithm string `json:"algorithm"`
	Digest    []byte `json:"digest"`
	LastTry   bool   `json:"last_try"` // the person knows that this is the last try
}

// reply is what the worker answers: any number with a Token, then one with Done or Failure.
type reply struct {
	Token     *tokenReply `json:"token,omitempty"`
	Signature []byte      `json:"signature,omitempty"`
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
	LoginRequired bool        `json:"login_required"`
	ProtectedPath bool        `json:"protected_path"`
	Certificates  []certReply `json:"certificates"`
	Keys          []keyReply  `json:"keys"`
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

func (f *failure) err(module string) error {
	var cause error
	if f.Detail != "" {
		cause = errors.New(f.Detail)
	}
	if f.Reason != "" {
		return &pin.Error{Reason: f.Reason, Tries: f.Tries, Ref: f.Ref, Cause: cause}
	}
	return &Error{Code: f.Code, Module: module, Cause: cause}
}

// readRequest reads a request and the PIN that belongs to it; the caller wipes the PIN.
func readRequest(r io.Reader) (request, *pin.PIN, error) {
	var q request
	if err := readJSON(r, &q); err != nil {
		return q, nil, err
	}
	if q.Op != opList && (q.Op != opSign || q.Sign == nil) {
		return q, nil, errFrame
	}
	if !q.PIN {
		return q, nil, nil
	}
	p, err := readPIN(r)
	return q, p, err
}

func writeRequest(w io.Writer, q request, p *pin.PIN) error {
	q.PIN = p != nil && p.Len() > 0
	if err := writeJSON(w, q); err != nil {
		return err
	}
	if !q.PIN {
		return nil
	}
	return writePIN(w, p)
}
