// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// maxNames bounds the names of one list.
const maxNames = 1024

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
