// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// scene is a root, an authority under it and a certificate, from which cases depart.
type scene struct {
	root, ca, leaf *mint.Party
}

func newScene(k mint.Kind, leaf ...mint.Extension) *scene {
	root := mint.Root("root", k)
	ca := mint.CA("centre", k, root)
	return &scene{root, ca, mint.Leaf("leaf", k, ca, leaf...)}
}

// question is about the leaf at the moment; more certificates are at hand when given.
func (s *scene) question(t testing.TB, more ...*mint.Party) revocation.Question {
	t.Helper()
	q := revocation.Question{
		Certificate: parse(t, s.leaf.DER), Issuer: parse(t, s.ca.DER), At: moment, Anchor: parse(t, s.root.DER),
	}
	for _, p := range more {
		q.Certificates = append(q.Certificates, parse(t, p.DER))
	}
	return q
}

// list is a CRL that has run for an hour and will for a day, with these extensions beside the usual.
func list(entries []mint.Entry, extra ...mint.Extension) mint.CRL {
	l := mint.CRL{ThisUpdate: moment.Add(-time.Hour), NextUpdate: moment.Add(24 * time.Hour), Entries: entries}
	l.Extensions = append([]mint.Extension{mint.AKI()}, extra...)
	if !slices.ContainsFunc(extra, func(e mint.Extension) bool { return e.OID == mint.CRLNumber(1).OID }) {
		l.Extensions = append(l.Extensions, mint.CRLNumber(1))
	}
	return l
}

// numbered is list with another number.
func numbered(n int64, entries []mint.Entry, extra ...mint.Extension) mint.CRL {
	return list(entries, append(extra, mint.CRLNumber(n))...)
}

// dated gives a CRL other times.
func dated(l mint.CRL, this, next time.Time) mint.CRL {
	l.ThisUpdate, l.NextUpdate = this, next
	return l
}

// since is an entry about a certificate revoked some time before the moment.
func since(p *mint.Party, ago time.Duration, extra ...mint.Extension) []mint.Entry {
	return []mint.Entry{mint.Revoked(p.Serial, moment.Add(-ago), extra...)}
}

// kept asks an archive of these answers.
func kept(t testing.TB, q revocation.Question, answers ...[]byte) revocation.Result {
	t.Helper()
	return (&revocation.Archive{Answers: answers, Skew: time.Minute}).Check(t.Context(), q)
}

// expect compares a result with a status and, when it is unknown, with a code among its problems.
func expect(t testing.TB, r revocation.Result, status revocation.Status, code string) {
	t.Helper()
	if r.Status != status {
		t.Fatalf("%s %v, want %s", r.Status, r.Problems, status)
	}
	for _, p := range r.Problems {
		if !slices.Contains(revocation.Codes(), p.Code) {
			t.Errorf("code %s is not listed", p.Code)
		}
	}
	if status == revocation.Unknown && !slices.Contains(codes(r), code) {
		t.Errorf("problems %v, want %s", r.Problems, code)
	}
	if status == revocation.Unknown && (len(r.Raw) > 0 || r.Source != "") {
		t.Error("an unknown result keeps an answer")
	}
}

// replay repeats a decision from what the result keeps, years later.
func replay(t testing.TB, q revocation.Question, r revocation.Result) {
	t.Helper()
	a := &revocation.Archive{Answers: append([][]byte{r.Raw}, r.Supporting...), Skew: time.Minute, Anchors: []*cert.Certificate{q.Anchor}}
	for _, der := range r.Certificates {
		a.Certificates = append(a.Certificates, parse(t, der))
	}
	q.Now, q.Certificates, q.Anchor = moment.AddDate(10, 0, 0), nil, nil
	again := a.Check(t.Context(), q)
	if again.Status != r.Status || !again.RevokedAt.Equal(r.RevokedAt) || again.RevokedLater != r.RevokedLater {
		t.Errorf("replayed: %s %v, was %s", again.Status, again.Problems, r.Status)
	}
}

func number(n int64) *big.Int { return big.NewInt(n) }

const (
	good    = revocation.Good
	revoked = revocation.Revoked
	unknown = revocation.Unknown
)
