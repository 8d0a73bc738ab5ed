// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/signature/trust"
)

// reportJSON is the stored form: certificates as DER, times in UTC.
type reportJSON struct {
	Format      string       `json:"format"`
	At          time.Time    `json:"at"`
	TrustSetID  string       `json:"trust_set"`
	Findings    []Finding    `json:"findings"`
	Content     []byte       `json:"content,omitempty"`
	SigningTime time.Time    `json:"signing_time,omitzero"`
	Signer      []byte       `json:"signer,omitempty"`
	Path        [][]byte     `json:"path,omitempty"`
	Anchor      *anchorJSON  `json:"anchor,omitempty"`
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
		Format: reportFormat, At: r.At.UTC(), TrustSetID: r.TrustSetID, Findings: r.Findings,
		Content: r.Content, SigningTime: r.SigningTime,
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
	return json.Marshal(j)
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
		At: j.At, TrustSetID: j.TrustSetID, Findings: j.Findings, Content: j.Content, SigningTime: j.SigningTime,
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
	*r = out
	return nil
}
