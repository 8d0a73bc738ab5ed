// SPDX-License-Identifier: Apache-2.0

package road

import (
	"slices"
	"testing"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
)

// walk confirms a standard account, and checks page, database and browser.
func (w *World) walk(r *robot.Robot, method string) (request string) {
	w.t.Helper()
	request, err := r.Confirm(method)
	w.must(err)
	result, err := r.Result()
	w.must(err)
	if result.State != "confirmed" {
		w.t.Fatalf("result %+v", result)
	}
	level, err := r.Level()
	w.must(err)
	if level != "confirmed" {
		w.t.Errorf("the account's page shows level %q", level)
	}
	if got := w.LevelOf(request); got != "confirmed" {
		w.t.Errorf("the database says level %q", got)
	}
	if c := r.Complaints(); len(c) > 0 {
		w.t.Errorf("the browser complains: %q", c)
	}
	return request
}

// TestTokenRoad confirms with a qualified signature on a token (C1).
func TestTokenRoad(t *testing.T) {
	w := Start(t)
	p := people.TokenHolder()
	r := w.Standard(p)
	w.GiveToken(p, pki.Good)
	w.Answers(p.PINs.Token)
	w.walk(r, "token")
	shown, err := w.Pinentry.Shown()
	w.must(err)
	if !slices.ContainsFunc(shown, func(s pinentry.Shown) bool { return s.Command == "CONFIRM" }) {
		t.Error("nothing was shown before the PIN was asked")
	}
}

// TestGOSTTokenRoad confirms with the keys that qualified signatures have, and has the evidence
// judged ten years later by its files alone (C1, C10).
func TestGOSTTokenRoad(t *testing.T) {
	w := Start(t)
	for _, kind := range []pki.KeyKind{pki.GOST256, pki.GOST512} {
		p := w.Person()
		r := w.Standard(p)
		w.GiveTokenOf(p, pki.Good, kind)
		w.Answers(p.PINs.Token)
		request := w.walk(r, "token")
		w.must(w.Later(t.Context(), request, "token"))
	}
}

// TestCardRoad confirms with a UEC card in a reader, on a phone screen (C2).
func TestCardRoad(t *testing.T) {
	w := Start(t)
	p := people.CardHolder()
	r := w.Standard(p, func(o *Options) { o.Phone = true })
	w.GiveCard(p, pki.Good)
	w.Answers(p.PINs.Card2)
	w.walk(r, "uec")
}

// TestEmailRoad registers by a letter with a link, in English.
func TestEmailRoad(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Visitor(func(o *Options) { o.Language = "en" })
	before := w.Inbox.Last()
	w.must(r.RegisterByEmail(p))
	w.must(r.OpenLink(p, before))
	w.must(r.Password(p.Password))
	level, err := r.Level()
	w.must(err)
	if level != "simplified" {
		t.Errorf("level %q after registration", level)
	}
	if c := r.Complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}
