// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"slices"
)

// byList judges by one complete CRL, with a delta when there is one.
func (i *inquiry) byList(ctx context.Context, l, delta *list) Result {
	fail := func(p *Problem) Result {
		p.Source, p.URL = SourceCRL, l.url
		return Result{Status: Unknown, Problems: []*Problem{p}}
	}
	if l.unknown != "" {
		return fail(&Problem{Code: CodeCriticalExtension, Detail: l.unknown})
	}
	last := l
	if delta != nil {
		last = delta
	}
	old := i.fresh(last.this, last.next)
	if last.next.IsZero() && (old == nil || old.Code != CodeEarly) {
		old = &Problem{Code: CodeNoNextUpdate, Detail: "CRL without nextUpdate"}
	}
	if old != nil {
		return fail(old)
	}
	signer, p := i.signer(ctx, l)
	if p != nil {
		return fail(p)
	}
	r := Result{
		Status: Good, Source: SourceCRL, URL: l.url, Raw: l.raw, ThisUpdate: last.this, NextUpdate: last.next,
		Supporting: slices.Clip(signer.answers), Certificates: slices.Clip(signer.certificates),
	}
	if delta != nil {
		r.Supporting = append(r.Supporting, delta.raw)
	}
	if p := i.lookUp(&r, l, delta); p != nil {
		return fail(p)
	}
	if r.Status == Good && !r.RevokedLater {
		if p := i.outlived(last.this, l.expired); p != nil {
			return fail(p)
		}
	}
	return r
}

// lookUp finds the certificate in the delta, then in the complete CRL.
func (i *inquiry) lookUp(r *Result, l, delta *list) *Problem {
	lifted := false
	if delta != nil {
		found, p := delta.find(i.q.Certificate)
		if p != nil {
			return p
		}
		if e := worst(found); e != nil {
			if e.reason != removed {
				i.revoked(r, delta.this, e.at(), e.doubted(), e.reason, e.given)
				return nil
			}
			// Taken back later than the moment it was still there at the moment.
			lifted = i.earlier(delta.this)
		}
	}
	found, p := l.find(i.q.Certificate)
	if p != nil {
		return p
	}
	if e := worst(found); e != nil {
		if e.reason == removed {
			return malformed("removeFromCRL in a complete CRL", nil)
		}
		if lifted && e.reason == hold { // nothing else can be taken back
			return nil
		}
		i.revoked(r, l.this, e.at(), e.doubted(), e.reason, e.given)
	}
	return nil
}

// worst is the entry that counts among several about one certificate: a revocation before what takes
// one back, one for good before a hold, then the earliest.
func worst(list []entry) *entry {
	rank := func(e *entry) int {
		switch e.reason {
		case removed:
			return 2
		case hold:
			return 1
		}
		return 0
	}
	var out *entry
	for n := range list {
		e := &list[n]
		if out == nil || rank(e) < rank(out) || rank(e) == rank(out) && e.at().Before(out.at()) {
			out = e
		}
	}
	return out
}
