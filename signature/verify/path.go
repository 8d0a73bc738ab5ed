// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"sync"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/revocation"
	"zaver/signature/trust"
)

// maxPaths bounds the paths that are weighed when the first does not hold in every respect: each
// may cost a question to the network.
const maxPaths = 16

// weighed is a path with all that was found about it.
type weighed struct {
	path     chain.Path
	policies chain.Policies
	anchor   *trust.Anchor
	answers  []Answer
	findings []Finding
}

// worse orders verdicts: the lowest is the best.
var worse = map[Verdict]int{Valid: 0, Undecidable: 1, Invalid: 2}

// checkPath looks for a path to any anchor, what the anchor is worth at the moment, and whether a
// certificate of the path was revoked. Where a path holds but one of its certificates was revoked or
// lost its accreditation, the next is tried: a centre may have been certified twice.
func (v *verification) checkPath(ctx context.Context, inside []*cert.Certificate) {
	untrusted := append(inside[:len(inside):len(inside)], v.terms.Untrusted...)
	finder := chain.NewFinder(nil, nil)
	if v.Set != nil {
		finder = v.Set.Finder()
	}
	var best *weighed
	tried := 0
	err := finder.All(v.report.Signer, untrusted, v.At, v.options(), func(p chain.Valid) bool {
		w := v.weigh(ctx, p, untrusted)
		if tried++; best == nil || worse[verdict(w.findings)] < worse[verdict(best.findings)] {
			best = w
		}
		return verdict(best.findings) != Valid && tried < maxPaths && ctx.Err() == nil
	})
	if best == nil {
		v.pathFailed(err)
		// Addresses in a certificate that nobody vouches for are not to be called.
		if v.asks {
			v.add(CodeRevocationUnknown, Unknown, v.report.Signer, "not asked: no path holds")
		}
		return
	}
	v.report.Path, v.report.Policies, v.report.Anchor, v.report.Revocations = best.path, best.policies, best.anchor, best.answers
	v.report.Findings = append(v.report.Findings, best.findings...)
}

func (v *verification) options() chain.Options {
	return chain.Options{
		LeafTimeElsewhere: true, Policies: v.terms.Policies, RequireExplicitPolicy: v.terms.ExplicitPolicy,
		InhibitPolicyMapping: v.terms.InhibitMapping, InhibitAnyPolicy: v.terms.InhibitAnyPolicy,
		ExtKeyUsage: v.purposes(), Legacy: v.legacy(),
	}
}

// weigh finds out all about one path.
func (v *verification) weigh(ctx context.Context, p chain.Valid, certificates []*cert.Certificate) *weighed {
	w := &weighed{path: p.Path, policies: p.Policies}
	top := p.Path.Anchor()
	w.add(CodeChainOK, OK, top, "a path leads to a trust anchor")
	v.addDeviations(w, p)
	anchor, ok := v.Set.Find(top)
	if !ok { // All gives only anchors of the set; a report must not rest on that alone
		w.add(CodeNotAccredited, Fail, top, "the path ends outside the set")
		return w
	}
	w.anchor = &anchor
	v.checkAlgorithms(w)
	v.checkAdmitted(w)
	v.checkAccreditation(w)
	if v.terms.Profile != ProfileGeneric && v.purpose == nil {
		w.findings = append(w.findings, qualified(p.Path.Leaf(), anchor.Kind)...)
	}
	v.checkRevocation(ctx, w, certificates)
	return w
}

func (w *weighed) add(code string, s Severity, c *cert.Certificate, detail string) {
	f := Finding{Code: code, Severity: s, Detail: detail}
	if c != nil {
		f.Certificate = fingerprint(c)
	}
	w.findings = append(w.findings, f)
}

// checkAdmitted holds the authorities between to those that the signer named (RFC 5035 section 3).
func (v *verification) checkAdmitted(w *weighed) {
	if v.admits == nil {
		return
	}
	for i := 1; i < len(w.path)-1; i++ {
		if !v.admits(w.path[i]) {
			w.add("cms.signing_certificate", Fail, w.path[i], "the signer limited the path to other authorities")
		}
	}
}

// checkAccreditation looks at the anchor and at every centre on the path. Where the set was made
// with the list of accredited centres, a centre under an anchor for qualified signatures that the
// list does not name has no accreditation; without a list it counts by its anchor's word.
func (v *verification) checkAccreditation(w *weighed) {
	holds := w.anchor.AccreditedAt(v.At)
	if !holds {
		w.add(CodeNotAccredited, Fail, w.anchor.Certificate, "the anchor's accreditation does not cover the moment")
	}
	_, listed := v.Set.List()
	for i, c := range w.path {
		centre, ok := v.Set.FindCentre(c)
		switch {
		case ok && !centre.AccreditedAt(v.At):
			holds = false
			w.add(CodeNotAccredited, Fail, c, "the centre's accreditation does not cover the moment")
		case !ok && listed && i > 0 && i < len(w.path)-1 && w.anchor.Kind == trust.Qualified:
			holds = false
			w.add(CodeNotAccredited, Fail, c, "the list of accredited centres does not name this centre")
		}
	}
	if holds && v.terms.Profile != ProfileGeneric { // there, an anchor is what the asker says
		w.add(CodeAccredited, OK, w.anchor.Certificate, "accredited as "+string(w.anchor.Kind))
	}
}

func (v *verification) pathFailed(err error) {
	var e *chain.Error
	if !errors.As(err, &e) {
		v.add(CodeChain, Fail, v.report.Signer, "no path to a trust anchor holds")
		return
	}
	if e.Code == chain.CodeNoAnchor {
		v.add(CodeNotAccredited, Fail, v.report.Signer, "the certificate leads to no trust anchor")
	} else {
		v.add(CodeChain, Fail, v.report.Signer, "no path to a trust anchor holds")
	}
	v.add(e.Code, Fail, e.Certificate, e.Error())
}

// keeper is a Revocation that answers at once what it was asked before: revocation.Checker.
type keeper interface {
	Kept(ctx context.Context, q revocation.Question) (revocation.Result, bool)
}

// checkRevocation asks about every certificate below the anchor, all at once where somebody has to
// be asked.
func (v *verification) checkRevocation(ctx context.Context, w *weighed, certificates []*cert.Certificate) {
	if len(w.path) == 1 {
		return // an anchor is trusted, not asked about
	}
	if v.Revocation == nil {
		if v.asks {
			w.add(CodeRevocationUnknown, Unknown, w.path.Leaf(), "not asked: nobody to ask")
		} else {
			w.add(CodeRevocationNotAsked, Info, w.path.Leaf(), "no answers were given and none were demanded")
		}
		return
	}
	w.answers = make([]Answer, len(w.path)-1)
	keeper, _ := v.Revocation.(keeper)
	var wait sync.WaitGroup
	for i := range w.answers {
		q := revocation.Question{
			Certificate: w.path[i], Issuer: w.path.Issuer(i), At: v.At, Now: v.now,
			Anchor: w.path.Anchor(), Certificates: certificates, Directory: v.Set,
		}
		w.answers[i].Certificate = fingerprint(w.path[i])
		if keeper != nil {
			var kept bool
			if w.answers[i].Result, kept = keeper.Kept(ctx, q); kept {
				continue
			}
		}
		wait.Go(func() { w.answers[i].Result = v.Revocation.Check(ctx, q) })
	}
	wait.Wait()
	for i, a := range w.answers {
		w.addAnswer(w.path[i], i == 0, v.asks, a.Result)
		if by, ok := answeredBy(a.Result); ok && by.Legacy {
			w.add(CodeLegacyAlgorithm, Warn, w.path[i], "the answer about it is signed by "+by.Name)
		}
	}
}

func (w *weighed) addAnswer(c *cert.Certificate, leaf, asked bool, r revocation.Result) {
	switch r.Status {
	case revocation.Good:
		if r.RevokedLater {
			w.add(CodeRevokedLater, Info, c, "since "+r.RevokedAt.UTC().Format(time.RFC3339))
		}
		w.add(CodeNotRevoked, OK, c, "by "+string(r.Source)+" of "+r.ThisUpdate.UTC().Format(time.RFC3339))
	case revocation.Revoked:
		code := CodeCARevoked
		if leaf {
			code = CodeCertRevoked
		}
		w.add(code, Fail, c, "since "+r.RevokedAt.UTC().Format(time.RFC3339)+" by "+string(r.Source))
	default:
		detail := "no answer"
		for _, p := range r.Problems {
			detail += "; " + p.Error()
		}
		if !asked {
			w.add(CodeRevocationNotAsked, Info, c, detail)
			return
		}
		w.add(CodeRevocationUnknown, Unknown, c, detail)
	}
}
