// SPDX-License-Identifier: Apache-2.0

// Package chain alone owns the path from a certificate to a trust anchor at a given moment: its
// search and its validation (RFC 5280 section 6.1 whole, with the policy graph of RFC 9618).
//
// It is pure: no I/O, no clock, no revocation. Names are chained by the comparison of RFC 5280
// section 7.1, key identifiers only order the search and never decide it, signatures are checked
// through cert.PublicKey, so that a new algorithm needs nothing here. An anchor is trusted by its
// name and key: its signature is not checked, but what its certificate limits (validity, path
// length, names, policies, purposes; RFC 5937) is honoured like that of any authority.
//
// The search is bounded in depth, signature checks and total work, so that certificates chosen by
// an attacker cost a bounded time; a certificate outside the useful path costs a hash of its
// subject. Nothing is kept between searches but the index of a Finder, which is immutable and may
// be used from many goroutines.
//
// # The certificate profile
//
// Section 6.1 judges paths; section 4 binds those who issue. What is made of section 4 here:
//
//	section     rule                                                                code                             effect
//	4.1.2.4     issuer is not empty                                                 chain.profile.issuer             refused
//	4.1.2.6     subject of an authority is not empty; an empty subject elsewhere
//	            comes with a critical subjectAltName (4.2.1.6)                      chain.profile.subject            refused
//	4.2.1.3, 9  keyCertSign only with cA                                            chain.profile.key_cert_sign      refused
//	4.2.1.10    nameConstraints only in an authority                                chain.profile.name_constraints   refused
//	4.2.1.1, 2, 15, 4.2.2.1, 2  authorityKeyIdentifier, subjectKeyIdentifier,
//	            freshestCRL and information access are not critical                 chain.profile.criticality        refused
//	4.2.1.10, 11, 14  nameConstraints, policyConstraints, inhibitAnyPolicy
//	            are critical                                                        chain.profile.criticality        refused
//	4.2.1.9     basicConstraints of an authority is critical; pathLenConstraint
//	            only with cA and keyCertSign                                        chain.profile.basic_constraints  reported
//	4.2.1.9     an anchor says that it is an authority: one of version 3 that is
//	            self-issued and has neither basicConstraints nor keyUsage
//	            is trusted all the same (6.1.1 (d))                                 chain.profile.basic_constraints  reported
//	4.2.1.1, 2  key identifiers are there (of the issuer: unless self-issued)       chain.profile.key_identifier     reported
//	4.2.1.3     keyUsage of an authority is there, and has a bit set                chain.profile.key_usage          reported
//	4.1.2.2     serial number positive, at most 20 octets                           chain.profile.serial             reported
//	RFC 3280, 4.2.1.4  the issuer's PrivateKeyUsagePeriod covers notBefore          chain.profile.key_period         reported
//
// What is reported is in Valid.Deviations and does not hinder a path, since paths with it are valid
// by section 6.1 and accredited centres make such certificates; Options.Strict refuses it as well.
package chain

import (
	"encoding/asn1"
	"fmt"
	"time"

	"zaver/signature/cert"
)

// Codes of *Error. They are stable.
const (
	CodeExpired           = "chain.expired"            // a certificate ended before the moment
	CodeNotYetValid       = "chain.not_yet_valid"      // a certificate begins after the moment
	CodeNoAnchor          = "chain.no_anchor"          // no issuer leads to a trust anchor
	CodeCA                = "chain.ca"                 // an issuer is not a certificate authority
	CodeKeyUsage          = "chain.key_usage"          // an issuer's key may not sign certificates
	CodePathLen           = "chain.path_len"           // an issuer allows fewer authorities below it
	CodeSignature         = "chain.signature"          // a signature does not hold under the issuer's key
	CodeAlgorithm         = "chain.algorithm"          // a signature is made with an algorithm outside the table
	CodeLegacy            = "chain.legacy"             // a signature is made with an algorithm kept for old data only
	CodeCriticalExtension = "chain.critical_extension" // an unknown extension marked critical
	CodeExtKeyUsage       = "chain.ext_key_usage"      // the purpose asked for is not allowed
	CodeNameConstraints   = "chain.name_constraints"   // a name lies outside what an issuer may name
	CodePolicy            = "chain.policy"             // no policy that is asked for holds along the path
	CodePolicyMapping     = "chain.policy_mapping"     // anyPolicy is mapped
	CodeTooComplex        = "chain.too_complex"        // the search was cut at its bounds
)

// Codes returns every code of this package.
func Codes() []string {
	return []string{
		CodeExpired, CodeNotYetValid, CodeNoAnchor, CodeCA, CodeKeyUsage, CodePathLen, CodeSignature,
		CodeAlgorithm, CodeLegacy, CodeCriticalExtension, CodeExtKeyUsage, CodeNameConstraints, CodePolicy,
		CodePolicyMapping, CodeTooComplex,
		CodeProfileIssuer, CodeProfileSubject, CodeProfileKeyCertSign, CodeProfileNameConstraints,
		CodeProfileCriticality, CodeProfileBasicConstraints, CodeProfileKeyIdentifier, CodeProfileKeyUsage,
		CodeProfileSerial, CodeProfileKeyPeriod,
	}
}

// Bounds of the search when Options leaves them zero.
const (
	DefaultDepth  = 20      // certificates in a path, leaf and anchor included
	DefaultChecks = 200     // signature checks in one search
	DefaultWork   = 100_000 // steps of all other kinds in one search, each well under a microsecond
)

// Options changes what a path must fulfil; the zero value asks for what RFC 5280 asks.
type Options struct {
	// MaxDepth bounds the certificates in a path, leaf and anchor included; zero is DefaultDepth.
	MaxDepth int
	// MaxChecks bounds the signature checks of one search; zero is DefaultChecks.
	MaxChecks int
	// MaxWork bounds everything else that one search does, in steps: an issuer tried, two names
	// compared, a policy followed; zero is DefaultWork.
	MaxWork int
	// LeafTimeElsewhere leaves the leaf's own validity to the caller, so that an expired
	// certificate still gets its other facts reported.
	LeafTimeElsewhere bool
	// AnchorTimeElsewhere leaves the anchor's own validity to the caller, who trusts a name and a
	// key (RFC 5280 section 6.1.1 (d)) rather than a certificate.
	AnchorTimeElsewhere bool
	// Policies is the user-initial-policy-set (RFC 5280 section 6.1.1 (c)); empty, or one that
	// holds anyPolicy, is any policy.
	Policies []asn1.ObjectIdentifier
	// RequireExplicitPolicy, InhibitPolicyMapping and InhibitAnyPolicy are initial-explicit-policy,
	// initial-policy-mapping-inhibit and initial-any-policy-inhibit (section 6.1.1 (e) to (g)).
	RequireExplicitPolicy, InhibitPolicyMapping, InhibitAnyPolicy bool
	// Legacy admits signatures by algorithms that algo keeps for old data only.
	Legacy bool
	// Strict refuses also a path with certificates outside the profile of RFC 5280 section 4 that
	// are otherwise tolerated and told in Valid.Deviations.
	Strict bool
	// ExtKeyUsage are purposes of which the leaf must name one that every issuer with an extended
	// key usage names too (as browsers do); anyExtendedKeyUsage names all. Empty asks nothing,
	// because qualified certificates agree on no purpose.
	ExtKeyUsage []asn1.ObjectIdentifier
}

// Path is a chain that holds, leaf first, anchor last. A leaf that is itself an anchor gives a
// path of one.
type Path []*cert.Certificate

// Leaf is the certificate that was asked about.
func (p Path) Leaf() *cert.Certificate { return p[0] }

// Anchor is the trust anchor that the path ends in.
func (p Path) Anchor() *cert.Certificate { return p[len(p)-1] }

// Issuer is the certificate above the i-th, nil for the anchor.
func (p Path) Issuer(i int) *cert.Certificate {
	if i+1 >= len(p) {
		return nil
	}
	return p[i+1]
}

// Policies is what the path says about certificate policies (RFC 5280 section 6.1.6, RFC 9618).
type Policies struct {
	// Authority is the authority_constrained_policy_set: policies in the anchor's own terms under
	// which the path is valid. It may hold anyPolicy; empty means under none.
	Authority []asn1.ObjectIdentifier
	// User is the user_constrained_policy_set: those of Authority that Options.Policies asks for.
	User []asn1.ObjectIdentifier
}

// Valid is a path that holds and what came out of its validation.
type Valid struct {
	Path     Path
	Policies Policies
	// Deviations are breaches of the certificate profile (RFC 5280 section 4) that do not make the
	// path invalid: their codes begin with chain.profile.
	Deviations []*Error
}

// Error says why no path was found: the failure of the attempt that came furthest.
type Error struct {
	// Code is one of the Code constants.
	Code string
	// Certificate is the one that the failure is about.
	Certificate *cert.Certificate
	// Detail is an English phrase for developers, without personal data.
	Detail string
	// Cause is the error below, if any.
	Cause error
}

// Error returns the code and the detail.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s", e.Code, e.Detail)
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, &chain.Error{Code: chain.CodeNoAnchor}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Build finds a path from leaf through untrusted certificates to one of the anchors that holds at
// the moment, and returns *Error when there is none.
func Build(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, at time.Time, o Options) (Path, error) {
	return NewFinder(anchors, nil).Build(leaf, untrusted, at, o)
}

// All gives yield every path that holds, the most likely first, until yield returns false or no
// further path is found inside the bounds. It returns nil when yield has seen at least one path,
// and *Error when there was none.
func All(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, at time.Time, o Options, yield func(Valid) bool) error {
	return NewFinder(anchors, nil).All(leaf, untrusted, at, o, yield)
}

// Finder finds paths among anchors and known certificates that are indexed once for many searches,
// as those of a trust set. It is immutable and may be used from many goroutines.
type Finder struct{ anchors, known *index }

// NewFinder indexes the anchors and the certificates that may complete paths to them.
func NewFinder(anchors, known []*cert.Certificate) *Finder {
	return &Finder{newIndex(anchors), newIndex(known)}
}

// Build is the function Build over the finder's certificates and some untrusted ones.
func (f *Finder) Build(leaf *cert.Certificate, untrusted []*cert.Certificate, at time.Time, o Options) (Path, error) {
	var path Path
	err := f.All(leaf, untrusted, at, o, func(v Valid) bool {
		path = v.Path
		return false
	})
	return path, err
}

// All is the function All over the finder's certificates and some untrusted ones.
func (f *Finder) All(leaf *cert.Certificate, untrusted []*cert.Certificate, at time.Time, o Options, yield func(Valid) bool) error {
	return newSearch(f, untrusted, at, o).run(leaf, yield)
}
