// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"time"

	"zaver/signature/cert"
)

// Archive answers from kept OCSP responses and CRLs, so that a judgement can be repeated from
// evidence. It reaches nothing outside itself and may be used from many goroutines at once.
type Archive struct {
	// Answers are raw bytes as Result.Raw keeps them, in any order.
	Answers [][]byte
	// Certificates are trusted in nothing; CRL signers and OCSP responders are looked for among them.
	Certificates []*cert.Certificate
	// Anchors are where the paths of CRL signers may end when a Question names no anchor.
	Anchors []*cert.Certificate
	// Skew is by how much clocks may differ; zero is DefaultSkew.
	Skew time.Duration
}

// Check judges the kept answers: the first that decides wins, except that a
// revocation in any of them outweighs every other answer.
func (a *Archive) Check(_ context.Context, q Question) Result {
	c, issuer, at := q.Certificate, q.Issuer, q.At
	skew := a.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	result := Result{Status: Unknown}
	var problems []*Problem
	for _, der := range a.Answers {
		r, p := judgeOCSP(der, c, issuer, at, skew)
		if p != nil && p.Code == CodeMalformed {
			var l *crl
			if l, p = openCRL(der, issuer); p == nil {
				r, p = l.judge(c, at, skew)
			}
		}
		if p != nil {
			problems = append(problems, p)
			continue
		}
		if result.Status == Unknown || r.Status == Revoked && result.Status != Revoked {
			result = r
		}
	}
	if result.Status == Unknown {
		if len(problems) == 0 {
			problems = append(problems, &Problem{Code: CodeNoSource, Detail: "no answer kept"})
		}
		result.Problems = problems
	}
	return result
}
