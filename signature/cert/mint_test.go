// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// code is the code of an error, "" of none.
func code(err error) string {
	var e *cert.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func parse(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatalf("%v\n%x", err, der)
	}
	return c
}

// kinds are the kinds of keys that the table of algorithms knows, with its name for each.
var kinds = map[mint.Kind]string{
	mint.RSA2048: "rsa-sha256", mint.RSA3072: "rsa-sha256", mint.PSS2048: "rsa-pss-sha256",
	mint.P256: "ecdsa-sha256", mint.P384: "ecdsa-sha384", mint.P521: "ecdsa-sha512", mint.Ed25519: "ed25519",
}

func allKinds() map[mint.Kind]string {
	all := map[mint.Kind]string{}
	for k, v := range kinds {
		all[k] = v
	}
	for _, k := range mint.GOSTKinds() {
		all[k] = map[bool]string{true: "gost2012-256", false: "gost2012-512"}[k.ParamSet().Bits() == 256]
	}
	for _, k := range mint.GOST2001Kinds() {
		all[k] = "gost2001"
	}
	return all
}

// TestEveryKind: a certificate of each kind of key parses, its key is of the kind of the algorithm,
// the signature holds under it and under no other.
func TestEveryKind(t *testing.T) {
	other := parse(t, mint.Root("другой", mint.P256).DER)
	for k, name := range allKinds() {
		root := mint.Root("корень", k)
		c := parse(t, root.DER)
		a, err := c.SignatureAlgorithm()
		if err != nil || a.Name != name || !a.Allows(c.PublicKey.Kind(), c.PublicKey.Bits()) || a.Legacy != (name == "gost2001") {
			t.Errorf("%s: signed by %q, key of kind %v with %d bits: %v", k, a.Name, c.PublicKey.Kind(), c.PublicKey.Bits(), err)
		}
		if err := c.CheckSignature(c); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		// The rows of ECDSA are for any curve of the table.
		want := map[bool]string{true: "cert.signature", false: "cert.algorithm"}[c.PublicKey.Kind() == algo.ECDSA]
		if code(c.CheckSignature(other)) != want {
			t.Errorf("%s holds under a P-256 key", k)
		}
		again := parse(t, mint.Root("корень", k).DER)
		if k != mint.RSA2048 && k != mint.RSA3072 && k != mint.PSS2048 { // those come from a pool
			if got := code(c.CheckSignature(again)); got != "cert.signature" {
				t.Errorf("%s holds under another key: %q", k, got)
			}
		}
		key, err := cert.ParsePublicKey(c.PublicKey.SPKI())
		if err != nil || !key.Equal(c.PublicKey) || key.Equal(other.PublicKey) != (k == mint.P256 && bytes.Equal(key.SPKI(), other.PublicKey.SPKI())) {
			t.Errorf("%s: key reads back: %v", k, err)
		}
		if len(c.Warnings) != 0 || c.Subject.CommonName() != "корень" || !c.SelfIssued() || !c.IsCA {
			t.Errorf("%s: warnings %v", k, c.Warnings)
		}
	}
}

// TestObsolete: what is outside the table is refused by every certificate.
func TestObsolete(t *testing.T) {
	rsa := mint.NewKey(mint.RSA2048)
	for name, key := range map[string]*mint.Key{
		"RSA with SHA-1": rsa.With(mint.SHA1), "RSA with MD5": rsa.With(mint.MD5), "RSA of 1024 bits": mint.NewKey(mint.RSA1024),
		"PSS with SHA-1": rsa.PSS(mint.SHA1, 20), "ECDSA with SHA-1": mint.NewKey(mint.P256).With(mint.SHA1), "P-224": mint.NewKey(mint.P224),
	} {
		c := parse(t, mint.Certificate{Subject: mint.CN("a"), Key: key}.Sign(nil).DER)
		if got := code(c.CheckSignature(c)); got != "cert.algorithm" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestAlgorithmHabits: NULL beside a GOST signature is accepted, as OpenSSL's engine writes it; a key's own
// identifier in place of the signature's, other parameters and two that differ are not.
func TestAlgorithmHabits(t *testing.T) {
	const key256, sig256, sig512 = "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.3.2", "1.2.643.7.1.1.3.3"
	for name, r := range map[string]struct {
		inner, outer []byte
		parse, check string
	}{
		"absent":            {asn.Algorithm(sig256), asn.Algorithm(sig256), "", ""},
		"NULL":              {asn.Algorithm(sig256, asn.Null()), asn.Algorithm(sig256, asn.Null()), "", ""},
		"NULL inside alone": {asn.Algorithm(sig256, asn.Null()), asn.Algorithm(sig256), "cert.malformed", ""},
		"parameters":        {asn.Algorithm(sig256, asn.Seq()), asn.Algorithm(sig256, asn.Seq()), "", "cert.algorithm"},
		"of the key":        {asn.Algorithm(key256), asn.Algorithm(key256), "", "cert.algorithm"},
		"of 512 bits":       {asn.Algorithm(sig512), asn.Algorithm(sig512), "", "cert.algorithm"},
		"two parameters":    {asn.Algorithm(sig256, asn.Null(), asn.Null()), asn.Algorithm(sig256, asn.Null(), asn.Null()), "cert.malformed", ""},
	} {
		der := mint.Certificate{Subject: mint.CN("a"), Key: mint.NewKey(mint.GOST256A), Inner: r.inner, Outer: r.outer}.Sign(nil).DER
		c, err := cert.Parse(der)
		if code(err) != r.parse {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && code(c.CheckSignature(c)) != r.check {
			t.Errorf("%s: %v", name, c.CheckSignature(c))
		}
	}
}

// TestGOSTKeys: SubjectPublicKeyInfo of RFC 9215 section 4.2 and RFC 4491 section 2.3.2, what is tolerated in
// it and what is refused.
func TestGOSTKeys(t *testing.T) {
	const (
		key256, key512, key2001     = "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2", "1.2.643.2.2.19"
		proA, tcA, tc512A           = "1.2.643.2.2.35.1", "1.2.643.7.1.2.1.1.1", "1.2.643.7.1.2.1.2.1"
		dig256, dig512, dig94, ciph = "1.2.643.7.1.1.2.2", "1.2.643.7.1.1.2.3", "1.2.643.2.2.30.1", "1.2.643.2.2.31.1"
	)
	point := func(k mint.Kind) []byte { return pointOf(t, k) }
	a256, t256, a512 := point(mint.GOST256A), point(mint.GOST256TCA), point(mint.GOST512A)
	spki := func(key string, p []byte, params ...string) []byte {
		var list []byte
		for _, o := range params {
			list = append(list, asn.OID(o)...)
		}
		return asn.Seq(asn.Algorithm(key, asn.Seq(list)), asn.Bits(asn.Octets(p)))
	}
	flip := slices.Clone(a256)
	flip[0] ^= 1
	const params = "cert.warn.key_parameters"
	for name, r := range map[string]struct {
		spki []byte
		kind algo.KeyKind
		warn string
		err  string
	}{
		"256 with digest":         {spki(key256, a256, proA, dig256), algo.GOST256, "", ""},
		"256 without digest":      {spki(key256, a256, proA), algo.GOST256, "", ""},
		"256 with cipher":         {spki(key256, a256, proA, dig256, ciph), algo.GOST256, params, ""},
		"tc26 with digest":        {spki(key256, t256, tcA, dig256), algo.GOST256, "", ""},
		"512 with digest":         {spki(key512, a512, tc512A, dig512), algo.GOST512, "", ""},
		"512 without digest":      {spki(key512, a512, tc512A), algo.GOST512, "", ""},
		"2001":                    {spki(key2001, a256, proA, dig94), algo.GOST2001, "", ""},
		"2001 with cipher":        {spki(key2001, a256, proA, dig94, ciph), algo.GOST2001, "", ""},
		"2001 without digest":     {spki(key2001, a256, proA), algo.GOST2001, params, ""},
		"2001 on a curve of tc26": {spki(key2001, t256, tcA, dig94), algo.Unknown, "", ""},
		"test curve of 2001":      {spki(key256, a256, "1.2.643.2.2.35.0", dig256), algo.Unknown, "", ""},
		"test curve of 512":       {spki(key512, a512, "1.2.643.7.1.2.1.2.0"), algo.Unknown, "", ""},
		"unknown curve":           {spki(key256, a256, "1.2.3"), algo.Unknown, "", ""},
		"digest of 512":           {spki(key256, a256, proA, dig512), 0, "", "cert.malformed"},
		"digest of 2001":          {spki(key256, a256, proA, dig94), 0, "", "cert.malformed"},
		"digest of 256 for 512":   {spki(key512, a512, tc512A, dig256), 0, "", "cert.malformed"},
		"2001 with digest 2012":   {spki(key2001, a256, proA, dig256), 0, "", "cert.malformed"},
		"256 on a curve of 512":   {spki(key256, a512, tc512A), 0, "", "cert.malformed"},
		"512 on a curve of 256":   {spki(key512, a256, proA), 0, "", "cert.malformed"},
		"four parameters":         {spki(key256, a256, proA, dig256, ciph, ciph), 0, "", "cert.malformed"},
		"no parameters":           {spki(key256, a256), 0, "", "cert.malformed"},
		"NULL parameters":         {asn.Seq(asn.Algorithm(key256, asn.Null()), asn.Bits(asn.Octets(a256))), 0, "", "cert.malformed"},
		"absent parameters":       {asn.Seq(asn.Algorithm(key256), asn.Bits(asn.Octets(a256))), 0, "", "cert.malformed"},
		"no OCTET STRING":         {asn.Seq(mint.GOST256A.KeyAlgorithm(), asn.Bits(a256)), 0, "", "cert.malformed"},
		"bytes behind":            {asn.Seq(mint.GOST256A.KeyAlgorithm(), asn.Bits(append(asn.Octets(a256), 0))), 0, "", "cert.malformed"},
		"short":                   {spki(key256, a256[1:], proA), 0, "", "cert.malformed"},
		"off the curve":           {spki(key256, flip, proA), 0, "", "cert.malformed"},
		"zero":                    {spki(key256, make([]byte, 64), proA), 0, "", "cert.malformed"},
		"x over the prime":        {spki(key256, bytes.Repeat([]byte{0xff}, 64), proA), 0, "", "cert.malformed"},
	} {
		der := mint.Certificate{Subject: mint.CN("a"), Key: mint.NewKey(mint.P256), SPKI: r.spki}.Sign(mint.Root("b", mint.P256)).DER
		c, err := cert.Parse(der)
		if _, keyErr := cert.ParsePublicKey(r.spki); code(err) != r.err || code(keyErr) != r.err {
			t.Errorf("%s: %v, %v", name, err, keyErr)
			continue
		}
		if err != nil {
			continue
		}
		if c.PublicKey.Kind() != r.kind || (r.warn != "") != slices.Equal(c.Warnings, []string{r.warn}) {
			t.Errorf("%s: kind %v, warnings %v", name, c.PublicKey.Kind(), c.Warnings)
		}
	}
}

// pointOf is a new public key's OCTET STRING content.
func pointOf(t *testing.T, k mint.Kind) []byte {
	t.Helper()
	spki := mint.NewKey(k).SPKI
	return spki[len(spki)-k.ParamSet().Bits()/4:]
}

// TestRememberOthers: only GOST keys are remembered, and nothing is without a cache.
func TestRememberOthers(t *testing.T) {
	c := parse(t, mint.Root("a", mint.P256).DER)
	g := parse(t, mint.Root("a", mint.GOST256A).DER)
	if c.Remember(gost.NewCache(1)) != c || g.Remember(nil) != g || g.Remember(gost.NewCache(1)) == g {
		t.Error("remembers too much or too little")
	}
}

// TestOpenSSL: the GOST engine issues a certificate on each set of parameters; ours reads it, checks its
// signature, and finds in it what a qualified certificate has.
func TestOpenSSL(t *testing.T) {
	peer := gostpeer.New(t)
	for _, k := range slices.Concat(mint.GOSTKinds(), mint.GOST2001Kinds(), []mint.Kind{mint.RSA2048, mint.P521, mint.Ed25519}) {
		root := peer.Root(string(k), "Корень "+string(k))
		r := parse(t, root.DER)
		if err := r.CheckSignature(r); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		if name := allKinds()[k]; name != "" {
			if a, err := r.SignatureAlgorithm(); err != nil || a.Name != name {
				t.Errorf("%s: %q, %v", k, a.Name, err)
			}
		}
		if k.IsGOST() && k.ParamSet().Bits() == 256 {
			leaf := parse(t, root.Issue(string(k), "", gostpeer.Signer).DER)
			if err := leaf.CheckSignature(r); err != nil || leaf.SelfIssued() || leaf.Issuer.Key() != r.Subject.Key() {
				t.Errorf("%s: leaf: %v", k, err)
			}
			for _, f := range leaf.Qualified() {
				if f.Must {
					t.Errorf("%s: leaf: %s", k, f.Detail)
				}
			}
		}
	}
}
