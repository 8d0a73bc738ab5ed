// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"math/big"
	"slices"
	"time"

	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func leaf(f func(s *scene, c *mint.Certificate)) edit { return edit{leaf: f} }
func ca(f func(s *scene, c *mint.Certificate)) edit   { return edit{ca: f} }
func root(f func(s *scene, c *mint.Certificate)) edit { return edit{root: f} }

func leafWith(list ...mint.Extension) edit { return leaf(adding(list)) }
func caWith(list ...mint.Extension) edit   { return ca(adding(list)) }
func rootWith(list ...mint.Extension) edit { return root(adding(list)) }

// adding puts extensions in the place of those of their kinds, or behind.
func adding(list []mint.Extension) func(*scene, *mint.Certificate) {
	return func(_ *scene, c *mint.Certificate) {
		for _, e := range list {
			if i := slices.IndexFunc(c.Extensions, func(o mint.Extension) bool { return o.OID == e.OID }); i >= 0 {
				c.Extensions = slices.Clone(c.Extensions)
				c.Extensions[i] = e
			} else {
				c.Extensions = mint.Extensions(c.Extensions, e)
			}
		}
	}
}

func without(oid string) func(*scene, *mint.Certificate) {
	return func(_ *scene, c *mint.Certificate) { c.Extensions = mint.Without(c.Extensions, oid) }
}

// tbs edits the element of the leaf's TBSCertificate that the steps lead to, before it is signed: version 0,
// serial 1, signature 2, issuer 3, validity 4, subject 5, key 6, extensions 7.
func tbs(f func([]byte) []byte, steps ...int) edit {
	return leaf(func(_ *scene, c *mint.Certificate) {
		c.EditTBS = func(b []byte) []byte { return inside(b, f, steps...) }
	})
}

func der(f func([]byte) []byte) edit {
	return leaf(func(_ *scene, c *mint.Certificate) { c.Edit = f })
}

func become(b []byte) func([]byte) []byte { return func([]byte) []byte { return b } }

// formCases are certificates that must not be read (RFC 5280 section 4.1, X.690). They are asked about as a
// certificate; inside a signature such a one is none.
func formCases() []Case {
	list := slices.Concat(shapeRules(), extensionRules())
	for i := range list {
		if list[i].codes == "" {
			list[i].codes = "cert.malformed"
		}
	}
	return expand("form", []Door{Certificate}, list)
}

func shapeRules() []rule {
	t := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	return []rule{
		{name: "empty", what: "no bytes", standard: "RFC 5280 4.1", bad: der(become([]byte{}))},
		{name: "truncated", what: "the last octet is missing", standard: "X.690 8.1.3", bad: der(func(b []byte) []byte { return b[:len(b)-1] })},
		{name: "trailing", what: "an octet behind", standard: "X.690 8.1", bad: der(func(b []byte) []byte { return append(slices.Clone(b), 0) })},
		{name: "trailing_inside", what: "an element behind the signature", standard: "RFC 5280 4.1", bad: der(behind(5, 0))},
		{name: "trailing_tbs", what: "an element behind the extensions", standard: "RFC 5280 4.1", bad: tbs(behind(5, 0))},
		{name: "trailing_key", what: "an element behind the public key", standard: "RFC 5280 4.1.2.7", bad: tbs(behind(5, 0), 6)},
		{name: "trailing_validity", what: "a third time", standard: "RFC 5280 4.1.2.5", bad: tbs(behind(asn.UTCTime(t)...), 4)},
		{name: "trailing_explicit", what: "an element behind the extensions inside their tag", standard: "RFC 5280 4.1.2.9", bad: tbs(behind(5, 0), 7)},
		{name: "indefinite", what: "indefinite length", standard: "X.690 8.1.3.6", bad: der(indefinite)},
		{name: "indefinite_tbs", what: "TBSCertificate of indefinite length", standard: "X.690 8.1.3.6", bad: leaf(func(_ *scene, c *mint.Certificate) { c.EditTBS = indefinite })},
		{name: "overlong", what: "a length in more octets than needed", standard: "X.690 10.1", bad: der(overlong)},
		{name: "huge", what: "a length of 4 GiB", standard: "X.690 8.1.3", bad: der(huge(0x30, 0xff, 0xff, 0xff, 0xff))},
		{name: "too_large", what: "a certificate of a megabyte", standard: "bounds", codes: "cert.too_large", bad: leafWith(mint.Raw("1.2.3.4", false, make([]byte, 1<<20))), twin: leafWith(mint.Raw("1.2.3.4", false, make([]byte, 1<<10)))},
		{name: "deep", what: "a name of a thousand SEQUENCEs in one another", standard: "RFC 5280 4.1.2.6", bad: tbs(become(nested(1000)), 5)},
		{name: "version_4", what: "version 4", standard: "RFC 5280 4.1.2.1", bad: leaf(func(_ *scene, c *mint.Certificate) { c.Version = 4 })},
		{name: "version_1_extensions", what: "version 1 with extensions", standard: "RFC 5280 4.1.2.9", bad: leaf(func(_ *scene, c *mint.Certificate) { c.Version = 1 })},
		{name: "version_1_written", what: "version 1 written though it is the default", standard: "X.690 11.5", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Version, c.Extensions = 1, nil
			c.EditTBS = func(b []byte) []byte { return asn.Seq(asn.Explicit(0, asn.Int(0)), bytesOf(b)) }
		})},
		{name: "serial_empty", what: "a serial number of no octets", standard: "X.690 8.3.1", bad: tbs(become([]byte{2, 0}), 1)},
		{name: "serial_padded", what: "a serial number with a leading zero too many", standard: "X.690 8.3.2", bad: tbs(become([]byte{2, 3, 0, 0, 5}), 1)},
		{name: "serial_octets", what: "a serial number that is an OCTET STRING", standard: "RFC 5280 4.1.2.2", bad: tbs(become(asn.Octets([]byte{5})), 1)},
		{name: "algorithms_differ", what: "the algorithm inside is another than outside", standard: "RFC 5280 4.1.1.2", bad: leaf(func(_ *scene, c *mint.Certificate) { c.Inner = asn.Algorithm(oidOther) })},
		{name: "algorithms_differ_outside", what: "the algorithm outside is another than inside", standard: "RFC 5280 4.1.1.2", bad: leaf(func(s *scene, c *mint.Certificate) {
			c.Outer = asn.Algorithm("1.2.840.113549.1.1.5", asn.Null())
		})},
		{name: "validity_no_time", what: "validity of numbers", standard: "RFC 5280 4.1.2.5", bad: tbs(become(asn.Seq(asn.Int(1), asn.Int(2))), 4)},
		{name: "validity_no_seconds", what: "a time without seconds", standard: "RFC 5280 4.1.2.5.1", bad: tbs(become(asn.Seq(asn.String(asn.TagUTCTime, "2001010000Z"), asn.UTCTime(t))), 4)},
		{name: "validity_fraction", what: "a time with a fraction", standard: "RFC 5280 4.1.2.5.2", bad: tbs(become(asn.Seq(asn.String(asn.TagGeneralizedTime, "20200101000000.5Z"), asn.UTCTime(t))), 4)},
		{name: "validity_no_day", what: "the 31st of June", standard: "RFC 5280 4.1.2.5", bad: tbs(become(asn.Seq(asn.String(asn.TagUTCTime, "200631000000Z"), asn.UTCTime(t))), 4)},
		{name: "validity_one", what: "only one time", standard: "RFC 5280 4.1.2.5", bad: tbs(become(asn.Seq(asn.UTCTime(t))), 4)},
		{name: "name_empty_rdn", what: "a name with an empty part", standard: "X.501 9.3", bad: tbs(become(asn.Seq(asn.Set())), 5)},
		{name: "name_no_set", what: "a name whose part is a SEQUENCE", standard: "RFC 5280 4.1.2.4", bad: tbs(become(asn.Seq(asn.Seq(asn.Seq(asn.OID("2.5.4.3"), asn.UTF8("leaf"))))), 5)},
		{name: "name_trailing", what: "a part of a name with a third element", standard: "RFC 5280 4.1.2.4", bad: tbs(become(asn.Seq(asn.Set(asn.Seq(asn.OID("2.5.4.3"), asn.UTF8("leaf"), asn.Null())))), 5)},
		{name: "key_unused_bits", what: "a public key of 7 unused bits that are set", standard: "X.690 11.2.1", bad: tbs(func(b []byte) []byte {
			content := slices.Clone(bytesOf(b))
			content[0] = 7
			content[len(content)-1] |= 0x7f
			return asn.TLV(asn.TagBitString, content)
		}, 6, 1)},
		{name: "signature_unused_bits", what: "a signature of 3 unused bits", standard: "X.690 8.6", bad: der(func(b []byte) []byte {
			return inside(b, func(bits []byte) []byte { return asn.TLV(3, append([]byte{3}, bytesOf(bits)[1:]...)) }, 2)
		})},
	}
}

func extensionRules() []rule {
	malformed := func(oid string, value []byte) edit { return leafWith(mint.Raw(oid, false, value)) }
	return []rule{
		{name: "extensions_empty", what: "an empty list of extensions", standard: "RFC 5280 4.1.2.9", bad: leaf(func(_ *scene, c *mint.Certificate) { c.Extensions, c.EmptyExtensions = nil, true })},
		{name: "extension_twice", what: "an unknown extension twice", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, unknownExtension(false), unknownExtension(false))
		})},
		{name: "key_usage_twice", what: "keyUsage twice, of different content", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, mint.KeyUsage(mint.KeyCertSign))
		})},
		{name: "constraints_twice", what: "basicConstraints twice", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, mint.BasicConstraints(false, -1), mint.BasicConstraints(true, -1))
		})},
		{name: "critical_number", what: "a criticality that is a number", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, mint.Extension{OID: oidOther, RawCritical: asn.Int(1), Value: asn.Null()})
		})},
		{name: "value_missing", what: "an extension without a value", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, mint.Extension{OID: oidOther, Raw: asn.Seq(asn.OID(oidOther))})
		})},
		{name: "value_trailing", what: "an extension with a fourth element", standard: "RFC 5280 4.2", bad: leaf(func(_ *scene, c *mint.Certificate) {
			c.Extensions = mint.Extensions(c.Extensions, mint.Extension{OID: oidOther, Raw: asn.Seq(asn.OID(oidOther), asn.Bool(true), asn.Octets(nil), asn.Null())})
		})},
		{name: "key_usage_octets", what: "keyUsage that is an OCTET STRING", standard: "RFC 5280 4.2.1.3", bad: malformed(mint.OIDKeyUsage, asn.Octets([]byte{3}))},
		{name: "key_usage_trailing", what: "keyUsage with an octet behind", standard: "RFC 5280 4.2.1.3", bad: malformed(mint.OIDKeyUsage, append(asn.NamedBits(0), 0))},
		{name: "basic_constraints_trailing", what: "basicConstraints with a third element", standard: "RFC 5280 4.2.1.9", bad: malformed(mint.OIDBasicConstraints, asn.Seq(asn.Bool(true), asn.Int(1), asn.Null()))},
		{name: "basic_constraints_negative", what: "a path length below zero", standard: "RFC 5280 4.2.1.9", bad: malformed(mint.OIDBasicConstraints, asn.Seq(asn.Bool(true), asn.Int(-1)))},
		{name: "purposes_empty", what: "no purpose in extendedKeyUsage", standard: "RFC 5280 4.2.1.12", bad: malformed(mint.OIDExtKeyUsage, asn.Seq())},
		{name: "alternative_names_empty", what: "no name in subjectAltName", standard: "RFC 5280 4.2.1.6", bad: malformed("2.5.29.17", asn.Seq())},
		{name: "alternative_name_unknown", what: "a name of no known choice", standard: "RFC 5280 4.2.1.6", bad: malformed("2.5.29.17", asn.Seq(asn.Context(9, []byte("x"))))},
		{name: "ip_of_5", what: "an IP address of 5 octets", standard: "RFC 5280 4.2.1.6", bad: malformed("2.5.29.17", asn.Seq(asn.Context(7, []byte{1, 2, 3, 4, 5})))},
		{name: "policies_empty", what: "no policy in certificatePolicies", standard: "RFC 5280 4.2.1.4", bad: malformed("2.5.29.32", asn.Seq())},
		{name: "policy_twice", what: "one policy twice", standard: "RFC 5280 4.2.1.4", bad: leafWith(mint.Policies("1.2.3", "1.2.3")), twin: leafWith(mint.Policies("1.2.3", "1.2.4"))},
		{name: "points_empty", what: "no point in cRLDistributionPoints", standard: "RFC 5280 4.2.1.13", bad: malformed("2.5.29.31", asn.Seq())},
		{name: "key_period_empty", what: "a private key's period without bounds", standard: "RFC 3280 4.2.1.4", bad: malformed("2.5.29.16", asn.Seq())},
		{name: "key_period_utc", what: "a private key's period in UTCTime", standard: "RFC 3280 4.2.1.4", bad: malformed("2.5.29.16", asn.Seq(asn.Retag(0x80, asn.UTCTime(Moment))))},
	}
}

// keyCases are about public keys (RFC 9215 section 4, RFC 3279 section 2.3, RFC 8017 section 3.1).
func keyCases() []Case {
	list := slices.Concat(pointRules(), setOIDRules(), weakRules())
	return expand("key", paths, list)
}

// point gives the leaf another public point; the private key stays.
func point(f func(c *gostsign.Curve, p []byte) []byte) edit {
	return leaf(func(s *scene, c *mint.Certificate) {
		if !s.kind.IsGOST() {
			return
		}
		curve, err := gostsign.ForSet(s.kind.ParamSet())
		if err != nil {
			panic(err)
		}
		octets := bytesOf(bytesOf(parts(bytesOf(c.Key.SPKI))[1])[1:])
		c.SPKI = mint.GOSTSPKI(s.kind, f(curve, slices.Clone(octets)))
	})
}

func pointRules() []rule {
	gostCode, standard := "cert.malformed", "RFC 9215 4.3"
	half := func(n *big.Int, size int) []byte {
		b := n.FillBytes(make([]byte, size))
		slices.Reverse(b)
		return b
	}
	list := []rule{
		{name: "off_curve", what: "a point off the curve", bad: point(func(_ *gostsign.Curve, p []byte) []byte { p[0] ^= 1; return p })},
		{name: "zero_point", what: "the point (0, 0)", bad: point(func(_ *gostsign.Curve, p []byte) []byte { return make([]byte, len(p)) })},
		{name: "x_too_large", what: "x + p in place of x", bad: point(func(c *gostsign.Curve, p []byte) []byte { return append(half(c.P, c.Size), p[c.Size:]...) })},
		{name: "y_too_large", what: "y of nothing but ones", bad: point(func(c *gostsign.Curve, p []byte) []byte {
			return append(p[:c.Size:c.Size], slices.Repeat([]byte{0xff}, c.Size)...)
		})},
		{name: "coordinates_swapped", what: "y before x", bad: point(func(c *gostsign.Curve, p []byte) []byte { return slices.Concat(p[c.Size:], p[:c.Size]) })},
		{name: "big_endian", what: "coordinates with their highest octet first", bad: point(func(c *gostsign.Curve, p []byte) []byte {
			slices.Reverse(p[:c.Size])
			slices.Reverse(p[c.Size:])
			return p
		})},
		{name: "short_point", what: "a point without its last octet", bad: point(func(_ *gostsign.Curve, p []byte) []byte { return p[:len(p)-1] })},
		{name: "long_point", what: "a point with an octet more", bad: point(func(_ *gostsign.Curve, p []byte) []byte { return append(p, 0) })},
		{name: "other_point", what: "the point of another key", bad: leaf(func(s *scene, c *mint.Certificate) { c.SPKI = s.key("stranger").SPKI })},
	}
	for i := range list {
		list[i].kinds, list[i].standard, list[i].codes = onlyGOST, standard, gostCode
		list[i].confirm = "cms.certificate"
		list[i].only = []Door{Certificate, Confirmation}
	}
	other := &list[len(list)-1]
	other.only, other.codes, other.confirm, other.kinds = signatures, "sig.invalid cms.signature", "", nil
	return list
}

func setOIDRules() []rule {
	set := func(params ...[]byte) edit {
		return leaf(func(s *scene, c *mint.Certificate) {
			p := parts(bytesOf(c.Key.SPKI))
			algorithm := parts(bytesOf(p[0]))[0]
			c.SPKI = asn.Seq(asn.Seq(algorithm, asn.Join(params...)), p[1])
		})
	}
	oid := func(dotted string) edit { return set(asn.Seq(asn.OID(dotted))) }
	list := []rule{
		{name: "set_b", what: "the parameter set CryptoPro-B over a point of CryptoPro-A", kinds: onlyGOST256, bad: oid("1.2.643.2.2.35.2")},
		{name: "set_c", what: "the parameter set CryptoPro-C over a point of CryptoPro-A", kinds: onlyGOST256, bad: oid("1.2.643.2.2.35.3")},
		{name: "set_tc_a", what: "the parameter set tc26-256-A over a point of CryptoPro-A", kinds: onlyGOST256, bad: oid("1.2.643.7.1.2.1.1.1")},
		{name: "set_512_b", what: "the parameter set tc26-512-B over a point of 512-A", kinds: func(k mint.Kind) bool { return k == mint.GOST2012512 }, bad: oid("1.2.643.7.1.2.1.2.2")},
		{name: "set_512_c", what: "the parameter set tc26-512-C over a point of 512-A", kinds: func(k mint.Kind) bool { return k == mint.GOST2012512 }, bad: oid("1.2.643.7.1.2.1.2.3")},
		{name: "set_test", what: "the parameter set of the examples", bad: oid("1.2.643.2.2.35.0")},
		{name: "set_512_test", what: "the parameter set of the 512-bit examples", bad: oid("1.2.643.7.1.2.1.2.0")},
		{name: "set_unknown", what: "a parameter set that nobody knows", bad: oid("1.2.643.7.1.2.1.1.99")},
		{name: "set_of_other_size", what: "a parameter set of the other size", bad: leaf(func(s *scene, c *mint.Certificate) {
			set := "1.2.643.7.1.2.1.2.1"
			if s.kind == mint.GOST2012512 {
				set = "1.2.643.2.2.35.1"
			}
			p := parts(bytesOf(c.Key.SPKI))
			c.SPKI = asn.Seq(asn.Seq(parts(bytesOf(p[0]))[0], asn.Seq(asn.OID(set))), p[1])
		})},
		{name: "set_missing", what: "no parameter set", bad: set()},
		{name: "set_null", what: "NULL in place of the parameter set", bad: set(asn.Null())},
	}
	for i := range list {
		if list[i].kinds == nil {
			list[i].kinds = onlyGOST
		}
		list[i].standard = "RFC 9215 4.2"
		switch list[i].name {
		case "set_test", "set_512_test", "set_unknown": // a key that nobody can use; its certificate can be read
			list[i].codes, list[i].only = "sig.invalid cms.algorithm", signatures
		default:
			list[i].codes, list[i].confirm, list[i].only = "cert.malformed", "cms.certificate", []Door{Certificate, Confirmation}
		}
	}
	return list
}

func weakRules() []rule {
	key := func(k mint.Kind) edit {
		return leaf(func(s *scene, c *mint.Certificate) { c.Key = s.keyOf(k, "weak") })
	}
	spki := func(f func(c *mint.Certificate) []byte) edit {
		return leaf(func(_ *scene, c *mint.Certificate) { c.SPKI = f(c) })
	}
	return []rule{
		{name: "rsa_1024", what: "an RSA key of 1024 bits", standard: "RFC 8017 3.1", kinds: onlyRSA, codes: "sig.invalid cms.algorithm", only: signatures, bad: key(mint.RSA1024)},
		{name: "p224", what: "a key on P-224", standard: "RFC 5480 2.1.1", kinds: onlyECDSA, codes: "sig.invalid cms.algorithm", only: signatures, bad: key(mint.P224)},
		{name: "unknown", what: "a key of no known kind", standard: "RFC 5280 4.1.2.7", codes: "sig.invalid cms.algorithm", only: signatures,
			bad: spki(func(*mint.Certificate) []byte { return asn.Seq(asn.Algorithm(oidOther), asn.Bits([]byte{1, 2, 3})) })},
		{name: "ca_rsa_1024", what: "an authority with an RSA key of 1024 bits", standard: "RFC 8017 3.1", kinds: onlyRSA, codes: "sig.chain chain.algorithm",
			bad: ca(func(s *scene, c *mint.Certificate) { c.Key = s.keyOf(mint.RSA1024, "weak") })},
		{name: "ca_p224", what: "an authority with a key on P-224", standard: "RFC 5480 2.1.1", kinds: onlyECDSA, codes: "sig.chain chain.algorithm",
			bad: ca(func(s *scene, c *mint.Certificate) { c.Key = s.keyOf(mint.P224, "weak") })},
		{name: "leaf_sha1", what: "a certificate signed with SHA-1", standard: "RFC 5754 3", kinds: notGOST, codes: "sig.chain chain.algorithm",
			bad: ca(func(_ *scene, c *mint.Certificate) { c.Key = with(c.Key, mint.SHA1) })},
		{name: "leaf_md5", what: "a certificate signed with MD5", standard: "RFC 5754 3", kinds: onlyRSA, codes: "sig.chain chain.algorithm",
			bad: ca(func(_ *scene, c *mint.Certificate) { c.Key = with(c.Key, mint.MD5) })},
		{name: "ca_sha1", what: "an authority's certificate signed with SHA-1", standard: "RFC 5754 3", kinds: notGOST, codes: "sig.chain chain.algorithm",
			bad: root(func(_ *scene, c *mint.Certificate) { c.Key = with(c.Key, mint.SHA1) })},
		{name: "legacy_certificate", what: "a confirmation under a certificate signed by GOST R 34.10-2001", standard: "RFC 9215 6", kinds: onlyGOST256, codes: "sig.chain chain.legacy", only: []Door{Confirmation},
			bad: ca(func(s *scene, c *mint.Certificate) { c.Key = s.keyOf(mint.GOST2001A, "ca") })},
	}
}
