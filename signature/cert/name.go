// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxAttributes bounds the attributes of one name.
const maxAttributes = 64

// The attributes of names that this project reads (RFC 5280 appendix A, RFC 9215 section 4).
var (
	OIDCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	OIDSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	OIDCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	OIDLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	OIDState        = asn1.ObjectIdentifier{2, 5, 4, 8}
	OIDStreet       = asn1.ObjectIdentifier{2, 5, 4, 9}
	OIDOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	OIDUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
	OIDTitle        = asn1.ObjectIdentifier{2, 5, 4, 12}
	OIDGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}
	OIDEmail        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
	OIDOGRN         = asn1.ObjectIdentifier{1, 2, 643, 100, 1}
	OIDSNILS        = asn1.ObjectIdentifier{1, 2, 643, 100, 3}
	OIDINNLE        = asn1.ObjectIdentifier{1, 2, 643, 100, 4}
	OIDOGRNIP       = asn1.ObjectIdentifier{1, 2, 643, 100, 5}
	OIDINN          = asn1.ObjectIdentifier{1, 2, 643, 3, 131, 1, 1}
)

// labels are how String names attributes; Russian usage where it has one.
var labels = []struct {
	oid   asn1.ObjectIdentifier
	label string
}{
	{OIDCommonName, "CN"}, {OIDSurname, "SN"}, {OIDGivenName, "G"}, {OIDTitle, "T"},
	{OIDCountry, "C"}, {OIDState, "S"}, {OIDLocality, "L"}, {OIDStreet, "STREET"},
	{OIDOrganization, "O"}, {OIDUnit, "OU"}, {OIDEmail, "E"},
	{OIDOGRN, "OGRN"}, {OIDSNILS, "SNILS"}, {OIDINNLE, "INNLE"}, {OIDOGRNIP, "OGRNIP"}, {OIDINN, "INN"},
}

// numeric are the identifiers that RFC 9215 wants as NumericString.
var numeric = []asn1.ObjectIdentifier{OIDOGRN, OIDSNILS, OIDINNLE, OIDOGRNIP, OIDINN}

// Attribute is one attribute of a name.
type Attribute struct {
	OID asn1.ObjectIdentifier
	// Tag is the identifier byte of the value: 12 UTF8String, 18 NumericString, …
	Tag int
	// Value is the text in UTF-8; "" when the value is no string.
	Value string
}

// Name is a distinguished name: its attributes in order, sets laid flat. It
// holds personal data; do not log it.
type Name struct{ Attributes []Attribute }

// Get returns the first value of the attribute, "" when there is none.
func (n Name) Get(oid asn1.ObjectIdentifier) string {
	for _, a := range n.Attributes {
		if a.OID.Equal(oid) {
			return a.Value
		}
	}
	return ""
}

// All returns every value of the attribute.
func (n Name) All(oid asn1.ObjectIdentifier) []string {
	var out []string
	for _, a := range n.Attributes {
		if a.OID.Equal(oid) {
			out = append(out, a.Value)
		}
	}
	return out
}

// CommonName returns the first commonName.
func (n Name) CommonName() string { return n.Get(OIDCommonName) }

// String shows the name to people, "CN=…, O=…": for display, not for comparing.
func (n Name) String() string {
	parts := make([]string, 0, len(n.Attributes))
	for _, a := range n.Attributes {
		label := a.OID.String()
		for _, l := range labels {
			if l.oid.Equal(a.OID) {
				label = l.label
			}
		}
		parts = append(parts, label+"="+escape.Replace(a.Value))
	}
	return strings.Join(parts, ", ")
}

var escape = strings.NewReplacer(`\`, `\\`, `,`, `\,`, "\n", " ", "\r", " ", "\t", " ", "\x00", " ")

// parseName reads a Name and reports what it tolerated through warn.
func parseName(raw []byte, warn func(string)) (Name, error) {
	s := cryptobyte.String(raw)
	var rdns cryptobyte.String
	if !s.ReadASN1(&rdns, casn1.SEQUENCE) || !s.Empty() {
		return Name{}, malformed("name is no SEQUENCE")
	}
	var n Name
	for !rdns.Empty() {
		var rdn cryptobyte.String
		if !rdns.ReadASN1(&rdn, casn1.SET) || rdn.Empty() {
			return Name{}, malformed("name's element is no SET")
		}
		for !rdn.Empty() {
			a, err := parseAttribute(&rdn, warn)
			if err != nil {
				return Name{}, err
			}
			if n.Attributes = append(n.Attributes, a); len(n.Attributes) > maxAttributes {
				return Name{}, malformed("name of more than %d attributes", maxAttributes)
			}
		}
	}
	return n, nil
}

func parseAttribute(rdn *cryptobyte.String, warn func(string)) (Attribute, error) {
	var body, content cryptobyte.String
	var tag casn1.Tag
	var a Attribute
	if !rdn.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.OID) ||
		!body.ReadAnyASN1(&content, &tag) || !body.Empty() {
		return Attribute{}, malformed("name's attribute")
	}
	a.Tag = int(tag)
	text, isString, ok := decodeString(tag, content)
	if !ok {
		return Attribute{}, malformed("string of attribute %v", a.OID)
	}
	if !isString {
		warn(warnNameValue)
	}
	a.Value = text
	for _, oid := range numeric {
		if a.OID.Equal(oid) && tag != tagNumeric {
			warn(warnStringType)
		}
	}
	return a, nil
}

const (
	tagNumeric   = casn1.Tag(18)
	tagVisible   = casn1.Tag(26)
	tagUniversal = casn1.Tag(28)
	tagBMP       = casn1.Tag(30)
)

// decodeString reads the directory string types into UTF-8. isString is false
// for other types, ok for broken content.
func decodeString(tag casn1.Tag, b []byte) (s string, isString, ok bool) {
	switch tag {
	case casn1.UTF8String:
		return string(b), true, utf8.Valid(b)
	case casn1.PrintableString, casn1.IA5String, tagNumeric, tagVisible:
		for _, c := range b {
			if c >= 0x80 {
				return "", true, false
			}
		}
		return string(b), true, true
	case casn1.T61String:
		// Everyone writes Latin-1 here, whatever the standard says.
		r := make([]rune, len(b))
		for i, c := range b {
			r[i] = rune(c)
		}
		return string(r), true, true
	case tagBMP:
		if len(b)%2 != 0 {
			return "", true, false
		}
		u := make([]uint16, len(b)/2)
		for i := range u {
			u[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(u)), true, true
	case tagUniversal:
		if len(b)%4 != 0 {
			return "", true, false
		}
		r := make([]rune, len(b)/4)
		for i := range r {
			r[i] = rune(binary.BigEndian.Uint32(b[4*i:]))
		}
		return string(r), true, true
	default:
		return "", false, true
	}
}
