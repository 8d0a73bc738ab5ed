// SPDX-License-Identifier: Apache-2.0

// Package cms alone owns THE signature: SignedData (RFC 5652) in the form of
// CAdES-BES, over given bytes that lie inside it.
//
// Reading is strict: one signer named by issuer and serial number, content of
// type id-data inside, nothing behind the end, DER throughout (certificates are
// judged by package cert), the four attributes content-type, message-digest,
// signing-time and signing-certificate-v2 (RFC 5035) exactly once with one
// value, attributes in DER order. [Parse] proves the form and [SignedData.Check]
// the mathematics; whose signature it is, and whether the certificate was worth
// anything at the time, is the business of the packages above.
//
// The package holds no state; parsed values are never written again and may be
// used from many goroutines. A signature is at most [MaxSize] bytes, with at most
// [MaxCertificates] certificates and [MaxAttributes] attributes of each sort.
package cms

import (
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

const (
	// MaxSize bounds a SignedData in bytes.
	MaxSize = 256 << 10
	// MaxCertificates bounds the certificates, and the CRLs, inside.
	MaxCertificates = 16
	// MaxAttributes bounds the signed and the unsigned attributes, each.
	MaxAttributes = 32
	// maxValues bounds the values of one attribute.
	maxValues = 16
	// maxReferences bounds the certificates named by signing-certificate-v2.
	maxReferences = 16
)

// Identifiers: RFC 5652 sections 4, 5.1 and 11, RFC 5035 section 3.
var (
	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}

	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
)

// The codes of [Problem].
const (
	codeMalformed          = "cms.malformed"           // not SignedData, or not DER
	codeTooLarge           = "cms.too_large"           // over one of the bounds
	codeTrailing           = "cms.trailing"            // bytes behind the end
	codeDetached           = "cms.detached"            // the content is not inside
	codeContentType        = "cms.content_type"        // not id-data, or not what the attribute says
	codeSigners            = "cms.signers"             // none, several, or not named by issuer and serial
	codeAlgorithm          = "cms.algorithm"           // outside the table, or not the same everywhere
	codeAttributes         = "cms.attributes"          // missing, repeated, many-valued, out of order
	codeSigningTime        = "cms.signing_time"        // not a time in the form that RFC 5652 wants
	codeCertificate        = "cms.certificate"         // unreadable, or the signer's is not inside
	codeMessageDigest      = "cms.message_digest"      // made over other bytes
	codeSigningCertificate = "cms.signing_certificate" // names another certificate
	codeSignature          = "cms.signature"           // does not hold
)

// Codes returns every code that a [Problem] may carry.
func Codes() []string {
	return []string{
		codeMalformed, codeTooLarge, codeTrailing, codeDetached, codeContentType, codeSigners, codeAlgorithm,
		codeAttributes, codeSigningTime, codeCertificate, codeMessageDigest, codeSigningCertificate, codeSignature,
	}
}

// Problem is one failure: the error of Parse, or one of those that Check
// lists. Its texts hold no personal data.
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

// Attribute is one attribute as received.
type Attribute struct {
	OID asn1.ObjectIdentifier
	// Values holds the whole DER of each value; there is at least one.
	Values [][]byte
}

// CertificateRef is one certificate named by signing-certificate-v2.
type CertificateRef struct {
	Digest algo.Digest
	Hash   []byte
	// RawIssuer is the DER of the issuer's name and Serial its number; nil when
	// the optional issuerSerial is absent.
	RawIssuer []byte
	Serial    *big.Int
}

// SignerInfo is what the one signer wrote.
type SignerInfo struct {
	// RawIssuer and Serial name the signer's certificate.
	RawIssuer []byte
	Serial    *big.Int
	Algorithm algo.Algorithm
	// RawSignedAttributes are the bytes under the signature: the attributes as
	// received, as a SET (tag 31).
	RawSignedAttributes []byte
	SignedAttributes    []Attribute
	// UnsignedAttributes are not protected by the signature: anyone may have
	// added or changed them.
	UnsignedAttributes []Attribute
	Signature          []byte

	// The values of the required attributes.
	ContentType        asn1.ObjectIdentifier
	MessageDigest      []byte
	SigningTime        time.Time // the signer's own claim
	SigningCertificate []CertificateRef
}

// SignedData is a signature that was parsed. That alone proves nothing: Check does.
type SignedData struct {
	Raw          []byte
	Content      []byte
	Certificates []*cert.Certificate // as received, unordered and unproved
	CRLs         [][]byte            // whole DER, unproved
	Signer       SignerInfo
}
