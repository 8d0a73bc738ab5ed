// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"slices"
	"time"

	"zaver/signature/cert"
)

// rules are what Checker and Archive judge by alike.
type rules struct {
	skew, maxAge time.Duration
	legacy       bool
	rule         ResponderRule
	known        []*cert.Certificate // trusted in nothing
	anchors      []*cert.Certificate
}

// maxDepth bounds how many signers are asked about one above another.
const maxDepth = 3

// maxTries bounds what is checked for one question, those about signers included: signatures of
// answers and paths of signers.
const maxTries = 48

// inquiry is one question under way, with those about the signers of its answers.
type inquiry struct {
	*rules
	q     Question
	now   time.Time
	depth int
	// asking are the certificates whose state is being asked above: who signs about himself proves nothing.
	asking []*cert.Certificate
	tries  *int
	// cut says that something at hand was left unread for its amount: good would rest on what those
	// who added the rest have left to be seen.
	cut *bool
	// signers are who signed the CRLs of this question, as far as it was found out.
	signers map[*list]signed
	// ask finds out the state of a signer; onlyCRL for OCSP responders, of whom responders are not asked.
	ask func(ctx context.Context, i *inquiry, onlyCRL bool) Result
}

func newInquiry(r *rules, q Question, ask func(context.Context, *inquiry, bool) Result) *inquiry {
	tries, cut := maxTries, false
	return &inquiry{rules: r, q: q, now: clock(q), tries: &tries, cut: &cut, signers: map[*list]signed{}, ask: ask}
}

// incomplete answers a question that lacks what it is about.
func incomplete(q Question) (Result, bool) {
	if q.Certificate != nil && q.Issuer != nil {
		return Result{}, false
	}
	return Result{Status: Unknown, Problems: []*Problem{{Code: CodeNoSource, Detail: "a question without a certificate or an issuer"}}}, true
}

// clock is the present of a question.
func clock(q Question) time.Time {
	if q.Now.IsZero() {
		return q.At
	}
	return q.Now
}

// spend reports whether one more check may be made.
func (i *inquiry) spend() bool {
	*i.tries--
	*i.cut = *i.cut || *i.tries < 0
	return *i.tries >= 0
}

// settle takes good back where not everything was looked at: whoever adds answers that cost checks and
// decide nothing could hide behind them the one that tells of a revocation.
func (i *inquiry) settle(r Result) Result {
	if r.Status != Good || !*i.cut {
		return r
	}
	return Result{Status: Unknown, Problems: append(r.Problems, &Problem{Code: CodeTooComplex, Detail: "more answers than are looked at"})}
}

// earlier reports that an answer was made by the moment asked about, clocks being as they are.
func (i *inquiry) earlier(this time.Time) bool { return !this.After(i.q.At.Add(i.skew)) }

// moment is when whoever signed an answer must have been entitled to: at the moment asked about, and
// for a later answer when it was made.
func (i *inquiry) moment(made time.Time) time.Time {
	if made.After(i.q.At) && !i.earlier(made) {
		return made
	}
	return i.q.At
}

// fresh checks the times of an answer: it is not of the future; made before the moment it reaches the
// moment; made later it is a proof as it stands.
func (i *inquiry) fresh(this, next time.Time) *Problem {
	if this.After(i.now.Add(i.skew)) {
		return &Problem{Code: CodeEarly, Detail: "made at " + this.UTC().Format(time.RFC3339)}
	}
	if !i.earlier(this) {
		return nil
	}
	if i.q.At.After(next.Add(i.skew)) {
		return &Problem{Code: CodeStale, Detail: "good until " + next.UTC().Format(time.RFC3339)}
	}
	if i.maxAge > 0 && i.q.At.After(this.Add(i.maxAge+i.skew)) {
		return &Problem{Code: CodeStale, Detail: "too old, of " + this.UTC().Format(time.RFC3339)}
	}
	return nil
}

// outlived says that an answer without the certificate proves nothing because it was made when the
// certificate had ended: revocations of ended certificates need not be kept (RFC 5280 section 3.3). kept is since when
// they are by the answer's word.
func (i *inquiry) outlived(this, kept time.Time) *Problem {
	end := i.q.Certificate.NotAfter
	if i.earlier(this) || i.q.At.After(end) || !this.After(end) || !kept.IsZero() && !kept.After(end) {
		return nil
	}
	return &Problem{Code: CodeAfterExpiry, Detail: "made at " + this.UTC().Format(time.RFC3339)}
}

// counts reports that an entry makes the certificate revoked at the moment asked about.
func (i *inquiry) counts(at, invalidity, this time.Time) bool {
	return !at.After(i.q.At) || !invalidity.IsZero() && !invalidity.After(i.q.At) || !this.After(i.q.At)
}

// revoked sets what an entry of an answer made at this says: revoked, or good with a revocation to come.
func (i *inquiry) revoked(r *Result, this, at, invalidity time.Time, reason int, given bool) {
	r.Status, r.RevokedAt, r.InvalidityDate, r.Reason, r.ReasonGiven = Revoked, at, invalidity, reason, given
	if !i.counts(at, invalidity, this) {
		r.Status, r.RevokedLater = Good, true
	}
}

// known to the inquiry by a name: the certificates of the question, those of the Checker or Archive,
// and the anchors, each once.
func (i *inquiry) named(key string) []*cert.Certificate {
	var out []*cert.Certificate
	for _, pool := range [][]*cert.Certificate{i.q.Certificates, i.listed(key), i.known, i.trusted()} {
		for _, c := range pool {
			if c.Subject.Key() == key && !slices.ContainsFunc(out, c.Equal) {
				out = append(out, c)
			}
		}
	}
	return out
}

// listed are the certificates of that name in the directory of the question.
func (i *inquiry) listed(key string) []*cert.Certificate {
	if i.q.Directory == nil {
		return nil
	}
	return i.q.Directory.Named(key)
}

// trusted are the anchors that the path of a signer may end in.
func (i *inquiry) trusted() []*cert.Certificate {
	if i.q.Anchor != nil {
		return []*cert.Certificate{i.q.Anchor}
	}
	return i.anchors
}

// state asks for the state of a certificate behind the answer that is being judged.
func (i *inquiry) state(ctx context.Context, c, issuer *cert.Certificate, at time.Time, onlyCRL bool) Result {
	if i.depth >= maxDepth || i.ask == nil {
		return Result{Status: Unknown, Problems: []*Problem{{Code: CodeNoSource, Detail: "nobody to ask about the signer"}}}
	}
	sub := *i
	sub.q.Certificate, sub.q.Issuer, sub.q.At, sub.now = c, issuer, at, i.now
	if at.After(sub.now) {
		sub.now = at
	}
	sub.q.Now = sub.now
	sub.depth++
	sub.signers = map[*list]signed{}
	sub.asking = append(slices.Clip(i.asking), c)
	return i.ask(ctx, &sub, onlyCRL)
}

// weigh joins what two kinds of answers say: a revocation outweighs, unless it is a hold that a later
// answer, made by the moment, no longer knows.
func (i *inquiry) weigh(a, b Result) Result {
	switch {
	case a.Status == Unknown:
		a, b = b, a
	case b.Status == Unknown:
	case b.Status == Revoked && a.Status != Revoked:
		a, b = b, a
		fallthrough
	case a.Status == Revoked && b.Status == Good:
		if a.Reason == hold && b.ThisUpdate.After(a.ThisUpdate) && i.earlier(b.ThisUpdate) {
			a, b = b, a
		}
	case a.Status == Good && !a.RevokedLater && b.RevokedLater:
		a, b = b, a
	}
	if a.Status == Unknown {
		a.Problems = append(a.Problems, b.Problems...)
	}
	return a
}
