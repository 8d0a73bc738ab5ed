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
	"encoding/asn1"
	"errors"
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

// Subject is what a report is about.
type Subject string

// Subjects of a report.
const (
	SubjectSignature   Subject = "" // a signer's signature
	SubjectCertificate Subject = "certificate"
)

// Report is all that was found about one signer, or about one certificate.
type Report struct {
	Subject    Subject
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
	// Timestamps are those over the signature, in the order inside.
	Timestamps []Timestamp
	// CounterSigners are reports about those who signed the signature.
	CounterSigners []*Report
	// Policies is what Path says about certificate policies.
	Policies chain.Policies
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
	v := &verification{Request: r, now: r.At, asks: true, report: &Report{At: r.At}}
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
	v.checkService(signed.ContentType)
	v.admits = signed.Signer.Admits
	v.checkPath(ctx, signed.Certificates)
	return v.report
}

// Stamped records that a timestamp over the signature was had, or with an error that none was: then
// the evidence would not stand for long, and asking later may help.
func (r *Report) Stamped(err error) {
	f := Finding{Code: CodeTimestamp, Severity: OK, Detail: "extended by a timestamp and all that proves it"}
	if err != nil {
		f = Finding{Code: CodeTimestampMissing, Severity: Unknown, Detail: err.Error()}
	}
	r.Findings = append(r.Findings, f)
}

// verification is one report under way.
type verification struct {
	Request
	terms Terms     // what paths must fulfil, and more certificates
	now   time.Time // the clock; answers about revocation may be as late
	asks  bool      // the state of revocation must be known
	// purpose is the extended key usage that the path must allow, nil for any.
	purpose asn1.ObjectIdentifier
	// admits says whether the signer lets the path lead through a certificate, nil for any.
	admits func(*cert.Certificate) bool
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
	signed, err := cms.ParseWith(v.CMS, cms.Options{Known: known(v.Set)})
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

// known finds certificates that need not be read again.
func known(set *trust.Set) func(der []byte) *cert.Certificate {
	if set == nil {
		return nil
	}
	return set.Known
}

// checkSignature is about the bytes alone: nothing of certificate, time or trust.
func (v *verification) checkSignature(signed *cms.SignedData) {
	if a := signed.Signer.Algorithm; a.Legacy {
		v.add(CodeLegacyAlgorithm, Fail, v.report.Signer, "signed by "+a.Name)
	}
	problems := signed.Signer.Check(v.report.Signer)
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
