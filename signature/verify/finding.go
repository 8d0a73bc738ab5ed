// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/hex"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/timestamp"
)

// Severity says how a finding stands to a good signature. It is a property of the fact; what
// follows from it is policy.
type Severity string

// Values of Severity.
const (
	OK      Severity = "ok"      // holds
	Info    Severity = "info"    // worth knowing
	Warn    Severity = "warn"    // out of the ordinary
	Fail    Severity = "fail"    // does not hold
	Unknown Severity = "unknown" // could not be found out; asking later may help
)

// Codes of findings. They are stable; beside them stand those of cms and chain, see Codes.
const (
	CodeOK                 = "sig.ok"                   // ok: the signature's bytes hold
	CodeInvalid            = "sig.invalid"              // fail: they do not; cms.* says why
	CodeNoCertificate      = "sig.no_certificate"       // fail: the signer's certificate is not inside
	CodeSigningTime        = "sig.signing_time"         // warn: claimed signing time absent or far from the moment
	CodeCertExpired        = "sig.cert_expired"         // fail
	CodeCertNotYetValid    = "sig.cert_not_yet_valid"   // fail
	CodeKeyPeriod          = "sig.key_period"           // fail: outside PrivateKeyUsagePeriod
	CodeKeyUsage           = "sig.key_usage"            // fail: the key may not sign
	CodeCertDeviation      = "sig.cert_deviation"       // warn: a deviation tolerated on reading the certificate
	CodeHolder             = "sig.holder"               // warn: an identifier of the holder is malformed or repeated
	CodeChainOK            = "sig.chain_ok"             // ok: a path leads to an anchor
	CodeChain              = "sig.chain"                // fail: no path holds; chain.* says why
	CodeAccredited         = "sig.accredited"           // ok: the anchor counts at the moment
	CodeNotAccredited      = "sig.not_accredited"       // fail: no anchor above, or its accreditation does not cover the moment
	CodeQualified          = "sig.qualified"            // ok: has what a qualified certificate must have
	CodeNotQualified       = "sig.not_qualified"        // fail under a qualified anchor, else info
	CodeIdentificationKind = "sig.identification_kind"  // warn: how the holder was identified is not said
	CodeNotRevoked         = "sig.not_revoked"          // ok
	CodeCertRevoked        = "sig.cert_revoked"         // fail: the signer's certificate
	CodeCARevoked          = "sig.ca_revoked"           // fail: a certificate above it
	CodeRevocationUnknown  = "sig.revocation_unknown"   // unknown
	CodeRevokedLater       = "sig.revoked_later"        // info: after the moment
	CodeTimestamp          = "sig.timestamp"            // ok: a timestamp proves the time
	CodeTimestampTime      = "sig.timestamp_time"       // fail, of a timestamp: not between its authority's times and the clock
	CodeTimestampUnusable  = "sig.timestamp_unusable"   // warn: a timestamp proves nothing
	CodeTimestampMissing   = "sig.timestamp_missing"    // unknown: no timestamp could be had, asking later may help
	CodeCounterSigned      = "sig.counter_signed"       // ok
	CodeCounterUnusable    = "sig.counter_unusable"     // warn: a counter-signature proves nothing
	CodeLegacyAlgorithm    = "sig.legacy_algorithm"     // warn: kept for old data; fail where new data are signed
	CodeRevocationNotAsked = "sig.revocation_not_asked" // info: nobody was asked, and nobody had to be
)

// Codes returns every code that a finding may have.
func Codes() []string {
	list := []string{
		CodeOK, CodeInvalid, CodeNoCertificate, CodeSigningTime, CodeCertExpired, CodeCertNotYetValid,
		CodeKeyPeriod, CodeKeyUsage, CodeCertDeviation, CodeHolder, CodeChainOK, CodeChain, CodeAccredited,
		CodeNotAccredited, CodeQualified, CodeNotQualified, CodeIdentificationKind, CodeNotRevoked,
		CodeCertRevoked, CodeCARevoked, CodeRevocationUnknown, CodeRevocationNotAsked,
		CodeRevokedLater, CodeTimestamp, CodeTimestampTime, CodeTimestampUnusable, CodeTimestampMissing, CodeCounterSigned, CodeCounterUnusable, CodeLegacyAlgorithm,
	}
	list = append(list, chain.Codes()...)
	list = append(list, timestamp.Codes()...)
	list = append(list, cert.QualifiedCodes()...)
	return append(list, cms.Codes()...)
}

// Finding is one fact.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Certificate is the lower-case hexadecimal SHA-256 of the certificate that the fact is about,
	// empty when it is about the signature.
	Certificate string `json:"certificate,omitempty"`
	// Detail is an English phrase for developers, without personal data; people get words by Code.
	Detail string `json:"detail,omitempty"`
}

// Has reports whether a finding with this code is in the report.
func (r *Report) Has(code string) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// With returns the findings of one severity, in the order found.
func (r *Report) With(s Severity) []Finding {
	var list []Finding
	for _, f := range r.Findings {
		if f.Severity == s {
			list = append(list, f)
		}
	}
	return list
}

func fingerprint(c *cert.Certificate) string {
	sum := c.Fingerprint()
	return hex.EncodeToString(sum[:])
}
