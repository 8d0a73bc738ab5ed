// SPDX-License-Identifier: Apache-2.0

// Package revocation alone owns the question whether a certificate was revoked: it asks OCSP (RFC
// 6960) first and the CRL (RFC 5280 section 5) second, checks every answer, and keeps the raw bytes
// that decided.
//
// Unknown never means good: whatever fails ends as Unknown together with the list of problems.
// Certificates are to be checked only after their path held, because the addresses asked come from
// the certificate. Everything that comes back is bounded in size and time, answers are kept until
// their nextUpdate or a shorter maximum, and requests for the same thing at the same time are
// merged into one. Checker may be used from many goroutines at once; Archive answers the same
// questions from kept bytes, without a network. Not checked: the revocation of a delegated OCSP
// responder (RFC 6960 section 4.2.2.2.1 leaves it to local policy), delta CRLs and indirect CRLs,
// which are refused.
package revocation

import (
	"fmt"
	"time"

	"zaver/signature/cert"
)

// Status is what is known of a certificate.
type Status string

// Values of Status.
const (
	Good    Status = "good"
	Revoked Status = "revoked"
	Unknown Status = "unknown"
)

// Source is where an answer came from.
type Source string

// Values of Source.
const (
	SourceOCSP Source = "ocsp"
	SourceCRL  Source = "crl"
)

// Question asks for the state of one certificate. Only Certificate, Issuer and At are needed.
type Question struct {
	// Certificate is what is asked about, Issuer the certificate above it in a path that holds: the
	// addresses asked come from the certificate, and the issuer's key is taken at its word.
	Certificate, Issuer *cert.Certificate
	// At is the moment the state is asked for, Now the clock: answers may be made up to Now, so that
	// a later answer speaks about an earlier moment too. Zero Now is At.
	At, Now time.Time
	// Anchor is where the path of Certificate ends: a CRL signed under another certificate than
	// Issuer counts only when that one leads to the same anchor (RFC 5280 section 6.3.3 (f)). Nil
	// leaves the choice among the anchors of Checker or Archive.
	Anchor *cert.Certificate
	// Certificates are further certificates, trusted in nothing, among which CRL signers, OCSP
	// responders and those above them are looked for.
	Certificates []*cert.Certificate
}

// Result is the answer about one certificate.
type Result struct {
	Status Status `json:"status"`
	// Source, URL, Raw and the two times describe the answer that decided; empty when Unknown.
	Source     Source    `json:"source,omitempty"`
	URL        string    `json:"url,omitempty"`
	Raw        []byte    `json:"raw,omitempty"` // DER of the OCSP response or the CRL
	ThisUpdate time.Time `json:"this_update,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	// Supporting are the other answers behind the decision: delta CRLs, CRLs for other reasons, the
	// answers about whoever signed. Certificates are those of signers and of the authorities above
	// them that the answers do not hold. An Archive of Raw, Supporting and Certificates repeats it.
	Supporting   [][]byte `json:"supporting,omitempty"`
	Certificates [][]byte `json:"certificates,omitempty"`
	// RevokedAt, Reason (RFC 5280 section 5.3.1) and InvalidityDate (section 5.3.2, when given) are
	// set when Revoked, and when RevokedLater. A certificate on hold is revoked.
	RevokedAt      time.Time `json:"revoked_at,omitzero"`
	Reason         int       `json:"reason,omitempty"`
	InvalidityDate time.Time `json:"invalidity_date,omitzero"`
	// RevokedLater is set beside Good: the certificate was revoked after the moment asked about.
	RevokedLater bool `json:"revoked_later,omitempty"`
	// Problems are the failures on the way, also when a later source decided.
	Problems []*Problem `json:"problems,omitempty"`
}

// Codes of *Problem. They are stable.
const (
	CodeNoSource          = "revocation.no_source"          // the certificate names nobody to ask
	CodeAddress           = "revocation.address"            // an address that is not plain http or https
	CodeUnreachable       = "revocation.unreachable"        // no connection, broken connection, HTTP status other than 200
	CodeTimeout           = "revocation.timeout"            // no full answer in time
	CodeTooLarge          = "revocation.too_large"          // more bytes than allowed
	CodeMalformed         = "revocation.malformed"          // the bytes are no answer
	CodeResponder         = "revocation.responder"          // OCSP: a status such as tryLater instead of an answer
	CodeWrongCertificate  = "revocation.wrong_certificate"  // OCSP: an answer about another certificate
	CodeIssuer            = "revocation.issuer"             // CRL of another issuer, or a key that may not sign CRLs
	CodeScope             = "revocation.scope"              // CRL that does not cover this certificate
	CodeSigner            = "revocation.signer"             // OCSP: nobody entitled has signed
	CodeSignature         = "revocation.signature"          // the signature does not hold
	CodeStale             = "revocation.stale"              // nextUpdate has passed
	CodeEarly             = "revocation.early"              // thisUpdate lies in the future
	CodeStatusUnknown     = "revocation.status_unknown"     // OCSP: the responder does not know the certificate
	CodeCriticalExtension = "revocation.critical_extension" // an unknown extension marked critical
)

// Codes returns every code of this package.
func Codes() []string {
	return []string{
		CodeNoSource, CodeAddress, CodeUnreachable, CodeTimeout, CodeTooLarge, CodeMalformed, CodeResponder,
		CodeWrongCertificate, CodeIssuer, CodeScope, CodeSigner, CodeSignature, CodeStale, CodeEarly,
		CodeStatusUnknown, CodeCriticalExtension,
	}
}

// Problem is one failure on the way to an answer.
type Problem struct {
	Code   string `json:"code"`
	Source Source `json:"source,omitempty"`
	URL    string `json:"url,omitempty"`
	Detail string `json:"detail,omitempty"` // English, for developers
	Cause  error  `json:"-"`
}

// Error returns the code, the address and the detail.
func (p *Problem) Error() string {
	s := p.Code
	if p.URL != "" {
		s += " " + p.URL
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Cause != nil {
		s += ": " + p.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// MaxAnswer bounds an OCSP response or a CRL in bytes.
const MaxAnswer = 1 << 20

// DefaultSkew is by how much the clocks of portal and authority may differ.
const DefaultSkew = 5 * time.Minute

// maxAgeWithoutNext bounds an OCSP answer that names no nextUpdate (RFC 6960 section 2.4: newer
// information is available all the time), so it is good for the moment only.
const maxAgeWithoutNext = 10 * time.Minute

// fresh checks the two times of an answer at the moment.
func fresh(this, next, at time.Time, skew time.Duration) *Problem {
	if this.After(at.Add(skew)) {
		return &Problem{Code: CodeEarly, Detail: "made at " + this.UTC().Format(time.RFC3339)}
	}
	if next.IsZero() {
		next = this.Add(maxAgeWithoutNext)
	}
	if next.Before(this) {
		return &Problem{Code: CodeMalformed, Detail: "nextUpdate before thisUpdate"}
	}
	if at.After(next.Add(skew)) {
		return &Problem{Code: CodeStale, Detail: "good until " + next.UTC().Format(time.RFC3339)}
	}
	return nil
}

// EvaluateOCSP judges the bytes of one OCSP response. It returns *Problem when they decide nothing.
func EvaluateOCSP(der []byte, q Question, skew time.Duration) (Result, error) {
	r, p := judgeOCSP(der, q.Certificate, q.Issuer, q.At, skew)
	if p != nil {
		return Result{Status: Unknown, Problems: []*Problem{p}}, fmt.Errorf("judge an OCSP response: %w", p)
	}
	return r, nil
}

// EvaluateCRL judges the bytes of one CRL. It returns *Problem when they decide nothing.
func EvaluateCRL(der []byte, q Question, skew time.Duration) (Result, error) {
	l, p := openCRL(der, q.Issuer)
	if p == nil {
		var r Result
		if r, p = l.judge(q.Certificate, q.At, skew); p == nil {
			return r, nil
		}
	}
	return Result{Status: Unknown, Problems: []*Problem{p}}, fmt.Errorf("judge a CRL: %w", p)
}
