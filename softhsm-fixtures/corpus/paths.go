// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"slices"
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// pathCases are about the way from a certificate to an anchor (RFC 5280 sections 4 and 6.1).
func pathCases() []Case {
	return expand("path", paths, slices.Concat(validityRules(), authorityRules(), issuerRules(), profileRules(), toldRules(), holderRules()))
}

func validityRules() []rule {
	second := time.Second
	ended := func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.Add(-second) }
	later := func(_ *scene, c *mint.Certificate) { c.NotBefore = Moment.Add(second) }
	until := func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment }
	since := func(_ *scene, c *mint.Certificate) { c.NotBefore = Moment }
	period := func(from, to time.Time) edit { return leafWith(mint.PrivateKeyUsagePeriod(from, to)) }
	start := Moment.AddDate(-1, 0, 0)
	return []rule{
		{name: "leaf_expired", what: "the certificate ended a second ago", standard: "RFC 5280 6.1.3 (a) (2)", codes: "sig.cert_expired", bad: leaf(ended), twin: leaf(until)},
		{name: "leaf_early", what: "the certificate begins in a second", standard: "RFC 5280 6.1.3 (a) (2)", codes: "sig.cert_not_yet_valid", bad: leaf(later), twin: leaf(since)},
		{name: "ca_expired", what: "the authority's certificate ended a second ago", standard: "RFC 5280 6.1.3 (a) (2)", codes: "sig.chain chain.expired", bad: ca(ended), twin: ca(until)},
		{name: "ca_early", what: "the authority's certificate begins in a second", standard: "RFC 5280 6.1.3 (a) (2)", codes: "sig.chain chain.not_yet_valid", bad: ca(later), twin: ca(since)},
		{name: "root_expired", what: "the anchor ended a second ago", standard: "RFC 5937 4", codes: "sig.chain chain.expired", bad: root(ended), twin: root(until)},
		{name: "root_early", what: "the anchor begins in a second", standard: "RFC 5937 4", codes: "sig.chain chain.not_yet_valid", bad: root(later), twin: root(since)},
		{name: "turned_round", what: "validity that ends before it begins", standard: "RFC 5280 4.1.2.5", codes: "sig.cert_expired",
			bad: leaf(func(_ *scene, c *mint.Certificate) {
				c.NotBefore, c.NotAfter = Moment.AddDate(-1, 0, 0), Moment.AddDate(-2, 0, 0)
			})},
		{name: "key_period_over", what: "the private key's period ended a second ago", standard: "RFC 3280 4.2.1.4", codes: "sig.key_period", certificate: "-",
			bad: period(start, Moment.Add(-second)), twin: period(start, Moment)},
		{name: "key_period_early", what: "the private key's period begins in a second", standard: "RFC 3280 4.2.1.4", codes: "sig.key_period", certificate: "-",
			bad: period(Moment.Add(second), time.Time{}), twin: period(Moment, time.Time{})},
	}
}

func authorityRules() []rule {
	bc, ku := mint.BasicConstraints, mint.KeyUsage
	deep := edit{deep: true}
	return []rule{
		{name: "ca_absent", what: "the issuer has no basicConstraints", standard: "RFC 5280 6.1.4 (k)", codes: "sig.chain chain.ca", bad: ca(without(mint.OIDBasicConstraints))},
		{name: "ca_false", what: "the issuer's cA is false", standard: "RFC 5280 6.1.4 (k)", codes: "sig.chain chain.ca", bad: caWith(bc(false, -1), ku(mint.DigitalSignature))},
		{name: "ca_false_key_cert_sign", what: "the issuer's cA is false beside keyCertSign", standard: "RFC 5280 4.2.1.9", codes: "sig.chain", bad: caWith(bc(false, -1))},
		{name: "ca_version_1", what: "the issuer's certificate is of version 1", standard: "RFC 5280 6.1.4 (k)", codes: "sig.chain chain.ca", bad: ca(func(_ *scene, c *mint.Certificate) { c.Version, c.Extensions = 1, nil })},
		{name: "root_no_ca", what: "the anchor's cA is false", standard: "RFC 5937 4", codes: "sig.chain chain.ca", bad: rootWith(bc(false, -1), ku(mint.DigitalSignature, mint.CRLSign))},
		{name: "no_key_cert_sign", what: "the issuer has no keyCertSign", standard: "RFC 5280 6.1.4 (n)", codes: "sig.chain chain.key_usage", bad: caWith(ku(mint.CRLSign))},
		{name: "root_no_key_cert_sign", what: "the anchor has no keyCertSign", standard: "RFC 5937 4", codes: "sig.chain chain.key_usage", bad: rootWith(ku(mint.CRLSign))},
		{name: "by_leaf", what: "issued by a holder", standard: "RFC 5280 6.1.4 (k)", codes: "sig.chain",
			with: deep, bad: edit{sub: func(_ *scene, c *mint.Certificate) { c.Extensions = mint.LeafExtensions() }}},
		{name: "length_0", what: "an authority below one whose path length is 0", standard: "RFC 5280 6.1.4 (l)", codes: "sig.chain chain.path_len", with: deep, bad: caWith(bc(true, 0)), twin: caWith(bc(true, 1))},
		{name: "length_root", what: "two authorities below an anchor whose path length is 1", standard: "RFC 5280 6.1.4 (l)", codes: "sig.chain chain.path_len", with: deep, bad: rootWith(bc(true, 1)), twin: rootWith(bc(true, 2))},
		{name: "length_wins_above", what: "the smaller path length above counts", standard: "RFC 5280 6.1.4 (m)", codes: "sig.chain chain.path_len", with: deep, bad: merge(rootWith(bc(true, 1)), caWith(bc(true, 9))), twin: merge(rootWith(bc(true, 2)), caWith(bc(true, 9)))},
		{name: "unknown_leaf", what: "an unknown critical extension of the certificate", standard: "RFC 5280 6.1.5 (f)", codes: "sig.chain chain.critical_extension", bad: leafWith(unknownExtension(true)), twin: leafWith(unknownExtension(false))},
		{name: "unknown_ca", what: "an unknown critical extension of the authority", standard: "RFC 5280 6.1.4 (o)", codes: "sig.chain chain.critical_extension", bad: caWith(unknownExtension(true)), twin: caWith(unknownExtension(false))},
		{name: "unknown_root", what: "an unknown critical extension of the anchor", standard: "RFC 5937 4", codes: "sig.chain chain.critical_extension", bad: rootWith(unknownExtension(true)), twin: rootWith(unknownExtension(false))},
	}
}

// merge puts the parts of two edits together.
func merge(a, b edit) edit {
	if b.root != nil {
		a.root = b.root
	}
	if b.ca != nil {
		a.ca = b.ca
	}
	if b.sub != nil {
		a.sub = b.sub
	}
	if b.leaf != nil {
		a.leaf = b.leaf
	}
	if b.input != nil {
		a.input = b.input
	}
	a.deep = a.deep || b.deep
	a.answered = a.answered || b.answered
	return a
}

func issuerRules() []rule {
	flip := func(i int) func(*scene, *mint.Certificate) {
		return func(_ *scene, c *mint.Certificate) {
			c.EditSignature = func(b []byte) []byte {
				if i < 0 {
					b[len(b)-1] ^= 1
				} else {
					b[len(b)*i/100] ^= 4
				}
				return b
			}
		}
	}
	as := func(f func(s *scene) *mint.Party) edit { return edit{issued: func(s *scene) { s.Leaf = f(s) }} }
	again := func(s *scene, by *mint.Party) *mint.Party {
		return mint.Certificate{Subject: s.Leaf.Name, Serial: s.Leaf.Serial, Key: s.Leaf.Key, NotBefore: Moment.AddDate(-1, 0, 0), Extensions: leafExtensions(s.door)}.Sign(by)
	}
	return []rule{
		{name: "leaf_flipped", what: "one bit of the certificate's signature", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", bad: leaf(flip(60))},
		{name: "leaf_flipped_last", what: "the last bit of the certificate's signature", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", bad: leaf(flip(-1))},
		{name: "ca_flipped", what: "one bit of the signature of the authority's certificate", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", bad: ca(flip(60))},
		{name: "leaf_empty_signature", what: "a certificate with an empty signature", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", bad: leaf(func(_ *scene, c *mint.Certificate) { c.EditSignature = func([]byte) []byte { return nil } })},
		{name: "leaf_zero_signature", what: "a certificate with a signature of zeros", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", bad: leaf(func(_ *scene, c *mint.Certificate) { c.EditSignature = func(b []byte) []byte { clear(b); return b } })},
		{name: "impostor", what: "signed by another key under the authority's name", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature",
			bad: as(func(s *scene) *mint.Party { return again(s, s.CA.Using(s.key("stranger"))) }), twin: as(func(s *scene) *mint.Party { return again(s, s.CA) })},
		{name: "root_impostor", what: "an authority signed by another key under the anchor's name", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature",
			bad: edit{issued: func(s *scene) {
				s.CA = mint.Certificate{Subject: s.CA.Name, Serial: s.CA.Serial, Key: s.CA.Key, Extensions: mint.CAExtensions()}.Sign(s.Root.Using(s.key("stranger")))
			}}},
		{name: "name_other", what: "names an issuer that is not there", standard: "RFC 5280 6.1.3 (a) (4)", codes: "sig.not_accredited chain.no_anchor",
			bad: as(func(s *scene) *mint.Party { return again(s, s.CA.As(mint.CN("nobody"))) }), twin: as(func(s *scene) *mint.Party { return again(s, s.CA) })},
		{name: "self_signed", what: "signed by its own key", standard: "RFC 5280 6.1", codes: "sig.not_accredited chain.no_anchor",
			bad: as(func(s *scene) *mint.Party { return again(s, s.Leaf) })},
		{name: "other_root", what: "under a root that nobody trusts", standard: "RFC 5280 6.1.1 (d)", codes: "sig.not_accredited chain.no_anchor",
			bad: edit{input: func(s *scene, in *Input) {
				in.Anchors = [][]byte{mint.Certificate{Subject: mint.CN("another root"), Serial: number("another root"), Key: s.key("stranger"), Extensions: mint.CAExtensions()}.Sign(nil).DER}
			}}},
		{name: "root_of_same_name", what: "the anchor bears the same name and has another key", standard: "RFC 5280 6.1.1 (d)", codes: "sig.chain chain.signature",
			bad: edit{input: func(s *scene, in *Input) {
				in.Anchors = [][]byte{mint.Certificate{Subject: s.Root.Name, Serial: s.Root.Serial, Key: s.key("stranger"), Extensions: mint.CAExtensions()}.Sign(nil).DER}
			}}},
		{name: "authority_missing", what: "the certificate in between is missing", standard: "RFC 5280 6.1", codes: "sig.not_accredited chain.no_anchor",
			bad: merge(edit{input: func(s *scene, in *Input) {
				if in.Untrusted = nil; in.Door != Certificate {
					in.File = mint.SignedData{Content: s.text, Certificates: [][]byte{s.Leaf.DER}, Signers: []mint.Signer{{By: s.Leaf, At: s.Signed}}}.DER()
				}
			}}, edit{})},
		{name: "tbs_changed", what: "the name in the certificate was changed after signing", standard: "RFC 5280 6.1.3 (a) (1)", codes: "sig.chain chain.signature", certificate: "sig.chain chain.signature",
			bad: leaf(func(_ *scene, c *mint.Certificate) { c.Edit = mint.Replace([]byte("leaf"), []byte("lead")) })},
	}
}

func profileRules() []rule {
	empty := mint.NameOf()
	refused := func(name, what, standard, code string, bad, twin edit) rule {
		return rule{name: name, what: what, standard: standard, codes: "sig.chain chain.profile." + code, bad: bad, twin: twin}
	}
	uri := mint.URI("http://corpus.example/a.crl")
	return []rule{
		refused("key_cert_sign_of_holder", "keyCertSign without cA", "RFC 5280 4.2.1.3", "key_cert_sign", leafWith(mint.KeyUsage(mint.DigitalSignature, mint.KeyCertSign)), edit{}),
		refused("constraints_of_holder", "nameConstraints of a holder", "RFC 5280 4.2.1.10", "name_constraints", leafWith(mint.Permit(mint.DNS("example.org"))), edit{}),
		refused("subject_empty", "an empty subject without another name", "RFC 5280 4.1.2.6", "subject", leaf(func(_ *scene, c *mint.Certificate) { c.Subject = empty }), edit{}),
		refused("aki_critical", "authorityKeyIdentifier is critical", "RFC 5280 4.2.1.1", "criticality", leafWith(mint.AKI().Crit()), edit{}),
		refused("ski_critical", "subjectKeyIdentifier is critical", "RFC 5280 4.2.1.2", "criticality", caWith(mint.SKI().Crit()), edit{}),
		refused("freshest_critical", "freshestCRL is critical", "RFC 5280 4.2.1.15", "criticality", leafWith(mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{uri}}).Crit()),
			leafWith(mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{uri}}))),
		refused("aia_critical", "authorityInfoAccess is critical", "RFC 5280 4.2.2.1", "criticality", leafWith(mint.AIA([]string{"http://corpus.example"}, nil).Crit()), leafWith(mint.AIA([]string{"http://corpus.example"}, nil))),
		refused("constraints_not_critical", "nameConstraints are not critical", "RFC 5280 4.2.1.10", "criticality", caWith(mint.Permit(mint.DNS("example.org")).NonCrit()), caWith(mint.Permit(mint.DNS("example.org")))),
		refused("policy_constraints_not_critical", "policyConstraints are not critical", "RFC 5280 4.2.1.11", "criticality", caWith(mint.PolicyConstraints(9, -1).NonCrit()), caWith(mint.PolicyConstraints(9, -1))),
		refused("inhibit_any_not_critical", "inhibitAnyPolicy is not critical", "RFC 5280 4.2.1.14", "criticality", caWith(mint.InhibitAny(9).NonCrit()), caWith(mint.InhibitAny(9))),
		refused("issuer_empty", "an empty issuer", "RFC 5280 4.1.2.4", "issuer", leaf(func(_ *scene, c *mint.Certificate) { c.Issuer = empty }), edit{}),
	}
}

// toldRules are breaches of the certificate profile (RFC 5280 section 4): told always, and refused where
// nothing but the RFC is asked for; qualified signatures with them are in use.
func toldRules() []rule {
	serial := func(octets ...byte) edit {
		return leaf(func(_ *scene, c *mint.Certificate) { c.RawSerial = octets })
	}
	told := func(name, what, standard, codes string, bad edit) rule {
		return rule{name: name, what: what, standard: standard, codes: codes, bad: bad, verdict: verify.Valid, only: []Door{Certificate}}
	}
	refused := func(name, what, standard, codes string, bad edit) rule {
		return rule{name: name, what: what, standard: standard, codes: codes, bad: bad, only: []Door{Certificate}}
	}
	return []rule{
		refused("serial_zero", "serial number 0", "RFC 5280 4.1.2.2", "chain.profile.serial sig.cert_deviation", serial(0)),
		told("serial_negative", "a serial number below zero", "RFC 5280 4.1.2.2", "chain.profile.serial sig.cert_deviation", serial(0xff)),
		refused("serial_21", "a serial number of 21 octets", "RFC 5280 4.1.2.2", "chain.profile.serial sig.cert_deviation", serial(slices.Repeat([]byte{0x11}, 21)...)),
		refused("key_usage_nothing", "a key usage of nothing", "RFC 5280 4.2.1.3", "chain.profile.key_usage", leafWith(mint.KeyUsage())),
		refused("no_key_identifier", "no identifier of the issuer's key", "RFC 5280 4.2.1.1", "chain.profile.key_identifier", leaf(without(mint.OIDAuthorityKeyID))),
		told("constraints_loose", "basicConstraints of an authority not critical", "RFC 5280 4.2.1.9", "chain.profile.basic_constraints", caWith(mint.BasicConstraints(true, -1).NonCrit())),
		refused("ca_without_usage", "an authority without key usage", "RFC 5280 4.2.1.3", "chain.profile.key_usage", ca(without(mint.OIDKeyUsage))),
	}
}

func holderRules() []rule {
	return []rule{
		{name: "cannot_sign", what: "a key for encryption only", standard: "RFC 5280 4.2.1.3", codes: "sig.key_usage", certificate: "-", bad: leafWith(mint.KeyUsage(mint.KeyEncipherment, mint.DataEncipherment))},
		{name: "crl_sign_only", what: "a key for revocation lists only", standard: "RFC 5280 4.2.1.3", codes: "sig.key_usage", certificate: "-", bad: leafWith(mint.KeyUsage(mint.CRLSign))},
		{name: "no_usage", what: "a confirmation under a certificate without key usage", standard: "RFC 9215 4.4", codes: "sig.key_usage", only: []Door{Confirmation}, bad: leaf(without(mint.OIDKeyUsage))},
		{name: "authority_signs", what: "a confirmation by an authority", standard: "RFC 9215 4.4", codes: "sig.key_usage", only: []Door{Confirmation},
			bad: leafWith(mint.BasicConstraints(true, -1), mint.KeyUsage(mint.DigitalSignature, mint.KeyCertSign))},
		{name: "no_class", what: "a certificate without the class of the tool", standard: "RFC 9215 5.2", codes: "sig.not_qualified", only: []Door{Confirmation}, bad: leaf(without("2.5.29.32"))},
		{name: "no_tool", what: "a certificate without subjectSignTool", standard: "RFC 9215 5.3", codes: "sig.not_qualified", only: []Door{Confirmation}, bad: leaf(without("1.2.643.100.111"))},
		{name: "no_issuer_tool", what: "a certificate without issuerSignTool", standard: "RFC 9215 5.4", codes: "sig.not_qualified", only: []Door{Confirmation}, bad: leaf(without("1.2.643.100.112"))},
	}
}

// constraintCases are about name constraints (RFC 5280 section 4.2.1.10).
func constraintCases() []Case {
	dn := func(o string) mint.GeneralName { return mint.Dir(mint.DN("C=RU", "O="+o)) }
	pair := func(constraint mint.Extension, bad, good mint.GeneralName) (b, t edit) {
		return merge(caWith(constraint), leafWith(mint.SAN(bad))), merge(caWith(constraint), leafWith(mint.SAN(good)))
	}
	var rules []rule
	add := func(name, what string, constraint mint.Extension, bad, good mint.GeneralName) {
		b, t := pair(constraint, bad, good)
		rules = append(rules, rule{name: name, what: what, standard: "RFC 5280 4.2.1.10", codes: "sig.chain chain.name_constraints", bad: b, twin: t})
	}
	add("dns_outside", "a DNS name outside the permitted", mint.Permit(mint.DNS("example.org")), mint.DNS("example.com"), mint.DNS("www.example.org"))
	add("dns_excluded", "a DNS name inside the excluded", mint.Exclude(mint.DNS("example.org")), mint.DNS("www.example.org"), mint.DNS("www.example.com"))
	add("dns_suffix", "a DNS name that merely ends in the same letters", mint.Permit(mint.DNS("example.org")), mint.DNS("badexample.org"), mint.DNS("example.org"))
	add("mail_outside", "a mail address at another host", mint.Permit(mint.Mail("example.org")), mint.Mail("a@www.example.org"), mint.Mail("a@example.org"))
	add("mail_excluded", "an excluded mail address", mint.Exclude(mint.Mail("a@example.org")), mint.Mail("a@EXAMPLE.org"), mint.Mail("b@example.org"))
	add("mail_domain", "a mail address at the host where only those below are permitted", mint.Permit(mint.Mail(".example.org")), mint.Mail("a@example.org"), mint.Mail("a@www.example.org"))
	add("uri_outside", "a URI at another host", mint.Permit(mint.URI(".example.org")), mint.URI("http://example.com/example.org"), mint.URI("http://www.example.org/"))
	add("ip_outside", "an IP address outside the permitted", mint.Permit(mint.IP("10.0.0.0/8")), mint.IP("11.0.0.1"), mint.IP("10.1.2.3"))
	add("ip_excluded", "an IP address inside the excluded", mint.Exclude(mint.IP("10.0.0.0/8")), mint.IP("10.1.2.3"), mint.IP("11.0.0.1"))
	add("ip_of_6", "an IPv6 address where IPv4 is permitted", mint.Permit(mint.IP("10.0.0.0/8")), mint.IP("2001:db8::1"), mint.IP("10.1.2.3"))
	add("dir_outside", "a directory name outside the permitted", mint.Permit(dn("Corpus")), dn("Other"), mint.Dir(mint.DN("C=RU", "O=CORPUS", "CN=x")))
	add("dir_excluded", "a directory name inside the excluded", mint.Exclude(dn("Other")), mint.Dir(mint.DN("C=RU", "O=other", "CN=x")), dn("Corpus"))
	add("registered_id", "a form of name that is constrained and cannot be compared", mint.Exclude(mint.RegisteredID("1.2.3")), mint.RegisteredID("1.2.3"), mint.DNS("example.org"))
	rules = append(rules,
		rule{name: "subject_outside", what: "a subject outside the permitted", standard: "RFC 5280 4.2.1.10", codes: "sig.chain chain.name_constraints", bad: caWith(mint.Permit(dn("Other"))), twin: caWith(mint.Permit(dn("Corpus")))},
		rule{name: "subject_excluded", what: "a subject inside the excluded", standard: "RFC 5280 4.2.1.10", codes: "sig.chain chain.name_constraints", bad: caWith(mint.Exclude(dn("Corpus"))), twin: caWith(mint.Exclude(dn("Other")))},
		rule{name: "of_root", what: "constraints of the anchor", standard: "RFC 5937 4", codes: "sig.chain chain.name_constraints", bad: rootWith(mint.Exclude(dn("Corpus"))), twin: rootWith(mint.Exclude(dn("Other")))},
		rule{name: "of_sub", what: "the authority in between lies outside", standard: "RFC 5280 6.1.3 (b)", codes: "sig.chain chain.name_constraints", with: edit{deep: true},
			bad: caWith(mint.Exclude(mint.Dir(mint.DN("C=RU", "O=Corpus", "CN=sub")))), twin: caWith(mint.Exclude(mint.Dir(mint.DN("C=RU", "O=Corpus", "CN=bus"))))},
		rule{name: "narrower_below", what: "permitted above and below without anything in common", standard: "RFC 5280 6.1.4 (g) (1)", codes: "sig.chain chain.name_constraints", with: edit{deep: true},
			bad:  merge(caWith(mint.Permit(mint.DNS("a.example"))), merge(edit{sub: adding([]mint.Extension{mint.Permit(mint.DNS("b.example"))})}, leafWith(mint.SAN(mint.DNS("b.example"))))),
			twin: merge(caWith(mint.Permit(mint.DNS("example"))), merge(edit{sub: adding([]mint.Extension{mint.Permit(mint.DNS("b.example"))})}, leafWith(mint.SAN(mint.DNS("b.example")))))},
		rule{name: "minimum", what: "a minimum other than 0", standard: "RFC 5280 4.2.1.10", codes: "sig.chain", bad: merge(caWith(mint.Subtrees([][]byte{mint.Subtree(mint.DNS("example.org"), 1, -1)}, nil)), leafWith(mint.SAN(mint.DNS("example.org")))),
			twin: merge(caWith(mint.Subtrees([][]byte{mint.Subtree(mint.DNS("example.org"), 0, -1)}, nil)), leafWith(mint.SAN(mint.DNS("example.org"))))},
	)
	return expand("names", paths, rules)
}

// policyCases are about certificate policies (RFC 5280 section 6.1, RFC 9618).
func policyCases() []Case {
	const a, b, any = "1.2.643.100.113.1", "1.2.3.4.2", mint.OIDAnyPolicy // the first is the class KC1, so that qualified certificates have it too
	pol := mint.Policies
	explicit := edit{input: func(_ *scene, in *Input) { in.ExplicitPolicy = true }}
	asked := func(list ...string) edit {
		return edit{input: func(_ *scene, in *Input) { in.ExplicitPolicy, in.Policies = true, list }}
	}
	inhibit := edit{input: func(_ *scene, in *Input) { in.ExplicitPolicy, in.InhibitAnyPolicy = true, true }}
	nomap := edit{input: func(_ *scene, in *Input) { in.ExplicitPolicy, in.InhibitMapping = true, true }}
	code := "sig.chain chain.policy"
	both := func(ca, leaf mint.Extension) edit { return merge(caWith(ca), leafWith(leaf)) }
	auditors := []Door{Certificate, Document}
	rules := []rule{
		{name: "missing", what: "no policy where one is demanded", standard: "RFC 5280 6.1.5 (g)", codes: code, with: explicit, bad: leafWith(pol(a)), twin: both(pol(a), pol(a)), only: auditors},
		{name: "missing_leaf", what: "the certificate has none where one is demanded", standard: "RFC 5280 6.1.5 (g)", codes: code, with: explicit, bad: caWith(pol(a)), twin: both(pol(a), pol(a)), only: auditors},
		{name: "other", what: "authority and certificate have different policies", standard: "RFC 5280 6.1.3 (d)", codes: code, with: explicit, bad: both(pol(b), pol(a)), twin: both(pol(b, a), pol(a)), only: auditors},
		{name: "not_asked", what: "a policy other than the one asked for", standard: "RFC 5280 6.1.5 (g)", codes: code, with: both(pol(a), pol(a)), bad: asked(b), twin: asked(b, a), only: auditors},
		{name: "any_inhibited", what: "anyPolicy though it is inhibited", standard: "RFC 5280 6.1.3 (d) (2)", codes: code, with: inhibit, bad: both(pol(any), pol(a)), twin: both(pol(a), pol(a)), only: auditors},
		{name: "required", what: "the authority demands a policy and the certificate has none", standard: "RFC 5280 6.1.4 (i) (1)", codes: code,
			bad: merge(caWith(pol(b), mint.PolicyConstraints(0, -1)), leafWith(pol(a))), twin: merge(caWith(pol(a), mint.PolicyConstraints(0, -1)), leafWith(pol(a)))},
		{name: "required_by_root", what: "the anchor demands a policy and the authority has none", standard: "RFC 5937 4", codes: code,
			bad: merge(rootWith(pol(any), mint.PolicyConstraints(0, -1)), leafWith(pol(a))), twin: merge(rootWith(pol(any), mint.PolicyConstraints(0, -1)), merge(caWith(pol(a)), leafWith(pol(a))))},
		{name: "any_inhibited_by_ca", what: "anyPolicy below an authority that inhibits it", standard: "RFC 5280 6.1.4 (j)", codes: code, with: edit{deep: true},
			bad:  merge(caWith(pol(a), mint.InhibitAny(0), mint.PolicyConstraints(0, -1)), merge(edit{sub: adding([]mint.Extension{pol(any)})}, leafWith(pol(a)))),
			twin: merge(caWith(pol(a), mint.InhibitAny(0), mint.PolicyConstraints(0, -1)), merge(edit{sub: adding([]mint.Extension{pol(a)})}, leafWith(pol(a))))},
		{name: "mapping_any", what: "anyPolicy is mapped", standard: "RFC 5280 6.1.4 (a)", codes: "sig.chain chain.policy_mapping",
			bad: merge(caWith(pol(a), mint.PolicyMappings(a, any)), leafWith(pol(a)))},
		{name: "mapping_inhibited", what: "mapped though mapping is inhibited", standard: "RFC 5280 6.1.4 (b) (2)", codes: code, with: nomap, only: auditors,
			bad: merge(caWith(pol(b), mint.PolicyMappings(b, a)), leafWith(pol(a))), twin: merge(caWith(pol(a, b), mint.PolicyMappings(b, "1.2.3.9")), leafWith(pol(a)))},
		{name: "mapping_wrong", what: "mapped to another policy than the certificate's", standard: "RFC 5280 6.1.4 (b) (1)", codes: code, with: explicit, only: auditors,
			bad: merge(caWith(pol(b), mint.PolicyMappings(b, "1.2.3.9")), leafWith(pol(a))), twin: merge(caWith(pol(b), mint.PolicyMappings(b, a)), leafWith(pol(a)))},
	}
	return expand("policy", paths, rules)
}
