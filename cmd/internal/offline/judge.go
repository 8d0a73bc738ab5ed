// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"errors"
	"fmt"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// judge answers one question. Its errors are usage errors, or what kept files
// from being read.
func (w World) judge(ctx context.Context, r Request) (*verify.Audit, error) {
	switch r.Verify {
	case askCMS, askChain, askEvidence:
	default:
		return nil, usagef("%q cannot be checked: cms, chain or evidence", r.Verify)
	}
	if r.File == "" {
		return nil, usagef("%s: which file?", r.Verify)
	}
	if len(r.Anchors) == 0 && r.Verify != askEvidence {
		return nil, usagef("%s: whom to trust? Give --anchors", r.Verify)
	}
	terms, err := w.terms(r)
	if err != nil {
		return nil, err
	}
	if r.Verify == askEvidence {
		return proof(ctx, r, terms)
	}
	file, err := read(r.Verify, r.File)
	if err != nil {
		return nil, err
	}
	return ask(ctx, r, terms, file)
}

// terms reads everything but the file in question.
func (w World) terms(r Request) (verify.Terms, error) {
	t := verify.Terms{ExplicitPolicy: r.ExplicitPolicy, InhibitMapping: r.InhibitMapping, InhibitAnyPolicy: r.InhibitAnyPolicy}
	var err error
	if t.At, err = moment(r.At, w.Now()); err != nil {
		return t, err
	}
	switch t.Profile = verify.Profile(r.Profile); t.Profile {
	case "":
		t.Profile = verify.ProfileGeneric
	case verify.ProfileGeneric, verify.ProfileQualified:
	default:
		return t, usagef("--profile %q: generic or qualified", r.Profile)
	}
	if t.Policies, err = oids(r.Policy); err != nil {
		return t, err
	}
	if t.Untrusted, err = certificates("--untrusted", r.Untrusted); err != nil {
		return t, err
	}
	anchors, err := certificates("--anchors", r.Anchors)
	if err != nil {
		return t, err
	}
	if t.Revocation, err = answers(r, t.Untrusted, anchors); err != nil || len(anchors) == 0 {
		return t, err
	}
	var list []trust.Anchor
	seen := map[[32]byte]bool{}
	for _, c := range anchors {
		if !seen[c.Fingerprint()] {
			seen[c.Fingerprint()] = true
			list = append(list, trust.Anchor{Certificate: c, Kind: trust.Qualified})
		}
	}
	if t.Set, err = trust.NewSet(list); err != nil {
		return t, fmt.Errorf("--anchors: %w", err)
	}
	return t, nil
}

// answers reads CRLs and OCSP responses; nil when there are none.
func answers(r Request, untrusted, anchors []*cert.Certificate) (verify.Revocation, error) {
	crls, err := load("--crl", r.CRL)
	if err != nil {
		return nil, err
	}
	ocsp, err := load("--ocsp", r.OCSP)
	if err != nil || len(crls)+len(ocsp) == 0 {
		return nil, err
	}
	a := &revocation.Archive{Certificates: untrusted, Anchors: anchors}
	for _, b := range append(crls, ocsp...) {
		a.Answers = append(a.Answers, b.DER)
	}
	return a, nil
}

func certificates(option string, names []string) ([]*cert.Certificate, error) {
	list, err := load(option, names)
	if err != nil {
		return nil, err
	}
	var out []*cert.Certificate
	for _, b := range list {
		c, err := cert.Parse(b.DER)
		if err != nil {
			return nil, usagef("%s: %s: %v", option, b.From, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// ask puts the question about a signature or a certificate.
func ask(ctx context.Context, r Request, t verify.Terms, file []byte) (*verify.Audit, error) {
	list, err := blocks(r.File, file)
	if err != nil {
		return nil, err
	}
	if r.Verify == askChain {
		return leaf(ctx, r, t, list)
	}
	if len(list) != 1 {
		return nil, usagef("%s: %d PEM blocks, want one signature", r.File, len(list))
	}
	var content []byte
	if r.Content != "" {
		if content, err = read("--content", r.Content); err != nil {
			return nil, err
		}
		if content == nil {
			content = []byte{} // the empty document is a document
		}
	}
	return verify.Document(ctx, list[0].DER, content, t), nil
}

// leaf audits the first certificate of a file; those behind it complete the path.
func leaf(ctx context.Context, r Request, t verify.Terms, list []block) (*verify.Audit, error) {
	for _, b := range list {
		if b.Type != "" && b.Type != "CERTIFICATE" && b.Type != "X509 CERTIFICATE" && b.Type != "TRUSTED CERTIFICATE" {
			return nil, usagef("%s: PEM block %q is no certificate", r.File, b.Type)
		}
	}
	c, err := cert.Parse(list[0].DER)
	if err != nil {
		return verify.Unreadable(t, codeOf(err), err.Error()), nil
	}
	for _, b := range list[1:] {
		more, err := cert.Parse(b.DER)
		if err != nil {
			return verify.Unreadable(t, codeOf(err), b.From+": "+err.Error()), nil
		}
		t.Untrusted = append(t.Untrusted, more)
	}
	return verify.Certificate(ctx, c, t), nil
}

func codeOf(err error) string {
	var e *cert.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "cert.malformed"
}
