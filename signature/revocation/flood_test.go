// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// TestFlood: whoever adds answers to a signature can't hide a revocation behind so many of them that the
// one which tells of it is not looked at. The certificate was revoked an hour ago, and an answer of two
// hours ago that is still good does not know it.
func TestFlood(t *testing.T) {
	s := newScene(mint.P256)
	earlier := func(ago time.Duration) mint.OCSP {
		o := about(s, mint.StatusGood)
		o.Answers[0].This, o.ProducedAt = moment.Add(-ago), moment.Add(-ago)
		return o
	}
	stranger := mint.Root("stranger", mint.P256)
	old, told := earlier(2*hour).Sign(s.ca), list(since(s.leaf, hour)).Sign(s.ca)
	oldList := dated(list(nil), moment.Add(-2*hour), moment.Add(hour)).Sign(s.ca)
	aside := listKey(s, s.root) // lists under a key of its own, so in a scope of its own
	toldAside := list(since(s.leaf, hour)).Sign(aside)
	rootGood := list(nil).Sign(s.root)
	var responses, lists, scopes, newer [][]byte
	var twins []*mint.Party
	for n := range 60 {
		o := earlier(hour + time.Duration(n)*time.Second)
		o.ByName, o.Certificates = true, [][]byte{stranger.DER}
		responses = append(responses, o.Sign(stranger))
		forged := stranger.As(s.ca.Name)
		forged.SKI = s.ca.SKI
		lists = append(lists, dated(list(nil), moment.Add(-time.Duration(n)*time.Second), moment.Add(hour)).Sign(forged))
		forged.SKI = []byte{byte(n)}
		scopes = append(scopes, list(nil).Sign(forged))
		forged.SKI = aside.SKI
		newer = append(newer, dated(list(nil), moment.Add(-time.Duration(n)*time.Second), moment.Add(hour)).Sign(forged))
		if n < 10 {
			twins = append(twins, mint.Certificate{Subject: s.ca.Name, Key: mint.NewKey(mint.P256),
				Extensions: []mint.Extension{mint.SKIOf(aside.SKI)}}.Sign(stranger))
		}
	}
	join := func(lists ...[][]byte) (out [][]byte) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		answers [][]byte
		more    []*mint.Party
		without revocation.Status // the result without the flood
		flood   [][]byte
		twins   []*mint.Party
	}{
		{"forged OCSP responses before a CRL", [][]byte{old, told}, nil, revoked, responses, nil},
		{"forged CRLs before the one that tells", [][]byte{old, told}, nil, revoked, lists, nil},
		{"forged scopes before the one that tells", [][]byte{oldList, toldAside, rootGood}, []*mint.Party{aside}, revoked, scopes, nil},
		{"forged CRLs in the scope of the one that tells", [][]byte{oldList, toldAside, rootGood}, []*mint.Party{aside}, revoked, newer, nil},
		{"certificates of the signer's name", [][]byte{oldList, toldAside, rootGood}, []*mint.Party{aside}, revoked, nil, twins},
		{"forged CRLs, and nothing to tell", [][]byte{old}, nil, good, lists, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask := func(answers [][]byte, more ...*mint.Party) revocation.Result {
				q := s.question(t)
				for _, p := range more {
					q.Certificates = append(q.Certificates, parse(t, p.DER))
				}
				return (&revocation.Archive{Answers: answers, Skew: time.Minute, Anchors: []*cert.Certificate{q.Anchor}}).Check(t.Context(), q)
			}
			expect(t, ask(tt.answers, tt.more...), tt.without, "")
			for _, answers := range [][][]byte{join(tt.flood, tt.answers), join(tt.answers[:1], tt.flood, tt.answers[1:])} {
				if r := ask(answers, join2(tt.twins, tt.more)...); r.Status == good {
					t.Errorf("%s, %v", r.Status, r.Problems)
				}
			}
		})
	}
}

func join2(a, b []*mint.Party) []*mint.Party { return append(append([]*mint.Party{}, a...), b...) }

// TestManyStale: answers that are told by their times to be of no use cost nothing: a folder of old CRLs
// takes nothing from the new one, nor from other answers.
func TestManyStale(t *testing.T) {
	s := newScene(mint.P256)
	var answers [][]byte
	for n := range 30 {
		end := moment.Add(-time.Duration(n+1) * 24 * hour)
		answers = append(answers, dated(list(nil), end.Add(-24*hour), end).Sign(s.ca))
	}
	expect(t, kept(t, s.question(t), answers...), unknown, revocation.CodeStale)
	expect(t, kept(t, s.question(t), append(answers, about(s, mint.StatusGood).Sign(s.ca))...), good, "")
}
