// SPDX-License-Identifier: Apache-2.0

// Package cert alone owns the certificate: its parser, its public key, the
// extensions of qualified certificates (RFC 9215) and the typed subject.
//
// The parser is our own because the standard one refuses real certificates of
// accredited centres (a BOOLEAN of 01, a SEQUENCE as a name's value) and cannot
// verify keys that it does not know. What it tolerates is listed in
// Certificate.Warnings; all else that is not DER in the form of RFC 5280 is
// refused. A key of an unknown kind does not hinder parsing: its PublicKey has
// kind algo.Unknown and verifies nothing.
//
// The package is pure. A parsed certificate is never written again and may be
// used from many goroutines. A certificate is at most [MaxSize] bytes, a bundle
// at most [MaxBundle] bytes and [MaxBundleCount] certificates.
package cert

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"zaver/signature/algo"
	"zaver/signature/gost"
)

const (
	// MaxSize bounds one certificate in bytes.
	MaxSize = 64 << 10
	// MaxBundle bounds a PEM bundle in bytes.
	MaxBundle = 16 << 20
	// MaxBundleCount bounds the certificates of a PEM bundle.
	MaxBundleCount = 4096
)

// KeyUsage is the set of RFC 5280 section 4.2.1.3.
type KeyUsage uint16

// The bits of KeyUsage.
const (
	DigitalSignature KeyUsage = 1 << iota
	NonRepudiation
	KeyEncipherment
	DataEncipherment
	KeyAgreement
	CertSign
	CRLSign
	EncipherOnly
	DecipherOnly
)

// Extension is one extension as received.
type Extension struct {
	OID      asn1.ObjectIdentifier
	Critical bool
	Value    []byte // content of extnValue
}

// Subtree is one element of a name constraint (RFC 5280 section 4.2.1.10).
type Subtree struct {
	Base GeneralName
	// Min is 0 in every valid certificate, Max -1 (absent): RFC 5280 allows no
	// other, who processes constraints must refuse them.
	Min, Max int
}

// NameConstraints limit the names below an issuer; nil lists are absent.
type NameConstraints struct{ Permitted, Excluded []Subtree }

// PolicyMapping says that the subject's policy counts as the issuer's (RFC 5280
// section 4.2.1.5).
type PolicyMapping struct{ Issuer, Subject asn1.ObjectIdentifier }

// IssuerSignTool names the tools of subject and issuer (RFC 9215 section 4.3).
type IssuerSignTool struct{ SignTool, CATool, SignToolCert, CAToolCert string }

// Certificate is one parsed certificate. Nothing may be written to it.
type Certificate struct {
	// Raw and the other raw fields are whole DER elements as received.
	Raw, RawTBS, RawIssuer, RawSubject, RawSPKI []byte
	Version                                     int // 1, 2 or 3
	Serial                                      *big.Int
	Subject, Issuer                             Name
	NotBefore, NotAfter                         time.Time // both inclusive
	PublicKey                                   PublicKey // never nil

	SignatureOID    asn1.ObjectIdentifier
	SignatureParams []byte // whole DER, nil when absent
	Signature       []byte

	HasKeyUsage         bool
	KeyUsage            KeyUsage
	ExtKeyUsage         []asn1.ObjectIdentifier // nil when absent
	HasBasicConstraints bool
	IsCA                bool
	PathLen             int // -1 when absent

	// SKI and AKI are opaque: compare, never recompute. AKIIssuer and AKISerial
	// are the other way to name the issuer's certificate, nil when absent.
	SKI, AKI  []byte
	AKIIssuer []GeneralName
	AKISerial *big.Int

	SubjectAltNames, IssuerAltNames []GeneralName // nil when absent
	NameConstraints                 *NameConstraints

	// Policies are the policies asserted, anyPolicy included; HasPolicies tells
	// an absent extension.
	HasPolicies    bool
	Policies       []asn1.ObjectIdentifier
	PolicyMappings []PolicyMapping
	// RequireExplicitPolicy, InhibitPolicyMapping and InhibitAnyPolicy count
	// certificates, -1 when absent. A count above 1<<30 reads as 1<<30.
	RequireExplicitPolicy, InhibitPolicyMapping, InhibitAnyPolicy int

	// CRLPoints and FreshestCRL are where revocation and its deltas are
	// published, nil when absent.
	CRLPoints, FreshestCRL []DistributionPoint
	// CRLs, OCSP and CAIssuers are the http and https addresses of the
	// distribution points for all reasons and of authority information access.
	CRLs, OCSP, CAIssuers []string
	// NoCheck says that an OCSP responder's certificate need not be asked about
	// (RFC 6960 section 4.2.2.2.1).
	NoCheck bool

	SubjectSignTool    string
	IssuerSignTool     *IssuerSignTool
	IdentificationKind *int // 0 personal, 1 certificate, 2 passport, 3 remote system

	// KeyNotBefore and KeyNotAfter are PrivateKeyUsagePeriod, zero when absent:
	// a signature must be made inside it.
	KeyNotBefore, KeyNotAfter time.Time

	Extensions []Extension
	// UnhandledCritical are the critical extensions that this package does not
	// read; a path with one must be refused (RFC 5280 section 4.2).
	UnhandledCritical []asn1.ObjectIdentifier
	// Warnings are the codes of what was tolerated: see [Codes].
	Warnings []string

	sum [sha256.Size]byte // of Raw; reports name a certificate by it again and again
}

// Error is why a certificate was refused, or what is wrong with a subject.
// Its texts hold no personal data.
type Error struct {
	// Code is stable: see [Codes].
	Code string
	// Reason is an English phrase for developers.
	Reason string
	// Cause may be nil.
	Cause error
}

// Error returns code, reason and cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Reason
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

const (
	codeMalformed = "cert.malformed"        // not a certificate in the form of RFC 5280
	codeTooLarge  = "cert.too_large"        // over MaxSize, MaxBundle or MaxBundleCount
	codeAlgorithm = "cert.algorithm"        // signed by an algorithm outside the table
	codeSignature = "cert.signature"        // the signature does not hold
	codeRepeated  = "cert.subject.repeated" // Holder: an identifier is there twice, with other values
	codeConflict  = "cert.subject.conflict" // Holder: identifiers of two kinds of holder

	warnBoolean    = "cert.warn.boolean"        // TRUE written as something else than FF
	warnDefault    = "cert.warn.default"        // a default value written out
	warnNameValue  = "cert.warn.name_value"     // a name's value is no string
	warnStringType = "cert.warn.string_type"    // an identifier is not a NumericString
	warnCharacters = "cert.warn.characters"     // a string has characters outside its type, or none
	warnIdentifier = "cert.warn.identifier"     // an identifier of another length than its rule
	warnSetOrder   = "cert.warn.set_order"      // attributes of one RDN out of order or twice
	warnSerial     = "cert.warn.serial"         // serial zero, negative or over 20 bytes
	warnTime       = "cert.warn.time"           // GeneralizedTime for a year that wants UTCTime
	warnKeyUsage   = "cert.warn.key_usage"      // key usage with trailing zero bits, or with none set
	warnKeyParams  = "cert.warn.key_parameters" // parameters of the public key beside the rule
)

// Codes returns every code of errors, warnings and findings of this package.
func Codes() []string {
	return append([]string{
		codeMalformed, codeTooLarge, codeAlgorithm, codeSignature, codeRepeated, codeConflict,
		warnBoolean, warnDefault, warnNameValue, warnStringType, warnCharacters, warnIdentifier, warnSetOrder,
		warnSerial, warnTime, warnKeyUsage, warnKeyParams,
	}, QualifiedCodes()...)
}

func malformed(format string, args ...any) error {
	return &Error{Code: codeMalformed, Reason: fmt.Sprintf(format, args...)}
}

// Fingerprint returns the SHA-256 digest of the DER.
func (c *Certificate) Fingerprint() [32]byte {
	if c.sum != [sha256.Size]byte{} {
		return c.sum
	}
	return sha256.Sum256(c.Raw) // of one that was not parsed
}

// Equal reports the same certificate, byte for byte.
func (c *Certificate) Equal(o *Certificate) bool {
	return c != nil && o != nil && bytes.Equal(c.Raw, o.Raw)
}

// SelfIssued reports that issuer and subject are the same name, see [Name.Equal].
func (c *Certificate) SelfIssued() bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) || c.Issuer.Equal(c.Subject)
}

// ValidAt reports that t lies inside the certificate's validity, both ends included.
func (c *Certificate) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// KeyUsableAt reports that t lies inside PrivateKeyUsagePeriod, or that there is none.
func (c *Certificate) KeyUsableAt(t time.Time) bool {
	return (c.KeyNotBefore.IsZero() || !t.Before(c.KeyNotBefore)) && (c.KeyNotAfter.IsZero() || !t.After(c.KeyNotAfter))
}

// Extension returns the extension with that identifier.
func (c *Certificate) Extension(oid asn1.ObjectIdentifier) (Extension, bool) {
	for _, e := range c.Extensions {
		if e.OID.Equal(oid) {
			return e, true
		}
	}
	return Extension{}, false
}

// SignatureAlgorithm returns the algorithm that the certificate is signed by.
// Who decides about new data refuses one that is Legacy. Code: cert.algorithm.
func (c *Certificate) SignatureAlgorithm() (algo.Algorithm, error) {
	a, err := algo.ByCertificate(c.SignatureOID, c.SignatureParams)
	if err != nil {
		return algo.Algorithm{}, &Error{Code: codeAlgorithm, Reason: "signature of the certificate", Cause: err}
	}
	return a, nil
}

// Remember returns a copy of the certificate whose GOST key verifies through
// the cache, which keeps what makes many signatures of one key cheap: for
// anchors, centres, responders and time-stamp authorities. Certificates of
// other keys are returned as they are.
func (c *Certificate) Remember(cache *gost.Cache) *Certificate {
	k, ok := c.PublicKey.(gostKey)
	if !ok || cache == nil {
		return c
	}
	k.cache = cache
	out := *c
	out.PublicKey = k
	return &out
}

// CheckSignature checks the certificate's signature under the issuer's key and
// nothing more: names, times and the right to issue are the chain's to judge.
// Codes: cert.algorithm, cert.signature.
func (c *Certificate) CheckSignature(issuer *Certificate) error {
	return issuer.CheckSigned(c.SignatureOID, c.SignatureParams, c.RawTBS, c.Signature)
}

// CheckSigned checks a signature made by the certificate's key over tbs, as in
// certificates, CRLs and OCSP answers. params is the whole DER of the algorithm's
// parameters. That the algorithm is for old data only is not judged here: see
// [Certificate.SignatureAlgorithm]. Codes: cert.algorithm, cert.signature.
func (c *Certificate) CheckSigned(sigOID asn1.ObjectIdentifier, params, tbs, sig []byte) error {
	a, err := algo.ByCertificate(sigOID, params)
	if err != nil {
		return &Error{Code: codeAlgorithm, Reason: "check signature", Cause: err}
	}
	if !a.Allows(c.PublicKey.Kind(), c.PublicKey.Bits()) {
		return &Error{Code: codeAlgorithm, Reason: fmt.Sprintf("%s under a key of kind %v, %d bits", a.Name, c.PublicKey.Kind(), c.PublicKey.Bits())}
	}
	if err := c.PublicKey.Verify(a, a.Input(tbs), sig); err != nil {
		return &Error{Code: codeSignature, Reason: "check signature", Cause: err}
	}
	return nil
}
