// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"slices"
	"testing"

	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// countered is a message whose signature s countersigned.
func countered(w world, s mint.Signer, more ...func([]byte) mint.Attribute) []byte {
	d := basic(w)
	d.Certificates = append(d.Certificates, s.By.DER)
	d.Signers[0].Unsigned = append(more, mint.Counter(s))
	return d.DER()
}

// TestCounterSignature checks counter-signatures of each kind of key, and what
// is wrong with them (RFC 5652 section 11.4).
func TestCounterSignature(t *testing.T) {
	w := newWorld(mint.P256)
	for _, k := range []mint.Kind{mint.RSA2048, mint.Ed25519, mint.GOST2012256, mint.GOST2012512} {
		notary := mint.Leaf("Нотариус", k, w.root)
		for _, r := range []struct {
			name   string
			signer mint.Signer
			want   []string
		}{
			{"as it should be", mint.Signer{By: notary}, nil},
			{"no attributes: over the signature itself", mint.Signer{By: notary, NoAttributes: true}, nil},
			{"by key identifier", mint.Signer{By: notary, ByKey: true}, nil},
			{"with content-type", mint.Signer{By: notary, Extra: []mint.Attribute{mint.ContentType(mint.OIDData)}, Drop: []string{"none"}}, nil},
			{"without message-digest", mint.Signer{By: notary, Drop: []string{mint.OIDMessageDigest}}, []string{"cms.attributes"}},
			{"over the content", mint.Signer{By: notary, Attributes: []mint.Attribute{mint.MessageDigest(notary.Key.Digest.Sum(text))}}, []string{"cms.message_digest"}},
			{"flipped", mint.Signer{By: notary, EditSignature: mint.FlipBit(20)}, []string{"cms.signature"}},
			{"of wrong version", mint.Signer{By: notary, Version: 3}, []string{"cms.version"}},
		} {
			der := countered(w, r.signer)
			s, err := cms.Open(der, cms.Options{})
			if err != nil || len(s.Signer.CounterSigners) != 1 {
				t.Errorf("%s, %s: %v", k, r.name, err)
				continue
			}
			over := s.Signer.CounterSigners[0]
			if got := codes(over.Check(s.CertificateOf(over))); !slices.Equal(got, r.want) {
				t.Errorf("%s, %s: got %v, want %v", k, r.name, got, r.want)
			}
			// What is under it stands by itself, and a confirmation does not ask.
			if p := s.Check(); len(p) > 0 {
				t.Errorf("%s, %s: the signature below: %v", k, r.name, p)
			}
			if c, err := cms.Parse(der); err != nil || len(c.Check()) > 0 {
				t.Errorf("%s, %s: as a confirmation: %v", k, r.name, err)
			}
		}
	}
	notary := mint.Leaf("Нотариус", mint.P256, w.root)
	typed := mint.Signer{By: notary}
	typed.Attributes = typed.Usual(mint.OIDData, nil)
	s, err := cms.Open(countered(w, typed), cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	over := s.Signer.CounterSigners[0]
	if got := codes(over.Check(s.CertificateOf(over))); !slices.Equal(got, []string{"cms.attributes", "cms.message_digest"}) {
		t.Errorf("with content-type: %v", got)
	}
}

// TestNestedCounterSignatures has counter-signatures over counter-signatures,
// read to a depth and a number.
func TestNestedCounterSignatures(t *testing.T) {
	w := newWorld(mint.P256)
	nest := func(depth int) mint.Signer {
		s := mint.Signer{By: w.leaf}
		for range depth - 1 {
			s = mint.Signer{By: w.leaf, Unsigned: []func([]byte) mint.Attribute{mint.Counter(s)}}
		}
		return s
	}
	for depth := 1; depth <= cms.MaxCounterDepth+2; depth++ {
		s, err := cms.Open(countered(w, nest(depth)), cms.Options{})
		if err != nil {
			t.Fatal(err)
		}
		read, last := 0, s.Signer
		for len(last.CounterSigners) > 0 {
			last = last.CounterSigners[0]
			read++
			if p := last.Check(s.CertificateOf(last)); len(p) > 0 {
				t.Errorf("depth %d of %d: %v", read, depth, p)
			}
		}
		tooDeep := depth > cms.MaxCounterDepth
		if read != min(depth, cms.MaxCounterDepth) || tooDeep != slices.Equal(codes(last.Notes), []string{"cms.note.unread_values"}) {
			t.Errorf("depth %d: read %d, notes %v", depth, read, last.Notes)
		}
	}
	many := make([]func([]byte) mint.Attribute, 0, 70)
	for range 70 {
		many = append(many, mint.Counter(mint.Signer{By: w.leaf, NoAttributes: true}))
	}
	s, err := cms.Open(countered(w, mint.Signer{By: w.leaf}, many...), cms.Options{})
	if err != nil || len(s.Signer.CounterSigners) != cms.MaxOpenSigners || len(s.Signer.Notes) != 71-cms.MaxOpenSigners {
		t.Errorf("71 counter-signatures: %v, read %d", err, len(s.Signer.CounterSigners))
	}
}

// TestDeepNesting is hostile: depth costs neither stack nor time.
func TestDeepNesting(t *testing.T) {
	deep := asn.Null()
	for range 2000 {
		deep = asn.TLV(0x30, deep)
	}
	w := newWorld(mint.P256)
	d := basic(w)
	d.Signers[0].Extra = []mint.Attribute{{OID: oidOther, Values: [][]byte{deep}}}
	if got, _ := verdict(d.DER(), cms.Options{}); !slices.Equal(got, []string{"cms.not_der"}) {
		t.Errorf("deep attribute: %v", got)
	}
	if got, _ := verdict(deep, cms.Options{}); !slices.Equal(got, []string{"cms.malformed"}) {
		t.Errorf("nothing but depth: %v", got)
	}
}
