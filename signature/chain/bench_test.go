// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"fmt"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// three is root, authority and holder as accredited centres make them, and n certificates in all to
// look among.
func three(b *testing.B, kind mint.Kind, n int) (leaf *cert.Certificate, bag, anchors []*cert.Certificate) {
	b.Helper()
	name := func(cn string) mint.Name {
		return mint.DN("C=RU", "ST=77 Москва", "L=Москва", "O=Общество с ограниченной ответственностью", "OGRN=1027700132195", "CN="+cn)
	}
	r := sign(ca("", mint.KC(3)).named(name("Головной центр")), mint.NewKey(kind), nil)
	sub := sign(ca("", mint.KC(3)).named(name("Аккредитованный центр")), mint.NewKey(kind), r)
	end := sign(end("", mint.KC(2)).named(name("Владелец")), mint.NewKey(kind), sub)
	list := []*mint.Party{end, sub, r}
	for i := len(list); i < n; i++ {
		list = append(list, sign(ca("").named(name(fmt.Sprint("Центр ", i))), keys[0], nil))
	}
	for _, p := range list {
		c, err := cert.Parse(p.DER)
		if err != nil {
			b.Fatal(err)
		}
		bag = append(bag, c)
	}
	return bag[0], bag, bag[2:3]
}

// BenchmarkBuild measures a path of three beside its two bare signature checks, among three
// certificates and among a hundred.
func BenchmarkBuild(b *testing.B) {
	for _, kind := range []mint.Kind{mint.RSA2048, mint.P256, mint.GOST256A} {
		for _, n := range []int{3, 100} {
			leaf, bag, anchors := three(b, kind, n)
			b.Run(fmt.Sprintf("%s/bag of %d", kind, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := chain.Build(leaf, bag, anchors, moment, chain.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("%s/finder of %d", kind, n), func(b *testing.B) {
				b.ReportAllocs()
				f := chain.NewFinder(anchors, bag)
				for b.Loop() {
					if _, err := f.Build(leaf, bag[1:2], moment, chain.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		leaf, bag, anchors := three(b, kind, 3)
		b.Run(string(kind)+"/signatures", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if leaf.CheckSignature(bag[1]) != nil || bag[1].CheckSignature(anchors[0]) != nil {
					b.Fatal("signature")
				}
			}
		})
	}
}
