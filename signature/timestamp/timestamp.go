// SPDX-License-Identifier: Apache-2.0

// Package timestamp alone owns the timestamps of RFC 3161 and RFC 5816: the
// request, the authority's answer, the token and what makes it count, and the
// client that asks over HTTP.
//
// Reading is strict: DER throughout, TSTInfo of version 1, one signer, content
// of type id-ct-TSTInfo. [Token.Check] proves that the token covers the bytes and
// that the holder of a certificate for timestamps alone signed it. Whether that
// certificate leads to an anchor and was not revoked is the caller's business:
// the token shows the certificates and revocation data inside it.
//
// The package holds no state and takes time from nowhere; parsed values and a
// [Client] may be used from many goroutines. A token is at most [MaxToken] bytes,
// an answer [MaxResponse]. Retries are the caller's.
package timestamp

import (
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/cms"
)

const (
	// MaxToken bounds a token in bytes: those in old signatures were completed
	// with whole revocation lists. MaxResponse bounds a fresh answer.
	MaxToken    = 16 << 20
	MaxResponse = 1 << 20
	// maxRequest bounds a request in bytes.
	maxRequest = 4 << 10
)

// OIDPurpose is the extended key usage of an authority (RFC 3161 section 2.3).
var OIDPurpose = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}

// The codes of [Problem].
const (
	CodeMalformed          = "timestamp.malformed"           // not the structure of RFC 3161 in DER
	CodeTooLarge           = "timestamp.too_large"           // over one of the bounds
	CodeRefused            = "timestamp.refused"             // the authority granted nothing
	CodeContentType        = "timestamp.content_type"        // the token holds no TSTInfo
	CodeSigners            = "timestamp.signers"             // not exactly one signer
	CodeExtension          = "timestamp.extension"           // a critical extension that is not known
	CodeAlgorithm          = "timestamp.algorithm"           // the imprint's digest is outside the table
	CodeImprint            = "timestamp.imprint"             // made over other bytes
	CodeNonce              = "timestamp.nonce"               // not the nonce of the request
	CodePolicy             = "timestamp.policy"              // not the policy of the request
	CodeCertificate        = "timestamp.certificate"         // the authority's certificate is neither inside nor given
	CodePurpose            = "timestamp.purpose"             // a certificate that is not for timestamps alone
	CodeName               = "timestamp.tsa_name"            // names another authority than the certificate
	CodeSigningCertificate = "timestamp.signing_certificate" // the certificate is not bound by the signature
	CodeSignature          = "timestamp.signature"           // the signature does not hold
	CodeUnreachable        = "timestamp.unreachable"         // no answer in time
	CodeHTTP               = "timestamp.http"                // an answer that is no timestamp's
)

// Codes returns every code that a [Problem] may carry.
func Codes() []string {
	return []string{
		CodeMalformed, CodeTooLarge, CodeRefused, CodeContentType, CodeSigners, CodeExtension, CodeAlgorithm, CodeImprint,
		CodeNonce, CodePolicy, CodeCertificate, CodePurpose, CodeName, CodeSigningCertificate, CodeSignature,
		CodeUnreachable, CodeHTTP,
	}
}

// Problem is one failure: an error of the readers and the client, or one of
// those that Check lists. Its texts hold no personal data.
type Problem struct {
	// Code is stable: see [Codes].
	Code string
	// Detail is an English phrase for developers.
	Detail string
	// Cause may be nil, or a *cms.Problem that says more.
	Cause error
}

// Error returns code, detail and cause.
func (p *Problem) Error() string {
	s := p.Code + ": " + p.Detail
	if p.Cause != nil {
		s += ": " + p.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Is reports whether target is a *Problem with the same code.
func (p *Problem) Is(target error) bool {
	t, ok := target.(*Problem)
	return ok && t.Code == p.Code
}

func problem(code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Imprint is a digest of what is stamped (MessageImprint).
type Imprint struct {
	// Digest is zero when OID is outside the table of algo.
	Digest algo.Digest
	OID    asn1.ObjectIdentifier
	Hash   []byte
}

// ImprintOf returns the imprint of a message.
func ImprintOf(d algo.Digest, message []byte) Imprint {
	return Imprint{Digest: d, OID: d.OID, Hash: d.Sum(message)}
}

// Info is what the authority states (TSTInfo, RFC 3161 section 2.4.2).
type Info struct {
	Policy  asn1.ObjectIdentifier
	Imprint Imprint
	Serial  *big.Int
	// Time is when the imprint existed at the latest, to the nanosecond.
	Time time.Time
	// Accuracy is how far Time may be off; zero when not stated.
	Accuracy time.Duration
	// Ordering says that tokens of this authority can be ordered by Time alone.
	Ordering bool
	Nonce    *big.Int // nil when absent
	// TSA is the DER of the authority's GeneralName, nil when absent.
	TSA []byte
	// CriticalExtensions are those that no one here reads; Check refuses them.
	CriticalExtensions []asn1.ObjectIdentifier
}

// Token is a timestamp that was read. That alone proves nothing: Check does.
type Token struct {
	Raw []byte
	Info
	// Signed is the SignedData around; its certificates and revocation data
	// help to build the authority's path.
	Signed *cms.SignedData
}

// Certificate returns the authority's certificate, looked for inside and then
// in more; nil when it is in neither.
func (t *Token) Certificate(more ...*cert.Certificate) *cert.Certificate {
	return t.Signed.CertificateOf(t.Signed.Signer, more...)
}

// Earliest and Latest bound the moment at which the authority saw the imprint.
func (t *Token) Earliest() time.Time { return t.Time.Add(-t.Accuracy) }

// Latest is the other bound.
func (t *Token) Latest() time.Time { return t.Time.Add(t.Accuracy) }
