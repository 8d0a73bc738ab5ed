// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/asn1"
	"time"

	"zaver/signature/cert"
	"zaver/signature/trust"
)

// Profile says what certificates must fulfil.
type Profile string

// Profiles of an audit.
const (
	// ProfileGeneric asks for what RFC 5280 and RFC 5652 ask. Revocation is asked for when
	// answers or a source were given.
	ProfileGeneric Profile = "generic"
	// ProfileQualified asks for what the law asks of a qualified signature, too: signing time,
	// signing-certificate-v2, the fields of a qualified certificate, revocation of each
	// certificate of the path shown to be good.
	ProfileQualified Profile = "qualified"
)

// Verdict is what findings come to when nothing but the signature counts.
type Verdict string

// Values of Verdict.
const (
	Valid       Verdict = "valid"       // everything that was asked for holds
	Invalid     Verdict = "invalid"     // something does not hold
	Undecidable Verdict = "undecidable" // nothing speaks against it, something is missing
)

// Terms are what every audit is made under.
type Terms struct {
	// At is the clock: the moment of judgement. A timestamp that holds moves the judgement of the
	// signer's certificate back to its time; answers about revocation may be as late as At.
	At time.Time
	// Set holds the anchors and the centres with their history.
	Set *trust.Set
	// Untrusted are certificates to complete paths with.
	Untrusted []*cert.Certificate
	// Revocation answers from files or a network: whoever gives one demands that each certificate
	// below the anchor is shown to be good. Nil asks only what is inside a signature.
	Revocation Revocation
	// Profile is ProfileGeneric when empty.
	Profile Profile
	// Policies is the user-initial-policy-set of RFC 5280 section 6.1.1 (c); empty is any-policy.
	Policies []asn1.ObjectIdentifier
	// The indicators of RFC 5280 section 6.1.1 (e), (f) and (g).
	ExplicitPolicy, InhibitMapping, InhibitAnyPolicy bool

	// demand says that revocation must be known though nobody was given to ask.
	demand bool
}

// Audit is the report about one file: a signature with its signers, or a certificate.
type Audit struct {
	Verdict Verdict   `json:"verdict"`
	At      time.Time `json:"at"`
	Profile Profile   `json:"profile"`
	// TrustSetID is Set.ID of the anchors.
	TrustSetID string `json:"trust_set"`
	// Findings are about the file as a whole.
	Findings []Finding `json:"findings,omitempty"`
	// Content is what was signed; nil when it cannot be read or is elsewhere.
	Content []byte `json:"-"`
	// Signers holds a report for each signer in the order of the file; for a certificate the one
	// report about it.
	Signers []*Report `json:"signers,omitempty"`
}

// verdict is what a list of findings comes to.
func verdict(findings []Finding) Verdict {
	v := Valid
	for _, f := range findings {
		switch f.Severity {
		case Fail:
			return Invalid
		case Unknown:
			v = Undecidable
		}
	}
	return v
}

// Verdict is what the report's findings come to.
func (r *Report) Verdict() Verdict { return verdict(r.Findings) }

// conclude sets the verdict: the worst of the file's and the signers'.
func (a *Audit) conclude() {
	a.Verdict = verdict(a.Findings)
	for _, r := range a.Signers {
		switch v := r.Verdict(); {
		case a.Verdict == Invalid || v == Invalid:
			a.Verdict = Invalid
		case v == Undecidable:
			a.Verdict = Undecidable
		}
	}
}

// Certificate audits one certificate: its path, its validity and its revocation at t.At. A
// certificate of an authority may be asked about, too.
func Certificate(ctx context.Context, c *cert.Certificate, t Terms) *Audit {
	a := t.begin()
	v := t.verification(t.At)
	v.report.Subject, v.report.Signer = SubjectCertificate, c
	v.checkValidity()
	for _, w := range c.Warnings {
		v.add(CodeCertDeviation, Warn, c, w)
	}
	v.checkPath(ctx, nil)
	a.Signers = []*Report{v.report}
	a.conclude()
	return a
}

// Unreadable is the audit of bytes that are not what they should be.
func Unreadable(t Terms, code string, detail string) *Audit {
	a := t.begin()
	a.Findings = []Finding{{Code: CodeInvalid, Severity: Fail, Detail: "the file cannot be read"}, {Code: code, Severity: Fail, Detail: detail}}
	a.conclude()
	return a
}

// Add puts more findings about the file as a whole into the audit and concludes again.
func (a *Audit) Add(findings ...Finding) {
	a.Findings = append(a.Findings, findings...)
	a.conclude()
}

func (t Terms) begin() *Audit {
	a := &Audit{At: t.At, Profile: t.Profile}
	if a.Profile == "" {
		a.Profile = ProfileGeneric
	}
	if t.Set != nil {
		a.TrustSetID = t.Set.ID()
	}
	return a
}

// verification begins a report about one signer at the moment, which may lie before the clock.
func (t Terms) verification(at time.Time) *verification {
	if t.Profile == "" {
		t.Profile = ProfileGeneric
	}
	r := Request{At: at, Set: t.Set, Revocation: t.Revocation}
	report := &Report{At: at}
	if t.Set != nil {
		report.TrustSetID = t.Set.ID()
	}
	v := &verification{Request: r, terms: t, now: t.At, asks: t.demand || t.Profile == ProfileQualified || t.Revocation != nil, report: report}
	v.admitLegacy()
	return v
}
