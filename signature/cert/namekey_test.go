// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

func parsed(t testing.TB, pairs ...pair) Name {
	t.Helper()
	return must[Name](t)(ParseName(rawName(pairs)))
}

func TestNameEqual(t *testing.T) {
	const cn = casn1.UTF8String
	for _, r := range []struct {
		name       string
		aTag, bTag casn1.Tag
		a, b       string
		want       bool
	}{
		{"same", cn, cn, "Иван", "Иван", true},
		{"Cyrillic case", cn, cn, "ООО «РОМАШКА» Щёлково", "ооо «ромашка» щЁЛКОВО", true},
		{"Latin case", cn, cn, "Example CA", "EXAMPLE ca", true},
		{"case outside the short cut", cn, cn, "ĐẸP Ѳита ΣΊΣΥΦΟΣ", "đẹp ѳИТА σίσυφος", true},
		{"full case folding", cn, cn, "Straße", "STRASSE", true},
		{"ё is a letter of its own", cn, cn, "Семёнов", "Семенов", false},
		{"й in two characters", cn, cn, "Андре\u0438\u0306", "Андрей", true},
		{"compatibility characters", cn, cn, "№ 5 ﬁ", "No 5 fi", true},
		{"Latin and Cyrillic А", cn, cn, "A", "А", false},
		{"inner spaces", cn, cn, "a b", "a    b", true},
		{"outer spaces", cn, cn, "  a b ", "a b", true},
		{"no-break space and tab", cn, cn, "a\u00a0b\tв", "a b в", true},
		{"a space inside", cn, cn, "ab", "a b", false},
		{"soft hyphen and zero width", cn, cn, "a\u00adb\u200bc", "abc", true},
		{"control character", cn, cn, "a\x00b", "ab", true},
		{"nothing but spaces", cn, cn, "   ", " ", true},
		{"prefix", cn, cn, "abc", "abcd", false},
		{"UTF8 and Printable", cn, casn1.PrintableString, "Test CA", "TEST  ca", true},
		{"UTF8 and Numeric", cn, der.TagNumeric, "1027700132195", "1027700132195", true},
		{"UTF8 and IA5", cn, casn1.IA5String, "a@b", "A@B", true},
		{"UTF8 and Teletex", cn, casn1.T61String, "Café", "Caf\xe9", true},
		{"UTF8 and BMP", cn, der.TagBMP, "Иван", "\x04\x18\x04\x32\x04\x30\x04\x3d", true},
		{"UTF8 and Universal", cn, der.TagUniversal, "И", "\x00\x00\x04\x18", true},
		{"other types byte for byte", casn1.OCTET_STRING, casn1.OCTET_STRING, "ab", "AB", false},
		{"other types, same", casn1.OCTET_STRING, casn1.OCTET_STRING, "ab", "ab", true},
		{"a string and another type", cn, casn1.OCTET_STRING, "ab", "ab", false},
		{"two other types", casn1.Tag(0x80), casn1.OCTET_STRING, "ab", "ab", false},
	} {
		a, b := parsed(t, pair{OIDCommonName, r.aTag, r.a}), parsed(t, pair{OIDCommonName, r.bTag, r.b})
		if a.Equal(b) != r.want || b.Equal(a) != r.want || (a.Key() == b.Key()) != r.want || !a.Equal(a) {
			t.Errorf("RFC 5280 section 7.1, %s: %q and %q", r.name, a.Key(), b.Key())
		}
		if a.WithinSubtree(b) != r.want {
			t.Errorf("%s: within", r.name)
		}
		hand := Name{Attributes: slices.Clone(a.Attributes)}
		if hand.Key() != a.Key() {
			t.Errorf("%s: a name made by hand has another key", r.name)
		}
	}
}

// multi writes one RDN of several attributes in the order given.
func multi(pairs ...pair) []byte {
	one := rawName(pairs)
	s := cryptobyte.String(one)
	var body cryptobyte.String
	s.ReadASN1(&body, casn1.SEQUENCE)
	var set []byte
	for !body.Empty() {
		var rdn cryptobyte.String
		body.ReadASN1(&rdn, casn1.SET)
		set = append(set, rdn...)
	}
	return value(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(set) })
		})
	})
}

func TestNameShape(t *testing.T) {
	c, o, n := pair{OIDCountry, casn1.PrintableString, "RU"}, pair{OIDOrganization, 0, "УЦ"}, pair{OIDCommonName, 0, "Корень"}
	flat, turned := parsed(t, c, o, n), parsed(t, o, c, n)
	if flat.Equal(turned) {
		t.Error("the order of RDNs does not count")
	}
	joined, other := must[Name](t)(ParseName(multi(c, o))), must[Name](t)(ParseName(multi(o, c)))
	if !joined.Equal(other) || joined.Equal(parsed(t, c, o)) || !joined.Attributes[1].Joined || joined.Attributes[0].Joined {
		t.Error("an RDN of two is no set, or is two RDNs")
	}
	within := func(n, base Name) bool { return n.WithinSubtree(base) }
	for name, r := range map[string]struct{ got, want bool }{
		"itself":                {within(flat, flat), true},
		"the empty name":        {within(flat, Name{}), true},
		"one RDN":               {within(flat, parsed(t, c)), true},
		"two RDNs, other case":  {within(flat, parsed(t, c, pair{OIDOrganization, 0, "уц"})), true},
		"longer base":           {within(parsed(t, c), flat), false},
		"second RDN alone":      {within(flat, parsed(t, o)), false},
		"value that is a start": {within(flat, parsed(t, c, pair{OIDOrganization, 0, "У"})), false},
		"other type":            {within(flat, parsed(t, pair{OIDState, 0, "RU"})), false},
		"half of an RDN":        {within(joined, parsed(t, c)), false},
		"an RDN of two":         {within(joined, other), true},
	} {
		if r.got != r.want {
			t.Errorf("RFC 5280 section 7.1, %s: %v", name, r.got)
		}
	}
	long := parsed(t, pair{OIDCommonName, 0, strings.Repeat("Щ", 2000)})
	if !long.Equal(parsed(t, pair{OIDCommonName, 0, strings.Repeat("щ", 2000)})) {
		t.Error("a long name")
	}
}

func TestNameAppend(t *testing.T) {
	c, n := pair{OIDCountry, casn1.PrintableString, "RU"}, pair{OIDCommonName, 0, "CRL1"}
	rdn := rawName([]pair{n})[2:]
	got := must[Name](t)(parsed(t, c).Append(rdn))
	if !got.Equal(parsed(t, c, n)) {
		t.Error("a relative name is not put behind")
	}
	if _, err := parsed(t, c).Append(append(slices.Clone(rdn), 0)); err == nil {
		t.Error("bytes behind the RDN")
	}
	if _, err := parsed(t, c).Append(rawName([]pair{n})); err == nil {
		t.Error("a whole name is taken for an RDN")
	}
	if _, err := parsed(t, slices.Repeat([]pair{c}, maxAttributes)...).Append(rdn); err == nil {
		t.Error("no bound")
	}
}

// FuzzName: what parses has a key that its parts give again, and equal names stay equal when the string
// types or the case change.
func FuzzName(f *testing.F) {
	f.Add(rawName(person))
	f.Add(rawName(firm))
	f.Add(multi(person[0], person[3]))
	f.Add(rawName([]pair{{asn1.ObjectIdentifier{2, 5, 4, 16}, casn1.SEQUENCE, "\x0c\x01x"}, {OIDCommonName, der.TagBMP, "\x04\x18"}, {OIDUnit, 0, "и\u0306 ß\u200b"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseName(b)
		if err != nil {
			return
		}
		hand := Name{Attributes: n.Attributes}
		if hand.Key() != n.Key() || !n.WithinSubtree(Name{}) || !n.Equal(hand) {
			t.Error("the key is not of the attributes")
		}
		up := Name{Attributes: slices.Clone(n.Attributes)}
		for i := range up.Attributes {
			up.Attributes[i].Value = " " + up.Attributes[i].Value + "  "
		}
		if !up.Equal(n) {
			t.Errorf("spaces count: %q and %q", up.Key(), n.Key())
		}
		_ = n.String()
	})
}
