// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/timestamp"
)

// maxTimestamps bounds the timestamps of one signature that are looked at.
const maxTimestamps = 16

// Reasons by which keys were in wrong hands at a time that nobody knows (RFC 5280 section 5.3.1).
const (
	keyCompromise = 1
	caCompromise  = 2
)

// harmless are the reasons under which the tokens made before the revocation of their authority still
// count: unspecified, affiliationChanged, superseded, cessationOfOperation. Under every other, and where
// none is given, all of them are invalid (RFC 3161 section 4, items 1 and 2).
var harmless = [...]int{0, 3, 4, 5}

// Timestamp is what was found about one timestamp over a signature.
type Timestamp struct {
	// Holds says that the timestamp proves Time.
	Holds bool
	// Time is by when the signature existed: genTime (RFC 3161 section 2.4.2) with its accuracy;
	// zero when the token cannot be read.
	Time time.Time
	// Signer is the certificate of the authority, nil when it is neither inside nor given.
	Signer *cert.Certificate
	// Findings say why, as in a Report.
	Findings []Finding
	// Path leads from Signer to the anchor; empty when none holds.
	Path chain.Path
	// Answers are about the certificates of Path below the anchor.
	Answers []Answer
}

// timestamps checks the timestamps over a signature. The moment at which the signer is judged is
// that of the earliest that holds, and the clock without one.
func (d document) timestamps(ctx context.Context, si *cms.SignerInfo) (time.Time, []Timestamp) {
	at := d.terms.At
	var list []Timestamp
	for _, der := range si.Timestamps[:min(len(si.Timestamps), maxTimestamps)] {
		t := d.timestamp(ctx, si, der)
		if t.Holds && t.Time.Before(at) {
			at = t.Time
		}
		list = append(list, t)
	}
	return at, list
}

// timestamp checks one token: its form, its signature over the signature, and its authority as of
// the time that it states. An authority whose certificate has ended by the clock proves nothing any
// more, because nobody answers for its key since.
func (d document) timestamp(ctx context.Context, si *cms.SignerInfo, der []byte) Timestamp {
	token, err := timestamp.Parse(der)
	if err != nil {
		return Timestamp{Findings: []Finding{finding(err, nil)}}
	}
	certificates := slices.Concat(token.Signed.Certificates, d.signed.Certificates, si.Values.Certificates, d.terms.Untrusted)
	t := Timestamp{Time: token.Latest(), Signer: token.Certificate(certificates...)}
	if problems := token.Check(timestamp.Question{Message: si.Signature, Certificates: certificates}); len(problems) > 0 {
		for _, p := range problems {
			t.Findings = append(t.Findings, finding(p, t.Signer))
		}
		return t
	}
	v := d.verification(t.Time)
	v.report.Signer, v.purpose, v.admits = t.Signer, timestamp.OIDPurpose, token.Signed.Signer.Admits
	if inside := slices.Concat(token.Signed.CRLs, token.Signed.OCSPs); len(inside) > 0 {
		v.Revocation = with(v.Revocation, inside, v.legacy())
	}
	v.checkValidity()
	v.checkKeyPeriod()
	v.checkTokenAlgorithm(token)
	if t.Time.After(d.terms.At) {
		v.add(CodeTimestampTime, Fail, t.Signer, "stamped after the moment of judgement")
	}
	if !t.Signer.ValidAt(d.terms.At) {
		v.add(CodeTimestampTime, Fail, t.Signer, "the authority's certificate has ended since")
	}
	v.checkPath(ctx, certificates)
	v.checkCompromise()
	t.Findings, t.Path, t.Answers = v.report.Findings, v.report.Path, v.report.Revocations
	t.Holds = verdict(t.Findings) == Valid
	return t
}

// checkTokenAlgorithm refuses tokens made by an algorithm that is kept for old data where the time that
// they state is not old: the path says nothing about the authority's own key.
func (v *verification) checkTokenAlgorithm(t *timestamp.Token) {
	severity := Warn
	if !v.legacy() {
		severity = Fail
	}
	if a := t.Signed.Signer.Algorithm; a.Legacy {
		v.add(CodeLegacyAlgorithm, severity, v.report.Signer, "the timestamp is signed by "+a.Name)
	}
	if d := t.Imprint.Digest; d.Legacy {
		v.add(CodeLegacyAlgorithm, severity, v.report.Signer, "the timestamp is over a digest by "+d.Name)
	}
}

// checkCompromise refuses an authority that was revoked since in a way that leaves open who made its
// tokens, whenever that was.
func (v *verification) checkCompromise() {
	for i, a := range v.report.Revocations {
		switch {
		case !a.RevokedLater:
		case i == 0 && (!a.ReasonGiven || !slices.Contains(harmless[:], a.Reason)):
			v.add(CodeCertRevoked, Fail, v.report.Path[i], "revoked since, and not for a reason that leaves earlier tokens good")
		case a.Reason == keyCompromise || a.Reason == caCompromise:
			v.add(CodeCARevoked, Fail, v.report.Path[i], "the key was compromised: what is below it counts no more")
		}
	}
}

// purposes is what the leaf's extended key usage must allow.
func (v *verification) purposes() []asn1.ObjectIdentifier {
	if v.purpose == nil {
		return nil
	}
	return []asn1.ObjectIdentifier{v.purpose}
}

// finding turns a problem of a reader into a fact.
func finding(err error, c *cert.Certificate) Finding {
	f := Finding{Code: timestamp.CodeMalformed, Severity: Fail, Detail: err.Error()}
	if p := (*timestamp.Problem)(nil); errors.As(err, &p) {
		f.Code = p.Code
	}
	if c != nil {
		f.Certificate = fingerprint(c)
	}
	return f
}
