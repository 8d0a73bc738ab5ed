// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func crl(f func(s *scene, l *mint.CRL)) edit { return edit{crl: f, answered: true} }

// crlWith adds extensions to the list of the lowest authority.
func crlWith(list ...mint.Extension) edit {
	return crl(func(_ *scene, l *mint.CRL) { l.Extensions = mint.Extensions(l.Extensions, list...) })
}

func idp(i mint.IDP) edit { return crlWith(i.Extension()) }

// revoked is an entry about the leaf.
func revoked(ago time.Duration, extensions ...mint.Extension) edit {
	return crl(func(s *scene, l *mint.CRL) {
		l.Entries = append(l.Entries, mint.Revoked(s.Leaf.Serial, Moment.Add(-ago), extensions...))
	})
}

// stateDoors are the doors at which revocation is asked for.
var stateDoors = []Door{Certificate, Document, Confirmation}

// crlCases are about revocation lists by themselves (RFC 5280 sections 5 and 6.3).
func crlCases() []Case {
	unknown := func(name, what, standard, codes string, bad, twin edit) rule {
		return rule{name: name, what: what, standard: standard, codes: "sig.revocation_unknown " + codes, verdict: verify.Undecidable, bad: bad, twin: twin, with: edit{answered: true}}
	}
	dated := func(this, next time.Duration) edit {
		return crl(func(_ *scene, l *mint.CRL) { l.ThisUpdate, l.NextUpdate = Moment.Add(this), Moment.Add(next) })
	}
	rules := []rule{
		unknown("missing", "no list at all", "RFC 5280 6.3", "revocation.no_source", edit{input: func(_ *scene, in *Input) { in.Answers = [][]byte{} }}, edit{}),
		unknown("of_root_missing", "no list about the authority", "RFC 5280 6.3", "revocation.no_source", edit{input: func(_ *scene, in *Input) { in.Answers = in.Answers[:1] }}, edit{}),
		unknown("stale", "a list whose next was due an hour ago", "RFC 5280 6.3.3 (a)", "revocation.stale", dated(-25*time.Hour, -time.Hour), dated(-25*time.Hour, time.Second)),
		unknown("stale_root", "the root's list is old", "RFC 5280 6.3.3 (a)", "revocation.stale", edit{rootCRL: func(_ *scene, l *mint.CRL) {
			l.ThisUpdate, l.NextUpdate = Moment.AddDate(0, -2, 0), Moment.AddDate(0, -1, 0)
		}}, edit{}),
		unknown("early", "a list of tomorrow", "RFC 5280 5.1.2.4", "revocation.early", dated(time.Hour, 25*time.Hour), dated(0, 25*time.Hour)),
		unknown("no_next_update", "a list that does not say when the next is due", "RFC 5280 5.1.2.5", "revocation.no_next_update", crl(func(_ *scene, l *mint.CRL) { l.NoNextUpdate = true }), edit{}),
		unknown("of_other_issuer", "a list of another authority", "RFC 5280 6.3.3 (b)", "revocation.no_source", edit{input: func(s *scene, in *Input) { in.Answers = [][]byte{list().Sign(s.TSA), list().Sign(s.Root)} }}, edit{}),
		unknown("by_other_key", "a list by another key under the authority's name", "RFC 5280 6.3.3 (g)", "revocation.signature", edit{input: func(s *scene, in *Input) {
			in.Answers[0] = list().Sign(s.Lowest().Using(s.key("stranger")))
		}}, edit{}),
		unknown("flipped", "one bit of the list's signature", "RFC 5280 6.3.3 (g)", "revocation.signature", crl(func(_ *scene, l *mint.CRL) { l.EditSignature = mint.FlipBit(-1) }), edit{}),
		unknown("not_entitled", "an authority without cRLSign", "RFC 5280 6.3.3 (f)", "revocation.issuer", caWith(mint.KeyUsage(mint.KeyCertSign)), edit{}),
		unknown("critical", "an unknown critical extension of the list", "RFC 5280 5.2", "revocation.critical_extension", crlWith(unknownExtension(true)), crlWith(unknownExtension(false))),
		unknown("entry_critical", "an unknown critical extension of an entry about another certificate", "RFC 5280 5.3", "revocation.critical_extension",
			crl(func(_ *scene, l *mint.CRL) {
				l.Entries = append(l.Entries, mint.Revoked(number("x"), Moment, unknownExtension(true)))
			}),
			crl(func(_ *scene, l *mint.CRL) {
				l.Entries = append(l.Entries, mint.Revoked(number("x"), Moment, unknownExtension(false)))
			})),
		unknown("sha1", "a list signed with SHA-1", "RFC 5754 3", "revocation.signature", edit{input: func(s *scene, in *Input) {
			in.Answers[0] = list().Sign(s.Lowest().Using(s.Lowest().Key.As(asn.Algorithm("1.2.840.113549.1.1.5", asn.Null()))))
		}}, edit{}),
		unknown("empty", "a list of no bytes", "RFC 5280 5.1", "", edit{input: func(_ *scene, in *Input) { in.Answers[0] = []byte{} }}, edit{}),
		unknown("trailing", "an octet behind the list", "X.690 8.1", "", crl(func(_ *scene, l *mint.CRL) { l.Edit = func(b []byte) []byte { return append(b, 0) } }), edit{}),
		unknown("trailing_inside", "an element behind the list's signature", "RFC 5280 5.1", "", crl(func(_ *scene, l *mint.CRL) { l.Edit = behind(5, 0) }), edit{}),
		unknown("truncated", "a list without its last octet", "X.690 8.1.3", "", crl(func(_ *scene, l *mint.CRL) { l.Edit = func(b []byte) []byte { return b[:len(b)-1] } }), edit{}),
		unknown("indefinite", "a list of indefinite length", "X.690 8.1.3.6", "", crl(func(_ *scene, l *mint.CRL) { l.Edit = indefinite }), edit{}),
		unknown("algorithms_differ", "the algorithm inside is another than outside", "RFC 5280 5.1.1.2", "", crl(func(_ *scene, l *mint.CRL) { l.Inner = asn.Algorithm(oidOther) }), edit{}),
		unknown("version_1_extensions", "version 1 with extensions", "RFC 5280 5.1.2.1", "", crl(func(_ *scene, l *mint.CRL) { l.Version = 1 }), edit{}),
		unknown("version_3", "version 3", "RFC 5280 5.1.2.1", "", crl(func(_ *scene, l *mint.CRL) { l.Version = 3 }), edit{}),
		unknown("extension_twice", "an extension twice", "RFC 5280 5.2", "", crlWith(mint.CRLNumber(6)), edit{}),
		unknown("delta_alone", "a delta without its base", "RFC 5280 5.2.4", "revocation.no_base", crlWith(mint.DeltaIndicator(4)), edit{}),
	}
	return expand("crl", stateDoors, append(rules, revokedRules()...))
}

func revokedRules() []rule {
	reason := func(n int64) edit { return revoked(time.Hour, mint.ReasonCode(n)) }
	rules := []rule{
		{name: "revoked", what: "revoked an hour ago", standard: "RFC 5280 6.3.3 (i)", bad: revoked(time.Hour)},
		{name: "revoked_now", what: "revoked this very second", standard: "RFC 5280 6.3.3 (i)", bad: revoked(0)},
		{name: "key_compromise", what: "revoked because the key was lost", standard: "RFC 5280 5.3.1", bad: reason(1)},
		{name: "superseded", what: "revoked because there is another", standard: "RFC 5280 5.3.1", bad: reason(4)},
		{name: "hold", what: "on hold", standard: "RFC 5280 5.3.1", bad: reason(6)},
		{name: "removed_alone", what: "removeFromCRL in a complete list", standard: "RFC 5280 5.3.1", bad: reason(8), codes: "sig.revocation_unknown revocation.malformed", verdict: verify.Undecidable},
		{name: "invalid_since", what: "revoked in an hour, invalid since yesterday", standard: "RFC 5280 5.3.2", bad: revoked(-10*time.Minute, mint.InvalidityDate(Moment.AddDate(0, 0, -1)))},
		{name: "last_of_many", what: "the last of a thousand entries", standard: "RFC 5280 5.1.2.6",
			bad: crl(func(s *scene, l *mint.CRL) {
				for i := range 1000 {
					l.Entries = append(l.Entries, mint.Revoked(number(string(rune('a'+i))), Moment.Add(-time.Hour)))
				}
				l.Entries = append(l.Entries, mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Hour)))
			}),
			twin: crl(func(_ *scene, l *mint.CRL) {
				for i := range 1000 {
					l.Entries = append(l.Entries, mint.Revoked(number(string(rune('a'+i))), Moment.Add(-time.Hour)))
				}
			})},
		{name: "twice", what: "listed twice, the second time as removed", standard: "RFC 5280 5.1.2.6", bad: crl(func(s *scene, l *mint.CRL) {
			l.Entries = []mint.Entry{mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Hour)), mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Minute), mint.ReasonCode(1))}
		})},
		{name: "in_delta", what: "revoked by a delta", standard: "RFC 5280 6.3.3 (c)",
			bad: edit{answered: true, input: func(s *scene, in *Input) {
				delta := list(mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Hour)))
				delta.Extensions = []mint.Extension{mint.AKI(), mint.CRLNumber(6), mint.DeltaIndicator(5)}
				in.Answers = append(in.Answers, delta.Sign(s.Lowest()))
			}},
			twin: edit{answered: true, input: func(s *scene, in *Input) {
				delta := list(mint.Revoked(number("x"), Moment.Add(-time.Hour)))
				delta.Extensions = []mint.Extension{mint.AKI(), mint.CRLNumber(6), mint.DeltaIndicator(5)}
				in.Answers = append(in.Answers, delta.Sign(s.Lowest()))
			}}},
		{name: "ca_revoked", what: "the authority is revoked", standard: "RFC 5280 6.1.3 (a) (3)", codes: "sig.ca_revoked",
			bad: edit{rootCRL: func(s *scene, l *mint.CRL) {
				l.Entries = []mint.Entry{mint.Revoked(s.CA.Serial, Moment.Add(-time.Hour))}
			}}},
	}
	out := rules[:0]
	for _, r := range rules {
		if r.codes == "" {
			r.codes = "sig.cert_revoked"
		}
		r.with = edit{answered: true}
		out = append(out, r)
	}
	return out
}

// scopeCases are about lists that speak about some certificates only (RFC 5280 sections 4.2.1.13 and 5.2.5).
func scopeCases() []Case {
	one, two := mint.URI("http://corpus.example/one.crl"), mint.URI("http://corpus.example/two.crl")
	point := func(p mint.Point) edit { return leafWith(mint.CRLDP(p)) }
	at := func(n mint.GeneralName) mint.IDP { return mint.IDP{FullName: []mint.GeneralName{n}} }
	some, all := []int{1, 2, 3}, []int{1, 2, 3, 4, 5, 6, 7, 8}
	unknown := func(name, what, code string, bad, twin edit) rule {
		return rule{name: name, what: what, standard: "RFC 5280 6.3.3 (b)", codes: "sig.revocation_unknown revocation." + code, verdict: verify.Undecidable,
			with: edit{answered: true}, bad: bad, twin: twin}
	}
	both := func(a, b edit) edit { b.leaf = a.leaf; return b }
	lister := func(s *scene) *mint.Party {
		return mint.Certificate{Subject: mint.CN("lister"), Serial: number("lister"), Key: s.key("lister"), Extensions: mint.CAExtensions()}.Sign(s.Root)
	}
	indirect := func(scope mint.IDP, entries func(s *scene) []mint.Entry) edit {
		return edit{input: func(s *scene, in *Input) {
			p := lister(s)
			l := list()
			if entries != nil {
				l.Entries = entries(s)
			}
			l.Extensions = mint.Extensions(l.Extensions, scope.Extension())
			in.Answers[0] = l.Sign(p)
			in.Untrusted = append(in.Untrusted, p.DER)
		}}
	}
	named := leafWith(mint.CRLDP(mint.Point{Issuer: []mint.GeneralName{mint.Dir(mint.CN("lister"))}}))
	auditors := []Door{Certificate, Document}
	rules := []rule{
		unknown("authorities_only", "a list about authorities only", "scope", idp(mint.IDP{OnlyCAs: true}), idp(mint.IDP{OnlyUsers: true})),
		unknown("attributes_only", "a list about attribute certificates only", "scope", idp(mint.IDP{OnlyAttributes: true}), idp(mint.IDP{OnlyUsers: true})),
		unknown("other_point", "the list of another point", "scope", both(point(mint.Point{FullName: []mint.GeneralName{one}}), idp(at(two))), both(point(mint.Point{FullName: []mint.GeneralName{one}}), idp(at(one)))),
		unknown("path_in_other_case", "the list of a point in other letters", "scope", both(point(mint.Point{FullName: []mint.GeneralName{one}}), idp(at(mint.URI("http://corpus.example/One.crl")))),
			both(point(mint.Point{FullName: []mint.GeneralName{one}}), idp(at(mint.URI("HTTP://Corpus.Example/one.crl"))))),
		unknown("point_without_need", "the list of a point that the certificate does not name", "scope", idp(at(one)), edit{}),
		unknown("some_reasons", "a list for some reasons only", "reasons", idp(mint.IDP{Reasons: some}), idp(mint.IDP{Reasons: all})),
		unknown("point_some_reasons", "a point for some reasons only", "reasons", both(point(mint.Point{FullName: []mint.GeneralName{one}, Reasons: some}), idp(at(one))), both(point(mint.Point{FullName: []mint.GeneralName{one}}), idp(at(one)))),
		unknown("two_scopes", "a list about holders only and about authorities only", "malformed", idp(mint.IDP{OnlyUsers: true, OnlyCAs: true}), edit{}),
		unknown("empty_scope", "an issuing distribution point that says nothing", "malformed", idp(mint.IDP{}), edit{}),
		unknown("issuer_in_direct", "an entry of another issuer in a list that is not indirect", "malformed", crl(func(s *scene, l *mint.CRL) {
			l.Extensions = mint.Extensions(l.Extensions, mint.IDP{OnlyUsers: true}.Extension())
			l.Entries = []mint.Entry{mint.Revoked(number("x"), Moment.Add(-time.Hour), mint.CertificateIssuer(mint.Dir(s.Root.Name)))}
		}), idp(mint.IDP{OnlyUsers: true})),
		unknown("indirect_unnamed", "an indirect list that the certificate does not name", "no_source", indirect(mint.IDP{Indirect: true}, nil), edit{}),
		unknown("indirect_unmarked", "the list of the named issuer, not marked indirect", "scope", merge(named, indirect(mint.IDP{OnlyUsers: true}, nil)), merge(named, indirect(mint.IDP{Indirect: true}, nil))),
	}
	for i := range rules {
		if i >= len(rules)-2 {
			rules[i].only = auditors
		}
	}
	rules = append(rules, rule{name: "indirect_revoked", what: "revoked by an indirect list", standard: "RFC 5280 5.3.3", codes: "sig.cert_revoked", with: edit{answered: true}, only: auditors,
		bad: merge(named, indirect(mint.IDP{Indirect: true}, func(s *scene) []mint.Entry {
			return []mint.Entry{mint.Revoked(number("x"), Moment.Add(-time.Hour), mint.CertificateIssuer(mint.Dir(s.CA.Name))), mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Hour))}
		})),
		twin: merge(named, indirect(mint.IDP{Indirect: true}, func(s *scene) []mint.Entry {
			return []mint.Entry{mint.Revoked(s.Leaf.Serial, Moment.Add(-time.Hour), mint.CertificateIssuer(mint.Dir(s.TSA.Name)))}
		}))})
	return expand("scope", stateDoors, rules)
}
