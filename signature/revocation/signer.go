// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/chain"
)

// signed is who signed a CRL and what stands behind him.
type signed struct {
	by                    *cert.Certificate
	answers, certificates [][]byte
	problem               *Problem
}

// maxSigners bounds the certificates of one name that are tried for one answer.
const maxSigners = 8

// signer finds whose key signed a CRL and that he may: the certificate's own issuer, whose path
// holds already, or another certificate with the CRL issuer's name and a path to the same anchor
// (RFC 5280 section 6.3.3 (f) and (g)).
func (i *inquiry) signer(ctx context.Context, l *list) (signed, *Problem) {
	s, known := i.signers[l]
	if !known {
		s = i.findSigner(ctx, l)
		i.signers[l] = s
	}
	if s.problem != nil {
		p := *s.problem // each use writes its own address
		return s, &p
	}
	return s, nil
}

func (i *inquiry) findSigner(ctx context.Context, l *list) signed {
	problem := &Problem{Code: CodeSigner, Detail: "no certificate of the CRL issuer at hand"}
	// What is told is what came furthest: a signature that does not hold says more than a name.
	note := func(p *Problem) {
		if problem.Code == CodeSigner || p.Code != CodeSignature {
			problem = p
		}
	}
	if err := i.legacyAlgorithm(l.algorithm, l.params); err != nil {
		return signed{problem: &Problem{Code: CodeSignature, Detail: "algorithm of the CRL", Cause: err}}
	}
	candidates, all := i.candidates(l)
	for _, c := range candidates {
		if c.HasKeyUsage && c.KeyUsage&cert.CRLSign == 0 {
			note(&Problem{Code: CodeIssuer, Detail: "the key of the CRL issuer may not sign CRLs"})
			continue
		}
		if !i.spend() {
			return signed{problem: &Problem{Code: CodeTooComplex, Detail: "too many signatures to check"}}
		}
		if err := l.signedBy(c); err != nil {
			note(&Problem{Code: CodeSignature, Detail: "signature under the key of the CRL issuer", Cause: err})
			continue
		}
		if c == i.q.Issuer {
			return signed{by: c}
		}
		s, p := i.entitled(ctx, c, l)
		if p == nil {
			return s
		}
		problem = p
		break // others with this key are of no more use
	}
	*i.cut = *i.cut || !all
	return signed{problem: problem}
}

// candidates are the certificates with the CRL issuer's name, those whose key identifier fits first; all
// says that there are no more of them.
func (i *inquiry) candidates(l *list) (out []*cert.Certificate, all bool) {
	if i.q.Issuer.Subject.Key() == l.issuerKey {
		out = append(out, i.q.Issuer)
	}
	for _, c := range i.named(l.issuerKey) {
		if !c.Equal(i.q.Issuer) {
			out = append(out, c)
		}
	}
	rank := func(c *cert.Certificate) int {
		switch {
		case len(l.keyID) == 0 || len(c.SKI) == 0:
			return 1
		case bytes.Equal(l.keyID, c.SKI):
			return 0
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b *cert.Certificate) int { return rank(a) - rank(b) })
	return out[:min(len(out), maxSigners)], len(out) <= maxSigners
}

// entitled checks that the path of a CRL signer leads to the anchor of the question, or through the
// certificate's own issuer, and that nothing on it is revoked.
func (i *inquiry) entitled(ctx context.Context, c *cert.Certificate, l *list) (signed, *Problem) {
	at := i.moment(l.this)
	if slices.ContainsFunc(i.asking, c.Equal) {
		return signed{}, &Problem{Code: CodeSignerUnknown, Detail: "the CRL's signer vouches for itself"}
	}
	anchors := append(slices.Clip(i.trusted()), i.q.Issuer)
	pool := append(slices.Clip(i.q.Certificates), i.known...)
	if i.q.Directory != nil {
		pool = append(pool, i.q.Directory.Above(append(pool[:len(pool):len(pool)], c)...)...)
	}
	if !i.spend() {
		return signed{}, &Problem{Code: CodeTooComplex, Detail: "too many paths to check"}
	}
	path, err := chain.Build(c, pool, anchors, at, chain.Options{Legacy: i.legacy})
	if err != nil {
		return signed{}, &Problem{Code: CodeSigner, Detail: "no path from the CRL's signer to the anchor", Cause: err}
	}
	s := signed{by: c}
	for n := 0; n+1 < len(path); n++ {
		s.certificates = append(s.certificates, path[n].Raw)
		r := i.state(ctx, path[n], path[n+1], at, false)
		if p := signerState(r); p != nil {
			return signed{}, p
		}
		s.answers = append(append(s.answers, r.Raw), r.Supporting...)
		s.certificates = append(s.certificates, r.Certificates...)
	}
	return s, nil
}

// signerState is what the state of a signer means for what it signed.
func signerState(r Result) *Problem {
	switch {
	case r.Status == Revoked:
		return &Problem{Code: CodeSignerRevoked, Detail: "whoever signed the answer is revoked"}
	case r.Status != Good:
		p := &Problem{Code: CodeSignerUnknown, Detail: "it could not be found out whether the signer is revoked"}
		if len(r.Problems) > 0 {
			p.Cause = r.Problems[len(r.Problems)-1]
		}
		return p
	}
	return nil
}

// legacyAlgorithm refuses signatures that may only serve for old data, unless asked for.
func (i *inquiry) legacyAlgorithm(oid []int, params []byte) error {
	a, err := algo.ByCertificate(oid, params)
	if err != nil {
		return err
	}
	if a.Legacy && !i.legacy {
		return fmt.Errorf("%s is for old data only", a.Name)
	}
	return nil
}
