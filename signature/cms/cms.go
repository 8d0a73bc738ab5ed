// SPDX-License-Identifier: Apache-2.0

// Package cms alone owns THE signature: SignedData (RFC 5652) in the forms of
// CAdES (RFC 5126, EN 319 122-1), made, read, checked and extended.
//
// There are two readers. [Parse] is the one for a confirmation and refuses all
// but one form: one signer named by issuer and serial number, content of type
// id-data inside, DER throughout, the four attributes content-type,
// message-digest, signing-time and signing-certificate-v2 (RFC 5035) exactly
// once with one value, nothing that deviates. [Open] is for auditors and takes
// what RFC 5652 makes valid, in DER: several signers, counter-signatures,
// detached content, content of other types, signatures without attributes. What
// deviates without taking the signature's worth away is a note beside the
// result; what does is a problem of the signer concerned.
//
// Reading proves the form and [SignerInfo.Check] the mathematics; whose
// signature it is, and whether the certificate was worth anything at the time,
// is the business of the packages above. Timestamps are handed out as bytes:
// package timestamp reads them.
//
// The package holds no state; parsed values may be used from many goroutines.
// Time and memory are linear in the input, bounded by [MaxSize] and
// [MaxOpenSize] and by the counts below. Open copies no content and hashes it
// once per digest algorithm, at the first Check that needs it.
package cms

import (
	"encoding/asn1"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// The bounds of a confirmation.
const (
	// MaxSize bounds a SignedData in bytes.
	MaxSize = 256 << 10
	// MaxLongTerm is what [ParseUpTo] should be given for a confirmation that
	// was extended with certificates and revocation lists.
	MaxLongTerm = 4 << 20
	// MaxCertificates bounds the certificates, and the CRLs, inside.
	MaxCertificates = 16
	// MaxAttributes bounds the signed and the unsigned attributes, each.
	MaxAttributes = 32
	// maxValues bounds the values of one attribute.
	maxValues = 16
	// maxReferences bounds the certificates named by signing-certificate-v2.
	maxReferences = 16
)

// The bounds of Open.
const (
	// MaxOpenSize bounds a SignedData in bytes, content included.
	MaxOpenSize = 72 << 20
	// MaxOpenCertificates bounds the certificates, and the pieces of revocation
	// data, inside; MaxOpenSigners the signers, and the counter-signers below
	// each; MaxCounterDepth how deep counter-signatures are nested.
	MaxOpenCertificates = 1024
	MaxOpenSigners      = 64
	MaxCounterDepth     = 4
)

// Identifiers: RFC 5652 sections 4, 5.1 and 11, RFC 5035 sections 3 and 5, RFC
// 5126 section 6, RFC 3161 section 2.4.2, RFC 6211 section 2, RFC 5940 section 2.1.
var (
	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDCounterSignature     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 6}
	OIDAlgorithmProtection  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}
	OIDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	OIDSignatureTimestamp   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	OIDCertificateValues    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 23}
	OIDRevocationValues     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 24}

	// OIDData and OIDTSTInfo are types of content.
	OIDData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	OIDTSTInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}

	oidSignedData   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidOCSPResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 16, 2}
	oidOCSPBasic    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}

	// archiveTimestamps are the forms of CAdES-A: RFC 5126 section 6.4.1,
	// its first version, and EN 319 122-1 section 5.5.3.
	archiveTimestamps = []asn1.ObjectIdentifier{
		{1, 2, 840, 113549, 1, 9, 16, 2, 27}, {1, 2, 840, 113549, 1, 9, 16, 2, 48}, {0, 4, 0, 1733, 2, 4},
	}
)

// Attribute is one attribute as received.
type Attribute struct {
	OID asn1.ObjectIdentifier
	// Values holds the whole DER of each value; there is at least one.
	Values [][]byte
}

// CertificateRef is one certificate named by signing-certificate(-v2).
type CertificateRef struct {
	// Digest is named sha1, outside the table of algo, for the first version.
	Digest algo.Digest
	Hash   []byte
	// RawIssuer is the DER of the issuer's name and Serial its number; nil when
	// the optional issuerSerial is absent.
	RawIssuer []byte
	Serial    *big.Int
}

// Values are the long-term values among one signer's unsigned attributes (RFC
// 5126 sections 6.3.3 and 6.3.4). Like all of those, unproved.
type Values struct {
	Certificates []*cert.Certificate
	CRLs         [][]byte // whole DER
	OCSPs        [][]byte // whole DER of an OCSPResponse
}

// SignerInfo is what one signer wrote.
type SignerInfo struct {
	Version int
	// RawIssuer and Serial name the signer's certificate, or else KeyID does.
	RawIssuer []byte
	Serial    *big.Int
	KeyID     []byte
	// Algorithm is zero when it is outside the table; Check says so.
	Algorithm algo.Algorithm
	// RawSignedAttributes are the bytes under the signature: the attributes as
	// received, as a SET (tag 31). Nil when there are none: the content itself
	// is signed then.
	RawSignedAttributes []byte
	SignedAttributes    []Attribute
	// UnsignedAttributes are not protected by the signature: anyone may have
	// added or changed them.
	UnsignedAttributes []Attribute
	Signature          []byte

	// The values of known signed attributes, zero when absent or broken.
	ContentType   asn1.ObjectIdentifier
	MessageDigest []byte
	SigningTime   time.Time // the signer's own claim
	// SigningCertificate are the references of both versions, v2 first. The
	// first of each version is the signer's own; the others limit the path.
	SigningCertificate []CertificateRef

	// What the unsigned attributes hold: signature timestamps (tokens in DER),
	// counter-signatures over Signature, long-term values.
	Timestamps     [][]byte
	CounterSigners []*SignerInfo
	Values         Values

	// Notes are deviations that do not take the signature's worth away.
	Notes []*Problem

	problems []*Problem            // found in reading; the head of what Check returns
	content  *payload              // what is signed
	over     asn1.ObjectIdentifier // the type of what is signed, nil for a signature
	counter  bool                  // a counter-signature
	named    [2]int                // how many references are of v2 and of v1
}

// SignedData is a signature that was read. That alone proves nothing: Check does.
type SignedData struct {
	Raw     []byte
	Version int
	// Digests are the digest algorithms listed outside the signers.
	Digests     []asn1.ObjectIdentifier
	ContentType asn1.ObjectIdentifier
	// Content is what was signed: the part of Raw, or the content given to Open;
	// nil when Detached and not given.
	Content  []byte
	Detached bool
	// Certificates are as received, unordered and unproved.
	Certificates []*cert.Certificate
	CRLs         [][]byte // whole DER, unproved
	OCSPs        [][]byte // whole DER of an OCSPResponse (RFC 5940), unproved
	// Signers has at least one element, Signer is the first.
	Signers []*SignerInfo
	Signer  *SignerInfo
	// Notes are deviations of what lies around the signers.
	Notes []*Problem
}
