// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
)

// Document audits a CMS signature: every signer under the terms. content is the document of a
// detached signature, nil when there is none at hand.
func Document(ctx context.Context, signature, content []byte, t Terms) *Audit {
	signed, err := cms.Open(signature, cms.Options{Content: content, Known: known(t.Set)})
	if err != nil {
		code := "cms.malformed"
		var p *cms.Problem
		if errors.As(err, &p) {
			code = p.Code
		}
		return Unreadable(t, code, err.Error())
	}
	a := t.begin()
	a.Content = signed.Content
	for _, n := range signed.Notes {
		a.Findings = append(a.Findings, Finding{Code: n.Code, Severity: Warn, Detail: n.Error()})
	}
	for _, si := range signed.Signers {
		d := document{terms: t, signed: signed, answers: answersOf(signed, si)}
		a.Signers = append(a.Signers, d.signer(ctx, si))
	}
	a.conclude()
	return a
}

// document is the audit of one signer under way.
type document struct {
	terms   Terms
	signed  *cms.SignedData
	answers [][]byte // revocation data inside the signature
}

// answersOf are the revocation data inside, of the message and of the signer.
func answersOf(s *cms.SignedData, si *cms.SignerInfo) [][]byte {
	return slices.Concat(s.CRLs, s.OCSPs, si.Values.CRLs, si.Values.OCSPs)
}

func (d document) signer(ctx context.Context, si *cms.SignerInfo) *Report {
	at, stamps := d.timestamps(ctx, si)
	v := d.verification(at)
	v.report.Timestamps = stamps
	for _, s := range stamps {
		if s.Holds {
			v.add(CodeTimestamp, OK, s.Signer, "existed before "+s.Time.UTC().Format(time.RFC3339))
		} else {
			v.add(CodeTimestampUnusable, Warn, s.Signer, "a timestamp proves nothing")
		}
	}
	d.judge(ctx, v, si)
	v.checkService(d.signed.ContentType)
	for _, counter := range si.CounterSigners {
		c := d.verification(d.terms.At)
		d.judge(ctx, c, counter)
		v.report.CounterSigners = append(v.report.CounterSigners, c.report)
		// Anyone may add a counter-signature: a bad one takes nothing away from the signature.
		if verdict(c.report.Findings) == Valid {
			v.add(CodeCounterSigned, OK, c.report.Signer, "a counter-signature holds")
		} else {
			v.add(CodeCounterUnusable, Warn, c.report.Signer, "a counter-signature proves nothing")
		}
	}
	return v.report
}

// verification begins a report at the moment; the data inside the signature answer, too.
func (d document) verification(at time.Time) *verification {
	v := d.terms.verification(at)
	if len(d.answers) > 0 {
		v.Revocation = with(v.Revocation, d.answers, v.legacy())
	}
	return v
}

// judge finds out all about one signer or counter-signer.
func (d document) judge(ctx context.Context, v *verification, si *cms.SignerInfo) {
	v.report.SigningTime = si.SigningTime
	v.report.Signer = d.signed.CertificateOf(si, v.terms.Untrusted...)
	v.checkBytes(si)
	for _, n := range si.Notes {
		v.add(n.Code, v.noteSeverity(n), v.report.Signer, n.Error())
	}
	v.checkClaimedTime()
	if v.report.Signer == nil {
		v.add(CodeNoCertificate, Unknown, nil, "the signer's certificate is neither inside nor given")
		return
	}
	v.checkHolder()
	v.admits = si.Admits
	v.checkPath(ctx, slices.Concat(d.signed.Certificates, si.Values.Certificates))
}

// checkBytes is the mathematics of one signer. What is missing from outside leaves it open.
func (v *verification) checkBytes(si *cms.SignerInfo) {
	problems := si.Check(v.report.Signer)
	open := func(p *cms.Problem) bool {
		return errors.Is(p, &cms.Problem{Code: "cms.detached"}) || v.report.Signer == nil && errors.Is(p, &cms.Problem{Code: "cms.certificate"})
	}
	if a := si.Algorithm; a.Legacy {
		severity := Warn
		if !v.legacy() {
			severity = Fail
		}
		v.add(CodeLegacyAlgorithm, severity, v.report.Signer, "signed by "+a.Name)
	}
	switch {
	case len(problems) == 0:
		v.add(CodeOK, OK, v.report.Signer, "the signature holds over the content and the signed attributes")
	case !slices.ContainsFunc(problems, func(p *cms.Problem) bool { return !open(p) }):
		// nothing speaks against it
	default:
		v.add(CodeInvalid, Fail, v.report.Signer, "the signature does not hold")
	}
	for _, p := range problems {
		severity := Fail
		if open(p) {
			severity = Unknown
		}
		v.add(p.Code, severity, v.report.Signer, p.Error())
	}
}

// noteSeverity says what a deviation of a signature is worth: a qualified one must bind its
// certificate by a signed attribute (CAdES-BES, RFC 5126 section 4.3.1).
func (v *verification) noteSeverity(n *cms.Problem) Severity {
	if v.terms.Profile == ProfileQualified && (n.Code == "cms.note.no_attributes" || n.Code == "cms.note.no_signing_certificate") {
		return Fail
	}
	return Warn
}

// checkClaimedTime compares the signer's claim with the clock; only a timestamp proves a time.
func (v *verification) checkClaimedTime() {
	switch t := v.report.SigningTime; {
	case t.IsZero() && v.terms.Profile == ProfileQualified:
		v.add(CodeSigningTime, Warn, nil, "no signing time")
	case t.After(v.now.Add(5 * time.Minute)):
		v.add(CodeSigningTime, Warn, nil, "signing time lies in the future: "+t.UTC().Format(time.RFC3339))
	}
}

// checkHolder is what the signer's certificate says by itself, by the profile.
func (v *verification) checkHolder() {
	if v.terms.Profile == ProfileQualified {
		v.checkCertificate()
		return
	}
	c := v.report.Signer
	v.checkValidity()
	v.checkKeyPeriod()
	if c.HasKeyUsage && c.KeyUsage&(cert.DigitalSignature|cert.NonRepudiation) == 0 {
		v.add(CodeKeyUsage, Fail, c, "key usage has neither digitalSignature nor nonRepudiation")
	}
	for _, w := range c.Warnings {
		v.add(CodeCertDeviation, Warn, c, w)
	}
}
