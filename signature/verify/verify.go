// SPDX-License-Identifier: Apache-2.0

// Package verify alone owns the report about one signature: every fact about its bytes, its
// certificate, the path, the accreditation, the revocation and the times, as findings with stable
// codes. It judges nothing: what a finding leads to is the portal's policy.
//
// The report holds all that the facts were read from (certificates, raw OCSP and CRL answers, the
// id of the anchor set), so that Verify over a revocation.Archive of the same answers, at the same
// moment, gives the same findings years later. Verify may be used from many goroutines at once; it
// reaches the network only through Request.Revocation, and only for certificates whose path holds.
package verify

import (
	"context"
	"errors"
	"sync"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/revocation"
	"zaver/signature/trust"
)

// Revocation answers whether a certificate was revoked: revocation.Checker and revocation.Archive.
type Revocation interface {
	Check(ctx context.Context, q revocation.Question) revocation.Result
}

// Request is what Verify needs.
type Request struct {
	// CMS is the DER of a SignedData with its content inside.
	CMS []byte
	// At is the moment of judgement: validity, accreditation and revocation are those of At. The
	// signing time inside the signature is a claim and only compared.
	At time.Time
	// Set holds the trust anchors of every kind.
	Set *trust.Set
	// Revocation is asked for every certificate of the path below the anchor; nil leaves the
	// state unknown.
	Revocation Revocation
	// MaxAge and MaxSkew say how far before and after At the claimed signing time may lie; zero
	// is 10 min and 5 min.
	MaxAge, MaxSkew time.Duration
}

// Report is all that Verify found.
type Report struct {
	At         time.Time
	TrustSetID string
	Findings   []Finding
	// Content is what was signed, nil when the CMS could not be read.
	Content []byte
	// SigningTime is the signer's claim, zero when there is none.
	SigningTime time.Time
	// Signer is the certificate named by the signer, nil when it is not inside.
	Signer *cert.Certificate
	// Path leads from Signer to the anchor; empty when none holds.
	Path chain.Path
	// Anchor is where Path ends, with its kind; nil when Path is empty.
	Anchor *trust.Anchor
	// Revocations are the answers about the certificates of Path below the anchor, leaf first.
	Revocations []Answer
}

// Answer is the state of one certificate with the raw answer behind it.
type Answer struct {
	Certificate string // fingerprint as in Finding
	revocation.Result
}

// Verify makes the report. It always returns one; a cancelled context leaves revocation unknown.
func Verify(ctx context.Context, r Request) *Report {
	if r.MaxAge == 0 {
		r.MaxAge = 10 * time.Minute
	}
	if r.MaxSkew == 0 {
		r.MaxSkew = 5 * time.Minute
	}
	v := &verification{Request: r, report: &Report{At: r.At}}
	if r.Set != nil {
		v.report.TrustSetID = r.Set.ID()
	}
	signed := v.parse()
	if signed == nil {
		return v.report
	}
	v.checkSignature(signed)
	v.checkSigningTime()
	if v.report.Signer == nil {
		v.add(CodeNoCertificate, Fail, nil, "the signer's certificate is not inside")
		return v.report
	}
	v.checkCertificate()
	v.checkPath(signed.Certificates)
	v.checkRevocation(ctx)
	return v.report
}

// verification is one Verify under way.
type verification struct {
	Request
	report *Report
}

func (v *verification) add(code string, s Severity, c *cert.Certificate, detail string) {
	f := Finding{Code: code, Severity: s, Detail: detail}
	if c != nil {
		f.Certificate = fingerprint(c)
	}
	v.report.Findings = append(v.report.Findings, f)
}

func (v *verification) parse() *cms.SignedData {
	signed, err := cms.Parse(v.CMS)
	if err == nil {
		v.report.Content = signed.Content
		v.report.SigningTime = signed.Signer.SigningTime
		v.report.Signer = signed.SignerCertificate()
		return signed
	}
	code := "cms.malformed"
	var p *cms.Problem
	if errors.As(err, &p) {
		code = p.Code
	}
	v.add(CodeInvalid, Fail, nil, "the signature cannot be read")
	v.add(code, Fail, nil, err.Error())
	return nil
}

// checkSignature is about the bytes alone: nothing of certificate, time or trust.
func (v *verification) checkSignature(signed *cms.SignedData) {
	problems := signed.Check()
	if len(problems) == 0 {
		v.add(CodeOK, OK, v.report.Signer, "the signature holds over the content and the signed attributes")
		return
	}
	v.add(CodeInvalid, Fail, v.report.Signer, "the signature does not hold")
	for _, p := range problems {
		v.add(p.Code, Fail, v.report.Signer, p.Error())
	}
}

func (v *verification) checkSigningTime() {
	t := v.report.SigningTime
	switch {
	case t.IsZero():
		v.add(CodeSigningTime, Warn, nil, "no signing time")
	case t.After(v.At.Add(v.MaxSkew)):
		v.add(CodeSigningTime, Warn, nil, "signing time lies in the future: "+t.UTC().Format(time.RFC3339))
	case t.Before(v.At.Add(-v.MaxAge)):
		v.add(CodeSigningTime, Warn, nil, "signing time lies in the past: "+t.UTC().Format(time.RFC3339))
	}
}

// checkPath looks for a path to any anchor and what the anchor is worth at the moment.
func (v *verification) checkPath(untrusted []*cert.Certificate) {
	var anchors []*cert.Certificate
	if v.Set != nil {
		anchors = v.Set.Certificates()
		untrusted = append(untrusted[:len(untrusted):len(untrusted)], v.Set.Centres()...)
	}
	path, err := chain.Build(v.report.Signer, untrusted, anchors, v.At, chain.Options{LeafTimeElsewhere: true})
	if err != nil {
		v.pathFailed(err)
		return
	}
	v.report.Path = path
	v.add(CodeChainOK, OK, path.Anchor(), "a path leads to a trust anchor")
	anchor, ok := v.Set.Find(path.Anchor())
	if !ok { // Build returns only anchors of the set; a report must not rest on that alone
		v.add(CodeNotAccredited, Fail, path.Anchor(), "the path ends outside the set")
		return
	}
	v.report.Anchor = &anchor
	v.checkAccreditation(anchor)
	v.checkQualified(anchor.Kind)
}

// checkAccreditation looks at the anchor and at every centre on the path that the set lists. A
// centre that is not listed counts by its anchor's word.
func (v *verification) checkAccreditation(anchor trust.Anchor) {
	holds := anchor.AccreditedAt(v.At)
	if !holds {
		v.add(CodeNotAccredited, Fail, anchor.Certificate, "the anchor's accreditation does not cover the moment")
	}
	for _, c := range v.report.Path {
		if centre, ok := v.Set.FindCentre(c); ok && !centre.AccreditedAt(v.At) {
			holds = false
			v.add(CodeNotAccredited, Fail, c, "the centre's accreditation does not cover the moment")
		}
	}
	if holds {
		v.add(CodeAccredited, OK, anchor.Certificate, "accredited as "+string(anchor.Kind))
	}
}

func (v *verification) pathFailed(err error) {
	var e *chain.Error
	if !errors.As(err, &e) {
		v.add(CodeChain, Fail, v.report.Signer, err.Error())
		return
	}
	if e.Code == chain.CodeNoAnchor {
		v.add(CodeNotAccredited, Fail, v.report.Signer, "the certificate leads to no trust anchor")
	} else {
		v.add(CodeChain, Fail, v.report.Signer, "no path to a trust anchor holds")
	}
	v.add(e.Code, Fail, e.Certificate, e.Error())
}

// checkRevocation asks about every certificate below the anchor, all at once.
func (v *verification) checkRevocation(ctx context.Context) {
	path := v.report.Path
	switch {
	case len(path) == 0:
		// Addresses in a certificate that nobody vouches for are not to be called.
		v.add(CodeRevocationUnknown, Unknown, v.report.Signer, "not asked: no path holds")
		return
	case v.Revocation == nil:
		v.add(CodeRevocationUnknown, Unknown, v.report.Signer, "not asked: nobody to ask")
		return
	}
	answers := make([]Answer, len(path)-1)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			answers[i] = Answer{fingerprint(path[i]), v.Revocation.Check(ctx, v.question(i))}
		})
	}
	wait.Wait()
	v.report.Revocations = answers
	for i, a := range answers {
		v.addAnswer(path[i], i == 0, a.Result)
	}
}

// question asks about the i-th certificate of the path. CRL signers may be among the certificates of the set.
func (v *verification) question(i int) revocation.Question {
	path := v.report.Path
	return revocation.Question{
		Certificate: path[i], Issuer: path.Issuer(i), At: v.At,
		Anchor: path.Anchor(), Certificates: v.Set.Centres(),
	}
}

func (v *verification) addAnswer(c *cert.Certificate, leaf bool, r revocation.Result) {
	switch r.Status {
	case revocation.Good:
		v.add(CodeNotRevoked, OK, c, "by "+string(r.Source)+" of "+r.ThisUpdate.UTC().Format(time.RFC3339))
	case revocation.Revoked:
		code := CodeCARevoked
		if leaf {
			code = CodeCertRevoked
		}
		v.add(code, Fail, c, "since "+r.RevokedAt.UTC().Format(time.RFC3339)+" by "+string(r.Source))
	default:
		detail := "no answer"
		for _, p := range r.Problems {
			detail += "; " + p.Error()
		}
		v.add(CodeRevocationUnknown, Unknown, c, detail)
	}
}
