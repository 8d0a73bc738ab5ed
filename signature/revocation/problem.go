// SPDX-License-Identifier: Apache-2.0

package revocation

// Codes of *Problem. They are stable.
const (
	CodeNoSource          = "revocation.no_source"          // the certificate names nobody to ask
	CodeAddress           = "revocation.address"            // an address that is not plain http or https
	CodeUnreachable       = "revocation.unreachable"        // no connection, broken connection, HTTP status other than 200
	CodeTimeout           = "revocation.timeout"            // no full answer in time
	CodeTooLarge          = "revocation.too_large"          // more bytes than allowed
	CodeMalformed         = "revocation.malformed"          // the bytes are no answer
	CodeResponder         = "revocation.responder"          // OCSP: a status such as tryLater instead of an answer
	CodeWrongCertificate  = "revocation.wrong_certificate"  // OCSP: an answer about another certificate
	CodeIssuer            = "revocation.issuer"             // CRL of another issuer, or a key that may not sign CRLs
	CodeScope             = "revocation.scope"              // CRL that does not cover this certificate
	CodeSigner            = "revocation.signer"             // nobody entitled has signed
	CodeSignature         = "revocation.signature"          // the signature does not hold
	CodeStale             = "revocation.stale"              // nextUpdate has passed, or older than allowed
	CodeEarly             = "revocation.early"              // thisUpdate lies in the future
	CodeStatusUnknown     = "revocation.status_unknown"     // OCSP: the responder does not know the certificate
	CodeCriticalExtension = "revocation.critical_extension" // an unknown extension marked critical
	CodeNoNextUpdate      = "revocation.no_next_update"     // CRL that does not say until when it is good
	CodeReasons           = "revocation.reasons"            // CRLs for some reasons only
	CodeNoBase            = "revocation.no_base"            // delta CRL without the complete CRL that it adds to
	CodeAfterExpiry       = "revocation.after_expiry"       // made when the certificate had ended: silence proves nothing
	CodeSignerRevoked     = "revocation.signer_revoked"     // whoever signed the answer is revoked himself
	CodeSignerUnknown     = "revocation.signer_unknown"     // it could not be found out whether he is
	CodeNonce             = "revocation.nonce"              // OCSP: an answer to another request
	CodeNoNonce           = "revocation.no_nonce"           // OCSP: an answer that may have been made before the request
	CodeNotIssued         = "revocation.not_issued"         // OCSP: revoked, because never issued
	CodeTooComplex        = "revocation.too_complex"        // more signatures to check than allowed
)

// Codes returns every code of this package.
func Codes() []string {
	return []string{
		CodeNoSource, CodeAddress, CodeUnreachable, CodeTimeout, CodeTooLarge, CodeMalformed, CodeResponder,
		CodeWrongCertificate, CodeIssuer, CodeScope, CodeSigner, CodeSignature, CodeStale, CodeEarly,
		CodeStatusUnknown, CodeCriticalExtension, CodeNoNextUpdate, CodeReasons, CodeNoBase, CodeAfterExpiry,
		CodeSignerRevoked, CodeSignerUnknown, CodeNonce, CodeNoNonce, CodeNotIssued, CodeTooComplex,
	}
}

// Problem is one failure on the way to an answer.
type Problem struct {
	Code   string `json:"code"`
	Source Source `json:"source,omitempty"`
	URL    string `json:"url,omitempty"`
	Detail string `json:"detail,omitempty"` // English, for developers
	Cause  error  `json:"-"`
}

// Error returns the code, the address and the detail.
func (p *Problem) Error() string {
	s := p.Code
	if p.URL != "" {
		s += " " + p.URL
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Cause != nil {
		s += ": " + p.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

func malformed(what string, cause error) *Problem {
	return &Problem{Code: CodeMalformed, Detail: what, Cause: cause}
}
