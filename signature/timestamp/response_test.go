// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/algo"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// TestResponse reads answers (RFC 3161 section 2.4.2).
func TestResponse(t *testing.T) {
	token := stamp().Token(authority(mint.P256, ""))
	status := func(parts ...[]byte) []byte { return asn.Seq(asn.Seq(parts...)) }
	bits := func(b ...byte) []byte { return asn.TLV(asn.TagBitString, b) }
	for name, r := range map[string]struct {
		der  []byte
		want string // code of the error, or what Err says
	}{
		"granted":                   {mint.Granted(token), ""},
		"granted with changes":      {asn.Seq(asn.Seq(asn.Int(1)), token), ""},
		"granted with words":        {asn.Seq(asn.Seq(asn.Int(0), asn.Seq(asn.UTF8("Готово"))), token), ""},
		"rejected":                  {mint.Rejected(2, "", 0), "rejection, badAlg"},
		"rejected for two reasons":  {mint.Rejected(2, "нет", 14, 25), "rejection, timeNotAvailable, systemFailure"},
		"rejected for all reasons":  {mint.Rejected(2, "", 0, 2, 5, 15, 16, 17, 26), "rejection, badAlg, badRequest, badDataFormat, unacceptedPolicy, unacceptedExtension, addInfoNotAvailable, failure 26"},
		"waiting":                   {mint.Rejected(3, ""), "waiting"},
		"revocation warning":        {mint.Rejected(4, ""), "revocationWarning"},
		"revocation":                {mint.Rejected(5, ""), "revocationNotification"},
		"status 6":                  {mint.Rejected(6, ""), "timestamp.malformed"},
		"status -1":                 {mint.Rejected(-1, ""), "timestamp.malformed"},
		"granted without token":     {status(asn.Int(0)), "timestamp.malformed"},
		"rejected with token":       {asn.Seq(asn.Seq(asn.Int(2)), token), "timestamp.malformed"},
		"something behind":          {asn.Seq(asn.Seq(asn.Int(0)), token, asn.Null()), "timestamp.malformed"},
		"bytes behind":              {append(mint.Granted(token), 0), "timestamp.malformed"},
		"words are no UTF-8":        {status(asn.Int(2), asn.Seq(asn.TLV(asn.TagUTF8, []byte{0xff}))), "timestamp.malformed"},
		"words of another type":     {status(asn.Int(2), asn.Seq(asn.IA5("x"))), "timestamp.malformed"},
		"failure bits padded":       {status(asn.Int(2), bits(3, 0xff)), "timestamp.malformed"},
		"failure bits without end":  {status(asn.Int(2), bits()), "timestamp.malformed"},
		"failure bits beyond sense": {status(asn.Int(2), bits(0, 1, 2, 3, 4, 5)), "timestamp.malformed"},
		"status longer":             {status(asn.Int(2), asn.Null()), "timestamp.malformed"},
		"token broken":              {mint.Granted(asn.Seq()), "timestamp.malformed"},
		"nothing":                   {nil, "timestamp.malformed"},
		"indefinite":                {asn.Indefinite(0x30, asn.Seq(asn.Int(2))), "timestamp.malformed"},
		"too large":                 {make([]byte, timestamp.MaxResponse+1), "timestamp.too_large"},
	} {
		got := ""
		res, err := timestamp.ParseResponse(r.der)
		switch {
		case err != nil:
			got = err.(*timestamp.Problem).Code //nolint:errorlint // the type is promised
		case res.Err() != nil:
			got = strings.TrimPrefix(res.Err().Error(), "timestamp.refused: ")
		case res.Token == nil:
			got = "no token"
		}
		if got != r.want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, r.want)
		}
	}
	words := make([][]byte, 0, 20)
	for range 20 {
		words = append(words, asn.UTF8(strings.Repeat("я", 300)))
	}
	res, err := timestamp.ParseResponse(status(asn.Int(2), asn.Seq(words...)))
	if err != nil || len(res.Text) != 8 || len(res.Text[0]) > 256 {
		t.Errorf("endless words: %v", err)
	}
	if got := fmt.Sprint(timestamp.Status(9), timestamp.Failure(9)); got != "status 9 failure 9" {
		t.Error(got)
	}
}

// TestRequest writes and reads requests, by every digest of the table.
func TestRequest(t *testing.T) {
	for _, d := range []mint.Digest{mint.SHA256, mint.SHA384, mint.SHA512, mint.Streebog256, mint.Streebog512} {
		for _, r := range []timestamp.Request{
			{},
			{Certificates: true},
			{Nonce: big.NewInt(0x80), Policy: []int{1, 2, 643, 2, 2, 38, 4}, Certificates: true},
		} {
			r.Imprint = timestamp.ImprintOf(digestOf(t, d), message)
			der, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := timestamp.ParseRequest(der)
			same := cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 })
			if diff := cmp.Diff(r, back, same, cmp.Comparer(func(a, b algo.Digest) bool { return a.Name == b.Name })); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", d.Name, err, diff)
			}
			if q, ok := mint.ReadTSQ(der); !ok || q.WantsCerts != r.Certificates {
				t.Errorf("%s: the fixture cannot read it", d.Name)
			}
		}
	}
	if _, err := (timestamp.Request{Imprint: timestamp.Imprint{Digest: algo.SHA256, Hash: []byte{1}}}).Encode(); err == nil {
		t.Error("imprint of one byte is written")
	}
	good := asn.Seq(asn.Algorithm(mint.SHA256.OID), asn.Octets(mint.SHA256.Sum(nil)))
	for name, der := range map[string][]byte{
		"nothing": nil, "version 2": asn.Seq(asn.Int(2), good), "no imprint": asn.Seq(asn.Int(1)),
		"imprint cut":   asn.Seq(asn.Int(1), asn.Seq(asn.Algorithm(mint.SHA256.OID), asn.Octets([]byte{1}))),
		"default spelt": asn.Seq(asn.Int(1), good, asn.Bool(false)), "extensions": asn.Seq(asn.Int(1), good, asn.TLV(0xa0)),
		"indefinite": asn.Indefinite(0x30, asn.Int(1), good), "behind": append(asn.Seq(asn.Int(1), good), 0), "too large": make([]byte, 5000),
	} {
		var p *timestamp.Problem
		if _, err := timestamp.ParseRequest(der); !errors.As(err, &p) || !slices.Contains(timestamp.Codes(), p.Code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
