// SPDX-License-Identifier: Apache-2.0

// Package chain alone owns the path from a certificate to a trust anchor at a given moment (RFC
// 5280 section 6, without policy processing and name constraints: an authority with name
// constraints is refused, critical or not).
//
// It is pure: no I/O, no clock, no state, no revocation. Names are chained by their raw bytes, key
// identifiers are opaque hints that order the search and never decide it, and signatures are
// checked through cert.PublicKey, so that a new algorithm needs nothing here. The search is
// bounded in depth, candidates and signature checks, so that certificates chosen by an attacker
// cost a bounded time.
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
	CodeCriticalExtension = "chain.critical_extension" // an unknown extension marked critical, or name constraints
	CodeExtKeyUsage       = "chain.ext_key_usage"      // the purpose asked for is not allowed
	CodeTooComplex        = "chain.too_complex"        // the search was cut at its bounds
)

// Codes returns every code of this package.
func Codes() []string {
	return []string{
		CodeExpired, CodeNotYetValid, CodeNoAnchor, CodeCA, CodeKeyUsage, CodePathLen, CodeSignature,
		CodeAlgorithm, CodeCriticalExtension, CodeExtKeyUsage, CodeTooComplex,
	}
}

// Bounds of the search when Options leaves them zero.
const (
	DefaultDepth  = 6   // certificates in a path, leaf and anchor included
	DefaultChecks = 100 // signature checks in one Build
)

// Options changes what a path must fulfil; the zero value asks for what RFC 5280 asks.
type Options struct {
	// MaxDepth bounds the certificates in a path, leaf and anchor included; zero is DefaultDepth.
	MaxDepth int
	// MaxChecks bounds the signature checks of one Build; zero is DefaultChecks.
	MaxChecks int
	// LeafTimeElsewhere leaves the leaf's own validity to the caller, so that an expired
	// certificate still gets its other facts reported.
	LeafTimeElsewhere bool
	// AnchorTimeElsewhere leaves the anchor's own validity to the caller, who trusts a name and a
	// key (RFC 5280 section 6.1.1 (d)) rather than a certificate.
	AnchorTimeElsewhere bool
	// Policies is the user-initial-policy-set (RFC 5280 section 6.1.1 (c)); empty is any policy.
	Policies []asn1.ObjectIdentifier
	// RequireExplicitPolicy, InhibitPolicyMapping and InhibitAnyPolicy are initial-explicit-policy,
	// initial-policy-mapping-inhibit and initial-any-policy-inhibit (section 6.1.1 (e) to (g)).
	RequireExplicitPolicy, InhibitPolicyMapping, InhibitAnyPolicy bool
	// Legacy admits signatures by algorithms that algo keeps for old data only.
	Legacy bool
	// Strict refuses also a path with certificates outside the profile of RFC 5280 section 4 that
	// are otherwise tolerated and told in Valid.Deviations.
	Strict bool
	// ExtKeyUsage are purposes of which the leaf must allow one, and every issuer that has an
	// extended key usage too (as browsers do; anchors are exempt). Empty asks nothing, because
	// qualified certificates agree on no purpose.
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
	// Authority is the authorities-constrained-policy-set: policies in the anchor's own terms under
	// which the path is valid. It may hold anyPolicy; empty means under none.
	Authority []asn1.ObjectIdentifier
	// User is the user-constrained-policy-set: those of Authority that Options.Policies asks for.
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
// the moment, and returns *Error when there is none. An anchor is trusted by its name and key: its
// own validity is checked, its signature is not.
func Build(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, at time.Time, o Options) (Path, error) {
	var path Path
	err := All(leaf, untrusted, anchors, at, o, func(v Valid) bool {
		path = v.Path
		return false
	})
	return path, err
}

// All gives yield every path that Build might return, the most likely first, until yield returns
// false or no further path is found inside the bounds. It returns nil when yield has seen at least
// one path, and *Error when there was none.
func All(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, at time.Time, o Options, yield func(Valid) bool) error {
	path, err := newSearch(untrusted, anchors, at, o).run(leaf)
	if err != nil {
		return err
	}
	yield(Valid{Path: path})
	return nil
}
