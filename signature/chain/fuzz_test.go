// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// dice makes decisions from bytes; when they end every decision is the first.
type dice struct{ b []byte }

func (d *dice) roll(n int) int {
	if len(d.b) == 0 {
		return 0
	}
	v := int(d.b[0])
	d.b = d.b[1:]
	return v % n
}

// seldom is true once in n times.
func (d *dice) seldom(n int) bool { return d.roll(n) == n-1 }

func (d *dice) some(list ...string) (out []string) {
	for _, s := range list {
		if d.roll(2) == 1 {
			out = append(out, s)
		}
	}
	return out
}

// spellings are names, some of which are the same.
var spellings = [][]mint.Name{
	{mint.DN("C=RU", "O=A"), mint.DN("C=ru", "O=a")}, {mint.DN("C=RU", "O=A", "CN=sub"), mint.DN("C=RU", "O= a ", "CN=SUB")},
	{mint.DN("C=RU", "O=B")}, {mint.DN("C=US", "O=C"), mint.DN("C=US", "O=c")}, {mint.DN("O=A")},
}

func (d *dice) name(i int) mint.Name { return spellings[i][d.roll(len(spellings[i]))] }

// certificate makes one certificate; authorities sign with the key of their name, mostly.
func (d *dice) certificate(holder bool) *mint.Party {
	subject := d.roll(len(spellings))
	issuer := (subject + 1) % len(spellings) // makes long paths likely
	if d.roll(2) == 1 {
		issuer = d.roll(len(spellings))
	}
	signer := issuer
	if d.seldom(12) {
		signer = d.roll(len(keys))
	}
	key := subject
	if d.seldom(8) {
		key = len(spellings) + d.roll(2)
	}
	if d.seldom(8) {
		signer = len(spellings) + d.roll(2)
	}
	c := mint.Certificate{Subject: d.name(subject), Key: keys[key], Extensions: []mint.Extension{mint.SKI()}}
	authority := !holder && !d.seldom(20)
	if authority {
		pathLen := -1
		if d.seldom(6) {
			pathLen = d.roll(3)
		}
		c.Extensions = append(c.Extensions, mint.BasicConstraints(true, pathLen))
		if d.seldom(20) {
			c.Extensions = append(c.Extensions, mint.KeyUsage(mint.CRLSign))
		}
		d.constrain(&c)
	}
	if d.seldom(20) {
		c.NotAfter = moment.Add(-time.Hour)
	}
	if d.seldom(40) {
		c.Extensions = append(c.Extensions, private)
	}
	if !d.seldom(6) {
		if list := d.some(p1, p2, p3, anyP); len(list) > 0 {
			c.Extensions = append(c.Extensions, pol(list...))
		}
	}
	if list := d.some("a.example.org", "b.example.org"); len(list) == 1 {
		c.Extensions = append(c.Extensions, mint.SAN(dns(list[0])))
	}
	return c.Sign(&mint.Party{Name: d.name(issuer), Key: keys[signer]})
}

// constrain adds what an authority may limit.
func (d *dice) constrain(c *mint.Certificate) {
	add := func(e mint.Extension) { c.Extensions = append(c.Extensions, e) }
	if d.seldom(3) {
		var pairs []string
		for range 1 + d.roll(3) {
			pairs = append(pairs, []string{p1, p2, p3}[d.roll(3)], []string{p1, p2, p3, p1, p2, p3, anyP}[d.roll(7)])
		}
		add(maps(pairs...))
	}
	if d.seldom(6) {
		add(mint.PolicyConstraints(int64(d.roll(3)), int64(d.roll(4)-1)))
	}
	if d.seldom(6) {
		add(mint.InhibitAny(int64(d.roll(3))))
	}
	if d.seldom(5) {
		bases := []mint.GeneralName{dns("example.org"), dns("a.example.org"), dn("C=RU"), dn("C=ru", "O=A"), dn("C=US")}
		base := bases[d.roll(len(bases))]
		if d.roll(2) == 0 {
			add(permit(base))
		} else {
			add(exclude(base))
		}
	}
}

// agree builds a small PKI from bytes and compares the package with the slow reading.
func agree(t *testing.T, data []byte) (found bool) {
	t.Helper()
	d := &dice{data}
	o := chain.Options{RequireExplicitPolicy: d.seldom(2), InhibitPolicyMapping: d.seldom(6), InhibitAnyPolicy: d.seldom(6)}
	o.Policies = asked(t, d.some(p1, p2)...)
	leaf := d.certificate(d.roll(4) > 0)
	var untrusted, anchors []*mint.Party
	for range 1 + d.roll(2) {
		anchors = append(anchors, d.certificate(false))
	}
	for range d.roll(9) {
		untrusted = append(untrusted, d.certificate(false))
	}
	if d.seldom(10) {
		untrusted = append(untrusted, leaf, anchors[0])
	}
	l, u, a := parse(t, leaf.DER), parsed(t, untrusted...), parsed(t, anchors...)
	var want [][]*cert.Certificate
	for _, p := range slowPaths(l, u, a, chain.DefaultDepth) {
		if slowValid(p, moment, o) {
			want = append(want, p)
		}
	}
	var got []chain.Path
	err := chain.All(l, u, a, moment, o, func(v chain.Valid) bool {
		got = append(got, v.Path)
		return true
	})
	if (err == nil) != (len(want) > 0) {
		t.Fatalf("%d paths hold by the slow reading: %v", len(want), err)
	}
	same := func(p, q []*cert.Certificate) bool {
		return slices.EqualFunc(p, q, func(x, y *cert.Certificate) bool { return x.Equal(y) })
	}
	for _, p := range got {
		if !slices.ContainsFunc(want, func(q []*cert.Certificate) bool { return same(p, q) }) {
			t.Fatalf("a path of %d that does not hold by the slow reading", len(p))
		}
	}
	for _, q := range want {
		if !loop(q) && !slices.ContainsFunc(got, func(p chain.Path) bool { return same(p, q) }) {
			t.Fatalf("a path of %d was not found", len(q))
		}
	}
	return err == nil
}

// loop reports a path in which an authority appears twice with one name and key: the package takes
// the shorter one.
func loop(path []*cert.Certificate) bool {
	if len(path) < 3 {
		return false
	}
	between := path[1 : len(path)-1]
	for i, a := range between {
		for _, b := range between[:i] {
			if bytes.Equal(a.RawSPKI, b.RawSPKI) && slowName(a.Subject, b.Subject) {
				return true
			}
		}
	}
	return false
}

// TestAgainstSlowReading compares many random small PKIs.
func TestAgainstSlowReading(t *testing.T) {
	r := rand.New(rand.NewPCG(5280, 9618))
	found := 0
	const rounds = 1000
	for range rounds {
		data := make([]byte, 400)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		if agree(t, data) {
			found++
		}
	}
	if found < rounds/50 {
		t.Errorf("only %d of %d PKIs have a path: the comparison says little", found, rounds)
	}
	t.Logf("%d of %d PKIs have a path", found, rounds)
}

func FuzzBuild(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, 300))
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		data := make([]byte, 200)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2000 {
			agree(t, data)
		}
	})
}
