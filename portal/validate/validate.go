// SPDX-License-Identifier: Apache-2.0

// Package validate owns the check of one response, per method: it asks what the
// signature is worth (signature/verify, which may reach the network within a
// deadline) and whether the bytes that were signed are those that were issued,
// compared and never parsed.
//
// It writes nothing, knows no database and judges nothing; package policy does. A
// revocation source that does not answer is a fact of the report; an error means
// that the portal itself failed and nothing was found out.
//
// A Validator is safe for concurrent use.
package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zaver/portal/evidence"
	"zaver/portal/method"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// Config is what a Validator needs.
type Config struct {
	// Trust gives the set of anchors in force; it is asked for each response.
	Trust func() *trust.Set
	// Revocation answers whether a certificate was revoked.
	Revocation verify.Revocation
	// Timestamps are authorities of timestamps, asked in order until one gives what
	// holds. None at all leaves signatures as they came; else a signature without a
	// timestamp is not complete.
	Timestamps []verify.Stamper
	// Deadline bounds the network's part of one check; zero means 10 s. What has
	// not answered by then is unknown.
	Deadline time.Duration
}

// Validator checks responses.
type Validator struct{ c Config }

// New makes a Validator.
func New(c Config) (*Validator, error) {
	if c.Trust == nil || c.Revocation == nil {
		return nil, errors.New("make validator: trust and revocation are needed")
	}
	if c.Deadline <= 0 {
		c.Deadline = 10 * time.Second
	}
	return &Validator{c}, nil
}

// Response is what came back for a statement.
type Response struct {
	Method method.Method
	// Statement is the signed note that was issued, byte for byte.
	Statement []byte
	// CMS is the response: DER of a SignedData with its content inside.
	CMS []byte
	// At is the moment of judgement.
	At time.Time
}

// ErrMethod is wrapped when the method is not one whose responses are signatures.
var ErrMethod = errors.New("method has no response to check")

// Check finds out what there is to know about the response. The outcome always
// holds a report when the error is nil.
func (v *Validator) Check(ctx context.Context, r Response) (Outcome, error) {
	if r.Method.Channel != method.Agent {
		return Outcome{}, fmt.Errorf("check response of method %q: %w", r.Method.ID, ErrMethod)
	}
	set := v.c.Trust()
	if set == nil {
		return Outcome{}, errors.New("check response: no set of trust anchors is in force")
	}
	netCtx, cancel := context.WithTimeout(ctx, v.c.Deadline)
	defer cancel()
	report := verify.Verify(netCtx, verify.Request{CMS: r.CMS, At: r.At, Set: set, Revocation: v.c.Revocation})
	longTerm := v.extend(netCtx, r, set, report)
	// When the caller gave up, "unknown" in the report is its doing, no fact.
	if err := ctx.Err(); err != nil {
		return Outcome{}, fmt.Errorf("check response: %w", err)
	}
	return Outcome{Report: report, LongTerm: longTerm, SameStatement: len(r.Statement) > 0 && bytes.Equal(report.Content, r.Statement)}, nil
}

// extend makes the signature one that stands for years, where there is something worth keeping.
func (v *Validator) extend(ctx context.Context, r Response, set *trust.Set, report *verify.Report) []byte {
	if len(v.c.Timestamps) == 0 || report.Verdict() != verify.Valid {
		return nil
	}
	terms := verify.Terms{At: r.At, Set: set, Revocation: v.c.Revocation, Profile: verify.ProfileQualified}
	var errs []error
	for _, s := range v.c.Timestamps {
		der, err := verify.LongTerm(ctx, r.CMS, report, s, terms)
		if err == nil {
			report.Stamped(nil)
			return der
		}
		errs = append(errs, err)
	}
	report.Stamped(errors.Join(errs...))
	return nil
}

// Outcome is what was found out.
type Outcome struct {
	Report *verify.Report
	// LongTerm is the signature with a timestamp, certificates and answers inside
	// (CAdES-LT); nil when none was asked for or had.
	LongTerm []byte
	// SameStatement reports whether the signed content is the issued statement.
	SameStatement bool
}

// TrustSet is the id of the anchors that the report was made under.
func (o Outcome) TrustSet() string {
	if o.Report == nil {
		return ""
	}
	return o.Report.TrustSetID
}

// HolderKind is the kind of the certificate's holder, empty without a certificate.
func (o Outcome) HolderKind() string {
	if o.Report == nil || o.Report.Signer == nil {
		return ""
	}
	return string(o.Report.Signer.Holder().Kind)
}

// Path is the certificates as DER, signer first, and whether the last is an
// anchor. Without a path it is the signer's certificate alone.
func (o Outcome) Path() (der [][]byte, anchored bool) {
	if o.Report == nil || o.Report.Signer == nil {
		return nil, false
	}
	for _, c := range o.Report.Path {
		der = append(der, c.Raw)
	}
	if len(der) == 0 {
		return [][]byte{o.Report.Signer.Raw}, false
	}
	return der, o.Report.Anchor != nil
}

// Answers are the raw revocation answers, in the order of Path; one without bytes
// stands where nobody answered.
func (o Outcome) Answers() []evidence.Answer {
	if o.Report == nil {
		return nil
	}
	out := make([]evidence.Answer, len(o.Report.Revocations))
	for i, a := range o.Report.Revocations {
		out[i] = evidence.Answer{Source: string(a.Source), DER: a.Raw}
	}
	return out
}

// ReportJSON is the report as it is kept: without the statement and the raw
// answers, which lie beside it as files of their own.
func (o Outcome) ReportJSON() (json.RawMessage, error) {
	if o.Report == nil {
		return nil, nil
	}
	r := *o.Report
	r.Content = nil
	r.Revocations = append([]verify.Answer(nil), r.Revocations...)
	for i := range r.Revocations {
		r.Revocations[i].Raw = nil
	}
	b, err := json.Marshal(&r)
	if err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	return b, nil
}
