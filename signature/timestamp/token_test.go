// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// TestKinds reads and checks tokens by every kind of key.
func TestKinds(t *testing.T) {
	for _, k := range append([]mint.Kind{mint.RSA2048, mint.P256, mint.P384, mint.Ed25519}, mint.GOSTKinds()...) {
		tsa := authority(k, "")
		tst := stamp()
		tst.Nonce, tst.Ordering, tst.TSA = big.NewInt(77), true, mint.Dir(tsa.Name)
		token, err := timestamp.Parse(tst.Token(tsa))
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		if p := token.Check(timestamp.Question{Message: message, Nonce: big.NewInt(77)}); len(p) > 0 {
			t.Errorf("%s: %v", k, p)
		}
		if !token.Time.Equal(moment) || token.Accuracy != time.Second || !token.Ordering || token.Serial.Sign() <= 0 ||
			!bytes.Equal(token.Certificate().Raw, tsa.DER) || token.Policy.String() != "1.2.643.2.2.38.4" {
			t.Errorf("%s: %+v", k, token.Info)
		}
		if !token.Earliest().Equal(moment.Add(-time.Second)) || !token.Latest().Equal(moment.Add(time.Second)) {
			t.Errorf("%s: %v to %v", k, token.Earliest(), token.Latest())
		}
	}
}

// TestInfoRules changes TSTInfo (RFC 3161 section 2.4.2).
func TestInfoRules(t *testing.T) {
	tsa := authority(mint.P256, "")
	for name, r := range map[string]struct {
		edit func(s *mint.TST)
		want string
	}{
		"as it should be":                 {func(*mint.TST) {}, ""},
		"version 2":                       {func(s *mint.TST) { s.Version = 2 }, "timestamp.malformed"},
		"imprint of other bytes":          {func(s *mint.TST) { s.Message = []byte("x") }, "timestamp.imprint"},
		"imprint cut":                     {func(s *mint.TST) { s.Imprint = mint.SHA256.Sum(message)[:31] }, "timestamp.malformed"},
		"imprint by Streebog":             {func(s *mint.TST) { s.Digest = mint.Streebog256 }, ""},
		"imprint by SHA-1":                {func(s *mint.TST) { s.Digest = mint.SHA1 }, "timestamp.algorithm"},
		"imprint with NULL":               {func(s *mint.TST) { s.ImprintDER = imprint(asn.Null()) }, ""},
		"imprint with odd parameters":     {func(s *mint.TST) { s.ImprintDER = imprint(asn.Octets(nil)) }, "timestamp.algorithm"},
		"time with a fraction":            {func(s *mint.TST) { s.TimeDER = gt("20261122100000.25Z") }, ""},
		"time with nanoseconds and finer": {func(s *mint.TST) { s.TimeDER = gt("20261122100000.123456789123Z") }, ""},
		"fraction ends in zero":           {func(s *mint.TST) { s.TimeDER = gt("20261122100000.250Z") }, "timestamp.malformed"},
		"fraction is zero":                {func(s *mint.TST) { s.TimeDER = gt("20261122100000.0Z") }, "timestamp.malformed"},
		"point without fraction":          {func(s *mint.TST) { s.TimeDER = gt("20261122100000.Z") }, "timestamp.malformed"},
		"comma":                           {func(s *mint.TST) { s.TimeDER = gt("20261122100000,5Z") }, "timestamp.malformed"},
		"fraction is no number":           {func(s *mint.TST) { s.TimeDER = gt("20261122100000.5xZ") }, "timestamp.malformed"},
		"time without seconds":            {func(s *mint.TST) { s.TimeDER = gt("202611221000Z") }, "timestamp.malformed"},
		"time with offset":                {func(s *mint.TST) { s.TimeDER = gt("20261122130000+0300") }, "timestamp.malformed"},
		"local time":                      {func(s *mint.TST) { s.TimeDER = gt("20261122100000") }, "timestamp.malformed"},
		"no such day":                     {func(s *mint.TST) { s.TimeDER = gt("20260230100000Z") }, "timestamp.malformed"},
		"UTCTime":                         {func(s *mint.TST) { s.TimeDER = asn.UTCTime(moment) }, "timestamp.malformed"},
		"no accuracy":                     {func(s *mint.TST) { s.Accuracy = []byte{} }, ""},
		"accuracy of all parts": {func(s *mint.TST) {
			s.Accuracy = asn.Seq(asn.Int(1), asn.Context(0, []byte{2}), asn.Context(1, []byte{3}))
		}, ""},
		"accuracy empty":                   {func(s *mint.TST) { s.Accuracy = asn.Seq() }, ""},
		"accuracy of 1000 ms":              {func(s *mint.TST) { s.Accuracy = asn.Seq(asn.Context(0, []byte{3, 0xe8})) }, "timestamp.malformed"},
		"accuracy of 0 µs":                 {func(s *mint.TST) { s.Accuracy = asn.Seq(asn.Context(1, []byte{0})) }, "timestamp.malformed"},
		"accuracy negative":                {func(s *mint.TST) { s.Accuracy = asn.Seq(asn.Int(-1)) }, "timestamp.malformed"},
		"accuracy beyond a lifetime":       {func(s *mint.TST) { s.Accuracy = asn.Seq(asn.Int(1 << 40)) }, "timestamp.malformed"},
		"accuracy in wrong order":          {func(s *mint.TST) { s.Accuracy = asn.Seq(asn.Context(1, []byte{3}), asn.Context(0, []byte{2})) }, "timestamp.malformed"},
		"accuracy and ordering spelt out":  {func(s *mint.TST) { s.Accuracy = asn.Join(asn.Seq(asn.Int(1)), asn.Bool(false)) }, "timestamp.malformed"},
		"tsa of another name":              {func(s *mint.TST) { s.TSA = mint.Dir(mint.CN("Чужая")) }, "timestamp.tsa_name"},
		"tsa by the alternative name":      {func(s *mint.TST) { s.TSA = mint.URI("http://tsa.example") }, "timestamp.tsa_name"},
		"tsa is no name":                   {func(s *mint.TST) { s.TSA = mint.GeneralName(asn.Null()) }, "timestamp.tsa_name"},
		"unknown extension":                {func(s *mint.TST) { s.Extensions = []mint.Extension{mint.Raw("1.2.3.4", false, asn.Null())} }, ""},
		"critical extension":               {func(s *mint.TST) { s.Extensions = []mint.Extension{mint.Raw("1.2.3.4", true, asn.Null())} }, "timestamp.extension"},
		"element behind the end":           {func(s *mint.TST) { s.EditInfo = func(b []byte) []byte { return asn.Seq(body(b), asn.Null()) } }, "timestamp.malformed"},
		"bytes behind the end":             {func(s *mint.TST) { s.EditInfo = func(b []byte) []byte { return append(b, 0) } }, "timestamp.malformed"},
		"TSTInfo in BER":                   {func(s *mint.TST) { s.EditInfo = func(b []byte) []byte { return asn.Indefinite(0x30, body(b)) } }, "timestamp.malformed"},
		"content of another type":          {func(s *mint.TST) { s.Signed.ContentType = mint.OIDData }, "timestamp.content_type"},
		"content outside":                  {func(s *mint.TST) { s.Signed.Detached = true }, "timestamp.malformed"},
		"no SignedData":                    {func(s *mint.TST) { s.Signed.OuterType = mint.OIDData }, "timestamp.malformed"},
		"signature flipped":                {func(s *mint.TST) { s.Signer.EditSignature = mint.FlipBit(40) }, "timestamp.signature"},
		"RFC 3161 2.4.2: no certificate":   {func(s *mint.TST) { s.Signed.Certificates = [][]byte{} }, "timestamp.certificate"},
		"RFC 5816 2.2.1: nothing binds it": {func(s *mint.TST) { s.Signer.Drop = []string{mint.OIDSigningCertificateV2} }, "timestamp.signing_certificate"},
		"RFC 3161 2.4.2: first version binds it": {func(s *mint.TST) {
			s.Signer.Drop, s.Signer.Extra = []string{mint.OIDSigningCertificateV2}, []mint.Attribute{mint.SigningCertificateV1(tsa)}
		}, ""},
		"RFC 5816 2.2.1: another certificate bound": {func(s *mint.TST) {
			other := mint.SigningCertificate(mint.SHA256, authority(mint.P256, ""))
			s.Signer.Drop, s.Signer.Extra = []string{mint.OIDSigningCertificateV2}, []mint.Attribute{{Raw: other.DER()}}
		}, "timestamp.signing_certificate"},
		"RFC 5652 5.3: no attributes": {func(s *mint.TST) { s.Signer.NoAttributes = true }, "timestamp.signing_certificate timestamp.signature"},
	} {
		tst := stamp()
		r.edit(&tst)
		if got := verdict(tst.Token(tsa), timestamp.Question{Message: message}); got != r.want {
			t.Errorf("%s: got %q, want %q", name, got, r.want)
		}
	}
}

func gt(s string) []byte { return asn.String(asn.TagGeneralizedTime, s) }

func imprint(params []byte) []byte {
	return asn.Seq(asn.Algorithm(mint.SHA256.OID, params), asn.Octets(mint.SHA256.Sum(message)))
}

// body is the content of a SEQUENCE with a length of one or two bytes.
func body(b []byte) []byte {
	if b[1] < 0x80 {
		return b[2:]
	}
	return b[2+b[1]&0x7f:]
}

// TestFractions reads times to the nanosecond.
func TestFractions(t *testing.T) {
	tsa := authority(mint.P256, "")
	for in, want := range map[string]time.Duration{".25": 250 * time.Millisecond, ".000000001": 1, ".123456789123": 123456789, "": 0} {
		tst := stamp()
		tst.TimeDER = gt("20261122100000" + in + "Z")
		token, err := timestamp.Parse(tst.Token(tsa))
		if err != nil || token.Time.Sub(moment) != want {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestCertificateRules changes the authority's certificate (RFC 3161 section 2.3).
func TestCertificateRules(t *testing.T) {
	eku := func(purposes ...string) mint.Extension { return mint.EKU(purposes...) }
	const purpose, mail = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"
	for name, r := range map[string]struct {
		drop  string
		extra []mint.Extension
		want  string
	}{
		"as it should be":            {"", nil, ""},
		"no purpose":                 {mint.OIDExtKeyUsage, nil, "timestamp.purpose"},
		"purpose not critical":       {mint.OIDExtKeyUsage, []mint.Extension{eku(purpose)}, "timestamp.purpose"},
		"another purpose":            {mint.OIDExtKeyUsage, []mint.Extension{eku(mail).Crit()}, "timestamp.purpose"},
		"one purpose more":           {mint.OIDExtKeyUsage, []mint.Extension{eku(purpose, mail).Crit()}, "timestamp.purpose"},
		"any purpose":                {mint.OIDExtKeyUsage, []mint.Extension{eku("2.5.29.37.0").Crit()}, "timestamp.purpose"},
		"key usage non-repudiation":  {mint.OIDKeyUsage, []mint.Extension{mint.KeyUsage(1)}, ""},
		"key usage without signing":  {mint.OIDKeyUsage, []mint.Extension{mint.KeyUsage(2)}, "timestamp.purpose"},
		"no key usage":               {mint.OIDKeyUsage, nil, ""},
		"alternative name, not said": {"", []mint.Extension{mint.SAN(mint.URI("http://tsa.example"))}, ""},
	} {
		tsa := authority(mint.P256, r.drop, r.extra...)
		if got := verdict(stamp().Token(tsa), timestamp.Question{Message: message}); got != r.want {
			t.Errorf("%s: got %q, want %q", name, got, r.want)
		}
	}
	tsa := authority(mint.P256, "", mint.SAN(mint.DNS("other.example"), mint.URI("http://tsa.example")))
	tst := stamp()
	tst.TSA = mint.URI("http://tsa.example")
	if got := verdict(tst.Token(tsa), timestamp.Question{Message: message}); got != "" {
		t.Errorf("tsa by its alternative name: %s", got)
	}
}

// TestQuestion compares with what was asked.
func TestQuestion(t *testing.T) {
	tsa := authority(mint.P256, "")
	tst := stamp()
	tst.Nonce = big.NewInt(5)
	with := tst.Token(tsa)
	tst.Nonce = nil
	without := tst.Token(tsa)
	for _, r := range []struct {
		name  string
		token []byte
		q     timestamp.Question
		want  string
	}{
		{"message", with, timestamp.Question{Message: message}, ""},
		{"digest", with, timestamp.Question{Hash: mint.SHA256.Sum(message)}, ""},
		{"another digest", with, timestamp.Question{Hash: mint.SHA256.Sum(nil)}, "timestamp.imprint"},
		{"digest of other length", with, timestamp.Question{Hash: mint.SHA512.Sum(message)}, "timestamp.imprint"},
		{"nonce", with, timestamp.Question{Message: message, Nonce: big.NewInt(5)}, ""},
		{"another nonce", with, timestamp.Question{Message: message, Nonce: big.NewInt(6)}, "timestamp.nonce"},
		{"no nonce came back", without, timestamp.Question{Message: message, Nonce: big.NewInt(5)}, "timestamp.nonce"},
		{"another policy", with, timestamp.Question{Message: message, Policy: []int{1, 2, 3}}, "timestamp.policy"},
		{"no message", with, timestamp.Question{}, "timestamp.imprint"},
	} {
		if got := verdict(r.token, r.q); got != r.want {
			t.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
	}
	tst.Signed.Certificates = [][]byte{}
	q := timestamp.Question{Message: message, Certificates: []*cert.Certificate{certificate(t, tsa.DER)}}
	if got := verdict(tst.Token(tsa), q); got != "" {
		t.Errorf("certificate beside the token: %s", got)
	}
	two := stamp()
	two.Signed.Signers = []mint.Signer{{By: tsa}, {By: authority(mint.P256, "")}}
	if got := verdict(two.Token(tsa), q); got != "timestamp.signers" {
		t.Errorf("two signers: %s", got)
	}
}

// TestEveryByteFlipped changes each byte of a token: it is refused, or states
// the same.
func TestEveryByteFlipped(t *testing.T) {
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256, mint.GOST2012256} {
		tsa := authority(k, "")
		der := stamp().Token(tsa)
		want, err := timestamp.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		for i := range der {
			changed := bytes.Clone(der)
			changed[i] ^= 1
			got, err := timestamp.Parse(changed)
			if err != nil || len(got.Check(timestamp.Question{Message: message})) > 0 {
				continue
			}
			if !got.Time.Equal(want.Time) || got.Accuracy != want.Accuracy || got.Serial.Cmp(want.Serial) != 0 || !bytes.Equal(got.Certificate().Raw, tsa.DER) {
				t.Fatalf("%s: byte %d changed passes and states another thing", k, i)
			}
		}
	}
}
