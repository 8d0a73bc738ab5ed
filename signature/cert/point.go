// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// maxPoints bounds the distribution points of one extension.
const maxPoints = 64

// ReasonFlags is a set of reasons for revocation, bit i of the value being bit
// i of the BIT STRING (RFC 5280 section 4.2.1.13).
type ReasonFlags uint16

// The reasons.
const (
	ReasonKeyCompromise ReasonFlags = 2 << iota
	ReasonCACompromise
	ReasonAffiliationChanged
	ReasonSuperseded
	ReasonCessationOfOperation
	ReasonCertificateHold
	ReasonPrivilegeWithdrawn
	ReasonAACompromise

	// AllReasons is what an absent field stands for.
	AllReasons ReasonFlags = 0x1fe
)

// DistributionPoint says where the state of a certificate is published (RFC
// 5280 section 4.2.1.13).
type DistributionPoint struct {
	// FullName is nil when absent.
	FullName []GeneralName
	// RelativeName is the DER of one RDN, to be put behind the CRL issuer's
	// name by [Name.Append]; nil when absent.
	RelativeName []byte
	// Reasons is 0 when absent, which stands for AllReasons.
	Reasons    ReasonFlags
	HasReasons bool
	// CRLIssuer is nil when the certificate's issuer publishes.
	CRLIssuer []GeneralName
}

// readDistributionPoint reads one DistributionPoint. Code: cert.malformed.
func readDistributionPoint(s *cryptobyte.String) (DistributionPoint, error) {
	var body, reasons cryptobyte.String
	var p DistributionPoint
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return p, malformed("distribution point")
	}
	var err error
	if p.FullName, p.RelativeName, err = ReadDistributionPointName(&body); err != nil {
		return p, err
	}
	if !body.ReadOptionalASN1(&reasons, &p.HasReasons, casn1.Tag(1).ContextSpecific()) {
		return p, malformed("reasons")
	}
	if p.HasReasons {
		if p.Reasons, err = ParseReasons(reasons); err != nil {
			return p, err
		}
	}
	var issuer cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&issuer, &present, casn1.Tag(2).ContextSpecific().Constructed()) || !body.Empty() {
		return p, malformed("distribution point")
	}
	if present {
		p.CRLIssuer, err = readNameList(issuer, nameAlone)
	}
	return p, err
}

// ReadDistributionPointName reads the field [0] of a distribution point or an
// issuing distribution point if it is there: full names or one RDN in DER, of
// which one is nil, or both when the field is absent. Code: cert.malformed.
func ReadDistributionPointName(s *cryptobyte.String) (full []GeneralName, relative []byte, err error) {
	var field, content cryptobyte.String
	var present bool
	var tag casn1.Tag
	if !s.ReadOptionalASN1(&field, &present, casn1.Tag(0).ContextSpecific().Constructed()) {
		return nil, nil, malformed("distribution point's name")
	}
	if !present {
		return nil, nil, nil
	}
	var element cryptobyte.String
	if !field.ReadAnyASN1Element(&element, &tag) || !field.Empty() {
		return nil, nil, malformed("distribution point's name")
	}
	inner := element
	if !inner.ReadAnyASN1(&content, &tag) {
		return nil, nil, malformed("distribution point's name")
	}
	switch tag {
	case casn1.Tag(0).ContextSpecific().Constructed():
		full, err = readNameList(content, nameLocation)
		return full, nil, err
	case casn1.Tag(1).ContextSpecific().Constructed():
		relative = append([]byte{der.TagSet}, element[1:]...)
		if _, err := (Name{}).Append(relative); err != nil {
			return nil, nil, err
		}
		return nil, relative, nil
	default:
		return nil, nil, malformed("distribution point's name of tag %#x", uint8(tag))
	}
}

// ParseDistributionPoints reads the value of the extensions CRLDistributionPoints
// and FreshestCRL: at least one point. Code: cert.malformed.
func ParseDistributionPoints(value []byte) ([]DistributionPoint, error) {
	s := cryptobyte.String(value)
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || !s.Empty() || list.Empty() {
		return nil, malformed("distribution points")
	}
	var out []DistributionPoint
	for !list.Empty() {
		p, err := readDistributionPoint(&list)
		if err != nil {
			return nil, err
		}
		if len(out) == maxPoints {
			return nil, malformed("more than %d distribution points", maxPoints)
		}
		out = append(out, p)
	}
	return out, nil
}

// ParseReasons reads the content octets of a BIT STRING of reasons; bits of no
// known reason are dropped. Code: cert.malformed.
func ParseReasons(content []byte) (ReasonFlags, error) {
	bits, _, ok := namedBits(content)
	if !ok {
		return 0, malformed("reasons")
	}
	return ReasonFlags(bits) & AllReasons, nil
}

// namedBits reads the content of a BIT STRING of at most 16 named bits;
// trailing says that zero bits were not cut off at its end (X.690 section 11.2.2).
func namedBits(content []byte) (bits uint16, trailing, ok bool) {
	if len(content) < 1 || len(content) > 3 || !der.BitString(content) {
		return 0, false, false
	}
	n := 8*(len(content)-1) - int(content[0])
	for i := range n {
		bits |= uint16(content[1+i/8]>>(7-i%8)&1) << i
	}
	return bits, n > 0 && bits>>(n-1) == 0, true
}
