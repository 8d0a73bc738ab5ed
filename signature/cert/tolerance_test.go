// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// TestTolerance: all that is read although it departs from DER or RFC 5280, each with its warning and with
// the meaning that it has; nothing is tolerated without one.
func TestTolerance(t *testing.T) {
	date := func(y int) time.Time { return time.Date(y, 1, 2, 3, 4, 5, 0, time.UTC) }
	base := func(change func(*mint.Certificate)) []byte {
		c := mint.Certificate{Subject: mint.CN("Иван"), Key: leafKey}
		change(&c)
		return c.Sign(rootKey).DER
	}
	ext := func(e ...mint.Extension) func(*mint.Certificate) {
		return func(c *mint.Certificate) { c.Extensions = e }
	}
	subject := func(attributes ...[]byte) func(*mint.Certificate) {
		return func(c *mint.Certificate) {
			var rdns [][]byte
			for _, a := range attributes {
				rdns = append(rdns, mint.RDN(a))
			}
			c.Subject = mint.NameOf(rdns...)
		}
	}
	criticalLoose := func(c *mint.Certificate) {
		c.Extensions = []mint.Extension{mint.Raw("1.2.3", true, asn.Null())}
		c.EditTBS = mint.Replace(asn.Join(asn.OID("1.2.3"), asn.Bool(true)), asn.Join(asn.OID("1.2.3"), asn.LooseTrue()))
	}
	second := mint.Attr("O", 0, "УЦ")
	first := mint.Attr("C", 0, "RU")
	for name, r := range map[string]struct {
		change func(*mint.Certificate)
		warn   string
		holds  func(*cert.Certificate) bool
	}{
		"X.690 11.1: TRUE as 01":                {ext(mint.Raw("2.5.29.19", true, asn.Seq(asn.LooseTrue(), asn.Int(0)))), "cert.warn.boolean", func(c *cert.Certificate) bool { return c.IsCA && c.PathLen == 0 }},
		"X.690 11.1: critical as 01":            {criticalLoose, "cert.warn.boolean", func(c *cert.Certificate) bool { return len(c.UnhandledCritical) == 1 }},
		"X.690 11.5: FALSE written":             {ext(mint.Raw("2.5.29.19", true, asn.Seq(asn.Bool(false)))), "cert.warn.default", func(c *cert.Certificate) bool { return !c.IsCA && c.HasBasicConstraints }},
		"X.690 11.5: minimum 0 written":         {ext(mint.Raw("2.5.29.30", true, asn.Seq(asn.Explicit(0, asn.Seq(mint.DNS("a"), asn.Context(0, []byte{0})))))), "cert.warn.default", func(c *cert.Certificate) bool { return c.NameConstraints.Permitted[0].Min == 0 }},
		"X.690 11.2.2: key usage not cut":       {ext(mint.Raw("2.5.29.15", true, []byte{3, 2, 0, 0x86})), "cert.warn.key_usage", func(c *cert.Certificate) bool { return c.KeyUsage == cert.DigitalSignature|cert.CertSign|cert.CRLSign }},
		"RFC 5280 4.2.1.3: no usage":            {ext(mint.Raw("2.5.29.15", true, []byte{3, 1, 0})), "cert.warn.key_usage", func(c *cert.Certificate) bool { return c.HasKeyUsage && c.KeyUsage == 0 }},
		"RFC 5280 4.1.2.2: serial zero":         {func(c *mint.Certificate) { c.RawSerial = []byte{0} }, "cert.warn.serial", func(c *cert.Certificate) bool { return c.Serial.Sign() == 0 }},
		"RFC 5280 4.1.2.2: serial negative":     {func(c *mint.Certificate) { c.RawSerial = []byte{0xff} }, "cert.warn.serial", func(c *cert.Certificate) bool { return c.Serial.Int64() == -1 }},
		"RFC 5280 4.1.2.2: serial of 21 octets": {func(c *mint.Certificate) { c.RawSerial = append([]byte{0x7f}, make([]byte, 20)...) }, "cert.warn.serial", func(c *cert.Certificate) bool { return c.Serial.BitLen() == 167 }},
		"RFC 5280 4.1.2.2: 17 octets are right": {func(c *mint.Certificate) { c.Serial = new(big.Int).Lsh(big.NewInt(0xfe), 120) }, "", func(c *cert.Certificate) bool { return c.Serial.BitLen() == 128 }},
		"RFC 5280 4.1.2.5: GeneralizedTime early": {func(c *mint.Certificate) {
			c.Validity = asn.Seq(asn.GeneralizedTime(date(2020)), asn.UTCTime(date(2049)))
		}, "cert.warn.time", func(c *cert.Certificate) bool { return c.NotBefore.Equal(date(2020)) && c.NotAfter.Equal(date(2049)) }},
		"RFC 5280 4.1.2.5: GeneralizedTime right": {func(c *mint.Certificate) { c.NotAfter = date(2050) }, "", func(c *cert.Certificate) bool { return c.NotAfter.Equal(date(2050)) }},
		"RFC 5280 4.1.2.5: UTCTime of 1950": {func(c *mint.Certificate) {
			c.Validity = asn.Seq([]byte("\x17\x0d500102030405Z"), asn.UTCTime(date(2049)))
		}, "", func(c *cert.Certificate) bool { return c.NotBefore.Equal(date(1950)) }},
		"X.520: postal address": {subject(mint.RawAttr("2.5.4.16", asn.Seq(asn.UTF8("Москва")))), "cert.warn.name_value", func(c *cert.Certificate) bool {
			return len(c.Subject.Attributes) == 1 && c.Subject.Attributes[0].Value == ""
		}},
		"RFC 9215 4: SNILS as UTF8String":         {subject(mint.Attr("SNILS", asn.TagUTF8, "11223344595")), "cert.warn.string_type", func(c *cert.Certificate) bool { return c.Holder().SNILS == "11223344595" }},
		"RFC 9215 4: INNLE of nine digits":        {subject(mint.Attr("INNLE", 0, "771047437")), "cert.warn.identifier", func(c *cert.Certificate) bool { return c.Holder().INNLE == "" && len(c.Holder().Problems) == 1 }},
		"RFC 9215 4: INN padded with 00":          {subject(mint.Attr("INN", 0, "007710474375")), "", func(c *cert.Certificate) bool { return c.Holder().INNLE == "7710474375" }},
		"X.680 41.4: Printable with an asterisk":  {subject(mint.Attr("CN", asn.TagPrintable, "*.example.org")), "cert.warn.characters", func(c *cert.Certificate) bool { return c.Subject.CommonName() == "*.example.org" }},
		"X.680 41.4: Numeric with a letter":       {subject(mint.Attr("OGRN", 0, "102770013219X")), "cert.warn.characters", func(c *cert.Certificate) bool { return len(c.Holder().Problems) == 1 }},
		"X.520: empty string":                     {subject(mint.Attr("CN", 0, "")), "cert.warn.characters", func(c *cert.Certificate) bool { return c.Subject.CommonName() == "" }},
		"RFC 5280 4.2.1.13: address beyond ASCII": {ext(mint.CRLAt("http://уц.рф/a.crl", "http://a/b.crl")), "cert.warn.characters", func(c *cert.Certificate) bool { return slices.Equal(c.CRLs, []string{"http://a/b.crl"}) }},
		"X.690 11.6: attributes out of order":     {func(c *mint.Certificate) { c.Subject = mint.NameOf(asn.Set(second, first)) }, "cert.warn.set_order", func(c *cert.Certificate) bool { return c.Subject.Attributes[1].Joined }},
		"several attributes in order":             {func(c *mint.Certificate) { c.Subject = mint.NameOf(mint.RDN(second, first)) }, "", func(c *cert.Certificate) bool { return c.Subject.Attributes[1].Joined }},
		"an empty subject":                        {subject(), "", func(c *cert.Certificate) bool { return len(c.Subject.Attributes) == 0 }},
		"basic constraints not critical":          {ext(mint.BasicConstraints(true, 1).NonCrit()), "", func(c *cert.Certificate) bool { return c.IsCA && c.PathLen == 1 }},
		"path length of no authority":             {ext(mint.BasicConstraints(false, 1)), "", func(c *cert.Certificate) bool { return !c.IsCA && c.PathLen == 1 }},
		"unique identifiers": {func(c *mint.Certificate) {
			c.UniqueIDs = asn.Join(asn.Context(1, []byte{0, 1}), asn.Context(2, []byte{0, 1}))
		}, "", func(c *cert.Certificate) bool { return c.Version == 3 }},
		"version 2 with an identifier": {func(c *mint.Certificate) { c.Version, c.UniqueIDs = 2, asn.Context(1, []byte{0, 1}) }, "", func(c *cert.Certificate) bool { return c.Version == 2 }},
		"version 1":                    {func(c *mint.Certificate) { c.Version = 1 }, "", func(c *cert.Certificate) bool { return c.Version == 1 }},
		"version 3 without extensions": {func(*mint.Certificate) {}, "", func(c *cert.Certificate) bool { return c.Version == 3 }},
		"opaque SKI and AKI": {ext(mint.SKIOf([]byte{1}), mint.AKIOf([]byte{2, 3}, nil, nil)), "", func(c *cert.Certificate) bool {
			return bytes.Equal(c.SKI, []byte{1}) && bytes.Equal(c.AKI, []byte{2, 3})
		}},
	} {
		c := parse(t, base(r.change))
		want := []string{r.warn}
		if r.warn == "" {
			want = nil
		}
		if !slices.Equal(c.Warnings, want) {
			t.Errorf("%s: warnings %v", name, c.Warnings)
		}
		if !r.holds(c) {
			t.Errorf("%s: not what it means: %+v", name, c)
		}
		for _, w := range want {
			if !slices.Contains(cert.Codes(), w) {
				t.Errorf("%s is not in Codes", w)
			}
		}
	}
}

// TestRefusals: what is not tolerated, named by the rule.
func TestRefusals(t *testing.T) {
	good := mint.Certificate{Subject: mint.CN("Иван"), Key: leafKey, RawSerial: []byte{0x12, 0x34}, Extensions: []mint.Extension{mint.SKIOf([]byte{1})}}
	with := func(change func(*mint.Certificate)) []byte {
		c := good
		change(&c)
		return c.Sign(rootKey).DER
	}
	edit := func(old, new []byte) []byte {
		return with(func(c *mint.Certificate) { c.EditTBS = mint.Replace(old, new) })
	}
	validity := func(from, to string) []byte {
		return with(func(c *mint.Certificate) { c.Validity = asn.Seq([]byte(from), []byte(to)) })
	}
	subject := func(name mint.Name) []byte { return with(func(c *mint.Certificate) { c.Subject = name }) }
	end := "\x17\x0d300101000000Z"
	for name, der := range map[string][]byte{
		"X.690 8.1.3: indefinite length": with(func(c *mint.Certificate) {
			c.Edit = func(b []byte) []byte { return asn.Indefinite(0x30, b[4:]) }
		}),
		"X.690 10.1: length in a long form": with(func(c *mint.Certificate) {
			c.Edit = func(b []byte) []byte { return asn.Join([]byte{0x30}, asn.LongLength(len(b)-4, 3), b[4:]) }
		}),
		"X.690 8.3.2: padded serial":                with(func(c *mint.Certificate) { c.RawSerial = []byte{0, 1} }),
		"X.690 8.3.2: padded negative serial":       with(func(c *mint.Certificate) { c.RawSerial = []byte{0xff, 0xff} }),
		"X.690 8.3: empty serial":                   with(func(c *mint.Certificate) { c.RawSerial = []byte{} }),
		"serial of 65 octets":                       with(func(c *mint.Certificate) { c.RawSerial = append([]byte{1}, make([]byte, 64)...) }),
		"RFC 5280 4.1.2.1: version 4":               with(func(c *mint.Certificate) { c.Version = 4 }),
		"X.690 11.5: version 1 written":             edit([]byte{0xa0, 3, 2, 1, 2}, []byte{0xa0, 3, 2, 1, 0}),
		"RFC 5280 4.1.2.1: extensions in version 1": with(func(c *mint.Certificate) { c.Version = 1 }),
		"RFC 5280 4.1.2.1: extensions in version 2": with(func(c *mint.Certificate) { c.Version = 2 }),
		"RFC 5280 4.1.2.8: identifier in version 1": with(func(c *mint.Certificate) { c.Version, c.Extensions, c.UniqueIDs = 1, nil, asn.Context(1, []byte{0, 1}) }),
		"RFC 5280 4.1.2.8: identifiers turned": with(func(c *mint.Certificate) {
			c.UniqueIDs = asn.Join(asn.Context(2, []byte{0, 1}), asn.Context(1, []byte{0, 1}))
		}),
		"RFC 5280 4.1.2.8: identifier no BIT STRING": with(func(c *mint.Certificate) { c.UniqueIDs = asn.Context(1, []byte{8}) }),
		"RFC 5280 4.1.2.9: empty extensions":         with(func(c *mint.Certificate) { c.Extensions, c.EmptyExtensions = nil, true }),
		"RFC 5280 4.1.1.2: outer algorithm other":    with(func(c *mint.Certificate) { c.Outer = asn.Algorithm("1.2.840.10045.4.3.3") }),
		"RFC 5280 4.1.2.5: no seconds":               validity("\x17\x0b2001010000Z", end),
		"RFC 5280 4.1.2.5: offset":                   validity("\x17\x112001010000+0300", end),
		"RFC 5280 4.1.2.5: fraction":                 validity("\x18\x1120200101000000.5Z", end),
		"RFC 5280 4.1.2.5: no Z":                     validity("\x18\x0e20200101000000", end),
		"RFC 5280 4.1.2.5: 30 February":              validity("\x17\x0d200230000000Z", end),
		"RFC 5280 4.1.2.5: hour 24":                  validity("\x17\x0d200101240000Z", end),
		"RFC 5280 4.1.2.5: second 60":                validity("\x17\x0d200101000060Z", end),
		"RFC 5280 4.1.2.5: letters":                  validity("\x17\x0d2o0101000000Z", end),
		"RFC 5280 4.1.2.5: a third time":             validity(end, end+end),
		"X.690 8.6.2: bits left in the signature": with(func(c *mint.Certificate) {
			c.Edit = func(b []byte) []byte { return bytes.Replace(b, []byte{0, 0x30}, []byte{1, 0x30}, 1) }
		}),
		"X.501: name no SEQUENCE":             subject(mint.RDN(mint.Attr("CN", 0, "a"))),
		"X.501: empty RDN":                    subject(mint.NameOf(asn.Set())),
		"X.501: attribute without value":      subject(mint.NameOf(asn.Set(asn.Seq(asn.OID("2.5.4.3"))))),
		"X.501: attribute with two values":    subject(mint.NameOf(asn.Set(asn.Seq(asn.OID("2.5.4.3"), asn.UTF8("a"), asn.UTF8("b"))))),
		"X.690 8.19: attribute's type cut":    subject(mint.NameOf(asn.Set(asn.Seq([]byte{6, 2, 0x55, 0x84}, asn.UTF8("a"))))),
		"X.690 8.19: attribute's type padded": subject(mint.NameOf(asn.Set(asn.Seq([]byte{6, 3, 0x55, 0x80, 4}, asn.UTF8("a"))))),
		"value of another type, broken":       subject(mint.NameOf(mint.RDN(mint.RawAttr("2.5.4.16", asn.Seq([]byte{12, 5, 'x'}))))),
		"UTF-8 that is none":                  subject(mint.NameOf(mint.RDN(mint.RawAttr("2.5.4.3", asn.UTF8("\xff"))))),
		"BMPString with a surrogate":          subject(mint.NameOf(mint.RDN(mint.RawAttr("2.5.4.3", []byte{30, 4, 0xd8, 0x3d, 0xde, 0})))),
		"UniversalString beyond Unicode":      subject(mint.NameOf(mint.RDN(mint.RawAttr("2.5.4.3", []byte{28, 4, 0, 0x11, 0, 0})))),
		"PrintableString of 8 bits":           subject(mint.NameOf(mint.RDN(mint.RawAttr("2.5.4.3", asn.Printable("\xcf"))))),
		"X.690 11.2.1: padding bits of key usage": with(func(c *mint.Certificate) {
			c.Extensions = []mint.Extension{mint.Raw("2.5.29.15", true, []byte{3, 2, 1, 0x81})}
		}),
		"RFC 5280 4.2: critical of two bytes": with(func(c *mint.Certificate) {
			c.Extensions, c.UniqueIDs = nil, asn.Explicit(3, asn.Seq(asn.Seq(asn.OID("1.2.3"), []byte{1, 2, 0xff, 0xff}, asn.Octets(nil))))
		}),
		"RFC 5280 4.2: bytes behind the value": with(func(c *mint.Certificate) {
			c.Extensions = []mint.Extension{mint.Raw("2.5.29.14", false, append(asn.Octets([]byte{1}), 0))}
		}),
		"RFC 5280 4.1: bytes behind": append(good.Sign(rootKey).DER, 0),
		"RFC 5280 4.1: a second signature": with(func(c *mint.Certificate) {
			c.Edit = func(b []byte) []byte { return asn.Seq(b[4:], asn.Bits([]byte{1})) }
		}),
		"RFC 8410 3: parameters of an Ed25519 key": with(func(c *mint.Certificate) {
			c.SPKI = asn.Seq(asn.Algorithm("1.3.101.112", asn.Null()), asn.Bits(make([]byte, 32)))
		}),
		"RFC 8410 4: Ed25519 key of 31 octets": with(func(c *mint.Certificate) { c.SPKI = asn.Seq(asn.Algorithm("1.3.101.112"), asn.Bits(make([]byte, 31))) }),
	} {
		if c, err := cert.Parse(der); code(err) != "cert.malformed" || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cert.Parse(good.Sign(rootKey).DER); err != nil {
		t.Errorf("the case that nothing is changed in: %v", err)
	}
}
