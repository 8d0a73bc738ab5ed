// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"slices"

	"zaver/signature/revocation"
)

// either asks those who were given and the answers inside the signature: each apart, so that nobody can
// make the ones useless by what he adds to the others, and all that were kept together, because a delta
// CRL inside may go with a complete one that was given.
type either struct {
	given    Revocation // nil when nobody was given
	answers  [][]byte   // inside
	inside   *revocation.Archive
	together *revocation.Archive // nil when what was given is no archive
}

// with adds answers from inside a signature to a source, which may be nil or have such answers already.
func with(source Revocation, answers [][]byte, legacy bool) *either {
	if before, ok := source.(*either); ok {
		source, answers = before.given, slices.Concat(before.answers, answers)
	}
	e := &either{given: source, answers: answers, inside: &revocation.Archive{Answers: answers, Legacy: legacy}}
	if a, ok := source.(*revocation.Archive); ok && a != nil {
		e.inside.Skew, e.inside.MaxAge, e.inside.Responders = a.Skew, a.MaxAge, a.Responders
		e.together = &revocation.Archive{
			Answers: slices.Concat(a.Answers, answers), Certificates: a.Certificates, Anchors: a.Anchors, Skew: a.Skew, MaxAge: a.MaxAge,
			Responders: a.Responders, Legacy: a.Legacy || legacy,
		}
	}
	return e
}

// Check implements Revocation. A revocation that anyone knows of outweighs; of what is good, what was
// revoked later.
func (e *either) Check(ctx context.Context, q revocation.Question) revocation.Result {
	best := e.inside.Check(ctx, q)
	if e.together != nil {
		best = outweigh(e.together.Check(ctx, q), best)
	}
	if e.given == nil || best.Status == revocation.Revoked {
		return best
	}
	return outweigh(e.given.Check(ctx, q), best)
}

// outweigh returns the answer that counts, a of equal ones.
func outweigh(a, b revocation.Result) revocation.Result {
	rank := func(r revocation.Result) int {
		switch {
		case r.Status == revocation.Revoked:
			return 0
		case r.Status == revocation.Good && r.RevokedLater:
			return 1
		case r.Status == revocation.Good:
			return 2
		}
		return 3
	}
	if rank(b) < rank(a) {
		return b
	}
	return a
}
