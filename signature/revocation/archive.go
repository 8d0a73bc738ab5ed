// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"slices"
	"sync"
	"time"

	"zaver/signature/cert"
)

// Archive answers from kept OCSP responses and CRLs, so that a judgement can be repeated from
// evidence. It reaches nothing outside itself and may be used from many goroutines at once. Its
// fields must not change after the first Check.
type Archive struct {
	// Answers are raw bytes as Result.Raw and Result.Supporting keep them, in any order: OCSP
	// responses, basic OCSP responses (as signatures keep them), complete and delta CRLs. Each is
	// read once, and what is not about a question costs it nothing.
	Answers [][]byte
	// Certificates are trusted in nothing; CRL signers and OCSP responders are looked for among them.
	Certificates []*cert.Certificate
	// Anchors are where the paths of CRL signers may end when a Question names no anchor.
	Anchors []*cert.Certificate
	// Skew is by how much clocks may differ; zero is DefaultSkew, negative none.
	Skew time.Duration
	// MaxAge bounds the time from thisUpdate to the moment asked about; zero leaves it to nextUpdate.
	MaxAge time.Duration
	// Responders is what becomes of answers by responders whose own state is not known.
	Responders ResponderRule
	// Legacy admits signatures by algorithms that are for old data only.
	Legacy bool

	once      sync.Once
	rules     *rules
	lists     map[string][]*list     // by the issuer's name
	responses map[string][]*response // by serial number
	broken    []*Problem
}

// maxProblems bounds the problems of one Result.
const maxProblems = 16

// Check judges the kept answers about the certificate. The newest that decides counts, except that a
// revocation in any of them outweighs good answers; RFC 5280 section 6.3.3 is followed for the CRLs.
func (a *Archive) Check(ctx context.Context, q Question) Result {
	if r, yes := incomplete(q); yes {
		return r
	}
	a.once.Do(a.read)
	return a.answer(ctx, newInquiry(a.rules, q, a.answer), false)
}

// read sorts the answers.
func (a *Archive) read() {
	a.rules = &rules{
		skew: skewOr(a.Skew), maxAge: a.MaxAge, legacy: a.Legacy, rule: a.Responders,
		known: a.Certificates, anchors: a.Anchors,
	}
	a.lists, a.responses = map[string][]*list{}, map[string][]*response{}
	for _, raw := range a.Answers {
		p := a.add(raw)
		if p != nil && len(a.broken) < maxProblems {
			a.broken = append(a.broken, p)
		}
	}
}

func (a *Archive) add(raw []byte) *Problem {
	if isList(raw) {
		l, p := readList(raw)
		if p == nil {
			a.lists[l.issuerKey] = append(a.lists[l.issuerKey], l)
		}
		return p
	}
	r, p := readResponse(raw)
	if p != nil {
		return p
	}
	for n := range r.singles {
		serial := string(r.singles[n].serial)
		if kept := a.responses[serial]; len(kept) == 0 || kept[len(kept)-1] != r {
			a.responses[serial] = append(kept, r)
		}
	}
	return nil
}

func skewOr(skew time.Duration) time.Duration {
	switch {
	case skew == 0:
		return DefaultSkew
	case skew < 0:
		return 0
	}
	return skew
}

// answer judges by both kinds of answers.
func (a *Archive) answer(ctx context.Context, i *inquiry, onlyCRL bool) Result {
	result := Result{Status: Unknown}
	if !onlyCRL {
		result = a.byResponses(ctx, i)
	}
	if lists := a.listsFor(i.q.Certificate); len(lists) > 0 {
		result = i.weigh(result, i.byLists(ctx, lists))
	}
	result = i.settle(result)
	if result.Status == Unknown {
		if len(result.Problems) == 0 {
			result.Problems = append(result.Problems, &Problem{Code: CodeNoSource, Detail: "no answer kept about the certificate"})
		}
		result.Problems = append(result.Problems, a.broken...)
		result.Problems = result.Problems[:min(len(result.Problems), maxProblems)]
	}
	return result
}

// byResponses judges by the newest usable response made by the moment, and by the newest made later.
func (a *Archive) byResponses(ctx context.Context, i *inquiry) Result {
	type dated struct {
		r    *response
		this time.Time
	}
	var useful []dated
	result := Result{Status: Unknown}
	for _, r := range a.responses[string(integerOf(i.q.Certificate.Serial))] {
		s, p := r.find(i.q.Certificate, i.q.Issuer)
		if p == nil {
			useful = append(useful, dated{r, s.this})
		} else if len(result.Problems) < maxProblems {
			p.Source = SourceOCSP
			result.Problems = append(result.Problems, p)
		}
	}
	slices.SortStableFunc(useful, func(x, y dated) int { return y.this.Compare(x.this) })
	var decided [2]time.Time // of one time, a revocation counts
	for _, d := range useful {
		kind := 0
		if i.earlier(d.this) {
			kind = 1
		}
		if !decided[kind].IsZero() && !decided[kind].Equal(d.this) {
			continue
		}
		r, p := i.byResponse(ctx, d.r)
		if p != nil {
			p.Source = SourceOCSP
			if len(result.Problems) < maxProblems {
				result.Problems = append(result.Problems, p)
			}
			continue
		}
		decided[kind] = d.this
		result = i.join(r, result)
	}
	return result
}

// listsFor are the kept CRLs that may be about a certificate: of its issuer, and of those whom its
// distribution points name.
func (a *Archive) listsFor(c *cert.Certificate) []*list {
	issuer := c.Issuer.Key()
	out := slices.Clip(a.lists[issuer])
	seen := []string{issuer}
	for n := range c.CRLPoints {
		for _, name := range c.CRLPoints[n].CRLIssuer {
			key := name.Name.Key()
			if name.Tag == cert.DirectoryName && !slices.Contains(seen, key) && len(seen) < maxPoints {
				seen = append(seen, key)
				out = append(out, a.lists[key]...)
			}
		}
	}
	return out
}
