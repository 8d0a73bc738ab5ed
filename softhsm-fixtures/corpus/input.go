// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"context"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// Input is one question in bytes.
type Input struct {
	Door Door
	// File is the signature, the certificate or the list; Content the document of a detached one.
	File, Content []byte
	// Anchors and Untrusted are certificates, Answers CRLs and OCSP responses; nil asks for no revocation.
	Anchors, Untrusted, Answers [][]byte
	At                          time.Time
	Profile                     verify.Profile
	Policies                    []string
	// The indicators of RFC 5280 section 6.1.1 (e) to (g).
	ExplicitPolicy, InhibitMapping, InhibitAnyPolicy bool
	// Previous is the version of the list in force, 0 for none.
	Previous int64
	// kind of the anchors; of qualified signatures when empty.
	kind trust.Kind
}

// Codes are the codes that the bad input must give, among others.
func (c Case) Codes(k mint.Kind) []string {
	if k.IsGOST() && c.gostCodes != "" {
		return strings.Fields(c.gostCodes)
	}
	return strings.Fields(c.codes)
}

// Bad makes the input that must not hold.
func (w *Workshop) Bad(c Case) Input { return w.make(c, c.bad, true) }

// Good makes its twin, which must.
func (w *Workshop) Good(c Case) Input { return w.make(c, c.twin, false) }

func (w *Workshop) make(c Case, last edit, bad bool) Input {
	if c.Door == List {
		return w.listInput(c, bad)
	}
	s := &scene{Workshop: w, door: c.Door, edits: []edit{c.with, last}, Signed: Moment.Add(-time.Minute), Stamped: Moment.Add(-time.Minute),
		text: []byte("I agree.\n")}
	s.certificates()
	in := Input{Door: c.Door, At: Moment, Profile: verify.ProfileGeneric, Anchors: [][]byte{s.Root.DER}}
	switch {
	case s.is(func(e edit) bool { return e.asked }):
		in.Answers = s.answer()
	case c.Door == Confirmation || s.is(func(e edit) bool { return e.answered }):
		in.Answers = s.lists()
	}
	if c.Door == Certificate {
		in.File, in.Untrusted = s.Leaf.DER, s.bag()[1:]
	} else {
		in.File = s.signature()
	}
	if c.Door == Confirmation {
		in.Profile = ""
	}
	for _, e := range s.edits {
		if e.input != nil {
			e.input(s, &in)
		}
	}
	return in
}

// Outcome is what came of an input: the verdict and every code told, those below a timestamp, a
// counter-signature or a revocation answer included.
type Outcome struct {
	Verdict verify.Verdict
	Codes   []string
	// Details are the findings in words, for people who look at a failed test.
	Details []string
}

// Judge asks the question through its door. An error means that the question itself cannot be put.
func (in Input) Judge(ctx context.Context) (Outcome, error) {
	set, err := in.set()
	if err != nil {
		return Outcome{}, err
	}
	if in.Door == List {
		return in.judgeList(set), nil
	}
	var o Outcome
	t := verify.Terms{At: in.At, Set: set, Profile: in.Profile, ExplicitPolicy: in.ExplicitPolicy, InhibitMapping: in.InhibitMapping,
		InhibitAnyPolicy: in.InhibitAnyPolicy}
	for _, p := range in.Policies {
		oid, err := oidOf(p)
		if err != nil {
			return o, err
		}
		t.Policies = append(t.Policies, oid)
	}
	for _, der := range in.Untrusted {
		c, err := cert.Parse(der)
		if err != nil {
			return o.unreadable(err), nil
		}
		t.Untrusted = append(t.Untrusted, c)
	}
	if in.Answers != nil {
		t.Revocation = &revocation.Archive{Answers: in.Answers, Anchors: set.Certificates(), Certificates: t.Untrusted}
	}
	switch in.Door {
	case Document:
		return o.audit(verify.Document(ctx, in.File, in.Content, t)), nil
	case Confirmation:
		r := verify.Verify(ctx, verify.Request{CMS: in.File, At: in.At, Set: set, Revocation: t.Revocation})
		o.Verdict = r.Verdict()
		o.report(r)
		return o, nil
	default:
		c, err := cert.Parse(in.File)
		if err != nil {
			return o.unreadable(err), nil
		}
		return o.audit(verify.Certificate(ctx, c, t)), nil
	}
}

func (in Input) set() (*trust.Set, error) {
	kind := in.kind
	if kind == "" {
		kind = trust.Qualified
	}
	var anchors []trust.Anchor
	for _, der := range in.Anchors {
		c, err := cert.Parse(der)
		if err != nil {
			return nil, err
		}
		anchors = append(anchors, trust.Anchor{Certificate: c, Kind: kind, Name: "anchor"})
	}
	return trust.NewSet(anchors)
}

func oidOf(dotted string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		n := 0
		for _, d := range part {
			if d < '0' || d > '9' {
				return nil, errors.New("no object identifier: " + dotted)
			}
			n = 10*n + int(d-'0')
		}
		oid = append(oid, n)
	}
	return oid, nil
}

func (o Outcome) unreadable(err error) Outcome {
	o.Verdict = verify.Invalid
	var e *cert.Error
	if errors.As(err, &e) {
		o.tell(e.Code, err.Error())
	}
	return o
}

func (o *Outcome) tell(code, detail string) {
	if !slices.Contains(o.Codes, code) {
		o.Codes = append(o.Codes, code)
	}
	o.Details = append(o.Details, code+": "+detail)
}

func (o Outcome) audit(a *verify.Audit) Outcome {
	o.Verdict = a.Verdict
	o.findings(a.Findings)
	for _, r := range a.Signers {
		o.report(r)
	}
	return o
}

func (o *Outcome) findings(list []verify.Finding) {
	for _, f := range list {
		o.tell(f.Code, string(f.Severity)+" "+f.Detail)
	}
}

func (o *Outcome) answers(list []verify.Answer) {
	for _, a := range list {
		for _, p := range a.Problems {
			o.tell(p.Code, p.Detail)
		}
	}
}

func (o *Outcome) report(r *verify.Report) {
	o.findings(r.Findings)
	o.answers(r.Revocations)
	for _, t := range r.Timestamps {
		o.findings(t.Findings)
		o.answers(t.Answers)
	}
	for _, c := range r.CounterSigners {
		o.report(c)
	}
}
