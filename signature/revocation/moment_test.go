// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// TestMoment asks about one moment with answers made before and after it, by both kinds of answers.
// Times are hours from the moment; the clock stands ten hours after it.
func TestMoment(t *testing.T) {
	s := newScene(mint.P256)
	at := func(h float64) time.Time { return moment.Add(time.Duration(h * float64(hour))) }
	type said struct {
		this, next float64
		revoked    float64 // 0: not
		reason     int64
		invalidity float64 // 0: none
	}
	for _, tt := range []struct {
		name   string
		said   []said
		status revocation.Status
		code   string
		later  bool
	}{
		{"made before, reaches it", []said{{-1, 1, 0, 0, 0}}, good, "", false},
		{"made before, ends before", []said{{-2, -1, 0, 0, 0}}, unknown, revocation.CodeStale, false},
		{"made after", []said{{1, 2, 0, 0, 0}}, good, "", false},
		{"made after, ended before the clock", []said{{1, 2, 0, 0, 0}}, good, "", false},
		{"made after the clock", []said{{11, 12, 0, 0, 0}}, unknown, revocation.CodeEarly, false},
		{"revoked before", []said{{-1, 1, -2, 1, 0}}, revoked, "", false},
		{"revoked before, told after", []said{{1, 2, -2, 1, 0}}, revoked, "", false},
		{"revoked after", []said{{2, 3, 1, 1, 0}}, good, "", true},
		{"revoked after, doubted since before", []said{{2, 3, 1, 1, -1}}, revoked, "", false},
		{"revoked after, doubted since after", []said{{3, 4, 2, 1, 1}}, good, "", true},
		{"told before with a date after", []said{{-1, 1, 5, 1, 0}}, revoked, "", false},
		{"good before, revoked before told after", []said{{-1, 1, 0, 0, 0}, {1, 2, -0.5, 1, 0}}, revoked, "", false},
		{"good before, revoked after", []said{{-1, 1, 0, 0, 0}, {2, 3, 1, 1, 0}}, good, "", true},
		{"good long before, newer good", []said{{-9, -8, 0, 0, 0}, {-1, 1, 0, 0, 0}}, good, "", false},
		{"on hold before, released by the moment", []said{{-3, 3, -4, 6, 0}, {-1, 1, 0, 0, 0}}, good, "", false},
		{"on hold at the moment, released after", []said{{-1, 1, -2, 6, 0}, {1, 2, 0, 0, 0}}, revoked, "", false},
		{"stale before, good after", []said{{-3, -2, 0, 0, 0}, {1, 2, 0, 0, 0}}, good, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var crls, responses [][]byte
			for _, x := range tt.said {
				o := about(s, mint.StatusGood)
				var entries []mint.Entry
				var extra []mint.Extension
				a := &o.Answers[0]
				if x.invalidity != 0 {
					extra = append(extra, mint.InvalidityDate(at(x.invalidity)))
				}
				if x.revoked != 0 {
					entries = []mint.Entry{mint.Revoked(s.leaf.Serial, at(x.revoked), append(extra, mint.ReasonCode(x.reason))...)}
					a.Status, a.RevokedAt, a.Reason, a.Extensions = mint.StatusRevoked, at(x.revoked), x.reason, extra
				}
				a.This, a.Next, o.ProducedAt = at(x.this), at(x.next), at(x.this)
				crls = append(crls, dated(list(entries), at(x.this), at(x.next)).Sign(s.ca))
				responses = append(responses, o.Sign(s.ca))
			}
			mixed := append(append([][]byte{}, crls[:1]...), responses[1:]...)
			for kind, answers := range map[string][][]byte{"CRL": crls, "OCSP": responses, "both": append(append([][]byte{}, responses...), crls...), "mixed": mixed} {
				q := s.question(t)
				q.Now = at(10)
				r := kept(t, q, answers...)
				if r.Status != tt.status || r.RevokedLater != tt.later {
					t.Errorf("%s: %s, later %v, %v", kind, r.Status, r.RevokedLater, r.Problems)
					continue
				}
				expect(t, r, tt.status, tt.code)
				if tt.status != unknown {
					replay(t, q, r)
				}
				if (r.Status == revoked || r.RevokedLater) == r.RevokedAt.IsZero() {
					t.Errorf("%s: revoked at %v", kind, r.RevokedAt)
				}
			}
		})
	}
}

// TestAfterExpiry: when a certificate has ended its revocation may be dropped from the lists, so that
// later silence proves nothing (RFC 5280 section 3.3) unless they promise to keep it (X.509 section
// 9.5.2.8, RFC 6960 section 4.4.4).
func TestAfterExpiry(t *testing.T) {
	s := newScene(mint.P256)
	end := moment.Add(hour)
	s.leaf = mint.Certificate{Subject: mint.CN("leaf"), Key: mint.NewKey(mint.P256), NotAfter: end}.Sign(s.ca)
	stamp := func(oid string, at time.Time) mint.Extension {
		return mint.Raw(oid, false, append([]byte{0x18, 15}, at.Format("20060102150405Z")...))
	}
	const expiredCerts, cutoff = "2.5.29.60", "1.3.6.1.5.5.7.48.1.6"
	for _, tt := range []struct {
		name   string
		at     time.Time
		made   time.Time
		kept   time.Time
		status revocation.Status
	}{
		{"made before the end", moment, end.Add(-time.Second), time.Time{}, good},
		{"made after the end", moment, end.Add(time.Second), time.Time{}, unknown},
		{"made after the end, kept since", moment, end.Add(time.Second), end, good},
		{"made after the end, kept since later", moment, end.Add(time.Second), end.Add(time.Second), unknown},
		{"asked about a moment after the end", end.Add(2 * time.Second), end.Add(time.Second), time.Time{}, good},
	} {
		crl, ocsp := dated(list(nil), tt.made, tt.made.Add(hour)), about(s, mint.StatusGood)
		ocsp.Answers[0].This, ocsp.Answers[0].Next, ocsp.ProducedAt = tt.made, tt.made.Add(hour), tt.made
		if !tt.kept.IsZero() {
			crl.Extensions = append(crl.Extensions, stamp(expiredCerts, tt.kept))
			ocsp.Answers[0].Extensions = []mint.Extension{stamp(cutoff, tt.kept)}
		}
		for kind, answer := range map[string][]byte{"CRL": crl.Sign(s.ca), "OCSP": ocsp.Sign(s.ca)} {
			q := s.question(t)
			q.At, q.Now = tt.at, tt.made.AddDate(5, 0, 0)
			r := kept(t, q, answer)
			if r.Status != tt.status {
				t.Errorf("%s, %s: %s %v", tt.name, kind, r.Status, r.Problems)
			}
			if tt.status == unknown {
				expect(t, r, unknown, revocation.CodeAfterExpiry)
			}
		}
	}
}

// TestMaxAge bounds answers that are good for longer than one wants to rely on.
func TestMaxAge(t *testing.T) {
	s := newScene(mint.P256)
	crl := dated(list(nil), moment.Add(-2*hour), moment.AddDate(0, 1, 0)).Sign(s.ca)
	for age, status := range map[time.Duration]revocation.Status{hour: unknown, 2 * hour: good, 0: good} {
		a := &revocation.Archive{Answers: [][]byte{crl}, MaxAge: age, Skew: -1}
		if r := a.Check(t.Context(), s.question(t)); r.Status != status {
			t.Errorf("%v: %s %v", age, r.Status, r.Problems)
		}
	}
}

// TestLegacy takes signatures by algorithms for old data only when asked to.
func TestLegacy(t *testing.T) {
	s := newScene(mint.GOST2001A)
	answers := [][]byte{list(nil).Sign(s.ca), about(s, mint.StatusGood).Sign(s.ca), about(s, mint.StatusGood).Sign(responder(s.ca, mint.NoCheck()))}
	for i, answer := range answers {
		for _, legacy := range []bool{false, true} {
			a := &revocation.Archive{Answers: [][]byte{answer}, Legacy: legacy, Anchors: []*cert.Certificate{parse(t, s.root.DER)}}
			r := a.Check(t.Context(), s.question(t))
			if (r.Status == good) != legacy {
				t.Errorf("answer %d, legacy %v: %s %v", i, legacy, r.Status, r.Problems)
			}
		}
	}
}
