// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// inputs are all that was read beside the file in question.
type inputs struct {
	verify.Terms
	findings []verify.Finding // about what had to be left out
	// asked says that anchors were named; refused is why none of them can be used.
	asked   bool
	refused string
}

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
	in, err := w.inputs(r)
	if err != nil {
		return nil, err
	}
	audit, err := in.judge(ctx, r)
	if err != nil {
		return nil, err
	}
	audit.Add(in.findings...)
	return audit, nil
}

func (in *inputs) judge(ctx context.Context, r Request) (*verify.Audit, error) {
	if in.refused != "" {
		audit := &verify.Audit{At: in.At, Profile: in.Profile}
		audit.Add(verify.Finding{Code: codeNoAnchor, Severity: verify.Fail, Detail: in.refused})
		return audit, nil
	}
	if r.Verify == askEvidence {
		return proof(ctx, r, in.Terms)
	}
	file, err := read(r.Verify, r.File)
	if err != nil {
		return nil, err
	}
	return in.ask(ctx, r, file)
}

// inputs reads everything but the file in question.
func (w World) inputs(r Request) (*inputs, error) {
	in := &inputs{Terms: verify.Terms{ExplicitPolicy: r.ExplicitPolicy, InhibitMapping: r.InhibitMapping, InhibitAnyPolicy: r.InhibitAnyPolicy}}
	var err error
	if in.At, err = moment(r.At, w.Now()); err != nil {
		return nil, err
	}
	switch in.Profile = verify.Profile(r.Profile); in.Profile {
	case "":
		in.Profile = verify.ProfileGeneric
	case verify.ProfileGeneric, verify.ProfileQualified:
	default:
		return nil, usagef("--profile %q: generic or qualified", r.Profile)
	}
	if in.Policies, err = oids(r.Policy); err != nil {
		return nil, err
	}
	if in.Untrusted, err = in.certificates("--untrusted", r.Untrusted); err != nil {
		return nil, err
	}
	if err := in.trust(r); err != nil {
		return nil, err
	}
	return in, in.answers(r)
}

// trust makes a set of the anchors; the same one twice counts once. What is no
// certificate is left out, as long as one is left: then the question is still one.
func (in *inputs) trust(r Request) error {
	if in.asked = len(r.Anchors) > 0; !in.asked {
		return nil
	}
	if len(r.Anchors) == 1 {
		if kept, err := in.kept(r.Anchors[0]); kept || err != nil {
			return err
		}
	}
	before := len(in.findings)
	anchors, err := in.certificates("--anchors", r.Anchors)
	if err != nil {
		return err
	}
	if len(anchors) == 0 {
		if len(in.findings) == before {
			return usagef("--anchors: no file in %q", r.Anchors)
		}
		for _, f := range in.findings[before:] {
			if f.Code == codeBroken {
				in.refused = "none of the anchors can be read"
				return nil
			}
		}
		return usagef("--anchors: no certificate among them: %s", in.findings[before].Detail)
	}
	var list []trust.Anchor
	seen := map[[32]byte]bool{}
	for _, c := range anchors {
		if !seen[c.Fingerprint()] {
			seen[c.Fingerprint()] = true
			list = append(list, trust.Anchor{Certificate: c, Kind: trust.Qualified})
		}
	}
	if in.Set, err = trust.NewSet(list); err != nil {
		return fmt.Errorf("--anchors: %w", err)
	}
	return nil
}

// kept takes a set that `zaver-portal trust restore` wrote: anchors, and the centres with their
// history of accreditation. The second result is false for any other file.
func (in *inputs) kept(name string) (bool, error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return false, nil //nolint:nilerr // a folder, a pattern or nothing: the reader of certificates tells
	}
	b, err := read("--anchors", name)
	if err != nil || !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		return false, err
	}
	if in.Set, err = trust.Restore(b); err != nil {
		return true, usagef("--anchors: %s is no set of anchors: %v", name, err)
	}
	return true, nil
}

// answers reads CRLs and OCSP responses. Whoever names a place for them, even an
// empty folder, wants revocation to be known.
func (in *inputs) answers(r Request) error {
	if len(r.CRL)+len(r.OCSP) == 0 {
		return nil
	}
	crls, err := load("--crl", r.CRL, "CRL")
	if err != nil {
		return err
	}
	ocsp, err := load("--ocsp", r.OCSP, "OCSP")
	if err != nil {
		return err
	}
	in.findings = append(append(in.findings, crls.findings...), ocsp.findings...)
	a := &revocation.Archive{Certificates: in.Untrusted, Legacy: in.Profile == verify.ProfileGeneric}
	if in.Set != nil {
		a.Anchors = in.Set.Certificates()
	}
	for _, b := range append(crls.blocks, ocsp.blocks...) {
		a.Answers = append(a.Answers, b.DER)
	}
	in.Revocation = a
	return nil
}

// certificates reads those of an option. What cannot be read is told and left
// out: one bad file among many must not hide the answer.
func (in *inputs) certificates(option string, names []string) ([]*cert.Certificate, error) {
	h, err := load(option, names, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	in.findings = append(in.findings, h.findings...)
	var out []*cert.Certificate
	for _, b := range h.blocks {
		if c := in.certificate(option, b); c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// certificate reads one, nil when it is broken.
func (in *inputs) certificate(option string, b block) *cert.Certificate {
	c, err := cert.Parse(b.DER)
	if err != nil {
		in.findings = append(in.findings, verify.Finding{Code: codeBroken, Severity: verify.Warn, Detail: fmt.Sprintf("%s %s: %v", option, b.From, err)})
		return nil
	}
	return c
}

// ask puts the question about a signature or a certificate.
func (in *inputs) ask(ctx context.Context, r Request, file []byte) (*verify.Audit, error) {
	list, broken := split(r.File, file)
	if broken > 0 {
		return verify.Unreadable(in.Terms, codeForm, fmt.Sprintf("%d broken PEM blocks", broken)), nil
	}
	if r.Verify == askChain {
		return in.leaf(ctx, r, list)
	}
	if len(list) != 1 {
		return nil, usagef("%s: %d PEM blocks, want one signature", r.File, len(list))
	}
	var content []byte
	if r.Content != "" {
		var err error
		if content, err = read("--content", r.Content); err != nil {
			return nil, err
		}
		if content == nil {
			content = []byte{} // the empty document is a document
		}
	}
	return verify.Document(ctx, list[0].DER, content, in.Terms), nil
}

// leaf audits the first certificate of a file; those behind it complete the path.
func (in *inputs) leaf(ctx context.Context, r Request, list []block) (*verify.Audit, error) {
	if t := list[0].Type; t != "" && !isOf(t, []string{"CERTIFICATE"}) || t == "CERTIFICATE REQUEST" || t == "NEW CERTIFICATE REQUEST" {
		return nil, usagef("%s: PEM block %q is no certificate", r.File, t)
	}
	c, err := cert.Parse(list[0].DER)
	if err != nil {
		return verify.Unreadable(in.Terms, codeOf(err), err.Error()), nil
	}
	for _, b := range list[1:] {
		if more := in.certificate(r.Verify, b); more != nil {
			in.Untrusted = append(in.Untrusted, more)
		}
	}
	return verify.Certificate(ctx, c, in.Terms), nil
}

func codeOf(err error) string {
	var e *cert.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "cert.malformed"
}
