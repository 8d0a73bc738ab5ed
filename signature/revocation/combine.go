// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"context"
	"slices"

	"zaver/signature/cert"
)

// group are the CRLs of one issuer, one scope and one key: an authority that has changed its key may
// list under each key only what that key has signed.
type group struct {
	complete, deltas []*list // newest first
	reasons          cert.ReasonFlags
}

// maxGroups bounds the scopes that are looked at for one question, maxListTries the CRLs of one scope.
const (
	maxGroups    = 16
	maxListTries = 4
)

// byLists is RFC 5280 section 6.3.3 over the CRLs at hand: every one that covers the certificate is
// asked, a revocation in any of them decides, and good needs all reasons covered.
func (i *inquiry) byLists(ctx context.Context, lists []*list) Result {
	groups, problems := i.group(lists)
	var covered cert.ReasonFlags
	var result Result
	for _, g := range groups {
		r := i.byGroup(ctx, g)
		problems = append(problems, r.Problems...)
		switch {
		case r.Status == Unknown:
			continue
		case r.Status == Revoked:
			if result.Status != Revoked || result.Reason == hold {
				r.Problems = nil
				result = r
			}
		case result.Status == "", result.Status == Good && r.RevokedLater && !result.RevokedLater:
			old := result
			result = r
			result.support(old)
		case result.Status == Good && g.reasons&^covered != 0:
			result.support(r)
		}
		covered |= g.reasons
	}
	switch {
	case result.Status == Revoked:
		result.Problems = nil
	case result.Status == "", covered != cert.AllReasons:
		if result.Status != "" {
			problems = append(problems, &Problem{Code: CodeReasons, Detail: "CRLs for some reasons only"})
		}
		return Result{Status: Unknown, Problems: problems}
	default:
		result.Problems = nil
	}
	result.Source = SourceCRL
	return i.settle(result)
}

// support adds another answer and what stands behind it.
func (r *Result) support(o Result) {
	add := func(into *[][]byte, b []byte) {
		same := func(x []byte) bool { return &x[0] == &b[0] || string(x) == string(b) }
		if len(b) > 0 && string(b) != string(r.Raw) && !slices.ContainsFunc(*into, same) {
			*into = append(*into, b)
		}
	}
	add(&r.Supporting, o.Raw)
	for _, b := range o.Supporting {
		add(&r.Supporting, b)
	}
	for _, b := range o.Certificates {
		add(&r.Certificates, b)
	}
}

// group sorts the CRLs that cover the certificate by scope, those for all reasons first. The problems
// are those of CRLs that cover it for no distribution point.
func (i *inquiry) group(lists []*list) ([]*group, []*Problem) {
	points := pointsOf(i.q.Certificate)
	found := map[string]*group{}
	var out []*group
	var problems []*Problem
	note := func(p *Problem, l *list) {
		if len(problems) < maxGroups {
			p.Source, p.URL = SourceCRL, l.url
			problems = append(problems, p)
		}
	}
	var deltas []*list
	for _, l := range lists {
		if l.base != nil {
			deltas = append(deltas, l)
			continue
		}
		reasons, p := i.coverage(l, points)
		if p != nil {
			note(p, l)
			continue
		}
		key := l.groupKey()
		g := found[key]
		if g == nil && len(out) < maxGroups {
			g = &group{reasons: reasons}
			found[key] = g
			out = append(out, g)
		}
		if g != nil {
			g.complete = append(g.complete, l)
		} else {
			*i.cut = true
		}
	}
	for _, l := range deltas {
		if g := found[l.groupKey()]; g != nil {
			g.deltas = append(g.deltas, l)
		} else {
			note(&Problem{Code: CodeNoBase, Detail: "delta CRL without the complete CRL of its scope"}, l)
		}
	}
	newest := func(a, b *list) int { return b.this.Compare(a.this) }
	for _, g := range out {
		slices.SortStableFunc(g.complete, newest)
		slices.SortStableFunc(g.deltas, newest)
	}
	slices.SortStableFunc(out, func(a, b *group) int { return int(b.reasons) - int(a.reasons) })
	return out, problems
}

// coverage is for which reasons a CRL answers about the certificate (RFC 5280 section 6.3.3 (d)).
func (i *inquiry) coverage(l *list, points []point) (cert.ReasonFlags, *Problem) {
	var reasons cert.ReasonFlags
	var first *Problem
	covered := false
	for n := range points {
		p := l.covers(&points[n], i.q.Certificate)
		if p == nil {
			covered = true
			reasons |= points[n].reasons & l.reasons()
		} else if first == nil || first.Code == CodeIssuer {
			first = p
		}
	}
	switch {
	case reasons != 0:
		return reasons, nil
	case covered:
		return 0, &Problem{Code: CodeReasons, Detail: "CRL for no reason that counts"}
	}
	return 0, first
}

// byGroup asks the newest CRL made by the moment that reaches it, and the newest of all that was made
// later: the one knows the state, the other what came to light since.
func (i *inquiry) byGroup(ctx context.Context, g *group) Result {
	then := i.newest(ctx, g, true)
	if i.now.After(i.q.At.Add(i.skew)) || then.Status == Unknown {
		if later := i.newest(ctx, g, false); later.Status != "" {
			return i.join(then, later)
		}
	}
	return then
}

func (i *inquiry) join(then, later Result) Result {
	switch {
	case later.Status == Unknown:
		if then.Status == Unknown {
			then.Problems = append(then.Problems, later.Problems...)
		}
		return then
	case then.Status == Unknown, later.Status == Revoked && then.Status == Good:
		return later
	case then.Status == Good && later.RevokedLater:
		later.support(then)
		return later
	}
	return then
}

// newest judges by the newest usable CRL of the group with its delta: of those made by the moment, or
// of those made later. The zero Result says that there is none of that kind. Of several made at one
// time, one that lists the certificate counts.
func (i *inquiry) newest(ctx context.Context, g *group, earlier bool) Result {
	result := Result{}
	tried := 0
	var good *list
	for _, l := range g.complete {
		if good != nil && (!l.this.Equal(good.this) || bytes.Equal(l.raw, good.raw)) {
			continue
		}
		if earlier && !i.earlier(l.this) {
			continue
		}
		delta := i.deltaFor(ctx, g, l, earlier)
		last := l
		if delta != nil {
			last = delta
		}
		if !earlier && i.earlier(last.this) {
			continue
		}
		if tried == maxListTries {
			*i.cut = true
			break
		}
		r := i.byList(ctx, l, delta)
		switch {
		case r.Status == Revoked:
			return r
		case r.Status == Good && good == nil:
			good, result = l, r
			continue
		case good != nil:
			continue
		}
		if code := r.Problems[0].Code; code != CodeStale && code != CodeEarly { // which cost nothing to see
			tried++
		}
		result.Status = Unknown
		if len(result.Problems) < maxProblems {
			result.Problems = append(result.Problems, r.Problems...)
		}
	}
	if earlier && result.Status == "" {
		result.Status = Unknown
	}
	return result
}

// deltaFor is the newest delta CRL that goes with a complete one and whose signature holds under the
// same key; nil when there is none.
func (i *inquiry) deltaFor(ctx context.Context, g *group, l *list, earlier bool) *list {
	for _, d := range g.deltas {
		if earlier && !i.earlier(d.this) || !l.sameScope(d) || d.this.After(i.now.Add(i.skew)) {
			continue
		}
		if d.unknown != "" || d.next.IsZero() || d.open() != nil {
			continue
		}
		s, p := i.signer(ctx, l)
		if p != nil || !i.spend() || d.signedBy(s.by) != nil {
			continue
		}
		return d
	}
	return nil
}
