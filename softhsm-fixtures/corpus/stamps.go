// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"slices"
	"strings"
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func stamp(f func(s *scene, t *mint.TST)) edit { return edit{stamp: f, stamped: true} }

func tsa(f func(s *scene, c *mint.Certificate)) edit { return edit{tsa: f, stamped: true} }

// aged is a signature whose certificate has ended since, so that only a timestamp of before keeps it.
func aged() edit {
	return edit{
		stamped: true,
		leaf:    func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.AddDate(0, -1, 0) },
		root: func(s *scene, _ *mint.Certificate) {
			s.Signed = Moment.AddDate(0, -2, 0)
			s.Stamped = s.Signed.Add(time.Minute)
		},
	}
}

// stampCases are about timestamps over signatures (RFC 3161, RFC 5816).
func stampCases() []Case {
	rules := slices.Concat(infoRules(), tsaRules(), tokenRules())
	for i := range rules {
		r := &rules[i]
		if !strings.HasPrefix(r.codes, "sig.cert_expired") {
			r.codes = "sig.cert_expired sig.timestamp_unusable " + r.codes
		}
		r.with = aged()
	}
	return expand("timestamp", []Door{Document}, rules)
}

func infoRules() []rule {
	gt := func(text string) edit {
		return stamp(func(_ *scene, t *mint.TST) { t.TimeDER = asn.String(asn.TagGeneralizedTime, text) })
	}
	return []rule{
		{name: "other_bytes", what: "over other bytes", standard: "RFC 3161 2.4.2", codes: "timestamp.imprint", bad: stamp(func(_ *scene, t *mint.TST) { t.Message = []byte("another") })},
		{name: "content", what: "over the content in place of the signature", standard: "RFC 5126 6.1.1", codes: "timestamp.imprint", bad: stamp(func(s *scene, t *mint.TST) { t.Message = s.text })},
		{name: "imprint_cut", what: "a digest without its last octet", standard: "RFC 3161 2.4.1", codes: "timestamp.malformed", bad: stamp(func(s *scene, t *mint.TST) { d := s.TSA.Key.Digest.Sum(t.Message); t.Imprint = d[:len(d)-1] })},
		{name: "imprint_sha1", what: "a digest by SHA-1", standard: "RFC 3161 2.4.1", codes: "timestamp.algorithm", bad: stamp(func(_ *scene, t *mint.TST) { t.Digest = mint.SHA1 }), twin: stamp(func(_ *scene, t *mint.TST) { t.Digest = mint.SHA256 })},
		{name: "imprint_md5", what: "a digest by MD5", standard: "RFC 3161 2.4.1", codes: "timestamp.algorithm", bad: stamp(func(_ *scene, t *mint.TST) { t.Digest = mint.MD5 })},
		{name: "version_2", what: "version 2", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.Version = 2 })},
		{name: "no_seconds", what: "a time without seconds", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: gt("202609221200Z"), twin: gt("20260922120000Z")},
		{name: "offset", what: "a time with an offset", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: gt("20260922120000+0300")},
		{name: "fraction_zero", what: "a fraction that ends in zero", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: gt("20260922120000.50Z"), twin: gt("20260922120000.5Z")},
		{name: "accuracy_1000_ms", what: "an accuracy of 1000 milliseconds", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.Accuracy = asn.Seq(asn.Context(0, []byte{3, 0xe8})) })},
		{name: "accuracy_negative", what: "an accuracy below zero", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.Accuracy = asn.Seq(asn.Int(-1)) })},
		{name: "critical", what: "an unknown critical extension", standard: "RFC 3161 2.4.2", codes: "timestamp.extension", bad: stamp(func(_ *scene, t *mint.TST) { t.Extensions = []mint.Extension{unknownExtension(true)} }),
			twin: stamp(func(_ *scene, t *mint.TST) { t.Extensions = []mint.Extension{unknownExtension(false)} })},
		{name: "other_name", what: "names another authority than signed", standard: "RFC 3161 2.4.2", codes: "timestamp.tsa_name", bad: stamp(func(s *scene, t *mint.TST) { t.TSA = mint.Dir(s.Root.Name) }),
			twin: stamp(func(s *scene, t *mint.TST) { t.TSA = mint.Dir(s.TSA.Name) })},
		{name: "trailing", what: "an octet behind TSTInfo", standard: "X.690 8.1", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.EditInfo = func(b []byte) []byte { return append(b, 0) } })},
		{name: "indefinite", what: "TSTInfo of indefinite length", standard: "X.690 8.1.3.6", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.EditInfo = indefinite })},
		{name: "after_end", what: "made after the certificate had ended", standard: "EN 319 102-1 5.5.4", codes: "sig.cert_expired", bad: stamp(func(_ *scene, t *mint.TST) { t.Time = Moment.AddDate(0, -1, 1) })},
		{name: "in_future", what: "made tomorrow", standard: "RFC 3161 2.4.2", codes: "sig.timestamp_time", bad: stamp(func(_ *scene, t *mint.TST) { t.Time = Moment.AddDate(0, 0, 1) })},
	}
}

func tsaRules() []rule {
	ext := func(e ...mint.Extension) edit { return tsa(adding(e)) }
	return []rule{
		{name: "no_purpose", what: "an authority without a purpose", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: tsa(without(mint.OIDExtKeyUsage))},
		{name: "purpose_not_critical", what: "the purpose is not critical", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: ext(mint.EKU(mint.TimeStamping))},
		{name: "purpose_more", what: "an authority for timestamps and mail", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: ext(mint.EKU(mint.TimeStamping, mint.EmailProtection).Crit())},
		{name: "purpose_any", what: "an authority for any purpose", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: ext(mint.EKU(mint.AnyUsage).Crit())},
		{name: "key_usage", what: "an authority whose key may not sign", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: ext(mint.KeyUsage(mint.KeyEncipherment))},
		{name: "by_holder", what: "by a holder's certificate", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: edit{issued: func(s *scene) { s.TSA = s.Leaf }}},
		{name: "by_ca", what: "by the certificate authority", standard: "RFC 3161 2.3", codes: "timestamp.purpose", bad: edit{issued: func(s *scene) { s.TSA = s.CA }}},
		{name: "authority_ended", what: "the authority's certificate ended before the time", standard: "RFC 3161 4", codes: "sig.timestamp_time", bad: tsa(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.AddDate(0, -3, 0) })},
		{name: "authority_ended_since", what: "the authority's certificate has ended since", standard: "RFC 3161 4", codes: "sig.timestamp_time", bad: tsa(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.Add(-time.Second) }),
			twin: tsa(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment })},
		{name: "authority_early", what: "the authority's certificate began after the time", standard: "RFC 3161 4", codes: "", bad: tsa(func(_ *scene, c *mint.Certificate) { c.NotBefore = Moment.AddDate(0, -1, 0) })},
		{name: "authority_flipped", what: "the authority's certificate does not hold", standard: "RFC 5280 6.1.3 (a) (1)", codes: "chain.signature", bad: tsa(func(_ *scene, c *mint.Certificate) { c.EditSignature = mint.FlipBit(-1) })},
		{name: "authority_critical", what: "an unknown critical extension of the authority", standard: "RFC 5280 6.1.5 (f)", codes: "chain.critical_extension", bad: ext(unknownExtension(true)), twin: ext(unknownExtension(false))},
		{name: "authority_stranger", what: "an authority under a root of nobody's", standard: "RFC 5280 6.1", codes: "chain.no_anchor", bad: edit{issued: func(s *scene) {
			root := mint.Certificate{Subject: mint.CN("stranger root"), Serial: number("stranger root"), Key: s.key("stranger root"), Extensions: mint.CAExtensions()}.Sign(nil)
			s.TSA = mint.Certificate{Subject: s.TSA.Name, Serial: s.TSA.Serial, Key: s.TSA.Key, Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(), mint.SKI(), mint.AKI()}}.Sign(root)
		}}},
		{name: "authority_revoked", what: "the authority was revoked before the time", standard: "RFC 3161 4", codes: "sig.cert_revoked", bad: revokedTSA(Moment.AddDate(0, -3, 0), 4), twin: revokedTSA(Moment.AddDate(0, 0, -1), 4)},
		{name: "authority_key_lost", what: "the authority's key was lost after the time", standard: "RFC 3161 4", codes: "sig.cert_revoked", bad: revokedTSA(Moment.AddDate(0, 0, -1), 1), twin: revokedTSA(Moment.AddDate(0, 0, -1), 4)},
	}
}

// revokedTSA has the root revoke the authority of timestamps, and answers about everybody else.
func revokedTSA(at time.Time, reason int64) edit {
	return edit{answered: true,
		rootCRL: func(s *scene, l *mint.CRL) {
			l.Entries = []mint.Entry{mint.Revoked(s.TSA.Serial, at, mint.ReasonCode(reason))}
		},
		input: func(s *scene, in *Input) {
			// The list about the leaf is one of its lifetime.
			old := list()
			old.ThisUpdate, old.NextUpdate = s.Stamped.Add(-time.Hour), s.Stamped.AddDate(0, 1, 0)
			in.Answers[0] = old.Sign(s.Lowest())
		},
	}
}

func tokenRules() []rule {
	return []rule{
		{name: "flipped", what: "one bit of the token's signature", standard: "RFC 5652 5.4", codes: "timestamp.signature", bad: stamp(func(_ *scene, t *mint.TST) { t.Signer.EditSignature = mint.FlipBit(-1) })},
		{name: "other_key", what: "signed by another key under the authority's certificate", standard: "RFC 5652 5.4", codes: "timestamp.signature", bad: stamp(func(s *scene, t *mint.TST) { t.Signer.By = s.TSA.Using(s.key("stranger")) })},
		{name: "not_bound", what: "nothing binds the authority's certificate", standard: "RFC 5816 2.2.1", codes: "timestamp.signing_certificate", bad: stamp(func(_ *scene, t *mint.TST) { t.Signer.Drop = []string{mint.OIDSigningCertificateV2} })},
		{name: "bound_to_other", what: "another certificate is bound", standard: "RFC 5816 2.2.1", codes: "timestamp.signing_certificate", bad: stamp(func(s *scene, t *mint.TST) {
			t.Signer.Drop = []string{mint.OIDSigningCertificateV2}
			t.Signer.Extra = []mint.Attribute{{OID: "kept", Raw: mint.SigningCertificate(s.TSA.Key.Digest, s.Root).DER()}}
		})},
		{name: "no_attributes", what: "a token without signed attributes", standard: "RFC 3161 2.4.2", codes: "timestamp.signing_certificate", bad: stamp(func(_ *scene, t *mint.TST) { t.Signer.NoAttributes = true })},
		{name: "content_type", what: "content of type Data", standard: "RFC 3161 2.4.2", codes: "timestamp.content_type", bad: stamp(func(_ *scene, t *mint.TST) { t.Signed.ContentType = mint.OIDData })},
		{name: "detached", what: "a token without its content", standard: "RFC 3161 2.4.2", codes: "timestamp.malformed", bad: stamp(func(_ *scene, t *mint.TST) { t.Signed.Detached = true })},
		{name: "two_signers", what: "two signers of a token", standard: "RFC 3161 2.4.2", codes: "timestamp.signers", bad: stamp(func(s *scene, t *mint.TST) {
			t.Signed.Signers = []mint.Signer{{By: s.TSA, At: s.Stamped}, {By: s.Leaf, At: s.Stamped}}
		})},
		{name: "certificate_missing", what: "the authority's certificate is nowhere", standard: "RFC 3161 2.4.2", codes: "timestamp.certificate", bad: stamp(func(_ *scene, t *mint.TST) { t.Signed.Certificates = [][]byte{} })},
		{name: "response", what: "the authority's whole answer in place of its token", standard: "RFC 5126 6.1.1", codes: "timestamp.malformed", bad: signer(func(s *scene, g *mint.Signer) {
			g.Unsigned = []func([]byte) mint.Attribute{func(signature []byte) mint.Attribute {
				a := s.token(signature)
				return attribute(mint.OIDSignatureTimestamp, mint.Granted(a.Values[0]))
			}}
		})},
		{name: "missing", what: "no timestamp at all", standard: "RFC 5126 6.1.1", codes: "sig.cert_expired", bad: signer(func(_ *scene, g *mint.Signer) { g.Unsigned = nil })},
		{name: "of_other_signature", what: "the timestamp of another signature", standard: "RFC 5126 6.1.1", codes: "timestamp.imprint", bad: signer(func(s *scene, g *mint.Signer) {
			g.Unsigned = []func([]byte) mint.Attribute{func([]byte) mint.Attribute { return s.token([]byte("another")) }}
		})},
	}
}

// momentCases are about revocation before and after the moment of signing, with and without a proof of it.
func momentCases() []Case {
	before, after := Moment.AddDate(0, 0, -3), Moment.AddDate(0, 0, -1)
	signed := edit{answered: true, root: func(s *scene, _ *mint.Certificate) {
		s.Signed = Moment.AddDate(0, 0, -2)
		s.Stamped = s.Signed.Add(time.Minute)
	}}
	stamped := signed
	stamped.stamped = true
	on := func(at time.Time, e ...mint.Extension) edit {
		return edit{crl: func(s *scene, l *mint.CRL) { l.Entries = append(l.Entries, mint.Revoked(s.Leaf.Serial, at, e...)) }}
	}
	caOn := func(at time.Time) edit {
		return edit{rootCRL: func(s *scene, l *mint.CRL) { l.Entries = append(l.Entries, mint.Revoked(s.CA.Serial, at)) }}
	}
	return expand("moment", []Door{Document}, []rule{
		{name: "stamped_revoked_before", what: "stamped after it was revoked", standard: "EN 319 102-1 5.5.4", codes: "sig.cert_revoked", with: stamped, bad: on(before), twin: on(after)},
		{name: "stamped_revoked_later", what: "stamped before it was revoked: it holds, and that is told", standard: "EN 319 102-1 5.5.4", codes: "sig.revoked_later sig.timestamp", verdict: verify.Valid, with: stamped, bad: on(after)},
		{name: "stamped_invalid_before", what: "stamped before it was revoked, the key doubted since before", standard: "RFC 5280 5.3.2", codes: "sig.cert_revoked", with: stamped, bad: on(after, mint.InvalidityDate(before)), twin: on(after, mint.InvalidityDate(after))},
		{name: "revoked_before", what: "signed after it was revoked, without a timestamp", standard: "EN 319 102-1 5.3.4", codes: "sig.cert_revoked", with: signed, bad: on(before)},
		{name: "revoked_after", what: "signed before it was revoked as the signer claims, without a timestamp", standard: "EN 319 102-1 5.3.4", codes: "sig.cert_revoked", with: signed, bad: on(after)},
		{name: "stamped_ca_revoked_before", what: "stamped after the authority was revoked", standard: "EN 319 102-1 5.5.4", codes: "sig.ca_revoked", with: stamped, bad: caOn(before), twin: caOn(after)},
		{name: "ca_revoked_after", what: "the authority was revoked after signing, without a timestamp", standard: "EN 319 102-1 5.3.4", codes: "sig.ca_revoked", with: signed, bad: caOn(after)},
		{name: "list_after_end", what: "stamped in time; the only list was made when the certificate had ended", standard: "RFC 5280 3.3", codes: "sig.revocation_unknown revocation.after_expiry", verdict: verify.Undecidable,
			with: merge(stamped, leaf(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.AddDate(0, 0, -1) })),
			bad:  crl(func(_ *scene, l *mint.CRL) { l.ThisUpdate = Moment.Add(-time.Hour) }),
			twin: crl(func(_ *scene, l *mint.CRL) { l.ThisUpdate = Moment.AddDate(0, 0, -1).Add(-time.Hour) })},
		{name: "claimed_in_future", what: "the signer claims a time of tomorrow: that is told", standard: "RFC 5652 11.3", codes: "sig.signing_time", verdict: verify.Valid, bad: signer(func(_ *scene, g *mint.Signer) { g.At = Moment.AddDate(0, 0, 1) })},
		{name: "unstamped_expired", what: "signed in the certificate's time as the signer claims, which has ended since", standard: "EN 319 102-1 5.3.4", codes: "sig.cert_expired", with: signed,
			bad: leaf(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.AddDate(0, 0, -1) }), twin: leaf(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment })},
	})
}
