// SPDX-License-Identifier: Apache-2.0

// Package revocation alone owns the question whether a certificate was revoked at a moment: it asks
// OCSP (RFC 6960, RFC 5019, RFC 8954) first and CRLs (RFC 5280 sections 5 and 6.3) second, checks every
// answer, and keeps the raw bytes that decided with all that stands behind them.
//
// Unknown never means good: whatever fails ends as Unknown together with the list of problems.
// Certificates are to be checked only after their path held, because the addresses asked come from
// the certificate. Both readers are its own, strict in DER, linear in time and without memory for
// entries but an index of 4 to 8 bytes each; what comes back is bounded by MaxCRL, MaxOCSP and a time,
// the work for one question by a number of signatures. Answers are kept until their nextUpdate or a
// shorter maximum, and requests for the same thing at the same time are merged into one. Checker may
// be used from many goroutines at once; Archive answers the same questions from kept bytes, without a
// network: both judge by the same rules, and a decision taken today is repeated from what it kept.
package revocation

import (
	"context"
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
	// Directory knows more of them, more than a list for one question should hold; nil for none.
	Directory Directory
}

// Directory finds certificates that are trusted in nothing: trust.Set. It may be used from many
// goroutines, and values of its type can be compared.
type Directory interface {
	// Named returns the certificates whose subject has that key (cert.Name.Key).
	Named(key string) []*cert.Certificate
	// Above returns those that may stand above the given ones in a path.
	Above(list ...*cert.Certificate) []*cert.Certificate
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
	ReasonGiven    bool      `json:"reason_given,omitempty"` // tells unspecified, which is 0, from no reason at all
	InvalidityDate time.Time `json:"invalidity_date,omitzero"`
	// RevokedLater is set beside Good: the certificate was revoked after the moment asked about.
	RevokedLater bool `json:"revoked_later,omitempty"`
	// Problems are the failures on the way, also when a later source decided.
	Problems []*Problem `json:"problems,omitempty"`
}

// MaxCRL and MaxOCSP bound a CRL and an OCSP response in bytes.
const (
	MaxCRL  = 32 << 20
	MaxOCSP = 256 << 10
)

// DefaultSkew is by how much the clocks of portal and authority may differ.
const DefaultSkew = 5 * time.Minute

// maxAgeWithoutNext bounds an OCSP answer that names no nextUpdate (RFC 6960 section 2.4: newer
// information is available all the time), so it is good for the moment only.
const maxAgeWithoutNext = 10 * time.Minute

// EvaluateOCSP judges the bytes of one OCSP response, with no other answers at hand. It returns
// *Problem when they decide nothing.
func EvaluateOCSP(der []byte, q Question, skew time.Duration) (Result, error) {
	if r, yes := incomplete(q); yes {
		return r, fmt.Errorf("judge an OCSP response: %w", r.Problems[0])
	}
	r, p := readResponse(der)
	if p == nil {
		var result Result
		if result, p = newInquiry(&rules{skew: skew}, q, nil).byResponse(context.Background(), r); p == nil {
			return result, nil
		}
	}
	return Result{Status: Unknown, Problems: []*Problem{p}}, fmt.Errorf("judge an OCSP response: %w", p)
}

// EvaluateCRL judges the bytes of one CRL, with no other answers at hand. It returns *Problem when
// they decide nothing.
func EvaluateCRL(der []byte, q Question, skew time.Duration) (Result, error) {
	if r, yes := incomplete(q); yes {
		return r, fmt.Errorf("judge a CRL: %w", r.Problems[0])
	}
	l, p := readList(der)
	if p == nil {
		r := newInquiry(&rules{skew: skew}, q, nil).byLists(context.Background(), []*list{l})
		if r.Status != Unknown {
			return r, nil
		}
		p = r.Problems[0]
	}
	return Result{Status: Unknown, Problems: []*Problem{p}}, fmt.Errorf("judge a CRL: %w", p)
}
