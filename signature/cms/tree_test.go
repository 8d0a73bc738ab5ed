// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// node is one element of a DER tree that tests change and write again. It
// shares nothing with the parser under test but cryptobyte.
type node struct {
	tag  byte
	body []byte  // of a primitive element
	kids []*node // of a constructed one
	raw  []byte  // written as it is, when set
}

func parseTree(t testing.TB, b []byte) *node {
	t.Helper()
	s := cryptobyte.String(b)
	var content cryptobyte.String
	var tag casn1.Tag
	if !s.ReadAnyASN1(&content, &tag) || !s.Empty() {
		t.Fatalf("not one element: %x", b)
	}
	n := &node{tag: byte(tag)}
	if n.tag&0x20 == 0 {
		n.body = bytes.Clone(content)
		return n
	}
	for !content.Empty() {
		var kid cryptobyte.String
		if !content.ReadAnyASN1Element(&kid, &tag) {
			t.Fatal("broken element")
		}
		n.kids = append(n.kids, parseTree(t, kid))
	}
	return n
}

func (n *node) encode() []byte {
	if n.raw != nil {
		return n.raw
	}
	body := n.body
	for _, k := range n.kids {
		body = append(body, k.encode()...)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.Tag(n.tag), func(b *cryptobyte.Builder) { b.AddBytes(body) })
	return b.BytesOrPanic()
}

// at walks down by positions.
func (n *node) at(path ...int) *node {
	for _, i := range path {
		n = n.kids[i]
	}
	return n
}

func (n *node) clone() *node {
	c := *n
	c.kids = nil
	for _, k := range n.kids {
		c.kids = append(c.kids, k.clone())
	}
	return &c
}

func prim(tag byte, body string) *node      { return &node{tag: tag, body: []byte(body)} }
func cons(tag byte, kids ...*node) *node    { return &node{tag: tag, kids: kids} }
func seq(kids ...*node) *node               { return cons(0x30, kids...) }
func (n *node) drop(i int)                  { n.kids = slices.Delete(n.kids, i, i+1) }
func (n *node) add(kids ...*node)           { n.kids = append(n.kids, kids...) }
func (n *node) insert(i int, kids ...*node) { n.kids = slices.Insert(n.kids, i, kids...) }
func (n *node) repeat(i, times int)         { n.kids = append(n.kids, slices.Repeat(n.kids[i:i+1], times)...) }

func oidNode(oid asn1.ObjectIdentifier) *node {
	b, err := asn1.Marshal(oid)
	if err != nil {
		panic(err)
	}
	return &node{raw: b}
}

// forge is a good signature taken apart.
type forge struct {
	t    testing.TB
	key  crypto.Signer
	root *node
}

func (f *forge) signedData() *node   { return f.root.at(1, 0) }
func (f *forge) digests() *node      { return f.signedData().at(1) }
func (f *forge) encap() *node        { return f.signedData().at(2) }
func (f *forge) certificates() *node { return f.signedData().at(3) }
func (f *forge) signers() *node      { return f.signedData().at(len(f.signedData().kids) - 1) }
func (f *forge) signer() *node       { return f.signers().at(0) }
func (f *forge) attributes() *node   { return f.signer().at(3) }
func (f *forge) signature() *node    { return f.signer().at(5) }

// attribute finds a signed attribute.
func (f *forge) attribute(oid asn1.ObjectIdentifier) *node {
	want := oidNode(oid).raw
	for _, a := range f.attributes().kids {
		if bytes.Equal(a.at(0).encode(), want) {
			return a
		}
	}
	f.t.Fatalf("no attribute %v", oid)
	return nil
}

func (f *forge) value(oid asn1.ObjectIdentifier) *node { return f.attribute(oid).at(1, 0) }

// setValue replaces the value of a signed attribute and signs again.
func (f *forge) setValue(oid asn1.ObjectIdentifier, v *node) {
	f.attribute(oid).at(1).kids[0] = v
	f.resign()
}

// sort puts the signed attributes into DER order.
func (f *forge) sort() {
	slices.SortFunc(f.attributes().kids, func(a, b *node) int { return bytes.Compare(a.encode(), b.encode()) })
}

// resign sorts and signs the attributes again with the right key: what is
// refused then is refused for its content.
func (f *forge) resign() {
	f.sort()
	f.resignUnsorted()
}

func (f *forge) resignUnsorted() {
	set := f.attributes().clone()
	set.tag = 0x31
	digest := crypto.SHA256.New()
	digest.Write(set.encode())
	sig, err := f.key.Sign(rand.Reader, digest.Sum(nil), crypto.SHA256)
	if err != nil {
		f.t.Fatal(err)
	}
	f.signature().body = sig
}
