// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/revocation"
)

// legacyEnd is from when on nobody may sign by GOST R 34.10-2001: its use ended with the year 2019.
var legacyEnd = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// legacy says whether algorithms kept for old data may be met: never in a confirmation, in a
// qualified signature only where its time is proved to lie before their end.
func (v *verification) legacy() bool {
	switch v.terms.Profile {
	case ProfileGeneric:
		return true
	case ProfileQualified:
		return v.At.Before(legacyEnd)
	default:
		return false
	}
}

// admitLegacy lets kept answers be signed by algorithms that the certificates may be signed by. A
// source that is no archive has its own rule.
func (v *verification) admitLegacy() {
	a, ok := v.Revocation.(*revocation.Archive)
	if !ok || a == nil || a.Legacy || !v.legacy() {
		return
	}
	v.Revocation = &revocation.Archive{
		Answers: a.Answers, Certificates: a.Certificates, Anchors: a.Anchors, Skew: a.Skew, MaxAge: a.MaxAge,
		Responders: a.Responders, Legacy: true,
	}
}

// checkAlgorithms names the certificates signed by an algorithm that is kept for old data.
func (v *verification) checkAlgorithms(w *weighed) {
	for _, c := range w.path[:len(w.path)-1] {
		if a, err := algo.ByCertificate(c.SignatureOID, c.SignatureParams); err == nil && a.Legacy {
			w.add(CodeLegacyAlgorithm, Warn, c, "signed by "+a.Name)
		}
	}
}

// answeredBy is the algorithm that the answer which decided is signed by, false when it is none of
// the table.
func answeredBy(r revocation.Result) (algo.Algorithm, bool) {
	der := r.Raw
	if r.Source == revocation.SourceOCSP {
		if basic, err := revocation.BasicResponse(der); err == nil {
			der = basic
		}
	}
	// CertificateList and BasicOCSPResponse begin alike: what is signed, then the algorithm.
	in := cryptobyte.String(der)
	var body, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&body, casn1.SEQUENCE) || !body.SkipASN1(casn1.SEQUENCE) || !body.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) {
		return algo.Algorithm{}, false
	}
	a, err := algo.ByCertificate(oid, algorithm)
	return a, err == nil
}
