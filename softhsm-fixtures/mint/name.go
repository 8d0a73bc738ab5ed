// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"net/netip"
	"strings"

	"zaver/softhsm-fixtures/mint/asn"
)

// Name is the DER of a distinguished name.
type Name []byte

// attributes are the short names of DN with their identifier and usual string type (RFC 5280
// appendix A.1, RFC 9215 section 3).
var attributes = map[string]struct {
	oid string
	tag byte
}{
	"CN":           {"2.5.4.3", asn.TagUTF8},
	"SN":           {"2.5.4.4", asn.TagUTF8},
	"serialNumber": {"2.5.4.5", asn.TagPrintable},
	"C":            {"2.5.4.6", asn.TagPrintable},
	"L":            {"2.5.4.7", asn.TagUTF8},
	"ST":           {"2.5.4.8", asn.TagUTF8},
	"STREET":       {"2.5.4.9", asn.TagUTF8},
	"O":            {"2.5.4.10", asn.TagUTF8},
	"OU":           {"2.5.4.11", asn.TagUTF8},
	"T":            {"2.5.4.12", asn.TagUTF8},
	"GN":           {"2.5.4.42", asn.TagUTF8},
	"DC":           {"0.9.2342.19200300.100.1.25", asn.TagIA5},
	"E":            {"1.2.840.113549.1.9.1", asn.TagIA5},
	"OGRN":         {"1.2.643.100.1", asn.TagNumeric},
	"SNILS":        {"1.2.643.100.3", asn.TagNumeric},
	"INNLE":        {"1.2.643.100.4", asn.TagNumeric},
	"OGRNIP":       {"1.2.643.100.5", asn.TagNumeric},
	"INN":          {"1.2.643.3.131.1.1", asn.TagNumeric},
}

// DN is a name of single-valued RDNs from "CN=Root", "C=RU" … in their usual string types. The part
// before = is a short name (CN SN GN C L ST STREET O OU T DC E serialNumber OGRN OGRNIP SNILS INN
// INNLE) or a dotted identifier, whose value is then a UTF8String.
func DN(parts ...string) Name {
	rdns := make([][]byte, 0, len(parts))
	for _, p := range parts {
		kind, value, ok := strings.Cut(p, "=")
		if !ok {
			panic("mint: no attribute: " + p)
		}
		rdns = append(rdns, RDN(Attr(kind, 0, value)))
	}
	return NameOf(rdns...)
}

// CN is a name with nothing but a common name.
func CN(s string) Name { return DN("CN=" + s) }

// NameOf is a name of ready RDNs.
func NameOf(rdns ...[]byte) Name { return asn.Seq(rdns...) }

// RDN is a relative name with any number of attributes, in DER order.
func RDN(attributes ...[]byte) []byte { return asn.SetOf(attributes...) }

// Attr is one attribute: kind as in DN, the string type as an asn.Tag… (0: the usual one).
func Attr(kind string, tag byte, value string) []byte {
	known, ok := attributes[kind]
	if !ok {
		known.oid, known.tag = kind, asn.TagUTF8
	}
	if tag == 0 {
		tag = known.tag
	}
	return asn.Seq(asn.OID(known.oid), asn.String(tag, value))
}

// RawAttr is an attribute with any DER as its value.
func RawAttr(oid string, value []byte) []byte { return asn.Seq(asn.OID(oid), value) }

// GeneralName is the DER of a GeneralName (RFC 5280 section 4.2.1.6).
type GeneralName []byte

// Mail is an rfc822Name.
func Mail(s string) GeneralName { return asn.Context(1, []byte(s)) }

// DNS is a dNSName.
func DNS(s string) GeneralName { return asn.Context(2, []byte(s)) }

// Dir is a directoryName.
func Dir(n Name) GeneralName { return asn.Explicit(4, n) }

// URI is a uniformResourceIdentifier.
func URI(s string) GeneralName { return asn.Context(6, []byte(s)) }

// IP is an iPAddress: an address, or a prefix such as 10.0.0.0/8 for name constraints.
func IP(s string) GeneralName {
	if p, err := netip.ParsePrefix(s); err == nil {
		addr := p.Addr().AsSlice()
		mask := make([]byte, len(addr))
		for i := range p.Bits() {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		return asn.Context(7, append(addr, mask...))
	}
	return asn.Context(7, netip.MustParseAddr(s).AsSlice())
}

// RegisteredID is a registeredID.
func RegisteredID(oid string) GeneralName { return asn.Context(8, asn.OIDContent(oid)) }

// OtherName is an otherName with any DER as its value.
func OtherName(oid string, value []byte) GeneralName {
	return asn.TLV(0xa0, asn.OID(oid), asn.Explicit(0, value))
}

func joinNames(names []GeneralName) []byte {
	var b []byte
	for _, n := range names {
		b = append(b, n...)
	}
	return b
}
