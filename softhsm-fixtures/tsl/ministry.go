// SPDX-License-Identifier: Apache-2.0

package tsl

import (
	"time"

	"zaver/signature/xmldsig"
	"zaver/softhsm-fixtures/mint"
)

// OGRN is the ministry's.
const OGRN = "1047702026701"

// Ministry is a small world of its own: the ministry's root, what signs its list, and any number of
// accredited centres. It makes mistakes of the caller panic, as mint does.
type Ministry struct {
	Root, Signer *mint.Party
	kind         mint.Kind
}

// NewMinistry makes keys and certificates of that kind.
func NewMinistry(k mint.Kind) *Ministry {
	root := mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+OGRN, "O=Минцифры России", "CN=Минцифры России"), Key: mint.NewKey(k),
		Extensions: mint.CAExtensions()}.Sign(nil)
	m := &Ministry{Root: root, kind: k}
	m.Signer = m.NewSigner(mint.Certificate{})
	return m
}

// NewSigner makes a certificate for signing the list; what is zero in c is filled in.
func (m *Ministry) NewSigner(c mint.Certificate) *mint.Party {
	if c.Subject == nil {
		c.Subject = mint.DN("C=RU", "OGRN="+OGRN, "O=Минцифры России", "CN=Перечень аккредитованных УЦ")
	}
	if c.Key == nil {
		c.Key = mint.NewKey(m.kind)
	}
	if c.Extensions == nil {
		c.Extensions = mint.LeafExtensions()
	}
	return c.Sign(m.Root)
}

// Centre makes an accredited centre under the root.
func (m *Ministry) Centre(name, ogrn string) *mint.Party {
	return mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+ogrn, "CN="+name), Key: mint.NewKey(m.kind), Extensions: mint.CAExtensions()}.Sign(m.Root)
}

// Key signs lists.
func (m *Ministry) Key() xmldsig.Key { return MustKey(m.Signer) }

// MustKey is Key for keys that are known to fit.
func MustKey(p *mint.Party) xmldsig.Key {
	k, err := Key(p)
	if err != nil {
		panic(err)
	}
	return k
}

// Entry is a centre that is accredited since then.
func Entry(name, ogrn string, since time.Time, certificates ...[]byte) Centre {
	return Centre{Name: name, ShortName: name, OGRN: ogrn, INN: "7700000000", Number: "1", Certificates: certificates,
		Statuses: []Status{{Text: Active, From: since}}}
}
