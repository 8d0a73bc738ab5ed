// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// about is a response about the leaf, made a minute before the moment and good for an hour.
func about(s *scene, status int, extra ...mint.Extension) mint.OCSP {
	a := mint.About(s.leaf, s.ca, status)
	a.This, a.Next, a.RevokedAt, a.Extensions = moment.Add(-time.Minute), moment.Add(hour), moment.Add(-hour), extra
	return mint.OCSP{Answers: []mint.Answer{a}, ProducedAt: moment.Add(-time.Minute)}
}

// responder makes a certificate for signing answers.
func responder(by *mint.Party, extra ...mint.Extension) *mint.Party {
	return mint.Certificate{
		Subject: mint.CN("responder"), Key: mint.NewKey(mint.P256),
		Extensions: append([]mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.SKI(), mint.AKI()}, extra...),
	}.Sign(by)
}

// TestResponse is RFC 6960 section 4.2: form, identifiers, statuses and extensions of one response.
func TestResponse(t *testing.T) {
	s := newScene(mint.P256)
	other := &scene{s.root, s.ca, mint.Leaf("other", mint.P256, s.ca)}
	twin := mint.CA("centre", mint.P256, s.root) // same name, other key
	answer := func(change func(*mint.Answer)) func(*mint.OCSP) {
		return func(o *mint.OCSP) { change(&o.Answers[0]) }
	}
	const malformed = revocation.CodeMalformed
	for _, tt := range []struct {
		name   string
		change func(*mint.OCSP)
		status revocation.Status
		code   string
	}{
		{"good", func(*mint.OCSP) {}, good, ""},
		{"revoked", answer(func(a *mint.Answer) { a.Status = mint.StatusRevoked }), revoked, ""},
		{"on hold", answer(func(a *mint.Answer) { a.Status, a.Reason = mint.StatusRevoked, 6 }), revoked, ""},
		{"unknown", answer(func(a *mint.Answer) { a.Status = mint.StatusUnknown }), unknown, revocation.CodeStatusUnknown},
		{"two states are no state", answer(func(a *mint.Answer) { a.StatusDER = []byte{0x80, 0, 0x82, 0} }), unknown, malformed},
		{"good with content", answer(func(a *mint.Answer) { a.StatusDER = []byte{0x80, 1, 0} }), unknown, malformed},
		{"4.2.1: byName", func(o *mint.OCSP) { o.ByName = true }, good, ""},
		{"4.2.1: named as another", func(o *mint.OCSP) { o.ResponderID = asn.Explicit(1, s.root.Name) }, unknown, revocation.CodeSigner},
		{"4.2.1: key of another", func(o *mint.OCSP) { o.ResponderID = asn.Explicit(2, asn.Octets(twin.Key.ID())) }, unknown, revocation.CodeSigner},
		{"4.2.1: version 2", func(o *mint.OCSP) { o.Version = 2 }, unknown, malformed},
		{"4.2.1: other response type", func(o *mint.OCSP) { o.Type = "1.2.3.4" }, unknown, malformed},
		{"signature, one bit", func(o *mint.OCSP) { o.EditSignature = mint.FlipBit(-1) }, unknown, revocation.CodeSignature},
		{"no certificate sent along", func(o *mint.OCSP) { o.Certificates = [][]byte{} }, good, ""},
		{"bytes behind the end", func(o *mint.OCSP) { o.Edit = func(b []byte) []byte { return append(b, 0) } }, unknown, malformed},
		{"4.1.1: SHA-256 identifiers", answer(func(a *mint.Answer) { a.Hash = mint.SHA256 }), good, ""},
		{"4.1.1: SHA-512 identifiers", answer(func(a *mint.Answer) { a.Hash = mint.SHA512 }), good, ""},
		{"4.1.1: Streebog-256 identifiers", answer(func(a *mint.Answer) { a.Hash = mint.Streebog256 }), good, ""},
		{"4.1.1: MD5 identifiers", answer(func(a *mint.Answer) { a.Hash = mint.MD5 }), unknown, revocation.CodeWrongCertificate},
		{"4.1.1: another serial", answer(func(a *mint.Answer) { a.Serial = other.leaf.Serial }), unknown, revocation.CodeNoSource},
		{"4.1.1: another key of the issuer", answer(func(a *mint.Answer) { a.Issuer = twin }), unknown, revocation.CodeWrongCertificate},
		{"3.2: beside another's", func(o *mint.OCSP) {
			o.Answers = append(about(other, mint.StatusRevoked).Answers, o.Answers...)
		}, good, ""},
		{"two answers that differ", func(o *mint.OCSP) { o.Answers = append(o.Answers, about(s, mint.StatusRevoked).Answers...) }, unknown, malformed},
		{"two answers that agree, by two hashes", func(o *mint.OCSP) {
			o.Answers = append(o.Answers, o.Answers[0])
			o.Answers[1].Hash = mint.SHA256
		}, good, ""},
		{"no answers", func(o *mint.OCSP) { o.Answers = nil }, unknown, malformed},
		{"2.4: produced in the future", func(o *mint.OCSP) { o.ProducedAt = moment.Add(2 * time.Minute) }, unknown, revocation.CodeEarly},
		{"2.4: thisUpdate in the future", answer(func(a *mint.Answer) { a.This = moment.Add(2 * time.Minute) }), unknown, revocation.CodeEarly},
		{"2.4: nextUpdate in the past", answer(func(a *mint.Answer) { a.This, a.Next = moment.Add(-hour), moment.Add(-2*time.Minute) }), unknown, revocation.CodeStale},
		{"nextUpdate before thisUpdate", answer(func(a *mint.Answer) { a.Next = a.This.Add(-time.Second) }), unknown, malformed},
		{"4.2.2.1: no nextUpdate, new", answer(func(a *mint.Answer) { a.NoNext = true }), good, ""},
		{"4.2.2.1: no nextUpdate, an hour old", answer(func(a *mint.Answer) { a.NoNext, a.This = true, moment.Add(-hour) }), unknown, revocation.CodeStale},
		{"4.4: unknown extension", func(o *mint.OCSP) { o.Extensions = []mint.Extension{mint.Raw("1.2.3.4", false, []byte{5, 0})} }, good, ""},
		{"4.4: unknown critical extension", func(o *mint.OCSP) { o.Extensions = []mint.Extension{mint.Raw("1.2.3.4", true, []byte{5, 0})} }, unknown, revocation.CodeCriticalExtension},
		{"4.4: extension twice", func(o *mint.OCSP) {
			o.Extensions = []mint.Extension{mint.Raw("1.2.3.4", false, []byte{5, 0}), mint.Raw("1.2.3.4", false, []byte{5, 0})}
		}, unknown, malformed},
		{"4.4: unknown critical single extension", answer(func(a *mint.Answer) { a.Extensions = []mint.Extension{mint.Raw("1.2.3.4", true, []byte{5, 0})} }), unknown, revocation.CodeCriticalExtension},
		{"4.4: another's critical single extension", func(o *mint.OCSP) {
			o.Answers = append(o.Answers, about(other, mint.StatusGood, mint.Raw("1.2.3.4", true, []byte{5, 0})).Answers...)
		}, good, ""},
		{"4.4.2: CRL reference", answer(func(a *mint.Answer) {
			a.Extensions = []mint.Extension{mint.Raw("1.3.6.1.5.5.7.48.1.3", false, asn.Seq(asn.Explicit(1, asn.Int(7))))}
		}), good, ""},
		{"4.4.8: revoked since 1970 because never issued", func(o *mint.OCSP) {
			o.Extensions = []mint.Extension{mint.Raw("1.3.6.1.5.5.7.48.1.9", false, []byte{5, 0})}
			o.Answers[0].Status, o.Answers[0].Reason, o.Answers[0].RevokedAt = mint.StatusRevoked, 6, time.Unix(0, 0).UTC()
		}, revoked, ""},
		{"basic response alone", func(o *mint.OCSP) { o.Edit = func([]byte) []byte { return about(s, mint.StatusGood).Basic(s.ca) } }, good, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := about(s, mint.StatusGood)
			tt.change(&o)
			r := kept(t, s.question(t), o.Sign(s.ca))
			expect(t, r, tt.status, tt.code)
			if tt.status != unknown {
				replay(t, s.question(t), r)
			}
		})
	}
	for status, word := range map[int64]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized", 4: "response status 4", 7: "response status 7"} {
		r := kept(t, s.question(t), mint.OCSPError(status))
		if r.Status != unknown || len(r.Problems) != 2 || r.Problems[1].Detail != word {
			t.Errorf("status %d: %v", status, r.Problems)
		}
	}
}

// TestDelegation is RFC 6960 section 4.2.2.2: who may answer for the issuer, and what his own state means.
func TestDelegation(t *testing.T) {
	s := newScene(mint.P256)
	twin := mint.CA("centre", mint.P256, s.root)
	spare := func(change func(*mint.Certificate)) *mint.Party {
		c := mint.Certificate{Subject: mint.CN("responder"), Key: mint.NewKey(mint.P256),
			Extensions: []mint.Extension{mint.EKU(mint.OCSPSigning), mint.NoCheck()}}
		change(&c)
		return c.Sign(s.ca)
	}
	usual := responder(s.ca, mint.NoCheck())
	// CRLs of a point of their own speak about responders and not about the leaf.
	place := mint.URI("http://example.org/responders.crl")
	asked := responder(s.ca, mint.CRLDP(mint.Point{FullName: []mint.GeneralName{place}}))
	scope := mint.IDP{FullName: []mint.GeneralName{place}}.Extension()
	revokedOne := list(since(asked, 2*hour), scope).Sign(s.ca)
	goodOne := list(nil, scope).Sign(s.ca)
	for _, tt := range []struct {
		name   string
		by     *mint.Party
		rest   [][]byte
		status revocation.Status
		code   string
		told   bool
	}{
		{"a responder with nocheck", usual, nil, good, "", false},
		{"its state good", asked, [][]byte{goodOne}, good, "", false},
		{"its state unknown", asked, nil, good, "", true},
		{"revoked", asked, [][]byte{revokedOne}, unknown, revocation.CodeSignerRevoked, false},
		{"no purpose", spare(func(c *mint.Certificate) { c.Extensions = nil }), nil, unknown, revocation.CodeSigner, false},
		{"another purpose", spare(func(c *mint.Certificate) { c.Extensions = []mint.Extension{mint.EKU(mint.ServerAuth)} }), nil, unknown, revocation.CodeSigner, false},
		{"any purpose is not this purpose", spare(func(c *mint.Certificate) { c.Extensions = []mint.Extension{mint.EKU(mint.AnyUsage)} }), nil, unknown, revocation.CodeSigner, false},
		{"key may not sign", spare(func(c *mint.Certificate) { c.Extensions = append(c.Extensions, mint.KeyUsage(mint.KeyEncipherment)) }), nil, unknown, revocation.CodeSigner, false},
		{"key may only sign for good", spare(func(c *mint.Certificate) { c.Extensions = append(c.Extensions, mint.KeyUsage(mint.NonRepudiation)) }), nil, good, "", false},
		{"critical extension", spare(func(c *mint.Certificate) {
			c.Extensions = append(c.Extensions, mint.Raw("1.2.3.4", true, []byte{5, 0}))
		}), nil, unknown, revocation.CodeSigner, false},
		{"out of its validity", spare(func(c *mint.Certificate) { c.NotAfter = moment.Add(-time.Second) }), nil, unknown, revocation.CodeSigner, false},
		{"of the issuer's name over another key", responder(twin, mint.NoCheck()), nil, unknown, revocation.CodeSigner, false},
		{"of the root, not of the issuer", responder(s.root, mint.NoCheck()), nil, unknown, revocation.CodeSigner, false},
		{"an authority above", s.root, nil, unknown, revocation.CodeSigner, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, byName := range []bool{false, true} {
				o := about(s, mint.StatusGood)
				o.ByName = byName
				r := kept(t, s.question(t), append([][]byte{o.Sign(tt.by)}, tt.rest...)...)
				expect(t, r, tt.status, tt.code)
				if tt.status != good {
					continue
				}
				if (len(r.Problems) == 1) != tt.told {
					t.Errorf("told %v", r.Problems)
				}
				replay(t, s.question(t), r)
			}
		})
	}
	strict := &revocation.Archive{Answers: [][]byte{about(s, mint.StatusGood).Sign(asked)}, Responders: revocation.ResponderGood}
	expect(t, strict.Check(t.Context(), s.question(t)), unknown, revocation.CodeSignerUnknown)
	elsewhere := about(s, mint.StatusGood)
	elsewhere.Certificates = [][]byte{}
	q := s.question(t, usual)
	r := kept(t, q, elsewhere.Sign(usual))
	expect(t, r, good, "")
	if len(r.Certificates) != 1 {
		t.Error("the responder's certificate is not kept")
	}
	replay(t, q, r)
	expect(t, kept(t, s.question(t), elsewhere.Sign(usual)), unknown, revocation.CodeSigner)
}
