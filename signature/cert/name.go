// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"encoding/asn1"
	"strings"

	"zaver/signature/internal/der"
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

// Attribute is one attribute of a name.
type Attribute struct {
	OID asn1.ObjectIdentifier
	// Tag is the identifier byte of the value: 12 UTF8String, 18 NumericString, …
	Tag int
	// Value is the text in UTF-8; "" when the value is no string.
	Value string
	// Raw holds the content octets of the value as received.
	Raw []byte
	// Joined says that the attribute belongs to the same RDN as the one before it.
	Joined bool
}

// Name is a distinguished name: its attributes in order, sets laid flat. It
// holds personal data; do not log it. The attributes of a name that was parsed
// must not be written to; one made by hand has attributes alone.
type Name struct {
	Attributes []Attribute
	key        string // of a parsed name, see Key
	parsed     bool
}

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

// ParseName reads a Name, the whole DER, as certificates, CRLs and signatures
// hold it (RFC 5280 section 4.1.2.4). What it tolerates is what certificates may
// have: see [Certificate.Warnings]. Code: cert.malformed.
func ParseName(raw []byte) (Name, error) { return parseName(bytes.Clone(raw), func(string) {}) }

// Append returns the name with one more RDN behind it, given as whole DER: the
// full name of a distribution point that is relative to its issuer (RFC 5280
// section 4.2.1.13). Code: cert.malformed.
func (n Name) Append(rdn []byte) (Name, error) {
	r := nameReader{raw: rdn, text: string(rdn), warn: func(string) {}}
	end, err := r.rdn(0, len(rdn))
	if err != nil {
		return Name{}, err
	}
	if end != len(rdn) {
		return Name{}, malformed("bytes behind a relative name")
	}
	list := append(n.Attributes[:len(n.Attributes):len(n.Attributes)], r.attributes...)
	if len(list) > maxAttributes {
		return Name{}, malformed("name of more than %d attributes", maxAttributes)
	}
	return Name{Attributes: list}, nil
}

// parseName reads a Name and reports what it tolerated through warn. The result
// shares memory with raw.
func parseName(raw []byte, warn func(string)) (Name, error) {
	tag, start, end, ok := der.Element(raw, 0, len(raw))
	if !ok || tag != der.TagSequence || end != len(raw) {
		return Name{}, malformed("name is no SEQUENCE")
	}
	r := nameReader{raw: raw, text: string(raw), warn: warn}
	r.attributes = make([]Attribute, 0, min(countElements(raw, start, end), maxAttributes))
	for pos := start; pos < end; {
		var err error
		if pos, err = r.rdn(pos, end); err != nil {
			return Name{}, err
		}
	}
	n := Name{Attributes: r.attributes}
	n.key, n.parsed = n.makeKey(), true
	return n, nil
}

// countElements counts the elements between two places, so that a list is
// allocated once; it stops at a broken one.
func countElements(b []byte, pos, end int) (n int) {
	for pos < end {
		_, _, stop, ok := der.Element(b, pos, end)
		if !ok {
			break
		}
		n, pos = n+1, stop
	}
	return n
}

// nameReader reads RDNs. text is raw as a string, so that the values that need
// no conversion are parts of it and cost no allocation.
type nameReader struct {
	raw        []byte
	text       string
	warn       func(string)
	attributes []Attribute
}

// rdn reads the RDN at pos and returns where it stops.
func (r *nameReader) rdn(pos, end int) (int, error) {
	tag, start, stop, ok := der.Element(r.raw, pos, end)
	if !ok || tag != der.TagSet || start == stop {
		return 0, malformed("name's element is no SET")
	}
	var before []byte
	for pos := start; pos < stop; {
		tag, inner, next, ok := der.Element(r.raw, pos, stop)
		if !ok || tag != der.TagSequence {
			return 0, malformed("name's attribute")
		}
		if bytes.Compare(before, r.raw[pos:next]) >= 0 {
			r.warn(warnSetOrder)
		}
		before = r.raw[pos:next]
		if err := r.attribute(inner, next, pos > start); err != nil {
			return 0, err
		}
		pos = next
	}
	return stop, nil
}

func (r *nameReader) attribute(pos, end int, joined bool) error {
	tag, start, stop, ok := der.Element(r.raw, pos, end)
	if !ok || tag != der.TagOID {
		return malformed("name's attribute")
	}
	a := Attribute{Joined: joined}
	if a.OID, ok = objectIdentifier(r.raw[start:stop]); !ok {
		return malformed("name's attribute")
	}
	value := stop
	if tag, start, stop, ok = der.Element(r.raw, value, end); !ok || stop != end {
		return malformed("name's attribute")
	}
	a.Tag, a.Raw = int(tag), r.raw[start:stop]
	v, kind := decodeString(tag, a.Raw, r.text[start:stop])
	switch kind {
	case stringBroken:
		return malformed("string of attribute %v", a.OID)
	case stringNone:
		if der.Valid(r.raw[value:end]) != nil {
			return malformed("value of attribute %v", a.OID)
		}
		r.warn(warnNameValue)
	case stringOdd:
		r.warn(warnCharacters)
	}
	a.Value = v
	if n := identifierDigits(a.OID); n > 0 {
		if tag != der.TagNumeric {
			r.warn(warnStringType)
		}
		if kind != stringNone && len(v) != n {
			r.warn(warnIdentifier)
		}
	}
	if len(r.attributes) == maxAttributes {
		return malformed("name of more than %d attributes", maxAttributes)
	}
	r.attributes = append(r.attributes, a)
	return nil
}

// identifierDigits is how many digits RFC 9215 section 4 gives an identifier,
// 0 for other attributes.
func identifierDigits(oid asn1.ObjectIdentifier) int {
	if len(oid) < 5 || oid[0] != 1 || oid[1] != 2 || oid[2] != 643 {
		return 0
	}
	switch {
	case oid.Equal(OIDOGRN):
		return 13
	case oid.Equal(OIDSNILS):
		return 11
	case oid.Equal(OIDINNLE):
		return 10
	case oid.Equal(OIDOGRNIP):
		return 15
	case oid.Equal(OIDINN):
		return 12
	}
	return 0
}
