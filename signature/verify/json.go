// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/signature/trust"
)

// reportJSON is the stored form: certificates as DER and in words, times in UTC.
type reportJSON struct {
	Format      string       `json:"format"`
	Subject     Subject      `json:"subject,omitempty"`
	Verdict     Verdict      `json:"verdict,omitempty"`
	At          time.Time    `json:"at"`
	TrustSetID  string       `json:"trust_set"`
	Findings    []Finding    `json:"findings"`
	Content     []byte       `json:"content,omitempty"`
	SigningTime time.Time    `json:"signing_time,omitzero"`
	Signer      []byte       `json:"signer,omitempty"`
	Path        [][]byte     `json:"path,omitempty"`
	Anchor      *anchorJSON  `json:"anchor,omitempty"`
	Revocations []answerJSON `json:"revocations,omitempty"`
	// Certificates are read by nobody here: the DER counts.
	Certificates []Description `json:"certificates,omitempty"`
	// Policies are the user-constrained policies of the path, Authority those of its authorities.
	Policies       []string        `json:"policies,omitempty"`
	Authority      []string        `json:"authority_policies,omitempty"`
	Timestamps     []timestampJSON `json:"timestamps,omitempty"`
	CounterSigners []*Report       `json:"counter_signers,omitempty"`
}

type timestampJSON struct {
	Holds       bool         `json:"holds"`
	Time        time.Time    `json:"time,omitzero"`
	Signer      []byte       `json:"signer,omitempty"`
	Findings    []Finding    `json:"findings,omitempty"`
	Revocations []answerJSON `json:"revocations,omitempty"`
}

type anchorJSON struct {
	Kind            trust.Kind `json:"kind"`
	Name            string     `json:"name,omitempty"`
	AccreditedFrom  time.Time  `json:"accredited_from,omitzero"`
	AccreditedUntil time.Time  `json:"accredited_until,omitzero"`
}

type answerJSON struct {
	Certificate string `json:"certificate"`
	revocation.Result
}

const reportFormat = "zaver.report/v1"

// MarshalJSON writes the report in the form zaver.report/v1.
func (r *Report) MarshalJSON() ([]byte, error) {
	j := reportJSON{
		Format: reportFormat, Subject: r.Subject, Verdict: r.Verdict(), CounterSigners: r.CounterSigners, At: r.At.UTC(), TrustSetID: r.TrustSetID, Findings: r.Findings,
		Content: r.Content, SigningTime: r.SigningTime, Certificates: r.Describe(),
	}
	if r.Signer != nil {
		j.Signer = r.Signer.Raw
	}
	for _, c := range r.Path {
		j.Path = append(j.Path, c.Raw)
	}
	if a := r.Anchor; a != nil {
		j.Anchor = &anchorJSON{a.Kind, a.Name, a.AccreditedFrom, a.AccreditedUntil}
	}
	for _, a := range r.Revocations {
		j.Revocations = append(j.Revocations, answerJSON(a))
	}
	j.Policies, j.Authority = dotted(r.Policies.User), dotted(r.Policies.Authority)
	for _, t := range r.Timestamps {
		k := timestampJSON{Holds: t.Holds, Time: t.Time, Findings: t.Findings}
		if t.Signer != nil {
			k.Signer = t.Signer.Raw
		}
		for _, a := range t.Answers {
			k.Revocations = append(k.Revocations, answerJSON(a))
		}
		j.Timestamps = append(j.Timestamps, k)
	}
	return json.Marshal(j)
}

func dotted(list []asn1.ObjectIdentifier) []string {
	var out []string
	for _, oid := range list {
		out = append(out, oid.String())
	}
	return out
}

// UnmarshalJSON reads what MarshalJSON wrote; the causes of revocation problems are not kept.
func (r *Report) UnmarshalJSON(b []byte) error {
	var j reportJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("read a report: %w", err)
	}
	if j.Format != reportFormat {
		return fmt.Errorf("read a report: format %q", j.Format)
	}
	out := Report{
		Subject: j.Subject, CounterSigners: j.CounterSigners, At: j.At, TrustSetID: j.TrustSetID, Findings: j.Findings, Content: j.Content, SigningTime: j.SigningTime,
	}
	var err error
	if j.Signer != nil {
		if out.Signer, err = cert.Parse(j.Signer); err != nil {
			return fmt.Errorf("read a report's signer: %w", err)
		}
	}
	for _, der := range j.Path {
		c, err := cert.Parse(der)
		if err != nil {
			return fmt.Errorf("read a report's path: %w", err)
		}
		out.Path = append(out.Path, c)
	}
	if j.Anchor != nil && len(out.Path) > 0 {
		out.Anchor = &trust.Anchor{
			Certificate: out.Path.Anchor(), Kind: j.Anchor.Kind, Name: j.Anchor.Name,
			AccreditedFrom: j.Anchor.AccreditedFrom, AccreditedUntil: j.Anchor.AccreditedUntil,
		}
	}
	for _, a := range j.Revocations {
		out.Revocations = append(out.Revocations, Answer(a))
	}
	if err := out.restore(j); err != nil {
		return err
	}
	*r = out
	return nil
}

// restore reads policies and timestamps.
func (r *Report) restore(j reportJSON) (err error) {
	if r.Policies.User, err = oids(j.Policies); err != nil {
		return err
	}
	if r.Policies.Authority, err = oids(j.Authority); err != nil {
		return err
	}
	for _, k := range j.Timestamps {
		t := Timestamp{Holds: k.Holds, Time: k.Time, Findings: k.Findings}
		if k.Signer != nil {
			if t.Signer, err = cert.Parse(k.Signer); err != nil {
				return fmt.Errorf("read a report's timestamp: %w", err)
			}
		}
		for _, a := range k.Revocations {
			t.Answers = append(t.Answers, Answer(a))
		}
		r.Timestamps = append(r.Timestamps, t)
	}
	return nil
}

func oids(list []string) ([]asn1.ObjectIdentifier, error) {
	var out []asn1.ObjectIdentifier
	for _, s := range list {
		var oid asn1.ObjectIdentifier
		for _, part := range strings.Split(s, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, fmt.Errorf("read a report's policy %q: %w", s, err)
			}
			oid = append(oid, n)
		}
		out = append(out, oid)
	}
	return out, nil
}
