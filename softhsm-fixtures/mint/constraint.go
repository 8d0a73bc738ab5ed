// SPDX-License-Identifier: Apache-2.0

package mint

import "zaver/softhsm-fixtures/mint/asn"

// NameConstraints is critical (RFC 5280 section 4.2.1.10); empty lists are left out.
func NameConstraints(permitted, excluded []GeneralName) Extension {
	return Subtrees(bases(permitted), bases(excluded))
}

// Permit is NameConstraints with permitted subtrees only.
func Permit(names ...GeneralName) Extension { return NameConstraints(names, nil) }

// Exclude is NameConstraints with excluded subtrees only.
func Exclude(names ...GeneralName) Extension { return NameConstraints(nil, names) }

// Subtree is a GeneralSubtree with minimum and maximum; 0 and -1 leave them out.
func Subtree(base GeneralName, minimum, maximum int64) []byte {
	b := []byte(base)
	if minimum != 0 {
		b = asn.Join(b, asn.Implicit(0, asn.Int(minimum)))
	}
	if maximum >= 0 {
		b = asn.Join(b, asn.Implicit(1, asn.Int(maximum)))
	}
	return asn.Seq(b)
}

// Subtrees is NameConstraints of ready subtrees.
func Subtrees(permitted, excluded [][]byte) Extension {
	var b []byte
	if len(permitted) > 0 {
		b = asn.Explicit(0, permitted...)
	}
	if len(excluded) > 0 {
		b = append(b, asn.Explicit(1, excluded...)...)
	}
	return Raw("2.5.29.30", true, asn.Seq(b))
}

func bases(names []GeneralName) [][]byte {
	var list [][]byte
	for _, n := range names {
		list = append(list, Subtree(n, 0, -1))
	}
	return list
}

// Policies is certificatePolicies without qualifiers.
func Policies(policies ...string) Extension {
	var b []byte
	for _, p := range policies {
		b = append(b, asn.Seq(asn.OID(p))...)
	}
	return Raw("2.5.29.32", false, asn.Seq(b))
}

// PolicyMappings has pairs: issuer domain, subject domain, issuer domain … It is critical.
func PolicyMappings(pairs ...string) Extension {
	var b []byte
	for i := 0; i+1 < len(pairs); i += 2 {
		b = append(b, asn.Seq(asn.OID(pairs[i]), asn.OID(pairs[i+1]))...)
	}
	return Raw("2.5.29.33", true, asn.Seq(b))
}

// PolicyConstraints is critical; negative numbers are left out.
func PolicyConstraints(requireExplicit, inhibitMapping int64) Extension {
	var b []byte
	if requireExplicit >= 0 {
		b = asn.Implicit(0, asn.Int(requireExplicit))
	}
	if inhibitMapping >= 0 {
		b = append(b, asn.Implicit(1, asn.Int(inhibitMapping))...)
	}
	return Raw("2.5.29.36", true, asn.Seq(b))
}

// InhibitAny is inhibitAnyPolicy, critical.
func InhibitAny(skip int64) Extension { return Raw("2.5.29.54", true, asn.Int(skip)) }

// Reasons of a distribution point or IDP (RFC 5280 section 4.2.1.13, ReasonFlags).
const (
	ReasonUnused = iota
	ReasonKeyCompromise
	ReasonCACompromise
	ReasonAffiliationChanged
	ReasonSuperseded
	ReasonCessation
	ReasonHold
	ReasonPrivilegeWithdrawn
	ReasonAACompromise
)

// Point is a distribution point (RFC 5280 section 4.2.1.13); empty parts are left out.
type Point struct {
	FullName []GeneralName
	Relative []byte // the content of a RelativeDistinguishedName: attributes
	Reasons  []int  // not nil and empty writes an empty bit string
	Issuer   []GeneralName
}

// DER is the DistributionPoint.
func (p Point) DER() []byte {
	b := pointName(p.FullName, p.Relative)
	if p.Reasons != nil {
		b = append(b, asn.Implicit(1, asn.NamedBits(p.Reasons...))...)
	}
	if p.Issuer != nil {
		b = append(b, asn.TLV(0xa2, joinNames(p.Issuer))...)
	}
	return asn.Seq(b)
}

func pointName(full []GeneralName, relative []byte) []byte {
	switch {
	case full != nil:
		return asn.Explicit(0, asn.TLV(0xa0, joinNames(full)))
	case relative != nil:
		return asn.Explicit(0, asn.TLV(0xa1, relative))
	}
	return nil
}

// CRLDP is cRLDistributionPoints.
func CRLDP(points ...Point) Extension { return Raw("2.5.29.31", false, encodePoints(points)) }

// CRLAt is cRLDistributionPoints with one point that has these addresses.
func CRLAt(urls ...string) Extension { return CRLDP(Point{FullName: uris(urls)}) }

// FreshestCRL says where delta CRLs are (RFC 5280 section 4.2.1.15).
func FreshestCRL(points ...Point) Extension { return Raw("2.5.29.46", false, encodePoints(points)) }

func encodePoints(points []Point) []byte {
	var b []byte
	for _, p := range points {
		b = append(b, p.DER()...)
	}
	return asn.Seq(b)
}

func uris(urls []string) []GeneralName {
	names := []GeneralName{}
	for _, u := range urls {
		names = append(names, URI(u))
	}
	return names
}

// AIA has OCSP and issuer addresses (RFC 5280 section 4.2.2.1).
func AIA(ocsp, issuers []string) Extension {
	var b []byte
	for _, u := range ocsp {
		b = append(b, asn.Seq(asn.OID("1.3.6.1.5.5.7.48.1"), URI(u))...)
	}
	for _, u := range issuers {
		b = append(b, asn.Seq(asn.OID("1.3.6.1.5.5.7.48.2"), URI(u))...)
	}
	return Raw("1.3.6.1.5.5.7.1.1", false, asn.Seq(b))
}
