// SPDX-License-Identifier: Apache-2.0

package cms

import "fmt"

// The codes of [Problem].
const (
	codeMalformed           = "cms.malformed"            // not SignedData
	codeNotDER              = "cms.not_der"              // BER: indefinite or overlong lengths, strings in pieces
	codeTooLarge            = "cms.too_large"            // over one of the bounds
	codeTrailing            = "cms.trailing"             // bytes behind the end
	codeVersion             = "cms.version"              // not the number that RFC 5652 sections 5.1 and 5.3 assign
	codeDetached            = "cms.detached"             // the content is not inside, and was not given
	codeOtherContent        = "cms.other_content"        // the content inside is not the document given beside it
	codeContentType         = "cms.content_type"         // not id-data, or not what the attribute says
	codeSigners             = "cms.signers"              // none, several, or not named by issuer and serial
	codeAlgorithm           = "cms.algorithm"            // outside the table, or not the same everywhere
	codeAlgorithmProtection = "cms.algorithm_protection" // the signed copy of the algorithms (RFC 6211) says otherwise
	codeAttributes          = "cms.attributes"           // missing, repeated, many-valued, out of order
	codeSigningTime         = "cms.signing_time"         // not a time in the form that RFC 5652 wants
	codeCertificate         = "cms.certificate"          // unreadable, or the signer's is not inside
	codeDigestSize          = "cms.digest_size"          // message-digest has not the length of its algorithm
	codeMessageDigest       = "cms.message_digest"       // made over other bytes
	codeSigningCertificate  = "cms.signing_certificate"  // names another certificate
	codeSignature           = "cms.signature"            // does not hold
)

// The codes of notes: deviations that do not make a signature worthless.
const (
	noteDigestList       = "cms.note.digest_list"            // the list of digests outside lacks the signer's
	noteCertificate      = "cms.note.certificate"            // a certificate inside was skipped
	noteRevocation       = "cms.note.revocation"             // revocation data of an unknown kind were skipped
	noteNoAttributes     = "cms.note.no_attributes"          // the content alone is signed
	noteNoReference      = "cms.note.no_signing_certificate" // the certificate is not bound by the signature
	noteReferenceSHA1    = "cms.note.signing_certificate_v1" // the certificate is bound by SHA-1 only
	noteDefaultDigest    = "cms.note.default_digest"         // signing-certificate-v2 spells SHA-256 out
	noteRepeated         = "cms.note.repeated_attribute"     // an attribute of no fixed rule is there twice
	noteMisplaced        = "cms.note.misplaced_attribute"    // stands among the attributes where it must not be
	noteArchiveTimestamp = "cms.note.archive_timestamp"      // there is one, and it is not read
	noteUnread           = "cms.note.unread_values"          // an unsigned attribute of a known kind is broken
)

// Codes returns every code that a [Problem] or a note may carry.
func Codes() []string {
	return []string{
		codeMalformed, codeNotDER, codeTooLarge, codeTrailing, codeVersion, codeDetached, codeOtherContent, codeContentType,
		codeSigners, codeAlgorithm, codeAlgorithmProtection, codeAttributes, codeSigningTime, codeCertificate, codeDigestSize,
		codeMessageDigest, codeSigningCertificate, codeSignature,
		noteDigestList, noteCertificate, noteRevocation, noteNoAttributes, noteNoReference, noteReferenceSHA1,
		noteDefaultDigest, noteRepeated, noteMisplaced, noteArchiveTimestamp, noteUnread,
	}
}

// Problem is one failure, or one note. Its texts hold no personal data.
type Problem struct {
	// Code is stable: see [Codes].
	Code string
	// Detail is an English phrase for developers.
	Detail string
	// Cause may be nil.
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
