// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func ocsp(f func(s *scene, o *mint.OCSP)) edit { return edit{ocsp: f, asked: true} }

func answer(f func(s *scene, a *mint.Answer)) edit {
	return ocsp(func(s *scene, o *mint.OCSP) { f(s, &o.Answers[0]) })
}

func responder(f func(s *scene, c *mint.Certificate)) edit { return edit{responder: f, asked: true} }

// by has another party answer.
func by(f func(s *scene) *mint.Party) edit {
	return edit{asked: true, issued: func(s *scene) { s.Responder = f(s) }}
}

// ocspCases are about OCSP answers (RFC 6960).
func ocspCases() []Case {
	rules := responderRules()
	for i := range rules {
		r := &rules[i]
		if r.verdict == "" {
			r.verdict = verify.Undecidable
		}
		if r.verdict == verify.Undecidable {
			r.codes = "sig.revocation_unknown " + r.codes
		}
		r.with = edit{asked: true}
	}
	return expand("ocsp", stateDoors, rules)
}

func responderRules() []rule {
	dated := func(this, next time.Duration) edit {
		return answer(func(_ *scene, a *mint.Answer) { a.This, a.Next = Moment.Add(this), Moment.Add(next) })
	}
	purpose := func(e ...mint.Extension) edit {
		return responder(func(s *scene, c *mint.Certificate) {
			without(mint.OIDExtKeyUsage)(s, c)
			adding(e)(s, c)
		})
	}
	return []rule{
		{name: "other_serial", what: "about another number", standard: "RFC 6960 3.2 (1)", codes: "revocation.no_source", bad: answer(func(_ *scene, a *mint.Answer) { a.Serial = number("x") })},
		{name: "other_issuer", what: "about the number of another issuer", standard: "RFC 6960 4.1.1", codes: "revocation.wrong_certificate", bad: answer(func(s *scene, a *mint.Answer) { a.Issuer = s.Root })},
		{name: "other_key", what: "about the issuer's name with another key", standard: "RFC 6960 4.1.1", codes: "revocation.wrong_certificate", bad: answer(func(s *scene, a *mint.Answer) { a.Issuer = s.Lowest().Using(s.key("stranger")) })},
		{name: "no_answer", what: "about nobody", standard: "RFC 6960 4.2.1", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Answers = nil })},
		{name: "unknown", what: "the responder does not know the certificate", standard: "RFC 6960 2.2", codes: "revocation.status_unknown", bad: answer(func(_ *scene, a *mint.Answer) { a.Status = mint.StatusUnknown })},
		{name: "revoked", what: "revoked an hour ago", standard: "RFC 6960 2.2", codes: "sig.cert_revoked", verdict: verify.Invalid, bad: answer(func(_ *scene, a *mint.Answer) { a.Status = mint.StatusRevoked })},
		{name: "hold", what: "on hold", standard: "RFC 6960 2.2", codes: "sig.cert_revoked", verdict: verify.Invalid, bad: answer(func(_ *scene, a *mint.Answer) { a.Status, a.Reason = mint.StatusRevoked, 6 })},
		{name: "revoked_of_two", what: "one answer good, one revoked", standard: "RFC 6960 2.2", codes: "revocation.malformed", bad: ocsp(func(_ *scene, o *mint.OCSP) {
			a := o.Answers[0]
			a.Status = mint.StatusRevoked
			o.Answers = append(o.Answers, a)
		})},
		{name: "stale", what: "the next was due an hour ago", standard: "RFC 6960 4.2.2.1", codes: "revocation.stale", bad: dated(-2*time.Hour, -time.Hour), twin: dated(-2*time.Hour, time.Second)},
		{name: "early", what: "made in an hour", standard: "RFC 6960 4.2.2.1", codes: "revocation.early", bad: dated(time.Hour, 2*time.Hour), twin: dated(0, 2*time.Hour)},
		{name: "flipped", what: "one bit of the signature", standard: "RFC 6960 3.2 (2)", codes: "revocation.signature", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.EditSignature = mint.FlipBit(-1) })},
		{name: "no_purpose", what: "a responder without the right to answer", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: purpose()},
		{name: "other_purpose", what: "a responder for servers", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: purpose(mint.EKU(mint.ServerAuth))},
		{name: "any_purpose", what: "a responder for any purpose", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: purpose(mint.EKU(mint.AnyUsage))},
		{name: "responder_expired", what: "the responder's certificate has ended", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: responder(func(_ *scene, c *mint.Certificate) { c.NotAfter = Moment.AddDate(0, -1, 0) })},
		{name: "responder_early", what: "the responder's certificate has not begun", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: responder(func(_ *scene, c *mint.Certificate) { c.NotBefore = Moment.AddDate(0, 1, 0) })},
		{name: "responder_critical", what: "an unknown critical extension of the responder", standard: "RFC 5280 4.2", codes: "revocation.signer", bad: responder(adding([]mint.Extension{unknownExtension(true)})), twin: responder(adding([]mint.Extension{unknownExtension(false)}))},
		{name: "responder_flipped", what: "a responder whose certificate does not hold", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: responder(func(_ *scene, c *mint.Certificate) { c.EditSignature = mint.FlipBit(-1) })},
		{name: "of_root", what: "a responder of the authority above", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: by(func(s *scene) *mint.Party {
			return mint.Certificate{Subject: mint.CN("responder"), Serial: number("r2"), Key: s.key("responder"), Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.SKI(), mint.AKI()}}.Sign(s.Root)
		})},
		{name: "of_stranger", what: "a responder under a root of nobody's", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: by(func(s *scene) *mint.Party {
			return mint.Certificate{Subject: mint.CN("responder"), Serial: number("r3"), Key: s.key("responder"), Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.SKI()}}.Sign(nil)
		})},
		{name: "by_leaf", what: "the holder about himself", standard: "RFC 6960 4.2.2.2", codes: "revocation.signer", bad: by(func(s *scene) *mint.Party { return s.Leaf })},
		{name: "responder_missing", what: "the responder's certificate is not inside", standard: "RFC 6960 4.2.1", codes: "revocation.signer", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Certificates = [][]byte{} })},
		{name: "responder_other_id", what: "names another responder than signed", standard: "RFC 6960 3.2 (3)", codes: "revocation.signer", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.ResponderID = asn.Explicit(2, asn.Octets(make([]byte, 20))) })},
		{name: "critical", what: "an unknown critical extension of the response", standard: "RFC 6960 4.4", codes: "revocation.critical_extension", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Extensions = []mint.Extension{unknownExtension(true)} }),
			twin: ocsp(func(_ *scene, o *mint.OCSP) { o.Extensions = []mint.Extension{unknownExtension(false)} })},
		{name: "answer_critical", what: "an unknown critical extension of the answer", standard: "RFC 6960 4.4", codes: "revocation.critical_extension", bad: answer(func(_ *scene, a *mint.Answer) { a.Extensions = []mint.Extension{unknownExtension(true)} }),
			twin: answer(func(_ *scene, a *mint.Answer) { a.Extensions = []mint.Extension{unknownExtension(false)} })},
		{name: "try_later", what: "a status in place of an answer", standard: "RFC 6960 4.2.1", codes: "", bad: edit{input: func(_ *scene, in *Input) { in.Answers[0] = mint.OCSPError(3) }}},
		{name: "status_6", what: "an answer beside the status unauthorized", standard: "RFC 6960 4.2.1", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Status = 6 })},
		{name: "other_type", what: "an answer of another type", standard: "RFC 6960 4.2.1", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Type = oidOther })},
		{name: "trailing", what: "an octet behind", standard: "X.690 8.1", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Edit = func(b []byte) []byte { return append(b, 0) } })},
		{name: "indefinite", what: "indefinite length", standard: "X.690 8.1.3.6", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Edit = indefinite })},
		{name: "truncated", what: "the last octet is missing", standard: "X.690 8.1.3", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Edit = func(b []byte) []byte { return b[:len(b)-1] } })},
		{name: "sha1", what: "signed with SHA-1", standard: "RFC 5754 3", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Outer = asn.Algorithm("1.2.840.113549.1.1.5", asn.Null()) })},
		{name: "version_2", what: "version 2", standard: "RFC 6960 4.2.1", codes: "", bad: ocsp(func(_ *scene, o *mint.OCSP) { o.Version = 2 })},
	}
}
