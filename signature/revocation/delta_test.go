// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// TestDelta is RFC 5280 sections 5.2.4 and 6.3.3 (c), (h), (i) and (k), with the cases of PKITS 4.15.
func TestDelta(t *testing.T) {
	s := newScene(mint.P256)
	onHold := mint.ReasonCode(6)
	lifted := since(s.leaf, 30*time.Minute, mint.ReasonCode(8))
	// The delta is of half an hour ago.
	delta := func(n, base int64, entries []mint.Entry, extra ...mint.Extension) mint.CRL {
		return dated(numbered(n, entries, append(extra, mint.DeltaIndicator(base))...), moment.Add(-30*time.Minute), moment.Add(hour))
	}
	users := mint.IDP{OnlyUsers: true}.Extension()
	old := func(l mint.CRL) mint.CRL { return dated(l, moment.Add(-48*hour), moment.Add(-24*hour)) }
	for _, tt := range []struct {
		name        string
		base, delta mint.CRL
		status      revocation.Status
		code        string
		both        bool // the decision rests on both
	}{
		{"4.15.2: in neither", numbered(5, nil), delta(6, 5, nil), good, "", true},
		{"4.15.3: in the complete one", numbered(5, since(s.leaf, hour)), delta(6, 5, nil), revoked, "", true},
		{"4.15.4: in the delta", numbered(5, nil), delta(6, 5, since(s.leaf, 40*time.Minute)), revoked, "", true},
		{"4.15.5: on hold, and released", numbered(5, since(s.leaf, hour, onHold)), delta(6, 5, lifted), good, "", true},
		{"4.15.6: on hold, then revoked", numbered(5, since(s.leaf, hour, onHold)), delta(6, 5, since(s.leaf, 40*time.Minute, mint.ReasonCode(1))), revoked, "", true},
		{"revoked for good cannot be taken back", numbered(5, since(s.leaf, hour, mint.ReasonCode(1))), delta(6, 5, lifted), revoked, "", true},
		{"built on an older one", numbered(5, nil), delta(6, 3, since(s.leaf, hour)), revoked, "", true},
		{"4.15.8: built on a newer one", numbered(5, nil), delta(8, 6, since(s.leaf, hour)), good, "", false},
		{"not newer than the complete one", numbered(5, nil), delta(5, 4, since(s.leaf, hour)), good, "", false},
		{"4.15.9: complete one is stale, the delta is not", old(numbered(5, nil)), delta(6, 5, nil), good, "", true},
		{"4.15.10: complete one is stale, the delta does not fit", old(numbered(5, nil)), delta(8, 6, nil), unknown, revocation.CodeStale, false},
		{"both are stale", old(numbered(5, nil)), dated(delta(6, 5, nil), moment.Add(-40*hour), moment.Add(-20*hour)), unknown, revocation.CodeStale, false},
		{"same scope", numbered(5, nil, users), delta(6, 5, since(s.leaf, hour), users), revoked, "", true},
		{"other scope", numbered(5, nil), delta(6, 5, since(s.leaf, hour), users), good, "", false},
		{"complete one without a number", mint.CRL{ThisUpdate: moment.Add(-hour), NextUpdate: moment.Add(hour), Extensions: []mint.Extension{mint.AKI()}},
			delta(6, 5, since(s.leaf, hour)), good, "", false},
		{"the delta has an unknown critical extension", numbered(5, nil), delta(6, 5, since(s.leaf, hour), mint.Raw("1.2.3.4", true, []byte{5, 0})), good, "", false},
		{"released by a complete CRL", numbered(5, lifted), delta(6, 5, nil), unknown, revocation.CodeMalformed, false},
		{"released in the future of the moment", numbered(5, since(s.leaf, hour, onHold)),
			dated(delta(6, 5, lifted), moment.Add(2*time.Minute), moment.Add(hour)), revoked, "", false},
		{"marked as delta, not critical", numbered(5, nil), delta(6, 5, since(s.leaf, hour), mint.DeltaIndicator(5).NonCrit()), revoked, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "marked as delta, not critical" {
				tt.delta.Extensions = append(tt.delta.Extensions[:1:1], mint.CRLNumber(6), mint.DeltaIndicator(5).NonCrit())
			}
			q := s.question(t)
			q.Now = moment.Add(10 * time.Minute)
			r := kept(t, q, tt.delta.Sign(s.ca), tt.base.Sign(s.ca))
			expect(t, r, tt.status, tt.code)
			if tt.status != unknown {
				if (len(r.Supporting) == 1) != tt.both {
					t.Errorf("%d supporting answers", len(r.Supporting))
				}
				replay(t, q, r)
			}
		})
	}
	t.Run("4.15.1: no base", func(t *testing.T) {
		expect(t, kept(t, s.question(t), delta(6, 5, nil).Sign(s.ca)), unknown, revocation.CodeNoBase)
	})
	t.Run("a delta under another key is not taken", func(t *testing.T) {
		forged := delta(6, 5, lifted).Sign(s.ca.Using(mint.NewKey(mint.P256)))
		r := kept(t, s.question(t), numbered(5, since(s.leaf, hour, onHold)).Sign(s.ca), forged)
		expect(t, r, revoked, "")
	})
	t.Run("a delta without a number", func(t *testing.T) {
		l := delta(6, 5, nil)
		l.Extensions = []mint.Extension{mint.AKI(), mint.DeltaIndicator(5)}
		expect(t, kept(t, s.question(t), l.Sign(s.ca)), unknown, revocation.CodeMalformed)
	})
}
