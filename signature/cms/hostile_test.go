// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// halves are a GOST signature: s then r, each big-endian.
func halves(size int, s, r *big.Int) func([]byte) []byte {
	return func([]byte) []byte {
		return append(s.FillBytes(make([]byte, size)), r.FillBytes(make([]byte, size))...)
	}
}

// TestHostileNumbers has signatures whose numbers are out of range (RFC 7091
// section 6.2 step 1, FIPS 186-5 section 6.4.2) or of another form.
func TestHostileNumbers(t *testing.T) {
	q, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893", 16) // of CryptoPro-A
	n, _ := new(big.Int).SetString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16) // of P-256
	zero, one := big.NewInt(0), big.NewInt(1)
	pair := func(r, s *big.Int) func([]byte) []byte {
		return func([]byte) []byte { return asn.Seq(asn.BigInt(r), asn.BigInt(s)) }
	}
	for _, r := range []struct {
		kind mint.Kind
		name string
		edit func([]byte) []byte
	}{
		{mint.GOST256A, "s = 0", halves(32, zero, one)}, {mint.GOST256A, "r = 0", halves(32, one, zero)},
		{mint.GOST256A, "both 0", halves(32, zero, zero)}, {mint.GOST256A, "s = q", halves(32, q, one)},
		{mint.GOST256A, "r = q", halves(32, one, q)}, {mint.GOST256A, "both 1", halves(32, one, one)},
		{mint.GOST256A, "halves swapped", func(b []byte) []byte { return slices.Concat(b[32:], b[:32]) }},
		{mint.GOST256A, "little-endian", func(b []byte) []byte { slices.Reverse(b); return b }},
		{mint.GOST256A, "in DER", func(b []byte) []byte {
			return asn.Seq(asn.BigInt(new(big.Int).SetBytes(b[32:])), asn.BigInt(new(big.Int).SetBytes(b[:32])))
		}},
		{mint.GOST256A, "cut", func(b []byte) []byte { return b[:63] }}, {mint.GOST256A, "longer", func(b []byte) []byte { return append(b, 0) }},
		{mint.GOST256A, "empty", func([]byte) []byte { return nil }}, {mint.GOST512A, "of 64 bytes", func(b []byte) []byte { return b[:64] }},
		{mint.P256, "r = 0", pair(zero, one)}, {mint.P256, "s = 0", pair(one, zero)}, {mint.P256, "r = n", pair(n, one)}, {mint.P256, "s = n", pair(one, n)},
		{mint.P256, "r negative", pair(big.NewInt(-1), one)}, {mint.P256, "bytes behind", func(b []byte) []byte { return append(b, 0) }},
		{mint.P256, "not DER", func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x81, b[1]}, b[2:]) }},
		{mint.RSA2048, "0", func(b []byte) []byte { return make([]byte, len(b)) }}, {mint.RSA2048, "cut", func(b []byte) []byte { return b[1:] }},
		{mint.RSA2048, "over the modulus", func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) }},
		{mint.RSA2048, "longer", func(b []byte) []byte { return append([]byte{0}, b...) }},
		{mint.Ed25519, "s not reduced", func(b []byte) []byte { return append(b[:32:32], bytes.Repeat([]byte{0xff}, 32)...) }},
	} {
		w := newWorld(r.kind)
		s := basic(w)
		s.Signers[0].EditSignature = r.edit
		if got, _ := verdict(s.DER(), cms.Options{}); !slices.Equal(got, []string{"cms.signature"}) {
			t.Errorf("%s, %s: %v", r.kind, r.name, got)
		}
	}
}

// TestHostileKeys has keys off their curve, of other sets and of other kinds
// than the signature says.
func TestHostileKeys(t *testing.T) {
	root := mint.Root("Корень", mint.P256)
	holder := func(k mint.Kind, spki []byte) world {
		key := mint.NewKey(k)
		return world{root, mint.Certificate{Subject: mint.CN("Анна"), Key: key, SPKI: spki}.Sign(root)}
	}
	point := bytes.Repeat([]byte{7}, 64)
	for name, r := range map[string]struct {
		w    world
		want string
	}{
		"off the curve":                {holder(mint.GOST256A, mint.GOSTSPKI(mint.GOST256A, point)), "cms.certificate +cms.note.certificate"},
		"the neutral point":            {holder(mint.GOST256A, mint.GOSTSPKI(mint.GOST256A, make([]byte, 64))), "cms.certificate +cms.note.certificate"},
		"over the prime":               {holder(mint.GOST256A, mint.GOSTSPKI(mint.GOST256A, bytes.Repeat([]byte{0xff}, 64))), "cms.certificate +cms.note.certificate"},
		"point cut":                    {holder(mint.GOST256A, mint.GOSTSPKI(mint.GOST256A, point[:63])), "cms.certificate +cms.note.certificate"},
		"of another key":               {holder(mint.GOST256A, mint.NewKey(mint.GOST256A).SPKI), "cms.signature"},
		"of another set":               {holder(mint.GOST256A, mint.NewKey(mint.GOST256TCA).SPKI), "cms.signature"},
		"512 bits under 256":           {holder(mint.GOST256A, mint.NewKey(mint.GOST512A).SPKI), "cms.algorithm"},
		"2001 under 2012":              {holder(mint.GOST256A, mint.NewKey(mint.GOST2001A).SPKI), "cms.algorithm"},
		"RSA under GOST":               {holder(mint.GOST256A, mint.NewKey(mint.RSA2048).SPKI), "cms.algorithm"},
		"GOST under ECDSA":             {holder(mint.P256, mint.NewKey(mint.GOST256A).SPKI), "cms.algorithm"},
		"Ed25519 under ECDSA":          {holder(mint.P256, mint.NewKey(mint.Ed25519).SPKI), "cms.algorithm"},
		"RSA of 1024 bits":             {holder(mint.RSA1024, nil), "cms.algorithm"},
		"P-224, outside the table":     {holder(mint.P224, nil), "cms.algorithm"},
		"test set, refused everywhere": {holder(mint.GOST256A, testSet()), "cms.algorithm"},
	} {
		problems, notes := verdict(basic(r.w).DER(), cms.Options{})
		got := strings.Join(problems, " ")
		for _, n := range notes {
			got += " +" + n
		}
		if got != r.want {
			t.Errorf("%s: got %q, want %q", name, got, r.want)
		}
	}
}

// testSet is a key of the CryptoPro test parameters (domain: never outside tests of the arithmetic).
func testSet() []byte {
	return asn.Seq(asn.Algorithm("1.2.643.7.1.1.1.1", asn.Seq(asn.OID("1.2.643.2.2.35.0"), asn.OID("1.2.643.7.1.1.2.2"))),
		asn.Bits(asn.Octets(bytes.Repeat([]byte{7}, 64))))
}

// TestMixedAlgorithms has digests and signatures that do not go together.
func TestMixedAlgorithms(t *testing.T) {
	for name, r := range map[string]struct {
		kind mint.Kind
		edit func(w world, s *mint.Signer)
		want string
	}{
		"RFC 8419 3.1: Ed25519 with SHA-256":       {mint.Ed25519, func(_ world, s *mint.Signer) { s.Digest = mint.SHA256 }, "cms.algorithm"},
		"RFC 9215 3: 256 bits with Streebog-512":   {mint.GOST256A, func(_ world, s *mint.Signer) { s.DigestAlgorithm = mint.Streebog512.Algorithm() }, "cms.algorithm"},
		"RFC 9215 3: 512 bits with Streebog-256":   {mint.GOST512A, func(_ world, s *mint.Signer) { s.DigestAlgorithm = mint.Streebog256.Algorithm() }, "cms.algorithm"},
		"RFC 9215 3: GOST with SHA-256":            {mint.GOST256A, func(_ world, s *mint.Signer) { s.Digest = mint.SHA256 }, "cms.algorithm"},
		"RFC 9215 3: GOST with the old digest":     {mint.GOST256A, func(_ world, s *mint.Signer) { s.Digest = mint.GOST94 }, "cms.algorithm"},
		"RFC 4056 3: PSS of another digest":        {mint.PSS2048, func(_ world, s *mint.Signer) { s.DigestAlgorithm = mint.SHA512.Algorithm() }, "cms.algorithm"},
		"RFC 4056 3: PSS":                          {mint.PSS2048, func(world, *mint.Signer) {}, ""},
		"RFC 4056 3: PSS without parameters":       {mint.PSS2048, func(_ world, s *mint.Signer) { s.Algorithm = asn.Algorithm("1.2.840.113549.1.1.10") }, "cms.algorithm"},
		"RFC 8017 8.2: PKCS #1 said to be PSS":     {mint.RSA2048, func(w world, s *mint.Signer) { s.Algorithm = w.leaf.Key.PSS(mint.SHA256, 32).Algorithm }, "cms.signature"},
		"RFC 5754 3.2: RSA by the key and SHA-512": {mint.RSA2048, func(_ world, s *mint.Signer) { s.Digest = mint.SHA512 }, ""},
	} {
		w := newWorld(r.kind)
		s := basic(w)
		r.edit(w, &s.Signers[0])
		got, _ := verdict(s.DER(), cms.Options{})
		if slices.Sort(got); strings.Join(got, " ") != r.want {
			t.Errorf("%s: got %v, want %q", name, got, r.want)
		}
	}
}

// TestBounds has more of everything than is read.
func TestBounds(t *testing.T) {
	w := newWorld(mint.P256)
	repeat := func(n int, b []byte) [][]byte { return slices.Repeat([][]byte{b}, n) }
	crl := mint.CRL{}.Sign(w.root)
	for name, edit := range map[string]func(s *mint.SignedData){
		"certificates": func(s *mint.SignedData) { s.Certificates = repeat(cms.MaxOpenCertificates+1, w.root.DER) },
		"CRLs":         func(s *mint.SignedData) { s.CRLs = repeat(cms.MaxOpenCertificates+1, crl) },
		"digests":      func(s *mint.SignedData) { s.DigestAlgorithms = repeat(100, mint.SHA256.Algorithm()) },
		"values": func(s *mint.SignedData) {
			s.Signers[0].Extra = []mint.Attribute{attribute(oidOther, repeat(200, asn.Null())...)}
		},
		"attributes": func(s *mint.SignedData) {
			for range 200 {
				s.Signers[0].Extra = append(s.Signers[0].Extra, attribute(oidOther, asn.Null()))
			}
		},
	} {
		s := basic(w)
		edit(&s)
		if got, _ := verdict(s.DER(), cms.Options{}); !slices.Equal(got, []string{"cms.too_large"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got, _ := verdict(make([]byte, 100), cms.Options{MaxSize: 99}); !slices.Equal(got, []string{"cms.too_large"}) {
		t.Errorf("size: %v", got)
	}
	for _, b := range [][]byte{{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x30, 0xff}, {0x3f, 0x81}} {
		if got, _ := verdict(b, cms.Options{}); !slices.Equal(got, []string{"cms.malformed"}) {
			t.Errorf("length %x: %v", b, got)
		}
	}
}

// TestEmptyDocument lies inside and is a document like any other.
func TestEmptyDocument(t *testing.T) {
	s := basic(newWorld(mint.P256))
	s.Content = []byte{}
	if got, notes := verdict(s.DER(), cms.Options{}); len(got)+len(notes) > 0 {
		t.Errorf("%v %v", got, notes)
	}
}

// TestManyGoroutines checks one message at once; the digest of the content is
// made once and shared.
func TestManyGoroutines(t *testing.T) {
	d := basic(newWorld(mint.GOST2012256))
	d.Signers = append(d.Signers, d.Signers[0])
	s, err := cms.Open(d.DER(), cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if p := s.Check(); len(p) > 0 {
				t.Error(p)
			}
		})
	}
	wait.Wait()
}

// A name as long as the message is read once, however many certificates bear the signer's number.
func TestLongNameManyCertificates(t *testing.T) {
	key := mint.NewKey(mint.P256)
	signer := mint.Certificate{Subject: mint.CN("signer"), Key: key, Serial: big.NewInt(7), Extensions: mint.LeafExtensions()}.Sign(nil)
	var bag [][]byte
	for n := range cms.MaxOpenCertificates {
		bag = append(bag, mint.Certificate{Subject: mint.CN(strconv.Itoa(n)), Key: key, Serial: big.NewInt(7)}.Sign(nil).DER)
	}
	long := mint.DN("CN=" + strings.Repeat("Ё", 1<<20))
	s := mint.Signer{By: signer, SID: asn.Seq(long, asn.BigInt(signer.Serial))}
	der := mint.SignedData{Content: []byte("x"), Certificates: bag, Signers: []mint.Signer{s}}.DER()
	signed, err := cms.Open(der, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := cpu(t)
	if c := signed.SignerCertificate(); c != nil {
		t.Error("a certificate of another name")
	}
	if took := cpu(t) - start; took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// cpu is the time that this process has computed: other work on the machine is not in it.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
