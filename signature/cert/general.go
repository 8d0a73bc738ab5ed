// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// maxNames bounds the names of one list, and maxPoints the distribution points
// of one extension.
const (
	maxNames  = 1024
	maxPoints = 64
)

// The tags of GeneralName (RFC 5280 section 4.2.1.6).
const (
	OtherName = iota
	RFC822Name
	DNSName
	X400Address
	DirectoryName
	EDIPartyName
	URI
	IPAddress
	RegisteredID
)

// GeneralName is one name of an alternative name, a constraint, a distribution
// point (RFC 5280 section 4.2.1.6). It may hold personal data; do not log it.
type GeneralName struct {
	// Tag is one of OtherName to RegisteredID.
	Tag int
	// Raw holds the content octets.
	Raw []byte
	// Name and RawName (whole DER) are set for DirectoryName.
	Name    Name
	RawName []byte
	// Text is set for RFC822Name, DNSName and URI; it is ASCII. The URI of a
	// distribution point or access description with other bytes has none.
	Text string
	// IP is set for IPAddress: 4 or 16 bytes, twice that in a constraint, where
	// the second half is a mask of leading ones.
	IP []byte
	// OID is set for RegisteredID.
	OID asn1.ObjectIdentifier
}

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

// ReadGeneralNames reads a GeneralNames, a SEQUENCE with at least one. Code:
// cert.malformed.
func ReadGeneralNames(s *cryptobyte.String) ([]GeneralName, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) {
		return nil, malformed("general names")
	}
	return readNameList(list, nameAlone)
}

// place says where a general name stands, which changes what it may hold.
type place uint8

const (
	nameAlone      place = iota
	nameConstraint       // an address has a mask
	nameLocation         // a URI may have bytes beyond ASCII, which nobody can fetch
)

// readNameList reads the content of a GeneralNames.
func readNameList(list cryptobyte.String, at place) ([]GeneralName, error) {
	if list.Empty() {
		return nil, malformed("empty list of general names")
	}
	var out []GeneralName
	for !list.Empty() {
		n, err := readGeneralName(&list, at)
		if err != nil {
			return nil, err
		}
		if len(out) == maxNames {
			return nil, malformed("more than %d general names", maxNames)
		}
		out = append(out, n)
	}
	return out, nil
}

// constructedName says which names are constructed (explicit or structured).
var constructedName = [...]bool{OtherName: true, X400Address: true, DirectoryName: true, EDIPartyName: true, RegisteredID: false}

// readGeneralName reads one name.
func readGeneralName(s *cryptobyte.String, at place) (GeneralName, error) {
	var content cryptobyte.String
	var tag casn1.Tag
	if !s.ReadAnyASN1(&content, &tag) {
		return GeneralName{}, malformed("general name")
	}
	n := GeneralName{Tag: int(tag & 0x1f), Raw: content}
	if tag&0xc0 != 0x80 || n.Tag >= len(constructedName) || constructedName[n.Tag] != (tag&0x20 != 0) {
		return GeneralName{}, malformed("general name of tag %#x", uint8(tag))
	}
	ok := true
	switch n.Tag {
	case OtherName:
		var value cryptobyte.String
		ok = content.ReadASN1(&value, casn1.OBJECT_IDENTIFIER) && der.ObjectIdentifier(value) &&
			content.ReadASN1(&value, casn1.Tag(0).ContextSpecific().Constructed()) && content.Empty() && oneElement(value)
	case RFC822Name, DNSName, URI:
		if ok = isASCII(content); ok {
			n.Text = string(content)
		}
		ok = ok || n.Tag == URI && at == nameLocation
	case DirectoryName:
		n.RawName = content
		var err error
		if n.Name, err = parseName(content, func(string) {}); err != nil {
			return GeneralName{}, err
		}
	case IPAddress:
		n.IP = content
		ok = len(content) == 4 || len(content) == 16
		if at == nameConstraint {
			ok = (len(content) == 8 || len(content) == 32) && isMask(content[len(content)/2:])
		}
	case RegisteredID:
		n.OID, ok = objectIdentifier(content)
	}
	if !ok {
		return GeneralName{}, malformed("general name of kind %d", n.Tag)
	}
	return n, nil
}

func oneElement(s cryptobyte.String) bool {
	var content cryptobyte.String
	var tag casn1.Tag
	return s.ReadAnyASN1(&content, &tag) && s.Empty()
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isMask reports leading ones followed by zeros (RFC 4632).
func isMask(b []byte) bool {
	ended := false
	for _, c := range b {
		if ended && c != 0 {
			return false
		}
		if c != 0xff {
			if ^c&(^c+1) != 0 {
				return false
			}
			ended = true
		}
	}
	return true
}

// ReadDistributionPoint reads one DistributionPoint. Code: cert.malformed.
func ReadDistributionPoint(s *cryptobyte.String) (DistributionPoint, error) {
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
		p, err := ReadDistributionPoint(&list)
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

// webAddress returns the URI of a name when it is an address of http or https
// without odd characters, else "".
func (n GeneralName) webAddress() string {
	if n.Tag != URI || len(n.Text) > maxURL {
		return ""
	}
	for i := range len(n.Text) {
		if n.Text[i] <= ' ' || n.Text[i] == 0x7f {
			return ""
		}
	}
	if l := strings.ToLower(n.Text[:min(len(n.Text), len("https://"))]); strings.HasPrefix(l, "http://") || l == "https://" {
		return n.Text
	}
	return ""
}
