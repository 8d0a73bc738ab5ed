// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

func TestTolerated(t *testing.T) {
	ca := issue(t, caTemplate(), nil, testKey, nil).Raw
	boolean := bytes.Replace(ca, []byte{0x30, 6, 1, 1, 0xff, 2, 1, 0}, []byte{0x30, 6, 1, 1, 1, 2, 1, 0}, 1)
	critical := bytes.Replace(ca, []byte{6, 3, 0x55, 0x1d, 0x13, 1, 1, 0xff}, []byte{6, 3, 0x55, 0x1d, 0x13, 1, 1, 1}, 1)
	serial := bytes.Replace(ca, []byte{2, 1, 7}, []byte{2, 1, 0}, 1)
	postal := subject(t, with(person, pair{asn1.ObjectIdentifier{2, 5, 4, 16}, casn1.SEQUENCE, "\x0c\x01x"})).Raw
	for name, r := range map[string]struct {
		der  []byte
		warn string
	}{
		"boolean 01":     {boolean, warnBoolean},
		"critical 01":    {critical, warnBoolean},
		"zero serial":    {serial, warnSerial},
		"sequence value": {postal, warnNameValue},
		"SNILS as UTF-8": {subject(t, []pair{{OIDSNILS, 0, "11223344595"}}).Raw, warnStringType},
	} {
		c, err := Parse(r.der)
		if err != nil || !slices.Equal(c.Warnings, []string{r.warn}) || !slices.Contains(Codes(), r.warn) {
			t.Errorf("%s: %v, warnings %v", name, err, c.Warnings)
			continue
		}
		if r.warn == warnBoolean && (!c.IsCA || c.PathLen != 0) {
			t.Errorf("%s: TRUE was read as false", name)
		}
	}
}

func TestStringTypes(t *testing.T) {
	c := subject(t, []pair{
		{OIDCommonName, der.TagBMP, "\x04\x18\x04\x32\x04\x30\x04\x3d"},
		{OIDOrganization, casn1.T61String, "Caf\xe9"},
		{OIDUnit, der.TagUniversal, "\x00\x00\x04\x18"},
		{OIDTitle, der.TagVisible, "x, y\\z"},
	})
	if got := c.Subject.String(); got != `CN=Иван, O=Café, OU=И, T=x\, y\\z` {
		t.Error(got)
	}
	for name, p := range map[string]pair{
		"odd BMP":         {OIDCommonName, der.TagBMP, "\x04"},
		"odd universal":   {OIDCommonName, der.TagUniversal, "\x00\x00\x04"},
		"broken UTF-8":    {OIDCommonName, casn1.UTF8String, "\xff"},
		"8-bit numeric":   {OIDSNILS, der.TagNumeric, "1\xff"},
		"8-bit printable": {OIDCommonName, casn1.PrintableString, "\xcf"},
	} {
		if _, err := parseName(rawName([]pair{p}), func(string) {}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, raw := range map[string][]byte{
		"many":      rawName(slices.Repeat(person[:1], maxAttributes+1)),
		"empty set": {0x30, 2, 0x31, 0},
		"no set":    {0x30, 2, 5, 0},
		"trailing":  {0x30, 0, 0},
	} {
		if _, err := parseName(raw, func(string) {}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := issue(t, leafTemplate(person), nil, testKey, nil).Raw
	swap := func(old, new []byte) []byte {
		if !bytes.Contains(good, old) {
			t.Fatalf("%x is not there", old)
		}
		return bytes.Replace(good, old, new, 1)
	}
	ext := func(e ...pkix.Extension) []byte {
		tmpl := leafTemplate(person)
		tmpl.ExtraExtensions = e
		b, err := createRaw(t, tmpl)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":               nil,
		"a number":              {2, 1, 1},
		"trailing":              append(bytes.Clone(good), 0),
		"cut":                   good[:len(good)-1],
		"indefinite":            append([]byte{0x30, 0x80}, good[4:]...),
		"version 4":             swap([]byte{0xa0, 3, 2, 1, 2}, []byte{0xa0, 3, 2, 1, 3}),
		"extensions in v2":      swap([]byte{0xa0, 3, 2, 1, 2}, []byte{0xa0, 3, 2, 1, 1}),
		"version default":       swap([]byte{0xa0, 3, 2, 1, 2}, []byte{0xa0, 3, 2, 1, 0}),
		"algorithms differ":     swap([]byte{0x3d, 4, 3, 2, 0x30}, []byte{0x3d, 4, 3, 3, 0x30}),
		"time without seconds":  swap([]byte("\x17\x0d260101000000Z"), []byte("\x17\x0d26010100000ZZ")),
		"time with offset":      swap([]byte("\x17\x0d260101000000Z"), []byte("\x17\x0d2601010000+00")),
		"padded serial":         swap([]byte{2, 0x11, 0, 0xfe}, []byte{2, 0x11, 0, 0x7e}),
		"extension twice":       ext(pkix.Extension{Id: OIDSubjectSignTool, Value: value(utf8String("a"))}, pkix.Extension{Id: OIDSubjectSignTool, Value: value(utf8String("b"))}),
		"sign tool of bytes":    ext(pkix.Extension{Id: OIDSubjectSignTool, Value: []byte{4, 1, 'a'}}),
		"sign tool too long":    ext(pkix.Extension{Id: OIDSubjectSignTool, Value: value(utf8String(string(make([]byte, maxTool+1))))}),
		"issuer tools, three":   ext(pkix.Extension{Id: OIDIssuerSignTool, Value: []byte{0x30, 6, 12, 0, 12, 0, 12, 0}}),
		"identification kind":   ext(pkix.Extension{Id: OIDIdentificationKind, Value: []byte{2, 1, 0xff}}),
		"empty key period":      ext(pkix.Extension{Id: OIDPrivateKeyPeriod, Value: []byte{0x30, 0}}),
		"key period fractions":  ext(pkix.Extension{Id: OIDPrivateKeyPeriod, Value: append([]byte{0x30, 19, 0x80, 17}, "20260101000000.5Z"...)}),
		"path length negative":  ext(pkix.Extension{Id: OIDBasicConstraints, Value: []byte{0x30, 6, 1, 1, 0xff, 2, 1, 0xff}}),
		"basic constraints two": ext(pkix.Extension{Id: OIDBasicConstraints, Value: []byte{0x30, 0, 0x30, 0}}),
		"empty policies":        ext(pkix.Extension{Id: OIDPolicies, Value: []byte{0x30, 0}}),
		"empty EKU":             ext(pkix.Extension{Id: OIDExtKeyUsage, Value: []byte{0x30, 0}}),
		"empty CRL points":      ext(pkix.Extension{Id: OIDCRLPoints, Value: []byte{0x30, 0}}),
		"key usage not bits":    ext(pkix.Extension{Id: OIDKeyUsage, Value: []byte{4, 1, 1}}),
		"key usage too wide":    ext(pkix.Extension{Id: OIDKeyUsage, Value: []byte{3, 4, 0, 1, 1, 1}}),
		"access trailing":       ext(pkix.Extension{Id: OIDAuthorityInfo, Value: []byte{0x30, 0, 0}}),
		"empty SKI":             ext(pkix.Extension{Id: OIDSubjectKeyID, Value: []byte{4, 0}}),
		"AKI trailing":          ext(pkix.Extension{Id: OIDAuthorityKeyID, Value: []byte{0x30, 2, 5, 0}}),
	} {
		c, err := Parse(b)
		wantCode(t, name, err, codeMalformed)
		if c != nil {
			t.Errorf("%s: returned", name)
		}
	}
	_, err := Parse(make([]byte, MaxSize+1))
	wantCode(t, "too large", err, codeTooLarge)
}

func TestCriticalExtensions(t *testing.T) {
	tmpl := leafTemplate(person)
	unknown := asn1.ObjectIdentifier{1, 2, 3, 4}
	attributes := asn1.ObjectIdentifier{2, 5, 29, 9} // subjectDirectoryAttributes
	tmpl.ExtraExtensions = append(tmpl.ExtraExtensions,
		pkix.Extension{Id: unknown, Critical: true, Value: []byte{5, 0}},
		pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 5}, Value: []byte{5, 0}},
		pkix.Extension{Id: OIDNameConstraints, Critical: true, Value: []byte{0x30, 7, 0xa0, 5, 0x30, 3, 0x82, 1, 'a'}},
		pkix.Extension{Id: attributes, Critical: true, Value: []byte{0x30, 0}})
	b, err := createRaw(t, tmpl)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(b)
	if err != nil || len(c.UnhandledCritical) != 2 || !c.UnhandledCritical[0].Equal(unknown) || !c.UnhandledCritical[1].Equal(attributes) {
		t.Errorf("%v, %v", err, c.UnhandledCritical)
	}
}
